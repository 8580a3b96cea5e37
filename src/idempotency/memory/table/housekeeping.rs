//! What keeps the table small: removes what has to go, and what is lost.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use super::{Entry, Table, lock};
#[cfg(test)]
use crate::delivery_key::Key;
use crate::idempotency::memory::blocks::Block;

/// When no claim had lapsed, claims are looked at again after so long.
const PURGE_EVERY: Duration = Duration::from_secs(1);

/// Where lapsed claims are looked for next.
#[derive(Debug, Default)]
pub(super) struct Lapsed {
    /// Milliseconds of our clock before which it is of no use.
    not_before: AtomicU64,
    shard: AtomicUsize,
}

impl Table {
    /// Lets moka decide how long a full block stays, and removes what has to go for it. Outside every lock.
    ///
    /// moka has several blocks go at once. Twice the weight of what came is removed each time, so what has to go gets less,
    /// and no call pays for many.
    pub(super) fn hand_over(&self, block: Block, now: Duration) {
        let mut weight = u64::from(block.weight) * 2;
        if let Some(refused) = self.blocks.keep(block) {
            self.remove(&refused, now);
        }
        while weight > 0
            && let Some(block) = self.blocks.evicted()
        {
            self.remove(&block, now);
            weight = weight.saturating_sub(u64::from(block.weight));
        }
    }

    /// Removes the deliveries of a block, but for those that have finished anew since.
    fn remove(&self, block: &Block, now: Duration) {
        let Some(shard) = self.keys.get(block.shard) else { return };
        let mut shard = lock(shard);
        let (mut removed, mut early) = (0, 0);
        for place in &block.places {
            if let Some((key, Entry::Done(finished))) = shard.entries.at(*place)
                && finished.block == block.id
            {
                early += u64::from(finished.expires > now);
                removed += 1;
                let key = *key;
                shard.entries.remove(&key);
            }
        }
        self.finished.fetch_sub(removed, Ordering::Relaxed);
        drop(shard);
        self.early_evictions.fetch_add(early, Ordering::Relaxed);
    }

    /// Removes claims whose lease has lapsed, shard after shard until there is room for one: their runs are gone, and
    /// nobody has come for them.
    pub(super) fn purge(&self, now: Duration) {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        if millis(now) < self.lapsed.not_before.load(Ordering::Relaxed) {
            return;
        }
        // Finished deliveries are in the same maps, so all of them may be many to look at.
        for _ in 0..Self::SHARDS {
            let index = self.lapsed.shard.fetch_add(1, Ordering::Relaxed) % Self::SHARDS;
            let Some(shard) = self.keys.get(index) else { return };
            lock(shard).entries.retain(|entry| match entry {
                Entry::Pending(pending) if pending.lease_ends <= now => {
                    self.in_flight.fetch_sub(1, Ordering::Relaxed);
                    false
                }
                Entry::Pending(_) | Entry::Done(_) => true,
            });
            if self.in_flight() < self.max_in_flight {
                return;
            }
        }
        self.lapsed.not_before.store(millis(now.saturating_add(PURGE_EVERY)), Ordering::Relaxed);
    }

    /// Hands over what a shard has finished so far, and removes all that has to go.
    #[cfg(test)]
    pub(in super::super) fn hand_over_shard(&self, index: usize) {
        let now = self.clock.monotonic();
        let Some(shard) = self.keys.get(index) else { return };
        let block = self.blocks.close(&mut lock(shard).open);
        self.hand_over(block, now);
    }

    #[cfg(test)]
    pub(in super::super) fn hand_over_all(&self) {
        (0..Self::SHARDS).for_each(|shard| self.hand_over_shard(shard));
        self.settle();
    }

    /// Whether a delivery is finished, without anybody having asked for it.
    #[cfg(test)]
    pub(in super::super) fn keeps(&self, key: &Key) -> bool {
        matches!(self.shard(key).entries.get(key), Some(Entry::Done(_)))
    }

    /// How many deliveries are finished, and how many are claimed, one by one.
    #[cfg(test)]
    pub(in super::super) fn counted(&self) -> (u64, usize) {
        let (finished, in_flight) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
        for shard in &self.keys {
            lock(shard).entries.retain(|entry| {
                match entry {
                    Entry::Done(_) => finished.update(|count| count + 1),
                    Entry::Pending(_) => in_flight.update(|count| count + 1),
                }
                true
            });
        }
        (finished.get(), in_flight.get())
    }

    /// Removes all that has to go.
    #[cfg(test)]
    pub(in super::super) fn settle(&self) {
        self.blocks.settle();
        while let Some(block) = self.blocks.evicted() {
            self.remove(&block, self.clock.monotonic());
        }
    }
}
