//! A store that cannot be reached.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tower_webhook::idempotency::{OnStoreFailure, RedisStore};
use tower_webhook::testing::Answer;
use tower_webhook::{IdempotencyLayer, Outcome, Reason};

use super::network::behind_a_network;
use super::proxy::Proxy;
use super::{Receiver, Runs, counting, delivery, receiver, retry_until_run, status};

/// A layer whose leases are short enough to wait for.
fn layer(store: RedisStore) -> IdempotencyLayer {
    IdempotencyLayer::new(store).lease(Duration::from_secs(2))
}

async fn within_the_budget(receiver: &Receiver, id: &str) -> Answer {
    let begun = Instant::now();
    let answer = receiver.send(&delivery(id)).await;
    // Of 250 ms; the rest is for a machine that is busy.
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_17_a_store_that_cannot_be_reached_is_answered_with_503_within_its_budget() {
    for failure in [Proxy::cut, Proxy::silence] {
        let (_server, proxy, store) = behind_a_network().await;
        let runs = Runs::default();
        let receiver = counting(layer(store), &runs);
        failure(&proxy);
        for _ in 0..3 {
            let refused = within_the_budget(&receiver, "e1").await;
            assert_eq!((refused.status().as_u16(), &refused.headers()["retry-after"]), (503, &"5".parse().unwrap()));
            refused.assert_rejected(Reason::IdempotencyUnavailable);
        }
        assert_eq!(runs.count(), 0);
        proxy.mend();
        assert_eq!(retry_until_run(&receiver, &delivery("e1")).await.outcome(), None);
        receiver.send(&delivery("e1")).await.assert_duplicate();
        assert_eq!(runs.count(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_17_with_fail_open_each_copy_runs_and_is_marked() {
    let (_server, proxy, store) = behind_a_network().await;
    let runs = Runs::default();
    let receiver = counting(layer(store).on_store_failure(OnStoreFailure::FailOpen), &runs);
    proxy.silence();
    for run in 1..4 {
        let answer = within_the_budget(&receiver, "e1").await;
        assert_eq!((answer.status().as_u16(), answer.outcome()), (200, Some(Outcome::Bypassed)));
        assert_eq!(runs.count(), run);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_17_with_fail_local_each_process_runs_it_once() {
    let (_server, proxy, store) = behind_a_network().await;
    // Two layers know nothing of each other, as two processes do.
    let (here, there) = (Runs::default(), Runs::default());
    let local = || layer(store.clone()).on_store_failure(OnStoreFailure::FailLocal);
    let receivers = [(counting(local(), &here), here), (counting(local(), &there), there)];
    receivers[0].0.send(&delivery("before")).await.assert_accepted();
    proxy.cut();
    for (receiver, runs) in &receivers {
        let before = runs.count();
        let first = within_the_budget(receiver, "e1").await;
        assert_eq!((first.status().as_u16(), first.outcome()), (200, Some(Outcome::Local)));
        for _ in 0..3 {
            within_the_budget(receiver, "e1").await.assert_duplicate();
        }
        assert_eq!(runs.count(), before + 1);
    }
    // What this process had finished before it still knows.
    within_the_budget(&receivers[0].0, "before").await.assert_duplicate();
    proxy.mend();
    for (receiver, runs) in &receivers {
        let known = runs.count();
        receiver.send(&delivery("e1")).await.assert_duplicate();
        assert_eq!(runs.count(), known, "what was done during the outage is remembered after it");
    }
}

/// A receiver whose network fails when its handler runs for the first time.
fn failing_in_the_handler(store: RedisStore, proxy: &Arc<Proxy>, failure: fn(&Proxy), runs: &Runs) -> Receiver {
    let (proxy, runs) = (Arc::clone(proxy), runs.clone());
    receiver(layer(store), move |_| {
        if runs.add() == 1 {
            failure(&proxy);
        }
        async { status(200) }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_18_a_partition_after_the_claim_lets_the_answer_out_and_the_record_is_written_afterwards() {
    let (_server, proxy, store) = behind_a_network().await;
    let runs = Runs::default();
    let receiver = failing_in_the_handler(store, &proxy, Proxy::silence, &runs);
    let begun = Instant::now();
    let first = receiver.send(&delivery("e1")).await;
    assert_eq!((first.status().as_u16(), first.outcome()), (200, None));
    // Three tries of 250 ms and the pauses between them, within the lease.
    assert!(begun.elapsed() >= Duration::from_millis(500) && begun.elapsed() < Duration::from_secs(2));
    proxy.mend();
    // The store goes on with the record; until it is there, a copy is told to come again.
    let begun = Instant::now();
    loop {
        let answer = receiver.send(&delivery("e1")).await;
        if answer.status().is_success() {
            answer.assert_duplicate();
            break;
        }
        assert!(answer.status().as_u16() == 503 && begun.elapsed() < Duration::from_secs(10), "{answer:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(runs.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_18_a_short_partition_after_the_claim_loses_nothing() {
    let (_server, proxy, store) = behind_a_network().await;
    let runs = Runs::default();
    let receiver = failing_in_the_handler(store, &proxy, Proxy::silence, &runs);
    let mending = tokio::spawn({
        let (proxy, runs) = (Arc::clone(&proxy), runs.clone());
        async move {
            while runs.count() == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            tokio::time::sleep(Duration::from_millis(150)).await;
            proxy.mend();
        }
    });
    receiver.send(&delivery("e1")).await.assert_accepted();
    mending.await.unwrap();
    receiver.send(&delivery("e1")).await.assert_duplicate();
    assert_eq!(runs.count(), 1);
}
