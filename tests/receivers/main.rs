//! Four receivers on one Redis, killed in the middle of their work: what was acknowledged is there, and nothing runs twice
//! that need not.
//!
//! Each delivery is sent to three of four receivers (`examples/redis_idempotency.rs`) at once, and again until one of
//! them has acknowledged it. Every two seconds a receiver is killed (-9) and started again; half-way Redis is killed and,
//! after a while, started again. It lasts 8 s, or as long as `RECEIVERS_SECONDS` says:
//!
//! ```text
//! RECEIVERS_SECONDS=60 cargo test --all-features --test receivers -- --nocapture
//! ```
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::print_stdout, clippy::unwrap_used)]

mod fleet;
mod ledger;
mod sender;
#[allow(dead_code, reason = "others use the rest of it")]
#[path = "../redis/server.rs"]
mod server;
#[cfg(feature = "redis-tls")]
mod tls;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use self::fleet::Fleet;
use self::ledger::{Events, Ledger};
use self::sender::Sender;
use self::server::Server;

const RECEIVERS: usize = 4;
/// How many deliveries are under way at a time.
const SENDERS: usize = 48;
const HANDLER: Duration = Duration::from_millis(100);
const KILL_EVERY: Duration = Duration::from_secs(2);
/// Longer than the layer itself tries to write a record, and shorter than the lease.
const REDIS_AWAY: Duration = Duration::from_millis(1500);
/// How long after an outage everything is recorded that could not be before.
const RECORDED_WITHIN: Duration = Duration::from_secs(2);
const LEASE: Duration = Duration::from_secs(5);
/// Longer than a lease, and all that is tried under it.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_ran_and_ran_once() {
    let lasts = std::env::var("RECEIVERS_SECONDS").map_or(8, |seconds| seconds.parse().unwrap());
    let mut redis = Server::start(&[]).await;
    let fleet = Arc::new(Fleet::start(RECEIVERS, &redis.url(), HANDLER, LEASE).await);
    let ledger = Arc::new(Ledger::default());
    let (begin, middle) = (Instant::now(), Duration::from_secs(lasts) / 2);
    let end = begin + 2 * middle;

    let mut senders = JoinSet::new();
    for number in 0..SENDERS {
        let sender = Sender::new(number, Arc::clone(&fleet), Arc::clone(&ledger));
        senders.spawn(sender.deliver_until(end, PATIENCE));
    }
    let killing = tokio::spawn({
        let fleet = Arc::clone(&fleet);
        async move {
            let mut at = begin + KILL_EVERY;
            for number in 0.. {
                if at >= end {
                    return number;
                }
                sleep_until(at).await;
                fleet.kill_and_restart(number % RECEIVERS).await;
                at += KILL_EVERY;
            }
            unreachable!("time ends")
        }
    });
    // Between two kills, where it lasts the usual time.
    sleep_until(begin + middle + KILL_EVERY / 8).await;
    let away = std::time::Instant::now();
    redis.kill();
    sleep(REDIS_AWAY).await;
    redis.restart().await;
    let outage = (away, std::time::Instant::now() + RECORDED_WITHIN);

    let kills = killing.await.unwrap();
    while let Some(ended) = senders.join_next().await {
        ended.expect("each delivery is acknowledged in the end");
    }

    // Everything once more, to a receiver that still lives: it answers with what is recorded.
    let ids = ledger.acknowledged();
    let mut again = JoinSet::new();
    for number in 0..SENDERS {
        let sender = Sender::new(number, Arc::clone(&fleet), Arc::clone(&ledger));
        let ids: Vec<String> = ids.iter().skip(number).step_by(SENDERS).cloned().collect();
        again.spawn(async move { sender.ask_again(&ids, PATIENCE).await });
    }
    while let Some(ended) = again.join_next().await {
        ended.expect("each delivery that was acknowledged is a duplicate");
    }

    let runs = fleet.runs();
    let found = ledger.judge(&runs, &Events { killed: fleet.killed(), outage });
    println!(
        "{} deliveries in {:.1} s, {kills} receivers killed, Redis away for {REDIS_AWAY:?}: {found}",
        ids.len(),
        (Instant::now() - begin).as_secs_f64(),
    );
    assert_eq!(found.lost, Vec::<String>::new(), "acknowledged, and never ran");
    assert_eq!(found.twice, Vec::<String>::new(), "ran twice, and nobody was killed");
    // It was no idle test.
    assert!(found.broken > 0 && found.unavailable > 0 && kills > 0, "{found}");
    assert!(lasts < 60 || ids.len() >= 5000, "{} deliveries", ids.len());
}
