//! What the stores cost: a claim and its completion in memory, and claims in Redis against the bare command that they
//! send, by the same client, in the same run.
//!
//! ```text
//! cargo bench --all-features --bench stores
//! ```
//!
//! Starts a `redis-server` of its own, without its file (what the disk costs is not ours); says so where there is none.
//! Each number of calls at once has several turns, in which each row has its turn on an empty server: of each row the
//! turn with the median rate is shown. The last column is the time that the cores spent in this process, a call.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::print_stdout, clippy::unwrap_used)]

#[allow(dead_code, reason = "the tests use the rest of it")]
#[path = "../tests/redis/server.rs"]
mod server;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use redis::aio::MultiplexedConnection;
use sha2::{Digest, Sha256};
use tokio::task::JoinSet;
use tower_webhook::idempotency::{Claim, Claimed, Fenced, Key, MemoryStore, RedisStore, Store};

use self::server::Server;

const LEASE: Duration = Duration::from_secs(30);
const KEPT: Duration = Duration::from_secs(3600);
const RECORD: Bytes = Bytes::from_static(&[0; 32]);
const AT_ONCE: [usize; 4] = [1, 16, 64, 256];
/// How many commands a pipeline of the limit has.
const PIPELINE: u64 = 64;

/// A key for each number, spread as real ones are.
fn key(number: u64) -> [u8; 32] {
    Sha256::digest(number.to_be_bytes()).into()
}

fn claimed(number: u64) -> Claimed {
    Claimed::new(Key::from_bytes(key(number)))
}

/// What calls took: each of them in order of their length, all of them, and the cores in all of them.
struct Times {
    each: Vec<Duration>,
    all: Duration,
    cores: Duration,
}

impl Times {
    fn rate(&self) -> f64 {
        self.each.len() as f64 / self.all.as_secs_f64()
    }

    fn row(&self, name: &str, at_once: usize) {
        let at = |part: f64| self.each[((self.each.len() - 1) as f64 * part) as usize].as_secs_f64() * 1e6;
        let cores = self.cores.as_secs_f64() * 1e6 / self.each.len() as f64;
        let rate = self.rate();
        println!("{name:<34} {at_once:>7}  {rate:>9.0}/s  {:>8.1} µs  {:>8.1} µs  {cores:>8.2} µs", at(0.5), at(0.99));
    }
}

/// The time that the cores have spent in this process, where the system tells.
fn cores() -> Duration {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let spent = threads.filter_map(|thread| {
        let text = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(spent.sum())
}

/// Calls `each` with the numbers from `first` on, so many at once.
async fn drive<F: Future<Output = ()> + Send>(
    at_once: usize,
    first: u64,
    count: u64,
    each: impl Fn(u64) -> F + Clone + Send + 'static,
) -> Times {
    let (before, begin, mut tasks) = (cores(), Instant::now(), JoinSet::new());
    for task in 0..at_once as u64 {
        let each = each.clone();
        tasks.spawn(async move {
            let mut times = Vec::new();
            for number in (task..count).step_by(at_once) {
                let begin = Instant::now();
                each(first + number).await;
                times.push(begin.elapsed());
            }
            times
        });
    }
    let mut each = tasks.join_all().await.concat();
    let (all, cores) = (begin.elapsed(), cores().saturating_sub(before));
    each.sort_unstable();
    Times { each, all, cores }
}

async fn claim(store: RedisStore, number: u64) {
    let claim = store.claim(&claimed(number), LEASE).await.unwrap();
    assert!(matches!(claim, Claim::Owned { .. }), "{claim:?}");
}

async fn run_once(store: RedisStore, number: u64) {
    let claimed = claimed(number);
    assert!(matches!(store.claim(&claimed, LEASE).await.unwrap(), Claim::Owned { .. }));
    assert_eq!(store.complete(&claimed, RECORD, KEPT).await.unwrap(), Fenced::Ok);
}

/// The same command with a key and a value of the same size.
fn bare(number: u64) -> redis::Cmd {
    let mut set = redis::cmd("SET");
    set.arg(format!("whk:1:{number:043}")).arg(&[0_u8; 35][..]).arg("NX").arg("GET").arg("PX").arg(30_000);
    set
}

async fn set(mut connection: MultiplexedConnection, number: u64) {
    let found: Option<Bytes> = bare(number).query_async(&mut connection).await.unwrap();
    assert_eq!(found, None);
}

async fn set_together(mut connection: MultiplexedConnection, number: u64) {
    let mut pipeline = redis::pipe();
    for number in number * PIPELINE..(number + 1) * PIPELINE {
        pipeline.add_command(bare(number));
    }
    let found: Vec<Option<Bytes>> = pipeline.query_async(&mut connection).await.unwrap();
    assert!(found.iter().all(Option::is_none));
}

async fn in_memory(count: u64) {
    let store = MemoryStore::new();
    let each = move |number| {
        let store = store.clone();
        async move {
            let claimed = claimed(number);
            assert!(matches!(store.claim(&claimed, LEASE).await.unwrap(), Claim::Owned { .. }));
            assert_eq!(store.complete(&claimed, RECORD, KEPT).await.unwrap(), Fenced::Ok);
        }
    };
    drive(1, 0, count, each).await.row("memory: claim and complete", 1);
}

/// On an empty server: one that grows has a table to move now and then.
async fn turn<F: Future<Output = ()> + Send>(
    server: &Server,
    at_once: usize,
    count: u64,
    each: impl Fn(u64) -> F + Clone + Send + 'static,
) -> Times {
    let _: String = server.ask(&["FLUSHALL", "SYNC"]).await;
    drive(at_once, 0, count, each).await
}

/// The rate of the row that is shown.
fn show(name: &str, at_once: usize, mut turns: Vec<Times>) -> f64 {
    turns.sort_by(|one, other| one.rate().total_cmp(&other.rate()));
    let middle = &turns[turns.len() / 2];
    middle.row(name, at_once);
    middle.rate()
}

async fn in_redis(count: u64, turns: usize) {
    let server = Server::start(&["--appendonly", "no"]).await;
    let store = server.store().await;
    let client = redis::Client::open(server.url()).unwrap();
    let connection = client.get_multiplexed_async_connection().await.unwrap();
    for at_once in AT_ONCE {
        // One at a time takes longer.
        let count = count.min(2_000 * at_once as u64);
        let (mut bare, mut claims, mut runs, mut ratios) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for _ in 0..turns {
            let (raw, ours) = (connection.clone(), store.clone());
            let alone = turn(&server, at_once, count, move |number| set(raw.clone(), number)).await;
            let claiming = turn(&server, at_once, count, move |number| claim(ours.clone(), number)).await;
            let ours = store.clone();
            runs.push(turn(&server, at_once, count, move |number| run_once(ours.clone(), number)).await);
            ratios.push(claiming.rate() / alone.rate());
            bare.push(alone);
            claims.push(claiming);
        }
        show("Redis: bare SET NX GET PX", at_once, bare);
        show("Redis: claim", at_once, claims);
        show("Redis: claim and complete", at_once, runs);
        ratios.sort_by(f64::total_cmp);
        let (least, median, most) = (ratios[0], ratios[turns / 2], ratios[turns - 1]);
        println!(
            "{:<34} {at_once:>7}  {median:.2} ({least:.2} to {most:.2}) of the bare command's rate",
            "Redis: claim"
        );
    }
    let mut limit = Vec::new();
    for _ in 0..turns {
        let raw = connection.clone();
        limit.push(turn(&server, 1, count / PIPELINE, move |number| set_together(raw.clone(), number)).await);
    }
    let rate = show("Redis: one pipeline of 64 bare", 1, limit);
    println!("{:<34} {:>7}  {:>9.0}/s", "Redis: … each command of it", 1, rate * PIPELINE as f64);
    round_trips(&server, &store, count / 10).await;
}

/// Counted by the server: each call of ours is one `SET` or one script.
async fn round_trips(server: &Server, store: &RedisStore, count: u64) {
    let calls = async || [server.calls("set").await, server.calls("evalsha").await];
    let before = calls().await;
    let _: String = server.ask(&["FLUSHALL", "SYNC"]).await;
    for number in 0..count {
        run_once(store.clone(), number).await;
    }
    let between = calls().await;
    for number in 0..count {
        assert!(matches!(store.claim(&claimed(number), LEASE).await.unwrap(), Claim::Done { .. }));
    }
    let after = calls().await;
    // What a script sets is counted as a `SET`, and is no round trip of its own: a claim and a script are two.
    let first_run = (between[0] - before[0]) as f64 / count as f64;
    let duplicate = (after[0] - between[0] + after[1] - between[1]) as f64 / count as f64;
    println!("round trips: {first_run} for a first run, {duplicate} for a duplicate");
    assert_eq!((first_run, duplicate, between[1] - before[1]), (2.0, 1.0, count));
}

fn main() {
    // `cargo test` only looks whether it works.
    let (count, turns) =
        if std::env::args().any(|argument| argument == "--bench") { (20_000, 9) } else { (2 * PIPELINE, 1) };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    println!("{:<34} {:>7}  {:>11}  {:>11}  {:>11}  {:>11}", "", "at once", "calls", "median", "99 %", "cores");
    runtime.block_on(in_memory(count * 10));
    let found = Command::new("redis-server").arg("--version").stdout(Stdio::null()).status();
    if found.is_ok_and(|status| status.success()) {
        runtime.block_on(in_redis(count, turns));
    } else {
        println!("there is no redis-server: nothing of Redis was measured");
    }
}
