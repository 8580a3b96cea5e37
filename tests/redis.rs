//! The Redis store on real servers, which the tests start and stop.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

#[path = "redis/cluster.rs"]
mod cluster;
#[path = "redis/faults.rs"]
mod faults;
#[cfg(feature = "cli")]
#[path = "redis/forget.rs"]
mod forget;
#[allow(dead_code, reason = "the tests of faults use the rest of it")]
#[path = "faults/proxy.rs"]
mod network;
#[path = "redis/proxy.rs"]
mod proxy;
#[path = "redis/sentinel.rs"]
mod sentinel;
#[path = "redis/server.rs"]
mod server;
#[path = "redis/sink.rs"]
mod sink;
#[path = "redis/start.rs"]
mod start;
#[path = "redis/together.rs"]
mod together;

use std::time::{Duration, Instant};

use bytes::Bytes;
use tower_webhook::ConfigErrorKind;
use tower_webhook::idempotency::{Claim, Claimed, Fenced, Key, RedisStore, Store, Survives};
use tower_webhook::testing::store_suite;

use self::server::Server;

const LEASE: Duration = Duration::from_secs(30);
const KEPT: Duration = Duration::from_secs(3600);
const RECORD: Bytes = Bytes::from_static(b"record");

fn delivery(number: u8) -> Claimed {
    Claimed::new(Key::from_bytes([number; 32]))
}

/// Repeats a call whose outcome is open, which any call to a store may be: on a busy machine one takes longer than it may.
async fn sure<T, E: std::fmt::Debug, F: Future<Output = Result<T, E>>>(call: impl Fn() -> F) -> T {
    let mut last = None;
    for _ in 0..50 {
        match call().await {
            Ok(answer) => return answer,
            Err(error) => last = Some(error),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{last:?}");
}

async fn claims(store: &RedisStore, claimed: &Claimed) -> Claim {
    sure(|| store.claim(claimed, LEASE)).await
}

async fn owns(store: &RedisStore, claimed: &Claimed) -> bool {
    matches!(claims(store, claimed).await, Claim::Owned { .. })
}

async fn records(store: &RedisStore, claimed: &Claimed) -> Fenced {
    sure(|| store.complete(claimed, RECORD, KEPT)).await
}

#[tokio::test]
async fn it_keeps_the_laws_of_a_store() {
    let server = Server::start(&[]).await;
    let store = server.store().await;
    store_suite::check_with_leases_of(Duration::from_millis(1800), &store, tokio::time::sleep).await;
    assert_eq!((store.guarantees().survives, store.backend()), (Survives::Host, "redis"));
    assert!(format!("{store:?}").contains("whk:1:"));
    assert!(store.guarantees().shared && !store.guarantees().evicts && store.warnings().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_thousand_claims_on_many_connections_one_is_owned() {
    let server = Server::start(&[]).await;
    let mut claims = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let store = server.store().await;
        for _ in 0..50 {
            let store = store.clone();
            claims.spawn(async move { owns(&store, &delivery(1)).await });
        }
    }
    let owned = claims.join_all().await.into_iter().filter(|owned| *owned).count();
    assert_eq!(owned, 1);
}

/// What a call takes at least that was repeated since its answer did not come.
const REPEATED: Duration = Duration::from_millis(110);

#[tokio::test]
async fn a_first_run_costs_two_round_trips_and_a_duplicate_one() {
    let server = Server::start(&[]).await;
    let store = server.store().await;
    // The script is known to the server from its first use on.
    assert_eq!(records(&store, &delivery(0)).await, Fenced::Ok);
    let calls = async || [server.calls("set").await, server.calls("evalsha").await, server.calls("pttl").await];
    for number in 1..=u8::MAX {
        let (before, begin, mine) = (calls().await, Instant::now(), delivery(number));
        assert!(owns(&store, &mine).await);
        assert_eq!(records(&store, &mine).await, Fenced::Ok);
        let (first, between) = (begin.elapsed(), calls().await);
        let begin = Instant::now();
        assert!(matches!(claims(&store, &delivery(number)).await, Claim::Done { .. }));
        let (second, after) = (begin.elapsed(), calls().await);
        // On a busy machine a call may take so long that it is repeated.
        if first < REPEATED && second < REPEATED {
            // The script sets as well.
            assert_eq!(std::array::from_fn(|at| between[at] - before[at]), [2, 1, 0]);
            assert_eq!(std::array::from_fn(|at| after[at] - between[at]), [1, 0, 0]);
            return;
        }
    }
    panic!("no call came through in time");
}

#[tokio::test]
async fn a_claim_that_is_given_back_leaves_nothing_on_the_server() {
    let server = Server::start(&[]).await;
    let store = server.store().await;
    let guarded = delivery(1).guarded_by(Key::from_bytes([2; 32]));
    assert!(owns(&store, &guarded).await);
    assert_eq!(server.ask::<u64>(&["DBSIZE"]).await, 2);
    assert_eq!(sure(|| store.release(&guarded)).await, Fenced::Ok);
    assert_eq!(server.ask::<u64>(&["DBSIZE"]).await, 0);
}

#[tokio::test]
async fn a_lease_that_begins_anew_does_so_for_its_guard_too() {
    let server = Server::start(&[]).await;
    let store = server.store().await;
    let guarded = delivery(1).guarded_by(Key::from_bytes([2; 32]));
    assert!(owns(&store, &guarded).await);
    assert_eq!(sure(|| store.extend(&guarded, KEPT)).await, Fenced::Ok);
    for key in server.ask::<Vec<String>>(&["KEYS", "*"]).await {
        let left: u64 = server.ask(&["PTTL", &key]).await;
        assert!(Duration::from_millis(left) > LEASE, "{left} ms");
    }
}

#[tokio::test]
async fn stores_with_prefixes_of_their_own_share_a_server_and_nothing_else() {
    let server = Server::start(&[]).await;
    let connect = async |prefix| RedisStore::options().prefix(prefix).unwrap().connect(&server.url()).await.unwrap();
    assert!(owns(&connect("one:").await, &delivery(1)).await && owns(&connect("other:").await, &delivery(1)).await);
    let mut keys: Vec<String> = server.ask(&["KEYS", "*"]).await;
    keys.sort();
    assert!(keys[0].starts_with("one:") && keys[1].starts_with("other:") && keys.len() == 2, "{keys:?}");
}

#[test]
fn a_prefix_is_short_printable_and_without_braces() {
    for prefix in ["", "a:", "!~", &"p".repeat(64)] {
        assert!(RedisStore::options().prefix(prefix).is_ok(), "{prefix:?}");
    }
    for prefix in ["a b", "a{", "}a", "ä", "a\n", &"p".repeat(65)] {
        let error = RedisStore::options().prefix(prefix).unwrap_err();
        assert_eq!(error.kind(), ConfigErrorKind::Store, "{prefix:?}");
    }
}

#[tokio::test]
async fn a_store_keeps_to_one_connection() {
    let server = Server::start(&[]).await;
    let store = server.store().await;
    for number in 1..=10 {
        assert!(owns(&store, &delivery(number)).await);
    }
    // And the one that asks for it.
    assert_eq!(server.stat("clients", "connected_clients").await, 2);
}

#[tokio::test]
async fn the_store_finds_its_server_again_after_a_restart() {
    let mut server = Server::start(&[]).await;
    let store = server.store().await;
    assert!(owns(&store, &delivery(1)).await);
    server.crash_and_restart().await;
    for _ in 0..200 {
        if let Ok(claim) = store.claim(&delivery(1), LEASE).await {
            assert!(matches!(claim, Claim::InFlight { .. }), "{claim:?}");
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the connection was not made anew");
}

/// Asks until the answer is this one.
async fn until_it_is(store: &RedisStore, claimed: &Claimed, expected: &Claim) {
    let mut last = None;
    for _ in 0..500 {
        last = store.claim(claimed, LEASE).await.ok();
        if last.as_ref() == Some(expected) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{last:?}");
}

#[tokio::test]
async fn a_record_that_could_not_be_written_is_written_when_the_server_is_back() {
    let mut server = Server::start(&[]).await;
    let store = server.store().await;
    let (done, given_back, forgotten) = (delivery(1), delivery(2), delivery(3));
    for claimed in [&done, &given_back, &forgotten] {
        assert!(owns(&store, claimed).await);
    }
    server.kill();
    assert!(store.complete(&done, RECORD, KEPT).await.is_err());
    assert!(store.complete(&given_back, RECORD, KEPT).await.is_err());
    assert!(store.complete(&forgotten, RECORD, KEPT).await.is_err());
    assert!(store.release(&given_back).await.is_err());
    assert!(store.forget(&forgotten.key).await.is_err());
    server.restart().await;
    until_it_is(&store, &delivery(1), &Claim::Done { record: RECORD, same_fingerprint: true }).await;
    // What was given back or forgotten is not written after all: its claim lapses.
    for number in [2, 3] {
        assert!(matches!(claims(&store, &delivery(number)).await, Claim::InFlight { .. }), "{number}");
    }
}

#[tokio::test]
async fn nobody_there_is_said_without_the_password_and_may_be_tried_again() {
    let error = RedisStore::connect("redis://:hunter2@127.0.0.1:1/").await.unwrap_err();
    assert!(error.to_string().contains("cannot be reached") && !error.to_string().contains("hunter2"), "{error}");
    assert_eq!(error.kind(), ConfigErrorKind::StoreUnreachable);
}

#[tokio::test]
async fn a_password_that_is_refused_is_not_tried_again() {
    let server = Server::start(&["--requirepass", "right"]).await;
    let url = server.url().replace("redis://", "redis://:wrong@");
    let error = RedisStore::connect(&url).await.unwrap_err();
    assert_eq!(error.kind(), ConfigErrorKind::Store, "{error}");
    assert!(!error.to_string().contains("wrong"), "{error}");
    let url = server.url().replace("redis://", "redis://:right@");
    assert!(owns(&RedisStore::connect(&url).await.unwrap(), &delivery(1)).await);
}

#[tokio::test]
async fn what_is_kept_in_memory_is_finished_and_needs_no_round_trip() {
    const AT_MOST: Duration = Duration::from_millis(1500);
    let server = Server::start(&[]).await;
    let connect = async || RedisStore::options().keep_finished(1 << 20, AT_MOST).connect(&server.url()).await.unwrap();
    let (here, there) = (connect().await, connect().await);
    store_suite::check_with_leases_of(Duration::from_millis(1800), &here, tokio::time::sleep).await;

    let (mine, done) = (delivery(1), Claim::Done { record: RECORD, same_fingerprint: true });
    assert!(owns(&here, &mine).await);
    let before = server.calls("set").await;
    assert!(!owns(&there, &delivery(1)).await && !owns(&there, &delivery(1)).await);
    // On a busy machine a call may be repeated.
    assert!(server.calls("set").await - before >= 2, "a claim is never kept");

    assert_eq!(records(&here, &mine).await, Fenced::Ok);
    let before = server.calls("set").await;
    assert_eq!(claims(&here, &delivery(1)).await, done);
    assert_eq!(server.calls("set").await - before, 0, "finished here");
    assert_eq!(claims(&there, &delivery(1)).await, done);
    let before = server.calls("set").await;
    assert_eq!(claims(&there, &delivery(1)).await, done);
    assert_eq!(server.calls("set").await - before, 0, "asked for once");

    // Forgotten here, it is known there for a while.
    let _: bool = sure(|| here.forget(&mine.key)).await;
    assert!(owns(&here, &mine).await);
    assert_eq!(claims(&there, &delivery(1)).await, done);
    tokio::time::sleep(AT_MOST).await;
    assert!(matches!(claims(&there, &delivery(1)).await, Claim::InFlight { .. }));
}
