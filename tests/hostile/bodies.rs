//! Bodies that are too large, compressed, cut off, or only announced.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::message::{Message, github};
use crate::server::Receiver;
use crate::{Cases, Expected, run};

const MIB: usize = 1024 * 1024;

#[tokio::test]
async fn a_body_has_at_most_one_mebibyte_and_is_not_compressed() {
    let mut cases = Cases::default();
    cases.accepted("1 MiB", Message::post("/raw").body(vec![b'x'; MIB]));
    cases.accepted("1 MiB, signed", github(vec![b'x'; MIB]));
    cases.refused("a byte more", Message::post("/raw").body(vec![b'x'; MIB + 1]), 413, "body_too_large");
    cases.refused("a byte more, signed", github(vec![b'x'; MIB + 1]), 413, "body_too_large");
    for value in [
        "gzip",
        "GZIP",
        "br",
        "deflate",
        "zstd",
        "x-gzip",
        "identity, gzip",
        "gzip, gzip",
        "",
        "unknown",
        "identity;q=1",
    ] {
        let message = github("{}").line("content-encoding", value);
        cases.refused(format!("content-encoding: {value}"), message, 415, "content_encoding");
    }
    cases.accepted("identity", github("{}").line("content-encoding", "identity"));
    cases.accepted("IDENTITY", github("{}").line("content-encoding", "IDENTITY"));
    let two = github("{}").line("content-encoding", "identity").line("content-encoding", "gzip");
    cases.refused("identity and gzip", two, 415, "content_encoding");
    let bomb = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xed, 0xc1, 1, 1, 0, 0, 0, 0x80, 0x90, 0xfe, 0xaf, 0xee, 8, 0xa];
    cases.refused("a bomb", github(bomb).line("content-encoding", "gzip"), 415, "content_encoding");
    cases.accepted("compressed bytes by no name", github(bomb));
    let chunk = |bytes: usize| format!("{bytes:x}\r\n{}\r\n", "x".repeat(bytes));
    let head = |route: &str, lines: &str| {
        format!("POST {route} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-forwarded-for: 203.0.113.7\r\n{lines}\r\n")
    };
    let signed = "x-hub-signature-256: sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17\r\n";
    for route in ["/raw", "/allow", "/github"] {
        let lines = format!("{signed}transfer-encoding: chunked\r\n");
        let over = format!("{}{}{}0\r\n\r\n", head(route, &lines), chunk(MIB), chunk(1));
        cases.bytes(format!("{route}: one byte over, in chunks"), over, Expected::Refused(413, "body_too_large"));
        let huge = format!("{}ffffffff\r\n{}", head(route, &lines), "x".repeat(2 * MIB));
        cases.bytes(format!("{route}: a chunk of 4 GiB"), huge, Expected::Refused(413, "body_too_large"));
        for announced in ["1048577", "10737418240", "18446744073709551613"] {
            let bytes = head(route, &format!("{signed}content-length: {announced}\r\n"));
            cases.bytes(format!("{route}: {announced} announced"), bytes, Expected::Refused(413, "body_too_large"));
        }
        let expecting = head(route, &format!("{signed}expect: 100-continue\r\ncontent-length: 10737418240\r\n"));
        cases.bytes(format!("{route}: 10 GiB asked for"), expecting, Expected::Refused(413, "body_too_large"));
    }
    run(cases).await;
}

/// The answer to a head is there although nothing of the body was sent, and nobody asked for it.
#[tokio::test]
async fn what_the_head_decides_is_answered_without_a_look_at_the_body() {
    let receiver = Receiver::start().await;
    let before = receiver.counts().await;
    let heads = [
        ("/github", "", "401"),
        ("/github", "x-hub-signature-256: sha256=00\r\n", "401"),
        ("/stripe", "stripe-signature: t=1,v1=00\r\n", "401"),
        ("/slack", "x-slack-request-timestamp: 1\r\n", "401"),
        ("/sw", "", "401"),
        ("/idem", "", "401"),
        ("/allow", "", "403"),
        ("/https", "", "403"),
        ("/github", "content-encoding: gzip\r\n", "415"),
        ("/nothing", "", "404"),
    ];
    for (route, lines, status) in heads {
        let mut stream = receiver.connect().await;
        let head = format!(
            "POST {route} HTTP/1.1\r\nhost: x\r\n{lines}expect: 100-continue\r\ncontent-length: 1000000\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        let began = Instant::now();
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(std::str::from_utf8(&answer).unwrap(), format!("HTTP/1.1 {status}"), "{route} {lines}");
        assert!(began.elapsed() < Duration::from_secs(2));
    }
    // Where the body is wanted, it is asked for.
    let mut stream = receiver.connect().await;
    stream
        .write_all(b"POST /raw HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n")
        .await
        .unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 100");
    drop(stream);
    assert_eq!(receiver.counts().await.runs_since(&before), []);
    receiver.stop().await;
}

#[tokio::test]
async fn a_body_that_breaks_off_is_no_body() {
    let receiver = Receiver::start().await;
    let before = receiver.counts().await;
    let good = github("{\"a\": 1}");
    let whole = good.http1();
    let chunked = [good.head(), b"transfer-encoding: chunked\r\n\r\n8\r\n{\"a\": 1}\r\n0\r\n".to_vec()].concat();
    for (name, bytes) in [
        ("a byte is missing", &whole[..whole.len() - 1]),
        ("half of it", &whole[..whole.len() - 4]),
        ("nothing of it", &whole[..whole.len() - 8]),
        ("all but the last line", &chunked[..]),
        ("all but the last chunk", &chunked[..chunked.len() - 3]),
        ("in the middle of a chunk", &chunked[..chunked.len() - 8]),
    ] {
        let mut stream = receiver.connect().await;
        stream.write_all(bytes).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let text = String::from_utf8(answer).unwrap();
        assert!(text.is_empty() || text.starts_with("HTTP/1.1 400"), "{name}: {text}");
    }
    let after = receiver.counts().await;
    assert_eq!(after.runs_since(&before), []);
    receiver.is_well().await;
    receiver.stop().await;
}
