//! What only HTTP/2 can do.

use super::*;

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

/// The next frame: its kind, its stream and its payload.
async fn next_frame(stream: &mut TcpStream) -> (u8, u32, Vec<u8>) {
    let mut head = [0; 9];
    stream.read_exact(&mut head).await.unwrap();
    let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
    stream.read_exact(&mut payload).await.unwrap();
    (head[3], u32::from_be_bytes([head[5], head[6], head[7], head[8]]), payload)
}

#[tokio::test]
async fn a_body_on_its_way_when_its_request_is_refused_does_not_cost_the_connection() {
    let server = start(usual).await;
    let mut stream = server.connect().await;
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    stream.write_all(&frame(4, 0, 0, &[])).await.unwrap();
    let streams = || (0..100).map(|number| 2 * number + 1);
    // POST http://x/ignore, the heads alone: they are refused without a look at the bodies.
    let head = b"\x83\x86\x44\x07/ignore\x41\x01x";
    stream.write_all(&streams().flat_map(|id| frame(1, 0x4, id, head)).collect::<Vec<_>>()).await.unwrap();
    let mut refused = 0;
    while refused < streams().count() {
        let (kind, _, payload) = next_frame(&mut stream).await;
        // RST_STREAM with NO_ERROR, RFC 9113 §8.1: the answer is complete, keep the rest.
        if kind == 3 {
            assert_eq!(payload, [0; 4]);
            refused += 1;
        }
    }
    stream.write_all(&streams().flat_map(|id| frame(0, 0, id, b"on its way")).collect::<Vec<_>>()).await.unwrap();
    // GET http://x/peer is answered on the same connection.
    stream.write_all(&frame(1, 0x5, 201, b"\x82\x86\x44\x05/peer\x41\x01x")).await.unwrap();
    loop {
        let (kind, of, payload) = next_frame(&mut stream).await;
        assert_ne!(kind, 7, "sent away");
        if kind == 0 && of == 201 {
            assert!(payload.starts_with(b"127.0.0.1:"));
            break;
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_given_no_window_does_not_hold_the_connection() {
    let server = start(|server| server.write_timeout(Duration::from_millis(300))).await;
    let mut stream = server.connect().await;
    // SETTINGS_INITIAL_WINDOW_SIZE of 0: our answer may not be sent, whatever the socket says.
    let settings = [0, 4, 0, 0, 0, 0];
    let request = frame(1, 0x5, 1, b"\x82\x86\x44\x05/peer\x41\x01x");
    stream
        .write_all(&[&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], &frame(4, 0, 0, &settings), &request].concat())
        .await
        .unwrap();
    let (after, _) = closed_after(&mut stream).await;
    assert!(after >= Duration::from_millis(290) && after < Duration::from_secs(4), "{after:?}");
}
