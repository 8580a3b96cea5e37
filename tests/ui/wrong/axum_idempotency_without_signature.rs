//! Idempotency alone has no delivery to remember.
//~ E0277 this layer works on verified deliveries only

use axum::{Router, routing::post};
use tower_webhook::IdempotencyLayer;

fn app() -> Router {
    Router::new().route("/", post(async || "thank you").layer(IdempotencyLayer::in_memory()))
}

fn main() {}
