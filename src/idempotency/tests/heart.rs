//! Runs that take long: their claims are kept alive, and end when they must.

use super::stores::Shaky;
use super::*;

fn shared() -> Shaky {
    let mut store = Shaky::default();
    store.shared = true;
    store
}

fn failed() -> Response<Full<Bytes>> {
    Response::builder().status(500).body(Full::default()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_beat_that_fails_is_tried_again_soon_and_only_long_runs_have_any() {
    let (runs, store, gate) = (Runs::default(), Shaky::default(), Arc::new(Notify::new()));
    store.fail("extend", 1);
    let service = IdempotencyLayer::new(store.clone()).layer(gated(&runs, &gate));
    let first = tokio::spawn(send_owned(service.clone(), "e1"));
    tokio::time::sleep(Duration::from_secs(9)).await;
    assert_eq!(store.calls(), ["claim"]);
    // At 10 s in vain, so at 12.5 s again, and then each 10 s.
    tokio::time::sleep(Duration::from_secs(20)).await;
    gate.notify_one();
    assert_eq!(first.await.unwrap().status(), 200);
    assert_eq!(store.calls(), ["extend", "extend", "extend", "complete"]);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(store.calls(), [""; 0], "one that has ended needs none");
}

async fn send_owned<S, R>(service: S, id: &'static str) -> Answer
where
    S: Service<Request<VerifiedBody>, Response = Response<R>> + Clone,
    S::Error: std::fmt::Debug,
    R: Body<Data = Bytes>,
    R::Error: std::fmt::Debug,
{
    send(&service, delivery(id)).await
}

#[tokio::test(start_paused = true)]
async fn a_handler_whose_claim_is_lost_can_know_it_and_its_answer_still_goes_out() {
    let (store, seen) = (MemoryStore::new(), Arc::new(Mutex::new(None)));
    let layer = IdempotencyLayer::new(store.clone());
    let service = layer.layer(service_fn({
        let seen = Arc::clone(&seen);
        move |request: Request<VerifiedBody>| {
            let run = request.extensions().get::<Delivery>().unwrap().idempotency().unwrap().clone();
            *seen.lock().unwrap() = Some(run.clone());
            async move {
                assert!(!run.is_claim_lost());
                run.claim_lost().await;
                assert!(run.is_claim_lost());
                Ok::<_, Infallible>(ok())
            }
        }
    }));
    let first = tokio::spawn(send_owned(service.clone(), "e1"));
    settle().await;
    let run = seen.lock().unwrap().take().unwrap();
    // As when this process stood still until the lease was over, and another took over.
    assert!(layer.forget(run.key()).await.unwrap());
    let other = Store::claim(&store, &Claimed::new(*run.key()), Duration::from_secs(30)).await.unwrap();
    assert!(matches!(other, Claim::Owned { .. }));
    let answer = first.await.unwrap();
    assert_eq!((answer.status().as_u16(), outcome(&answer)), (200, Some(Outcome::Fenced)));
    assert!(!run.is_claim_lost(), "nothing is kept of a run that has ended");
}

#[tokio::test(start_paused = true)]
async fn a_claim_is_given_back_after_the_last_beat_and_stays_so() {
    for policy in [OnDisconnect::Detach, OnDisconnect::CancelAndRelease] {
        let (store, gate) = (shared(), Arc::new(Notify::new()));
        let layer = IdempotencyLayer::new(store.clone()).on_disconnect(policy);
        let service = layer.layer(service_fn({
            let gate = Arc::clone(&gate);
            move |_: Request<VerifiedBody>| {
                let gate = Arc::clone(&gate);
                async move {
                    gate.notified().await;
                    Ok::<_, Infallible>(failed())
                }
            }
        }));
        let first = tokio::spawn(send_owned(service.clone(), "e1"));
        tokio::time::sleep(Duration::from_secs(9)).await;
        store.hangs_ms.store(200, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(1100)).await;
        assert_eq!(store.calls(), ["claim", "extend"], "it is under way");
        store.hangs_ms.store(0, Ordering::SeqCst);
        match policy {
            OnDisconnect::Detach => gate.notify_one(),
            OnDisconnect::CancelAndRelease => first.abort(),
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!((store.calls(), store.inner.in_flight()), (vec!["release"], 0));
        assert_eq!(layer.drain().running(), 0);
    }
}

#[test]
fn when_the_runtime_of_the_beats_ends_another_goes_on_with_them() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let (runs, store, gate) = (Runs::default(), shared(), Arc::new(Notify::new()));
    let service = IdempotencyLayer::new(store.clone()).layer(gated(&runs, &gate));
    let (one, other) = (runtime(), runtime());
    one.block_on(async {
        tokio::spawn(send_owned(service.clone(), "e1"));
        settle().await;
    });
    other.block_on(async {
        tokio::spawn(send_owned(service.clone(), "e2"));
        settle().await;
    });
    drop(one);
    assert_eq!(store.calls(), ["claim", "claim"]);
    other.block_on(async { tokio::time::sleep(Duration::from_secs(25)).await });
    assert_eq!(store.calls(), ["extend", "extend"]);
}

#[tokio::test(start_paused = true)]
async fn what_the_grace_of_a_drain_is_too_short_for_is_stopped_and_given_back() {
    for store in [Shaky::default(), shared()] {
        let (runs, gate) = (Runs::default(), Arc::new(Notify::new()));
        let layer = IdempotencyLayer::new(store.clone());
        let service = layer.layer(gated(&runs, &gate));
        let waits = tokio::spawn(send_owned(service.clone(), "e1"));
        let gone = tokio::spawn(send_owned(service.clone(), "e2"));
        let nameless = tokio::spawn({
            let service = service.clone();
            async move { send(&service, sent("{}", |_| {})).await }
        });
        settle().await;
        gone.abort();
        let begun = tokio::time::Instant::now();
        let drained = layer.drain().finish(Duration::from_secs(5)).await;
        assert_eq!((drained.left, drained.is_complete(), begun.elapsed()), (3, false, Duration::from_secs(5)));
        assert_eq!((layer.drain().running(), drained.abandoned, store.inner.in_flight()), (0, 0, 0));
        for answer in [waits.await.unwrap(), nameless.await.unwrap()] {
            assert_eq!((answer.status().as_u16(), reason(&answer)), (503, Some(Reason::Draining)));
        }
        assert_eq!((runs.count(), Arc::strong_count(&gate)), (3, 2), "the handlers are gone");
        assert!(layer.drain().finish(Duration::ZERO).await.is_complete());
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_to_end_before_the_next_beat_of_the_others_ends_in_time() {
    let (runs, gate) = (Runs::default(), Arc::new(Notify::new()));
    let drain = Drain::new();
    let patient = IdempotencyLayer::in_memory().drained_by(&drain).layer(gated(&runs, &gate));
    let layer = IdempotencyLayer::in_memory().drained_by(&drain).max_execution(Duration::from_secs(2));
    let hasty = layer.layer(gated(&runs, &gate));
    // Beats at 10 s.
    let first = tokio::spawn(send_owned(patient, "e1"));
    settle().await;
    let begun = tokio::time::Instant::now();
    let answer = send(&hasty, delivery("e2")).await;
    assert_eq!((outcome(&answer), begun.elapsed()), (Some(Outcome::HandlerTimeout), Duration::from_secs(2)));
    gate.notify_one();
    assert_eq!(first.await.unwrap().status(), 200);
}

#[tokio::test(start_paused = true)]
async fn the_task_of_the_beats_ends_with_the_layers() {
    let (runs, gate) = (Runs::default(), Arc::new(Notify::new()));
    let layer = IdempotencyLayer::in_memory();
    let run = tokio::spawn(send_owned(layer.layer(gated(&runs, &gate)), "e1"));
    settle().await;
    assert!(format!("{:?}", layer.drain()).contains("beating: true"));
    gate.notify_one();
    assert_eq!(run.await.unwrap().status(), 200);
    // So that it waits for the next run, and for no time.
    tokio::time::sleep(Duration::from_secs(60)).await;
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    assert_eq!(tasks(), 1);
    drop(layer);
    settle().await;
    assert_eq!(tasks(), 0);
}
