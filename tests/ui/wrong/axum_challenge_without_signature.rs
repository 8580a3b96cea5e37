//! A question that nobody signed is not answered.
//~ E0277 this layer works on verified deliveries only

use axum::{Router, routing::post};
use tower_webhook::{ChallengeLayer, RawBodyLayer, provider};

fn app() -> Router {
    let layers = (RawBodyLayer::new(), ChallengeLayer::new(provider::SLACK));
    Router::new().route("/", post(async || "thank you").layer(layers))
}

fn main() {}
