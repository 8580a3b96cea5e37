// The links of the README lead to docs.rs, for those who read it elsewhere. Here the first definition counts.
#![doc = "[`SecretPathLayer`]: crate::secret_path::SecretPathLayer"]
#![doc = "[`VerifyingKey`]: crate::VerifyingKey"]
#![doc = "[`explain`]: crate::explain"]
#![doc = "[`guide`]: crate::guide"]
#![doc = "[`idempotency`]: crate::idempotency"]
#![doc = "[`provider`]: crate::provider"]
#![doc = "[`rejection`]: crate::rejection"]
#![doc = "[`scheme`]: crate::scheme"]
#![doc = "[`scheme::Verifier`]: crate::scheme::Verifier"]
#![doc = "[`signature::Explainer`]: crate::signature::Explainer"]
#![doc = "[`signature::WatchedSecrets`]: crate::signature::WatchedSecrets"]
#![doc = "[`signature::resolver_fn`]: crate::signature::resolver_fn"]
#![doc = ""]
#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

// Facts: no tower, no async, no I/O.
pub mod body;
pub mod clock;
mod config_error;
pub mod connection;
mod coverage;
mod delivery;
mod delivery_key;
mod encoding;
mod json_pointer;
pub mod names;
mod outcome;
#[cfg(feature = "postgres")]
mod postgres;
pub mod redact;
pub mod rejection;
#[cfg(any(feature = "postgres", feature = "send", feature = "sqlite"))]
#[cfg_attr(not(all(feature = "send", any(feature = "postgres", feature = "sqlite"))), allow(dead_code))]
mod retry_schedule;
mod run_context;
pub mod secret;
mod strict_json;
mod takeover;
#[cfg_attr(not(any(feature = "metrics", feature = "otel")), allow(dead_code))]
mod telemetry;
mod verifying_key;

// Engine: pure functions.
mod acknowledgement;
#[cfg(any(feature = "cli", feature = "journal"))]
#[cfg_attr(docsrs, doc(cfg(any(feature = "cli", feature = "journal"))))]
pub mod capture;
pub mod client_ip;
pub mod crypto;
pub mod explain;
pub mod provider;
pub mod scheme;

// Middleware: one folder a concern.
pub mod ack_deadline;
pub mod allowlist;
pub mod challenge;
pub mod danger;
pub mod https_only;
pub mod idempotency;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
#[cfg_attr(docsrs, doc(cfg(any(feature = "postgres", feature = "sqlite"))))]
pub mod inbox;
#[cfg(feature = "journal")]
#[cfg_attr(docsrs, doc(cfg(feature = "journal")))]
pub mod journal;
#[cfg(any(feature = "metrics", feature = "otel"))]
#[cfg_attr(docsrs, doc(cfg(any(feature = "metrics", feature = "otel"))))]
pub mod metrics;
#[cfg(not(any(feature = "metrics", feature = "otel")))]
#[allow(dead_code, unreachable_pub, unused_imports)]
mod metrics;
pub mod raw_body;
pub mod secret_path;
#[cfg(feature = "send")]
#[cfg_attr(docsrs, doc(cfg(feature = "send")))]
pub mod send;
pub mod signature;
pub mod sink;
#[cfg(feature = "tracing")]
#[cfg_attr(docsrs, doc(cfg(feature = "tracing")))]
pub mod trace;
#[cfg(not(feature = "tracing"))]
#[allow(dead_code, unreachable_pub, unused_imports)]
mod trace;

// The finished stack.
#[cfg_attr(not(any(feature = "metrics", feature = "otel")), allow(dead_code))]
pub mod health;
pub mod stack;

// Adapters, each behind its feature.
#[cfg(feature = "axum")]
#[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
pub mod axum;
#[cfg(any(doc, doctest))]
pub mod guide;
#[cfg(feature = "serve")]
#[cfg_attr(docsrs, doc(cfg(feature = "serve")))]
pub mod serve;
#[cfg(any(test, feature = "testing"))]
#[cfg_attr(docsrs, doc(cfg(feature = "testing")))]
pub mod testing;
#[cfg(feature = "tonic")]
#[cfg_attr(docsrs, doc(cfg(feature = "tonic")))]
pub mod tonic;

// The paved path.
pub use ack_deadline::AckDeadlineLayer;
pub use allowlist::AllowlistLayer;
pub use body::{RawBody, VerifiedBody};
pub use bytes;
pub use challenge::ChallengeLayer;
pub use config_error::{ConfigError, ConfigErrorKind};
pub use delivery::Delivery;
pub use https_only::HttpsOnlyLayer;
pub use idempotency::IdempotencyLayer;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub use inbox::{Inbox, InboxLayer};
#[cfg(feature = "journal")]
pub use journal::JournalLayer;
#[cfg(any(feature = "metrics", feature = "otel"))]
pub use metrics::MetricsLayer;
pub use outcome::Outcome;
pub use raw_body::RawBodyLayer;
pub use rejection::{Reason, Rejection};
pub use secret::{Secret, Secrets};
pub use secret_path::SecretPathLayer;
pub use signature::SignatureLayer;
pub use stack::{WebhookLayer, WebhookOptions};
#[cfg(feature = "tracing")]
pub use trace::TraceLayer;
pub use verifying_key::{KeyDocument, NamedKey, VerifyingKey};
