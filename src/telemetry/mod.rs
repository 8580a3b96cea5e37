//! Handles of the metrics, resolved once when a layer is built.
//!
//! A handle is an atomic number: counting takes no lock, no allocation and no label text. All counters
//! of a group are registered at 0 when it is made, because a counter that is born at 1 has no increase
//! for an alert to see. Labels come from closed lists and from the configuration alone, never from a
//! request.
//!
//! Without the feature `metrics` the same types are empty.

#[cfg(not(feature = "metrics"))]
mod disabled;
#[cfg(feature = "metrics")]
mod enabled;
mod end;
#[cfg(feature = "sqlite")]
mod inbox;
#[cfg(feature = "metrics")]
mod log;
mod operation;
#[cfg(feature = "metrics")]
mod register;
#[cfg(all(test, feature = "metrics"))]
mod tests;

#[cfg(not(feature = "metrics"))]
pub(crate) use disabled::{AllowlistMetrics, IdempotencyMetrics, InFlight, RequestMetrics, SignatureMetrics};
#[cfg(feature = "metrics")]
pub(crate) use enabled::{AllowlistMetrics, IdempotencyMetrics, InFlight, RequestMetrics, SignatureMetrics};
pub(crate) use end::End;
#[cfg(feature = "sqlite")]
pub(crate) use inbox::{Attempted, InboxMetrics, Stored};
pub(crate) use operation::{Claimed, Decision, Operation, Written};
