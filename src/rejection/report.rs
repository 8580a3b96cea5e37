//! Report-only mode: what would be refused is counted and told, and passes.

use std::sync::{Arc, OnceLock};

use http::Extensions;

use super::{Reason, Refusals, Rejection};
use crate::telemetry::ReportMetrics;

/// What checks in report-only mode would have refused: in the extensions of a request that passed all the same.
///
/// ```
/// use tower_webhook::rejection::ReportedOnly;
///
/// fn is_clean(request: &http::Request<()>) -> bool {
///     request.extensions().get::<ReportedOnly>().is_none()
/// }
/// # assert!(is_clean(&http::Request::new(())));
/// ```
#[derive(Clone, Debug)]
pub struct ReportedOnly(Vec<Rejection>);

impl ReportedOnly {
    /// The refusals, in the order of the checks. Never empty.
    #[must_use]
    pub fn refusals(&self) -> &[Rejection] {
        &self.0
    }
}

/// Makes a report of what would be a refusal.
#[derive(Clone, Debug)]
pub(crate) struct Reporter {
    /// All that the check can give.
    reasons: &'static [Reason],
    /// Resolved at the first service, when the name of the route is settled; if it is to be counted.
    metrics: Option<Arc<OnceLock<ReportMetrics>>>,
}

impl Reporter {
    pub(crate) const fn new(reasons: &'static [Reason]) -> Self {
        Self { reasons, metrics: None }
    }

    /// Another name of the route: what was resolved is not this one's.
    pub(crate) fn renamed(mut self) -> Self {
        self.metrics = self.metrics.map(|_| Arc::default());
        self
    }

    /// Counts, from the first service on.
    pub(crate) fn counted(mut self) -> Self {
        self.metrics = Some(Arc::default());
        self
    }

    /// The handles are there from now on.
    pub(crate) fn ready(&self, route: &str) {
        if let Some(metrics) = &self.metrics {
            metrics.get_or_init(|| ReportMetrics::new(route, self.reasons));
        }
    }

    /// Whether this check can be tried out where it would refuse for this reason; limits cannot.
    pub(crate) fn takes(&self, reason: Reason) -> bool {
        self.reasons.contains(&reason)
    }

    /// Counts and tells it, and notes it in the request.
    pub(crate) fn report(&self, refusals: &Refusals, rejection: Rejection, extensions: &mut Extensions) {
        if let Some(metrics) = self.metrics.as_deref().and_then(OnceLock::get) {
            metrics.reported(rejection.reason());
        }
        refusals.tell_report(&rejection);
        match extensions.get_mut::<ReportedOnly>() {
            Some(reported) => reported.0.push(rejection),
            None => drop(extensions.insert(ReportedOnly(vec![rejection]))),
        }
    }
}
