//! What is counted of secrets, of lists, and of checks that are tried out, for builds with the feature `metrics`.

use std::sync::Arc;

use super::register::{self, Counter, Family, Gauge};
use crate::clock::UnixTime;
use crate::names;
use crate::rejection::Reason;

/// What a check in report-only mode counts.
#[derive(Clone, Debug)]
pub(crate) struct ReportMetrics(Arc<[(Reason, Counter)]>);

impl ReportMetrics {
    pub(crate) fn new(route: &str, reasons: &[Reason]) -> Self {
        register::info();
        let reports = Family::new(names::REPORT_ONLY);
        let counter =
            |reason: &Reason| (*reason, reports.counter(&[(names::ROUTE, route), (names::REASON, reason.code())]));
        Self(reasons.iter().map(counter).collect())
    }

    pub(crate) fn reported(&self, reason: Reason) {
        if let Some((_, counter)) = self.0.iter().find(|(known, _)| *known == reason) {
            counter.increment(1);
        }
    }
}

/// What a ring of secrets, or a list of networks, counts when it is loaded.
#[derive(Clone, Debug)]
pub(crate) struct ReloadMetrics {
    failures: Counter,
    loaded: Gauge,
}

impl ReloadMetrics {
    pub(crate) fn of_ring(ring: &str) -> Self {
        register::info();
        let labels = [(names::RING, ring)];
        Self {
            failures: Family::new(names::SECRET_RELOAD_FAILURES).counter(&labels),
            loaded: Family::new(names::SECRET_RELOAD).unset_gauge(&labels),
        }
    }

    pub(crate) fn of_list(list: &str) -> Self {
        register::info();
        let labels = [(names::LIST, list)];
        Self {
            failures: Family::new(names::ALLOWLIST_REFRESH_FAILURES).counter(&labels),
            loaded: Family::new(names::ALLOWLIST_REFRESH).unset_gauge(&labels),
        }
    }

    /// It was loaded, or found to be as it was.
    pub(crate) fn loaded(&self, at: UnixTime) {
        self.loaded.set(at.as_secs() as f64);
    }

    /// The last good one is kept.
    pub(crate) fn failed(&self) {
        self.failures.increment(1);
    }
}
