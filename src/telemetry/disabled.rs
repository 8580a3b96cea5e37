//! The handles, for builds with neither of the features `metrics` and `otel`: the same interface, and nothing behind it.

use std::time::Duration;

use super::{Decision, End, Operation, Seen};
use crate::clock::UnixTime;
use crate::outcome::Outcome;
use crate::rejection::Reason;

/// Counts nothing.
#[derive(Clone, Debug)]
pub(crate) struct RequestMetrics;

impl RequestMetrics {
    pub(crate) const fn new(_: &str, _: &str) -> Self {
        Self
    }

    pub(crate) const fn begin(&self) -> InFlight {
        InFlight
    }
}

/// Counts nothing.
#[derive(Debug)]
pub(crate) struct InFlight;

impl InFlight {
    pub(crate) const fn ended(&self, _: End, _: Duration) {}
}

/// Counts nothing.
#[derive(Clone, Debug)]
pub(crate) struct SignatureMetrics;

impl SignatureMetrics {
    pub(crate) fn new<'a>(_: &str, _: &str, _: impl IntoIterator<Item = &'a str>) -> Self {
        Self
    }

    pub(crate) const fn verified(&self, _: &str, _: Seen, _: Duration) {}

    pub(crate) const fn announce(&self, _: &[&str]) {}

    pub(crate) const fn key_expires(&self, _: &str, _: UnixTime) {}
}

/// Counts nothing.
#[derive(Clone, Debug)]
pub(crate) struct AllowlistMetrics;

impl AllowlistMetrics {
    pub(crate) const fn new(_: &str) -> Self {
        Self
    }

    pub(crate) const fn decided(&self, _: Decision) {}
}

/// Counts nothing.
#[derive(Clone, Debug)]
pub(crate) struct ReportMetrics;

impl ReportMetrics {
    pub(crate) const fn new(_: &str, _: &[Reason]) -> Self {
        Self
    }

    pub(crate) const fn reported(&self, _: Reason) {}
}

/// Counts nothing.
#[derive(Clone, Debug)]
pub(crate) struct ReloadMetrics;

impl ReloadMetrics {
    pub(crate) const fn of_ring(_: &str) -> Self {
        Self
    }

    pub(crate) const fn of_list(_: &str) -> Self {
        Self
    }

    pub(crate) const fn loaded(&self, _: UnixTime) {}

    pub(crate) const fn failed(&self) {}
}

/// Counts nothing.
#[derive(Debug)]
pub(crate) struct ReplayMetrics;

impl ReplayMetrics {
    pub(crate) const fn entered(_: &str) {}

    pub(crate) const fn refused(_: &str) {}
}

/// Counts nothing.
#[derive(Clone, Debug)]
pub(crate) struct HealthMetrics;

impl HealthMetrics {
    pub(crate) const fn is(&self, _: bool) {}
}

/// Counts nothing.
#[derive(Clone, Debug)]
pub(crate) struct IdempotencyMetrics;

impl IdempotencyMetrics {
    pub(crate) const fn new(_: &str) -> Self {
        Self
    }

    pub(crate) const fn operation(&self, _: Operation, _: Duration) {}

    pub(crate) const fn entries(&self, _: u64) {}

    pub(crate) const fn evicted_early(&self, _: u64) {}

    pub(crate) const fn run_abandoned(&self) {}

    pub(crate) const fn replay_guard_hit(&self) {}

    pub(crate) const fn ran_without_store(&self, _: Outcome) {}
}
