//! A cluster of three masters.

use tower_webhook::idempotency::{RedisOptions, RedisStore};

use super::sentinel::until;
use super::server::{CLUSTER_PORT, Server, free_port};

pub(crate) struct Cluster {
    pub(crate) servers: Vec<Server>,
}

/// The slots of the first, the second and the third.
const SLOTS: [(&str, &str); 3] = [("0", "5460"), ("5461", "10922"), ("10923", "16383")];

impl Cluster {
    pub(crate) async fn start() -> Self {
        let mut servers = Vec::new();
        for (from, to) in SLOTS {
            let bus = free_port().to_string();
            let options = ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000", CLUSTER_PORT, &bus];
            let server = Server::start(&options).await;
            let _: String = server.ask(&["CLUSTER", "ADDSLOTSRANGE", from, to]).await;
            let epoch = (servers.len() + 1).to_string();
            let _: String = server.ask(&["CLUSTER", "SET-CONFIG-EPOCH", &epoch]).await;
            servers.push(server);
        }
        let (first, others) = servers.split_first().unwrap();
        for other in others {
            let (port, bus) = (other.port().to_string(), other.cluster_port());
            let _: String = first.ask(&["CLUSTER", "MEET", "127.0.0.1", &port, bus]).await;
        }
        let cluster = Self { servers };
        for server in &cluster.servers {
            until("the cluster is whole", async || {
                let info: String = server.ask(&["CLUSTER", "INFO"]).await;
                info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:3")
            })
            .await;
        }
        cluster
    }

    pub(crate) async fn store(&self) -> RedisStore {
        RedisOptions::default().connect_cluster(self.servers.iter().map(Server::url)).await.unwrap()
    }

    /// The first key that is there, where it is, and a server where it is not.
    pub(crate) async fn find_key(&self) -> (String, &Server, &Server) {
        for (at, server) in self.servers.iter().enumerate() {
            let keys: Vec<String> = server.ask(&["KEYS", "*"]).await;
            if let Some(key) = keys.first() {
                return (key.clone(), server, &self.servers[(at + 1) % self.servers.len()]);
            }
        }
        panic!("there is no key");
    }
}

/// A slot on its way from one server to another.
pub(crate) struct Move<'c> {
    slot: String,
    from: &'c Server,
    to: &'c Server,
    ids: [String; 2],
}

impl<'c> Move<'c> {
    /// From now on, what is not (any more) in the slot is asked for at the other server.
    pub(crate) async fn begin(key: &str, from: &'c Server, to: &'c Server) -> Self {
        let slot: u64 = from.ask(&["CLUSTER", "KEYSLOT", key]).await;
        let ids: [String; 2] = [from.ask(&["CLUSTER", "MYID"]).await, to.ask(&["CLUSTER", "MYID"]).await];
        let slot = slot.to_string();
        let _: String = to.ask(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &ids[0]]).await;
        let _: String = from.ask(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &ids[1]]).await;
        let _: String = from.ask(&["MIGRATE", "127.0.0.1", &to.port().to_string(), key, "0", "1000"]).await;
        Self { slot, from, to, ids }
    }

    /// From now on the other server has the slot.
    pub(crate) async fn end(self) {
        for server in [self.to, self.from] {
            let _: String = server.ask(&["CLUSTER", "SETSLOT", &self.slot, "NODE", &self.ids[1]]).await;
        }
    }
}
