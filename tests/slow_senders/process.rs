//! The reference receiver as a process, and its memory.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

pub(crate) struct Receiver {
    child: Child,
    pub(crate) address: SocketAddr,
}

/// The example, built as it stands now and as these tests are.
fn example() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let own = std::env::current_exe().unwrap();
        let folder = own.parent().unwrap().parent().unwrap();
        let profile = match folder.file_name().unwrap().to_str().unwrap() {
            "debug" => "dev",
            other => other,
        };
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--example", "reference_receiver", "--profile", profile]);
        if cfg!(feature = "full") {
            cargo.arg("--all-features");
        }
        assert!(cargo.current_dir(env!("CARGO_MANIFEST_DIR")).status().unwrap().success());
        folder.join("examples/reference_receiver")
    })
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let (mut child, line) = tokio::task::spawn_blocking(|| {
            let mut child = Command::new(example()).env("PORT", "0").stdout(Stdio::piped()).spawn().unwrap();
            let mut line = String::new();
            BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
            (child, line)
        })
        .await
        .unwrap();
        let address = line.split("http://").nth(1).and_then(|rest| rest.split(". ").next()).map(str::parse);
        let Some(Ok(address)) = address else {
            let _ = child.kill();
            panic!("where does it serve? {line:?}");
        };
        Self { child, address }
    }

    /// Bytes of memory that stand behind its pages.
    pub(crate) fn resident(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
    }

    pub(crate) fn open_files(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap().count()
    }

    /// The same once there are no more than that, or after a while.
    pub(crate) async fn open_files_after_rest(&self, wanted: usize) -> usize {
        let began = Instant::now();
        while self.open_files() > wanted && began.elapsed() < Duration::from_secs(15) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        self.open_files()
    }

    /// The memory once it is below that, or after a while.
    pub(crate) async fn resident_after_rest(&self, wanted: usize) -> usize {
        let began = Instant::now();
        while self.resident() > wanted && began.elapsed() < Duration::from_secs(15) {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        self.resident()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The most memory that it had, looked at ten times a second.
pub(crate) async fn peak(receiver: Arc<Receiver>, over: Arc<AtomicBool>) -> usize {
    let mut peak = 0;
    while !over.load(Ordering::Relaxed) {
        peak = peak.max(receiver.resident());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    peak
}
