//! Clients that go away, and processes that end.

use tokio::runtime::Handle;
use tokio_test::task;

use super::*;

#[tokio::test]
async fn a_handler_outlives_its_client_and_the_retry_gets_its_answer() {
    let (runs, gate) = (Runs::default(), Arc::new(Notify::new()));
    let layer = IdempotencyLayer::in_memory();
    let service = layer.layer(gated(&runs, &gate));
    let mut connection = task::spawn(service.clone().oneshot(delivery("e1")));
    assert!(connection.poll().is_pending());
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 1, "no task of its own while the client is there");
    drop(connection);
    settle().await;
    assert_eq!((runs.count(), layer.drain().running()), (1, 1));
    gate.notify_one();
    settle().await;
    assert_eq!((layer.drain().running(), layer.drain().abandoned()), (0, 0));
    let retry = send(&service, delivery("e1")).await;
    assert_eq!((&retry.body()[..], outcome(&retry)), (&b"done"[..], Some(Outcome::Duplicate)));
    assert_eq!(runs.count(), 1);
}

#[tokio::test]
async fn a_run_that_ends_with_its_client_there_starts_no_task() {
    let runs = Runs::default();
    let service = IdempotencyLayer::in_memory().layer(handler(&runs, |_| ok()));
    for id in ["e1", "e2", "e3"] {
        send(&service, delivery(id)).await;
    }
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);
}

#[tokio::test]
async fn a_client_that_goes_before_anything_was_done_leaves_nothing_behind() {
    let runs = Runs::default();
    let layer = IdempotencyLayer::in_memory();
    let mut service = layer.layer(handler(&runs, |_| ok()));
    drop(service.call(delivery("e1")));
    settle().await;
    assert_eq!((runs.count(), layer.drain().running()), (0, 0));
}

#[tokio::test]
async fn with_cancel_and_release_the_handler_stops_and_the_retry_runs() {
    let (runs, gate) = (Runs::default(), Arc::new(Notify::new()));
    let layer = IdempotencyLayer::in_memory().on_disconnect(OnDisconnect::CancelAndRelease);
    let service = layer.layer(gated(&runs, &gate));
    let mut connection = task::spawn(service.clone().oneshot(delivery("e1")));
    assert!(connection.poll().is_pending());
    drop(connection);
    assert_eq!((layer.drain().running(), Arc::strong_count(&gate)), (0, 2), "the handler is gone");
    gate.notify_one();
    assert_eq!(outcome(&send(&service, delivery("e1")).await), None);
    assert_eq!(runs.count(), 2);
    assert_eq!(layer.drain().abandoned(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_goes_while_it_waits_for_anothers_run_leaves_that_alone() {
    let (runs, gate) = (Runs::default(), Arc::new(Notify::new()));
    let layer = IdempotencyLayer::in_memory();
    let service = layer.layer(gated(&runs, &gate));
    let first = tokio::spawn({
        let service = service.clone();
        async move { send(&service, delivery("e1")).await }
    });
    settle().await;
    let mut waiting = task::spawn(service.clone().oneshot(delivery("e1")));
    assert!(waiting.poll().is_pending());
    assert_eq!((service.config.flights.waiting(), layer.drain().running()), (1, 2));
    drop(waiting);
    settle().await;
    assert_eq!((service.config.flights.waiting(), layer.drain().running()), (0, 1));
    gate.notify_one();
    assert_eq!(first.await.unwrap().status(), 200);
    assert_eq!((runs.count(), layer.drain().abandoned()), (1, 0));
}

#[test]
fn a_run_that_is_lost_with_its_runtime_is_counted_and_lapses() {
    let (runs, gate, clock) = (Runs::default(), Arc::new(Notify::new()), Hand::default());
    let layer = IdempotencyLayer::in_memory().clock(clock.clone());
    let service = layer.layer(gated(&runs, &gate));
    let mut connection = task::spawn(service.clone().oneshot(delivery("e1")));
    assert!(connection.poll().is_pending());
    drop(connection);
    assert_eq!((layer.drain().running(), layer.drain().abandoned()), (0, 1));
    let mut early = task::spawn(service.clone().oneshot(delivery("e1")));
    assert!(matches!(early.poll(), std::task::Poll::Ready(Ok(answer)) if answer.status() == 503));
    clock.turn(Duration::from_secs(30));
    gate.notify_one();
    let mut late = task::spawn(service.clone().oneshot(delivery("e1")));
    assert!(matches!(late.poll(), std::task::Poll::Ready(Ok(answer)) if answer.status() == 200));

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut connection = task::spawn(service.clone().oneshot(delivery("e2")));
        assert!(connection.poll().is_pending());
        drop(connection);
        settle().await;
    });
    assert_eq!((layer.drain().running(), layer.drain().abandoned()), (1, 1));
    drop(runtime);
    assert_eq!((layer.drain().running(), layer.drain().abandoned()), (0, 2));
}

#[tokio::test(start_paused = true)]
async fn a_drain_takes_nothing_new_and_waits_for_what_runs() {
    let (runs, gate) = (Runs::default(), Arc::new(Notify::new()));
    let drain = Drain::new();
    let service = IdempotencyLayer::in_memory().drained_by(&drain).layer(gated(&runs, &gate));
    let mut connection = task::spawn(service.clone().oneshot(delivery("e1")));
    assert!(connection.poll().is_pending());
    drop(connection);
    let finish = tokio::spawn({
        let drain = drain.clone();
        async move { drain.finish(Duration::from_secs(60)).await }
    });
    settle().await;
    assert!(drain.is_draining() && !finish.is_finished());
    let refused = send(&service, delivery("e2")).await;
    assert_eq!((refused.status().as_u16(), reason(&refused)), (503, Some(Reason::Draining)));
    assert_eq!((header(&refused, "connection"), header(&refused, "retry-after")), (Some("close"), Some("5")));
    let began = tokio::time::Instant::now();
    gate.notify_one();
    let drained = finish.await.unwrap();
    assert!(drained.is_complete());
    assert_eq!(began.elapsed(), Duration::ZERO, "the last run tells that it has ended");
    assert_eq!((drained.left, drained.abandoned, runs.count()), (0, 0, 1));
}
