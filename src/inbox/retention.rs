//! How long what is finished is kept.

use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How many rows one sweep touches of each kind, so that no delivery waits for it.
pub(super) const AT_ONCE: u32 = 500;

/// How long what is finished is kept, and how many bytes the inbox may hold.
///
/// An event whose deliveries are all finished first loses its headers and body; its key stays as long as its sender
/// may deliver it again, so that copies are still recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Retention {
    pub(super) done: Duration,
    pub(super) dead: Duration,
    pub(super) max_bytes: u64,
}

impl Retention {
    /// Headers and bodies of what is done. Default: 7 days after it was received.
    pub const fn done(mut self, time: Duration) -> Self {
        self.done = time;
        self
    }

    /// Dead letters, from their death on; then they are discarded. Default: 30 days.
    pub const fn dead(mut self, time: Duration) -> Self {
        self.dead = time;
        self
    }

    /// The bytes of headers and bodies that the inbox may hold: beyond nine tenths of them, those of what is done go before
    /// their time, and if that is not enough, deliveries are refused with 503 `queue_full`. Keys, and what became of each
    /// delivery, stay longer and come on top; in a file the room of small bodies is free for others only when those go, too.
    /// Default: 8 GiB.
    pub const fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }
}

impl Default for Retention {
    fn default() -> Self {
        Self { done: DAY.saturating_mul(7), dead: DAY.saturating_mul(30), max_bytes: 8 << 30 }
    }
}
