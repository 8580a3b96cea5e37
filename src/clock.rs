//! The one place that reads the time.
//!
//! Everything that asks what time it is goes through [`Clock`], so that a test (or a replay of
//! captured deliveries) turns the time by hand instead of sleeping.
//!
//! Deployment caveat: signed timestamps are compared with the wall clock of this machine, so keep
//! NTP running. A wall clock before 1970 is no time at all: [`Clock::now`] gives `None`, and what
//! needs the time answers 503 rather than guess.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

/// As far ahead as anything is told, well within what stores and caches can count.
pub(crate) const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// A point in time, counted from 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime(Duration);

impl UnixTime {
    /// From whole seconds.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(Duration::from_secs(secs))
    }

    /// From milliseconds.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(Duration::from_millis(millis))
    }

    /// Whole seconds, rounded down.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0.as_secs()
    }

    /// Whole milliseconds, rounded down.
    #[must_use]
    pub const fn as_millis(self) -> u128 {
        self.0.as_millis()
    }

    /// The time that lies `by` later; the largest time there is where that cannot be written.
    #[must_use]
    pub const fn saturating_add(self, by: Duration) -> Self {
        Self(self.0.saturating_add(by))
    }

    /// The time that lies `by` earlier, but never before 1970.
    #[must_use]
    pub const fn saturating_sub(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(by))
    }

    /// How long after `earlier` this is; zero where it is not after it.
    #[must_use]
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// Where the time comes from.
///
/// `tower_webhook::testing::FakeClock` (feature `testing`) is one to turn by hand.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The wall clock; `None` where it stands before 1970 and thus is wrong.
    fn now(&self) -> Option<UnixTime>;

    /// Time since an origin that is fixed for the life of the process. Never goes backwards;
    /// leases and deadlines are judged by it.
    fn monotonic(&self) -> Duration;
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> Option<UnixTime> {
        (**self).now()
    }

    fn monotonic(&self) -> Duration {
        (**self).monotonic()
    }
}

/// The clock of the operating system.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct SystemClock;

impl SystemClock {
    /// The clock of this machine.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Option<UnixTime> {
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok().map(UnixTime)
    }

    fn monotonic(&self) -> Duration {
        static ORIGIN: OnceLock<Instant> = OnceLock::new();
        ORIGIN.get_or_init(Instant::now).elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_monotonic_clock_never_goes_backwards() {
        let first = SystemClock.monotonic();
        assert!(SystemClock.monotonic() >= first);
    }

    #[test]
    fn the_difference_of_times_never_wraps() {
        let (early, late) = (UnixTime::from_secs(1), UnixTime::from_secs(u64::MAX));
        assert_eq!(early.saturating_since(late), Duration::ZERO);
        assert_eq!(late.saturating_add(Duration::MAX).saturating_since(early), Duration::MAX - Duration::from_secs(1));
        assert_eq!(early.saturating_sub(Duration::MAX), UnixTime::from_secs(0));
    }
}
