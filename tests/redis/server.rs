//! A real redis-server, on a port of its own, that ends with the test.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tower_webhook::idempotency::RedisStore;

/// A running server and its folder.
pub(crate) struct Server {
    child: Child,
    port: u16,
    folder: PathBuf,
    options: Vec<String>,
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A folder of its own: one that an earlier process left behind is emptied.
pub(crate) fn folder() -> PathBuf {
    static MADE: AtomicUsize = AtomicUsize::new(0);
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("tower-webhook-redis-{}-{number}", std::process::id()));
    drop(std::fs::remove_dir_all(&folder));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// The option that names the other port of a server in a cluster.
pub(crate) const CLUSTER_PORT: &str = "--cluster-port";

fn spawn(port: u16, folder: &PathBuf, options: &[String]) -> Child {
    let mut command = Command::new("redis-server");
    command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""]).arg("--dir").arg(folder);
    command.args(options).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("redis-server is installed: `tests/run.sh` sees to it")
}

impl Server {
    /// A server with the settings that the documentation asks for, then with `options`.
    pub(crate) async fn start(options: &[&str]) -> Self {
        let folder = folder();
        let mut all: Vec<String> = ["--appendonly", "yes", "--appendfsync", "always"].map(String::from).to_vec();
        all.extend(options.iter().map(|option| String::from(*option)));
        let port = free_port();
        let mut server = Self { child: spawn(port, &folder, &all), port, folder, options: all };
        // A port that was free a moment ago may be taken by now.
        for _ in 0..5 {
            if server.is_ready().await {
                return server;
            }
            server.port = free_port();
            if let Some(at) = server.options.iter().position(|option| option == CLUSTER_PORT) {
                server.options[at + 1] = free_port().to_string();
            }
            server.child = spawn(server.port, &server.folder, &server.options);
        }
        panic!("redis-server ended: {:?}", server.options);
    }

    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// Where it talks to the other servers of its cluster.
    pub(crate) fn cluster_port(&self) -> &str {
        let at = self.options.iter().position(|option| option == CLUSTER_PORT).expect("a server of a cluster");
        &self.options[at + 1]
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    pub(crate) async fn store(&self) -> RedisStore {
        RedisStore::connect(&self.url()).await.unwrap()
    }

    /// Sends a command as somebody else would.
    pub(crate) async fn ask<T: redis::FromRedisValue>(&self, command: &[&str]) -> T {
        let client = redis::Client::open(self.url()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let mut cmd = redis::cmd(command[0]);
        for arg in &command[1..] {
            cmd.arg(*arg);
        }
        cmd.query_async(&mut connection).await.unwrap()
    }

    /// How often a command was called, by whomever.
    pub(crate) async fn calls(&self, command: &str) -> u64 {
        self.count(command, "calls").await
    }

    /// How often it was called in vain, as the server was full.
    pub(crate) async fn rejected(&self, command: &str) -> u64 {
        self.count(command, "rejected_calls").await
    }

    async fn count(&self, command: &str, what: &str) -> u64 {
        let stats: String = self.ask(&["INFO", "commandstats"]).await;
        let line = stats.lines().find_map(|line| line.strip_prefix(&format!("cmdstat_{command}:")));
        let count =
            |line: &str| line.split(',').find_map(|field| field.strip_prefix(what)?.strip_prefix('=')?.parse().ok());
        line.and_then(count).unwrap_or_default()
    }

    /// A number that it tells of itself, such as how often it has read from its connections.
    pub(crate) async fn stat(&self, section: &str, name: &str) -> u64 {
        let stats: String = self.ask(&["INFO", section]).await;
        stats.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap().parse().unwrap()
    }

    /// kill -9, and the same server again.
    pub(crate) async fn crash_and_restart(&mut self) {
        self.kill();
        self.restart().await;
    }

    /// The same server again, after [`kill`](Self::kill).
    pub(crate) async fn restart(&mut self) {
        self.child = spawn(self.port, &self.folder, &self.options);
        assert!(self.is_ready().await, "redis-server ended: {:?}", self.options);
    }

    /// Lets it stand still (`-STOP`) or go on (`-CONT`).
    pub(crate) fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for it; whether it is there and has not ended.
    async fn is_ready(&mut self) -> bool {
        let client = redis::Client::open(self.url()).unwrap();
        for _ in 0..2000 {
            if self.child.try_wait().unwrap().is_some() {
                return false;
            }
            let answer = match client.get_multiplexed_async_connection().await {
                Ok(mut connection) => redis::cmd("PING").query_async::<String>(&mut connection).await,
                Err(error) => Err(error),
            };
            // One that asks for a password is there.
            if answer.map_or_else(|error| error.code() == Some("NOAUTH"), |_| true) {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("redis-server did not begin");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
