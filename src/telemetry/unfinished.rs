//! What is counted of deliveries that were acknowledged before their handler had finished.

/// How it went on at the deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unfinished {
    /// Acknowledged, then done.
    Done,
    /// Acknowledged, then failed: the inbox tries it again.
    Failed,
    /// Acknowledged, then failed: nothing tries it again.
    Lost,
    /// Not acknowledged: it could not be stored.
    NotStored,
}

#[cfg(any(feature = "metrics", feature = "otel"))]
mod handles {
    use super::super::register::{self, Counter, Family};
    use super::Unfinished;
    use crate::names;

    /// What a layer with a deadline counts.
    #[derive(Clone, Debug)]
    pub(crate) struct UnfinishedMetrics([Counter; 4]);

    impl UnfinishedMetrics {
        pub(crate) fn new() -> Self {
            register::info();
            let family = Family::new(names::ACK_DEADLINE);
            Self(["done", "failed", "lost", "not_stored"].map(|result| family.counter(&[(names::RESULT, result)])))
        }

        pub(crate) fn count(&self, unfinished: Unfinished) {
            if let Some(counter) = self.0.get(unfinished as usize) {
                counter.increment(1);
            }
        }
    }
}

#[cfg(not(any(feature = "metrics", feature = "otel")))]
mod handles {
    use super::Unfinished;

    /// Counts nothing.
    #[derive(Clone, Debug)]
    pub(crate) struct UnfinishedMetrics;

    impl UnfinishedMetrics {
        pub(crate) const fn count(&self, _: Unfinished) {}
    }
}

pub(crate) use handles::UnfinishedMetrics;
