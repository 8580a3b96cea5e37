//! The accept loop, over real sockets.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::Request;
use axum::routing::{get, post};
use bytes::Bytes;
use http::{Response, StatusCode};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tower_webhook::connection::PeerAddr;
use tower_webhook::serve::{Drained, Server};
use tower_webhook::{ConfigError, ConfigErrorKind};

/// A running server, how to stop it, and what it is waiting for.
struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<std::io::Result<Drained>>,
    started: Arc<AtomicUsize>,
    go_on: Arc<Notify>,
}

impl Running {
    async fn stop(self) -> Drained {
        drop(self.stop);
        self.serving.await.unwrap().unwrap()
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Waits until so many slow requests are in the handler.
    async fn has_started(&self, requests: usize) {
        while self.started.load(Ordering::SeqCst) < requests {
            tokio::task::yield_now().await;
        }
    }
}

async fn start(configure: impl FnOnce(Server) -> Server) -> Running {
    let (stop, stopped) = oneshot::channel::<()>();
    let (started, go_on) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let slow = {
        let (started, go_on) = (Arc::clone(&started), Arc::clone(&go_on));
        move || async move {
            let waiting = go_on.notified();
            started.fetch_add(1, Ordering::SeqCst);
            waiting.await;
            "slow"
        }
    };
    let app = Router::new()
        .route(
            "/peer",
            get(|request: Request| async move { request.extensions().get::<PeerAddr>().unwrap().0.to_string() }),
        )
        .route("/echo", post(|body: Bytes| async move { body }))
        .route("/ignore", post(|| async { StatusCode::PAYLOAD_TOO_LARGE }))
        .route("/panic", get(panics))
        .route("/large", get(|| async { vec![0; 64 * 1024 * 1024] }))
        .route("/slow", get(slow));
    let server = configure(Server::bind("127.0.0.1:0").await.unwrap()).shutdown_on(stopped);
    let address = server.local_addr().unwrap();
    Running { address, stop, serving: tokio::spawn(server.serve(app)), started, go_on }
}

async fn panics() -> StatusCode {
    panic!("handler")
}

fn usual(server: Server) -> Server {
    server
}

/// Sends it and reads until the server closes.
async fn talk(stream: &mut TcpStream, text: &str) -> String {
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

async fn ask(server: &Running, head: &str) -> String {
    talk(&mut server.connect().await, &format!("{head}host: x\r\nconnection: close\r\n\r\n")).await
}

/// Reads one answer with a `content-length` from a connection that stays open.
async fn one_answer(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    loop {
        answer.push(stream.read_u8().await.unwrap());
        let text = String::from_utf8_lossy(&answer);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
            if body.len() == length.parse::<usize>().unwrap() {
                return text.into_owned();
            }
        }
    }
}

type H2 = hyper::client::conn::http2::SendRequest<Full<Bytes>>;

async fn h2(server: &Running) -> H2 {
    let io = TokioIo::new(server.connect().await);
    let (sender, connection) = hyper::client::conn::http2::Builder::new(TokioExecutor::new())
        .max_header_list_size(1024 * 1024)
        .handshake(io)
        .await
        .unwrap();
    tokio::spawn(connection);
    sender
}

fn h2_request(path: &str) -> http::request::Builder {
    http::Request::builder().uri(format!("http://hooks.example{path}"))
}

async fn text(response: Response<Incoming>) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

#[tokio::test]
async fn http_1_and_http_2_are_served_on_one_port_and_the_peer_is_known() {
    let server = start(usual).await;
    let mut stream = server.connect().await;
    let ours = stream.local_addr().unwrap();
    let answer = talk(&mut stream, "GET /peer HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with(&ours.to_string()), "{answer}");

    let mut sender = h2(&server).await;
    let response = sender.send_request(h2_request("/peer").body(Full::default()).unwrap()).await.unwrap();
    assert_eq!(response.version(), http::Version::HTTP_2);
    assert!(text(response).await.starts_with("127.0.0.1:"));
    let echoed = sender.send_request(h2_request("/echo").method("POST").body(Full::from("same")).unwrap()).await;
    assert_eq!(text(echoed.unwrap()).await, "same");
    drop(sender);
    assert_eq!(server.stop().await.cut(), 0);
}

#[tokio::test]
async fn no_header_makes_another_peer() {
    let server = start(usual).await;
    let forged = "GET http://192.0.2.9/peer HTTP/1.1\r\nforwarded: for=192.0.2.9\r\nx-forwarded-for: 192.0.2.9\r\n\
                  x-real-ip: 192.0.2.9\r\npeer-addr: 192.0.2.9:1\r\n";
    let answer = ask(&server, forged).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\r\n\r\n127.0.0.1:"), "{answer}");
    // The PROXY protocol is not guessed at.
    let guessed =
        talk(&mut server.connect().await, "PROXY TCP4 192.0.2.9 192.0.2.1 1 2\r\nGET /peer HTTP/1.1\r\n\r\n").await;
    assert!(guessed.starts_with("HTTP/1.1 400"), "{guessed}");
}

/// How long it took until the server closed, and what it said.
async fn closed_after(stream: &mut TcpStream) -> (Duration, Vec<u8>) {
    let (began, mut said) = (Instant::now(), Vec::new());
    let _ = stream.read_to_end(&mut said).await;
    (began.elapsed(), said)
}

#[tokio::test]
async fn a_peer_without_a_whole_head_is_closed_after_the_head_timeout() {
    let server = start(|server| server.head_timeout(Duration::from_millis(300))).await;
    let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    for beginning in
        ["", "P", "PRI * HT", preface, "POST /echo HTTP/1.1\r\nhost:", "POST /echo HTTP/1.1\r\nhost: x\r\n"]
    {
        let mut stream = server.connect().await;
        stream.write_all(beginning.as_bytes()).await.unwrap();
        let (after, said) = closed_after(&mut stream).await;
        let at_most = if beginning == preface { 3_000 } else { 1_800 };
        assert!(after >= Duration::from_millis(290) && after.as_millis() < at_most, "{beginning:?}: {after:?}");
        assert!(!said.starts_with(b"HTTP/1.1 2"), "{beginning:?}");
    }
}

#[tokio::test]
async fn one_byte_at_a_time_buys_no_time() {
    let server = start(|server| server.head_timeout(Duration::from_millis(400))).await;
    let (mut read, mut write) = server.connect().await.into_split();
    let dripping = tokio::spawn(async move {
        write.write_all(b"POST /echo HTTP/1.1\r\n").await.unwrap();
        while write.write_all(b"x-drip: y\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    let began = Instant::now();
    let _ = read.read_to_end(&mut Vec::new()).await;
    assert!(began.elapsed() >= Duration::from_millis(390) && began.elapsed() < Duration::from_secs(3));
    drop(read);
    dripping.await.unwrap();
}

#[tokio::test]
async fn the_second_head_on_a_connection_is_timed_too() {
    let configure =
        |server: Server| server.head_timeout(Duration::from_millis(300)).idle_timeout(Duration::from_secs(60));
    let server = start(configure).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /peer HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    one_answer(&mut stream).await;
    // Idle is fine, for longer than a head may take.
    tokio::time::sleep(Duration::from_millis(700)).await;
    stream.write_all(b"GET /peer HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    one_answer(&mut stream).await;
    stream.write_all(b"GET /peer HTTP/1.1\r\nho").await.unwrap();
    let (after, said) = closed_after(&mut stream).await;
    assert!(after >= Duration::from_millis(290) && after < Duration::from_secs(3), "{after:?}");
    assert_eq!(said, b"");
}

#[tokio::test]
async fn a_connection_without_a_request_is_closed_after_the_idle_timeout() {
    let server = start(|server| server.idle_timeout(Duration::from_millis(300))).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /peer HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    one_answer(&mut stream).await;
    let (after, _) = closed_after(&mut stream).await;
    assert!(after >= Duration::from_millis(290) && after < Duration::from_secs(3), "{after:?}");

    let mut sender = h2(&server).await;
    let response = sender.send_request(h2_request("/peer").body(Full::default()).unwrap()).await.unwrap();
    text(response).await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert!(sender.send_request(h2_request("/peer").body(Full::default()).unwrap()).await.is_err());
}

#[tokio::test]
async fn a_request_may_take_longer_than_the_timeouts_of_heads_and_idleness() {
    let configure =
        |server: Server| server.head_timeout(Duration::from_millis(100)).idle_timeout(Duration::from_millis(100));
    let server = start(configure).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    server.has_started(1).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    server.go_on.notify_waiters();
    assert!(one_answer(&mut stream).await.ends_with("slow"));
}

#[tokio::test]
async fn a_hundred_header_fields_pass_and_one_more_does_not() {
    let server = start(usual).await;
    // `ask` adds two.
    let fields = |count: usize| format!("GET /peer HTTP/1.1\r\n{}", "x-field: y\r\n".repeat(count - 2));
    assert!(ask(&server, &fields(100)).await.starts_with("HTTP/1.1 200"));
    assert!(ask(&server, &fields(101)).await.starts_with("HTTP/1.1 431"));
    assert!(ask(&server, &fields(5_000)).await.starts_with("HTTP/1.1 431"));

    let mut sender = h2(&server).await;
    for (count, status) in [(100, 200), (101, 431)] {
        let mut request = h2_request("/peer");
        for _ in 0..count {
            request = request.header("x-field", "y");
        }
        let response = sender.send_request(request.body(Full::default()).unwrap()).await.unwrap();
        assert_eq!(response.status(), status, "{count}");
    }
}

#[tokio::test]
async fn heads_of_64_kib_pass_and_larger_ones_do_not() {
    let server = start(usual).await;
    let filler = |bytes: usize| format!("GET /peer HTTP/1.1\r\nx-filler: {}\r\n", "y".repeat(bytes));
    assert!(ask(&server, &filler(65_000)).await.starts_with("HTTP/1.1 200"));
    for too_large in [65_536, 100_000, 1_000_000] {
        assert!(ask(&server, &filler(too_large)).await.starts_with("HTTP/1.1 431"), "{too_large}");
    }
    let target = |bytes: usize| format!("GET /{} HTTP/1.1\r\n", "a".repeat(bytes));
    assert!(ask(&server, &target(60_000)).await.starts_with("HTTP/1.1 404"));
    for too_long in [65_537, 70_000] {
        assert!(ask(&server, &target(too_long)).await.starts_with("HTTP/1.1 414"), "{too_long}");
    }
    let endless = ask(&server, &target(1_000_000)).await;
    assert!(endless.starts_with("HTTP/1.1 431") || endless.starts_with("HTTP/1.1 414"), "{endless}");

    let mut sender = h2(&server).await;
    for (bytes, status) in [(60_000, 200), (65_600, 431)] {
        // In pieces, because senders of HTTP/2 limit a single field.
        let mut request = h2_request("/peer");
        for _ in 0..10 {
            request = request.header("x-filler", "y".repeat(bytes / 10 - 12));
        }
        let response = sender.send_request(request.body(Full::default()).unwrap()).await.unwrap();
        assert_eq!(response.status(), status, "{bytes}");
    }
}

#[tokio::test]
async fn a_flood_of_header_frames_ends_the_connection_only() {
    let server = start(usual).await;
    let mut sender = h2(&server).await;
    let mut request = h2_request("/peer");
    for _ in 0..10 {
        request = request.header("x-filler", "y".repeat(20_000));
    }
    // So many continuations that they are not even read.
    assert!(sender.send_request(request.body(Full::default()).unwrap()).await.is_err());
    assert!(ask(&server, "GET /peer HTTP/1.1\r\n").await.starts_with("HTTP/1.1 200"));
}

/// One HTTP/2 frame, RFC 9113 §4.1.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

#[tokio::test]
async fn a_peer_that_resets_its_streams_again_and_again_is_sent_away() {
    let server = start(usual).await;
    let mut stream = server.connect().await;
    let mut attack = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    attack.extend(frame(4, 0, 0, &[]));
    for number in 0..1_000 {
        // GET http://x/slow, head and request complete; then the reset, with CANCEL.
        let head = b"\x82\x86\x44\x05/slow\x41\x01x";
        attack.extend(frame(1, 0x5, 2 * number + 1, head));
        attack.extend(frame(3, 0, 2 * number + 1, &8_u32.to_be_bytes()));
    }
    stream.write_all(&attack).await.unwrap();
    let said = closed_after(&mut stream).await.1;
    let (mut rest, mut sent_away) = (said.as_slice(), false);
    while let [a, b, c, kind, tail @ ..] = rest {
        let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
        // GOAWAY with ENHANCE_YOUR_CALM.
        sent_away |= *kind == 7 && tail[9..13] == 11_u32.to_be_bytes();
        rest = &tail[5 + length..];
    }
    assert!(sent_away, "{said:?}");
    assert!(server.started.load(Ordering::SeqCst) < 100);
}

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
async fn too_many_streams_of_one_connection_are_not_started() {
    let server = start(|server| server.max_concurrent_streams(3)).await;
    let mut sender = h2(&server).await;
    // The settings of the server are known after the first answer.
    text(sender.send_request(h2_request("/peer").body(Full::default()).unwrap()).await.unwrap()).await;
    let requests: Vec<_> = (0..6)
        .map(|_| {
            let mut sender = sender.clone();
            let request = h2_request("/slow").body(Full::default()).unwrap();
            tokio::spawn(async move { text(sender.send_request(request).await.unwrap()).await })
        })
        .collect();
    server.has_started(3).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(server.started.load(Ordering::SeqCst), 3);
    server.go_on.notify_waiters();
    server.has_started(6).await;
    server.go_on.notify_waiters();
    for request in requests {
        assert_eq!(request.await.unwrap(), "slow");
    }
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
