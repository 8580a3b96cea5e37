//! Stops a subscriber that fails again and again from burning the attempts of everything that waits.

use std::time::Duration;

/// Opens after so many failures in a row, for so long; then one delivery at a time is tried: a success closes it, a
/// failure begins the pause anew.
#[derive(Clone, Debug)]
pub(super) struct Breaker {
    threshold: u32,
    pause: Duration,
    failures: u32,
    open_until: Option<Duration>,
}

impl Breaker {
    pub(super) const fn new(threshold: u32, pause: Duration) -> Self {
        Self { threshold, pause, failures: 0, open_until: None }
    }

    /// How many may run at this moment, of `most`. `now` is monotonic.
    pub(super) fn allows(&self, now: Duration, most: usize) -> usize {
        match self.open_until {
            None => most,
            Some(until) if now < until => 0,
            Some(_) => most.min(1),
        }
    }

    pub(super) const fn succeeded(&mut self) {
        self.failures = 0;
        self.open_until = None;
    }

    /// `true` if it opened by this.
    pub(super) fn failed(&mut self, now: Duration) -> bool {
        self.failures = self.failures.saturating_add(1);
        let opens = self.failures >= self.threshold;
        if opens {
            self.open_until = Some(now.saturating_add(self.pause));
        }
        opens
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn it_opens_after_failures_in_a_row_lets_one_try_and_closes_on_success() {
        let mut breaker = Breaker::new(2, SECOND);
        assert!(!breaker.failed(Duration::ZERO));
        breaker.succeeded();
        assert!(!breaker.failed(Duration::ZERO));
        assert!(breaker.failed(Duration::ZERO));
        assert_eq!(breaker.allows(Duration::ZERO, 8), 0);
        assert_eq!(breaker.allows(SECOND, 8), 1);
        assert!(breaker.failed(SECOND));
        assert_eq!(breaker.allows(SECOND, 8), 0);
        breaker.succeeded();
        assert_eq!(breaker.allows(SECOND, 8), 8);
    }
}
