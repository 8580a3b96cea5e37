//! The store in memory that stands in while the other one fails.

use super::stores::Shaky;
use super::*;

fn local(store: &Shaky) -> IdempotencyLayer {
    IdempotencyLayer::new(store.clone()).on_store_failure(OnStoreFailure::FailLocal)
}

fn shared() -> Shaky {
    let mut store = Shaky::default();
    store.shared = true;
    store
}

#[tokio::test(start_paused = true)]
async fn what_comes_during_an_outage_runs_once_and_is_remembered_after_it() {
    let (runs, store) = (Runs::default(), shared());
    let service = local(&store).layer(handler(&runs, |_| ok()));
    store.fail("claim", 1);
    store.fail("complete", 1);
    let first = send(&service, delivery("e1")).await;
    assert_eq!((first.status().as_u16(), outcome(&first)), (200, Some(Outcome::Local)));
    for _ in 0..3 {
        assert_eq!(outcome(&send(&service, delivery("e1")).await), Some(Outcome::Duplicate));
    }
    // The store is back: what it knows decides, but for what was done without it.
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(outcome(&send(&service, delivery("e1")).await), Some(Outcome::Duplicate));
    assert_eq!(outcome(&send(&service, delivery("e2")).await), None);
    assert_eq!(runs.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_began_before_the_outage_is_known_during_it() {
    let (runs, store, gate) = (Runs::default(), shared(), Arc::new(Notify::new()));
    let service = local(&store).layer(gated(&runs, &gate));
    let first = tokio::spawn({
        let service = service.clone();
        async move { send(&service, delivery("e1")).await }
    });
    settle().await;
    store.fail("claim", 9);
    let copy = tokio::spawn({
        let service = service.clone();
        async move { send(&service, delivery("e1")).await }
    });
    settle().await;
    gate.notify_one();
    assert_eq!(outcome(&first.await.unwrap()), None);
    assert_eq!(outcome(&copy.await.unwrap()), Some(Outcome::Duplicate));
    assert_eq!(runs.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_was_finished_before_the_outage_is_a_duplicate_in_it_and_may_be_forgotten_elsewhere() {
    let (runs, store) = (Runs::default(), shared());
    let service = local(&store).layer(handler(&runs, |_| ok()));
    assert_eq!(outcome(&send(&service, delivery("e1")).await), None);
    store.fail("claim", 1);
    assert_eq!(outcome(&send(&service, delivery("e1")).await), Some(Outcome::Duplicate));
    let delivered = delivery("e1");
    let key = Key::of_id(delivered.extensions().get::<Delivery>().unwrap(), b"", b"e1");
    assert!(Store::forget(&store, &key).await.unwrap());
    assert_eq!(outcome(&send(&service, delivery("e1")).await), None);
    assert_eq!(runs.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_again_and_again_is_asked_once_a_second() {
    let (runs, store) = (Runs::default(), shared());
    let service =
        local(&store).layer(handler(&runs, |_| Response::builder().status(500).body(Full::from("x")).unwrap()));
    store.fail("claim", 1000);
    store.fail("release", 1000);
    let ids = ["e1", "e2", "e3", "e4", "e5", "e6"];
    for id in ids {
        assert_eq!(outcome(&send(&service, delivery(id)).await), Some(Outcome::Local));
    }
    assert_eq!(store.calls(), ["claim", "release", "claim"]);
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        for id in ids {
            assert_eq!(send(&service, delivery(id)).await.status(), 500);
        }
        assert_eq!(store.calls(), ["claim"]);
    }
    assert_eq!(runs.count(), 24, "what fails is released here as well");
}

#[tokio::test(start_paused = true)]
async fn what_another_process_has_is_not_held_here() {
    let store = shared();
    let (runs, gate) = (Runs::default(), Arc::new(Notify::new()));
    let there = IdempotencyLayer::new(store.clone()).layer(gated(&runs, &gate));
    let here = local(&store).layer(handler(&runs, |_| ok()));
    let mut first = tokio_test::task::spawn(there.clone().oneshot(delivery("e1")));
    assert!(first.poll().is_pending());
    assert_eq!(reason(&send(&here, delivery("e1")).await), Some(Reason::IdempotencyInFlight));
    gate.notify_one();
    assert_eq!(first.await.unwrap().status(), 200);
    assert_eq!(outcome(&send(&here, delivery("e1")).await), Some(Outcome::Duplicate));
    assert_eq!(runs.count(), 1);
}
