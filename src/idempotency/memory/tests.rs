#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::sync::Mutex;

use moka::policy::EvictionPolicy;

use super::*;
use crate::clock::UnixTime;

pub(super) const LEASE: Duration = Duration::from_secs(30);
pub(super) const HOUR: Duration = Duration::from_secs(3600);

/// A clock that is turned by hand.
#[derive(Clone, Debug, Default)]
pub(super) struct Hand(Arc<Mutex<Duration>>);

impl Hand {
    pub(super) fn turn(&self, by: Duration) {
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

pub(super) fn key(number: u32) -> Key {
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&number.wrapping_mul(0x9e37_79b9).to_be_bytes());
    bytes[4..8].copy_from_slice(&number.to_be_bytes());
    Key::from_bytes(bytes)
}

pub(super) fn owned(store: &MemoryStore, claimed: &Claimed) -> bool {
    matches!(store.table.claim(claimed, LEASE), Claim::Owned { .. })
}

pub(super) fn finish(store: &MemoryStore, claimed: &Claimed) {
    assert!(owned(store, claimed));
    assert_eq!(store.table.complete(claimed, Bytes::from_static(b"r"), HOUR), Fenced::Ok);
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
async fn the_laws_hold_with_records_that_moka_may_evict() {
    let clock = Hand::default();
    let store = MemoryStore::new().clock(clock.clone());
    let wait = async |time: Duration| {
        store.table.hand_over_all();
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
    let store = MemoryStore::new().max_bytes(1_000_000);
    for number in 0..1750 {
        finish(&store, &Claimed::new(key(number)));
    }
    store.table.hand_over_all();
    for _ in 0..20 {
        (0..1750).for_each(|number| assert!(is_done(&store, key(number))));
    }
    let fresh: Vec<Claimed> = (1750..21_750).map(|number| Claimed::new(key(number))).collect();
    for claimed in &fresh {
        assert!(owned(&store, claimed));
    }
    store.table.hand_over_all();
    for claimed in &fresh {
        assert!(!owned(&store, &Claimed::new(claimed.key)), "a claim was lost");
    }
    assert_eq!(store.in_flight(), 20_000);
    // What finishes last stays, in a cache that is full all the time; what had to go is counted.
    for (index, claimed) in fresh.iter().enumerate() {
        assert_eq!(store.table.complete(claimed, Bytes::from_static(b"r"), HOUR), Fenced::Ok);
        if index % 100 == 0 {
            store.table.hand_over_all();
        }
        assert!(is_done(&store, claimed.key), "a fresh record was lost");
    }
    store.table.hand_over_all();
    assert!(is_done(&store, key(21_749)));
    assert_eq!(store.early_evictions(), 21_750 - store.finished());
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
    assert_eq!(store.in_flight(), 2, "as many as are needed make room");
    assert!(owned(&store, &Claimed::new(key(4)).guarded_by(key(100))));
    // The work of the first is done all the same.
    assert_eq!(store.table.complete(&guarded, Bytes::new(), HOUR), Fenced::Ok);
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
    let _ = store.table.complete(&claims[1], Bytes::new(), HOUR);
    let _ = store.table.complete(&claims[1], Bytes::new(), HOUR);
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

/// What 4 MB have room for, about, in blocks of 16: what moka has, what waits, and what moka has not looked at yet.
const ROOM: u64 = 3_750_000 / blocks::ID;
const MORE: u64 = 64 * 15 + 16 * 16;

fn of_4_mb() -> MemoryStore {
    MemoryStore::new().max_bytes(4_000_000)
}

fn finish_all(store: &MemoryStore, numbers: std::ops::Range<u32>) {
    numbers.for_each(|number| finish(store, &Claimed::new(key(number))));
}

#[test]
fn memory_is_bounded_while_300_000_ids_come_and_nobody_reads() {
    let store = of_4_mb();
    for number in 0..300_000 {
        finish(&store, &Claimed::new(key(number)));
        assert!(store.finished() <= ROOM + MORE, "{} after {number}", store.finished());
    }
    assert!(store.finished() >= ROOM);
    assert_eq!(store.table.counted(), (store.finished(), 0));
    assert_eq!(store.early_evictions(), 300_000 - store.finished(), "each is counted once");
}

#[test]
fn without_a_bound_of_your_own_two_hundred_thousand_ids_are_remembered() {
    let store = MemoryStore::new();
    finish_all(&store, 0..200_000);
    assert_eq!((store.finished(), store.early_evictions()), (200_000, 0));
}

#[test]
fn fresh_records_never_go_before_older_ones() {
    let store = of_4_mb();
    for round in 1..=20 {
        finish_all(&store, (round - 1) * 5_000..round * 5_000);
        let gone = (0..round * 5_000).rev().find(|number| !store.table.keeps(&key(*number)));
        let oldest = (0..round * 5_000).find(|number| store.table.keeps(&key(*number))).unwrap();
        // Blocks of 64 shards fill at the same time.
        assert!(gone.is_none_or(|gone| gone < oldest + 3 * 64 * 16), "{gone:?} is gone, {oldest} is not");
    }
}

#[test]
fn an_id_that_is_delivered_again_and_again_outlives_others_of_its_age() {
    let store = of_4_mb();
    for number in 0..100_000 {
        finish(&store, &Claimed::new(key(number)));
        if number % 500 == 499 {
            assert!(is_done(&store, key(499)));
        }
    }
    // Those of its block go with it.
    let others = (0..2_000).filter(|number| *number != 499 && store.table.keeps(&key(*number))).count();
    assert!(others <= 15, "{others}");
}

#[test]
fn an_id_that_was_forgotten_and_finished_again_outlives_its_old_block() {
    let store = of_4_mb();
    finish_all(&store, 0..10_000);
    assert!(store.table.forget(&key(0)));
    finish_all(&store, 0..1);
    finish_all(&store, 10_000..20_000);
    assert!(!(1..1_000).any(|number| store.table.keeps(&key(number))), "its block is gone");
    assert!(store.table.keeps(&key(0)));
}

#[test]
fn a_record_that_ran_out_before_its_block_was_full_is_gone() {
    let clock = Hand::default();
    let store = MemoryStore::new().clock(clock.clone());
    finish(&store, &Claimed::new(key(1)).guarded_by(key(50)));
    clock.turn(HOUR);
    finish(&store, &Claimed::new(key(1)).guarded_by(key(51)));
    store.table.hand_over_all();
    assert!(is_done(&store, key(1)));
}

#[test]
fn what_had_run_out_when_it_went_is_no_early_eviction() {
    let clock = Hand::default();
    let store = of_4_mb().clock(clock.clone());
    finish_all(&store, 0..10_000);
    clock.turn(HOUR);
    finish_all(&store, 10_000..25_000);
    let kept = (10_000..25_000).filter(|number| store.table.keeps(&key(*number))).count() as u64;
    assert!(store.finished() < 20_000);
    assert_eq!(store.early_evictions(), 15_000 - kept);
}

#[test]
fn a_record_that_is_larger_than_the_store_goes_at_once_and_counts() {
    let store = MemoryStore::new().max_bytes(10_000);
    let claimed = Claimed::new(key(1));
    assert!(owned(&store, &claimed));
    assert_eq!(store.table.complete(&claimed, vec![0; 10_000].into(), HOUR), Fenced::Ok);
    assert_eq!((store.finished(), store.early_evictions()), (0, 1));
    let store = MemoryStore::new().max_bytes(0);
    finish(&store, &claimed);
    assert_eq!((store.finished(), store.early_evictions()), (0, 1));
}

#[test]
fn large_records_do_not_wait_for_sixteen() {
    let store = of_4_mb();
    for number in 0..500 {
        let claimed = Claimed::new(key(number));
        assert!(owned(&store, &claimed));
        assert_eq!(store.table.complete(&claimed, vec![0; 100_000].into(), HOUR), Fenced::Ok);
        assert!(store.finished() <= 37 + 16, "{}", store.finished());
    }
    store.table.settle();
    assert_eq!(store.finished(), 37);
}

#[test]
fn whatever_ends_a_delivery_the_counts_are_exact() {
    let clock = Hand::default();
    let store = MemoryStore::new().clock(clock.clone()).max_bytes(200_000);
    let claims: Vec<Claimed> = (0..1_000).map(|number| Claimed::new(key(number % 700))).collect();
    let mut random = 1_u64;
    for step in 0..100_000 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let claimed = &claims[usize::try_from(random >> 33).unwrap() % claims.len()];
        match random >> 61 {
            0 => drop(store.table.claim(claimed, LEASE)),
            1 => _ = store.table.release(claimed),
            2 => _ = store.table.extend(claimed, LEASE),
            3 => _ = store.table.forget(&claimed.key),
            4 => clock.turn(Duration::from_millis(100)),
            _ => _ = store.table.complete(claimed, Bytes::from_static(b"r"), LEASE),
        }
        if step % 100 == 0 {
            assert_eq!(store.table.counted(), (store.finished(), store.in_flight()));
            assert_eq!(store.table.entries(), store.finished() + store.in_flight() as u64);
        }
    }
    assert!(store.early_evictions() > 0);
}
