//! What is finished holds nothing up, and takes no room for longer than it must.

use std::time::Duration;

use tower_webhook::Reason;
use tower_webhook::inbox::{HeadOfLine, Inbox, InboxOptions, Retention, Subscriber};

use crate::site::{Runs, Site, over_both, until};

over_both!(
    a_line_with_a_long_past_goes_on,
    tables_of_the_first_version_keep_their_lines,
    small_bodies_that_went_make_room,
    copies_take_no_room,
    what_one_sweep_does_not_take_the_next_one_takes_soon,
);

fn in_line(site: &Site, runs: &Runs) -> InboxOptions {
    let subscriber = Subscriber::new("a", runs.handler(|_, _| 200)).ordered(HeadOfLine::Block);
    site.options().order_by(|_| Some("one line".to_owned())).subscriber(subscriber)
}

async fn send(site: &Site, inbox: &Inbox, count: usize) {
    let endpoint = site.endpoint(inbox);
    for n in 0..count {
        endpoint.send(&site.delivery(&format!("msg_{n}"), "{}")).await.assert_accepted();
    }
}

fn in_turn(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("msg_{n}#1")).collect()
}

async fn a_line_with_a_long_past_goes_on(site: Site) {
    let runs = Runs::default();
    let inbox = in_line(&site, &runs).open().await.unwrap();
    site.change(
        "WITH RECURSIVE numbers(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM numbers WHERE n < 10000)
         INSERT INTO events (key, route, provider, order_key, meta, received_at, key_until)
             SELECT randomblob(32), 'r', 'p', 'one line', '{}', 0, 0 FROM numbers;
         INSERT INTO deliveries (subscriber, seq, state, attempt, due_at, order_key)
             SELECT 'a', seq, 2, 1, 0, order_key FROM events",
        "INSERT INTO webhook_inbox_events (key, route, provider, order_key, meta, received_at, key_until, size)
             SELECT sha256(n::text::bytea), 'r', 'p', 'one line', '{}', 0, 0, 0 FROM generate_series(1, 10000) n;
         INSERT INTO webhook_inbox_deliveries (subscriber, seq, state, attempt, due_at, order_key)
             SELECT 'a', seq, 2, 1, 0, order_key FROM webhook_inbox_events",
    )
    .await;
    send(&site, &inbox, 200).await;
    inbox.start();
    until(&inbox, |counts| counts[0].pending == 0).await;
    assert_eq!(runs.all(), in_turn(200));
}

async fn tables_of_the_first_version_keep_their_lines(site: Site) {
    let runs = Runs::default();
    let inbox = in_line(&site, &runs).open().await.unwrap();
    send(&site, &inbox, 5).await;
    inbox.drain(Duration::ZERO).await.unwrap();
    site.change(
        "DROP INDEX deliveries_line; ALTER TABLE deliveries DROP COLUMN order_key;
         CREATE INDEX events_order ON events (order_key, seq) WHERE order_key IS NOT NULL; PRAGMA user_version = 1",
        "ALTER TABLE webhook_inbox_deliveries DROP COLUMN order_key;
         CREATE INDEX webhook_inbox_order ON webhook_inbox_events (md5(order_key), seq) WHERE order_key IS NOT NULL;
         UPDATE webhook_inbox SET version = 1",
    )
    .await;
    for _ in 0..2 {
        let inbox = in_line(&site, &runs).open().await.unwrap();
        assert_eq!(site.ask("SELECT count(*) FROM deliveries WHERE order_key = 'one line'").await, 5);
        inbox.drain(Duration::ZERO).await.unwrap();
    }
    let inbox = in_line(&site, &runs).open().await.unwrap();
    inbox.start();
    until(&inbox, |counts| counts[0].pending == 0).await;
    assert_eq!(runs.all(), in_turn(5));
}

async fn small_bodies_that_went_make_room(site: Site) {
    let runs = Runs::default();
    let retention = Retention::default().max_bytes(16 * 1024);
    let subscriber = Subscriber::new("a", runs.handler(|_, _| 200));
    let inbox = site.options().subscriber(subscriber).retention(retention).open().await.unwrap();
    let endpoint = site.endpoint(&inbox);
    let body = format!(r#"{{"x":"{}"}}"#, "y".repeat(200));
    inbox.start();
    let mut sent = 0;
    for _ in 0..3 {
        let before = sent;
        loop {
            let answer = endpoint.send(&site.delivery(&format!("msg_{sent}"), &body)).await;
            if answer.status() != 202 {
                answer.assert_rejected(Reason::QueueFull);
                break;
            }
            sent += 1;
            assert!(sent < 1000);
        }
        assert!(sent >= before + 20, "there is no room after {before}");
        until(&inbox, |counts| counts[0].pending == 0).await;
        while inbox.sweep().await.unwrap() > 0 {}
    }
}

async fn copies_take_no_room(site: Site) {
    let retention = Retention::default().max_bytes(100_000);
    let subscriber = Subscriber::new("a", Runs::default().handler(|_, _| 200));
    let inbox = site.options().subscriber(subscriber).retention(retention).open().await.unwrap();
    let endpoint = site.endpoint(&inbox);
    let body = format!(r#"{{"x":"{}"}}"#, "y".repeat(30_000));
    endpoint.send(&site.delivery("msg_0", &body)).await.assert_accepted();
    for _ in 0..20 {
        endpoint.send(&site.delivery("msg_0", &body)).await.assert_duplicate();
    }
    endpoint.send(&site.delivery("msg_1", &body)).await.assert_accepted();
}

async fn what_one_sweep_does_not_take_the_next_one_takes_soon(site: Site) {
    let retention = Retention::default().done(Duration::ZERO);
    let subscriber = Subscriber::new("a", Runs::default().handler(|_, _| 200));
    let inbox = site.options().subscriber(subscriber).retention(retention).open().await.unwrap();
    send(&site, &inbox, 600).await;
    let done = "UPDATE deliveries SET state = 2";
    site.change(done, &done.replace("deliveries", "webhook_inbox_deliveries")).await;
    site.clock.advance(Duration::from_secs(1));
    inbox.start();
    let gone = async {
        while site.ask("SELECT count(*) FROM events WHERE body IS NOT NULL").await > 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), gone).await.expect("more is swept than in the first minute");
}
