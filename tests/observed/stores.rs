//! What the operator is told of an idempotency store that fails, and of runs that end out of the ordinary.

use std::io;
use std::time::Duration;

use axum::Router;
use axum::routing::post;
use bytes::Bytes;
use tower_webhook::idempotency::{Claim, Claimed, Fenced, Guarantees, IdempotencyLayer, Key, OnStoreFailure, Store};
use tower_webhook::testing::{self, Endpoint};
use tower_webhook::{Secret, WebhookLayer, provider};

use super::listener::{Listener, Seen};

const SECRET: &str = "It's a Secret to Everybody";

/// A store that cannot be reached.
struct Down;

fn down<T>() -> Result<T, io::Error> {
    Err(io::Error::new(io::ErrorKind::ConnectionRefused, "connection refused by 192.0.2.1"))
}

impl Store for Down {
    type Error = io::Error;

    async fn claim(&self, _: &Claimed, _: Duration) -> Result<Claim, io::Error> {
        down()
    }

    async fn complete(&self, _: &Claimed, _: Bytes, _: Duration) -> Result<Fenced, io::Error> {
        down()
    }

    async fn release(&self, _: &Claimed) -> Result<Fenced, io::Error> {
        down()
    }

    async fn extend(&self, _: &Claimed, _: Duration) -> Result<Fenced, io::Error> {
        down()
    }

    async fn forget(&self, _: &Key) -> Result<bool, io::Error> {
        down()
    }

    fn guarantees(&self) -> Guarantees {
        Guarantees::IN_PROCESS
    }
}

fn told(seen: &Seen) -> Vec<(&str, &str)> {
    seen.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

#[tokio::test]
async fn a_store_that_fails_is_told_with_its_cause_and_a_run_without_it_too() {
    let listener = Listener::default();
    let _listening = tracing::subscriber::set_default(listener.clone());
    let idempotency = IdempotencyLayer::new(Down).on_store_failure(OnStoreFailure::FailOpen);
    let layer = WebhookLayer::new(provider::GITHUB, Secret::new(SECRET).unwrap()).unwrap();
    let layer = layer.route("pushes").idempotency(idempotency);
    let endpoint = Endpoint::new(Router::new().route("/", post(async || "done").layer(layer)));
    let answer = endpoint.send(&testing::delivery(provider::GITHUB, SECRET).id("id-1").json("{}")).await;
    assert_eq!(answer.status(), 200);

    let events = listener.events_of("tower_webhook::idempotency");
    assert_eq!(events.len(), 2);
    assert_eq!(
        told(&events[0]),
        [
            ("call", "claim"),
            ("cause", "connection refused by 192.0.2.1"),
            ("error", "the idempotency store failed"),
            ("message", "idempotency store failed"),
            ("route", "pushes"),
        ]
    );
    assert_eq!(
        told(&events[1]),
        [("message", "webhook run ended out of the ordinary"), ("outcome", "bypassed"), ("route", "pushes")]
    );
}
