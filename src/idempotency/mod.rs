//! Runs the handler once for each delivery, however often the sender delivers it.
//!
//! Senders deliver at least once: after a timeout, an error or a lost answer the same delivery comes
//! again, at times while the first is still being worked on. [`IdempotencyLayer`] claims each delivery
//! in a [`Store`] before the handler runs, atomically, with a lease and a token; records the answer
//! when it has succeeded; and gives duplicates that answer.
//!
//! **What passes**: the first copy of a verified delivery, with an [`IdempotencyContext`] in its
//! [`Delivery`](crate::Delivery::idempotency). The next one too, where the handler failed: only 2xx is recorded (gRPC: status OK), and
//! everything else, a panic and a timeout included, releases the claim. A [`Directive`] in the
//! extensions of the response goes before that rule. A delivery without an id runs each time, joined to
//! copies that come while it does. One that was let in unsigned carries no proof of what it is, so it
//! passes untouched, and the store never hears of it.
//!
//! **What is answered without running**: a duplicate gets the recorded status, headers and body with
//! `Idempotent-Replayed: true` (`true; body=omitted` where the body was larger than 16 KiB or of
//! unknown length), marked with [`Outcome::Duplicate`](crate::Outcome::Duplicate). A copy of what is
//! being worked on waits up to 2 s for that answer.
//!
//! **What is refused**: (each with a [`Rejection`](crate::Rejection) in the extensions)
//!
//! | situation | [`Profile::Webhook`] | [`Profile::Ietf`] |
//! |---|---|---|
//! | still in flight after the wait | 503 `idempotency_in_flight`, `Retry-After` | 409, `Retry-After`, `Link` |
//! | same id, other body | a duplicate; 422 with [`strict_bodies`](IdempotencyLayer::strict_bodies) | 422 `idempotency_conflict`, `Link` |
//! | same signed bytes, other id | by [`ReplayGuard`] | by [`ReplayGuard`] |
//! | no id | runs; 400 with [`require_id`](IdempotencyLayer::require_id) | 400 `missing_event_id`, `Link` |
//! | id over 255 bytes, or not printable ASCII | 400 `malformed_event_id` | 400, `Link` |
//! | the store fails | by [`OnStoreFailure`]: 503 `idempotency_unavailable` | the same |
//! | too many claims in memory | 503 `over_capacity` | the same |
//! | draining | 503 `draining` | the same |
//!
//! A handler that panics is answered with 500, one that takes too long with 503. Both are outcomes and
//! no refusals: they carry an [`Outcome`](crate::Outcome).
//!
//! # The run outlives its client
//!
//! Senders hang up after a few seconds, and a server drops the work of a connection that is gone. A run
//! that has begun is handed to the tokio runtime then, and ends there: the retry gets its answer. Use
//! [`Drain`] so that the process does not end before its runs do, and what its grace is too short for is given back, or
//! [`OnDisconnect::CancelAndRelease`] where a handler may be stopped anywhere.
//!
//! A handler that is pending keeps its claim: one task extends the leases of all runs. Where it could not, since the
//! process stood still or the store was away, and another run has taken over, the handler can know it:
//! [`IdempotencyContext::claim_lost`].
//!
//! # Deployment
//!
//! * Nobody can promise *exactly once*. When a process dies between what the handler did and the
//!   record of it, the delivery runs again once the lease (30 s) has lapsed. Where that must not be,
//!   use the key in [`IdempotencyContext`] as a unique constraint in the handler's own transaction.
//! * `MemoryStore` (feature `moka`) serves one process. Several instances need a store they share.
//! * Waiting, leases of long runs and time limits need a tokio runtime with time enabled.
//! * gRPC: unary calls. An answer of more than 4 MiB is passed on and its claim released.
//!
//! # Example
//!
//! It stands behind a [`SignatureLayer`](crate::SignatureLayer), whose deliveries it takes:
//!
#![cfg_attr(feature = "moka", doc = "```")]
#![cfg_attr(not(feature = "moka"), doc = "```text")]
//! use std::convert::Infallible;
//!
//! use bytes::Bytes;
//! use http::{Request, Response};
//! use http_body_util::Full;
//! use tower::ServiceBuilder;
//! use tower_webhook::testing::{self, Endpoint};
//! use tower_webhook::{IdempotencyLayer, RawBodyLayer, Reason, Secret, SignatureLayer, VerifiedBody, provider};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), tower_webhook::ConfigError> {
//! let service = ServiceBuilder::new()
//!     .layer(RawBodyLayer::new())
//!     .layer(SignatureLayer::new(provider::STRIPE, Secret::short("whsec_test")?)?)
//!     .layer(IdempotencyLayer::in_memory().require_id())
//!     .service_fn(async |_: Request<VerifiedBody>| Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("done"))));
//!
//! let endpoint = Endpoint::new(service);
//! let delivery = testing::delivery(provider::STRIPE, "whsec_test").json(r#"{"id":"evt_1"}"#);
//! endpoint.send(&delivery).await.assert_accepted();
//! endpoint.send(&delivery).await.assert_duplicate(); // with the answer of the first
//!
//! let nameless = testing::delivery(provider::STRIPE, "whsec_test").json("{}");
//! endpoint.send(&nameless).await.assert_rejected(Reason::MissingEventId);
//! # Ok(())
//! # }
//! ```
//!
//! # Links
//!
//! * [The Idempotency-Key HTTP Header Field](https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/)
//! * [How to do distributed locking](https://martin.kleppmann.com/2016/02/08/how-to-do-distributed-locking.html):
//!   what a token can fence and what not

mod answer;
mod breaker;
mod case;
mod config;
mod counted;
mod drain;
mod erased;
mod flights;
mod future;
mod heart;
mod held;
mod layer;
mod log;
#[cfg(feature = "moka")]
mod memory;
#[cfg(not(feature = "moka"))]
#[path = "memory_disabled.rs"]
mod memory;
mod policy;
#[cfg(feature = "postgres")]
mod postgres;
mod record;
#[cfg(feature = "redis")]
mod redis;
mod run;
mod service;
mod standby;
mod store;
mod verdict;

#[cfg(all(test, feature = "moka"))]
mod tests;

pub use drain::{Drain, Drained};
pub use erased::StoreError;
pub use future::IdempotencyFuture;
pub use layer::IdempotencyLayer;
#[cfg(feature = "moka")]
pub use memory::MemoryStore;
pub use policy::{Directive, OnDisconnect, OnStoreFailure, Profile, ReplayGuard};
#[cfg(feature = "postgres")]
pub use postgres::{PostgresError, PostgresOptions, PostgresStore};
#[cfg(feature = "redis")]
pub use redis::{RedisOptions, RedisStore};
pub use service::IdempotencyService;
pub use store::{Claim, Claimed, Fenced, Guarantees, Guarded, Store, Survives};

pub use crate::delivery_key::{DeliveryName, Fingerprint, Key};
pub use crate::run_context::{IdempotencyContext, Token};
