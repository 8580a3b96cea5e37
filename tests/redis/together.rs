//! Calls that are made at the same time.

use std::time::Duration;

use tokio::task::JoinSet;
use tower_webhook::idempotency::{Claim, Claimed, Fenced, Key, RedisStore, Store};

use super::cluster::Cluster;
use super::network::Proxy;
use super::server::Server;
use super::{KEPT, LEASE, RECORD, claims, owns, records, sure};

const MANY: u16 = 300;

fn delivery(number: u16) -> Claimed {
    let mut key = [7; 32];
    key[..2].copy_from_slice(&number.to_be_bytes());
    Claimed::new(Key::from_bytes(key))
}

/// The answers to claims of all of them.
async fn claim_at_once(store: &RedisStore, claimed: &[Claimed]) -> Vec<Claim> {
    let mut calls = JoinSet::new();
    for (at, claimed) in claimed.iter().enumerate() {
        let (store, claimed) = (store.clone(), *claimed);
        calls.spawn(async move { (at, claims(&store, &claimed).await) });
    }
    let mut answers = calls.join_all().await;
    answers.sort_by_key(|(at, _)| *at);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

#[tokio::test]
async fn claims_made_at_once_share_round_trips_and_each_gets_its_own_answer() {
    let server = Server::start(&[]).await;
    let store = server.store().await;
    let mine: Vec<Claimed> = (0..MANY).map(delivery).collect();
    for claimed in mine.iter().step_by(3) {
        assert!(owns(&store, claimed).await);
    }
    for claimed in mine.iter().step_by(6) {
        assert_eq!(records(&store, claimed).await, Fenced::Ok);
    }
    let others: Vec<Claimed> = (0..MANY).map(delivery).collect();
    let before = server.stat("stats", "total_reads_processed").await;
    let answers = claim_at_once(&store, &others).await;
    // One reads what comes at once.
    let reads = server.stat("stats", "total_reads_processed").await - before;
    for (number, answer) in answers.into_iter().enumerate() {
        match answer {
            Claim::Done { record, .. } => assert!(number % 6 == 0 && record == RECORD, "{number}"),
            Claim::InFlight { retry_in, .. } => {
                assert!(number % 6 == 3 && retry_in > Duration::ZERO && retry_in <= LEASE, "{number}");
            }
            Claim::Owned { .. } => assert_ne!(number % 3, 0, "{number}"),
            other => panic!("{number}: {other:?}"),
        }
    }
    assert!(reads < u64::from(MANY) / 4, "{reads}");
}

#[tokio::test]
async fn a_pipeline_lost_in_the_middle_leaves_each_claim_to_its_run() {
    let server = Server::start(&[]).await;
    let proxy = Proxy::to(server.port());
    let store = RedisStore::connect(&proxy.url()).await.unwrap();
    let mine: Vec<Claimed> = (0..MANY).map(delivery).collect();
    proxy.lose_next_answer();
    let answers = claim_at_once(&store, &mine).await;
    assert_eq!(proxy.lost_answers(), 1);
    for (claimed, answer) in mine.iter().zip(answers) {
        assert!(matches!(answer, Claim::Owned { .. }), "{claimed:?}: {answer:?}");
    }
    let keys: u16 = server.ask(&["DBSIZE"]).await;
    assert_eq!(keys, MANY);
    for number in 0..MANY {
        assert!(matches!(claims(&store, &delivery(number)).await, Claim::InFlight { .. }));
    }
}

#[tokio::test]
async fn callers_that_go_away_hold_nobody_up() {
    let server = Server::start(&[]).await;
    let store = server.store().await;
    for round in 0..20 {
        let mut calls = JoinSet::new();
        for number in 0..MANY {
            let (store, claimed) = (store.clone(), delivery(number));
            calls.spawn(async move { store.claim(&claimed, LEASE).await });
            if number % 50 == round {
                tokio::task::yield_now().await;
            }
        }
        tokio::task::yield_now().await;
        calls.abort_all();
        let last = Claimed::new(Key::from_bytes([u8::try_from(round).unwrap(); 32]));
        let answer = tokio::time::timeout(Duration::from_secs(5), sure(|| store.claim(&last, LEASE))).await;
        assert!(matches!(answer, Ok(Claim::Owned { .. })), "{answer:?}");
    }
}

#[tokio::test]
async fn claims_in_several_slots_of_a_cluster_all_succeed_at_once() {
    let cluster = Cluster::start().await;
    let store = cluster.store().await;
    let mine: Vec<Claimed> = (0..MANY).map(delivery).collect();
    let answers = claim_at_once(&store, &mine).await;
    assert!(answers.iter().all(|answer| matches!(answer, Claim::Owned { .. })), "{answers:?}");
    for server in &cluster.servers {
        let keys: u16 = server.ask(&["DBSIZE"]).await;
        assert!(keys > 0, "each server has its share");
    }
    for claimed in &mine {
        assert_eq!(sure(|| store.complete(claimed, RECORD, KEPT)).await, Fenced::Ok);
    }
}
