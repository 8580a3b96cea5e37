//! The table behind [`MemoryStore`](super::MemoryStore): claims and finished deliveries in sharded maps.
//!
//! Every look at a key and every change of it happens under the lock of its shard, and no lock is held across an await.
//! A finished delivery stays where its claim was, until the block that it belongs to has to go: see
//! [`Blocks`](super::blocks::Blocks). Order of locks: guard before key, never two of a kind; those of moka and of what it
//! evicted come last.

mod housekeeping;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;

use super::blocks::{self, BlockId, Blocks, Finished, Open};
use super::guards::Guards;
use super::map::Map;
use crate::clock::Clock;
use crate::delivery_key::{Fingerprint, Key};
use crate::idempotency::store::{Claim, Claimed, Fenced, Guarded};
use crate::run_context::Token;

use housekeeping::Lapsed;

pub(super) struct Table {
    clock: Arc<dyn Clock>,
    max_in_flight: usize,
    in_flight: AtomicUsize,
    /// Deliveries that are done, in all shards.
    finished: AtomicU64,
    early_evictions: AtomicU64,
    lapsed: Lapsed,
    keys: Box<[Mutex<Shard>]>,
    guards: Box<[Mutex<Guards>]>,
    blocks: Blocks,
}

struct Shard {
    entries: Map<Entry>,
    /// What finished last.
    open: Open,
}

enum Entry {
    Done(Finished),
    Pending(Pending),
}

struct Pending {
    token: Token,
    fp: Option<Fingerprint>,
    lease_ends: Duration,
    attempt: u32,
}

/// What is known of a key.
enum Known {
    Absent,
    Done(Finished),
    Pending { lease_left: Duration },
}

impl Table {
    /// So many that each is locked for a few ten microseconds at most when its map doubles, in a store of the default size.
    pub(super) const SHARDS: usize = 64;

    pub(super) fn new(clock: Arc<dyn Clock>, max_bytes: u64, max_in_flight: usize) -> Self {
        let blocks = Blocks::new(max_bytes, Self::SHARDS);
        // As many guards as there may be records or claims.
        let room = usize::try_from(max_bytes / blocks::ID).unwrap_or(usize::MAX).max(max_in_flight);
        let shard = |number| Mutex::new(Shard { entries: Map::default(), open: blocks.open(number) });
        Self {
            clock,
            max_in_flight,
            in_flight: AtomicUsize::new(0),
            finished: AtomicU64::new(0),
            early_evictions: AtomicU64::new(0),
            lapsed: Lapsed::default(),
            keys: (0..Self::SHARDS).map(shard).collect(),
            guards: (0..Self::SHARDS).map(|_| Mutex::new(Guards::new(room / Self::SHARDS))).collect(),
            blocks,
        }
    }

    pub(super) fn claim(&self, claimed: &Claimed, lease: Duration) -> Claim {
        let now = self.clock.monotonic();
        if self.in_flight() >= self.max_in_flight {
            self.purge(now);
        }
        match claimed.guard {
            Some(guard) => self.claim_guarded(claimed, &guard, lease, now),
            None => self.claim_key(claimed, lease, now),
        }
    }

    fn claim_guarded(&self, claimed: &Claimed, guard: &Key, lease: Duration, now: Duration) -> Claim {
        let mut guards = lock(pick(&self.guards, guard));
        let claim = self.claim_key(claimed, lease, now);
        if !matches!(claim, Claim::Owned { .. }) {
            return claim;
        }
        if let Some(of) = guards.get(guard).filter(|of| *of != claimed.key) {
            let state = match self.known(&of, now) {
                Known::Absent => None,
                Known::Done(finished) => Some(Guarded::Done { record: finished.record }),
                Known::Pending { lease_left } => Some(Guarded::InFlight { retry_in: lease_left }),
            };
            if let Some(state) = state {
                let _ = self.unclaim(claimed);
                return Claim::Replayed { of, state };
            }
        }
        guards.insert(guard, claimed.key);
        claim
    }

    fn claim_key(&self, claimed: &Claimed, lease: Duration, now: Duration) -> Claim {
        let (claim, block) = self.claim_in(&mut self.shard(&claimed.key), claimed, lease, now);
        if let Some(block) = block {
            self.blocks.touch(block);
        }
        claim
    }

    /// Also names the block of what was found, if it is full.
    fn claim_in(
        &self,
        shard: &mut Shard,
        claimed: &Claimed,
        lease: Duration,
        now: Duration,
    ) -> (Claim, Option<BlockId>) {
        let same = |fp: Option<Fingerprint>| fp.is_none() || claimed.fingerprint.is_none() || fp == claimed.fingerprint;
        let fresh = |attempt| {
            let lease_ends = now.saturating_add(lease);
            Pending { token: claimed.token, fp: claimed.fingerprint, lease_ends, attempt }
        };
        let Some((_, entry)) = shard.entries.get_mut(&claimed.key) else {
            if !self.admit() {
                return (Claim::OverCapacity, None);
            }
            shard.entries.insert(claimed.key, Entry::Pending(fresh(1)));
            return (Claim::Owned { attempt: Some(1) }, None);
        };
        let claim = match entry {
            Entry::Pending(mine) if mine.token == claimed.token => {
                mine.lease_ends = now.saturating_add(lease);
                Claim::Owned { attempt: Some(mine.attempt) }
            }
            Entry::Pending(other) if other.lease_ends > now => {
                Claim::InFlight { retry_in: other.lease_ends - now, same_fingerprint: same(other.fp) }
            }
            Entry::Pending(lapsed) => {
                let attempt = lapsed.attempt.saturating_add(1);
                *lapsed = fresh(attempt);
                Claim::Owned { attempt: Some(attempt) }
            }
            Entry::Done(finished) if finished.expires > now => {
                let claim = Claim::Done { record: finished.record.clone(), same_fingerprint: same(finished.fp) };
                return (claim, shard.open.unless_open(finished.block));
            }
            done @ Entry::Done(..) => {
                if !self.admit() {
                    return (Claim::OverCapacity, None);
                }
                *done = Entry::Pending(fresh(1));
                self.finished.fetch_sub(1, Ordering::Relaxed);
                Claim::Owned { attempt: Some(1) }
            }
        };
        (claim, None)
    }

    pub(super) fn complete(&self, claimed: &Claimed, record: Bytes, retain_for: Duration) -> Fenced {
        let now = self.clock.monotonic();
        let mut shard = self.shard(&claimed.key);
        let Shard { entries, open } = &mut *shard;
        let bytes = record.len();
        let finished = Entry::Done(Finished {
            token: claimed.token,
            fp: claimed.fingerprint,
            record,
            expires: now.saturating_add(retain_for),
            block: open.id,
        });
        let place = match entries.get_mut(&claimed.key) {
            Some((place, entry)) => {
                match entry {
                    Entry::Pending(pending) if pending.token == claimed.token => {
                        self.in_flight.fetch_sub(1, Ordering::Relaxed);
                        self.finished.fetch_add(1, Ordering::Relaxed);
                    }
                    Entry::Done(done) if done.token == claimed.token => return Fenced::Ok,
                    Entry::Done(done) if done.expires <= now => {}
                    Entry::Done(..) | Entry::Pending(_) => return Fenced::Lost,
                }
                *entry = finished;
                place
            }
            None => {
                self.finished.fetch_add(1, Ordering::Relaxed);
                entries.insert(claimed.key, finished)
            }
        };
        let full = self.blocks.note(open, place, bytes);
        drop(shard);
        if let Some(block) = full {
            self.hand_over(block, now);
        }
        Fenced::Ok
    }

    pub(super) fn release(&self, claimed: &Claimed) -> Fenced {
        let mut guards = claimed.guard.map(|guard| (guard, lock(pick(&self.guards, &guard))));
        let fenced = self.unclaim(claimed);
        if let Some((guard, guards)) = &mut guards
            && fenced == Fenced::Ok
        {
            guards.remove(guard, &claimed.key);
        }
        fenced
    }

    /// Removes the claim, if it is this token's. An absent key is released already.
    fn unclaim(&self, claimed: &Claimed) -> Fenced {
        let mut shard = self.shard(&claimed.key);
        match shard.entries.get(&claimed.key) {
            Some(Entry::Pending(pending)) if pending.token == claimed.token => {
                shard.entries.remove(&claimed.key);
                self.in_flight.fetch_sub(1, Ordering::Relaxed);
                Fenced::Ok
            }
            Some(_) => Fenced::Lost,
            None => Fenced::Ok,
        }
    }

    pub(super) fn extend(&self, claimed: &Claimed, lease: Duration) -> Fenced {
        let now = self.clock.monotonic();
        let mut shard = self.shard(&claimed.key);
        // Its run is under way, so this is no new claim: the bound does not count against it.
        let lease_ends = now.saturating_add(lease);
        let pending = Pending { token: claimed.token, fp: claimed.fingerprint, lease_ends, attempt: 1 };
        match shard.entries.get_mut(&claimed.key) {
            Some((_, Entry::Pending(pending))) if pending.token == claimed.token => {
                pending.lease_ends = lease_ends;
                return Fenced::Ok;
            }
            Some((_, Entry::Done(done))) if done.token == claimed.token => return Fenced::Ok,
            Some((_, Entry::Pending(_))) => return Fenced::Lost,
            Some((_, Entry::Done(done))) if done.expires > now => return Fenced::Lost,
            Some((_, expired)) => {
                *expired = Entry::Pending(pending);
                self.finished.fetch_sub(1, Ordering::Relaxed);
            }
            None => _ = shard.entries.insert(claimed.key, Entry::Pending(pending)),
        }
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        Fenced::Ok
    }

    pub(super) fn forget(&self, key: &Key) -> bool {
        let removed = self.shard(key).entries.remove(key);
        match removed {
            Some(Entry::Pending(_)) => _ = self.in_flight.fetch_sub(1, Ordering::Relaxed),
            Some(Entry::Done(_)) => _ = self.finished.fetch_sub(1, Ordering::Relaxed),
            None => {}
        }
        removed.is_some()
    }

    fn known(&self, key: &Key, now: Duration) -> Known {
        let shard = self.shard(key);
        let finished = match shard.entries.get(key) {
            Some(Entry::Pending(pending)) if pending.lease_ends > now => {
                return Known::Pending { lease_left: pending.lease_ends - now };
            }
            Some(Entry::Done(finished)) if finished.expires > now => finished.clone(),
            Some(_) | None => return Known::Absent,
        };
        let full = shard.open.unless_open(finished.block);
        drop(shard);
        if let Some(block) = full {
            self.blocks.touch(block);
        }
        Known::Done(finished)
    }

    fn admit(&self) -> bool {
        let fits = |count: usize| (count < self.max_in_flight).then_some(count + 1);
        self.in_flight.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_ok()
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    pub(super) fn finished(&self) -> u64 {
        self.finished.load(Ordering::Relaxed)
    }

    /// Claims and finished deliveries.
    pub(super) fn entries(&self) -> u64 {
        self.finished() + self.in_flight() as u64
    }

    pub(super) fn early_evictions(&self) -> u64 {
        self.early_evictions.load(Ordering::Relaxed)
    }

    fn shard(&self, key: &Key) -> MutexGuard<'_, Shard> {
        lock(pick(&self.keys, key))
    }
}

/// The shard of a key. Keys are hashes, so any byte of them spreads well.
#[allow(clippy::indexing_slicing)] // There are `SHARDS` shards, a power of two.
pub(super) fn pick<'a, T>(shards: &'a [Mutex<T>], key: &Key) -> &'a Mutex<T> {
    let [first, ..] = key.as_bytes();
    &shards[usize::from(*first) % Table::SHARDS]
}

/// A panic elsewhere leaves nothing half done in here.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
