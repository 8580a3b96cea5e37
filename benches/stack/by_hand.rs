//! What is written by hand, usually: the same checks in a handler.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use ipnet::IpNet;
use sha2::Sha256;

use super::requests::{NETWORKS, SECRET};

struct Receiver {
    secret: String,
    networks: Vec<IpNet>,
    seen: moka::sync::Cache<String, ()>,
}

pub(crate) fn app() -> Router {
    let networks = NETWORKS.iter().map(|network| network.parse().unwrap()).collect();
    let receiver = Receiver { secret: SECRET.to_owned(), networks, seen: moka::sync::Cache::new(100_000) };
    Router::new().route("/", post(handler)).with_state(Arc::new(receiver))
}

async fn handler(State(receiver): State<Arc<Receiver>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if header("x-forwarded-proto") != Some("https") {
        return StatusCode::FORBIDDEN;
    }
    let client = header("x-forwarded-for").and_then(|hops| hops.split(',').next()?.trim().parse::<IpAddr>().ok());
    if !client.is_some_and(|client| receiver.networks.iter().any(|network| network.contains(&client))) {
        return StatusCode::FORBIDDEN;
    }
    let Some(signature) = header("x-hub-signature-256") else { return StatusCode::UNAUTHORIZED };
    let mut mac = Hmac::<Sha256>::new_from_slice(receiver.secret.as_bytes()).unwrap();
    mac.update(&body);
    let expected = format!("sha256={}", base16ct::lower::encode_string(&mac.finalize().into_bytes()));
    if signature != expected {
        return StatusCode::UNAUTHORIZED;
    }
    let Some(id) = header("x-github-delivery") else { return StatusCode::BAD_REQUEST };
    if receiver.seen.contains_key(id) {
        return StatusCode::OK;
    }
    receiver.seen.insert(id.to_owned(), ());
    StatusCode::OK
}
