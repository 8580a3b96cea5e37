//! Senders that take their time, all at once.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;

use crate::message::{hex, mac};
use crate::receiver::GITHUB;
use crate::server::Receiver;

/// What is sent at once, what is sent each half second, within how many seconds the end must come, and what then stands
/// in the answer.
type Slow = (&'static str, String, &'static str, (u64, u64), &'static str);

#[tokio::test]
async fn nobody_holds_a_connection_longer_than_its_deadline() {
    let receiver = Receiver::start().await;
    let before = receiver.counts().await;
    let signature = format!("x-hub-signature-256: sha256={}\r\n", hex(&mac(GITHUB.as_bytes(), &[b"x"])));
    let head = |route: &str, lines: &str| {
        format!("POST {route} HTTP/1.1\r\nhost: x\r\nx-forwarded-for: 203.0.113.7\r\n{lines}\r\n")
    };
    let announced = "content-length: 1000\r\n";
    let slow: Vec<Slow> = vec![
        ("a body of a byte now and then", head("/raw", announced), "x", (5, 7), "HTTP/1.1 408"),
        ("a body that does not begin", head("/raw", announced), "", (5, 7), "HTTP/1.1 408"),
        ("chunks of a byte", head("/raw", "transfer-encoding: chunked\r\n"), "1\r\nx\r\n", (5, 7), "HTTP/1.1 408"),
        ("a chunk size that does not end", head("/raw", "transfer-encoding: chunked\r\n"), "0", (5, 7), "HTTP/1.1 408"),
        (
            "a signed body that does not begin",
            head("/github", &format!("{signature}{announced}")),
            "",
            (5, 7),
            "HTTP/1.1 408",
        ),
        (
            "a signed body of a byte now and then",
            head("/github", &format!("{signature}{announced}")),
            "x",
            (10, 12),
            "HTTP/1.1 408",
        ),
        ("behind an allowlist", head("/allow", announced), "x", (10, 12), "HTTP/1.1 408"),
        ("no head", String::new(), "", (10, 12), ""),
        ("half a request line", "POST /ra".to_owned(), "", (10, 12), ""),
        ("a head of a line now and then", "POST /raw HTTP/1.1\r\n".to_owned(), "x: y\r\n", (10, 12), ""),
        ("a head of a byte now and then", "POST /raw HTTP/1.1\r\nx: ".to_owned(), "y", (10, 12), ""),
        ("a head that does not end", "POST /raw HTTP/1.1\r\nhost: x\r\n".to_owned(), "", (10, 12), ""),
        ("half a preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM".to_owned(), "", (10, 12), ""),
        ("a preface and nothing else", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), "", (10, 12), ""),
        ("empty lines", String::new(), "\r\n", (10, 12), ""),
    ];
    let mut all = JoinSet::new();
    for (name, beginning, drip, (from, to), answer) in slow {
        let (mut read, mut write) = receiver.connect().await.into_split();
        all.spawn(async move {
            let began = Instant::now();
            let dripping = tokio::spawn(async move {
                let mut next = beginning.as_bytes().to_vec();
                while write.write_all(&next).await.is_ok() && began.elapsed() < Duration::from_secs(20) {
                    next = drip.as_bytes().to_vec();
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
            });
            let mut said = Vec::new();
            // The first byte of an answer is the end of our patience, the connection goes a little later; where there is
            // none to come, the end of the connection.
            let listening =
                async { while read.read_buf(&mut said).await.is_ok_and(|bytes| bytes > 0) && answer.is_empty() {} };
            let _ = tokio::time::timeout(Duration::from_secs(20), listening).await;
            let took = began.elapsed();
            assert!(
                took >= Duration::from_millis(from * 1_000 - 300) && took < Duration::from_secs(to),
                "{name}: {took:?}"
            );
            let said = String::from_utf8_lossy(&said);
            assert!(said.contains(answer) && !said.contains("HTTP/1.1 2"), "{name}: {said:?}");
            dripping.abort();
        });
    }
    // Meanwhile the honest are served.
    for _ in 0..20 {
        receiver.is_well().await;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    while let Some(ended) = all.join_next().await {
        ended.unwrap();
    }
    let after = receiver.counts().await;
    assert_eq!(after.runs_since(&before), [("/github".to_owned(), 20)]);
    assert_eq!(after.reasons_since(&before), [("body_timeout".to_owned(), 7)]);
    receiver.stop().await;
}
