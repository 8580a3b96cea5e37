//! What an inbox counts: the closed lists of labels, and the handles.

/// What became of a delivery that was to be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    Duplicate,
    Error,
    Full,
    New,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attempted {
    Dead,
    Done,
    Retry,
}

impl Attempted {
    /// The field `webhook.outcome`.
    pub(crate) const fn outcome(self) -> &'static str {
        match self {
            Self::Dead => "dead",
            Self::Done => "done",
            Self::Retry => "retry",
        }
    }
}

#[cfg(feature = "metrics")]
mod handles {
    use std::sync::Arc;
    use std::time::Duration;

    use ::metrics::{Counter, Gauge, Histogram};

    use super::super::register::{self, Family};
    use super::{Attempted, Stored};
    use crate::names;

    /// What an inbox counts.
    #[derive(Clone, Debug)]
    pub(crate) struct InboxMetrics(Arc<Inbox>);

    #[derive(Debug)]
    struct Inbox {
        stored: [Counter; 4],
        took: Histogram,
        subscribers: Vec<Subscriber>,
    }

    #[derive(Debug)]
    struct Subscriber {
        name: Box<str>,
        attempts: [Counter; 3],
        pending: Gauge,
        dead: Gauge,
        oldest: Gauge,
    }

    impl InboxMetrics {
        pub(crate) fn new<'a>(subscribers: impl IntoIterator<Item = &'a str>) -> Self {
            use names::{RESULT, SUBSCRIBER};

            register::info();
            let (stored, attempts) = (Family::new(names::INBOX_STORED), Family::new(names::INBOX_ATTEMPTS));
            let pending = Family::new(names::INBOX_PENDING);
            let (dead, oldest) = (Family::new(names::INBOX_DEAD_LETTERS), Family::new(names::INBOX_DEAD_LETTER_AGE));
            let of = |name: &str| Subscriber {
                name: name.into(),
                attempts: ["dead", "done", "retry"]
                    .map(|result| attempts.counter(&[(SUBSCRIBER, name), (RESULT, result)])),
                pending: pending.gauge(&[(SUBSCRIBER, name)]),
                dead: dead.gauge(&[(SUBSCRIBER, name)]),
                oldest: oldest.gauge(&[(SUBSCRIBER, name)]),
            };
            Self(Arc::new(Inbox {
                stored: ["duplicate", "error", "full", "new"].map(|result| stored.counter(&[(RESULT, result)])),
                took: Family::new(names::INBOX_STORE_DURATION).histogram(&[]),
                subscribers: subscribers.into_iter().map(of).collect(),
            }))
        }

        pub(crate) fn stored(&self, stored: Stored, took: Duration) {
            if let Some(counter) = self.0.stored.get(stored as usize) {
                counter.increment(1);
            }
            self.0.took.record(took.as_secs_f64());
        }

        pub(crate) fn attempted(&self, subscriber: &str, attempted: Attempted) {
            let one = self.0.subscribers.iter().find(|one| *one.name == *subscriber);
            if let Some(counter) = one.and_then(|one| one.attempts.get(attempted as usize)) {
                counter.increment(1);
            }
        }

        pub(crate) fn stands(&self, subscriber: &str, pending: u64, dead: u64, oldest: Duration) {
            if let Some(one) = self.0.subscribers.iter().find(|one| *one.name == *subscriber) {
                one.pending.set(pending as f64);
                one.dead.set(dead as f64);
                one.oldest.set(oldest.as_secs_f64());
            }
        }
    }
}

#[cfg(not(feature = "metrics"))]
mod handles {
    use std::time::Duration;

    use super::{Attempted, Stored};

    /// Counts nothing.
    #[derive(Clone, Debug)]
    pub(crate) struct InboxMetrics;

    impl InboxMetrics {
        pub(crate) fn new<'a>(_: impl IntoIterator<Item = &'a str>) -> Self {
            Self
        }

        pub(crate) const fn stored(&self, _: Stored, _: Duration) {}

        pub(crate) const fn attempted(&self, _: &str, _: Attempted) {}

        pub(crate) const fn stands(&self, _: &str, _: u64, _: u64, _: Duration) {}
    }
}

pub(crate) use handles::InboxMetrics;
