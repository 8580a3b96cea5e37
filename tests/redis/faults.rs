//! What goes wrong with the server: 20 failover, 21 restart, 22 eviction, 23 no memory, 24 answers that lead elsewhere. Where
//! something is lost, the documentation says so, in these words.

use std::time::{Duration, Instant};

use tower_webhook::idempotency::{Claim, Claimed, Fenced, Key, RedisOptions, RedisStore, Store, Survives};
use tower_webhook::testing::store_suite;
use tower_webhook::{ConfigErrorKind, Secret};

use super::cluster::{Cluster, Move};
use super::network::Proxy as Network;
use super::proxy::Proxy;
use super::sentinel::{MASTER, Silent, Watched, until};
use super::server::Server;
use super::{KEPT, LEASE, RECORD, REPEATED, claims, delivery, owns, records, sure, until_it_is};

/// Whether the documentation of the store has these words.
fn is_documented(words: &str) -> bool {
    let source = include_str!("../../src/idempotency/redis/mod.rs");
    let text: Vec<&str> = source.lines().filter_map(|line| line.strip_prefix("/// ")).collect();
    text.join(" ").contains(words)
}

#[tokio::test]
async fn fault_20_a_replica_that_takes_over_too_early_has_forgotten() {
    let mut watched = Watched::start().await;
    let store = watched.store(RedisOptions::default()).await;
    let (before, after) = (delivery(1), delivery(2));
    assert!(owns(&store, &before).await);
    watched.until_replicated().await;
    watched.cut().await;
    assert!(owns(&store, &after).await);
    watched.master.kill();
    watched.until_failed_over().await;
    // The store asks the sentinel by itself.
    assert!(!owns(&store, &delivery(1)).await);
    assert!(owns(&store, &delivery(2)).await, "two runs of one delivery");
    assert!(is_documented("a replica that takes over before a claim has reached it"));
    assert!(is_documented("has forgotten, and a copy runs again"));
}

#[tokio::test]
async fn fault_20_with_min_replicas_a_claim_that_no_replica_has_fails() {
    let mut watched = Watched::start().await;
    let store = watched.store(RedisOptions::default().min_replicas(1)).await;
    let (before, after) = (delivery(1), delivery(2));
    assert!(owns(&store, &before).await);
    assert_eq!(records(&store, &before).await, Fenced::Ok);
    watched.cut().await;
    let error = store.claim(&after, LEASE).await.unwrap_err();
    assert!(error.to_string().contains("too few replicas"), "{error}");
    watched.master.kill();
    watched.until_failed_over().await;
    // What was acknowledged is there.
    let plain = watched.store(RedisOptions::default()).await;
    let done = Claim::Done { record: RECORD, same_fingerprint: true };
    assert_eq!(claims(&plain, &delivery(1)).await, done);
    assert!(owns(&plain, &delivery(2)).await);
    assert!(store.claim(&delivery(3), LEASE).await.is_err(), "the new master has no replica");
}

#[tokio::test]
async fn fault_20_with_min_replicas_a_claim_that_is_repeated_fails_as_well_while_no_replica_has_it() {
    let master = Server::start(&["--repl-diskless-sync-delay", "0"]).await;
    let replica = Server::start(&["--replicaof", "127.0.0.1", &master.port().to_string()]).await;
    let network = Network::to(master.port());
    until("the replica follows", async || {
        master.ask::<String>(&["INFO", "replication"]).await.contains("state=online")
    })
    .await;
    let store = RedisOptions::default().min_replicas(1).connect(&network.url()).await.unwrap();
    // On each of its connections once.
    for number in 0..8 {
        assert!(owns(&store, &delivery(number)).await);
    }
    replica.signal("-STOP");
    network.lose_next_answer();
    let mine = delivery(9);
    // The answer that comes through is of a call that found its own claim and wrote nothing: servers newer than 7.0 would
    // wait for nothing.
    let claim = store.claim(&mine, LEASE).await;
    assert!(claim.is_err(), "{claim:?}");
    assert_eq!(network.lost_answers(), 1);
    replica.signal("-CONT");
    assert!(owns(&store, &mine).await);
}

#[tokio::test]
async fn a_sentinel_that_does_not_answer_holds_up_no_two_connections_one_after_the_other() {
    let watched = Watched::start().await;
    let (silent, url) = Silent::start().await;
    let options = RedisOptions::default().min_replicas(1);
    let store = options.connect_sentinel([url, watched.url()], MASTER).await.unwrap();
    let claims: Vec<_> = (0..8).map(|number| (store.clone(), delivery(number))).collect();
    let claims = claims.into_iter().map(|(store, mine)| tokio::spawn(async move { owns(&store, &mine).await }));
    for owned in claims.collect::<Vec<_>>() {
        assert!(owned.await.unwrap());
    }
    assert!(silent.most_at_once() >= 4, "{}", silent.most_at_once());
}

#[tokio::test]
async fn the_master_that_sentinels_name_has_users_of_its_own() {
    let watched = Watched::start().await;
    for server in [&watched.master, &watched.replica] {
        let _: String = server.ask(&["ACL", "SETUSER", "hooks", "on", ">right", "~*", "+@all"]).await;
    }
    let login = |password| RedisOptions::default().login("hooks", Secret::short(password).unwrap());
    let store = watched.store(login("right")).await;
    assert!(owns(&store, &delivery(1)).await);
    assert!(watched.master.ask::<String>(&["CLIENT", "LIST"]).await.contains("user=hooks"));
    let refused = login("wrong").connect_sentinel([watched.url()], MASTER).await;
    assert_eq!(refused.unwrap_err().kind(), ConfigErrorKind::Store);
}

#[tokio::test]
async fn min_replicas_keeps_the_laws_of_a_store() {
    let watched = Watched::start().await;
    let store = watched.store(RedisOptions::default().min_replicas(1)).await;
    store_suite::check_with_leases_of(Duration::from_millis(1800), &store, tokio::time::sleep).await;
}

#[tokio::test]
async fn fault_21_what_was_acknowledged_survives_a_kill_where_each_write_is_synced() {
    let mut server = Server::start(&[]).await;
    let store = server.store().await;
    let (done, pending) = (delivery(1), delivery(2));
    assert!(owns(&store, &done).await && owns(&store, &pending).await);
    assert_eq!(records(&store, &done).await, Fenced::Ok);
    server.crash_and_restart().await;
    let store = server.store().await;
    assert_eq!(claims(&store, &delivery(1)).await, Claim::Done { record: RECORD, same_fingerprint: true });
    assert!(!owns(&store, &delivery(2)).await);
}

#[tokio::test]
async fn fault_21_a_server_without_its_file_forgets_and_is_warned_about() {
    let mut server = Server::start(&["--appendonly", "no"]).await;
    let store = server.store().await;
    assert!(store.warnings().iter().any(|warning| warning.contains("appendonly")), "{:?}", store.warnings());
    assert_eq!(store.guarantees().survives, Survives::Process);
    assert!(owns(&store, &delivery(1)).await);
    server.crash_and_restart().await;
    assert!(owns(&server.store().await, &delivery(1)).await, "as the documentation says");
}

#[tokio::test]
async fn fault_21_where_the_file_is_synced_each_second_a_claim_may_be_forgotten() {
    let mut server = Server::start(&["--appendfsync", "everysec"]).await;
    let store = server.store().await;
    assert!(owns(&store, &delivery(1)).await);
    server.crash_and_restart().await;
    // It is there or not, as it happens.
    let claim = claims(&server.store().await, &delivery(1)).await;
    assert!(matches!(claim, Claim::InFlight { .. } | Claim::Owned { .. }), "{claim:?}");
    assert!(is_documented("with `appendfsync everysec` the last second or two"));
    assert!(is_documented("restarts without its append-only file"));
}

#[tokio::test]
async fn fault_22_a_server_that_may_drop_claims_is_refused() {
    let server = Server::start(&["--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru"]).await;
    let error = RedisStore::connect(&server.url()).await.unwrap_err();
    assert!(error.to_string().contains("allkeys-lru"), "{error}");
    let store = RedisStore::options().may_evict().connect(&server.url()).await.unwrap();
    assert!(store.guarantees().evicts);
}

#[tokio::test]
async fn fault_22_a_server_that_may_drop_claims_does() {
    let options = ["--maxmemory", "4mb", "--maxmemory-policy", "volatile-ttl", "--appendonly", "no"];
    let server = Server::start(&options).await;
    assert!(RedisStore::connect(&server.url()).await.is_err());
    let store = RedisOptions::default().may_evict().connect(&server.url()).await.unwrap();
    assert!(store.warnings().iter().any(|warning| warning.contains("volatile-ttl")), "{:?}", store.warnings());
    for number in 0..20_000_u32 {
        let mut key = [0; 32];
        key[..4].copy_from_slice(&number.to_be_bytes());
        assert!(owns(&store, &Claimed::new(Key::from_bytes(key))).await);
    }
    let left: u64 = server.ask(&["DBSIZE"]).await;
    assert!(left < 20_000, "{left}");
    assert!(is_documented("a server that may drop claims"));
}

#[tokio::test]
async fn fault_23_a_full_server_refuses_claims_and_records_but_gives_claims_back() {
    let server = Server::start(&["--maxmemory", "16mb", "--maxmemory-policy", "noeviction"]).await;
    let store = server.store().await;
    let mine = delivery(1);
    assert!(owns(&store, &mine).await);
    let _: String = server.ask(&["CONFIG", "SET", "maxmemory", "1"]).await;
    let connections = async || server.stat("stats", "total_connections_received").await;
    let (begin, before) = (Instant::now(), connections().await);
    assert!(store.claim(&delivery(2), LEASE).await.is_err());
    let rejected = server.rejected("set").await;
    assert!(store.complete(&mine, RECORD, KEPT).await.is_err());
    assert_eq!(sure(|| store.release(&mine)).await, Fenced::Ok);
    // On a busy machine a call may take so long that it is repeated, and its connection given up.
    if begin.elapsed() < REPEATED {
        assert_eq!(rejected, 1, "what stays so is not asked again");
        // Each of these two numbers was asked for over a connection of its own.
        assert_eq!(connections().await - before, 2, "nor is the connection to blame");
    }
    let _: String = server.ask(&["CONFIG", "SET", "maxmemory", "16mb"]).await;
    assert!(owns(&store, &delivery(1)).await);
}

#[tokio::test]
async fn fault_24_scripts_that_the_server_has_forgotten_are_sent_again() {
    let server = Server::start(&[]).await;
    let store = server.store().await;
    for number in 1..4 {
        let mine = delivery(number);
        assert!(owns(&store, &mine).await);
        let _: String = server.ask(&["SCRIPT", "FLUSH"]).await;
        assert_eq!(records(&store, &mine).await, Fenced::Ok);
    }
}

#[tokio::test]
async fn fault_23_a_record_that_had_no_room_is_written_when_there_is_some() {
    let server = Server::start(&["--maxmemory", "16mb", "--maxmemory-policy", "noeviction"]).await;
    let store = server.store().await;
    let mine = delivery(1);
    assert!(owns(&store, &mine).await);
    let _: String = server.ask(&["CONFIG", "SET", "maxmemory", "1"]).await;
    assert!(store.complete(&mine, RECORD, KEPT).await.is_err());
    let _: String = server.ask(&["CONFIG", "SET", "maxmemory", "16mb"]).await;
    until_it_is(&store, &delivery(1), &Claim::Done { record: RECORD, same_fingerprint: true }).await;
}

#[tokio::test]
async fn fault_24_a_failover_that_is_asked_for_is_not_noticed() {
    let watched = Watched::start().await;
    let store = watched.store(RedisOptions::default()).await;
    let (done, pending) = (delivery(1), delivery(2));
    assert!(owns(&store, &done).await && owns(&store, &pending).await);
    assert_eq!(records(&store, &done).await, Fenced::Ok);
    watched.fail_over().await;
    assert_eq!(claims(&store, &delivery(1)).await, Claim::Done { record: RECORD, same_fingerprint: true });
    assert!(!owns(&store, &delivery(2)).await);
    assert_eq!(records(&store, &pending).await, Fenced::Ok);
}

#[tokio::test]
async fn fault_24_a_master_that_became_a_replica_is_left_for_the_one_behind_the_same_address() {
    let (one, other) = (Server::start(&[]).await, Server::start(&[]).await);
    let proxy = Proxy::start(one.port()).await;
    let store = RedisStore::connect(&proxy.url()).await.unwrap();
    let mine = delivery(1);
    assert!(owns(&store, &mine).await);
    proxy.lead_to(other.port());
    let _: String = one.ask(&["REPLICAOF", "127.0.0.1", &other.port().to_string()]).await;
    // The connection still leads to what only reads now; the answer is READONLY, and not seen here.
    assert_eq!(records(&store, &mine).await, Fenced::Ok);
    let there = claims(&other.store().await, &delivery(1)).await;
    assert_eq!(there, Claim::Done { record: RECORD, same_fingerprint: true });
}

#[tokio::test]
async fn fault_24_with_min_replicas_a_master_that_became_a_replica_is_left_as_well() {
    // A ping is the first that arrives.
    let quick = ["--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1"];
    let (one, other) = (Server::start(&quick).await, Server::start(&quick).await);
    let third = Server::start(&["--replicaof", "127.0.0.1", &one.port().to_string()]).await;
    let online = async |server: &Server| {
        until("the replica has all, and has said so", async || {
            let info: String = server.ask(&["INFO", "replication"]).await;
            let value = |name: &str| info.split([',', '\r', '\n']).find_map(|part| part.strip_prefix(name));
            info.contains("state=online")
                && value("offset=") == value("master_repl_offset:")
                && value("offset=") != Some("0")
        })
        .await;
    };
    online(&one).await;
    let proxy = Proxy::start(one.port()).await;
    let store = RedisOptions::default().min_replicas(1).connect(&proxy.url()).await.unwrap();
    // On each of its connections once.
    for number in 0..8 {
        assert!(owns(&store, &delivery(number)).await);
    }
    proxy.lead_to(other.port());
    let _: String = one.ask(&["REPLICAOF", "127.0.0.1", &other.port().to_string()]).await;
    online(&other).await;
    online(&one).await;
    assert_eq!(store.complete(&delivery(9), RECORD, KEPT).await.unwrap(), Fenced::Ok);
    let there = claims(&other.store().await, &delivery(9)).await;
    assert_eq!(there, Claim::Done { record: RECORD, same_fingerprint: true });
    drop(third);
}

#[tokio::test]
async fn fault_24_a_cluster_keeps_the_laws_of_a_store() {
    let cluster = Cluster::start().await;
    let store = cluster.store().await;
    store_suite::check_with_leases_of(Duration::from_millis(1800), &store, tokio::time::sleep).await;
    for number in 0..100 {
        assert!(owns(&store, &delivery(number)).await);
    }
    for server in &cluster.servers {
        let keys: u64 = server.ask(&["DBSIZE"]).await;
        assert!(keys > 0, "each server has its share");
    }
    assert!(RedisOptions::default().min_replicas(1).connect_cluster([cluster.servers[0].url()]).await.is_err());
}

#[tokio::test]
async fn fault_24_a_slot_that_moves_is_followed() {
    let cluster = Cluster::start().await;
    let store = cluster.store().await;
    let mine = delivery(1);
    assert!(owns(&store, &mine).await);
    let (key, from, to) = cluster.find_key().await;
    let moving = Move::begin(&key, from, to).await;
    // ASK
    assert!(!owns(&store, &delivery(1)).await);
    assert!(owns(&store, &mine).await);
    moving.end().await;
    // MOVED
    assert!(!owns(&store, &delivery(1)).await);
    assert_eq!(records(&store, &mine).await, Fenced::Ok);
    assert_eq!(
        cluster.store().await.claim(&delivery(1), LEASE).await.unwrap(),
        Claim::Done { record: RECORD, same_fingerprint: true }
    );
}
