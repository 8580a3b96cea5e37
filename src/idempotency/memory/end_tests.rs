//! When claims, records and guards end: to the nanosecond, and together.

use std::sync::Mutex;

use super::tests::{HOUR, Hand, LEASE, finish, key, owned};
use super::*;
use crate::idempotency::store::Guarded;

#[test]
fn how_much_of_the_lease_is_left_is_told_and_at_its_end_it_is_free() {
    let (clock, guard) = (Hand::default(), key(50));
    let store = MemoryStore::new().clock(clock.clone());
    assert!(owned(&store, &Claimed::new(key(1)).guarded_by(guard)));
    clock.turn(Duration::from_secs(10));
    let retry_in = Duration::from_secs(20);
    let same = store.table.claim(&Claimed::new(key(1)), LEASE);
    assert_eq!(same, Claim::InFlight { retry_in, same_fingerprint: true });
    let other = Claimed::new(key(2)).guarded_by(guard);
    let replayed = Claim::Replayed { of: key(1), state: Guarded::InFlight { retry_in } };
    assert_eq!(store.table.claim(&other, LEASE), replayed);
    clock.turn(retry_in);
    assert!(owned(&store, &other));
}

#[test]
fn a_record_counts_until_its_time_is_up_and_no_longer() {
    let (clock, guard) = (Hand::default(), key(50));
    let store = MemoryStore::new().clock(clock.clone());
    finish(&store, &Claimed::new(key(1)).guarded_by(guard));
    let (late, other) = (Claimed::new(key(1)), Claimed::new(key(2)).guarded_by(guard));
    let is_lost = || store.table.complete(&late, Bytes::new(), HOUR) == Fenced::Lost;
    clock.turn(HOUR - Duration::from_nanos(1));
    assert!(is_lost() && store.table.extend(&late, LEASE) == Fenced::Lost && !owned(&store, &other));
    clock.turn(Duration::from_nanos(1));
    assert!(owned(&store, &other), "its guard counts no more either");
    assert_eq!(store.table.extend(&late, LEASE), Fenced::Ok);
    assert!(store.table.forget(&key(1)));
    finish(&store, &Claimed::new(key(1)));
    clock.turn(HOUR);
    assert!(!is_lost());
}

#[test]
fn a_claim_that_is_given_back_takes_its_guard_along() {
    let (store, guard) = (MemoryStore::new(), key(50));
    let first = Claimed::new(key(1)).guarded_by(guard);
    assert!(owned(&store, &first));
    assert_eq!(store.table.release(&first), Fenced::Ok);
    // By another signature.
    assert!(owned(&store, &Claimed::new(key(1)).guarded_by(key(51))));
    assert!(owned(&store, &Claimed::new(key(2)).guarded_by(guard)));
}

#[test]
fn keys_spread_over_all_shards() {
    let shards: Vec<Mutex<usize>> = (0..Table::SHARDS).map(Mutex::new).collect();
    for first in 0..=u8::MAX {
        let picked = table::pick(&shards, &Key::from_bytes([first; 32]));
        assert_eq!(*table::lock(picked), usize::from(first) % Table::SHARDS);
    }
}
