//! A disk that takes no more.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use tower_webhook::Reason;
use tower_webhook::inbox::{Retention, Subscriber};

use crate::example::{Client, Example};
use crate::site::{Runs, Site};

/// Writes beyond the limit fail with an error of the system, in the middle of a commit.
#[tokio::test(flavor = "multi_thread")]
async fn fault_29_after_a_write_that_failed_all_is_refused_and_what_was_acknowledged_is_there() {
    let site = Site::new();
    // A file of at most 600 KiB.
    let mut example = Example::limited(&site, 60_000, 1200);
    let mut client = Client::connect(example.address).await.unwrap();
    let body = format!(r#"{{"x":"{}"}}"#, "y".repeat(4000));
    let mut acknowledged = Vec::new();
    loop {
        let id = format!("msg_{}", acknowledged.len());
        let (status, headers) = client.send(&id, &body).await.unwrap();
        if status != 202 {
            assert_eq!((status, headers["retry-after"].to_str().unwrap()), (503, "5"));
            break;
        }
        acknowledged.push(id);
        assert!(acknowledged.len() < 1000, "the limit was never met");
    }
    assert!(acknowledged.len() > 10);
    for n in 0..20 {
        let (status, _) = client.send(&format!("after_{n}"), "{}").await.unwrap();
        assert_eq!(status, 503, "nothing is stored any more, small as it may be");
    }
    example.kill();

    // With room again, and begun anew.
    let example = Example::start(&site, 0);
    let mut client = Client::connect(example.address).await.unwrap();
    for id in &acknowledged {
        let (status, headers) = client.send(id, &body).await.unwrap();
        assert_eq!((status, headers.contains_key("idempotent-replayed")), (202, true), "{id} was lost");
    }
    handled(&site, &acknowledged).await;
}

#[tokio::test]
async fn while_the_disk_takes_nothing_a_full_queue_refuses_at_once_and_what_waits_is_acknowledged_when_it_is_stored() {
    let site = Site::new();
    let runs = Runs::default();
    let options = site.options().queue(2).subscriber(Subscriber::new("a", runs.handler(|_, _| 200)));
    let inbox = options.open().await.unwrap();
    let endpoint = Arc::new(site.endpoint(&inbox));
    // Somebody writes beside, and keeps the file to himself meanwhile: less long than the inbox waits for that.
    let other = rusqlite::Connection::open(site.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut waiting = Vec::new();
    let refused = loop {
        let (endpoint, delivery) = (Arc::clone(&endpoint), site.delivery(&format!("msg_{}", waiting.len()), "{}"));
        let mut sent = tokio::spawn(async move { endpoint.send(&delivery).await });
        match tokio::time::timeout(Duration::from_millis(200), &mut sent).await {
            Ok(answer) => break answer.unwrap(),
            Err(_) => waiting.push(sent),
        }
        assert!(waiting.len() <= 3, "two wait, and one is in the hands of the thread");
    };
    assert_eq!((refused.status().as_u16(), refused.headers().contains_key("retry-after")), (503, true));
    refused.assert_rejected(Reason::QueueFull);
    other.execute_batch("ROLLBACK").unwrap();
    assert!(waiting.len() >= 2, "{}", waiting.len());
    let stored = waiting.len();
    for sent in waiting {
        assert_eq!(sent.await.unwrap().status(), 202);
    }
    assert_eq!(inbox.counts().await.unwrap()[0].pending, stored as u64);
    endpoint.send(&site.delivery("msg_after", "{}")).await.assert_accepted();
}

#[tokio::test]
async fn what_was_undone_with_another_write_takes_no_room() {
    let site = Site::new();
    let subscriber = Subscriber::new("a", Runs::default().handler(|_, _| 200));
    let options = site.options().retention(Retention::default().max_bytes(100_000)).subscriber(subscriber);
    let inbox = options.open().await.unwrap();
    let endpoint = Arc::new(site.endpoint(&inbox));
    let body = format!(r#"{{"x":"{}"}}"#, "y".repeat(60_000));
    // Both wait for the same transaction, and the second one fails in it.
    let other = rusqlite::Connection::open(site.path()).unwrap();
    let fails = "CREATE TRIGGER fails BEFORE INSERT ON events WHEN new.delivery_id = 'msg_1'
                 BEGIN SELECT RAISE(ABORT, 'not this one'); END; BEGIN IMMEDIATE";
    other.execute_batch(fails).unwrap();
    let mut waiting = Vec::new();
    for (n, body) in [&*body, "{}"].into_iter().enumerate() {
        let (endpoint, delivery) = (Arc::clone(&endpoint), site.delivery(&format!("msg_{n}"), body));
        let mut sent = tokio::spawn(async move { endpoint.send(&delivery).await });
        assert!(tokio::time::timeout(Duration::from_millis(200), &mut sent).await.is_err(), "it waits");
        waiting.push(sent);
    }
    other.execute_batch("ROLLBACK").unwrap();
    for sent in waiting {
        assert_eq!(sent.await.unwrap().status(), 503);
    }
    endpoint.send(&site.delivery("msg_0", &body)).await.assert_accepted();
}

/// Waits until both subscribers have had them all.
async fn handled(site: &Site, ids: &[String]) {
    let lines = async {
        loop {
            let log = std::fs::read_to_string(site.folder.join("events.log")).unwrap_or_default();
            let found: std::collections::HashSet<&str> = log.lines().collect();
            let of = |name: &str| ids.iter().all(|id| found.contains(&*format!("{name} {id}")));
            if of("billing") && of("crm") {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), lines).await.unwrap();
}

/// A library that lets writes or flushes fail as soon as a file says so.
fn failing_disk(site: &Site) -> PathBuf {
    let library = site.folder.join("failing_disk.so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/inbox/failing_disk.c");
    let compiled = Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).status();
    assert!(compiled.unwrap().success());
    library
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_29_after_an_fsync_error_or_a_full_disk_nothing_is_acknowledged_that_is_not_stored() {
    for fault in ["fsync", "write"] {
        let site = Site::new();
        let (library, order) = (failing_disk(&site), site.folder.join("order"));
        let mut example = Example::preloaded(&site, 60_000, &library, ("FAILING_DISK", &order));
        let mut acknowledged = Vec::new();
        let address = example.address;
        let mut senders = Vec::new();
        for sender in 0..4 {
            senders.push(tokio::spawn(async move {
                let (mut client, mut stored) = (Client::connect(address).await.unwrap(), Vec::new());
                loop {
                    let id = format!("msg_{sender}_{}", stored.len());
                    let (status, _) = client.send(&id, "{}").await.unwrap();
                    if status != 202 {
                        assert_eq!(status, 503, "{id}");
                        return stored;
                    }
                    stored.push(id);
                }
            }));
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        std::fs::write(&order, fault).unwrap();
        for sender in senders {
            acknowledged.extend(tokio::time::timeout(Duration::from_secs(20), sender).await.unwrap().unwrap());
        }
        assert!(acknowledged.len() > 10, "{fault}");
        // The disk is well again, and what failed may be lost all the same: nobody tries.
        std::fs::write(&order, "").unwrap();
        let mut client = Client::connect(address).await.unwrap();
        for n in 0..20 {
            assert_eq!(client.send(&format!("after_{n}"), "{}").await.unwrap().0, 503, "{fault}");
        }
        example.kill();

        let example = Example::start(&site, 0);
        let mut client = Client::connect(example.address).await.unwrap();
        for id in &acknowledged {
            let (status, headers) = client.send(id, "{}").await.unwrap();
            assert_eq!((status, headers.contains_key("idempotent-replayed")), (202, true), "{id} was lost ({fault})");
        }
        handled(&site, &acknowledged).await;
    }
}
