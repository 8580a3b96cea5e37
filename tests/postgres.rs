//! The Postgres store on real servers, which the tests start and stop.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

#[cfg(feature = "cli")]
#[path = "postgres/forget.rs"]
mod forget;
#[path = "postgres/server.rs"]
mod server;
#[path = "postgres/transactions.rs"]
mod transactions;

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use tower_webhook::ConfigErrorKind;
use tower_webhook::idempotency::{Claim, Claimed, Fenced, Key, PostgresStore, Store, Survives};
use tower_webhook::testing::store_suite;

use self::server::Server;

const LEASE: Duration = Duration::from_secs(30);
const KEPT: Duration = Duration::from_secs(3600);
const RECORD: Bytes = Bytes::from_static(b"record");

fn delivery(number: u8) -> Claimed {
    Claimed::new(Key::from_bytes([number; 32]))
}

async fn attempt(store: &PostgresStore, claimed: &Claimed, lease: Duration) -> Option<u32> {
    match store.claim(claimed, lease).await.unwrap() {
        Claim::Owned { attempt } => attempt,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn it_keeps_the_laws_of_a_store() {
    let server = Server::start().await;
    let store = server.store().await;
    store_suite::check_with_leases_of(Duration::from_millis(1800), &store, tokio::time::sleep).await;
    assert!(store.guarantees().shared && !store.guarantees().evicts && store.warnings().is_empty());
    assert_eq!((store.guarantees().survives, store.backend()), (Survives::Host, "postgres"));
    assert!(format!("{store:?}").contains("PostgresStore"));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_thousand_claims_over_several_pools_one_is_owned() {
    let server = Server::start().await;
    let mut claims = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let store = PostgresStore::options().connections(8).connect(&server.url()).await.unwrap();
        for _ in 0..250 {
            let store = store.clone();
            claims.spawn(async move {
                loop {
                    // All at once: some wait for a connection for longer than the pool lets them.
                    if let Ok(claim) = store.claim(&delivery(1), LEASE).await {
                        return matches!(claim, Claim::Owned { .. });
                    }
                }
            });
        }
    }
    let owned = claims.join_all().await.into_iter().filter(|owned| *owned).count();
    assert_eq!(owned, 1);
}

#[tokio::test]
async fn there_are_no_more_connections_than_asked_for() {
    let server = Server::start().await;
    let store = PostgresStore::options().connections(2).connect(&server.url()).await.unwrap();
    let mut claims = tokio::task::JoinSet::new();
    for number in 0..40 {
        let store = store.clone();
        claims.spawn(async move { store.claim(&delivery(number), LEASE).await.is_ok() });
    }
    assert!(claims.join_all().await.into_iter().any(|claimed| claimed));
    let client = server.client().await;
    let here =
        "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
    let count: i64 = client.query_one(here, &[]).await.unwrap().get(0);
    assert!((1..=2).contains(&count), "{count}");
}

#[tokio::test]
async fn attempts_are_counted_and_who_was_overtaken_changes_nothing() {
    let server = Server::start().await;
    let store = server.store().await;
    let (first, second) = (delivery(1), delivery(1));
    let short = Duration::from_millis(50);
    assert_eq!(attempt(&store, &first, short).await, Some(1));
    assert_eq!(attempt(&store, &first, short).await, Some(1), "the answer to a claim may be lost");
    tokio::time::sleep(short * 2).await;
    assert_eq!(attempt(&store, &second, LEASE).await, Some(2));
    assert_eq!(store.complete(&first, RECORD, KEPT).await.unwrap(), Fenced::Lost);
    assert_eq!(store.release(&first).await.unwrap(), Fenced::Lost);
    assert_eq!(store.complete(&second, RECORD, KEPT).await.unwrap(), Fenced::Ok);
    assert_eq!(store.claim(&first, LEASE).await.unwrap(), Claim::Done { record: RECORD, same_fingerprint: true });
}

#[tokio::test]
async fn what_was_recorded_survives_a_crash_of_the_server() {
    let mut server = Server::start().await;
    let store = server.store().await;
    let mine = delivery(1);
    assert_eq!(attempt(&store, &mine, LEASE).await, Some(1));
    assert_eq!(store.complete(&mine, RECORD, KEPT).await.unwrap(), Fenced::Ok);
    server.kill();
    let error = store.claim(&delivery(1), LEASE).await.unwrap_err();
    assert!(!error.to_string().is_empty() && !format!("{error:?}").contains("shop@"), "{error:?}");
    assert!(error.source().is_some());
    server.restart().await;
    for _ in 0..500 {
        if let Ok(claim) = store.claim(&delivery(1), LEASE).await {
            assert_eq!(claim, Claim::Done { record: RECORD, same_fingerprint: true });
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the connections were not made anew");
}

#[tokio::test]
async fn tables_are_made_once_however_many_begin_and_newer_ones_are_refused() {
    let server = Server::start().await;
    let options = || PostgresStore::options().schema("hooks").unwrap();
    let url = server.url();
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let url = url.clone();
        all.spawn(async move { options().connect(&url).await.map(drop) });
    }
    let begun = all.join_all().await;
    assert!(begun.iter().all(Result::is_ok), "{begun:?}");
    let client = server.client().await;
    client.execute("UPDATE hooks.webhook_store SET version = 2", &[]).await.unwrap();
    let error = options().connect(&url).await.unwrap_err();
    assert!(error.to_string().contains("version 2"), "{error}");
    assert_eq!(error.kind(), ConfigErrorKind::Store);
    server.store().await;
}

#[tokio::test]
async fn nobody_there_may_be_tried_again_and_a_name_that_is_wrong_may_not() {
    let error = PostgresStore::connect("postgres://shop:hunter2@127.0.0.1:1/shop").await.unwrap_err();
    assert_eq!(error.kind(), ConfigErrorKind::StoreUnreachable, "{error}");
    assert!(!error.to_string().contains("hunter2"), "{error}");
    let server = Server::start().await;
    let error = PostgresStore::connect(&server.url().replace("/postgres", "/other")).await.unwrap_err();
    assert_eq!(error.kind(), ConfigErrorKind::Store, "{error}");
    let client = server.client().await;
    client.batch_execute("CREATE ROLE guest LOGIN CONNECTION LIMIT 0").await.unwrap();
    let error = PostgresStore::connect(&server.url().replace("shop@", "guest@")).await.unwrap_err();
    assert_eq!(error.kind(), ConfigErrorKind::StoreUnreachable, "there will be room again: {error}");
    for url in ["", "redis://127.0.0.1/", "postgres://127.0.0.1:99999/"] {
        assert_eq!(PostgresStore::connect(url).await.unwrap_err().kind(), ConfigErrorKind::Store, "{url}");
    }
}

#[test]
fn a_schema_has_a_name_of_1_to_63_letters_digits_and_underscores() {
    for name in ["a", "_", "Shop_2", &"s".repeat(63)] {
        assert!(PostgresStore::options().schema(name).is_ok(), "{name:?}");
    }
    for name in ["", "a\"b", "a b", "a-b", "ä", &"s".repeat(64)] {
        let error = PostgresStore::options().schema(name).unwrap_err();
        assert_eq!(error.kind(), ConfigErrorKind::Store, "{name:?}");
    }
}

#[tokio::test]
async fn what_is_set_loosely_is_warned_of() {
    let server = Server::start().await;
    let url = format!("{}?options=-c%20synchronous_commit%3Doff", server.url());
    let store = PostgresStore::connect(&url).await.unwrap();
    assert!(store.warnings()[0].contains("synchronous_commit"), "{:?}", store.warnings());
}

#[tokio::test]
async fn what_has_ended_is_deleted_and_attempts_of_what_lapsed_are_kept_for_a_day() {
    let server = Server::start().await;
    let store = server.store().await;
    let (done, kept, lapsed) = (delivery(1).guarded_by(Key::from_bytes([9; 32])), delivery(2), delivery(3));
    let short = Duration::from_millis(20);
    assert_eq!(attempt(&store, &done, LEASE).await, Some(1));
    assert_eq!(store.complete(&done, RECORD, short).await.unwrap(), Fenced::Ok);
    assert_eq!(attempt(&store, &kept, LEASE).await, Some(1));
    assert_eq!(store.complete(&kept, RECORD, KEPT).await.unwrap(), Fenced::Ok);
    assert_eq!(attempt(&store, &lapsed, short).await, Some(1));
    tokio::time::sleep(short * 3).await;
    assert_eq!(store.purge().await.unwrap(), 2, "a record and its guard");
    assert_eq!(store.purge().await.unwrap(), 0);
    assert!(matches!(store.claim(&delivery(2), LEASE).await.unwrap(), Claim::Done { .. }));
    assert_eq!(attempt(&store, &delivery(3), LEASE).await, Some(2));
    assert_eq!(attempt(&store, &delivery(1), LEASE).await, Some(1));
}

#[tokio::test]
async fn what_has_ended_is_deleted_once_a_minute_however_much_it_is() {
    let server = Server::start().await;
    let _store = server.store().await;
    let client = server.client().await;
    let ended = "INSERT INTO webhook_deliveries (key, done, token, attempt, until)
                 SELECT decode(lpad(to_hex(number), 64, '0'), 'hex'), true, '', 1, now() - interval '1 second'
                 FROM generate_series(1, 2500) AS number";
    assert_eq!(client.execute(ended, &[]).await.unwrap(), 2500);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(61)).await;
    tokio::time::resume();
    let mut left: i64 = 0;
    for _ in 0..500 {
        left = client.query_one("SELECT count(*) FROM webhook_deliveries", &[]).await.unwrap().get(0);
        if left == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{left} are left");
}
