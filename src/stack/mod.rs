//! The finished stack: every layer in its place.
//!
//! ```text
//! request ─▶ metrics ─▶ HTTPS only ─▶ allowlist ─▶ raw body ─▶ handshake ─▶ signature ─▶ challenge ─▶ idempotency ─▶ handler
//!               │        the head alone, no byte read   limits set   (unsigned)  body read and hashed, frame by frame
//!               ◀─────────────────────────── a refusal, or the handler's answer ◀───────────────────────────────┘
//! ```
//!
//! * Passes: a delivery of the sender that the layer was made for, once; as `Request<VerifiedBody>` with a
//!   [`Delivery`](crate::Delivery) in its extensions.
//! * Told: the span `webhook.receive`, see [`trace`](crate::trace), with each refusal as an event inside of it.
//! * Refused: what any of the layers refuses; see [`rejection`](crate::rejection) for the list.
//!
//! [`WebhookLayer::new`] takes the sender and the secret and sets the rest: bodies of at most 1 MiB (or what the
//! sender sends), complete within 10 s; the sender's tolerance for timestamps; each delivery handled once, remembered
//! in memory; `application/problem+json`. [`WebhookOptions`] holds what several routes share.
//!
//! Deployment caveat: behind a proxy say so with [`behind`](WebhookLayer::behind), or HTTPS-only and the allowlist
//! refuse everything. The memory of what was handled is this process's own: several machines need a shared store.
//!
//! ```
//! use axum::{Router, routing::post};
//! use tower_webhook::testing::{self, Endpoint};
//! use tower_webhook::{Delivery, Reason, Secret, WebhookLayer, provider};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_webhook::ConfigError> {
//! let github = WebhookLayer::new(provider::GITHUB, Secret::new("It's a Secret to Everybody")?)?
//!     .allow(["192.30.252.0/22"])?;
//! let app = Router::new().route("/github", post(async |delivery: Delivery| format!("{:?}", delivery.id())).layer(github));
//!
//! let endpoint = Endpoint::new(app);
//! let delivery = testing::delivery(provider::GITHUB, "It's a Secret to Everybody").to("/github").json("{}");
//! endpoint.send(&delivery.from_peer("192.30.252.1:443")).await.assert_accepted();
//! endpoint.send(&delivery.from_peer("198.51.100.1:443")).await.assert_rejected(Reason::IpDenied);
//! # Ok(()) }
//! ```

mod future;
mod layer;
mod optional;
mod options;
mod order;
mod report_only;
mod service;

pub use future::WebhookFuture;
pub use layer::WebhookLayer;
pub use optional::{OptionalFuture, OptionalService};
pub use options::WebhookOptions;
pub use report_only::ReportOnlyWebhookLayer;
pub use service::WebhookService;
