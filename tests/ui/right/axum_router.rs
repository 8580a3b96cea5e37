//! All layers by hand, around a router.

use axum::{Router, routing::post};
use tower_webhook::client_ip::TrustedProxies;
use tower_webhook::{AllowlistLayer, ChallengeLayer, HttpsOnlyLayer, IdempotencyLayer, RawBodyLayer};
use tower_webhook::{ConfigError, Secret, SignatureLayer, provider};

fn app(secret: Secret) -> Result<Router, ConfigError> {
    let layers = (
        HttpsOnlyLayer::new(TrustedProxies::none()),
        AllowlistLayer::new(["192.0.2.0/24"])?,
        RawBodyLayer::new(),
        SignatureLayer::new(provider::SLACK, secret)?,
        ChallengeLayer::new(provider::SLACK),
        IdempotencyLayer::in_memory(),
    );
    Ok(Router::new().route("/", post(async || "thank you")).layer(layers))
}

fn main() {}
