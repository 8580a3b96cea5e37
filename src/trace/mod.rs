//! One span a request: `webhook.receive`.
//!
//! * Passes: everything, unchanged. Refuses nothing.
//! * Fields: `webhook.route`, `webhook.provider`; once the delivery is verified `webhook.event_id`, `webhook.event_type`,
//!   `webhook.key_id`, `webhook.signature_age_ms`; at the end `webhook.outcome`, `error.type` (the
//!   [reason](crate::rejection), where there is one), `http.response.status_code`; `http.route` where axum matched one.
//! * Never: a body, a header's value, a signature, a secret. What the sender wrote (id, type) is escaped and cut, see
//!   [`redact`](crate::redact).
//!
//! [`WebhookLayer`](crate::WebhookLayer) has it built in; stacks that are put together by hand have [`TraceLayer`] outermost.
//! Refusals are events inside of it, under the target [`TARGET`](crate::rejection::TARGET). A run out of the inbox is
//! the span `webhook.process`, with the `traceparent` of the request that brought the delivery: the subscriber's request has
//! it as a header, too.
//!
//! Deployment caveat: the span is made at level `info` under the target `tower_webhook`. Where no subscriber wants it, none is
//! made.
//!
//! ```
//! use http::{Request, Response};
//! use tower::{ServiceBuilder, ServiceExt};
//! use tower_webhook::{Reason, Rejection, TraceLayer};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let service = ServiceBuilder::new().layer(TraceLayer::new("orders")).service_fn(async |request: Request<()>| {
//!     // Stands for the layers and the handler inside.
//!     Ok::<_, std::convert::Infallible>(match request.headers().contains_key("x-signature") {
//!         true => Response::default(),
//!         false => Rejection::new(Reason::MissingSignature).respond(),
//!     })
//! });
//! let signed = Request::post("/").header("x-signature", "1f2e").body(())?;
//! assert_eq!(service.clone().oneshot(signed).await?.status(), 200); // webhook.outcome=accepted
//! assert_eq!(service.oneshot(Request::post("/").body(())?).await?.status(), 401); // error.type=missing_signature
//! # Ok(()) }
//! ```

mod future;
mod layer;
mod service;

pub use future::TraceFuture;
pub use layer::TraceLayer;
pub use service::TraceService;
