//! Handles of the metrics, resolved once when a layer is built.
//!
//! A handle is an atomic number: counting takes no lock, no allocation and no label text. All counters
//! of a group are registered at 0 when it is made, because a counter that is born at 1 has no increase
//! for an alert to see. Labels come from closed lists and from the configuration alone, never from a
//! request.
//!
//! Two backends: the `metrics` facade (feature `metrics`) and OpenTelemetry (feature `otel`). `register` gives each
//! value to both, and one that is not built takes no room. Without either the same types are empty. The spans of the
//! feature `tracing` are here, too.

mod buckets;
#[cfg(not(any(feature = "metrics", feature = "otel")))]
mod disabled;
#[cfg(any(feature = "metrics", feature = "otel"))]
mod enabled;
mod end;
mod explain;
#[cfg(feature = "metrics")]
mod facade;
#[cfg(all(feature = "otel", not(feature = "metrics")))]
#[path = "facade_off.rs"]
mod facade;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod inbox;
#[cfg(any(feature = "metrics", feature = "otel"))]
mod log;
#[cfg(all(feature = "axum", feature = "tracing"))]
mod matched_path;
#[cfg(all(not(feature = "axum"), feature = "tracing"))]
#[path = "matched_path_off.rs"]
mod matched_path;
#[cfg(feature = "otel")]
mod opentelemetry;
#[cfg(all(feature = "metrics", not(feature = "otel")))]
#[path = "opentelemetry_off.rs"]
mod opentelemetry;
mod operation;
#[cfg(any(feature = "metrics", feature = "otel"))]
mod register;
#[cfg(any(feature = "metrics", feature = "otel"))]
mod rings;
#[cfg(feature = "tracing")]
mod span;
#[cfg(not(feature = "tracing"))]
#[path = "span_disabled.rs"]
mod span;
#[cfg(all(test, feature = "metrics"))]
mod tests;
#[cfg_attr(not(all(any(feature = "postgres", feature = "sqlite"), feature = "tracing")), allow(dead_code))]
mod traceparent;
mod unfinished;

use crate::clock::UnixTime;

pub(crate) use buckets::BUCKETS;
#[cfg(all(feature = "journal", not(any(feature = "metrics", feature = "otel"))))]
pub(crate) use disabled::ReplayMetrics;
#[cfg(not(any(feature = "metrics", feature = "otel")))]
pub(crate) use disabled::{
    AllowlistMetrics, HealthMetrics, IdempotencyMetrics, InFlight, ReloadMetrics, ReportMetrics, RequestMetrics,
    SignatureMetrics,
};
#[cfg(all(feature = "journal", any(feature = "metrics", feature = "otel")))]
pub(crate) use enabled::ReplayMetrics;
#[cfg(any(feature = "metrics", feature = "otel"))]
pub(crate) use enabled::{
    AllowlistMetrics, HealthMetrics, IdempotencyMetrics, InFlight, RequestMetrics, SignatureMetrics,
};
pub(crate) use end::End;
pub(crate) use explain::ExplainMetrics;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(crate) use inbox::{Attempted, Death, InboxMetrics, Standing, Waiting};
pub(crate) use operation::{Claimed, Decision, Operation, Written};
#[cfg(any(feature = "metrics", feature = "otel"))]
pub(crate) use rings::{ReloadMetrics, ReportMetrics};
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(crate) use span::ProcessSpan;
pub(crate) use span::ReceiveSpan;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(crate) use traceparent::traceparent;
pub(crate) use unfinished::{Unfinished, UnfinishedMetrics};

/// What is counted of a delivery that was let through.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(any(feature = "metrics", feature = "otel")), allow(dead_code))]
pub(crate) struct Seen {
    /// Our time minus the signed time, in seconds.
    pub(crate) age_s: Option<f64>,
    pub(crate) body_len: usize,
    pub(crate) now: Option<UnixTime>,
}
