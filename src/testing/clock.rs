//! A clock to turn by hand.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::{Clock, UnixTime};

/// A clock that stands still until it is turned. Clones are the same clock.
#[derive(Clone, Debug)]
pub struct FakeClock(Arc<Mutex<Hands>>);

#[derive(Debug)]
struct Hands {
    wall: Option<UnixTime>,
    monotonic: Duration,
}

impl FakeClock {
    /// A clock that shows `now`.
    #[must_use]
    pub fn at(now: UnixTime) -> Self {
        Self(Arc::new(Mutex::new(Hands { wall: Some(now), monotonic: Duration::ZERO })))
    }

    /// Time passes: both clocks go on.
    pub fn advance(&self, by: Duration) {
        let mut hands = self.hands();
        hands.wall = hands.wall.map(|wall| wall.saturating_add(by));
        hands.monotonic = hands.monotonic.saturating_add(by);
    }

    /// Somebody sets the wall clock; the monotonic one does not notice. `None`: before 1970.
    pub fn set(&self, now: Option<UnixTime>) {
        self.hands().wall = now;
    }

    fn hands(&self) -> MutexGuard<'_, Hands> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Option<UnixTime> {
        self.hands().wall
    }

    fn monotonic(&self) -> Duration {
        self.hands().monotonic
    }
}
