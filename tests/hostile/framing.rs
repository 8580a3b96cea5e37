//! HTTP/1 as it must not be written: two lengths, broken chunks, strange lines.

use crate::message::{github, hex, mac};
use crate::receiver::GITHUB;
use crate::{Cases, Expected, run};

const BAD: Expected = Expected::Turned(&[400]);

fn raw(route: &str, lines: &str, body: &str) -> String {
    format!("POST {route} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{lines}\r\n{body}")
}

#[tokio::test]
async fn a_body_has_one_length() {
    let mut cases = Cases::default();
    for (name, lines) in [
        ("two", "content-length: 3\r\ncontent-length: 4\r\n"),
        ("two in a line", "content-length: 3, 4\r\n"),
        ("the same in a line", "content-length: 3, 3\r\n"),
        ("negative", "content-length: -1\r\n"),
        ("a plus", "content-length: +3\r\n"),
        ("hex", "content-length: 0x3\r\n"),
        ("a blank inside", "content-length: 1 1\r\n"),
        ("a fraction", "content-length: 3.0\r\n"),
        ("nothing", "content-length:\r\n"),
        ("a word", "content-length: three\r\n"),
        ("Arabic digits", "content-length: \u{0663}\r\n"),
        ("more than 64 bits", "content-length: 18446744073709551616\r\n"),
        ("chunks that are not last", "transfer-encoding: chunked, identity\r\n"),
        ("no chunks", "transfer-encoding: identity\r\n"),
        ("an unknown coding", "transfer-encoding: xchunked\r\n"),
        ("compressed and not chunked", "transfer-encoding: gzip\r\n"),
        ("an empty coding", "transfer-encoding:\r\n"),
    ] {
        cases.bytes(format!("length: {name}"), raw("/raw", lines, "abc"), BAD);
    }
    let chunked = "3\r\nabc\r\n0\r\n\r\n";
    // The chunks count, and the connection ends: what a proxy may have taken for the next request is never read.
    for (name, lines) in [
        ("a length and chunks", "content-length: 3\r\ntransfer-encoding: chunked\r\n"),
        ("chunks and a length", "transfer-encoding: chunked\r\ncontent-length: 3\r\n"),
    ] {
        let bytes = format!(
            "{}POST /raw HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n",
            raw("/raw", lines, chunked).replace("connection: close\r\n", "")
        );
        cases.bytes(name, bytes, Expected::Accepted);
    }
    cases.bytes("chunks", raw("/raw", "transfer-encoding: chunked\r\n", chunked), Expected::Accepted);
    cases.bytes(
        "the same length twice",
        raw("/raw", "content-length: 3\r\ncontent-length: 3\r\n", "abc"),
        Expected::Accepted,
    );
    cases.bytes("no length is no body", raw("/raw", "", ""), Expected::Accepted);
    cases.bytes("a leading zero", raw("/raw", "content-length: 003\r\n", "abc"), Expected::Accepted);
    run(cases).await;
}

#[tokio::test]
async fn broken_chunks_are_the_sender_s_fault() {
    let mut cases = Cases::default();
    for (name, body) in [
        ("no size", "\r\nabc\r\n0\r\n\r\n"),
        ("no hex", "xyz\r\nabc\r\n0\r\n\r\n"),
        ("negative", "-3\r\nabc\r\n0\r\n\r\n"),
        ("a prefix", "0x3\r\nabc\r\n0\r\n\r\n"),
        ("more than 64 bits", "10000000000000000\r\nabc\r\n0\r\n\r\n"),
        ("a hundred digits", "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\r\nabc"),
        ("a bare line feed", "3\nabc\r\n0\r\n\r\n"),
        ("a bare line feed behind the data", "3\r\nabc\n0\r\n\r\n"),
        ("shorter than said", "4\r\nabc\r\n0\r\n\r\n"),
        ("longer than said", "2\r\nabc\r\n0\r\n\r\n"),
        ("a bare carriage return", "3\rabc\r\n0\r\n\r\n"),
        ("a sign", "+3\r\nabc\r\n0\r\n\r\n"),
    ] {
        let bytes = raw("/raw", "transfer-encoding: chunked\r\n", body);
        cases.bytes(format!("chunks: {name}"), bytes, Expected::Refused(400, "body_malformed"));
    }
    let extension = |bytes: usize| {
        raw("/raw", "transfer-encoding: chunked\r\n", &format!("3;{}\r\nabc\r\n0\r\n\r\n", "e".repeat(bytes)))
    };
    cases.bytes("an extension", extension(100), Expected::Accepted);
    cases.bytes("extensions without end", extension(60_000), Expected::Refused(400, "body_malformed"));
    let many = format!("{}0\r\n\r\n", "1;e=x\r\na\r\n".repeat(10_000));
    cases.bytes(
        "ten thousand extensions",
        raw("/raw", "transfer-encoding: chunked\r\n", &many),
        Expected::Refused(400, "body_malformed"),
    );
    let trailers =
        |lines: String| raw("/raw", "transfer-encoding: chunked\r\n", &format!("3\r\nabc\r\n0\r\n{lines}\r\n"));
    cases.bytes("a trailer", trailers("x: y\r\n".to_owned()), Expected::Accepted);
    for (name, lines) in [
        ("too large", format!("x: {}\r\n", "y".repeat(60_000))),
        ("too many", "x: y\r\n".repeat(3_000)),
        ("no lines", "nonsense\r\n".to_owned()),
    ] {
        cases.bytes(format!("trailers: {name}"), trailers(lines), Expected::Refused(400, "body_malformed"));
    }
    // The same before the signature is looked at.
    let signature = format!(
        "x-hub-signature-256: sha256={}\r\ntransfer-encoding: chunked\r\n",
        hex(&mac(GITHUB.as_bytes(), &[b"abc"]))
    );
    cases.bytes(
        "signed and broken",
        raw("/github", &signature, "4\r\nabc\r\n0\r\n\r\n"),
        Expected::Refused(400, "body_malformed"),
    );
    cases.bytes(
        "signed and in chunks",
        raw("/github", &signature, "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"),
        Expected::Accepted,
    );
    run(cases).await;
}

#[tokio::test]
async fn lines_that_are_no_http() {
    let mut cases = Cases::default();
    let end = "host: x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    for (name, bytes) in [
        ("a folded line", format!("POST /raw HTTP/1.1\r\nx: a\r\n b\r\n{end}")),
        ("a blank before the colon", format!("POST /raw HTTP/1.1\r\nx : a\r\n{end}")),
        ("a blank before the name", format!("POST /raw HTTP/1.1\r\n x: a\r\n{end}")),
        ("no colon", format!("POST /raw HTTP/1.1\r\nxyz\r\n{end}")),
        ("no name", format!("POST /raw HTTP/1.1\r\n: a\r\n{end}")),
        ("a name in Greek", format!("POST /raw HTTP/1.1\r\n\u{3b1}: a\r\n{end}")),
        ("a zero byte in a value", format!("POST /raw HTTP/1.1\r\nx: a\0b\r\n{end}")),
        ("a zero byte in a name", format!("POST /raw HTTP/1.1\r\nx\0: a\r\n{end}")),
        ("an escape in a value", format!("POST /raw HTTP/1.1\r\nx: \x1b[31m\r\n{end}")),
        ("a carriage return in a value", format!("POST /raw HTTP/1.1\r\nx: a\rb\r\n{end}")),
        ("a delete", format!("POST /raw HTTP/1.1\r\nx: \x7f\r\n{end}")),
        ("a version to come", format!("POST /raw HTTP/1.2\r\n{end}")),
        ("version 2 in text", format!("POST /raw HTTP/2.0\r\n{end}")),
        ("no version", format!("POST /raw\r\n{end}")),
        ("another protocol", format!("POST /raw HTTPS/1.1\r\n{end}")),
        ("a version in lower case", format!("POST /raw http/1.1\r\n{end}")),
        ("two targets", format!("POST /raw /raw HTTP/1.1\r\n{end}")),
        ("no method", format!(" /raw HTTP/1.1\r\n{end}")),
        ("a method with a zero byte", format!("PO\0ST /raw HTTP/1.1\r\n{end}")),
        ("a method in brackets", format!("(POST) /raw HTTP/1.1\r\n{end}")),
        ("a target with a zero byte", format!("POST /raw\0 HTTP/1.1\r\n{end}")),
        ("a target with a line feed", format!("POST /raw\n HTTP/1.1\r\n{end}")),
        ("a hello of TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\u{fc}\x03\x03 POST\r\n\r\n".to_owned()),
        ("random bytes", "\x01\x02\x03\x04\x05\x06\x07\x08\x0b\x0c\r\n\r\n".to_owned()),
        ("the PROXY protocol", format!("PROXY TCP4 203.0.113.7 127.0.0.1 1 2\r\nPOST /allow HTTP/1.1\r\n{end}")),
        (
            "the PROXY protocol, version 2",
            "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x7f\0\0\x01\x7f\0\0\x01\0\x01\0\x02".to_owned(),
        ),
        ("mail", "HELO x\r\nMAIL FROM: <a@b>\r\n\r\n".to_owned()),
    ] {
        // Some of these are the half of a head to HTTP, and waited for: 0 where the time was over first.
        cases.bytes(name, bytes, Expected::Turned(&[400, 0]));
    }
    for (name, target, status) in [
        ("an unknown path", "/nothing", 404),
        ("a slash more", "/raw/", 404),
        ("two slashes", "//raw", 404),
        ("upwards", "/x/../raw", 404),
        ("capitals", "/RAW", 404),
        ("escaped letters", "/%72aw", 404),
        ("an escaped zero", "/raw%00", 404),
        ("an escaped slash", "/raw%2f", 404),
        ("an escaped line break", "/raw%0d%0ax:y", 404),
        ("half an escape", "/raw%", 404),
        ("backslashes", "/\\raw", 404),
        ("a semicolon", "/raw;x", 404),
        ("raw UTF-8", "/r\u{e4}w", 404),
        ("the root", "/", 404),
        ("an asterisk", "*", 404),
        ("no slash", "raw", 404),
    ] {
        let bytes = format!("POST {target} HTTP/1.1\r\n{end}");
        cases.bytes(
            format!("target: {name}"),
            bytes,
            Expected::Turned(if status == 404 { &[404, 400] } else { &[400] }),
        );
    }
    for (name, bytes) in [
        ("a query", format!("POST /raw?x=y HTTP/1.1\r\n{end}")),
        ("an absolute target", format!("POST http://y/raw HTTP/1.1\r\n{end}")),
        ("a fragment", format!("POST /raw#x HTTP/1.1\r\n{end}")),
        ("two hosts", format!("POST /raw HTTP/1.1\r\nhost: y\r\n{end}")),
        ("no host", "POST /raw HTTP/1.1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".to_owned()),
        ("an empty line first", format!("\r\n\r\nPOST /raw HTTP/1.1\r\n{end}")),
        ("HTTP/1.0", "POST /raw HTTP/1.0\r\ncontent-length: 0\r\n\r\n".to_owned()),
        (
            "an upgrade that nobody offers",
            format!("POST /raw HTTP/1.1\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n{end}"),
        ),
        ("text beyond ASCII", format!("POST /raw HTTP/1.1\r\nx: \u{fc}\u{1f980}\r\n{end}")),
    ] {
        cases.bytes(name, bytes, Expected::Accepted);
    }
    for method in ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "post", "Post", "PROPFIND", "X"] {
        cases.bytes(format!("method {method}"), format!("{method} /github HTTP/1.1\r\n{end}"), Expected::Answered(405));
    }
    cases.bytes("CONNECT", format!("CONNECT x:80 HTTP/1.1\r\n{end}"), Expected::Turned(&[400, 404, 405]));
    cases.bytes("CONNECT to a route", format!("CONNECT /raw HTTP/1.1\r\n{end}"), Expected::Turned(&[400, 404, 405]));
    run(cases).await;
}

#[tokio::test]
async fn two_requests_in_one_write_are_judged_each_for_itself() {
    let receiver = crate::server::Receiver::start().await;
    let before = receiver.counts().await;
    let (good, forged) = (github("{}"), github("{}").body("{ }"));
    let keep = |message: &crate::message::Message| {
        String::from_utf8(message.http1()).unwrap().replace("connection: close\r\n", "").into_bytes()
    };
    let bytes = [keep(&good), keep(&forged), keep(&good), forged.http1()].concat();
    let answer = receiver.bytes(&bytes).await;
    let text = String::from_utf8(answer.raw).unwrap();
    let statuses: Vec<_> = text.match_indices("HTTP/1.1 ").map(|(at, _)| &text[at + 9..at + 12]).collect();
    assert_eq!(statuses, ["200", "401", "200", "401"]);
    let after = receiver.counts().await;
    assert_eq!(after.runs_since(&before), [("/github".to_owned(), 2)]);
    assert_eq!(after.reasons_since(&before), [("signature_mismatch".to_owned(), 2)]);
    receiver.stop().await;
}
