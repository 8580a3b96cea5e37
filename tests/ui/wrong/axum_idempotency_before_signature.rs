//! Who has proved nothing may claim no id.
//~ E0277 this layer works on verified deliveries only

use axum::{Router, routing::post};
use tower_webhook::{ConfigError, IdempotencyLayer, RawBodyLayer, Secret, SignatureLayer, provider};

fn app(secret: Secret) -> Result<Router, ConfigError> {
    let signature = SignatureLayer::new(provider::GITHUB, secret)?;
    let layers = (RawBodyLayer::new(), IdempotencyLayer::in_memory(), signature);
    Ok(Router::new().route("/", post(async || "thank you").layer(layers)))
}

fn main() {}
