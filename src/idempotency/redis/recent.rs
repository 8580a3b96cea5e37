//! Finished deliveries that this process has seen lately, so that their duplicates need no round trip.
//!
//! What is finished stays as it is until its time is up, so it may be kept here. A claim may end at any moment, so it
//! never is.

use std::time::{Duration, Instant};

use bytes::Bytes;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use super::value::decode;
use crate::delivery_key::Key;
use crate::idempotency::store::{Claim, Claimed};

/// What an entry takes besides its value, in bytes: about.
const ENTRY: u32 = 300;

const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

#[derive(Clone)]
struct Finished {
    value: Bytes,
    until: Instant,
}

#[derive(Clone, Default)]
pub(super) struct Recent {
    kept: Option<Cache<Key, Finished>>,
}

impl Recent {
    pub(super) fn new(max_bytes: u64, at_most: Duration) -> Self {
        let weight = |_: &Key, finished: &Finished| {
            u32::try_from(finished.value.len()).unwrap_or(u32::MAX).saturating_add(ENTRY)
        };
        let kept = Cache::builder()
            .max_capacity(max_bytes)
            // The default drops what is fresh when the cache is full, and just that is asked for again.
            .eviction_policy(EvictionPolicy::lru())
            .weigher(weight)
            // moka panics where it is beyond a thousand years.
            .time_to_live(at_most.min(YEAR))
            .build();
        Self { kept: Some(kept) }
    }

    /// Whether anything is.
    pub(super) const fn keeps(&self) -> bool {
        self.kept.is_some()
    }

    pub(super) fn find(&self, claimed: &Claimed) -> Option<Claim> {
        let finished = self.kept.as_ref()?.get(&claimed.key)?;
        (finished.until > Instant::now()).then(|| decode(&finished.value).answer(claimed, Duration::ZERO))
    }

    /// Keeps a value that says that a delivery is finished, for as long as the server does.
    pub(super) fn keep(&self, key: Key, value: impl FnOnce() -> Bytes, left: Duration) {
        if let (Some(kept), Some(until)) = (&self.kept, Instant::now().checked_add(left)) {
            kept.insert(key, Finished { value: value(), until });
        }
    }

    pub(super) fn forget(&self, key: &Key) {
        if let Some(kept) = &self.kept {
            kept.invalidate(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_kept_as_long_as_asked_for_and_a_year_at_most() {
        let lives = |at_most| Recent::new(1 << 20, at_most).kept.unwrap().policy().time_to_live();
        let hour = Duration::from_secs(3_600);
        assert_eq!(lives(hour), Some(hour));
        for longer in [Duration::from_secs(31_536_001), Duration::MAX] {
            assert_eq!(lives(longer), Some(Duration::from_secs(31_536_000)), "{longer:?}");
        }
    }
}
