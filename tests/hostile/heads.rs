//! Heads that are too large.

use crate::message::{Message, github};
use crate::{Cases, Expected, run};

const TOO_LARGE: Expected = Expected::Turned(&[431]);

#[tokio::test]
async fn a_head_has_100_fields_and_64_kib() {
    let mut cases = Cases::default();
    let fields = |count: usize| (0..count).fold(Message::post("/raw"), |message, _| message.line("x", "y"));
    // Beside host, connection and content-length over HTTP/1.
    cases.accepted("97 fields", fields(97));
    cases.add("101 fields", fields(101), TOO_LARGE);
    cases.add("500 fields", fields(500), TOO_LARGE);
    let signed = (0..101).fold(github("{}"), |message, _| message.line("x", "y"));
    cases.add("101 fields and a good signature", signed, TOO_LARGE);
    let pieces =
        |bytes: usize| (0..10).fold(Message::post("/raw"), |message, _| message.line("x", "y".repeat(bytes / 10)));
    cases.accepted("60 KB in ten fields", pieces(60_000));
    cases.add("66 KB in ten fields", pieces(66_000), TOO_LARGE);
    let raw = |head: String| format!("{head}host: x\r\nconnection: close\r\n\r\n");
    for bytes in [66_000, 80_000, 300_000] {
        let head = format!("POST /raw HTTP/1.1\r\nx: {}\r\n", "y".repeat(bytes));
        cases.bytes(format!("a value of {bytes} bytes"), raw(head), TOO_LARGE);
        let head = format!("POST /raw HTTP/1.1\r\n{}: y\r\n", "x".repeat(bytes));
        cases.bytes(format!("a name of {bytes} bytes"), raw(head), Expected::Turned(&[431, 400]));
    }
    let target = |bytes: usize| raw(format!("POST /{} HTTP/1.1\r\n", "a".repeat(bytes)));
    cases.bytes("a target of 60,000 bytes", target(60_000), Expected::Turned(&[404]));
    for bytes in [65_600, 70_000] {
        cases.bytes(format!("a target of {bytes} bytes"), target(bytes), Expected::Turned(&[414]));
    }
    cases.bytes("a target without end", target(1_000_000), Expected::Turned(&[414, 431]));
    cases.bytes(
        "a method without end",
        raw(format!("{} / HTTP/1.1\r\n", "A".repeat(200_000))),
        Expected::Turned(&[400, 431]),
    );
    cases.bytes("a line without end", "a".repeat(200_000), Expected::Turned(&[400, 431]));
    cases.bytes("empty lines without end", "\r\n".repeat(100_000), Expected::Turned(&[400, 431, 0]));
    cases.bytes(
        "a query of 60,000 bytes",
        raw(format!("POST /raw?{} HTTP/1.1\r\n", "q".repeat(60_000))),
        Expected::Accepted,
    );
    run(cases).await;
}
