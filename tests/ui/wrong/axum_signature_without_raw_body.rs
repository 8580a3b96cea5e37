//! The signature layer needs the bytes as they came.
//~ E0277 this layer needs the raw bytes of the body

use axum::{Router, routing::post};
use tower_webhook::{ConfigError, Secret, SignatureLayer, provider};

fn app(secret: Secret) -> Result<Router, ConfigError> {
    let signature = SignatureLayer::new(provider::GITHUB, secret)?;
    Ok(Router::new().route("/", post(async || "thank you")).layer(signature))
}

fn main() {}
