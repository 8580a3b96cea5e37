//! What the stores cost: a claim and its completion in memory, and claims in Redis against the bare command that they
//! send, by the same client, in the same run.
//!
//! ```text
//! cargo bench --all-features --bench stores
//! ```
//!
//! Starts a `redis-server` of its own, without its file (what the disk costs is not ours); says so where there is none.
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
const AT_ONCE: [usize; 3] = [1, 16, 64];

/// A key for each number, spread as real ones are.
fn key(number: u64) -> [u8; 32] {
    Sha256::digest(number.to_be_bytes()).into()
}

fn claimed(number: u64) -> Claimed {
    Claimed::new(Key::from_bytes(key(number)))
}

/// What one call took, of each, in order of their length.
struct Times(Vec<Duration>, Duration);

impl Times {
    fn row(mut self, name: &str, at_once: usize) -> f64 {
        self.0.sort_unstable();
        let at = |part: f64| self.0[((self.0.len() - 1) as f64 * part) as usize].as_secs_f64() * 1e6;
        let rate = self.0.len() as f64 / self.1.as_secs_f64();
        println!("{name:<34} {at_once:>7}  {rate:>9.0}/s  {:>8.1} µs  {:>8.1} µs", at(0.5), at(0.99));
        rate
    }
}

/// Calls `each` with the numbers from `first` on, so many at once.
async fn drive<F: Future<Output = ()> + Send>(
    at_once: usize,
    first: u64,
    count: u64,
    each: impl Fn(u64) -> F + Clone + Send + 'static,
) -> Times {
    let (begin, mut tasks) = (Instant::now(), JoinSet::new());
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
    let times = tasks.join_all().await.concat();
    Times(times, begin.elapsed())
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

/// The same command with a value of the same size.
async fn set(mut connection: MultiplexedConnection, number: u64) {
    let mut set = redis::cmd("SET");
    set.arg(&key(number)[..]).arg(&[0_u8; 35][..]).arg("NX").arg("GET").arg("PX").arg(30_000);
    let found: Option<Bytes> = set.query_async(&mut connection).await.unwrap();
    assert_eq!(found, None);
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

async fn in_redis(count: u64) {
    let server = Server::start(&["--appendonly", "no"]).await;
    let store = server.store().await;
    let client = redis::Client::open(server.url()).unwrap();
    let connection = client.get_multiplexed_async_connection().await.unwrap();
    let mut first = 0;
    for at_once in AT_ONCE {
        // In turns, so that whatever else the machine does is the same for both; the last turn counts.
        let mut rates = [0.0; 2];
        for turn in 0..2 {
            let _: String = server.ask(&["FLUSHALL"]).await;
            let raw = connection.clone();
            let bare = drive(at_once, first, count, move |number| set(raw.clone(), number)).await;
            let ours = store.clone();
            let claims = drive(at_once, first + count, count, move |number| claim(ours.clone(), number)).await;
            if turn == 1 {
                rates = [bare.row("Redis: bare SET NX GET PX", at_once), claims.row("Redis: claim", at_once)];
            }
            first += 2 * count;
        }
        let ours = store.clone();
        drive(at_once, first, count, move |number| run_once(ours.clone(), number))
            .await
            .row("Redis: claim and complete", at_once);
        first += count;
        println!("{:<34} {at_once:>7}  {:>9.2} of the bare command's rate", "Redis: claim", rates[1] / rates[0]);
    }
    round_trips(&server, &store, first, count).await;
}

/// Counted by the server: each call of ours is one `SET` or one script, and `PTTL` goes with the `SET`.
async fn round_trips(server: &Server, store: &RedisStore, first: u64, count: u64) {
    let calls = async || [server.calls("set").await, server.calls("evalsha").await];
    let before = calls().await;
    for number in first..first + count {
        run_once(store.clone(), number).await;
    }
    let between = calls().await;
    for number in first..first + count {
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
    let count = if std::env::args().any(|argument| argument == "--bench") { 20_000 } else { 200 };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    println!("{:<34} {:>7}  {:>11}  {:>11}  {:>11}", "", "at once", "calls", "median", "99 %");
    runtime.block_on(in_memory(count * 10));
    let found = Command::new("redis-server").arg("--version").stdout(Stdio::null()).status();
    if found.is_ok_and(|status| status.success()) {
        runtime.block_on(in_redis(count));
    } else {
        println!("there is no redis-server: nothing of Redis was measured");
    }
}
