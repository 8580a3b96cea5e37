//! Handshakes: answered to the sender, and to nobody else.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::routing::any;
use http::Method;
use tower_webhook::crypto::SigningKey;
use tower_webhook::testing::{self, Endpoint};
use tower_webhook::{Reason, Secret, WebhookLayer, provider};

const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";

/// An endpoint, and how often its handler ran.
fn endpoint(layer: WebhookLayer) -> (Endpoint<Router>, Arc<AtomicUsize>) {
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = runs.clone();
    let handler = any(async move || {
        counted.fetch_add(1, Ordering::Relaxed);
        "handled"
    });
    (Endpoint::new(Router::new().route("/", handler.layer(layer))), runs)
}

#[tokio::test]
async fn slack_is_answered_once_its_signature_was_checked() {
    let layer = WebhookLayer::new(provider::SLACK, Secret::new(SECRET).unwrap()).unwrap();
    let (endpoint, runs) = endpoint(layer);
    let question = testing::delivery(provider::SLACK, SECRET)
        .json(r#"{"token":"Jhj5dZrVaK7ZwHHjRyZWjbDl","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmd","type":"url_verification"}"#);

    let answer = endpoint.send(&question).await;
    assert_eq!(answer.body(), r#"{"challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmd"}"#);
    answer.assert_challenge_answered();
    // Each time anew: a question is no delivery to remember.
    endpoint.send(&question).await.assert_challenge_answered();
    endpoint.send(&question.unsigned()).await.assert_rejected(Reason::MissingSignature);
    endpoint.send(&question.tampered()).await.assert_rejected(Reason::SignatureMismatch);
    assert_eq!(runs.load(Ordering::Relaxed), 0);

    let event = testing::delivery(provider::SLACK, SECRET).json(r#"{"type":"event_callback","event_id":"Ev1"}"#);
    endpoint.send(&event).await.assert_accepted();
    assert_eq!(runs.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_text_that_could_do_harm_is_not_repeated() {
    let layer = WebhookLayer::new(provider::SLACK, Secret::new(SECRET).unwrap()).unwrap();
    let (endpoint, runs) = endpoint(layer);
    for challenge in ["<script>alert(1)</script>", "", " ", &"a".repeat(257), "\\\"}", "ü"] {
        let body = format!(r#"{{"type":"url_verification","challenge":"{challenge}"}}"#);
        let question = testing::delivery(provider::SLACK, SECRET).json(body);
        endpoint.send(&question).await.assert_rejected(Reason::ChallengeMalformed);
    }
    assert_eq!(runs.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn discord_s_pings_are_answered_and_its_bad_signatures_refused() {
    let key = SigningKey::from_seed(&[7; 32]);
    let layer = WebhookLayer::new(provider::DISCORD, key.verifying_key()).unwrap();
    let (endpoint, runs) = endpoint(layer);
    let ping = testing::delivery(provider::DISCORD, key.clone()).json(r#"{"id":"1","type":1}"#);

    let answer = endpoint.send(&ping).await;
    assert_eq!((answer.status().as_u16(), answer.body().as_ref()), (200, br#"{"type":1}"#.as_slice()));
    let answer = endpoint.send(&testing::delivery(provider::DISCORD, key).json(r#"{"version":1,"type":0}"#)).await;
    assert_eq!((answer.status().as_u16(), answer.body().len()), (204, 0));
    // Discord sends deliberately bad signatures and wants 401.
    let answer = endpoint.send(&ping.signed_with(SigningKey::from_seed(&[8; 32]))).await;
    assert_eq!(answer.status(), 401);
    assert_eq!(runs.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_subscription_is_confirmed_for_the_right_token_alone() {
    let layer = WebhookLayer::new(provider::META, Secret::new(SECRET).unwrap()).unwrap();
    let layer = layer.verify_token(Secret::new("our own verify token").unwrap());
    let (endpoint, runs) = endpoint(layer);
    let subscribe = |query: &str| {
        let uri = format!("/?hub.mode=subscribe&{query}");
        testing::delivery(provider::META, SECRET).to(&uri).body("text/plain", "").unsigned().method(Method::GET)
    };

    let right = subscribe("hub.challenge=1158201444&hub.verify_token=our+own+verify+token");
    let answer = endpoint.send(&right).await;
    assert_eq!(answer.body(), "1158201444");
    assert_eq!(answer.headers()["content-type"], "text/plain; charset=utf-8");
    answer.assert_challenge_answered();
    for wrong in ["hub.challenge=1158201444", "hub.challenge=1158201444&hub.verify_token=guessed"] {
        endpoint.send(&subscribe(wrong)).await.assert_rejected(Reason::UnknownKey);
    }
    let no_challenge = subscribe("hub.verify_token=our%20own%20verify%20token");
    endpoint.send(&no_challenge).await.assert_rejected(Reason::ChallengeMalformed);
    // Any other `GET` is no delivery.
    let get = testing::delivery(provider::META, SECRET).body("text/plain", "").method(Method::GET);
    endpoint.send(&get).await.assert_rejected(Reason::Method);
    assert_eq!(runs.load(Ordering::Relaxed), 0);

    endpoint.send(&testing::delivery(provider::META, SECRET).json(r#"{"object":"page"}"#)).await.assert_accepted();
    assert_eq!(runs.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn without_a_verify_token_nobody_subscribes() {
    let layer = WebhookLayer::new(provider::META, Secret::new(SECRET).unwrap()).unwrap();
    let (endpoint, _) = endpoint(layer);
    let uri = "/?hub.mode=subscribe&hub.challenge=1&hub.verify_token=";
    let subscribe = testing::delivery(provider::META, SECRET).to(uri).body("text/plain", "").method(Method::GET);
    endpoint.send(&subscribe).await.assert_rejected(Reason::Method);
}
