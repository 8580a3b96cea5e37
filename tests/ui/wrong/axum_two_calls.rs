//! axum erases the type of the body between two calls of `.layer()`, and with it what the first one has proved.
//~ E0277 axum erases body types between two separate `.layer()` calls: give it all layers of the stack in one call

use axum::{Router, routing::post};
use tower_webhook::{ConfigError, RawBodyLayer, Secret, SignatureLayer, provider};

fn app(secret: Secret) -> Result<Router, ConfigError> {
    let signature = SignatureLayer::new(provider::GITHUB, secret)?;
    Ok(Router::new().route("/", post(async || "thank you").layer(signature).layer(RawBodyLayer::new())))
}

fn main() {}
