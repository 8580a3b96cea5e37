//! Durable acknowledgements a second, against what the disk and SQLite can do, in one run.
//!
//! `cargo bench --features sqlite,postgres --bench inbox`; `INBOX_BENCH_DIR` is where the files lie (default: the target
//! folder, since `/tmp` is often memory), `INBOX_BENCH_SECS` how long each row takes (default 3). Without `postgres` the
//! rows of a database are left out; with it, a server is started, in `TMPDIR`.
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
    let seconds: u64 = std::env::var("INBOX_BENCH_SECS").map_or(3, |text| text.parse().unwrap());
    let time = Duration::from_secs(seconds);
    let folder =
        std::env::var_os("INBOX_BENCH_DIR").map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")), PathBuf::from);
    let folder = folder.join(format!("inbox-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    println!("{:<12}{:>10}{:>14}{:>12}{:>12}", "row", "in flight", "a second", "p50", "p99");
    fdatasync(&folder, time);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    for in_flight in IN_FLIGHT {
        let plain = plain(&runtime, &folder, in_flight, time);
        for (name, work) in [("inbox", Work::Waits), ("and working", Work::Done)] {
            let rate = inbox(&runtime, &folder, name, work, in_flight, time);
            println!("{:<12}{in_flight:>10}{:>13.0}%", "  of plain", rate / plain * 100.0);
        }
    }
    #[cfg(feature = "postgres")]
    database::rows(&runtime, time);
    std::fs::remove_dir_all(folder).unwrap();
}

fn row(name: &str, in_flight: usize, took: Duration, mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    let at = |part: f64| times[(times.len() as f64 * part) as usize];
    let rate = times.len() as f64 / took.as_secs_f64();
    println!("{name:<12}{in_flight:>10}{rate:>14.0}{:>12.2?}{:>12.2?}", at(0.5), at(0.99));
    rate
}

fn fdatasync(folder: &Path, time: Duration) {
    let mut file: File = OpenOptions::new().create(true).append(true).open(folder.join("raw")).unwrap();
    let (began, mut times) = (Instant::now(), Vec::new());
    while began.elapsed() < time {
        let one = Instant::now();
        file.write_all(&[7; 1024]).unwrap();
        file.sync_data().unwrap();
        times.push(one.elapsed());
    }
    row("fdatasync", 1, began.elapsed(), times);
}

/// So many tasks, each with one call after another.
fn drive<F>(
    runtime: &Runtime,
    name: &str,
    in_flight: usize,
    time: Duration,
    call: impl Fn(u64) -> F + Clone + Send + 'static,
) -> f64
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
    row(name, in_flight, began.elapsed(), times)
}

fn plain(runtime: &Runtime, folder: &Path, in_flight: usize, time: Duration) -> f64 {
    let connection = Connection::open(folder.join(format!("plain-{in_flight}"))).unwrap();
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
    let rate = drive(runtime, "plain", in_flight, time, move |n| {
        let jobs = jobs.clone();
        async move {
            let (reply, replied) = oneshot::channel();
            jobs.send((n, reply)).await.unwrap();
            replied.await.unwrap();
        }
    });
    writer.join().unwrap();
    rate
}

fn inbox(runtime: &Runtime, folder: &Path, name: &str, work: Work, in_flight: usize, time: Duration) -> f64 {
    acknowledging(runtime, name, Inbox::sqlite(folder.join(format!("{name}-{in_flight}"))), work, in_flight, time)
}

/// What the handlers do meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    /// They finish at once, and the inbox writes that down, twice an event and subscriber.
    Done,
    /// They wait, so that all that is written is what is acknowledged.
    Waits,
}

fn acknowledging(
    runtime: &Runtime,
    name: &str,
    inbox: InboxOptions,
    work: Work,
    in_flight: usize,
    time: Duration,
) -> f64 {
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
    let rate = drive(runtime, name, in_flight, time, move |_| {
        let request = requests.lock().unwrap().pop().expect("more requests than can be stored");
        let service = service.clone();
        async move {
            let response = service.oneshot(request).await.unwrap();
            assert_eq!(response.status(), 202);
        }
    });
    runtime.block_on(inbox.drain(Duration::ZERO)).unwrap();
    rate
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
