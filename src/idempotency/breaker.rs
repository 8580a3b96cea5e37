//! Stops asking a store that fails each time.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// After so many failures in a row the store is taken to be down.
const FAILURES: u32 = 3;
/// How long it is left alone then, before one call tries again.
const PAUSE: Duration = Duration::from_secs(1);

/// Closed while the store answers. Open, it lets one call through each second.
#[derive(Debug, Default)]
pub(super) struct Breaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    failures: u32,
    /// When the next call may try; only while it is open.
    next: Option<Instant>,
}

impl Breaker {
    /// Whether the store is to be asked now.
    pub(super) fn lets_through(&self) -> bool {
        let mut state = self.state();
        let Some(next) = state.next else { return true };
        let now = Instant::now();
        if now < next {
            return false;
        }
        state.next = Some(now + PAUSE);
        true
    }

    /// Whether its last answer was none.
    pub(super) fn is_failing(&self) -> bool {
        self.state().failures > 0
    }

    /// The store has answered, or has not.
    pub(super) fn heard(&self, answered: bool) {
        let mut state = self.state();
        if answered {
            *state = State::default();
        } else {
            state.failures = state.failures.saturating_add(1);
            if state.failures >= FAILURES {
                state.next = Some(Instant::now() + PAUSE);
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn three_failures_in_a_row_open_it_and_one_answer_closes_it() {
        let breaker = Breaker::default();
        assert!(!breaker.is_failing());
        for answered in [false, false, true, false, false] {
            breaker.heard(answered);
            assert_eq!(breaker.is_failing(), !answered);
            assert!(breaker.lets_through());
        }
        breaker.heard(false);
        assert!(!breaker.lets_through());
        tokio::time::advance(PAUSE).await;
        assert!(breaker.lets_through(), "one call tries");
        assert!(!breaker.lets_through(), "and only one");
        breaker.heard(false);
        assert!(!breaker.lets_through());
        tokio::time::advance(PAUSE).await;
        assert!(breaker.lets_through());
        breaker.heard(true);
        assert!(breaker.lets_through() && breaker.lets_through());
    }
}
