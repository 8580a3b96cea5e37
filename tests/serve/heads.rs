//! Heads: how long they may take and how large they may be.

use super::*;

#[tokio::test]
async fn a_peer_without_a_whole_head_is_closed_after_the_head_timeout() {
    let server = start(|server| server.head_timeout(Duration::from_millis(300))).await;
    let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let half = "POST /echo HTTP/1.1\r\nhost:";
    let mut waiting = tokio::task::JoinSet::new();
    for beginning in ["", "P", "PRI * HT", preface, half, "POST /echo HTTP/1.1\r\nhost: x\r\n"] {
        let mut stream = server.connect().await;
        waiting.spawn(async move {
            stream.write_all(beginning.as_bytes()).await.unwrap();
            let (after, said) = closed_after(&mut stream).await;
            assert!(after >= Duration::from_millis(290) && after < Duration::from_secs(3), "{beginning:?}: {after:?}");
            assert!(!said.starts_with(b"HTTP/1.1 2"), "{beginning:?}");
        });
    }
    waiting.join_all().await;
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
