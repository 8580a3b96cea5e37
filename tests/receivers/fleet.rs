//! Receivers, each a process of its own, that are killed and started again.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

/// One process: which it was, counted from 0 over all of them.
pub(crate) type Incarnation = usize;

struct Receiver {
    incarnation: Incarnation,
    child: Child,
    /// `http://127.0.0.1:port`, another for each incarnation.
    url: String,
}

pub(crate) struct Fleet {
    folder: PathBuf,
    redis: String,
    handler: Duration,
    lease: Duration,
    receivers: Mutex<Vec<Receiver>>,
    killed: Mutex<BTreeMap<Incarnation, Instant>>,
    started: Mutex<Incarnation>,
}

/// Builds the example with what these tests were built with, so that none is run that is older than its source.
pub(crate) fn example() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let own = std::env::current_exe().unwrap();
        let folder = own.parent().unwrap().parent().unwrap();
        let profile = match folder.file_name().unwrap().to_str().unwrap() {
            "debug" => "dev",
            other => other,
        };
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--all-features", "--example", "redis_idempotency", "--profile", profile]);
        assert!(cargo.current_dir(env!("CARGO_MANIFEST_DIR")).status().unwrap().success());
        folder.join("examples/redis_idempotency")
    })
}

/// What a receiver says first, which is where it serves.
pub(crate) async fn first_line(stdout: ChildStdout) -> String {
    let read = move || {
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        line
    };
    tokio::task::spawn_blocking(read).await.unwrap()
}

impl Fleet {
    pub(crate) async fn start(receivers: usize, redis: &str, handler: Duration, lease: Duration) -> Self {
        let folder = std::env::temp_dir().join(format!("tower-webhook-receivers-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let fleet = Self {
            folder,
            redis: redis.to_owned(),
            handler,
            lease,
            receivers: Mutex::default(),
            killed: Mutex::default(),
            started: Mutex::default(),
        };
        for _ in 0..receivers {
            let receiver = fleet.spawn().await;
            fleet.receivers.lock().unwrap().push(receiver);
        }
        fleet
    }

    /// Each process has a log of its own, so that it can be told who ran what.
    fn log(&self, incarnation: Incarnation) -> PathBuf {
        self.folder.join(format!("{incarnation}.log"))
    }

    /// Starts one, and waits until it says where it is.
    async fn spawn(&self) -> Receiver {
        let incarnation = {
            let mut started = self.started.lock().unwrap();
            *started += 1;
            *started - 1
        };
        let mut command = Command::new(example());
        command
            .env("PORT", "0")
            .env("REDIS_URL", &self.redis)
            .env("EVENTS_LOG", self.log(incarnation))
            .env("HANDLER_MS", self.handler.as_millis().to_string())
            .env("LEASE_MS", self.lease.as_millis().to_string())
            .env_remove("STANDARD_WEBHOOK_SECRET")
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let said = first_line(child.stdout.take().unwrap()).await;
        let url = said.split_whitespace().nth(2).expect("it says where it serves").trim_end_matches('.').to_owned();
        Receiver { incarnation, child, url }
    }

    /// kill -9, and another in its place.
    pub(crate) async fn kill_and_restart(&self, place: usize) {
        {
            let mut receivers = self.receivers.lock().unwrap();
            let receiver = &mut receivers[place];
            self.killed.lock().unwrap().insert(receiver.incarnation, Instant::now());
            receiver.child.kill().unwrap();
            receiver.child.wait().unwrap();
        }
        let receiver = self.spawn().await;
        self.receivers.lock().unwrap()[place] = receiver;
    }

    /// Who is in this place now, and where.
    pub(crate) fn at(&self, place: usize) -> (Incarnation, String) {
        let receivers = self.receivers.lock().unwrap();
        let receiver = &receivers[place % receivers.len()];
        (receiver.incarnation, receiver.url.clone())
    }

    pub(crate) fn killed(&self) -> BTreeMap<Incarnation, Instant> {
        self.killed.lock().unwrap().clone()
    }

    /// Who ran each delivery to its end, as often as it did.
    pub(crate) fn runs(&self) -> BTreeMap<String, Vec<Incarnation>> {
        let mut runs: BTreeMap<String, Vec<Incarnation>> = BTreeMap::new();
        for incarnation in 0..*self.started.lock().unwrap() {
            for line in std::fs::read_to_string(self.log(incarnation)).unwrap_or_default().lines() {
                let id = line.strip_prefix("main ").expect("whole lines only");
                runs.entry(id.to_owned()).or_default().push(incarnation);
            }
        }
        runs
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        for receiver in self.receivers.lock().unwrap().iter_mut() {
            let _ = receiver.child.kill();
            let _ = receiver.child.wait();
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
