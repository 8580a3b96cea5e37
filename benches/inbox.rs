//! Durable acknowledgements a second, against what the disk and SQLite can do, in one run.
//!
//! `cargo bench --features sqlite,postgres --bench inbox`; `INBOX_BENCH_DIR` is where the files lie (default: the target
//! folder, since `/tmp` is often memory), `INBOX_BENCH_SECS` how long each measurement takes (default 2), and
//! `INBOX_BENCH_TURNS` how many there are of each, in turns (default 5): what is printed is the median. Without `postgres`
//! the rows of a database are left out; with it, a server is started, in `TMPDIR`.
//!
//! * `fdatasync`: 1 KiB appended to a file, one after another: the floor of one commit.
//! * `plain`: rusqlite with the same settings, one thread that writes what has arrived since in one transaction: one
//!   row of 1 KiB with a unique key, as random as a sender's id, and two rows beside, two indexes.
//! * `inbox`: the service behind the signature layer, two subscribers that take their time: from the signed request to the
//!   202. The requests are signed before the clock runs.
//! * `and working`: the same while both subscribers handle everything at once, so that twice an event and subscriber
//!   something more is written.
//! * `pg plain`, `pg inbox`: the same over PostgreSQL; plain is the transaction of the inbox, on its tables, by hand, over
//!   as many connections as the inbox has.
#![allow(
    clippy::indexing_slicing,
    missing_docs,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used
)]

use std::convert::Infallible;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use rusqlite::{Connection, params};
use sha2::{Digest, Sha256};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};
use tower::{Layer, ServiceExt, service_fn};
use tower_webhook::inbox::{Inbox, InboxOptions, Subscriber};
use tower_webhook::testing;
use tower_webhook::{Secret, SignatureLayer, VerifiedBody, WebhookLayer, provider};

#[cfg(feature = "postgres")]
#[path = "inbox/database.rs"]
mod database;
#[cfg(feature = "postgres")]
#[allow(dead_code, reason = "the tests use all of it")]
#[path = "../tests/postgres/server.rs"]
mod server;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const IN_FLIGHT: [usize; 4] = [1, 16, 64, 256];

fn main() {
    let number = |name: &str, default: u64| std::env::var(name).map_or(default, |text| text.parse().unwrap());
    let (time, turns) =
        (Duration::from_secs(number("INBOX_BENCH_SECS", 2)), number("INBOX_BENCH_TURNS", 5).max(1) as usize);
    let folder =
        std::env::var_os("INBOX_BENCH_DIR").map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")), PathBuf::from);
    let folder = folder.join(format!("inbox-bench-{}", std::process::id()));
    println!("{:<12}{:>10}{:>12}{:>12}{:>12}  of plain", "row", "in flight", "a second", "p50", "p99");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut floor = Row::new("fdatasync", 1);
    floor.measured(in_empty(&folder, |folder| fdatasync(folder, time)));
    floor.print(None);
    for in_flight in IN_FLIGHT {
        let [mut by_hand, mut waits, mut done] =
            ["plain", "inbox", "and working"].map(|name| Row::new(name, in_flight));
        for _ in 0..turns {
            by_hand.measured(in_empty(&folder, |folder| plain(&runtime, folder, in_flight, time)));
            for (row, work) in [(&mut waits, Work::Waits), (&mut done, Work::Done)] {
                let stored =
                    |folder: &Path| acknowledging(&runtime, Inbox::sqlite(folder.join("inbox")), work, in_flight, time);
                row.measured(in_empty(&folder, stored));
            }
        }
        by_hand.print(None);
        waits.print(Some(&by_hand));
        done.print(Some(&by_hand));
    }
    #[cfg(feature = "postgres")]
    database::rows(&runtime, time, turns);
}

/// With a folder of its own, so that each begins with new files.
fn in_empty<T>(folder: &Path, measure: impl FnOnce(&Path) -> T) -> T {
    std::fs::create_dir_all(folder).unwrap();
    let measured = measure(folder);
    std::fs::remove_dir_all(folder).unwrap();
    measured
}

/// How many calls a second, and how long each took.
struct Measured {
    rate: f64,
    times: Vec<Duration>,
}

/// What was measured in turns with others.
struct Row {
    name: &'static str,
    in_flight: usize,
    rates: Vec<f64>,
    times: Vec<Duration>,
}

impl Row {
    const fn new(name: &'static str, in_flight: usize) -> Self {
        Self { name, in_flight, rates: Vec::new(), times: Vec::new() }
    }

    fn measured(&mut self, turn: Measured) {
        self.rates.push(turn.rate);
        self.times.extend(turn.times);
    }

    /// Against what was measured just before in each turn.
    fn print(&mut self, plain: Option<&Self>) {
        self.times.sort_unstable();
        let at = |part: f64| self.times[(self.times.len() as f64 * part) as usize];
        let (_, rate, _) = spread(self.rates.clone());
        print!("{:<12}{:>10}{rate:>12.0}{:>12.2?}{:>12.2?}", self.name, self.in_flight, at(0.5), at(0.99));
        if let Some(plain) = plain {
            let parts = self.rates.iter().zip(&plain.rates).map(|(own, plain)| own / plain * 100.0).collect();
            let (least, median, most) = spread(parts);
            print!("{median:>6.0} % ({least:.0} to {most:.0})");
        }
        println!();
    }
}

/// The least, the median, the most.
fn spread(mut of: Vec<f64>) -> (f64, f64, f64) {
    of.sort_unstable_by(f64::total_cmp);
    (of[0], of[of.len() / 2], of[of.len() - 1])
}

fn fdatasync(folder: &Path, time: Duration) -> Measured {
    let mut file: File = OpenOptions::new().create(true).append(true).open(folder.join("raw")).unwrap();
    let (began, mut times) = (Instant::now(), Vec::new());
    while began.elapsed() < time {
        let one = Instant::now();
        file.write_all(&[7; 1024]).unwrap();
        file.sync_data().unwrap();
        times.push(one.elapsed());
    }
    Measured { rate: times.len() as f64 / began.elapsed().as_secs_f64(), times }
}

/// So many tasks, each with one call after another.
fn drive<F>(
    runtime: &Runtime,
    in_flight: usize,
    time: Duration,
    call: impl Fn(u64) -> F + Clone + Send + 'static,
) -> Measured
where
    F: Future<Output = ()> + Send + 'static,
{
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let began = Instant::now();
    let tasks: Vec<_> = (0..in_flight)
        .map(|_| {
            let call = call.clone();
            runtime.spawn(async move {
                let mut times = Vec::new();
                while began.elapsed() < time {
                    let one = Instant::now();
                    call(COUNT.fetch_add(1, Ordering::Relaxed)).await;
                    times.push(one.elapsed());
                }
                times
            })
        })
        .collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(runtime.block_on(task).unwrap());
    }
    Measured { rate: times.len() as f64 / began.elapsed().as_secs_f64(), times }
}

fn plain(runtime: &Runtime, folder: &Path, in_flight: usize, time: Duration) -> Measured {
    let connection = Connection::open(folder.join("plain")).unwrap();
    connection
        .execute_batch(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
             CREATE TABLE events (seq INTEGER PRIMARY KEY, key BLOB UNIQUE, body BLOB, at INTEGER);
             CREATE TABLE deliveries (subscriber TEXT, seq INTEGER, state INTEGER, due INTEGER, PRIMARY KEY (subscriber, seq)) WITHOUT ROWID;
             CREATE INDEX due ON deliveries (subscriber, state, due);",
        )
        .unwrap();
    let (jobs, mut arrived) = mpsc::channel::<(u64, oneshot::Sender<()>)>(4096);
    let writer = std::thread::spawn(move || {
        while let Some(first) = arrived.blocking_recv() {
            let (mut next, mut replies) = (Some(first), Vec::new());
            connection.execute_batch("BEGIN IMMEDIATE").unwrap();
            while let Some((n, reply)) = next {
                // As random as a sender's id: where it lands in its index decides how many pages a commit writes.
                let key = Sha256::digest(n.to_be_bytes());
                let mut insert =
                    connection.prepare_cached("INSERT INTO events (key, body, at) VALUES (?1, ?2, ?3)").unwrap();
                insert.execute(params![&key[..16], [7_u8; 1024].as_slice(), 1]).unwrap();
                let seq = connection.last_insert_rowid();
                let mut insert = connection.prepare_cached("INSERT INTO deliveries VALUES (?1, ?2, 0, 1)").unwrap();
                for subscriber in ["billing", "crm"] {
                    insert.execute(params![subscriber, seq]).unwrap();
                }
                replies.push(reply);
                next = if replies.len() < 512 { arrived.try_recv().ok() } else { None };
            }
            connection.execute_batch("COMMIT").unwrap();
            for reply in replies {
                let _ = reply.send(());
            }
        }
    });
    let measured = drive(runtime, in_flight, time, move |n| {
        let jobs = jobs.clone();
        async move {
            let (reply, replied) = oneshot::channel();
            jobs.send((n, reply)).await.unwrap();
            replied.await.unwrap();
        }
    });
    writer.join().unwrap();
    measured
}

/// What the handlers do meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    /// They finish at once, and the inbox writes that down, twice an event and subscriber.
    Done,
    /// They wait, so that all that is written is what is acknowledged.
    Waits,
}

fn acknowledging(runtime: &Runtime, inbox: InboxOptions, work: Work, in_flight: usize, time: Duration) -> Measured {
    let handler = service_fn(move |_: Request<VerifiedBody>| async move {
        if work == Work::Waits {
            std::future::pending::<()>().await;
        }
        Ok::<_, Infallible>(Response::new(()))
    });
    let inbox = inbox.subscriber(Subscriber::new("billing", handler)).subscriber(Subscriber::new("crm", handler));
    let inbox = runtime.block_on(inbox.open()).unwrap();
    let signature = SignatureLayer::new(provider::STANDARD_WEBHOOKS, Secret::new(SECRET).unwrap()).unwrap();
    let service = WebhookLayer::of(signature).layer(inbox.endpoint());
    let requests = Arc::new(Mutex::new(signed(in_flight, time)));
    let measured = drive(runtime, in_flight, time, move |_| {
        let request = requests.lock().unwrap().pop().expect("more requests than can be stored");
        let service = service.clone();
        async move {
            let response = service.oneshot(request).await.unwrap();
            assert_eq!(response.status(), 202);
        }
    });
    runtime.block_on(inbox.drain(Duration::ZERO)).unwrap();
    measured
}

/// Requests with ids of their own, made before the clock runs: signing is the sender's affair.
fn signed(in_flight: usize, time: Duration) -> Vec<Request<Full<Bytes>>> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let body = Bytes::from(format!(r#"{{"type":"load","x":"{}"}}"#, "y".repeat(1000)));
    let most_a_second = if in_flight == 1 { 8_000 } else { 80_000 };
    (0..most_a_second * time.as_secs())
        .map(|_| {
            let id = format!("msg_{}", COUNT.fetch_add(1, Ordering::Relaxed));
            testing::delivery(provider::STANDARD_WEBHOOKS, SECRET).id(&id).json(body.clone()).to_request()
        })
        .collect()
}
