//! What only a database brings: several processes, leases, a server that goes away.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use http::Response;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower::service_fn;
use tower_webhook::Reason;
use tower_webhook::inbox::{DeadLetterFilter, DeadLetters, InboxErrorKind, Subscriber};

use crate::example::{Client, Example};
use crate::kill::finished;
use crate::server::Server;
use crate::site::{Runs, Site, options, until};

#[tokio::test]
async fn tables_of_a_newer_version_are_refused_and_a_database_without_an_inbox_is_left_alone() {
    let (site, runs) = (Site::postgres().await, Runs::default());
    assert_eq!(DeadLetters::postgres(&site.place()).unwrap_err().kind(), InboxErrorKind::Open);
    let open = || site.options().subscriber(Subscriber::new("a", runs.handler(|_, _| 200))).open();
    // Two at once make one.
    let (first, second) = tokio::join!(open(), open());
    first.unwrap().drain(Duration::ZERO).await.unwrap();
    second.unwrap().drain(Duration::ZERO).await.unwrap();
    site.client().await.batch_execute("UPDATE webhook_inbox SET version = 99").await.unwrap();
    let newer = open().await.unwrap_err();
    assert_eq!(newer.kind(), InboxErrorKind::Newer);
    assert!(newer.to_string().contains("version 99"), "{newer}");
    assert_eq!(DeadLetters::postgres(&site.place()).unwrap_err().kind(), InboxErrorKind::Newer);
    let nobody =
        options("postgres://shop:s3cret@127.0.0.1:1/x").subscriber(Subscriber::new("a", runs.handler(|_, _| 200)));
    let error = nobody.open().await.unwrap_err();
    assert_eq!(error.kind(), InboxErrorKind::Open);
    assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
}

#[tokio::test]
async fn a_server_that_would_lose_what_was_acknowledged_is_refused() {
    let (site, runs) = (Site::postgres().await, Runs::default());
    let place = format!("{}?options=-c%20synchronous_commit%3Doff", site.place());
    let error = options(&place).subscriber(Subscriber::new("a", runs.handler(|_, _| 200))).open().await.unwrap_err();
    assert_eq!(error.kind(), InboxErrorKind::Config);
    assert!(error.to_string().contains("synchronous_commit"), "{error}");
}

#[tokio::test]
async fn each_process_works_for_its_own_subscribers_and_stores_for_all() {
    let (site, billing, crm) = (Site::postgres().await, Runs::default(), Runs::default());
    let of = |name: &str, runs: &Runs| Subscriber::new(name, runs.handler(|_, _| 200));
    let one = site.options().subscriber(of("billing", &billing)).open().await.unwrap();
    let other = site.options().subscriber(of("crm", &crm).events(["user.*"])).open().await.unwrap();
    one.start();
    other.start();
    let (first, second) = (site.endpoint(&one), site.endpoint(&other));
    let began = Instant::now();
    first.send(&site.delivery("msg_1", r#"{"type":"user.created"}"#)).await.assert_accepted();
    second.send(&site.delivery("msg_1", r#"{"type":"user.created"}"#)).await.assert_duplicate();
    second.send(&site.delivery("msg_2", r#"{"type":"push"}"#)).await.assert_accepted();
    while billing.all().len() < 2 || crm.all().is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert!(began.elapsed() < Duration::from_secs(10));
    }
    until(&one, |counts| counts[0].pending == 0).await;
    until(&other, |counts| counts[0].pending == 0).await;
    assert_eq!(crm.all(), ["msg_1#1"]);
    let mut all = billing.all();
    all.sort();
    assert_eq!(all, ["msg_1#1", "msg_2#1"]);
}

#[tokio::test]
async fn a_subscriber_that_is_added_while_deliveries_come_in_misses_none() {
    let (site, runs) = (Site::postgres().await, Runs::default());
    let inbox = site.options().subscriber(Subscriber::new("old", runs.handler(|_, _| 200))).open().await.unwrap();
    let endpoint = Arc::new(site.endpoint(&inbox));
    let site = Arc::new(site);
    let senders: Vec<_> = (0..8)
        .map(|sender| {
            let (site, endpoint) = (Arc::clone(&site), Arc::clone(&endpoint));
            tokio::spawn(async move {
                for n in 0..25 {
                    endpoint.send(&site.delivery(&format!("msg_{sender}_{n}"), "{}")).await.assert_accepted();
                }
            })
        })
        .collect();
    for n in 0..5 {
        let new = Subscriber::new(&format!("new_{n}"), runs.handler(|_, _| 200));
        site.options().subscriber(new).open().await.unwrap();
    }
    for sender in senders {
        sender.await.unwrap();
    }
    assert_eq!(site.ask("SELECT count(*) FROM events").await, 200);
    assert_eq!(site.ask("SELECT count(*) FROM deliveries").await, 200 * 6);
}

#[tokio::test]
async fn what_a_process_had_that_stalled_is_taken_over_and_its_own_end_no_longer_counts() {
    let (site, second) = (Site::postgres().await, Runs::default());
    let place = site.place();
    let (ran, over) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (started, ended) = (Arc::clone(&ran), Arc::clone(&over));
    let clock = site.clock.clone();
    // A process of its own, as far as leases go: its runtime stands still while the handler runs.
    let stalled = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let stalls = service_fn(move |_| {
                started.store(true, Ordering::SeqCst);
                std::thread::sleep(Duration::from_secs(4));
                async { Ok::<_, Infallible>(Response::new(())) }
            });
            let inbox = options(&place).clock(clock).subscriber(Subscriber::new("a", stalls)).open().await.unwrap();
            inbox.start();
            while !ended.load(Ordering::SeqCst) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            inbox.drain(Duration::from_secs(5)).await.unwrap();
        });
    });
    // Only stores until the other has begun.
    let inbox = site.options().subscriber(Subscriber::new("a", second.handler(|_, _| 404))).open().await.unwrap();
    site.endpoint(&inbox).send(&site.delivery("msg_1", "{}")).await.assert_accepted();
    while !ran.load(Ordering::SeqCst) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    inbox.start();
    until(&inbox, |counts| counts[0].dead == 1).await;
    assert_eq!(second.all(), ["msg_1#2"], "the attempt of the first counts");
    over.store(true, Ordering::SeqCst);
    tokio::task::spawn_blocking(move || stalled.join().unwrap()).await.unwrap();
    assert_eq!(
        inbox.counts().await.unwrap()[0].dead,
        1,
        "the end of a run that had lost its lease is not written down"
    );
}

#[tokio::test]
async fn a_run_that_takes_longer_than_its_lease_keeps_it() {
    let (site, runs) = (Site::postgres().await, Runs::default());
    let count = Arc::new(AtomicU32::new(0));
    let counting = Arc::clone(&count);
    let slow = service_fn(move |_| {
        counting.fetch_add(1, Ordering::SeqCst);
        async {
            tokio::time::sleep(Duration::from_millis(2500)).await;
            Ok::<_, Infallible>(Response::new(()))
        }
    });
    let one = site.options().subscriber(Subscriber::new("a", slow)).open().await.unwrap();
    let other = site.options().subscriber(Subscriber::new("a", runs.handler(|_, _| 200))).open().await.unwrap();
    one.start();
    site.endpoint(&one).send(&site.delivery("msg_1", "{}")).await.assert_accepted();
    while count.load(Ordering::SeqCst) == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    other.start();
    until(&other, |counts| counts[0].pending == 0).await;
    assert_eq!((count.load(Ordering::SeqCst), runs.all().len()), (1, 0));
}

/// A wire to the database that holds the answers back from when this text has gone over it.
async fn wire(to: std::net::SocketAddr, text: &'static str, holds: Arc<AtomicBool>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(to).await.unwrap();
            let (mut from_client, mut to_client) = client.into_split();
            let (mut from_server, mut to_server) = server.into_split();
            let trap = Arc::clone(&holds);
            tokio::spawn(async move {
                let mut buffer = vec![0; 65536];
                while let Ok(read @ 1..) = from_client.read(&mut buffer).await {
                    if buffer[..read].windows(text.len()).any(|part| part == text.as_bytes()) {
                        trap.store(true, Ordering::SeqCst);
                    }
                    to_server.write_all(&buffer[..read]).await.unwrap();
                }
            });
            let holds = Arc::clone(&holds);
            tokio::spawn(async move {
                let mut buffer = vec![0; 65536];
                while let Ok(read) = from_server.read(&mut buffer).await {
                    while holds.load(Ordering::SeqCst) {
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                    if read == 0 || to_client.write_all(&buffer[..read]).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    port
}

#[tokio::test]
async fn where_the_answer_to_a_commit_is_lost_the_sender_is_told_to_come_back_and_its_copy_is_recognised() {
    let (site, runs) = (Site::postgres().await, Runs::default());
    let holds = Arc::new(AtomicBool::new(false));
    let place = site.place();
    let (before, database) = place.rsplit_once('/').unwrap();
    let address = before.rsplit_once('@').unwrap().1.parse().unwrap();
    let port = wire(address, "msg_2", Arc::clone(&holds)).await;
    let inbox = options(&format!("postgres://shop@127.0.0.1:{port}/{database}")).clock(site.clock.clone());
    let inbox = inbox.subscriber(Subscriber::new("a", runs.handler(|_, _| 200))).open().await.unwrap();
    let endpoint = site.endpoint(&inbox);
    endpoint.send(&site.delivery("msg_1", "{}")).await.assert_accepted();
    let began = Instant::now();
    let refused = endpoint.send(&site.delivery("msg_2", "{}")).await;
    assert!(began.elapsed() < Duration::from_secs(5), "a database that stalls is one that is not there");
    assert_eq!(refused.headers()["retry-after"], "5");
    refused.assert_rejected(Reason::InboxUnavailable);
    assert_eq!(site.ask("SELECT count(*) FROM events").await, 2, "it was stored, as nobody here knows");
    holds.store(false, Ordering::SeqCst);
    // It comes by another machine, this wire being what it is.
    let other = site.options().subscriber(Subscriber::new("a", runs.handler(|_, _| 200))).open().await.unwrap();
    site.endpoint(&other).send(&site.delivery("msg_2", "{}")).await.assert_duplicate();
    inbox.start();
    until(&inbox, |counts| counts[0].pending == 0).await;
    let mut all = runs.all();
    all.sort();
    assert_eq!(all, ["msg_1#1", "msg_2#1"]);
}

#[tokio::test]
async fn what_a_text_of_the_database_cannot_hold_stops_nothing() {
    let site = Site::postgres().await;
    let fails = service_fn(async |_| Err::<Response<()>, _>("a zero byte: \0"));
    let inbox = site
        .options()
        .order_by(|_| Some("x\0".repeat(5000)))
        .subscriber(Subscriber::new("a", fails).schedule(tower_webhook::inbox::RetrySchedule::none()));
    let inbox = inbox.open().await.unwrap();
    inbox.start();
    site.endpoint(&inbox).send(&site.delivery("msg_1", "{}")).await.assert_accepted();
    until(&inbox, |counts| counts[0].dead == 1).await;
    let letters = inbox.dead_letters(DeadLetterFilter::all(), 1).await.unwrap();
    assert!(letters[0].last_error.as_deref().unwrap().starts_with("the handler failed: a zero byte"));
}

/// Sends until it is told to end; returns what was acknowledged.
async fn load(address: std::net::SocketAddr, name: &str, ends: Arc<AtomicBool>) -> Vec<String> {
    let mut acknowledged = Vec::new();
    let mut client = Client::connect(address).await.unwrap();
    for n in 0.. {
        if ends.load(Ordering::SeqCst) {
            break;
        }
        let id = format!("msg_{name}_{n}");
        let (status, _) = client.send(&id, r#"{"type":"load"}"#).await.unwrap();
        match status {
            202 => acknowledged.push(id),
            other => assert_eq!(other, 503),
        }
        tokio::time::sleep(Duration::from_millis(8)).await;
    }
    acknowledged
}

/// Waits for all of them, and returns the most runs that one of them had.
async fn most_runs(site: &Site, acknowledged: &[String]) -> u32 {
    let began = Instant::now();
    loop {
        let runs = finished(&site.folder);
        let of = |name: &str| acknowledged.iter().all(|id| runs.contains_key(&format!("{name} {id}")));
        if of("billing") && of("crm") {
            return runs.into_values().max().unwrap();
        }
        assert!(began.elapsed() < Duration::from_secs(120), "some never came");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_on_one_database_run_each_delivery_once() {
    let site = Site::postgres().await;
    let (one, other) = (Example::start(&site, 2), Example::start(&site, 2));
    let ends = Arc::new(AtomicBool::new(false));
    let first = tokio::spawn(load(one.address, "one", Arc::clone(&ends)));
    let second = tokio::spawn(load(other.address, "other", Arc::clone(&ends)));
    tokio::time::sleep(Duration::from_secs(2)).await;
    ends.store(true, Ordering::SeqCst);
    let acknowledged = [first.await.unwrap(), second.await.unwrap()].concat();
    assert!(acknowledged.len() > 20);
    assert_eq!(most_runs(&site, &acknowledged).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_killed_under_load_loses_nothing_and_repeats_nothing_that_runs() {
    let mut server = Server::start().await;
    let site = Site::new().at(server.url());
    let example = Example::start(&site, 2);
    let ends = Arc::new(AtomicBool::new(false));
    let loads: Vec<_> = ["a", "b", "c"].map(|name| tokio::spawn(load(example.address, name, Arc::clone(&ends)))).into();
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(700)).await;
        server.kill();
        server.restart().await;
    }
    tokio::time::sleep(Duration::from_millis(700)).await;
    ends.store(true, Ordering::SeqCst);
    let mut acknowledged = Vec::new();
    for load in loads {
        acknowledged.extend(load.await.unwrap());
    }
    assert!(acknowledged.len() > 20);
    // The process lives on and keeps what it has, so its runs are written down once the database is there again.
    assert_eq!(most_runs(&site, &acknowledged).await, 1);
}
