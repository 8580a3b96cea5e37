//! The table behind [`MemoryStore`](super::MemoryStore): claims in sharded maps, finished records in a
//! cache.
//!
//! Every look at a key and every change of it happens under the lock of its shard, the cache
//! included, and no lock is held across an await. Order of locks: guard before key; never two of a kind.

mod housekeeping;

use std::collections::hash_map::Entry as MapEntry;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;

use super::cache::{self, Cache, Finished};
use super::guards::Guards;
use super::hash::KeyHash;
use super::sweep::Sweeper;
use crate::clock::Clock;
use crate::delivery_key::{Fingerprint, Key};
use crate::idempotency::store::{Claim, Claimed, Fenced, Guarded};
use crate::run_context::Token;

/// So many finished claims of one shard may wait for the sweeper; beyond it, calls move them.
const MAX_WAITING: usize = 256;

pub(super) struct Table {
    clock: Arc<dyn Clock>,
    max_in_flight: usize,
    in_flight: AtomicUsize,
    /// Milliseconds of our clock at which lapsed claims were last looked for.
    purged: AtomicU64,
    /// Claims, and what the sweeper has not moved yet.
    keys: Box<[Mutex<Shard>]>,
    guards: Box<[Mutex<Guards>]>,
    cache: Cache,
    pub(super) sweeper: Arc<Sweeper>,
}

impl Drop for Table {
    fn drop(&mut self) {
        self.sweeper.stop();
    }
}

#[derive(Default)]
struct Shard {
    entries: HashMap<Key, Entry, KeyHash>,
    /// Finished and not moved yet, oldest first.
    waiting: VecDeque<Key>,
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
    pub(super) const SHARDS: usize = 64;

    pub(super) fn new(clock: Arc<dyn Clock>, max_bytes: u64, max_in_flight: usize) -> Self {
        let cache = Cache::new(max_bytes, Arc::clone(&clock));
        // As many guards as there may be records or claims.
        let room = usize::try_from(max_bytes / u64::from(cache::ENTRY)).unwrap_or(usize::MAX).max(max_in_flight);
        Self {
            clock,
            max_in_flight,
            in_flight: AtomicUsize::new(0),
            purged: AtomicU64::new(0),
            keys: (0..Self::SHARDS).map(|_| Mutex::default()).collect(),
            guards: (0..Self::SHARDS).map(|_| Mutex::new(Guards::new(room / Self::SHARDS))).collect(),
            cache,
            sweeper: Arc::default(),
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
        let shard = &mut *self.shard(&claimed.key);
        let same = |fp: Option<Fingerprint>| fp.is_none() || claimed.fingerprint.is_none() || fp == claimed.fingerprint;
        let fresh = |attempt| {
            let lease_ends = now.saturating_add(lease);
            Pending { token: claimed.token, fp: claimed.fingerprint, lease_ends, attempt }
        };
        match shard.entries.entry(claimed.key) {
            MapEntry::Occupied(mut entry) => match entry.get_mut() {
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
                    Claim::Done { record: finished.record.clone(), same_fingerprint: same(finished.fp) }
                }
                done @ Entry::Done(..) => {
                    if !self.admit() {
                        return Claim::OverCapacity;
                    }
                    *done = Entry::Pending(fresh(1));
                    Claim::Owned { attempt: Some(1) }
                }
            },
            MapEntry::Vacant(entry) => {
                if let Some(finished) = self.cache.finished(&claimed.key, now) {
                    return Claim::Done { same_fingerprint: same(finished.fp), record: finished.record };
                }
                if !self.admit() {
                    return Claim::OverCapacity;
                }
                entry.insert(Entry::Pending(fresh(1)));
                Claim::Owned { attempt: Some(1) }
            }
        }
    }

    /// Also says whether a finished claim waits for the sweeper that has not been told of it.
    pub(super) fn complete(&self, claimed: &Claimed, record: Bytes, retain_for: Duration) -> (Fenced, bool) {
        let now = self.clock.monotonic();
        let expires = now.saturating_add(retain_for);
        let finished = Finished { token: claimed.token, fp: claimed.fingerprint, record, expires };
        let mut shard = self.shard(&claimed.key);
        let Shard { entries, waiting } = &mut *shard;
        match entries.entry(claimed.key) {
            MapEntry::Occupied(mut entry) => match entry.get() {
                Entry::Pending(pending) if pending.token == claimed.token => {
                    self.in_flight.fetch_sub(1, Ordering::Relaxed);
                    entry.insert(Entry::Done(finished));
                }
                Entry::Done(done) if done.token == claimed.token => return (Fenced::Ok, false),
                Entry::Done(done) if done.expires <= now => {
                    entry.insert(Entry::Done(finished));
                    // It stands in the queue already.
                    return (Fenced::Ok, false);
                }
                Entry::Done(..) | Entry::Pending(_) => return (Fenced::Lost, false),
            },
            MapEntry::Vacant(entry) => match self.cache.finished(&claimed.key, now) {
                Some(done) if done.token == claimed.token => return (Fenced::Ok, false),
                Some(_) => return (Fenced::Lost, false),
                None => {
                    entry.insert(Entry::Done(finished));
                }
            },
        }
        waiting.push_back(claimed.key);
        let waits = waiting.len();
        drop(shard);
        if waits > MAX_WAITING {
            // Two for each one that comes, so the queue gets shorter, and no call pays for many.
            self.sweep_some(&claimed.key, 2);
        }
        (Fenced::Ok, waits == 1 || waits > MAX_WAITING)
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
            None if self.cache.finished(&claimed.key, self.clock.monotonic()).is_some() => Fenced::Lost,
            None => Fenced::Ok,
        }
    }

    pub(super) fn extend(&self, claimed: &Claimed, lease: Duration) -> Fenced {
        let now = self.clock.monotonic();
        let mut shard = self.shard(&claimed.key);
        match shard.entries.get_mut(&claimed.key) {
            Some(Entry::Pending(pending)) if pending.token == claimed.token => {
                pending.lease_ends = now.saturating_add(lease);
                Fenced::Ok
            }
            Some(Entry::Done(done)) if done.token == claimed.token => Fenced::Ok,
            Some(Entry::Pending(_)) => Fenced::Lost,
            Some(Entry::Done(done)) if done.expires > now => Fenced::Lost,
            Some(Entry::Done(..)) | None => {
                match self.cache.finished(&claimed.key, now) {
                    Some(done) if done.token == claimed.token => return Fenced::Ok,
                    Some(_) => return Fenced::Lost,
                    None => {}
                }
                // Its run is under way, so this is no new claim: the bound does not count against it.
                self.in_flight.fetch_add(1, Ordering::Relaxed);
                let lease_ends = now.saturating_add(lease);
                let pending = Pending { token: claimed.token, fp: claimed.fingerprint, lease_ends, attempt: 1 };
                shard.entries.insert(claimed.key, Entry::Pending(pending));
                Fenced::Ok
            }
        }
    }

    pub(super) fn forget(&self, key: &Key) -> bool {
        let mut shard = self.shard(key);
        let cached = self.cache.forget(key);
        let entry = shard.entries.remove(key);
        if matches!(entry, Some(Entry::Pending(_))) {
            self.in_flight.fetch_sub(1, Ordering::Relaxed);
        }
        cached || entry.is_some()
    }

    fn known(&self, key: &Key, now: Duration) -> Known {
        match self.shard(key).entries.get(key) {
            Some(Entry::Pending(pending)) if pending.lease_ends > now => {
                Known::Pending { lease_left: pending.lease_ends - now }
            }
            Some(Entry::Done(finished)) if finished.expires > now => Known::Done(finished.clone()),
            Some(_) => Known::Absent,
            None => self.cache.finished(key, now).map_or(Known::Absent, Known::Done),
        }
    }

    fn admit(&self) -> bool {
        let fits = |count: usize| (count < self.max_in_flight).then_some(count + 1);
        self.in_flight.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_ok()
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    pub(super) fn finished(&self) -> u64 {
        let waiting: usize = self.keys.iter().map(|shard| lock(shard).waiting.len()).sum();
        self.cache.records() + waiting as u64
    }

    /// Claims, and finished records that have been moved, about: takes no lock.
    pub(super) fn entries(&self) -> u64 {
        self.cache.records() + self.in_flight() as u64
    }

    pub(super) fn early_evictions(&self) -> u64 {
        self.cache.early_evictions()
    }

    fn shard(&self, key: &Key) -> MutexGuard<'_, Shard> {
        lock(pick(&self.keys, key))
    }
}

/// The shard of a key. Keys are hashes, so any byte of them spreads well.
#[allow(clippy::indexing_slicing)] // There are `SHARDS` shards, a power of two.
fn pick<'a, T>(shards: &'a [Mutex<T>], key: &Key) -> &'a Mutex<T> {
    let [first, ..] = key.as_bytes();
    &shards[usize::from(*first) % Table::SHARDS]
}

/// A panic elsewhere leaves nothing half done in here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
