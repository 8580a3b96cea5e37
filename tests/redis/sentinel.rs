//! A master, its replica and a sentinel that watches them.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::net::TcpListener;
use tower_webhook::idempotency::{RedisOptions, RedisStore};

use super::server::{Server, folder, free_port};

pub(crate) const MASTER: &str = "webhooks";

pub(crate) struct Watched {
    pub(crate) master: Server,
    pub(crate) replica: Server,
    sentinel: Child,
    port: u16,
    folder: PathBuf,
}

/// Tries until it is so.
pub(crate) async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    for _ in 0..3000 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never: {what}");
}

impl Watched {
    pub(crate) async fn start() -> Self {
        let master = Server::start(&["--repl-diskless-sync-delay", "0"]).await;
        let replica = Server::start(&["--replicaof", "127.0.0.1", &master.port().to_string()]).await;
        until("the replica follows", async || {
            master.ask::<String>(&["INFO", "replication"]).await.contains("state=online")
        })
        .await;
        let (port, folder) = (free_port(), folder());
        let file = folder.join("sentinel.conf");
        let text = format!(
            "port {port}\nbind 127.0.0.1\ndir {}\nsentinel monitor {MASTER} 127.0.0.1 {} 1\n\
             sentinel down-after-milliseconds {MASTER} 4000\nsentinel failover-timeout {MASTER} 3000\n",
            folder.display(),
            master.port()
        );
        std::fs::write(&file, text).unwrap();
        let mut command = Command::new("redis-server");
        command.arg(&file).arg("--sentinel").stdout(Stdio::null()).stderr(Stdio::null());
        let sentinel = command.spawn().expect("redis-server is installed: `tests/run.sh` sees to it");
        let watched = Self { master, replica, sentinel, port, folder };
        until("the sentinel knows the replica", async || {
            watched
                .ask(&["SENTINEL", "REPLICAS", MASTER])
                .await
                .is_ok_and(|replicas| format!("{replicas:?}").contains("slave"))
        })
        .await;
        watched
    }

    async fn ask(&self, command: &[&str]) -> redis::RedisResult<redis::Value> {
        let client = redis::Client::open(self.url())?;
        let mut connection = client.get_multiplexed_async_connection().await?;
        redis::cmd(command[0]).arg(&command[1..]).query_async(&mut connection).await
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    pub(crate) async fn store(&self, options: RedisOptions) -> RedisStore {
        options.connect_sentinel([self.url()], MASTER).await.unwrap()
    }

    /// Waits until the replica has all that was written so far. `WAIT` is about what its own connection wrote before.
    pub(crate) async fn until_replicated(&self) {
        let client = redis::Client::open(self.master.url()).unwrap();
        until("the replica has it", async || {
            let Ok(mut connection) = client.get_multiplexed_async_connection().await else { return false };
            let mut both = redis::pipe();
            both.cmd("SET").arg("mark").arg(1).ignore().cmd("WAIT").arg(1).arg(200);
            both.query_async::<(u64,)>(&mut connection).await.is_ok_and(|(replicas,)| replicas == 1)
        })
        .await;
    }

    /// Lets nothing more reach the replica.
    pub(crate) async fn cut(&self) {
        let _: String = self.master.ask(&["ACL", "SETUSER", "default", "-psync", "-sync"]).await;
        let _: u64 = self.master.ask(&["CLIENT", "KILL", "TYPE", "replica"]).await;
    }

    /// Waits until the replica is the master, and the sentinel says so.
    pub(crate) async fn until_failed_over(&self) {
        let port = self.replica.port().to_string();
        until("the replica takes over", async || {
            let known = self.ask(&["SENTINEL", "MASTER", MASTER]).await;
            known.is_ok_and(|known| format!("{known:?}").contains(&port))
                && self.replica.ask::<String>(&["INFO", "replication"]).await.contains("role:master")
        })
        .await;
    }

    pub(crate) async fn fail_over(&self) {
        until("the failover begins", async || self.ask(&["SENTINEL", "FAILOVER", MASTER]).await.is_ok()).await;
        self.until_failed_over().await;
    }
}

/// Somebody who takes connections, and says nothing.
pub(crate) struct Silent {
    most: Arc<AtomicUsize>,
}

impl Silent {
    /// With its URL.
    pub(crate) async fn start() -> (Self, String) {
        let (open, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let silent = Self { most: Arc::clone(&most) };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("redis://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((mut caller, _)) = listener.accept().await {
                most.fetch_max(open.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
                let open = Arc::clone(&open);
                tokio::spawn(async move {
                    let _ = tokio::io::copy(&mut caller, &mut tokio::io::sink()).await;
                    open.fetch_sub(1, Ordering::Relaxed);
                });
            }
        });
        (silent, url)
    }

    /// How many connections were open at the same time.
    pub(crate) fn most_at_once(&self) -> usize {
        self.most.load(Ordering::Relaxed)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let _ = self.sentinel.kill();
        let _ = self.sentinel.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
