//! What an inbox counts: the closed lists of labels, and the handles.

use std::time::Duration;

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attempted {
    Dead,
    Done,
    Retry,
}

impl Attempted {
    /// The label `outcome`, and the field `webhook.outcome`.
    pub(crate) const fn outcome(self) -> &'static str {
        match self {
            Self::Dead => "dead",
            Self::Done => "ok",
            Self::Retry => "retry",
        }
    }
}

/// Why a delivery was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Death {
    /// The process ended at its last attempt, while the handler ran.
    Crashed,
    /// Its last attempt failed like those before.
    Exhausted,
    /// The handler said that no attempt will ever succeed.
    Permanent,
}

impl Death {
    /// Every reason there is, in the order they are declared.
    pub(crate) const ALL: [Self; 3] = [Self::Crashed, Self::Exhausted, Self::Permanent];

    /// The label `reason`.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Crashed => "crashed",
            Self::Exhausted => "exhausted",
            Self::Permanent => "permanent",
        }
    }
}

/// How a subscriber stands.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Standing {
    pub(crate) pending: u64,
    /// The age of the oldest of them.
    pub(crate) oldest: Duration,
    pub(crate) dead: u64,
}

#[cfg(any(feature = "metrics", feature = "otel"))]
mod handles {
    use std::sync::{Arc, PoisonError, RwLock};
    use std::time::Duration;

    use super::super::register::{self, Counter, Family, Gauge, Histogram};
    use super::{Attempted, Death, Standing};
    use crate::names;

    /// The values of the label `outcome`, in the order of [`Attempted`].
    const OUTCOMES: [&str; 3] = ["dead", "ok", "retry"];
    /// Distinct routes in the counters of dead letters; they come from what is stored. What is beyond is `_OTHER`.
    const MAX_ROUTES: usize = 256;

    /// What an inbox counts.
    #[derive(Clone, Debug)]
    pub(crate) struct InboxMetrics(Arc<Inbox>);

    #[derive(Debug)]
    struct Inbox {
        took: Histogram,
        waiting: Gauge,
        capacity: Gauge,
        subscribers: Vec<Subscriber>,
        routes: RwLock<Vec<(Box<str>, DeadLetters)>>,
        other_routes: DeadLetters,
    }

    #[derive(Debug)]
    struct Subscriber {
        name: Box<str>,
        jobs: [Counter; 3],
        durations: [Histogram; 3],
        end_to_end: Histogram,
        pending: Gauge,
        oldest: Gauge,
        dead: Gauge,
    }

    type DeadLetters = [Counter; Death::ALL.len()];

    /// Registers the counters of dead letters of a route, so that the first one is an increase.
    pub(in super::super) fn dead_letters_of(route: &str) -> DeadLetters {
        let family = Family::new(names::DEAD_LETTERS_TOTAL);
        Death::ALL.map(|death| family.counter(&[(names::ROUTE, route), (names::REASON, death.label())]))
    }

    impl InboxMetrics {
        pub(crate) fn new<'a>(subscribers: impl IntoIterator<Item = &'a str>, capacity: usize) -> Self {
            use names::{INTAKE, OUTCOME, QUEUE};

            register::info();
            let (jobs, durations) = (Family::new(names::JOBS), Family::new(names::JOB_DURATION));
            let (depth, oldest) = (Family::new(names::QUEUE_DEPTH), Family::new(names::QUEUE_OLDEST_AGE));
            let (end_to_end, dead) = (Family::new(names::END_TO_END_DURATION), Family::new(names::DEAD_LETTERS));
            let of = |name: &str| Subscriber {
                name: name.into(),
                jobs: OUTCOMES.map(|outcome| jobs.counter(&[(QUEUE, name), (OUTCOME, outcome)])),
                durations: OUTCOMES.map(|outcome| durations.histogram(&[(QUEUE, name), (OUTCOME, outcome)])),
                end_to_end: end_to_end.histogram(&[(QUEUE, name)]),
                pending: depth.gauge(&[(QUEUE, name)]),
                oldest: oldest.gauge(&[(QUEUE, name)]),
                dead: dead.gauge(&[(QUEUE, name)]),
            };
            let metrics = Inbox {
                took: Family::new(names::INBOX_STORE_DURATION).histogram(&[]),
                waiting: depth.gauge(&[(QUEUE, INTAKE)]),
                capacity: Family::new(names::QUEUE_CAPACITY).gauge(&[(QUEUE, INTAKE)]),
                subscribers: subscribers.into_iter().map(of).collect(),
                routes: RwLock::default(),
                other_routes: dead_letters_of(names::OTHER),
            };
            metrics.capacity.set(capacity as f64);
            Self(Arc::new(metrics))
        }

        /// One more delivery waits to be stored, until the guard is dropped.
        pub(crate) fn waits(&self) -> Waiting {
            self.0.waiting.increment(1.0);
            Waiting(self.clone())
        }

        /// A delivery was stored.
        pub(crate) fn stored(&self, took: Duration) {
            self.0.took.record(took.as_secs_f64());
        }

        /// An attempt ended so after this time.
        pub(crate) fn attempted(&self, subscriber: &str, attempted: Attempted, took: Duration) {
            let Some(one) = self.subscriber(subscriber) else { return };
            if let Some(counter) = one.jobs.get(attempted as usize) {
                counter.increment(1);
            }
            if let Some(histogram) = one.durations.get(attempted as usize) {
                histogram.record(took.as_secs_f64());
            }
        }

        /// A delivery was handled, so long after it was received.
        pub(crate) fn handled(&self, subscriber: &str, after: Duration) {
            if let Some(one) = self.subscriber(subscriber) {
                one.end_to_end.record(after.as_secs_f64());
            }
        }

        /// A delivery that came by this route was given up.
        pub(crate) fn died(&self, route: &str, death: Death) {
            let count = |counters: &DeadLetters| {
                if let Some(counter) = counters.get(death as usize) {
                    counter.increment(1);
                }
            };
            let mut routes = self.0.routes.write().unwrap_or_else(PoisonError::into_inner);
            if let Some((_, counters)) = routes.iter().find(|(known, _)| **known == *route) {
                return count(counters);
            }
            if routes.len() >= MAX_ROUTES {
                return count(&self.0.other_routes);
            }
            let counters = dead_letters_of(route);
            count(&counters);
            routes.push((route.into(), counters));
        }

        /// How the subscriber stands now.
        pub(crate) fn stands(&self, subscriber: &str, standing: Standing) {
            if let Some(one) = self.subscriber(subscriber) {
                one.pending.set(standing.pending as f64);
                one.oldest.set(standing.oldest.as_secs_f64());
                one.dead.set(standing.dead as f64);
            }
        }

        fn subscriber(&self, name: &str) -> Option<&Subscriber> {
            self.0.subscribers.iter().find(|one| *one.name == *name)
        }
    }

    /// A delivery that waits to be stored.
    #[derive(Debug)]
    #[must_use = "the delivery waits for as long as this lives"]
    pub(crate) struct Waiting(InboxMetrics);

    impl Drop for Waiting {
        fn drop(&mut self) {
            self.0.0.waiting.decrement(1.0);
        }
    }
}

#[cfg(not(any(feature = "metrics", feature = "otel")))]
mod handles {
    use std::time::Duration;

    use super::{Attempted, Death, Standing};

    /// Counts nothing.
    #[derive(Clone, Debug)]
    pub(crate) struct InboxMetrics;

    /// Counts nothing.
    #[derive(Debug)]
    pub(crate) struct Waiting;

    impl InboxMetrics {
        pub(crate) fn new<'a>(_: impl IntoIterator<Item = &'a str>, _: usize) -> Self {
            Self
        }

        pub(crate) const fn waits(&self) -> Waiting {
            Waiting
        }

        pub(crate) const fn stored(&self, _: Duration) {}

        pub(crate) const fn attempted(&self, _: &str, _: Attempted, _: Duration) {}

        pub(crate) const fn handled(&self, _: &str, _: Duration) {}

        pub(crate) const fn died(&self, _: &str, _: Death) {}

        pub(crate) const fn stands(&self, _: &str, _: Standing) {}
    }
}

#[cfg(any(feature = "metrics", feature = "otel"))]
pub(super) use handles::dead_letters_of;
pub(crate) use handles::{InboxMetrics, Waiting};
