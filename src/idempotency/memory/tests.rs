#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::sync::Mutex;

use moka::policy::EvictionPolicy;

use super::*;
use crate::clock::UnixTime;

const LEASE: Duration = Duration::from_secs(30);
const HOUR: Duration = Duration::from_secs(3600);

/// A clock that is turned by hand.
#[derive(Clone, Debug, Default)]
struct Hand(Arc<Mutex<Duration>>);

impl Hand {
    fn turn(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for Hand {
    fn now(&self) -> Option<UnixTime> {
        None
    }

    fn monotonic(&self) -> Duration {
        *self.0.lock().unwrap()
    }
}

fn key(number: u32) -> Key {
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&number.wrapping_mul(0x9e37_79b9).to_be_bytes());
    bytes[4..8].copy_from_slice(&number.to_be_bytes());
    Key::from_bytes(bytes)
}

fn owned(store: &MemoryStore, claimed: &Claimed) -> bool {
    matches!(store.table.claim(claimed, LEASE), Claim::Owned { .. })
}

fn finish(store: &MemoryStore, claimed: &Claimed) {
    assert!(owned(store, claimed));
    assert_eq!(store.complete_now(claimed, Bytes::from_static(b"r"), HOUR), Fenced::Ok);
}

fn is_done(store: &MemoryStore, key: Key) -> bool {
    matches!(store.table.claim(&Claimed::new(key), LEASE), Claim::Done { .. })
}

#[tokio::test]
async fn the_laws_hold() {
    let clock = Hand::default();
    let store = MemoryStore::new().clock(clock.clone());
    crate::testing::store_suite::check(&store, async |time: Duration| clock.turn(time)).await;
}

#[tokio::test]
async fn the_laws_hold_with_records_in_the_cache() {
    // The sweep comes before each step in time, so that records and guards are found in the cache.
    let clock = Hand::default();
    let store = MemoryStore::new().clock(clock.clone());
    let wait = async |time: Duration| {
        store.sweep();
        clock.turn(time);
    };
    crate::testing::store_suite::check(&store, wait).await;
}

#[test]
fn the_laws_hold_without_a_runtime() {
    let clock = Hand::default();
    let store = MemoryStore::new().clock(clock.clone());
    let wait = async |time: Duration| clock.turn(time);
    let mut check = tokio_test::task::spawn(crate::testing::store_suite::check(&store, wait));
    assert!(check.poll().is_ready());
}

#[test]
fn one_of_many_threads_gets_the_claim() {
    let store = MemoryStore::new();
    for round in 0..50 {
        let barrier = std::sync::Barrier::new(8);
        let owners: usize = std::thread::scope(|scope| {
            let claim = || {
                barrier.wait();
                usize::from(owned(&store, &Claimed::new(key(round)).guarded_by(key(round + 1000))))
            };
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(claim)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(owners, 1);
    }
}

#[test]
fn the_same_bytes_under_many_ids_at_once_are_owned_once() {
    let store = MemoryStore::new();
    for round in 0..50 {
        let barrier = std::sync::Barrier::new(8);
        let owners: usize = std::thread::scope(|scope| {
            let (barrier, store) = (&barrier, &store);
            let claim = |id: u32| {
                barrier.wait();
                usize::from(owned(store, &Claimed::new(key(round * 100 + id)).guarded_by(key(round + 1_000_000))))
            };
            let threads: Vec<_> = (0..8).map(|id| scope.spawn(move || claim(id))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(owners, 1);
    }
}

#[test]
fn fresh_claims_are_never_lost_to_a_cache_full_of_warm_keys() {
    let store = MemoryStore::new().max_bytes(1000 * 401);
    for number in 0..1000 {
        finish(&store, &Claimed::new(key(number)));
    }
    store.sweep();
    for _ in 0..20 {
        (0..1000).for_each(|number| assert!(is_done(&store, key(number))));
    }
    let fresh: Vec<Claimed> = (1000..21_000).map(|number| Claimed::new(key(number))).collect();
    for claimed in &fresh {
        assert!(owned(&store, claimed));
    }
    store.sweep();
    for claimed in &fresh {
        assert!(!owned(&store, &Claimed::new(claimed.key)), "a claim was lost");
    }
    assert_eq!(store.in_flight(), 20_000);
    // What finishes last stays, in a cache that is full all the time; what had to go is counted.
    for (index, claimed) in fresh.iter().enumerate() {
        assert_eq!(store.complete_now(claimed, Bytes::from_static(b"r"), HOUR), Fenced::Ok);
        if index % 100 == 0 {
            store.sweep();
        }
        assert!(is_done(&store, claimed.key), "a fresh record was lost");
    }
    store.sweep();
    assert!(is_done(&store, key(20_999)));
    assert!(store.early_evictions() >= 20_000, "{}", store.early_evictions());
}

#[test]
fn the_default_eviction_would_lose_fresh_records() {
    let lost = |policy: EvictionPolicy| {
        let cache = moka::sync::Cache::builder().max_capacity(1000).eviction_policy(policy).build();
        (0..1000).for_each(|number| cache.insert(number, ()));
        for _ in 0..20 {
            (0..1000).for_each(|number| assert!(cache.get(&number).is_some() || number > 0));
            cache.run_pending_tasks();
        }
        let mut lost = 0;
        for number in 1000..2000 {
            cache.insert(number, ());
            cache.run_pending_tasks();
            lost += usize::from(!cache.contains_key(&number));
        }
        lost
    };
    assert_eq!(lost(EvictionPolicy::lru()), 0);
    assert!(lost(EvictionPolicy::tiny_lfu()) > 500, "if this fails, the reason for LRU is gone");
}

#[test]
fn claims_are_bounded_and_lapsed_ones_make_room() {
    let clock = Hand::default();
    let store = MemoryStore::new().clock(clock.clone()).max_in_flight(2);
    let guarded = Claimed::new(key(1)).guarded_by(key(100));
    assert!(owned(&store, &guarded));
    assert!(owned(&store, &Claimed::new(key(2))));
    assert_eq!(store.table.claim(&Claimed::new(key(3)), LEASE), Claim::OverCapacity);
    clock.turn(LEASE);
    assert!(owned(&store, &Claimed::new(key(3))));
    assert_eq!(store.in_flight(), 1);
    assert!(owned(&store, &Claimed::new(key(4)).guarded_by(key(100))));
    // The work of the first is done all the same.
    assert_eq!(store.complete_now(&guarded, Bytes::new(), HOUR), Fenced::Ok);
    assert_eq!(store.in_flight(), 2);
}

#[test]
fn the_bound_counts_every_end_of_a_claim_once() {
    let clock = Hand::default();
    let store = MemoryStore::new().clock(clock.clone());
    let claims: Vec<Claimed> = (0..5).map(|number| Claimed::new(key(number)).guarded_by(key(number + 50))).collect();
    assert!(claims.iter().all(|claimed| owned(&store, claimed) && owned(&store, claimed)));
    assert_eq!(store.in_flight(), 5);
    let _ = store.table.release(&claims[0]);
    let _ = store.table.release(&claims[0]);
    let _ = store.complete_now(&claims[1], Bytes::new(), HOUR);
    let _ = store.complete_now(&claims[1], Bytes::new(), HOUR);
    assert!(store.table.forget(&claims[2].key));
    assert_eq!(store.in_flight(), 2);
    clock.turn(LEASE);
    assert!(owned(&store, &Claimed::new(claims[3].key)));
    assert_eq!(store.table.extend(&claims[4], LEASE), Fenced::Ok);
    assert_eq!(store.in_flight(), 2);
    let replayed = store.table.claim(&Claimed::new(key(9)).guarded_by(key(54)), LEASE);
    assert!(matches!(replayed, Claim::Replayed { .. }));
    assert_eq!(store.in_flight(), 2);
}

#[test]
fn the_attempts_of_a_key_are_counted_while_it_is_claimed() {
    let clock = Hand::default();
    let store = MemoryStore::new().clock(clock.clone());
    for attempt in 1..4 {
        let claimed = Claimed::new(key(1));
        assert_eq!(store.table.claim(&claimed, LEASE), Claim::Owned { attempt: Some(attempt) });
        clock.turn(LEASE);
    }
}

#[test]
fn without_a_runtime_finished_claims_move_with_the_calls() {
    let store = MemoryStore::new();
    for number in 0..64 * 400 {
        finish(&store, &Claimed::new(key(number)));
    }
    let waiting = store.table.waiting();
    assert!(waiting <= 64 * 258, "{waiting}");
    assert!((0..64 * 400).all(|number| is_done(&store, key(number))));
}

#[tokio::test]
async fn the_sweeper_moves_what_is_finished_and_ends_with_its_store() {
    let metrics = tokio::runtime::Handle::current().metrics();
    let store = MemoryStore::new();
    for number in 0..100 {
        finish(&store, &Claimed::new(key(number)));
    }
    assert_eq!((store.table.waiting(), metrics.num_alive_tasks()), (100, 1));
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(store.table.waiting(), 0);
    finish(&store, &Claimed::new(key(100)));
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!((store.table.waiting(), metrics.num_alive_tasks()), (0, 1));
    assert!((0..101).all(|number| is_done(&store, key(number))));
    drop(store);
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    assert_eq!(metrics.num_alive_tasks(), 0);
}

#[test]
fn another_runtime_gets_a_sweeper_of_its_own() {
    let store = MemoryStore::new();
    for round in 0..2 {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            finish(&store, &Claimed::new(key(round)));
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
        });
        assert_eq!(store.table.waiting(), 0);
    }
}

#[test]
fn a_record_that_ran_out_before_it_was_moved_is_gone() {
    let clock = Hand::default();
    let store = MemoryStore::new().clock(clock.clone());
    finish(&store, &Claimed::new(key(1)).guarded_by(key(50)));
    clock.turn(HOUR);
    finish(&store, &Claimed::new(key(1)).guarded_by(key(51)));
    store.sweep();
    assert!(is_done(&store, key(1)));
}
