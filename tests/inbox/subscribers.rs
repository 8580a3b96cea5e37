//! Fan-out, retries, order.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use http::{Request, Response};
use tower::service_fn;
use tower_webhook::VerifiedBody;
use tower_webhook::inbox::{
    DeadLetterFilter, HeadOfLine, InboxErrorKind, InboxOutcome, Retention, RetrySchedule, Subscriber,
};

use crate::site::{Runs, Site, over_both, until};

fn seconds(delays: &[u64]) -> RetrySchedule {
    RetrySchedule::custom(delays.iter().copied().map(Duration::from_secs)).unwrap().without_jitter()
}

over_both!(
    one_that_fails_delays_and_repeats_no_other,
    a_due_time_survives_a_restart_and_is_kept,
    the_handler_says_when_and_whether_it_is_tried_again,
    a_subscriber_that_is_added_later_gets_what_was_stored_before_as_far_as_it_wants_it,
    one_that_is_gone_for_good_is_forgotten_with_all_that_waits_for_it,
    a_line_keeps_its_order_and_a_dead_letter_holds_it_up_or_not,
    a_circuit_breaker_postpones_without_counting,
    first_attempts_that_fail_are_no_outage,
);

async fn one_that_fails_delays_and_repeats_no_other(site: Site) {
    let (healthy, failing) = (Runs::default(), Runs::default());
    let panics =
        service_fn(async |_: Request<VerifiedBody>| -> Result<Response<()>, Infallible> { panic!("on purpose") });
    let two = seconds(&[10]);
    let inbox = site
        .options()
        .subscriber(Subscriber::new("healthy", healthy.handler(|_, _| 200)))
        .subscriber(Subscriber::new("failing", failing.handler(|_, _| 500)).schedule(two.clone()))
        .subscriber(Subscriber::new("panicking", panics).schedule(two))
        .open()
        .await
        .unwrap();
    inbox.start();
    let endpoint = site.endpoint(&inbox);
    for n in 0..5 {
        endpoint.send(&site.delivery(&format!("msg_{n}"), "{}")).await.assert_accepted();
    }
    until(&inbox, |counts| counts[0].pending == 0).await;
    assert_eq!(healthy.all().len(), 5);
    while failing.all().len() < 5 {
        tokio::task::yield_now().await;
    }
    // Their second attempts come when they are due, and are the last.
    for _ in 0..3 {
        site.pass(&inbox, Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    until(&inbox, |counts| counts[1].dead == 5 && counts[2].dead == 5).await;
    assert_eq!(healthy.all().len(), 5);
    assert_eq!(failing.all().len(), 10);
    let letters = inbox.dead_letters(DeadLetterFilter::all().subscriber("panicking"), 10).await.unwrap();
    assert!(letters.iter().all(|letter| letter.attempts == 2));
    assert_eq!(letters[0].last_error.as_deref(), Some("the handler panicked"));
}

async fn a_due_time_survives_a_restart_and_is_kept(site: Site) {
    let runs = Runs::default();
    let subscriber = |runs: &Runs| {
        Subscriber::new("a", runs.handler(|_, attempt| if attempt == 1 { 503 } else { 200 })).schedule(seconds(&[60]))
    };
    let inbox = site.options().subscriber(subscriber(&runs)).open().await.unwrap();
    inbox.start();
    site.endpoint(&inbox).send(&site.delivery("msg_1", "{}")).await.assert_accepted();
    while runs.all().is_empty() {
        tokio::task::yield_now().await;
    }
    inbox.drain(Duration::from_secs(5)).await.unwrap();

    let inbox = site.options().subscriber(subscriber(&runs)).open().await.unwrap();
    inbox.start();
    site.pass(&inbox, Duration::from_secs(59));
    // A delivery that is handled shows that the inbox has looked.
    site.endpoint(&inbox).send(&site.delivery("msg_2", "{}")).await.assert_accepted();
    while runs.all().len() < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(runs.all(), ["msg_1#1", "msg_2#1"]);
    site.pass(&inbox, Duration::from_secs(1));
    while runs.all().len() < 3 {
        tokio::task::yield_now().await;
    }
    assert_eq!(runs.all()[2], "msg_1#2");
}

async fn the_handler_says_when_and_whether_it_is_tried_again(site: Site) {
    let inbox = site
        .options()
        .subscriber(Subscriber::new(
            "never",
            service_fn(async |_| Ok::<_, Infallible>(Response::builder().status(404).body(()).unwrap())),
        ))
        .subscriber(Subscriber::new(
            "own",
            service_fn(async |_| {
                let why = InboxOutcome::Permanent("no such customer".to_owned());
                Ok::<_, Infallible>(Response::builder().extension(why).body(()).unwrap())
            }),
        ))
        .open()
        .await
        .unwrap();
    inbox.start();
    site.endpoint(&inbox).send(&site.delivery("msg_1", "{}")).await.assert_accepted();
    until(&inbox, |counts| counts.iter().all(|one| one.dead == 1)).await;
    let letters = inbox.dead_letters(DeadLetterFilter::all(), 10).await.unwrap();
    let of = |name: &str| letters.iter().find(|letter| letter.subscriber == name).unwrap();
    assert_eq!((of("never").attempts, of("never").last_status), (1, Some(404)));
    assert_eq!(of("own").last_error.as_deref(), Some("no such customer"));
}

async fn a_subscriber_that_is_added_later_gets_what_was_stored_before_as_far_as_it_wants_it(site: Site) {
    let (old, new) = (Runs::default(), Runs::default());
    let inbox = site.options().subscriber(Subscriber::new("old", old.handler(|_, _| 200))).open().await.unwrap();
    inbox.start();
    let endpoint = site.endpoint(&inbox);
    endpoint.send(&site.delivery("msg_1", r#"{"type":"user.created"}"#)).await.assert_accepted();
    endpoint.send(&site.delivery("msg_2", r#"{"type":"push"}"#)).await.assert_accepted();
    until(&inbox, |counts| counts[0].pending == 0).await;
    inbox.drain(Duration::from_secs(5)).await.unwrap();

    let inbox = site
        .options()
        .subscriber(Subscriber::new("old", old.handler(|_, _| 200)))
        .subscriber(Subscriber::new("new", new.handler(|_, _| 200)).events(["user.*"]))
        .open()
        .await
        .unwrap();
    inbox.start();
    site.endpoint(&inbox).send(&site.delivery("msg_3", r#"{"type":"user.deleted"}"#)).await.assert_accepted();
    until(&inbox, |counts| counts.iter().all(|one| one.pending == 0)).await;
    assert_eq!(old.all().len(), 3);
    let mut ran = new.all();
    ran.sort();
    assert_eq!(ran, ["msg_1#1", "msg_3#1"]);
}

async fn one_that_is_gone_for_good_is_forgotten_with_all_that_waits_for_it(site: Site) {
    let (stays, goes, again) = (Runs::default(), Runs::default(), Runs::default());
    let staying = || Subscriber::new("stays", stays.handler(|_, _| 200));
    let going = Subscriber::new("goes", goes.handler(|id, _| if id == "msg_0" { 400 } else { 503 }));
    let inbox = site.options().subscriber(staying()).subscriber(going).open().await.unwrap();
    inbox.start();
    let endpoint = site.endpoint(&inbox);
    // More than are forgotten at once.
    let count = 600;
    for n in 0..count {
        endpoint.send(&site.delivery(&format!("msg_{n}"), "{}")).await.assert_accepted();
    }
    until(&inbox, |counts| counts[0].pending == 0 && counts[1].dead == 1).await;
    let error = inbox.forget_subscriber("goes").await.unwrap_err();
    assert_eq!(error.kind(), InboxErrorKind::Config, "it is still there");
    inbox.drain(Duration::ZERO).await.unwrap();

    let retention = Retention::default().done(Duration::from_secs(1));
    let inbox = site.options().retention(retention).subscriber(staying()).open().await.unwrap();
    site.clock.advance(Duration::from_secs(2));
    assert_eq!(inbox.sweep().await.unwrap(), 0, "somebody waits for each body");
    assert_eq!(inbox.forget_subscriber("goes").await.unwrap(), count);
    assert_eq!(inbox.forget_subscriber("goes").await.unwrap(), 0);
    assert_eq!(inbox.forget_subscriber("nobody").await.unwrap(), 0);
    assert!(inbox.dead_letters(DeadLetterFilter::all(), 10).await.unwrap().is_empty());
    while inbox.sweep().await.unwrap() > 0 {}
    inbox.start();
    site.endpoint(&inbox).send(&site.delivery("msg_new", "{}")).await.assert_accepted();
    until(&inbox, |counts| counts[0].pending == 0).await;
    inbox.drain(Duration::ZERO).await.unwrap();
    assert_eq!(stays.all().len() as u64, count + 1, "each once");

    let named_anew = Subscriber::new("goes", again.handler(|_, _| 200));
    let inbox = site.options().subscriber(staying()).subscriber(named_anew).open().await.unwrap();
    inbox.start();
    until(&inbox, |counts| counts.iter().all(|one| one.pending == 0)).await;
    assert_eq!(again.all(), ["msg_new#1"], "it is new, and gets what is still stored");
    inbox.drain(Duration::ZERO).await.unwrap();
}

async fn a_line_keeps_its_order_and_a_dead_letter_holds_it_up_or_not(site: Site) {
    for policy in [HeadOfLine::Block, HeadOfLine::SkipToDlq] {
        let (site, runs) = (site.another().await, Runs::default());
        let handler = runs.handler(|id, _| if id == "msg_0" { 400 } else { 200 });
        let inbox = site
            .options()
            .order_by(|_| Some("one line".to_owned()))
            .subscriber(Subscriber::new("a", handler).ordered(policy))
            .open()
            .await
            .unwrap();
        let endpoint = site.endpoint(&inbox);
        for n in 0..5 {
            endpoint.send(&site.delivery(&format!("msg_{n}"), "{}")).await.assert_accepted();
        }
        inbox.start();
        until(&inbox, |counts| counts[0].dead == 1).await;
        if policy == HeadOfLine::Block {
            assert_eq!(runs.all(), ["msg_0#1"]);
            assert_eq!(inbox.discard(DeadLetterFilter::all()).await.unwrap(), 1);
        }
        until(&inbox, |counts| counts[0].pending == 0).await;
        assert_eq!(runs.all(), ["msg_0#1", "msg_1#1", "msg_2#1", "msg_3#1", "msg_4#1"]);
    }
}

async fn a_circuit_breaker_postpones_without_counting(site: Site) {
    let runs = Runs::default();
    let down = Arc::new(AtomicU32::new(1));
    let status = Arc::clone(&down);
    let handler = runs.handler(move |_, _| if status.load(Ordering::SeqCst) == 1 { 503 } else { 200 });
    let subscriber = Subscriber::new("a", handler).schedule(seconds(&[1, 1])).concurrency(1);
    let inbox = site.options().subscriber(subscriber.circuit_breaker(3, Duration::from_secs(60))).open().await.unwrap();
    let endpoint = site.endpoint(&inbox);
    for n in 0..6 {
        endpoint.send(&site.delivery(&format!("msg_{n}"), "{}")).await.assert_accepted();
    }
    inbox.start();
    // Each fails once, which says nothing yet; then three in a row fail again.
    for (runs_so_far, time) in [(6, 0), (9, 1)] {
        site.pass(&inbox, Duration::from_secs(time));
        while runs.all().len() < runs_so_far {
            tokio::task::yield_now().await;
        }
    }
    for _ in 0..20 {
        inbox.wake();
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert_eq!(runs.all().len(), 9, "the rest waits, without an attempt");
    // After the pause one is tried, and then nothing for as long again.
    site.pass(&inbox, Duration::from_secs(60));
    while runs.all().len() < 10 {
        tokio::task::yield_now().await;
    }
    for _ in 0..20 {
        inbox.wake();
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert_eq!(runs.all().len(), 10, "a failure begins the pause anew");
    down.store(0, Ordering::SeqCst);
    site.pass(&inbox, Duration::from_secs(60));
    until(&inbox, |counts| counts[0].pending == 0).await;
    assert_eq!(inbox.counts().await.unwrap()[0].dead, 0);
    assert_eq!(runs.all().len(), 16);
}

async fn first_attempts_that_fail_are_no_outage(site: Site) {
    let runs = Runs::default();
    let handler = runs.handler(|_, attempt| if attempt == 1 { 503 } else { 200 });
    let inbox = site.options().subscriber(Subscriber::new("a", handler).schedule(seconds(&[1]))).open().await.unwrap();
    let endpoint = site.endpoint(&inbox);
    for n in 0..50 {
        endpoint.send(&site.delivery(&format!("msg_{n}"), "{}")).await.assert_accepted();
    }
    inbox.start();
    while runs.all().len() < 50 {
        tokio::task::yield_now().await;
    }
    // A little for the ends of the runs to be written down.
    for _ in 0..3 {
        site.pass(&inbox, Duration::from_secs(1));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    until(&inbox, |counts| counts[0].pending == 0).await;
    assert_eq!((runs.all().len(), inbox.counts().await.unwrap()[0].dead), (100, 0), "with the default breaker");
}
