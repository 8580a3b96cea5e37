//! Deliveries that nobody tries any more.

use std::fmt;

use crate::clock::UnixTime;

/// A delivery that failed for good, or too often. It stays where it is until it is requeued, discarded or too old.
///
/// `Debug` shows no body.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DeadLetter {
    /// The number of the event in this inbox.
    pub seq: i64,
    /// Whose delivery it is.
    pub subscriber: String,
    /// The route by which it came.
    pub route: String,
    /// The sender.
    pub provider: String,
    /// The sender's id.
    pub delivery_id: Option<String>,
    /// The type of the event.
    pub event_type: Option<String>,
    /// How often it was tried.
    pub attempts: u32,
    /// What the last attempt answered.
    pub last_status: Option<u16>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// When it was received.
    pub received_at: UnixTime,
    /// When it was given up.
    pub died_at: UnixTime,
    /// How many bytes its body has.
    pub body_len: u64,
}

/// Which dead letters. Without any condition: all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct DeadLetterFilter {
    pub(super) subscriber: Option<String>,
    pub(super) route: Option<String>,
    pub(super) event_type: Option<String>,
    pub(super) seq: Option<i64>,
    pub(super) received_before: Option<i64>,
}

impl DeadLetterFilter {
    /// All of them.
    pub fn all() -> Self {
        Self::default()
    }

    /// Those of this subscriber.
    pub fn subscriber(mut self, name: &str) -> Self {
        self.subscriber = Some(name.to_owned());
        self
    }

    /// Those that came by this route.
    pub fn route(mut self, name: &str) -> Self {
        self.route = Some(name.to_owned());
        self
    }

    /// Those of this event type, exactly.
    pub fn event_type(mut self, event_type: &str) -> Self {
        self.event_type = Some(event_type.to_owned());
        self
    }

    /// Those of one event.
    pub const fn seq(mut self, seq: i64) -> Self {
        self.seq = Some(seq);
        self
    }

    /// Those that were received before this time.
    pub fn received_before(mut self, time: UnixTime) -> Self {
        self.received_before = Some(super::event::millis(time));
        self
    }
}

/// What a dead letter holds.
#[derive(Clone)]
#[non_exhaustive]
pub struct DeadLetterContent {
    /// The headers that were kept: `name: value`, a line each.
    pub headers: Vec<u8>,
    /// The body, byte for byte.
    pub body: Vec<u8>,
}

impl fmt::Debug for DeadLetterContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadLetterContent").field("body_len", &self.body.len()).finish_non_exhaustive()
    }
}
