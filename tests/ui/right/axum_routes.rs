//! A stack for each route, and what axum itself has inside of one of them.

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::{Json, Router, routing::post};
use tower_webhook::axum::{IntoAxumBodyLayer, Verified};
use tower_webhook::{ConfigError, Delivery, RawBodyLayer, Secret, SignatureLayer, WebhookLayer, provider};

async fn handler(_: Delivery, Verified(Json(_)): Verified<Json<serde_json::Value>>) {}

async fn mine(request: Request<Body>, next: Next) -> Response {
    next.run(request).await
}

fn app(secret: Secret) -> Result<Router, ConfigError> {
    let github = WebhookLayer::new(provider::GITHUB, secret.clone())?;
    let stripe = (RawBodyLayer::new(), SignatureLayer::new(provider::STRIPE, secret)?);
    Ok(Router::new()
        .route("/github", post(handler).layer((github, IntoAxumBodyLayer::new(), from_fn(mine))))
        .route("/stripe", post(handler).layer(stripe)))
}

fn main() {}
