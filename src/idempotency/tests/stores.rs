//! Stores that fail, are slow, or belong to others as well.

use std::sync::atomic::AtomicU64;

use super::*;

/// A store in memory whose calls can be made to fail, to hang, and are counted.
#[derive(Clone, Debug, Default)]
pub(super) struct Shaky {
    pub(super) inner: MemoryStore,
    calls: Arc<Mutex<Vec<&'static str>>>,
    /// So many calls of each name fail from now on.
    failing: Arc<Mutex<Vec<(&'static str, usize)>>>,
    pub(super) hangs_ms: Arc<AtomicU64>,
    /// How long the answer to a claim is under way.
    answers_after_ms: Arc<AtomicU64>,
    pub(super) shared: bool,
}

#[derive(Debug)]
pub(super) struct Down;

impl std::fmt::Display for Down {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("connection refused")
    }
}

impl std::error::Error for Down {}

impl Shaky {
    pub(super) fn fail(&self, call: &'static str, times: usize) {
        self.failing.lock().unwrap().push((call, times));
    }

    pub(super) fn calls(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }

    async fn enter(&self, call: &'static str) -> Result<(), Down> {
        self.calls.lock().unwrap().push(call);
        let hangs = self.hangs_ms.load(Ordering::SeqCst);
        if hangs > 0 {
            tokio::time::sleep(Duration::from_millis(hangs)).await;
        }
        match self.failing.lock().unwrap().iter_mut().find(|(name, times)| *name == call && *times > 0) {
            Some((_, times)) => {
                *times -= 1;
                Err(Down)
            }
            None => Ok(()),
        }
    }
}

fn sure<T>(result: Result<T, Infallible>) -> T {
    result.unwrap_or_else(|never| match never {})
}

impl Store for Shaky {
    type Error = Down;

    async fn claim(&self, claimed: &Claimed, lease: Duration) -> Result<Claim, Down> {
        self.enter("claim").await?;
        let claim = sure(Store::claim(&self.inner, claimed, lease).await);
        tokio::time::sleep(Duration::from_millis(self.answers_after_ms.load(Ordering::SeqCst))).await;
        Ok(claim)
    }

    async fn complete(&self, claimed: &Claimed, record: Bytes, retain_for: Duration) -> Result<Fenced, Down> {
        self.enter("complete").await?;
        Ok(sure(Store::complete(&self.inner, claimed, record, retain_for).await))
    }

    async fn release(&self, claimed: &Claimed) -> Result<Fenced, Down> {
        self.enter("release").await?;
        Ok(sure(Store::release(&self.inner, claimed).await))
    }

    async fn extend(&self, claimed: &Claimed, lease: Duration) -> Result<Fenced, Down> {
        self.enter("extend").await?;
        Ok(sure(Store::extend(&self.inner, claimed, lease).await))
    }

    async fn forget(&self, key: &Key) -> Result<bool, Down> {
        Ok(sure(Store::forget(&self.inner, key).await))
    }

    fn guarantees(&self) -> Guarantees {
        if self.shared { Guarantees::IN_PROCESS.shared() } else { Guarantees::IN_PROCESS }
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_of_the_users_own_takes_two_calls_a_run_and_one_a_duplicate() {
    let (runs, store) = (Runs::default(), Shaky::default());
    let service = IdempotencyLayer::new(store.clone()).layer(handler(&runs, |_| ok()));
    send(&service, delivery("e1")).await;
    assert_eq!(store.calls(), ["claim", "complete"]);
    assert_eq!(outcome(&send(&service, delivery("e1")).await), Some(Outcome::Duplicate));
    assert_eq!(store.calls(), ["claim"]);
}

#[tokio::test(start_paused = true)]
async fn a_delivery_that_was_let_in_unsigned_passes_without_a_call_to_the_store() {
    let (runs, store) = (Runs::default(), Shaky::default());
    let layer = IdempotencyLayer::new(store.clone());
    let service = layer.layer(handler(&runs, |_| ok()));
    for _ in 0..2 {
        let request = sent("{}", |delivery| {
            delivery.key_id = None;
            delivery.id = Value::Header(HeaderValue::from_static("e1"));
        });
        assert_eq!(outcome(&send(&service, request).await), None);
    }
    assert_eq!((runs.count(), store.calls().len(), layer.drain().running()), (2, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_closed_refuses_and_one_that_fails_open_runs() {
    for (policy, status, runs_expected, expected) in
        [(OnStoreFailure::FailClosed, 503, 0, None), (OnStoreFailure::FailOpen, 200, 2, Some(Outcome::Bypassed))]
    {
        let (runs, store) = (Runs::default(), Shaky::default());
        store.fail("claim", 2);
        let service = IdempotencyLayer::new(store.clone()).on_store_failure(policy).layer(handler(&runs, |_| ok()));
        for _ in 0..2 {
            let answer = send(&service, delivery("e1")).await;
            assert_eq!((answer.status().as_u16(), outcome(&answer)), (status, expected));
            let refused = policy == OnStoreFailure::FailClosed;
            assert_eq!(reason(&answer), refused.then_some(Reason::IdempotencyUnavailable));
            assert_eq!(header(&answer, "retry-after"), refused.then_some("5"));
        }
        assert_eq!(runs.count(), runs_expected);
        // Whether the claim was made cannot be told, so it is given back.
        settle().await;
        assert_eq!(store.calls(), ["claim", "claim", "release", "release"]);
        assert_eq!(send(&service, delivery("e1")).await.status(), 200);
        assert_eq!(runs.count(), runs_expected + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_slow_has_failed_after_its_budget() {
    let (runs, store) = (Runs::default(), Shaky::default());
    store.hangs_ms.store(2000, Ordering::SeqCst);
    let service = IdempotencyLayer::new(store.clone()).layer(handler(&runs, |_| ok()));
    let begun = tokio::time::Instant::now();
    assert_eq!(reason(&send(&service, delivery("e1")).await), Some(Reason::IdempotencyUnavailable));
    assert_eq!(begun.elapsed(), Duration::from_millis(250));
    assert_eq!(runs.count(), 0);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), 0, "nothing piles up");
}

#[tokio::test(start_paused = true)]
async fn a_record_is_written_in_three_tries_and_the_answer_goes_out_in_any_case() {
    for (failures, calls, duplicate) in [(2, 4, true), (3, 4, false)] {
        let (runs, store) = (Runs::default(), Shaky::default());
        store.fail("complete", failures);
        let service = IdempotencyLayer::new(store.clone()).layer(handler(&runs, |_| ok()));
        let begun = tokio::time::Instant::now();
        let answer = send(&service, delivery("e1")).await;
        assert_eq!((answer.status().as_u16(), &answer.body()[..]), (200, &b"done"[..]));
        assert_eq!(begun.elapsed(), Duration::from_millis(250));
        assert_eq!(store.calls().len(), calls);
        let again = send(&service, delivery("e1")).await;
        assert_eq!(outcome(&again) == Some(Outcome::Duplicate), duplicate, "the claim lapses with its lease");
        assert_eq!(runs.count(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_release_that_fails_does_not_change_the_answer() {
    let (runs, store) = (Runs::default(), Shaky::default());
    store.fail("release", 1);
    let service = IdempotencyLayer::new(store)
        .layer(handler(&runs, |_| Response::builder().status(500).body(Full::from("x")).unwrap()));
    assert_eq!(send(&service, delivery("e1")).await.status(), 500);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_goes_while_the_store_is_asked_does_not_stop_the_run() {
    for (policy, expected) in [(OnDisconnect::Detach, 1), (OnDisconnect::CancelAndRelease, 0)] {
        let (runs, store) = (Runs::default(), Shaky::default());
        store.hangs_ms.store(100, Ordering::SeqCst);
        let layer = IdempotencyLayer::new(store.clone()).on_disconnect(policy);
        let service = layer.layer(handler(&runs, |_| ok()));
        let mut connection = tokio_test::task::spawn(service.clone().oneshot(delivery("e1")));
        assert!(connection.poll().is_pending());
        drop(connection);
        tokio::time::sleep(Duration::from_secs(1)).await;
        let end = if expected == 1 { "complete" } else { "release" };
        assert_eq!((runs.count(), store.calls()), (expected, vec!["claim", end]));
        assert_eq!((layer.drain().running(), layer.drain().abandoned()), (0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_goes_while_the_answer_is_recorded_loses_nothing() {
    for policy in [OnDisconnect::Detach, OnDisconnect::CancelAndRelease] {
        let (runs, store) = (Runs::default(), Shaky::default());
        let service = IdempotencyLayer::new(store.clone()).on_disconnect(policy).layer(service_fn({
            let (runs, store) = (runs.clone(), store.clone());
            move |_: Request<VerifiedBody>| {
                runs.add();
                store.hangs_ms.store(100, Ordering::SeqCst);
                async { Ok::<_, Infallible>(ok()) }
            }
        }));
        let mut connection = tokio_test::task::spawn(service.clone().oneshot(delivery("e1")));
        assert!(connection.poll().is_pending());
        drop(connection);
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(outcome(&send(&service, delivery("e1")).await), Some(Outcome::Duplicate));
        assert_eq!(runs.count(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_in_another_process_is_looked_at_once_more_and_no_longer_waited_for() {
    let store = Shaky { shared: true, ..Shaky::default() };
    let (runs, gate) = (Runs::default(), Arc::new(Notify::new()));
    let here = IdempotencyLayer::new(store.clone()).layer(gated(&runs, &gate));
    let there = IdempotencyLayer::new(store.clone()).layer(gated(&runs, &gate));
    let first = tokio::spawn({
        let here = here.clone();
        async move { send(&here, delivery("e1")).await }
    });
    settle().await;
    store.calls();
    let begun = tokio::time::Instant::now();
    assert_eq!(reason(&send(&there, delivery("e1")).await), Some(Reason::IdempotencyInFlight));
    assert_eq!((begun.elapsed(), store.calls().len()), (Duration::from_millis(250), 2));
    // In the same process it is waited for.
    let begun = tokio::time::Instant::now();
    assert_eq!(reason(&send(&here, delivery("e1")).await), Some(Reason::IdempotencyInFlight));
    assert_eq!((begun.elapsed(), store.calls().len()), (Duration::from_secs(2), 1));
    gate.notify_one();
    assert_eq!(first.await.unwrap().status(), 200);
    assert_eq!(outcome(&send(&there, delivery("e1")).await), Some(Outcome::Duplicate));
    assert_eq!((runs.count(), here.config.flights.waiting()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_full_store_refuses_and_says_when_to_come_back() {
    let (runs, gate) = (Runs::default(), Arc::new(Notify::new()));
    let service = IdempotencyLayer::new(MemoryStore::new().max_in_flight(1)).layer(gated(&runs, &gate));
    let mut first = tokio_test::task::spawn(service.clone().oneshot(delivery("e1")));
    assert!(first.poll().is_pending());
    let answer = send(&service, delivery("e2")).await;
    assert_eq!((answer.status().as_u16(), reason(&answer)), (503, Some(Reason::OverCapacity)));
    gate.notify_one();
    assert!(first.poll().is_ready());
    gate.notify_one();
    assert_eq!(send(&service, delivery("e2")).await.status(), 200);
}

#[tokio::test(start_paused = true)]
async fn a_forgotten_delivery_runs_again() {
    let (runs, store) = (Runs::default(), MemoryStore::new());
    let layer = IdempotencyLayer::new(store.clone());
    let service = layer.layer(handler(&runs, |_| ok()));
    send(&service, delivery("e1")).await;
    let delivered = delivery("e1");
    let key = Key::of_id(delivered.extensions().get::<Delivery>().unwrap(), b"", b"e1");
    assert!(layer.forget(&key).await.unwrap());
    assert!(!layer.forget(&key).await.unwrap());
    assert_eq!(outcome(&send(&service, delivery("e1")).await), None);
    assert_eq!(runs.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn why_a_store_gave_no_answer_is_told_with_its_own_words() {
    let store = Shaky::default();
    store.fail("claim", 1);
    let shaky: Arc<dyn erased::ErasedStore> = Arc::new(erased::Boxed::new(store.clone()));
    assert_eq!(shaky.backend(), "other");
    let claimed = Claimed::new(Key::from_bytes([7; 32]));
    let failed = shaky.claim(&claimed, Duration::from_secs(30), Duration::from_secs(1)).await.unwrap_err();
    assert_eq!(failed.to_string(), "the idempotency store failed");
    assert_eq!(std::error::Error::source(&failed).unwrap().to_string(), "connection refused");
    store.hangs_ms.store(2_000, Ordering::SeqCst);
    let late = shaky.claim(&claimed, Duration::from_secs(30), Duration::from_secs(1)).await.unwrap_err();
    assert_eq!(late.to_string(), "the idempotency store did not answer in time");
    assert!(std::error::Error::source(&late).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_run_that_ends_while_a_copy_is_told_of_it_is_waited_for_no_more() {
    let (runs, store, gate) = (Runs::default(), Shaky::default(), Arc::new(Notify::new()));
    let service = IdempotencyLayer::new(store.clone()).layer(gated(&runs, &gate));
    let first = service.clone();
    let first = tokio::spawn(async move { send(&first, delivery("e1")).await.status() });
    settle().await;
    store.answers_after_ms.store(100, Ordering::SeqCst);
    let begun = tokio::time::Instant::now();
    let copy = tokio::spawn(async move { send(&service, delivery("e1")).await });
    settle().await;
    gate.notify_one();
    assert_eq!(first.await.unwrap(), 200);
    let copy = copy.await.unwrap();
    assert_eq!((outcome(&copy), begun.elapsed()), (Some(Outcome::Duplicate), Duration::from_millis(200)));
}

#[tokio::test(start_paused = true)]
async fn a_copy_of_a_run_of_this_process_asks_a_shared_store_once() {
    let (runs, mut store, gate) = (Runs::default(), Shaky::default(), Arc::new(Notify::new()));
    store.shared = true;
    let service = IdempotencyLayer::new(store.clone()).layer(gated(&runs, &gate));
    let [first, copy] = [(); 2].map(|()| {
        let service = service.clone();
        tokio::spawn(async move { send(&service, delivery("e1")).await.status() })
    });
    settle().await;
    gate.notify_one();
    assert_eq!((first.await.unwrap().as_u16(), copy.await.unwrap().as_u16(), runs.count()), (200, 200, 1));
    assert_eq!(store.calls(), ["claim", "claim", "complete"]);
}
