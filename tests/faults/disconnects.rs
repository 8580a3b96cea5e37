//! Many copies at once, and clients that go away.

use std::sync::Arc;

use tokio::sync::Notify;
use tokio_test::task;
use tower_webhook::idempotency::OnDisconnect;
use tower_webhook::{IdempotencyLayer, Outcome, Reason};

use super::{Receiver, Runs, delivery, receiver, settle, status};

/// A receiver whose handler waits until it is let go.
fn gated(layer: IdempotencyLayer, runs: &Runs, gate: &Arc<Notify>) -> Receiver {
    let (runs, gate) = (runs.clone(), Arc::clone(gate));
    receiver(layer, move |_| {
        runs.add();
        let gate = Arc::clone(&gate);
        async move {
            gate.notified().await;
            status(200)
        }
    })
}

fn nobody_waits(layer: &IdempotencyLayer) -> bool {
    format!("{layer:?}").contains("waiting: 0, running: 0")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fault_01_a_thousand_copies_at_once_run_once_and_the_rest_is_replayed_or_asked_to_come_back() {
    let (runs, layer) = (Runs::default(), IdempotencyLayer::in_memory());
    let receiver = receiver(layer.clone(), {
        let runs = runs.clone();
        move |_| {
            runs.add();
            async {
                for _ in 0..1000 {
                    tokio::task::yield_now().await;
                }
                status(200)
            }
        }
    });
    let mut copies = tokio::task::JoinSet::new();
    for _ in 0..1000 {
        let receiver = receiver.clone();
        copies.spawn(async move { receiver.send(&delivery("e1")).await });
    }
    let answers = copies.join_all().await;
    let first = answers.iter().filter(|answer| answer.status() == 200 && answer.outcome().is_none()).count();
    assert_eq!((runs.count(), first), (1, 1));
    for answer in answers.iter().filter(|answer| answer.outcome().is_some()) {
        match answer.outcome() {
            Some(Outcome::Duplicate) => assert_eq!((answer.status().as_u16(), &answer.body()[..]), (200, &b"done"[..])),
            other => {
                assert_eq!((answer.status().as_u16(), other), (503, Some(Outcome::InFlight)));
                assert!(answer.headers().contains_key("retry-after"));
            }
        }
    }
    assert!(nobody_waits(&layer), "{layer:?}");
}

#[tokio::test]
async fn fault_07_a_client_that_goes_in_mid_handler_does_not_stop_it_and_the_retry_is_a_replay() {
    let (runs, gate, layer) = (Runs::default(), Arc::new(Notify::new()), IdempotencyLayer::in_memory());
    let (receiver, e1) = (gated(layer.clone(), &runs, &gate), delivery("e1"));
    let mut connection = task::spawn(receiver.send(&e1));
    assert!(connection.poll().is_pending());
    drop(connection);
    gate.notify_one();
    settle().await;
    receiver.send(&e1).await.assert_duplicate();
    assert_eq!((runs.count(), layer.drain().abandoned()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn fault_08_with_cancel_and_release_the_handler_stops_at_once_and_the_retry_runs() {
    let (runs, gate) = (Runs::default(), Arc::new(Notify::new()));
    let layer = IdempotencyLayer::in_memory().on_disconnect(OnDisconnect::CancelAndRelease);
    let (receiver, e1) = (gated(layer.clone(), &runs, &gate), delivery("e1"));
    let mut connection = task::spawn(receiver.send(&e1));
    assert!(connection.poll().is_pending());
    drop(connection);
    // Time stands still: not even a millisecond is needed.
    assert!(nobody_waits(&layer), "{layer:?}");
    gate.notify_one();
    receiver.send(&e1).await.assert_accepted();
    assert_eq!((runs.count(), layer.drain().abandoned()), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn fault_09_a_client_that_goes_while_it_waits_for_anothers_run_leaves_that_alone() {
    let (runs, gate, layer) = (Runs::default(), Arc::new(Notify::new()), IdempotencyLayer::in_memory());
    let (receiver, e1) = (gated(layer.clone(), &runs, &gate), delivery("e1"));
    let mut leader = task::spawn(receiver.send(&e1));
    assert!(leader.poll().is_pending());
    for _ in 0..200 {
        // More than may wait at one time: each one that goes makes room.
        let mut waiter = task::spawn(receiver.send(&e1));
        assert!(waiter.poll().is_pending());
        assert!(format!("{layer:?}").contains("waiting: 1"), "{layer:?}");
        drop(waiter);
    }
    gate.notify_one();
    leader.await.assert_accepted();
    assert!(nobody_waits(&layer), "{layer:?}");
    assert_eq!(runs.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn fault_01_those_beyond_the_bound_on_waiters_are_answered_without_waiting() {
    let (runs, gate, layer) = (Runs::default(), Arc::new(Notify::new()), IdempotencyLayer::in_memory());
    let (receiver, e1) = (gated(layer.clone(), &runs, &gate), delivery("e1"));
    let mut leader = task::spawn(receiver.send(&e1));
    assert!(leader.poll().is_pending());
    let mut waiters: Vec<_> = (0..64).map(|_| task::spawn(receiver.send(&e1))).collect();
    assert!(waiters.iter_mut().all(|waiter| waiter.poll().is_pending()));
    let begun = tokio::time::Instant::now();
    receiver.send(&e1).await.assert_rejected(Reason::IdempotencyInFlight);
    assert_eq!(begun.elapsed(), std::time::Duration::ZERO);
    gate.notify_one();
    leader.await.assert_accepted();
    for waiter in waiters {
        waiter.await.assert_duplicate();
    }
    assert!(nobody_waits(&layer), "{layer:?}");
    assert_eq!(runs.count(), 1);
}
