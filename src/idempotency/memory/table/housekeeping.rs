//! What keeps the table small: moves what is finished, removes what is lost.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{Entry, Table, lock};
use crate::delivery_key::Key;

/// Lapsed claims are looked for at most this often, once the table is full.
const PURGE_EVERY: Duration = Duration::from_secs(1);

impl Table {
    /// Moves what one shard has finished; `true` if there was anything.
    pub(in super::super) fn sweep(&self, index: usize) -> bool {
        let Some(shard) = self.keys.get(index) else { return false };
        let keys = std::mem::take(&mut lock(shard).waiting);
        keys.iter().for_each(|key| self.settle_key(key));
        !keys.is_empty()
    }

    pub(super) fn sweep_some(&self, key: &Key, count: usize) {
        let keys: Vec<Key> = {
            let mut shard = self.shard(key);
            let count = count.min(shard.waiting.len());
            shard.waiting.drain(..count).collect()
        };
        keys.iter().for_each(|key| self.settle_key(key));
    }

    /// Moves one finished claim into the cache.
    fn settle_key(&self, key: &Key) {
        let mut shard = self.shard(key);
        if let Some(Entry::Done(finished)) = shard.entries.get(key) {
            self.cache.keep(*key, finished.clone());
            shard.entries.remove(key);
        }
    }

    /// Removes claims whose lease has lapsed: their runs are gone, and nobody has come for them.
    pub(super) fn purge(&self, now: Duration) {
        let (millis, every) = (now.as_millis(), PURGE_EVERY.as_millis());
        let last = self.purged.load(Ordering::Relaxed);
        if last != 0 && millis < u128::from(last) + every {
            return;
        }
        let millis = u64::try_from(millis).unwrap_or(u64::MAX).max(1);
        if self.purged.compare_exchange(last, millis, Ordering::Relaxed, Ordering::Relaxed).is_err() {
            return;
        }
        for shard in &self.keys {
            lock(shard).entries.retain(|_, entry| match entry {
                Entry::Pending(pending) if pending.lease_ends <= now => {
                    self.in_flight.fetch_sub(1, Ordering::Relaxed);
                    false
                }
                Entry::Pending(_) | Entry::Done(_) => true,
            });
        }
    }

    #[cfg(test)]
    pub(in super::super) fn waiting(&self) -> usize {
        self.keys.iter().map(|shard| lock(shard).waiting.len()).sum()
    }

    #[cfg(test)]
    pub(in super::super) fn sweep_all(&self) {
        for shard in 0..Self::SHARDS {
            self.sweep(shard);
        }
        self.cache.settle();
    }
}
