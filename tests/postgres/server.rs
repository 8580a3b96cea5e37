//! A real PostgreSQL, on a port of its own, that ends with the test.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio_postgres::{Client, NoTls};
use tower_webhook::idempotency::PostgresStore;

/// A running server and its folder.
pub(crate) struct Server {
    child: Child,
    port: u16,
    folder: PathBuf,
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The newest that is installed: Debian keeps them out of the path.
fn program(name: &str) -> PathBuf {
    let mut found: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            Some((path.file_name()?.to_str()?.parse().ok()?, path.join("bin").join(name)))
        })
        .filter(|(_, path)| path.exists())
        .collect();
    found.sort();
    found.pop().map_or_else(|| PathBuf::from(name), |(_, path)| path)
}

/// PostgreSQL does not run as root: as `postgres` then, whom its package makes.
fn unprivileged(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    let id = |flag: &str, of: &[&str]| -> u32 {
        let out = Command::new("id").arg(flag).args(of).output().unwrap().stdout;
        String::from_utf8(out).unwrap().trim().parse().unwrap()
    };
    if id("-u", &[]) == 0 {
        let (user, group) = (id("-u", &["postgres"]), id("-g", &["postgres"]));
        std::os::unix::fs::chown(folder, Some(user), Some(group)).unwrap();
        command.uid(user).gid(group);
    }
    command.current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null()).stdin(Stdio::null());
    command
}

impl Server {
    pub(crate) async fn start() -> Self {
        static STARTED: AtomicUsize = AtomicUsize::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("tower-webhook-pg-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700)).unwrap();
        let made = unprivileged(&program("initdb"), &folder)
            .args(["--auth=trust", "--username=shop", "--no-sync", "--encoding=UTF8", "--locale=C", "-D", "data"])
            .stderr(Stdio::piped())
            .output()
            .expect("PostgreSQL is installed: `tests/run.sh` sees to it");
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let port = free_port();
        let mut server = Self { child: Self::spawn(&folder, port), port, folder };
        // A port that was free a moment ago may be taken by now.
        for _ in 0..5 {
            if server.is_ready().await {
                return server;
            }
            server.port = free_port();
            server.child = Self::spawn(&server.folder, server.port);
        }
        panic!("postgres ended");
    }

    fn spawn(folder: &Path, port: u16) -> Child {
        let mut command = unprivileged(&program("postgres"), folder);
        command.args(["-D", "data", "-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1"]);
        command.args(["-c", "unix_socket_directories=", "-c", "max_connections=200", "-c", "max_wal_size=128MB"]);
        command.spawn().unwrap()
    }

    pub(crate) fn url(&self) -> String {
        self.url_of("postgres")
    }

    pub(crate) fn url_of(&self, database: &str) -> String {
        format!("postgres://shop@127.0.0.1:{}/{database}", self.port)
    }

    pub(crate) async fn store(&self) -> PostgresStore {
        PostgresStore::connect(&self.url()).await.unwrap()
    }

    pub(crate) async fn client(&self) -> Client {
        self.try_client().await.unwrap()
    }

    async fn try_client(&self) -> Result<Client, tokio_postgres::Error> {
        let (client, connection) = tokio_postgres::connect(&self.url(), NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }

    /// kill -9 of the server and of all that belongs to it.
    pub(crate) fn kill(&mut self) {
        // Its backends see that it is gone, and end by themselves.
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) async fn restart(&mut self) {
        // What a crash leaves behind is no sign of a running server.
        let lock = self.folder.join("data/postmaster.pid");
        for _ in 0..200 {
            let _ = std::fs::remove_file(&lock);
            self.child = Self::spawn(&self.folder, self.port);
            tokio::time::sleep(Duration::from_millis(50)).await;
            if self.child.try_wait().unwrap().is_none() {
                break;
            }
        }
        assert!(self.is_ready().await, "postgres ended");
    }

    /// Waits for it; whether it is there and has not ended.
    async fn is_ready(&mut self) -> bool {
        for _ in 0..3000 {
            if self.child.try_wait().unwrap().is_some() {
                return false;
            }
            if self.try_client().await.is_ok() {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("postgres did not begin");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
