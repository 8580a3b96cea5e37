//! Thousands of senders that take their time, against the reference receiver as a process of its own: its memory stays
//! within bounds, the honest are served meanwhile, and everybody is cut in time.
//!
//! By default a few hundred, so that any machine can run it with anything. In full, on Linux with two idle cores:
//!
//! ```text
//! ulimit -n 20000
//! SLOW_BODIES=2000 HALF_HEADS=5000 HUGE_BODIES=1000 cargo test --release --test slow_senders -- --nocapture --test-threads 1
//! ```
//!
//! The soak: honest deliveries for as long as `SOAK_SECONDS` says, after which memory and open files are where they were.
//!
//! ```text
//! SOAK_SECONDS=300 cargo test --all-features --test slow_senders soak -- --nocapture
//! ```
#![cfg(target_os = "linux")]
#![allow(clippy::print_stdout, reason = "figures are what it is for")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod honest;
mod process;
mod slow;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use self::honest::Latencies;
use self::process::Receiver;

const MIB: usize = 1024 * 1024;
/// What the process may hold of bodies that nobody has proved to have sent: `BodyBudget::GLOBAL_LIMIT`.
const BUDGET: usize = 256 * MIB;
/// What a connection may cost beside.
const CONNECTION: usize = 24 * 1024;

/// How many, by the environment.
fn count(name: &str, otherwise: usize) -> usize {
    std::env::var(name).ok().map_or(otherwise, |text| text.parse().expect("a number"))
}

fn is_in_full() -> bool {
    std::env::var("SLOW_BODIES").is_ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_bodies_and_half_heads_cost_little_and_nobody_else() {
    let (bodies, heads) = (count("SLOW_BODIES", 100), count("HALF_HEADS", 250));
    slow::make_room(bodies + heads);
    let receiver = Arc::new(Receiver::start().await);
    let idle = receiver.resident();
    let unloaded = honest::deliver(receiver.address, Duration::from_secs(if is_in_full() { 8 } else { 2 })).await;
    let warm = receiver.resident();

    let over = Arc::new(AtomicBool::new(false));
    let watching = tokio::spawn(process::peak(Arc::clone(&receiver), Arc::clone(&over)));
    let attack = tokio::spawn(slow::all(receiver.address, bodies, heads));
    let loaded = honest::deliver(receiver.address, Duration::from_secs(10)).await;
    let lives = attack.await.unwrap();
    over.store(true, Ordering::Relaxed);
    let peak = watching.await.unwrap();

    let allowed = (BUDGET + CONNECTION * (bodies + heads)) / 10 * 11;
    println!("{bodies} slow bodies, {heads} half heads");
    println!(
        "resident: idle {} KiB, warm {} KiB, peak {} KiB of {}",
        idle / 1024,
        warm / 1024,
        peak / 1024,
        allowed / 1024
    );
    println!("honest: unloaded {unloaded}, loaded {loaded}");
    println!("longest lives: bodies {:?}, heads {:?}", lives.longest_body, lives.longest_head);
    let after = receiver.resident_after_rest(idle + idle / 2).await;
    println!("resident afterwards: {} KiB, {:.2} of idle", after / 1024, after as f64 / idle as f64);
    assert!(peak <= allowed);
    assert_eq!((unloaded.failed, loaded.failed), (0, 0));
    assert_eq!(lives.never_cut, 0);
    // A body has 10 s, the head before it its own; a head has 10 s.
    assert!(lives.longest_body <= Duration::from_secs(11) && lives.longest_head <= Duration::from_secs(11));
    if is_in_full() {
        assert!(loaded.p99() <= unloaded.p99() * 2, "the honest wait");
    }
    assert!(after <= idle + idle / 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_gibibytes_that_are_announced_are_not_asked_for() {
    let senders = count("HUGE_BODIES", 100);
    let receiver = Arc::new(Receiver::start().await);
    let idle = receiver.resident();
    let over = Arc::new(AtomicBool::new(false));
    let watching = tokio::spawn(process::peak(Arc::clone(&receiver), Arc::clone(&over)));
    let said = slow::announce(receiver.address, senders, 10 * 1024 * MIB).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    over.store(true, Ordering::Relaxed);
    let peak = watching.await.unwrap();
    println!("{senders} announced 10 GiB: idle {} KiB, peak {} KiB", idle / 1024, peak / 1024);
    assert!(said.iter().all(|answer| answer.starts_with("HTTP/1.1 413")), "{said:?}");
    assert!(peak <= idle + 32 * MIB);
    let latencies: Latencies = honest::deliver(receiver.address, Duration::from_secs(1)).await;
    assert_eq!(latencies.failed, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_soak_leaves_memory_and_open_files_where_they_were() {
    let receiver = Receiver::start().await;
    let idle = receiver.open_files();
    honest::deliver(receiver.address, Duration::from_secs(2)).await;
    let warm = receiver.resident();
    let delivered = honest::deliver(receiver.address, Duration::from_secs(count("SOAK_SECONDS", 2) as u64)).await;

    let allowed = warm + warm / 4;
    let after = receiver.resident_after_rest(allowed).await;
    let files = receiver.open_files_after_rest(idle).await;
    println!(
        "soak: {delivered}; resident: warm {} KiB, after {} KiB; files: {idle}, {files}",
        warm / 1024,
        after / 1024
    );
    assert_eq!(delivered.failed, 0);
    assert!(after <= allowed, "memory stays taken");
    // A task holds its connection: no file too many is no task too many.
    assert!(files <= idle, "connections stay open");
}
