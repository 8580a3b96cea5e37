//! Lets in who knows a path that nobody guesses: for senders that cannot sign.
//!
//! * **Passes**: requests whose path ends in one of the tokens, compared in constant time. The service behind sees the
//!   path with [`MASK`] in the token's place, so that whatever it logs does not hold it.
//! * **Refuses** everything else with 404 and no body, as a path that is not there is answered; on the head alone, no
//!   byte of the body is read. The log says `unknown_key`, and so does a
//!   [`MetricsLayer`](crate::MetricsLayer) further out; the one in a [`WebhookLayer`](crate::WebhookLayer) stands behind it.
//!
//! Deployment caveat: a token in a path is a password that everybody on the way writes down. It stands in the logs of
//! every proxy in front, in the sender's dashboard and in screenshots, and whoever has it writes what he likes: it proves
//! nothing about the body, so [`Delivery::is_verified`](crate::Delivery::is_verified) stays `false`. Put an
//! [allowlist](crate::allowlist) with it, and keep what logs paths (a router's own trace layer) inside of it. The 404
//! is the one of axum; a server that answers otherwise where there is no route shows that there is one.
//!
//! ```
//! use axum::{Router, routing::post};
//! use tower::ServiceExt;
//! use tower_webhook::{Secret, SecretPathLayer, WebhookLayer, danger};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Made by `openssl rand -hex 32`; the sender is given https://hooks.example.com/webhooks/meraki/3f9c…
//! let token = Secret::new("3f9c1d5e8a7b40c29e6f0b1a2c3d4e5f")?;
//! let layer = (SecretPathLayer::new("meraki", &token)?, WebhookLayer::of(danger::accept_unsigned("meraki")?));
//! let app = Router::new().route("/webhooks/meraki/{token}", post(async || "thank you").layer(layer));
//!
//! let to = |path: &str| http::Request::post(path).body(axum::body::Body::empty());
//! let known = app.clone().oneshot(to("/webhooks/meraki/3f9c1d5e8a7b40c29e6f0b1a2c3d4e5f")?).await?;
//! assert_eq!(known.status(), 200);
//! assert_eq!(app.oneshot(to("/webhooks/meraki/guessed")?).await?.status(), 404);
//! # Ok(()) }
//! ```

mod layer;
mod service;
#[cfg(test)]
mod tests;

pub use layer::{MASK, SecretPathLayer};
pub use service::SecretPathService;
