//! How long to wait before each retry.

use std::borrow::Cow;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use crate::config_error::{ConfigError, ConfigErrorKind};

/// The longest wait that can be set: 30 days.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 3600);
/// How many retries can be set.
const MOST: usize = 1000;

const fn seconds<const N: usize>(seconds: [u64; N]) -> [Duration; N] {
    let mut waits = [Duration::ZERO; N];
    let mut at = 0;
    // `const` has no iterators. `at` stays below the length of both.
    while at < N {
        #[allow(clippy::indexing_slicing, reason = "proven by the condition")]
        {
            waits[at] = Duration::from_secs(seconds[at]);
        }
        at += 1;
    }
    waits
}

const MINUTE: u64 = 60;
const HOUR: u64 = 3600;

static OURS: [Duration; 10] =
    seconds([1, 5, 30, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 5 * HOUR, 10 * HOUR]);
static STANDARD_WEBHOOKS: [Duration; 9] =
    seconds([5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR]);
static SVIX: [Duration; 7] = seconds([5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR]);
static CONVOY: [Duration; 7] = seconds([10, 30, MINUTE, 3 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE]);

/// The waits before the first, second, … retry; when they are used up, there is no other. Each is varied by up to 20 %
/// either way, so that those who failed together do not come back together.
///
/// Default: 10 retries over 18.7 hours: 1 s, 5 s, 30 s, 2 min, 10 min, 30 min, 1 h, 2 h, 5 h, 10 h.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetrySchedule {
    waits: Cow<'static, [Duration]>,
    spread: Spread,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spread {
    Fifth,
    None,
}

impl Default for RetrySchedule {
    fn default() -> Self {
        Self::preset(&OURS)
    }
}

impl RetrySchedule {
    const fn preset(waits: &'static [Duration]) -> Self {
        Self { waits: Cow::Borrowed(waits), spread: Spread::Fifth }
    }

    /// The schedule that [Standard Webhooks](https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md)
    /// gives as its example: 9 retries over 75.6 hours (5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h).
    #[must_use]
    pub const fn standard_webhooks() -> Self {
        Self::preset(&STANDARD_WEBHOOKS)
    }

    /// The schedule of [Svix](https://docs.svix.com/retries): 7 retries over 27.6 hours (5 s, 5 min, 30 min, 2 h, 5 h, 10 h,
    /// 10 h).
    #[must_use]
    pub const fn svix() -> Self {
        Self::preset(&SVIX)
    }

    /// The schedule of [Convoy](https://www.getconvoy.io/docs): 7 retries over 35 minutes (10 s, 30 s, 1 min, 3 min,
    /// 5 min, 10 min, 15 min).
    #[must_use]
    pub const fn convoy() -> Self {
        Self::preset(&CONVOY)
    }

    /// No retry.
    #[must_use]
    pub const fn none() -> Self {
        Self::preset(&[])
    }

    /// One's own waits, one a retry; none at all: no retry.
    ///
    /// # Errors
    /// A wait of more than 30 days, more than 1,000 of them.
    pub fn custom(waits: impl IntoIterator<Item = Duration>) -> Result<Self, ConfigError> {
        let waits: Vec<_> = waits.into_iter().take(MOST + 1).collect();
        if waits.len() > MOST {
            return Err(ConfigError::new(ConfigErrorKind::Limit, format!("more than {MOST} retries")));
        }
        if let Some(wait) = waits.iter().find(|wait| **wait > LONGEST) {
            let detail = format!("a wait of {} s: no more than 30 days", wait.as_secs());
            return Err(ConfigError::new(ConfigErrorKind::Limit, detail));
        }
        Ok(Self { waits: waits.into(), spread: Spread::Fifth })
    }

    /// So many retries, each after twice the wait of the one before, up to `longest`.
    ///
    /// # Errors
    /// As [`custom`](Self::custom); a first wait of zero.
    pub fn exponential(first: Duration, longest: Duration, retries: usize) -> Result<Self, ConfigError> {
        if first.is_zero() {
            return Err(ConfigError::new(ConfigErrorKind::Limit, "a first wait of zero never grows"));
        }
        let waits = std::iter::successors(Some(first.min(longest)), |wait| Some(wait.saturating_mul(2).min(longest)));
        Self::custom(waits.take(retries))
    }

    /// Waits exactly as long as it says. For tests, and where one caller alone comes back.
    #[must_use]
    pub fn without_jitter(self) -> Self {
        Self { spread: Spread::None, ..self }
    }

    /// How many retries there are.
    #[must_use]
    pub fn retries(&self) -> usize {
        self.waits.len()
    }

    /// The wait before this retry, counted from 1, as it is written down; `None` once they are used up.
    #[must_use]
    pub fn nominal(&self, retry: u32) -> Option<Duration> {
        let at = usize::try_from(retry.checked_sub(1)?).ok()?;
        self.waits.get(at).copied()
    }

    /// The wait before this retry, counted from 1, varied anew at each call; `None` once they are used up.
    #[must_use]
    pub fn wait(&self, retry: u32) -> Option<Duration> {
        let wait = self.nominal(retry)?;
        Some(match self.spread {
            Spread::Fifth => spread(wait, random()),
            Spread::None => wait,
        })
    }
}

/// From 80 % to 120 %, by how large `random` is.
fn spread(wait: Duration, random: u16) -> Duration {
    wait.mul_f64(0.8 + 0.4 * f64::from(random) / f64::from(u16::MAX))
}

/// Good enough to keep apart those who wait; nothing is guarded by it.
fn random() -> u16 {
    let mut bytes = [0; 2];
    match getrandom::fill(&mut bytes) {
        Ok(()) => u16::from_be_bytes(bytes),
        Err(_) => u16::try_from(RandomState::new().hash_one(()) & u64::from(u16::MAX)).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_are_those_that_are_published() {
        let total =
            |schedule: &RetrySchedule| (1..).map_while(|retry| schedule.nominal(retry)).sum::<Duration>().as_secs();
        let ours = RetrySchedule::default();
        assert_eq!((ours.retries(), total(&ours)), (10, 67_356));
        let standard = RetrySchedule::standard_webhooks();
        assert_eq!((standard.retries(), total(&standard)), (9, 272_105));
        let svix = RetrySchedule::svix();
        assert_eq!((svix.retries(), total(&svix)), (7, 99_305));
        let convoy = RetrySchedule::convoy();
        assert_eq!((convoy.retries(), total(&convoy)), (7, 2_080));
    }

    #[test]
    fn each_wait_is_varied_by_a_fifth_at_most() {
        let wait = Duration::from_secs(100);
        assert_eq!(spread(wait, 0), Duration::from_secs(80));
        assert_eq!(spread(wait, u16::MAX), Duration::from_secs(120));
        let schedule = RetrySchedule::custom([wait]).unwrap();
        let waits: std::collections::BTreeSet<_> = (0..100).map(|_| schedule.wait(1).unwrap()).collect();
        assert!(waits.len() > 50, "they differ: {}", waits.len());
        assert!(waits.iter().all(|wait| (80..=120).contains(&wait.as_secs())));
        assert_eq!(schedule.clone().without_jitter().wait(1), Some(wait));
        assert_eq!((schedule.wait(0), schedule.wait(2), schedule.wait(u32::MAX)), (None, None, None));
    }

    #[test]
    fn exponential_doubles_up_to_its_longest() {
        let schedule = RetrySchedule::exponential(Duration::from_secs(1), Duration::from_secs(5), 5).unwrap();
        let waits: Vec<_> = (1..).map_while(|retry| schedule.nominal(retry)).map(|wait| wait.as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 5, 5]);
        assert!(RetrySchedule::exponential(Duration::ZERO, Duration::MAX, 1).is_err());
        assert!(RetrySchedule::exponential(Duration::from_secs(1), Duration::MAX, 100).is_err());
        assert!(RetrySchedule::custom(std::iter::repeat(Duration::ZERO)).is_err(), "endless, and said at once");
    }
}
