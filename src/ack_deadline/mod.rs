//! Answers at the sender's deadline, and lets the handler finish: for handlers that run in the request and are slow at times.
//!
//! Senders wait some seconds and then deliver again. An [`AckDeadlineLayer`] lets a handler that is fast enough answer for
//! itself; one that is not finished shortly before the [deadline of its sender](crate::scheme::Scheme::deadline) goes on in
//! a task of its own, and the delivery is acknowledged without it.
//!
//! **What passes**: everything; the answer is the handler's own, or the early one: 200 with the sender's exact answer where
//! it asks for one; else 202 where the sender is known to take that, and 200 where it is not. What was let in unsigned has no deadline.
//!
//! **What is refused**: nothing; a request without a [`Delivery`](crate::Delivery) is answered with 500 `misconfigured`.
//!
//! # Who is answerable
//!
//! A sender that was told 2xx does not come back, so somebody must stand for the rest: [`Takeover`].
//!
//! * An inbox ([`Inbox::takeover`](crate::inbox::Inbox::takeover)): at the deadline the delivery is stored as an attempt of
//!   one of its subscribers that is under way, and the answer goes out once that is on the disk. The end of the run is
//!   written down. A run that fails is tried again by the subscriber's schedule, with all that an inbox has: due times,
//!   dead letters, the count of attempts. A process that dies leaves a suspect, which runs again at the next start. A fast
//!   handler costs the inbox nothing. Where it cannot be stored, it is **not** acknowledged: the sender waits for the
//!   handler, as it would without this layer.
//! * Nobody ([`danger::acknowledge_unfinished`](crate::danger::acknowledge_unfinished)): what fails later is lost, logged
//!   and counted.
//!
//! # With idempotency
//!
//! Put the [`IdempotencyLayer`](crate::IdempotencyLayer) outside, where [`WebhookLayer`](crate::WebhookLayer) has it. A copy
//! that comes before the deadline waits or gets 503 `in_flight`; from the early answer on, which is stored like any other,
//! a copy gets that one again. Both are safe: before it, the sender comes back; after it, the inbox has the delivery.
//!
//! # Deployment
//!
//! * The handler runs to its end in this process: wait for [`AckDeadlineLayer::drain`], or the inbox's
//!   [`drain`](crate::inbox::Inbox::drain), before it ends.
//! * The deadline counts from this layer on: a body that came slowly has used up some of the sender's patience, and the
//!   [margin](AckDeadlineLayer::margin) must cover it.
//! * The service behind the layer and that of the subscriber should be one: the second gets the delivery again, with the
//!   headers and the path that the inbox keeps.
//!
//! # Example
//!
//! ```
//! use std::convert::Infallible;
//! use std::time::Duration;
//!
//! use bytes::Bytes;
//! use http::{Request, Response};
//! use http_body_util::Full;
//! use tower::{Layer, service_fn};
//! use tower_webhook::testing::{self, Endpoint};
//! use tower_webhook::{
//!     AckDeadlineLayer, Reason, Secret, SignatureLayer, VerifiedBody, WebhookLayer, danger, provider,
//! };
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let slow = service_fn(async |_: Request<VerifiedBody>| {
//!     tokio::time::sleep(Duration::from_secs(60)).await;
//!     Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
//! });
//! // Better: `inbox.takeover("orders")?`, so that nothing is lost.
//! let deadline = AckDeadlineLayer::new(danger::acknowledge_unfinished());
//! let signature = SignatureLayer::new(provider::SLACK, Secret::new("a secret of at least sixteen bytes")?)?;
//! let endpoint = Endpoint::new(WebhookLayer::of(signature).layer(deadline.layer(slow)));
//!
//! // Slack waits 3 s, and wants 200.
//! let delivery = testing::delivery(provider::SLACK, "a secret of at least sixteen bytes").json(r#"{"event_id":"Ev1"}"#);
//! let answer = endpoint.send(&delivery).await;
//! assert_eq!(answer.status(), 200);
//! assert_eq!(deadline.drain(Duration::from_secs(120)).await, 0);
//! endpoint.send(&delivery.tampered()).await.assert_rejected(Reason::SignatureMismatch);
//! # Ok(()) }
//! ```

mod future;
mod layer;
mod log;
mod run;
mod service;

pub use future::AckDeadlineFuture;
pub use layer::AckDeadlineLayer;
pub use service::AckDeadlineService;

pub use crate::takeover::Takeover;
