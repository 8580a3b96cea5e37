//! What keeps the table small: moves what is finished, removes what is lost.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{Entry, Table, lock, pick};
use crate::delivery_key::Key;

/// Lapsed claims are looked for at most this often, once the table is full.
const PURGE_EVERY: Duration = Duration::from_secs(1);

impl Table {
    /// Removes a guard of `key`, unless somebody has claimed the key again since.
    pub(super) fn drop_guard(&self, guard: &Key, key: &Key) {
        let mut guards = lock(pick(&self.guards, guard));
        let same = |entry: &Entry| entry.guard() == Some(*guard);
        if guards.get(guard) == Some(key) && !self.shard(key).entries.get(key).is_some_and(same) {
            guards.remove(guard);
        }
    }

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

    /// Moves one finished claim, and its guard, into the cache.
    fn settle_key(&self, key: &Key) {
        let guard = match self.shard(key).entries.get(key) {
            Some(Entry::Done(_, guard)) => *guard,
            _ => return,
        };
        let mut guards = guard.map(|guard| (guard, lock(pick(&self.guards, &guard))));
        let mut shard = self.shard(key);
        let expires = match shard.entries.get(key) {
            Some(Entry::Done(finished, same)) if *same == guard => {
                self.cache.keep(*key, finished.clone());
                finished.expires
            }
            _ => return,
        };
        shard.entries.remove(key);
        drop(shard);
        if let Some((guard, guards)) = &mut guards
            && guards.get(guard).is_none_or(|of| of == key)
        {
            self.cache.keep_guard(*guard, *key, expires);
            guards.remove(guard);
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
        let mut orphans = Vec::new();
        for shard in &self.keys {
            let mut shard = lock(shard);
            shard.entries.retain(|key, entry| match entry {
                Entry::Pending(pending) if pending.lease_ends <= now => {
                    self.in_flight.fetch_sub(1, Ordering::Relaxed);
                    orphans.extend(pending.guard.map(|guard| (guard, *key)));
                    false
                }
                _ => true,
            });
        }
        orphans.iter().for_each(|(guard, key)| self.drop_guard(guard, key));
    }

    #[cfg(test)]
    pub(in super::super) fn waiting(&self) -> usize {
        self.keys.iter().map(|shard| lock(shard).waiting.len()).sum()
    }

    #[cfg(test)]
    pub(in super::super) fn guards(&self) -> usize {
        self.guards.iter().map(|shard| lock(shard).len()).sum()
    }

    #[cfg(test)]
    pub(in super::super) fn sweep_all(&self) {
        for shard in 0..Self::SHARDS {
            self.sweep(shard);
        }
        self.cache.settle();
    }
}
