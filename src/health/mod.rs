//! Says whether this process lives and whether it can take deliveries, and takes it out of service in order.
//!
//! * [`Health::live`] answers 200 for as long as the runtime answers at all. It asks nobody: a process is not to be
//!   killed because its store is away.
//! * [`Health::ready`] answers 200 while every [check](Health::check) passes and nobody [drains](Shutdown); else 503.
//!   The answer is `ok` or `unavailable` and nothing more; which check failed, and why, is in the log
//!   (target `tower_webhook::health`) and in the gauge `webhook_health`.
//!
//! Both take `GET` and `HEAD`; other methods are refused with 405. Checks run at the same time, each at most
//! [two seconds](Health::check_timeout), and at most once in [five](Health::keep_for): a flood of probes costs the store
//! nothing.
//!
//! Deployment caveats:
//!
//! * Keep these routes inside: they need no signature. Give `ready` to the load balancer and `live` to whoever restarts
//!   processes, never the other way round.
//! * A store that every process shares takes all of them out of service at once. That is right where deliveries would
//!   be refused anyway; with `OnStoreFailure::FailOpen` or `FailLocal` leave it out of the checks.
//! * [`Shutdown`] waits after it has said "not ready", so that the load balancer has looked before connections are
//!   closed. Give the process that long before it is killed: [`Shutdown::longest`].
//!
//! # Example
//!
//! ```
//! use std::time::Duration;
//!
//! use http::Request;
//! use tower::ServiceExt;
//! use tower_webhook::IdempotencyLayer;
//! use tower_webhook::health::{Health, Shutdown};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let idempotency = IdempotencyLayer::in_memory();
//! let store = idempotency.clone();
//! let health = Health::new().check("store", move || {
//!     let store = store.clone();
//!     async move { store.probe().await }
//! });
//!
//! // Routes of their own: `Router::new().route_service("/health/ready", health.ready())`.
//! let probe = || Request::get("/health/ready").body(());
//! assert_eq!(health.ready().oneshot(probe()?).await?.status(), 200);
//!
//! // Not ready any more, a wait, then the server's own shutdown, then the runs.
//! let shutdown = Shutdown::new(&health).unready_for(Duration::ZERO).runs(&idempotency.drain());
//! # let signal = std::future::ready(());
//! shutdown.begin(signal).await; // in a program: `server.shutdown_on(shutdown.begin(signal)).serve(app)`
//! assert_eq!(health.ready().oneshot(probe()?).await?.status(), 503);
//! assert_eq!(health.live().oneshot(probe()?).await?.status(), 200);
//! assert!(shutdown.finish().await.is_clean());
//! # Ok(())
//! # }
//! ```
//!
//! See also: [liveness and readiness of
//! Kubernetes](https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/) ·
//! the guide's page on operations.

mod check;
mod log;
mod service;
mod shutdown;

pub use check::Health;
pub use service::HealthService;
pub use shutdown::{Finished, Shutdown};
