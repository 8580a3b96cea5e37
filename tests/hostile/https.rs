//! What counts as HTTPS, and what only says so.

use crate::message::Message;
use crate::{Cases, Expected, run};

#[tokio::test]
async fn only_the_word_of_a_trusted_peer_makes_a_plain_socket_https() {
    let mut cases = Cases::default();
    let said = |lines: &[&str]| {
        lines.iter().fold(Message::post("/https"), |message, line| message.line("x-forwarded-proto", line))
    };
    for lines in [&["https"][..], &["HTTPS"], &[" https "], &["http, https"], &["http", "https"]] {
        cases.accepted(format!("{lines:?}"), said(lines));
    }
    for lines in [
        &[][..],
        &[""],
        &["http"],
        &["https, http"],
        &["https", "http"],
        &["https,"],
        &["https", ""],
        &["httpss"],
        &["https:"],
        &["https://x"],
        &["\"https\""],
        &["https;"],
        &["on"],
        &["true"],
        &["wss"],
        &["h2"],
        &["https http"],
        &["ht tps"],
        &["https\u{200b}"],
        &["ｈttps"],
    ] {
        cases.refused(format!("{lines:?}"), said(lines), 403, "not_https");
    }
    for (name, value) in [
        ("x-forwarded-protocol", "https"),
        ("x_forwarded_proto", "https"),
        ("x-forwarded-ssl", "on"),
        ("x-url-scheme", "https"),
        ("x-scheme", "https"),
        ("front-end-https", "on"),
        ("x-arr-ssl", "yes"),
        ("forwarded", "for=203.0.113.7;proto=https"),
        ("x-forwarded-port", "443"),
        ("cf-visitor", "{\"scheme\":\"https\"}"),
        ("upgrade-insecure-requests", "1"),
        ("strict-transport-security", "max-age=1"),
    ] {
        cases.refused(name, Message::post("/https").line(name, value), 403, "not_https");
        cases.refused(
            format!("/https-direct {name}"),
            Message::post("/https-direct").line(name, value),
            403,
            "not_https",
        );
    }
    let direct = Message::post("/https-direct").line("x-forwarded-proto", "https");
    cases.refused("nobody is believed", direct.clone(), 403, "not_https");
    cases.refused("from a listed client", direct.line("x-forwarded-for", "203.0.113.7"), 403, "not_https");
    cases.refused("plain", Message::post("/https-direct"), 403, "not_https");
    for route in ["/https", "/https-direct"] {
        let absolute = format!(
            "POST https://hooks.example{route} HTTP/1.1\r\nhost: hooks.example\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
        );
        cases.bytes(format!("{route}: an absolute target"), absolute, Expected::Refused(403, "not_https"));
        let port = format!(
            "POST {route} HTTP/1.1\r\nhost: hooks.example:443\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
        );
        cases.bytes(format!("{route}: the port of HTTPS"), port, Expected::Refused(403, "not_https"));
    }
    // Who the client is decides which of several protocols is the client's.
    let two = said(&["https, http"]).line("x-forwarded-for", "198.51.100.1, 203.0.113.7");
    cases.refused("the protocol of another hop", two, 403, "not_https");
    cases.accepted("one protocol for two hops", said(&["https"]).line("x-forwarded-for", "198.51.100.1, 203.0.113.7"));
    let trailer = "POST /https HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx-forwarded-proto: https\r\n\r\n";
    cases.bytes("in a trailer", trailer, Expected::Refused(403, "not_https"));
    run(cases).await;
}
