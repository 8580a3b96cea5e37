//! Claims, copies, leases.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_copies_at_once_run_the_handler_once() {
    let runs = Runs::default();
    let service = IdempotencyLayer::in_memory().max_waiters(1000, 1000).layer(handler(&runs, |_| ok()));
    let copies: Vec<_> = (0..1000)
        .map(|_| {
            let service = service.clone();
            tokio::spawn(async move { send(&service, delivery("e1")).await })
        })
        .collect();
    let mut first = 0;
    for copy in copies {
        let answer = copy.await.unwrap();
        assert_eq!((answer.status().as_u16(), &answer.body()[..]), (200, &b"done"[..]));
        first += usize::from(outcome(&answer).is_none());
    }
    assert_eq!((runs.count(), first), (1, 1));
    assert_eq!(service.config.flights.waiting(), 0);
}

#[tokio::test(start_paused = true)]
async fn copies_of_a_run_that_takes_its_time_wait_and_get_its_answer() {
    let (runs, gate) = (Runs::default(), Arc::new(Notify::new()));
    let service = IdempotencyLayer::in_memory().layer(gated(&runs, &gate));
    let copies: Vec<_> = (0..50)
        .map(|_| {
            let service = service.clone();
            tokio::spawn(async move { send(&service, delivery("e1")).await })
        })
        .collect();
    settle().await;
    assert_eq!((runs.count(), service.config.flights.waiting()), (1, 49));
    gate.notify_one();
    let mut duplicates = 0;
    for copy in copies {
        let answer = copy.await.unwrap();
        assert_eq!(answer.status(), 200);
        duplicates += usize::from(outcome(&answer) == Some(Outcome::Duplicate));
    }
    assert_eq!((runs.count(), duplicates, service.config.flights.waiting()), (1, 49, 0));
}

#[tokio::test(start_paused = true)]
async fn a_copy_that_has_waited_long_enough_is_asked_to_come_back() {
    let (runs, gate) = (Runs::default(), Arc::new(Notify::new()));
    let service = IdempotencyLayer::in_memory().layer(gated(&runs, &gate));
    let first = tokio::spawn({
        let service = service.clone();
        async move { send(&service, delivery("e1")).await }
    });
    settle().await;
    let begun = tokio::time::Instant::now();
    let answer = send(&service, delivery("e1")).await;
    assert_eq!(begun.elapsed(), Duration::from_secs(2));
    assert_eq!(answer.status(), 503);
    assert_eq!((reason(&answer), outcome(&answer)), (Some(Reason::IdempotencyInFlight), Some(Outcome::InFlight)));
    assert_eq!(header(&answer, "retry-after"), Some("30"));

    // A third of what the sender waits, where that is shorter.
    let begun = tokio::time::Instant::now();
    let mut hasty = delivery("e1");
    facts(hasty.extensions_mut().get_mut().unwrap()).deadline = Some(Duration::from_secs(3));
    assert_eq!(send(&service, hasty).await.status(), 503);
    assert_eq!(begun.elapsed(), Duration::from_secs(1));

    gate.notify_one();
    assert_eq!(first.await.unwrap().status(), 200);
    assert_eq!(runs.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn waiters_are_bounded_and_those_beyond_are_answered_at_once() {
    let (runs, gate) = (Runs::default(), Arc::new(Notify::new()));
    let service = IdempotencyLayer::in_memory().max_waiters(2, 3).layer(gated(&runs, &gate));
    let begun = tokio::time::Instant::now();
    let copies: Vec<_> = (0..4)
        .map(|_| {
            let service = service.clone();
            tokio::spawn(async move { send(&service, delivery("e1")).await.status().as_u16() })
        })
        .collect();
    settle().await;
    assert_eq!(service.config.flights.waiting(), 2);
    assert_eq!(begun.elapsed(), Duration::ZERO);
    gate.notify_one();
    let mut answers = Vec::new();
    for copy in copies {
        answers.push(copy.await.unwrap());
    }
    assert_eq!(answers, [200, 200, 200, 503]);
}

#[tokio::test(start_paused = true)]
async fn when_a_run_fails_one_of_those_who_wait_for_it_runs() {
    let (runs, gate) = (Runs::default(), Arc::new(Notify::new()));
    let service = IdempotencyLayer::in_memory().layer(service_fn({
        let (runs, gate) = (runs.clone(), Arc::clone(&gate));
        move |_: Request<VerifiedBody>| {
            let (run, gate) = (runs.add(), Arc::clone(&gate));
            async move {
                gate.notified().await;
                let status = if run == 1 { 500 } else { 200 };
                Ok::<_, Infallible>(Response::builder().status(status).body(Full::from("x")).unwrap())
            }
        }
    }));
    let copies: Vec<_> = (0..5)
        .map(|_| {
            let service = service.clone();
            tokio::spawn(async move { send(&service, delivery("e1")).await.status().as_u16() })
        })
        .collect();
    settle().await;
    gate.notify_one();
    settle().await;
    assert_eq!(runs.count(), 2);
    gate.notify_one();
    let mut answers = Vec::new();
    for copy in copies {
        answers.push(copy.await.unwrap());
    }
    assert_eq!(answers, [500, 200, 200, 200, 200]);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_outlasts_its_lease_keeps_its_claim() {
    let (runs, clock) = (Runs::default(), Hand::default());
    let layer = IdempotencyLayer::in_memory().clock(clock.clone()).lease(Duration::from_secs(9));
    let service = layer.layer(service_fn({
        let (runs, clock) = (runs.clone(), clock.clone());
        move |_: Request<VerifiedBody>| {
            let (_, clock) = (runs.add(), clock.clone());
            async move {
                for _ in 0..30 {
                    clock.turn(Duration::from_secs(1));
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                Ok::<_, Infallible>(ok())
            }
        }
    }));
    let first = tokio::spawn({
        let service = service.clone();
        async move { send(&service, delivery("e1")).await }
    });
    for _ in 0..9 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(send(&service, delivery("e1")).await.status(), 503);
    }
    assert_eq!(first.await.unwrap().status(), 200);
    assert_eq!(outcome(&send(&service, delivery("e1")).await), Some(Outcome::Duplicate));
    assert_eq!(runs.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_claim_went_to_another_answers_but_records_nothing() {
    let (runs, clock, gate) = (Runs::default(), Hand::default(), Arc::new(Notify::new()));
    let service = IdempotencyLayer::in_memory().clock(clock.clone()).layer(service_fn({
        let (runs, gate) = (runs.clone(), Arc::clone(&gate));
        move |_: Request<VerifiedBody>| {
            let (run, gate) = (runs.add(), Arc::clone(&gate));
            async move {
                if run == 1 {
                    gate.notified().await;
                }
                Ok::<_, Infallible>(Response::new(Full::from(format!("run {run}"))))
            }
        }
    }));
    let first = tokio::spawn({
        let service = service.clone();
        async move { send(&service, delivery("e1")).await }
    });
    settle().await;
    // As when the process stood still: no beat, and the time of the lease is over.
    clock.turn(Duration::from_secs(31));
    let second = send(&service, delivery("e1")).await;
    assert_eq!((&second.body()[..], outcome(&second)), (&b"run 2"[..], None));
    gate.notify_one();
    let first = first.await.unwrap();
    assert_eq!((&first.body()[..], outcome(&first)), (&b"run 1"[..], Some(Outcome::Fenced)));
    assert_eq!(&send(&service, delivery("e1")).await.body()[..], b"run 2");
}

#[tokio::test(start_paused = true)]
async fn a_lapsed_lease_that_nobody_took_over_is_recorded_all_the_same() {
    let (runs, clock, gate) = (Runs::default(), Hand::default(), Arc::new(Notify::new()));
    let service = IdempotencyLayer::in_memory().clock(clock.clone()).layer(gated(&runs, &gate));
    let first = tokio::spawn({
        let service = service.clone();
        async move { send(&service, delivery("e1")).await }
    });
    settle().await;
    clock.turn(Duration::from_secs(31));
    gate.notify_one();
    assert_eq!(outcome(&first.await.unwrap()), None);
    assert_eq!(outcome(&send(&service, delivery("e1")).await), Some(Outcome::Duplicate));
    assert_eq!(runs.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_takes_too_long_is_stopped_and_the_next_delivery_runs() {
    let (runs, gate) = (Runs::default(), Arc::new(Notify::new()));
    let layer = IdempotencyLayer::in_memory().max_execution(Duration::from_secs(60));
    let service = layer.layer(gated(&runs, &gate));
    let begun = tokio::time::Instant::now();
    let answer = send(&service, delivery("e1")).await;
    assert_eq!(begun.elapsed(), Duration::from_secs(60));
    assert_eq!((answer.status().as_u16(), outcome(&answer)), (503, Some(Outcome::HandlerTimeout)));
    assert_eq!((header(&answer, "retry-after"), reason(&answer)), (Some("5"), None));
    gate.notify_one();
    assert_eq!(send(&service, delivery("e1")).await.status(), 200);
    assert_eq!(runs.count(), 2);
    assert_eq!((layer.drain().running(), layer.drain().abandoned()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_record_is_kept_for_its_senders_retries_and_a_day_more() {
    let day = Duration::from_secs(24 * 3600);
    for (horizon, set, kept) in
        [(None, None, day), (Some(3 * day), None, 4 * day), (Some(3 * day), Some(2 * day), 2 * day)]
    {
        let (runs, clock) = (Runs::default(), Hand::default());
        let layer = IdempotencyLayer::in_memory().clock(clock.clone());
        let layer = set.map_or(layer.clone(), |time| layer.retain_for(time));
        let service = layer.layer(handler(&runs, |_| ok()));
        let request = || {
            let mut request = delivery("e1");
            facts(request.extensions_mut().get_mut().unwrap()).retry_horizon = horizon;
            request
        };
        send(&service, request()).await;
        clock.turn(kept - Duration::from_secs(1));
        assert_eq!(outcome(&send(&service, request()).await), Some(Outcome::Duplicate));
        clock.turn(Duration::from_secs(1));
        assert_eq!(outcome(&send(&service, request()).await), None);
        assert_eq!(runs.count(), 2);
    }
}

#[tokio::test]
async fn the_handler_learns_the_key_and_the_count_of_its_run() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let layer = IdempotencyLayer::in_memory();
    let service = layer.layer(service_fn({
        let seen = Arc::clone(&seen);
        move |request: Request<VerifiedBody>| {
            seen.lock().unwrap().push(request.extensions().get::<Delivery>().unwrap().idempotency().unwrap().clone());
            async { Ok::<_, Infallible>(ok()) }
        }
    }));
    send(&service, delivery("e1")).await;
    let key = *seen.lock().unwrap()[0].key();
    assert!(layer.forget(&key).await.unwrap());
    send(&service, delivery("e1")).await;
    let seen = seen.lock().unwrap();
    assert_eq!((seen[0].key(), seen[0].attempt()), (seen[1].key(), Some(1)));
    assert_ne!(seen[0].token(), seen[1].token());
    assert!(!format!("{:?}", seen[0]).contains(&format!("{:?}", seen[0].token().as_bytes())));
}

#[test]
fn it_works_on_a_thread_without_a_runtime() {
    let runs = Runs::default();
    let service = IdempotencyLayer::in_memory().layer(handler(&runs, |_| ok()));
    for _ in 0..3 {
        let mut answer = tokio_test::task::spawn(service.clone().oneshot(delivery("e1")));
        assert!(matches!(answer.poll(), std::task::Poll::Ready(Ok(answer)) if answer.status() == 200));
    }
    assert_eq!(runs.count(), 1);
    let gate = Arc::new(Notify::new());
    let service = IdempotencyLayer::in_memory().layer(gated(&runs, &gate));
    let mut first = tokio_test::task::spawn(service.clone().oneshot(delivery("e1")));
    assert!(first.poll().is_pending());
    let mut second = tokio_test::task::spawn(service.oneshot(delivery("e1")));
    assert!(matches!(second.poll(), std::task::Poll::Ready(Ok(answer)) if answer.status() == 503));
    drop(first);
}
