//! Acknowledges first and works later: a durable inbox with fan-out, retries and dead letters.
//!
//! Senders wait a few seconds and then deliver again; work that takes longer, or that fails at times, must not hang on
//! their connection. An [`Inbox`] stores the verified delivery, its key and one row for each [`Subscriber`] in one
//! transaction, and answers 2xx only once that is on the disk. Workers then run the subscribers: ordinary services,
//! the same that stand behind a [`SignatureLayer`](crate::SignatureLayer), with the same
//! [`Delivery`](crate::Delivery) in the request.
//!
//! **What passes**: a verified delivery is stored and answered: with 200 and the sender's exact answer where it asks
//! for one; else with 202 where the sender is known to take that, and with 200 where it is not. A copy of it gets the same status with `Idempotent-Replayed: true`, marked with
//! [`Outcome::Duplicate`](crate::Outcome::Duplicate), and is not run again: the key is stored in the same transaction,
//! so that no [`IdempotencyLayer`](crate::IdempotencyLayer) is needed beside. Its
//! [replay guard](crate::IdempotencyLayer::replay_guard) is not in here: where the id is not signed, as GitHub's, one in front
//! finds what is sent again under another id. A delivery without an id is stored each time it comes. What was let in unsigned is never stored and goes to the service behind the layer.
//!
//! **What is refused**: with 503 and `Retry-After`, since the sender comes back: `inbox_unavailable` where it could
//! not be stored, `queue_full` where too much waits to be or the inbox holds as much as it may, `draining` at the end.
//! An id that is none: 400 `malformed_event_id`. After a write to the file or an fsync failed, or the disk was full,
//! nothing is stored any more **until the process is started again**: an fsync that is tried again may report a success
//! that it was not.
//!
//! # How subscribers are run
//!
//! * Each has progress, retries and dead letters of its own: one that fails never delays or repeats another.
//! * An attempt is counted, durably, just before its handler starts. What was running when the process died is a
//!   suspect at the next start, or when its lease has lapsed, and runs alone, so that an event that kills the process ends as a dead letter and takes
//!   no neighbour along.
//! * [`InboxOutcome`] says which answers mean done, later and never; [`RetrySchedule`] when later is. Due times are
//!   stored. A circuit breaker postpones while a subscriber does nothing but fail: what waits loses no attempt by it, but
//!   for the one delivery at a time that is tried after each pause.
//! * A delivery runs at least once, and once more for each time the process dies in the middle of its run: use the key
//!   of [`Delivery::idempotency`](crate::Delivery::idempotency) as a unique constraint where that matters.
//!
//! # Deployment
//!
//! * In a file ([`Inbox::sqlite`], feature `sqlite`): one process holds it, on a local disk; a second one gets a clear
//!   error. No network file systems: SQLite's log needs shared memory and locks that work.
//! * In a database ([`Inbox::postgres`], feature `postgres`): any number of processes, each with subscribers of its own.
//!   What one has belongs to it until its lease lapses; a database that stalls for three seconds is one that is away, and
//!   deliveries are refused meanwhile.
//! * `tower-webhook dead-letters` may work beside either.
//! * What is stored is personal data: the body in clear, and of the headers only those of
//!   [`keep_header`](InboxOptions::keep_header). The query of the URL is not stored.
//! * Durable is what the disk says is: a disk or hypervisor that lies about flushes keeps no promise.
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
//! use tower_webhook::inbox::{Inbox, Subscriber};
//! use tower_webhook::testing::{self, Endpoint};
//! use tower_webhook::{Delivery, Reason, Secret, SignatureLayer, VerifiedBody, WebhookLayer, provider};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = std::env::temp_dir().join(format!("tower-webhook-doc-{}", std::process::id()));
//! # std::fs::create_dir_all(&folder)?;
//! # let path = folder.join("webhooks.db");
//! let (done, mut handled) = tokio::sync::mpsc::unbounded_channel();
//! let billing = service_fn(move |request: Request<VerifiedBody>| {
//!     let id = request.extensions().get::<Delivery>().and_then(|delivery| delivery.id().map(|id| id.into_owned()));
//!     drop(done.send(id));
//!     async { Ok::<_, Infallible>(Response::new(Full::<Bytes>::default())) }
//! });
//!
//! let inbox = Inbox::sqlite(&path).subscriber(Subscriber::new("billing", billing)).open().await?;
//! inbox.start();
//! let signature = SignatureLayer::new(provider::STRIPE, Secret::short("whsec_test")?)?;
//! let endpoint = Endpoint::new(WebhookLayer::of(signature).layer(inbox.endpoint()));
//!
//! let delivery = testing::delivery(provider::STRIPE, "whsec_test").json(r#"{"id":"evt_1"}"#);
//! endpoint.send(&delivery).await.assert_accepted(); // it is on the disk
//! endpoint.send(&delivery).await.assert_duplicate();
//! assert_eq!(handled.recv().await.flatten().as_deref(), Some("evt_1"));
//! endpoint.send(&delivery.tampered()).await.assert_rejected(Reason::SignatureMismatch);
//!
//! inbox.drain(Duration::from_secs(5)).await?;
//! endpoint.send(&delivery).await.assert_rejected(Reason::Draining);
//! # std::fs::remove_dir_all(folder)?;
//! # Ok(()) }
//! ```
//!
//! The [guide](crate::guide::inbox) says what is promised, and what happens when something fails.
//!
//! # Links
//!
//! * [Write-ahead logging in SQLite](https://sqlite.org/wal.html), [`synchronous`](https://sqlite.org/pragma.html#pragma_synchronous)
//! * [PostgreSQL's fsync surprise](https://lwn.net/Articles/752063/): why an fsync that failed is not tried again

mod beside;
mod breaker;
mod dead_letter;
mod direct;
mod engine;
mod error;
mod event;
mod forget;
mod handle;
mod housekeeping;
mod layer;
mod log;
mod meta;
mod outcome;
#[cfg(feature = "postgres")]
mod postgres;
mod retention;
mod service;
#[cfg(feature = "sqlite")]
mod sqlite;
mod subscriber;
mod worker;

pub use beside::DeadLetters;
pub use dead_letter::{DeadLetter, DeadLetterContent, DeadLetterFilter};
pub use engine::{Counts, HeadOfLine};
pub use error::{InboxError, InboxErrorKind};
pub use handle::{Inbox, InboxDrained, InboxOptions};
pub use layer::InboxLayer;
pub use outcome::InboxOutcome;
pub use retention::Retention;
pub use service::{InboxEndpoint, InboxFuture, InboxService, NotVerified};
pub use subscriber::Subscriber;

pub use crate::retry_schedule::RetrySchedule;
