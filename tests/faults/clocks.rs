//! Leases, clocks, and a cache that is full.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;
use tokio_test::task;
use tower_webhook::IdempotencyLayer;
use tower_webhook::Reason;
use tower_webhook::clock::UnixTime;
use tower_webhook::idempotency::{Claim, Claimed, Fenced, Key, MemoryStore, Store};
use tower_webhook::testing::FakeClock;

use super::{Receiver, Runs, delivery, receiver, status};

const LEASE: Duration = Duration::from_secs(30);
const HOUR: Duration = Duration::from_secs(3600);
const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

fn gated(clock: &FakeClock, runs: &Runs, gate: &Arc<Notify>) -> Receiver {
    let (runs, gate) = (runs.clone(), Arc::clone(gate));
    receiver(IdempotencyLayer::in_memory().clock(clock.clone()).max_wait(Duration::ZERO), move |_| {
        runs.add();
        let gate = Arc::clone(&gate);
        async move {
            gate.notified().await;
            status(200)
        }
    })
}

#[tokio::test(start_paused = true)]
async fn fault_14_a_lease_that_lapsed_without_a_takeover_is_recorded_all_the_same() {
    let (runs, gate, clock) = (Runs::default(), Arc::new(Notify::new()), FakeClock::at(NOW));
    let (receiver, e1) = (gated(&clock, &runs, &gate), delivery("e1"));
    let mut first = task::spawn(receiver.send(&e1));
    assert!(first.poll().is_pending());
    // As when the process stood still: no heartbeat.
    clock.advance(2 * LEASE);
    gate.notify_one();
    first.await.assert_accepted();
    receiver.send(&e1).await.assert_duplicate();
    assert_eq!(runs.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn fault_25_a_wall_clock_that_is_set_by_an_hour_takes_no_claim_and_no_record_away() {
    let (runs, gate, clock) = (Runs::default(), Arc::new(Notify::new()), FakeClock::at(NOW));
    let (receiver, e1) = (gated(&clock, &runs, &gate), delivery("e1"));
    let mut first = task::spawn(receiver.send(&e1));
    assert!(first.poll().is_pending());
    let set =
        [Some(NOW.saturating_add(HOUR)), Some(NOW.saturating_sub(HOUR)), None, Some(NOW.saturating_add(500 * HOUR))];
    for wall in set {
        clock.set(wall);
        receiver.send(&e1).await.assert_rejected(Reason::IdempotencyInFlight);
    }
    gate.notify_one();
    first.await.assert_accepted();
    for wall in set {
        clock.set(wall);
        receiver.send(&e1).await.assert_duplicate();
    }
    assert_eq!(runs.count(), 1);
}

#[tokio::test]
async fn fault_26_of_twenty_thousand_fresh_claims_a_cache_full_of_hot_keys_loses_none() {
    let key = |number: u32| {
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&number.wrapping_mul(0x9e37_79b9).to_be_bytes());
        bytes[4..8].copy_from_slice(&number.to_be_bytes());
        Claimed::new(Key::from_bytes(bytes))
    };
    // Room for a few more than that.
    let (hot, store) = (1_800, MemoryStore::new().max_bytes(1_000_000));
    for number in 0..hot {
        let claimed = key(number);
        assert!(matches!(store.claim(&claimed, LEASE).await, Ok(Claim::Owned { .. })));
        assert_eq!(store.complete(&claimed, Bytes::from_static(b"r"), HOUR).await, Ok(Fenced::Ok));
    }
    for _ in 0..20 {
        for number in 0..hot {
            assert!(!matches!(store.claim(&key(number), LEASE).await, Ok(Claim::InFlight { .. })));
        }
    }
    let fresh: Vec<_> = (hot..hot + 20_000).map(key).collect();
    for claimed in &fresh {
        assert!(matches!(store.claim(claimed, LEASE).await, Ok(Claim::Owned { .. })));
    }
    let mut lost = 0;
    for claimed in &fresh {
        let again = store.claim(&Claimed::new(claimed.key), LEASE).await;
        lost += usize::from(!matches!(again, Ok(Claim::InFlight { .. })));
    }
    assert_eq!(lost, 0);
}
