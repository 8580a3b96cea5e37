//! The options of the finished stack mean the same in whatever order they are given.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use axum::Router;
use axum::routing::any;
use http::Method;
use tower_webhook::client_ip::TrustedProxies;
use tower_webhook::rejection::EmptyBody;
use tower_webhook::testing::{self, Endpoint, TestDelivery};
use tower_webhook::{Secret, WebhookLayer, WebhookOptions, provider};

const SECRET: &str = "a secret of at least sixteen bytes";

fn layer() -> WebhookLayer {
    WebhookLayer::new(provider::META, Secret::new(SECRET).unwrap()).unwrap()
}

fn proxies() -> TrustedProxies {
    TrustedProxies::from_cidrs(["10.0.0.0/8"]).unwrap()
}

async fn refused_without_a_body(layer: WebhookLayer, delivery: &TestDelivery, status: u16) {
    let endpoint = Endpoint::new(Router::new().route("/", any(async || "handled").layer(layer)));
    let answer = endpoint.send(delivery).await;
    assert_eq!((answer.status().as_u16(), answer.body().len()), (status, 0));
}

#[tokio::test]
async fn refusals_are_written_by_the_renderer_whichever_was_named_first() {
    let delivery = testing::delivery(provider::META, SECRET).json("{}").from_peer("10.0.0.1:443");
    refused_without_a_body(layer().render_with(EmptyBody).https_only(), &delivery, 403).await;
    refused_without_a_body(layer().https_only().render_with(EmptyBody), &delivery, 403).await;
    refused_without_a_body(layer().https_only().render_with(EmptyBody).behind(proxies()), &delivery, 403).await;
    let listed = ["192.0.2.0/24"];
    refused_without_a_body(layer().render_with(EmptyBody).allow(listed).unwrap(), &delivery, 403).await;
    refused_without_a_body(layer().allow(listed).unwrap().render_with(EmptyBody), &delivery, 403).await;
    refused_without_a_body(layer().render_with(EmptyBody), &delivery.tampered(), 401).await;

    let subscribe = testing::delivery(provider::META, SECRET).to("/?hub.mode=subscribe").body("text/plain", "");
    let subscribe = subscribe.unsigned().method(Method::GET);
    let token = || Secret::new("a verify token of ours").unwrap();
    refused_without_a_body(layer().render_with(EmptyBody).verify_token(token()), &subscribe, 401).await;
    refused_without_a_body(layer().verify_token(token()).render_with(EmptyBody), &subscribe, 401).await;
}

#[tokio::test]
async fn what_routes_share_holds_for_each_of_them() {
    let shared = WebhookOptions::new().render_with(EmptyBody).https_only();
    let delivery = testing::delivery(provider::META, SECRET).json("{}");
    let layer = |route| shared.layer_for(route, provider::META, Secret::new(SECRET).unwrap()).unwrap();
    refused_without_a_body(layer("first"), &delivery, 403).await;
    refused_without_a_body(layer("second"), &delivery.over_tls().tampered(), 401).await;
}

#[tokio::test]
async fn a_required_id_is_refused_by_the_renderer_as_well() {
    use tower_webhook::IdempotencyLayer;

    let nameless = testing::delivery(provider::META, SECRET).json("{}");
    let once = || IdempotencyLayer::in_memory().require_id();
    refused_without_a_body(layer().render_with(EmptyBody).idempotency(once()), &nameless, 400).await;
    refused_without_a_body(layer().idempotency(once()).render_with(EmptyBody), &nameless, 400).await;
}
