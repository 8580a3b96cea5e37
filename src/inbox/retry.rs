//! When a delivery that failed is tried again.

use std::time::Duration;

/// How long to wait after each failed attempt, ±20 % by chance. One more attempt than there are delays; then the
/// delivery is a dead letter.
///
/// Default: 1 s, 5 s, 30 s, 2 min, 10 min, 30 min, 1 h, 2 h, 5 h, 10 h: eleven attempts in about 18.7 hours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetrySchedule {
    delays: Vec<Duration>,
    jitter: Jitter,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Jitter {
    Fifth,
    None,
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

impl RetrySchedule {
    /// Delays of your own. An empty list: one attempt.
    #[must_use]
    pub fn custom(delays: impl IntoIterator<Item = Duration>) -> Self {
        Self { delays: delays.into_iter().collect(), jitter: Jitter::Fifth }
    }

    /// The example of [Standard Webhooks](https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md):
    /// 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h.
    #[must_use]
    pub fn standard_webhooks() -> Self {
        Self::seconds(&[5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR])
    }

    /// As [Svix](https://docs.svix.com/retries) does: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 10 h.
    #[must_use]
    pub fn svix() -> Self {
        Self::seconds(&[5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR])
    }

    /// As Convoy does: 10 s, 30 s, 1 min, 3 min, 5 min, 10 min, 15 min.
    #[must_use]
    pub fn convoy() -> Self {
        Self::seconds(&[10, 30, MINUTE, 3 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE])
    }

    fn seconds(delays: &[u64]) -> Self {
        Self::custom(delays.iter().copied().map(Duration::from_secs))
    }

    /// Exactly these delays, without chance.
    #[must_use]
    pub const fn without_jitter(mut self) -> Self {
        self.jitter = Jitter::None;
        self
    }

    /// How many attempts there are in all.
    #[must_use]
    pub fn max_attempts(&self) -> u32 {
        u32::try_from(self.delays.len()).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// The delay after this many attempts; `None`: that was the last one. `chance` is any number.
    pub(super) fn delay(&self, attempts: u32, chance: u64) -> Option<Duration> {
        let at = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
        let delay = *self.delays.get(at)?;
        Some(match self.jitter {
            Jitter::None => delay,
            // 80 to 120 hundredths.
            Jitter::Fifth => {
                let percent = u32::try_from(chance % 41).unwrap_or_default().saturating_add(80);
                delay.saturating_mul(percent) / 100
            }
        })
    }
}

impl Default for RetrySchedule {
    fn default() -> Self {
        Self::seconds(&[1, 5, 30, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 5 * HOUR, 10 * HOUR])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_varies_by_a_fifth_each_way_and_no_more() {
        let schedule = RetrySchedule::custom([Duration::from_secs(100)]);
        let delays: Vec<_> = (0..41).map(|chance| schedule.delay(1, chance).unwrap()).collect();
        assert_eq!(delays.iter().min(), Some(&Duration::from_secs(80)));
        assert_eq!(delays.iter().max(), Some(&Duration::from_secs(120)));
        assert_eq!(schedule.delay(2, 0), None);
    }

    #[test]
    fn each_preset_ends() {
        for (schedule, attempts) in [
            (RetrySchedule::default(), 11),
            (RetrySchedule::standard_webhooks(), 10),
            (RetrySchedule::svix(), 8),
            (RetrySchedule::convoy(), 8),
            (RetrySchedule::custom([]), 1),
        ] {
            assert_eq!(schedule.max_attempts(), attempts);
            assert!(schedule.delay(attempts, 0).is_none());
            assert!(attempts == 1 || schedule.delay(attempts - 1, 0).is_some());
        }
    }
}
