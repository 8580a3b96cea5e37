//! Rows of a table that are timed in turns, so that whatever else the machine does is the same for all of them.

use std::hint::black_box;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::allocations;

/// What some calls took.
#[derive(Clone, Copy, Debug)]
pub struct Batch {
    /// Of this thread, on the processor.
    pub time: Duration,
    /// Of this thread.
    pub allocations: u64,
    /// How many calls.
    pub calls: usize,
}

/// What a call took, once all rounds are done.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// The median over the rounds, in nanoseconds.
    pub ns: f64,
    /// A tenth of the rounds took less, a tenth more.
    pub tenths: (f64, f64),
    /// The mean.
    pub allocations: f64,
}

/// A row, and what makes one batch of it.
pub struct Row<'a> {
    name: String,
    batch: Box<dyn FnMut() -> Batch + 'a>,
}

impl<'a> Row<'a> {
    /// A row whose batches are made so.
    pub fn new(name: impl Into<String>, batch: impl FnMut() -> Batch + 'a) -> Self {
        Self { name: name.into(), batch: Box::new(batch) }
    }

    /// A row of a call that needs no input of its own.
    pub fn calling<T>(name: impl Into<String>, calls: usize, mut call: impl FnMut() -> T + 'a) -> Self {
        Self::new(name, move || timed(vec![(); calls + 1], |()| call()))
    }
}

/// The time of this thread on the processor: what others do on it is not in it.
#[must_use]
pub fn cpu_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or(0))
}

/// Calls `each` with each input. The first call is not timed: it fetches what the rows before have pushed out of the
/// caches. Inputs that were made beforehand cost nothing, what is dropped in `each` does.
///
/// # Panics
/// With less than two inputs.
pub fn timed<I, T>(inputs: Vec<I>, mut each: impl FnMut(I) -> T) -> Batch {
    let mut inputs = inputs.into_iter();
    black_box(each(inputs.next().expect("an input that is not timed")));
    let calls = inputs.len();
    assert_ne!(calls, 0, "an input that is timed");
    let (allocations, begin) = (allocations::so_far(), cpu_time());
    for input in inputs.by_ref() {
        black_box(each(black_box(input)));
    }
    let time = cpu_time() - begin;
    Batch { time, allocations: allocations::so_far() - allocations, calls }
}

/// Times all rows in turns, prints them, and gives what they took. The first is what the others are compared with.
///
/// `cargo test` and a run without `--bench` make one round, to see whether it works.
pub fn table(title: &str, rounds: usize, rows: &mut [Row<'_>]) -> Vec<Measured> {
    let rounds = if std::env::args().any(|argument| argument == "--bench") { rounds } else { 1 };
    for row in &mut *rows {
        (row.batch)();
    }
    let mut batches: Vec<Vec<Batch>> = vec![Vec::new(); rows.len()];
    for _ in 0..rounds {
        for (row, batches) in rows.iter_mut().zip(&mut batches) {
            batches.push((row.batch)());
        }
    }
    let measured: Vec<Measured> = batches.iter().map(|batches| summary(batches)).collect();
    println!("\n### {title}\n");
    println!("| row | median | a tenth below · above | of the first | over the first | allocations |");
    println!("|---|---|---|---|---|---|");
    for (row, each) in rows.iter().zip(&measured) {
        println!(
            "| {} | {} | {} · {} | {:.2} × | {} | {:.1} |",
            row.name,
            time(each.ns),
            time(each.tenths.0),
            time(each.tenths.1),
            each.ns / measured[0].ns,
            time(each.ns - measured[0].ns),
            each.allocations,
        );
    }
    measured
}

fn summary(batches: &[Batch]) -> Measured {
    let mut each: Vec<f64> = batches.iter().map(|batch| batch.time.as_secs_f64() * 1e9 / batch.calls as f64).collect();
    each.sort_by(f64::total_cmp);
    let at = |part: f64| each[((each.len() - 1) as f64 * part).round() as usize];
    let calls: usize = batches.iter().map(|batch| batch.calls).sum();
    let allocations: u64 = batches.iter().map(|batch| batch.allocations).sum();
    Measured { ns: at(0.5), tenths: (at(0.1), at(0.9)), allocations: allocations as f64 / calls as f64 }
}

/// As a reader likes it.
#[must_use]
pub fn time(ns: f64) -> String {
    match ns.abs() {
        1e4.. => format!("{:.1} µs", ns / 1e3),
        1e3.. => format!("{:.2} µs", ns / 1e3),
        _ => format!("{ns:.0} ns"),
    }
}

/// Whether a table was asked for: all, or those whose title has a word of the arguments.
#[must_use]
pub fn asked_for(title: &str) -> bool {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    words.is_empty() || words.iter().any(|word| title.contains(word.as_str()))
}
