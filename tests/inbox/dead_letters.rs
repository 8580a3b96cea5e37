//! Dead letters and retention.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use tower_webhook::inbox::{DeadLetterFilter, DeadLetters, InboxErrorKind, Retention, RetrySchedule, Subscriber};

use crate::site::{Runs, Site, over_both, until};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

over_both!(
    what_is_dead_can_be_seen_tried_again_and_given_up_also_from_another_process,
    bodies_go_first_keys_later_and_dead_letters_last,
    an_inbox_that_is_full_refuses_and_stays_sound,
);

async fn what_is_dead_can_be_seen_tried_again_and_given_up_also_from_another_process(site: Site) {
    let runs = Runs::default();
    let status = Arc::new(AtomicU16::new(500));
    let answer = Arc::clone(&status);
    let subscriber = Subscriber::new("a", runs.handler(move |_, _| answer.load(Ordering::SeqCst)));
    let subscriber = subscriber.schedule(RetrySchedule::none());
    let inbox = site.options().subscriber(subscriber).open().await.unwrap();
    inbox.start();
    let endpoint = site.endpoint(&inbox);
    for n in 0..3 {
        endpoint.send(&site.delivery(&format!("msg_{n}"), r#"{"type":"t"}"#)).await.assert_accepted();
    }
    until(&inbox, |counts| counts[0].dead == 3).await;
    assert!(inbox.counts().await.unwrap()[0].oldest_dead.is_some());

    let beside = site.beside();
    let letters = beside.list(&DeadLetterFilter::all(), 10).unwrap();
    assert_eq!(letters.len(), 3);
    assert_eq!((letters[0].delivery_id.as_deref(), letters[0].last_status), (Some("msg_0"), Some(500)));
    assert_eq!(beside.content(letters[0].seq).unwrap().unwrap().body, br#"{"type":"t"}"#);
    assert!(!format!("{letters:?}").contains(r#"{"type":"t"}"#));

    status.store(200, Ordering::SeqCst);
    let first = DeadLetterFilter::all().seq(letters[0].seq);
    assert_eq!(beside.requeue(&first.clone().subscriber("nobody")).unwrap(), 0);
    assert_eq!(beside.requeue(&first).unwrap(), 1);
    // The real clock is ahead of the one of this test.
    site.clock.set(tower_webhook::clock::Clock::now(&tower_webhook::clock::SystemClock::new()));
    site.pass(&inbox, Duration::from_secs(1));
    until(&inbox, |counts| counts[0].pending == 0 && counts[0].dead == 2).await;
    assert_eq!(runs.all().last().map(String::as_str), Some("msg_0#1"), "with all attempts before it");
    assert_eq!(inbox.requeue(DeadLetterFilter::all().event_type("t").seq(letters[1].seq)).await.unwrap(), 1);
    until(&inbox, |counts| counts[0].pending == 0 && counts[0].dead == 1).await;
    assert_eq!(beside.discard(&DeadLetterFilter::all()).unwrap(), 1);
    until(&inbox, |counts| counts[0].dead == 0).await;
    assert_eq!(runs.all().len(), 5);
}

async fn bodies_go_first_keys_later_and_dead_letters_last(site: Site) {
    let runs = Runs::default();
    let subscriber = Subscriber::new("a", runs.handler(|id, _| if id == "bad" { 400 } else { 200 }));
    let inbox =
        site.options().subscriber(subscriber).retention(Retention::default().done(DAY / 2)).open().await.unwrap();
    inbox.start();
    let endpoint = site.endpoint(&inbox);
    let (good, bad) = (site.delivery("good", r#"{"n":1}"#), site.delivery("bad", r#"{"n":2}"#));
    endpoint.send(&good).await.assert_accepted();
    endpoint.send(&bad).await.assert_accepted();
    until(&inbox, |counts| counts[0].pending == 0).await;
    inbox.sweep().await.unwrap();
    let rows =
        async || (site.ask("SELECT count(*) FROM events").await, site.ask("SELECT count(body) FROM events").await);
    assert_eq!(rows().await, (2, 2));
    site.clock.advance(DAY / 2 + Duration::from_secs(1));
    inbox.sweep().await.unwrap();
    assert_eq!(rows().await, (2, 1), "the body of what is dead stays");
    endpoint.send(&good.at(tower_webhook::clock::Clock::now(&site.clock).unwrap())).await.assert_duplicate();
    site.clock.advance(DAY * 29);
    inbox.sweep().await.unwrap();
    assert_eq!(rows().await, (1, 1), "the key goes once its sender has given up");
    site.clock.advance(DAY);
    for _ in 0..2 {
        inbox.sweep().await.unwrap();
    }
    assert_eq!(rows().await, (0, 0));
}

async fn an_inbox_that_is_full_refuses_and_stays_sound(site: Site) {
    let runs = Runs::default();
    let retention = Retention::default().max_bytes(256 * 1024);
    let subscriber = Subscriber::new("a", runs.handler(|_, _| 200));
    let inbox = site.options().subscriber(subscriber).retention(retention).open().await.unwrap();
    let endpoint = site.endpoint(&inbox);
    let body = format!(r#"{{"x":"{}"}}"#, "y".repeat(50_000));
    let mut stored = 0;
    let refused = loop {
        let answer = endpoint.send(&site.delivery(&format!("msg_{stored}"), &body)).await;
        if answer.status() != 202 {
            break answer;
        }
        stored += 1;
        assert!(stored < 100);
    };
    assert_eq!(refused.headers()["retry-after"], "5");
    refused.assert_rejected(tower_webhook::Reason::QueueFull);
    inbox.start();
    until(&inbox, |counts| counts[0].pending == 0).await;
    assert_eq!(runs.all().len(), stored);
    inbox.sweep().await.unwrap();
    endpoint.send(&site.delivery("another", &body)).await.assert_accepted();
}

#[test]
fn a_file_that_is_not_there_is_not_made() {
    let site = Site::new();
    assert_eq!(DeadLetters::sqlite(site.path()).unwrap_err().kind(), InboxErrorKind::Open);
    assert!(!site.path().exists());
}
