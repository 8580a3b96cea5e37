//! From the first connection to the last.

use super::*;

#[tokio::test]
async fn shutting_down_finishes_the_requests_in_flight() {
    let server = start(usual).await;
    let mut idle = server.connect().await;
    idle.write_all(b"GET /peer HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    one_answer(&mut idle).await;
    let mut busy = server.connect().await;
    busy.write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut sender = h2(&server).await;
    let over_h2 = tokio::spawn(sender.send_request(h2_request("/slow").body(Full::default()).unwrap()));
    server.has_started(2).await;

    let (address, go_on) = (server.address, Arc::clone(&server.go_on));
    let stopping = tokio::spawn(server.stop());
    // An idle connection is closed at once, and nobody new comes in.
    assert_eq!(closed_after(&mut idle).await.1, b"");
    assert!(TcpStream::connect(address).await.is_err());
    assert!(!stopping.is_finished());

    go_on.notify_waiters();
    assert!(one_answer(&mut busy).await.ends_with("slow"));
    assert_eq!(text(over_h2.await.unwrap().unwrap()).await, "slow");
    drop((busy, sender));
    assert_eq!(stopping.await.unwrap().cut(), 0);
}

#[tokio::test]
async fn what_is_not_done_after_the_drain_timeout_is_cut() {
    let server = start(|server| server.drain_timeout(Duration::from_millis(200))).await;
    let mut busy = server.connect().await;
    busy.write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    server.has_started(1).await;
    let began = Instant::now();
    assert_eq!(server.stop().await.cut(), 1);
    assert!(began.elapsed() < Duration::from_secs(5));
    assert_eq!(closed_after(&mut busy).await.1, b"");
}

#[tokio::test]
async fn connections_over_the_limit_wait_for_their_turn() {
    let server = start(|server| server.max_connections(1)).await;
    let mut first = server.connect().await;
    first.write_all(b"GET /peer HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    one_answer(&mut first).await;
    let mut second = server.connect().await;
    second.write_all(b"GET /peer HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let waiting = tokio::time::timeout(Duration::from_millis(200), second.read_u8()).await;
    assert!(waiting.is_err(), "it was served: {waiting:?}");
    drop(first);
    assert!(one_answer(&mut second).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_refused_sender_of_a_large_body_still_reads_the_answer() {
    let server = start(usual).await;
    let mut stream = server.connect().await;
    let length = 16 * 1024 * 1024;
    stream
        .write_all(format!("POST /ignore HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n").as_bytes())
        .await
        .unwrap();
    // A sender that reads only after it has written everything.
    stream.write_all(&vec![0; length]).await.unwrap();
    let mut answer = vec![0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, b"HTTP/1.1 413");
}

#[tokio::test]
async fn a_peer_that_does_not_read_its_answer_is_closed() {
    let server = start(|server| server.write_timeout(Duration::from_millis(300))).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let mut received = Vec::new();
    let _ = stream.read_to_end(&mut received).await;
    assert!(received.len() < 64 * 1024 * 1024, "{} bytes", received.len());
}

#[tokio::test]
async fn a_handler_that_panics_takes_nobody_else_with_it() {
    let server = start(usual).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /panic HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    assert_eq!(closed_after(&mut stream).await.1, b"");
    assert!(ask(&server, "GET /peer HTTP/1.1\r\n").await.starts_with("HTTP/1.1 200"));
    assert_eq!(server.stop().await.cut(), 0);
}

#[tokio::test]
async fn a_service_that_fails_is_a_500_and_is_only_called_when_ready() {
    #[derive(Clone, Default)]
    struct Unready {
        polled: u8,
    }
    impl tower::Service<http::Request<Incoming>> for Unready {
        type Response = Response<Empty<Bytes>>;
        type Error = std::io::Error;
        type Future = std::future::Ready<Result<Self::Response, Self::Error>>;

        fn poll_ready(&mut self, cx: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Self::Error>> {
            self.polled += 1;
            if self.polled < 3 {
                cx.waker().wake_by_ref();
                return std::task::Poll::Pending;
            }
            std::task::Poll::Ready(Ok(()))
        }

        fn call(&mut self, request: http::Request<Incoming>) -> Self::Future {
            assert_eq!(self.polled, 3, "called before it was ready");
            std::future::ready(match request.uri().path() {
                "/good" => Ok(Response::default()),
                _ => Err(std::io::Error::other("secret detail")),
            })
        }
    }
    let server = Server::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    let serving = tokio::spawn(server.serve(Unready::default()));
    for (path, status) in [("/good", "200"), ("/bad", "500")] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let answer = talk(&mut stream, &format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")) && !answer.contains("secret"), "{answer}");
    }
    serving.abort();
}

#[tokio::test]
async fn dropping_the_server_cuts_its_connections() {
    let server = start(usual).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    server.has_started(1).await;
    server.serving.abort();
    assert_eq!(closed_after(&mut stream).await.1, b"");
}

#[tokio::test]
async fn limits_that_make_no_sense_are_said_before_serving() {
    let service = tower::service_fn(|_: http::Request<Incoming>| async {
        Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
    });
    let server = Server::bind("127.0.0.1:0").await.unwrap().max_connections(0);
    let error = server.serve(service).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    let source = error.into_inner().unwrap().downcast::<ConfigError>().unwrap();
    assert_eq!(source.kind(), ConfigErrorKind::Limit);
}
