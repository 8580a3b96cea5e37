//! The deliveries that are sent.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http::Request;
use tower_webhook::provider;
use tower_webhook::testing::{self, TestDelivery};

pub(crate) const SECRET: &str = "It's a Secret to Everybody";
pub(crate) const OTHER_SECRET: &str = "the secret that comes after it";
pub(crate) const PROXIES: &str = "10.0.0.0/8";
/// As published by <https://api.github.com/meta> under `hooks`.
pub(crate) const NETWORKS: [&str; 6] =
    ["192.30.252.0/22", "185.199.108.0/22", "140.82.112.0/20", "143.55.64.0/20", "2a0a:a440::/29", "2606:50c0::/32"];

fn from(client: &str) -> TestDelivery {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut body = format!(r#"{{"action":"opened","number":{},"title":""#, COUNT.fetch_add(1, Ordering::Relaxed));
    body.extend(std::iter::repeat_n('x', 1024 - body.len() - 2));
    body.push_str("\"}");
    testing::delivery(provider::GITHUB, SECRET)
        .event_type("pull_request")
        .json(body)
        .from_peer("10.0.0.1:40000")
        .header("host", "hooks.example.com")
        .header("user-agent", "GitHub-Hookshot/044aadd")
        .header("content-length", "1024")
        .header("x-forwarded-for", client)
        .header("x-forwarded-proto", "https")
}

/// One that is sent again and again.
pub(crate) fn captured() -> TestDelivery {
    from("192.30.252.44")
}

pub(crate) fn accepted() -> Request<Bytes> {
    captured().to_request()
}

pub(crate) fn unsigned() -> Request<Bytes> {
    captured().unsigned().to_request()
}

pub(crate) fn forged() -> Request<Bytes> {
    captured().tampered().to_request()
}

pub(crate) fn not_allowed() -> Request<Bytes> {
    from("198.51.100.1").to_request()
}
