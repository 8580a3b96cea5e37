//! What an explainer counts.

#[cfg(any(feature = "metrics", feature = "otel"))]
mod handles {
    use std::sync::Arc;

    use super::super::register::{Counter, Family};
    use crate::names::{self, CAUSE, ROUTE};

    /// What the explanations of a route count.
    #[derive(Clone, Debug)]
    pub(crate) struct ExplainMetrics(Arc<Explained>);

    #[derive(Debug)]
    struct Explained {
        by_cause: Box<[Counter]>,
        suppressed: Counter,
    }

    impl ExplainMetrics {
        /// `causes` are all that there are, in their order.
        pub(crate) fn new<'a>(route: &str, causes: impl IntoIterator<Item = &'a str>) -> Self {
            // Without a word on a missing recorder: nobody has asked for metrics here.
            let explained = Family::new(names::EXPLANATIONS);
            let by_cause = causes.into_iter().map(|cause| explained.counter(&[(ROUTE, route), (CAUSE, cause)]));
            Self(Arc::new(Explained {
                by_cause: by_cause.collect(),
                suppressed: Family::new(names::EXPLANATIONS_SUPPRESSED).counter(&[(ROUTE, route)]),
            }))
        }

        pub(crate) fn explained(&self, cause: usize) {
            if let Some(counter) = self.0.by_cause.get(cause) {
                counter.increment(1);
            }
        }

        pub(crate) fn suppressed(&self) {
            self.0.suppressed.increment(1);
        }
    }
}

#[cfg(not(any(feature = "metrics", feature = "otel")))]
mod handles {
    /// Counts nothing.
    #[derive(Clone, Debug)]
    pub(crate) struct ExplainMetrics;

    impl ExplainMetrics {
        pub(crate) fn new<'a>(_: &str, _: impl IntoIterator<Item = &'a str>) -> Self {
            Self
        }

        pub(crate) const fn explained(&self, _: usize) {}

        pub(crate) const fn suppressed(&self) {}
    }
}

pub(crate) use handles::ExplainMetrics;
