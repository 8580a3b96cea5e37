//! What is looked at when a store starts, and what its user needs.

use std::time::Duration;

use tower_webhook::ConfigErrorKind;
use tower_webhook::idempotency::{RedisOptions, RedisStore, Store, Survives};
use tower_webhook::testing::store_suite;

use super::cluster::Cluster;
use super::sentinel::{MASTER, Watched, until};
use super::server::Server;
use super::{LEASE, delivery, owns};

/// The commands that the documentation of the store names for every server.
const COMMANDS: &str = "+set +get +del +pexpire +pttl +eval +evalsha +info";

/// A user with these commands and the keys of the store, and nothing else.
async fn add_user(server: &Server, commands: &str) {
    let rules = format!("ACL SETUSER hooks on >right ~whk:* -@all {COMMANDS} {commands}");
    let _: String = server.ask(&rules.split_whitespace().collect::<Vec<_>>()).await;
}

fn as_user(server: &Server) -> String {
    server.url().replace("redis://", "redis://hooks:right@")
}

async fn keeps_the_laws(store: &RedisStore) {
    store_suite::check_with_leases_of(Duration::from_millis(1800), store, tokio::time::sleep).await;
}

#[tokio::test]
async fn a_user_with_the_commands_of_the_documentation_suffices_and_one_with_fewer_is_told() {
    let server = Server::start(&[]).await;
    add_user(&server, "").await;
    let store = RedisStore::connect(&as_user(&server)).await.unwrap();
    keeps_the_laws(&store).await;

    let error = RedisStore::connect(&as_user(&server).replace("right", "wrong")).await.unwrap_err();
    assert!(error.kind() == ConfigErrorKind::Store && !error.to_string().contains("wrong"), "{error}");
    let _: String = server.ask(&["ACL", "SETUSER", "hooks", "-set"]).await;
    let error = store.claim(&delivery(1), LEASE).await.unwrap_err();
    assert_eq!(error.code(), Some("NOPERM"), "{error}");
}

#[tokio::test]
async fn a_user_of_a_database_with_a_number_needs_to_select_it() {
    let server = Server::start(&[]).await;
    add_user(&server, "").await;
    let url = format!("{}3", as_user(&server));
    let error = RedisStore::connect(&url).await.unwrap_err();
    assert_eq!(error.kind(), ConfigErrorKind::Store, "{error}");
    add_user(&server, "+select").await;
    assert!(owns(&RedisStore::connect(&url).await.unwrap(), &delivery(1)).await);
}

#[tokio::test]
async fn a_user_of_a_cluster_needs_to_ping_and_to_ask_for_its_slots() {
    let cluster = Cluster::start().await;
    for server in &cluster.servers {
        add_user(server, "+cluster|slots +ping").await;
    }
    let urls = cluster.servers.iter().map(as_user);
    keeps_the_laws(&RedisOptions::default().connect_cluster(urls).await.unwrap()).await;
}

#[tokio::test]
async fn a_user_with_sentinels_and_replicas_needs_to_ask_for_its_role_and_to_wait() {
    let watched = Watched::start().await;
    for server in [&watched.master, &watched.replica] {
        add_user(server, "+role +wait").await;
    }
    let options = RedisOptions::default().login("hooks", tower_webhook::Secret::short("right").unwrap());
    let store = options.min_replicas(1).connect_sentinel([watched.url()], MASTER).await.unwrap();
    keeps_the_laws(&store).await;
}

#[tokio::test]
async fn a_replica_is_told_from_its_master_and_may_be_tried_again() {
    let master = Server::start(&[]).await;
    let replica = Server::start(&["--replicaof", "127.0.0.1", &master.port().to_string()]).await;
    until("the replica follows", async || {
        replica.ask::<String>(&["INFO", "replication"]).await.contains("master_link_status:up")
    })
    .await;
    let error = RedisStore::connect(&replica.url()).await.unwrap_err();
    assert!(error.kind() == ConfigErrorKind::StoreUnreachable && error.to_string().contains("replica"), "{error}");
    let _: String = replica.ask(&["REPLICAOF", "NO", "ONE"]).await;
    assert!(owns(&RedisStore::connect(&replica.url()).await.unwrap(), &delivery(1)).await);
}

#[tokio::test]
async fn each_server_of_a_cluster_is_looked_at() {
    let cluster = Cluster::start().await;
    for server in &cluster.servers {
        let _: String = server.ask(&["CONFIG", "SET", "maxmemory", "64mb", "maxmemory-policy", "allkeys-lru"]).await;
        let connect = |options: RedisOptions| options.connect_cluster(cluster.servers.iter().map(Server::url));
        let error = connect(RedisOptions::default()).await.unwrap_err();
        assert!(error.to_string().contains("allkeys-lru"), "{error}");
        let store = connect(RedisOptions::default().may_evict()).await.unwrap();
        assert!(store.guarantees().evicts && store.guarantees().survives == Survives::Host);
        assert_eq!(store.warnings().len(), 1, "{:?}", store.warnings());
        let _: String = server.ask(&["CONFIG", "SET", "maxmemory-policy", "noeviction", "appendonly", "no"]).await;
        let store = connect(RedisOptions::default()).await.unwrap();
        assert!(!store.guarantees().evicts && store.guarantees().survives == Survives::Process);
        let _: String = server.ask(&["CONFIG", "SET", "appendonly", "yes"]).await;
    }
}
