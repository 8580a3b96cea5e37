//! Finished records in a cache of bounded size.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use moka::notification::RemovalCause;
use moka::policy::EvictionPolicy;

use super::hash::KeyHash;
use crate::clock::Clock;
use crate::delivery_key::{Fingerprint, Key};
use crate::run_context::Token;

/// What an entry takes besides its record, in bytes: measured, and rounded up.
pub(super) const ENTRY: u32 = 400;

/// A finished delivery.
#[derive(Clone)]
pub(super) struct Finished {
    pub(super) token: Token,
    pub(super) fp: Option<Fingerprint>,
    pub(super) record: Bytes,
    /// By our clock.
    pub(super) expires: Duration,
}

/// moka, with the policy that never drops what is fresh: the default one drops fresh entries at once
/// when the cache is full of entries that were used more often, and a dropped record is a duplicate
/// that runs. See `the_default_eviction_would_lose_fresh_records`.
pub(super) struct Cache {
    kept: moka::sync::Cache<Key, Finished, KeyHash>,
    early: Arc<AtomicU64>,
}

impl Cache {
    pub(super) fn new(max_bytes: u64, clock: Arc<dyn Clock>) -> Self {
        let early = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&early);
        let kept = moka::sync::Cache::builder()
            .max_capacity(max_bytes)
            .eviction_policy(EvictionPolicy::lru())
            .weigher(weight)
            .eviction_listener(move |_, finished: Finished, cause| {
                if cause == RemovalCause::Size && finished.expires > clock.monotonic() {
                    count.fetch_add(1, Ordering::Relaxed);
                }
            })
            .build_with_hasher(KeyHash::default());
        Self { kept, early }
    }

    /// Our clock decides. Asking first whether it is there at all keeps a fresh key, the common case,
    /// clear of the cache's own housekeeping.
    pub(super) fn finished(&self, key: &Key, now: Duration) -> Option<Finished> {
        if !self.kept.contains_key(key) {
            return None;
        }
        let finished = self.kept.get(key)?;
        if finished.expires > now {
            return Some(finished);
        }
        self.kept.invalidate(key);
        None
    }

    pub(super) fn keep(&self, key: Key, finished: Finished) {
        self.kept.insert(key, finished);
    }

    pub(super) fn forget(&self, key: &Key) -> bool {
        self.kept.remove(key).is_some()
    }

    pub(super) fn records(&self) -> u64 {
        self.kept.entry_count()
    }

    pub(super) fn early_evictions(&self) -> u64 {
        self.early.load(Ordering::Relaxed)
    }

    #[cfg(test)]
    pub(super) fn settle(&self) {
        self.kept.run_pending_tasks();
    }
}

fn weight(_: &Key, finished: &Finished) -> u32 {
    u32::try_from(finished.record.len()).unwrap_or(u32::MAX).saturating_add(ENTRY)
}
