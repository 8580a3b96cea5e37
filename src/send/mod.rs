//! The other direction: sends webhooks that are signed, come again while they fail, and reach no private address.
//!
//! * [`SendLayer`] is the finished stack around any tower HTTP client: delivery id, retries, signature, and a time limit
//!   for each attempt ([15 s](SendLayer::attempt_timeout)).
//! * [`DeliveryIdLayer`] gives a request its delivery id where it has none; outside of the retries, so that all attempts
//!   have the same.
//! * [`RetryPolicy`] is a policy for [`tower::retry`]: exponential backoff (or a [`RetrySchedule`]) with jitter,
//!   `Retry-After`, a bound on attempts and on time, a budget.
//! * [`SignRequestLayer`] signs as a sender of the [catalogue](crate::provider), or one of your own; within the retries,
//!   so that each attempt has a timestamp of its own.
//! * [`PublicConnector`] connects to public addresses only, whatever the name of the receiver resolves to. It refuses
//!   `https` until a TLS connector is put around it: see [`PublicConnector::under_tls`].
//!
//! What is sent again: 408, 425, 429, 5xx, and requests that got no answer, or none in time. What is not: all other answers; 410 says
//! that the receiver wants no more, see [`Answered`]. A request that cannot be signed, a refused address and a missing TLS
//! are errors at once. The body is whole and in memory ([`WholeBody`]), since it is signed, and sent more than once.
//!
//! Caveat: attempts live in this process. What must outlive it belongs into a queue first. A client follows redirects
//! only if it is made to: yours should not, since a signed body would go to where the receiver says.
//!
//! ```no_run
//! use http_body_util::Full;
//! use hyper_util::client::legacy::Client;
//! use hyper_util::rt::TokioExecutor;
//! use tower::{Layer, ServiceExt};
//! use tower_webhook::send::{PublicConnector, SendLayer};
//! use tower_webhook::{Secret, bytes::Bytes, provider};
//!
//! # async fn send() -> Result<(), tower_webhook::body::BoxError> {
//! let client = Client::builder(TokioExecutor::new()).build(PublicConnector::new());
//! let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
//! let sender = SendLayer::new(provider::STANDARD_WEBHOOKS, secret)?.layer(client);
//!
//! let event = Bytes::from_static(br#"{"type":"user.created"}"#);
//! let request = http::Request::post("http://hooks.example.com/").header("content-type", "application/json");
//! let request = request.body(Full::new(event))?;
//! let answer = sender.oneshot(request).await?;
//! # let _ = answer; Ok(()) }
//! ```
//!
//! For reqwest, send `Request<Bytes>` and turn it into reqwest's own with `tower`'s `map_request`, inside of the layer.

mod delivery_id;
mod public_address;
mod public_connector;
mod retry;
mod sign;
mod stack;
mod whole_body;

pub use delivery_id::{DeliveryIdLayer, DeliveryIdService};
pub use public_address::{RefusedAddress, is_public};
pub use public_connector::{PublicConnector, PublicResolver, TlsMissing};
pub use retry::{Answered, RetryPolicy};
pub use sign::{SignRequestLayer, SignRequestService, SigningError};
pub use stack::{SendLayer, SendService};
pub use whole_body::WholeBody;

pub use crate::retry_schedule::RetrySchedule;
