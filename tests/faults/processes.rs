//! Processes that are killed, and processes that stand still.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tower_webhook::{Outcome, Reason};

use super::server::Server;
use super::worker::{Hold, Journal, Worker, process};
use super::{Receiver, delivery, retry_until_run};

/// A Redis, what handlers have done, and a receiver in this process, `b`.
async fn scene(name: &str) -> (Server, Journal, Receiver) {
    let (server, journal) = (Server::start(&[]).await, Journal::new(name));
    let b = process("b", server.store().await, &journal, Hold::Nowhere, &Arc::new(Semaphore::new(0)));
    (server, journal, b)
}

/// Sends a thousand copies at once, and counts the first runs and the others.
fn burst(workers: &mut [Worker], id: &str) -> (usize, usize) {
    workers.iter_mut().for_each(|worker| worker.tell(&format!("burst 250 {id}")));
    workers.iter_mut().fold((0, 0), |(first, others), worker| {
        let said = worker.hears("burst");
        let (ran, rest) = said.split_once(' ').unwrap();
        (first + ran.parse::<usize>().unwrap(), others + rest.parse::<usize>().unwrap())
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_02_a_thousand_copies_at_once_in_four_processes_run_once() {
    let (server, journal, _) = scene("02").await;
    let mut workers: Vec<_> = (0..4).map(|_| Worker::start("a", &server.url(), &journal, Hold::Nowhere)).collect();
    for round in ["e1", "e2", "e3"] {
        let mut answers = (0, 0);
        // On a machine that is too busy for the store's budget all of them are asked to come back, and so they do.
        for _ in 0..20 {
            answers = burst(&mut workers, round);
            if answers.0 > 0 {
                break;
            }
            assert_eq!(answers, (0, 1000));
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        // Each of the others was a duplicate, or was asked to come back.
        assert_eq!((answers, journal.of(round)), ((1, 999), (1, 1)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_03_kill_between_claim_and_handler_runs_once_after_the_lease() {
    let (server, journal, b) = scene("03").await;
    let mut a = Worker::start("a", &server.url(), &journal, Hold::Claimed);
    a.tell("send e1");
    a.hears("claimed");
    a.kill();
    b.send(&delivery("e1")).await.assert_rejected(Reason::IdempotencyInFlight);
    assert_eq!(journal.of("e1"), (0, 0));
    assert_eq!(&retry_until_run(&b, &delivery("e1")).await.body()[..], b"b");
    b.send(&delivery("e1")).await.assert_duplicate();
    assert_eq!(journal.of("e1"), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_04_kill_in_mid_handler_runs_again_after_the_lease() {
    let (server, journal, b) = scene("04").await;
    let mut a = Worker::start("a", &server.url(), &journal, Hold::Handler);
    a.tell("send e1");
    a.hears("handling e1");
    a.kill();
    b.send(&delivery("e1")).await.assert_rejected(Reason::IdempotencyInFlight);
    retry_until_run(&b, &delivery("e1")).await.assert_accepted();
    b.send(&delivery("e1")).await.assert_duplicate();
    assert_eq!(journal.of("e1"), (2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_05_kill_after_the_effect_and_before_its_record_has_the_effect_twice_as_documented() {
    let (server, journal, b) = scene("05").await;
    let mut a = Worker::start("a", &server.url(), &journal, Hold::Effect);
    a.tell("send e1");
    a.hears("effect e1");
    a.kill();
    retry_until_run(&b, &delivery("e1")).await.assert_accepted();
    b.send(&delivery("e1")).await.assert_duplicate();
    assert_eq!(journal.of("e1"), (2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_06_kill_after_the_record_and_before_the_answer_is_a_replay() {
    let (server, journal, b) = scene("06").await;
    let mut a = Worker::start("a", &server.url(), &journal, Hold::Nowhere);
    a.tell("send e1");
    // The record is written; nobody has sent the answer on.
    assert_eq!(a.hears("answered e1"), "200 None");
    a.kill();
    let retry = b.send(&delivery("e1")).await;
    assert_eq!((retry.status().as_u16(), &retry.body()[..]), (200, &b"a"[..]));
    retry.assert_duplicate();
    assert_eq!(journal.of("e1"), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_12_on_redis_a_handler_that_outlasts_its_lease_keeps_its_claim() {
    let (server, journal, b) = scene("12").await;
    let mut a = Worker::start("a", &server.url(), &journal, Hold::Handler);
    a.tell("send e1");
    a.hears("handling e1");
    let begun = std::time::Instant::now();
    // Three leases of two seconds.
    while begun.elapsed() < Duration::from_secs(6) {
        b.send(&delivery("e1")).await.assert_rejected(Reason::IdempotencyInFlight);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    a.tell("go");
    assert_eq!(a.hears("answered e1"), "200 None");
    let retry = b.send(&delivery("e1")).await;
    assert_eq!((retry.outcome(), &retry.body()[..]), (Some(Outcome::Duplicate), &b"a"[..]));
    assert_eq!(journal.of("e1"), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_13_a_process_that_stood_still_is_fenced_and_changes_no_record() {
    let (server, journal, b) = scene("13").await;
    let mut a = Worker::start("a", &server.url(), &journal, Hold::Handler);
    for id in ["e1", "sour"] {
        a.tell(&format!("send {id}"));
        a.hears(&format!("handling {id}"));
    }
    a.signal("-STOP");
    for id in ["e1", "sour"] {
        assert_eq!(&retry_until_run(&b, &delivery(id)).await.body()[..], b"b");
    }
    a.signal("-CONT");
    a.tell("go");
    // Both answers are out, the one that wanted to record and the one that wanted to release.
    let mut said = [a.hears("answered"), a.hears("answered")];
    said.sort();
    assert_eq!(said, ["e1 200 Some(Fenced)", "sour 500 None"]);
    for id in ["e1", "sour"] {
        let retry = b.send(&delivery(id)).await;
        assert_eq!((retry.outcome(), &retry.body()[..]), (Some(Outcome::Duplicate), &b"b"[..]), "{id}");
        assert_eq!(journal.of(id), (2, 2));
    }
}
