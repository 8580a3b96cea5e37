//! Every order of claim, extend, complete, release, lapse and takeover by two runs, against a model of four lines a call.
//!
//! Each call of the table is one step under the lock of its shard, so all orders of calls are all that threads can do.
//! All orders of five steps take about a second; `MODEL_DEPTH=7 cargo test --all-features --lib model_tests` goes further.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use super::*;
use crate::testing::FakeClock;

const LEASE: Duration = Duration::from_secs(30);
const KEPT: Duration = Duration::from_secs(1_000_000_000_000);

#[derive(Clone, Copy, Debug)]
enum Step {
    Claim(usize),
    Complete(usize),
    Extend(usize),
    HalfALease,
    HandOver,
    Release(usize),
}

const STEPS: [Step; 10] = [
    Step::Claim(0),
    Step::Claim(1),
    Step::Complete(0),
    Step::Complete(1),
    Step::Extend(0),
    Step::Extend(1),
    Step::Release(0),
    Step::Release(1),
    Step::HalfALease,
    Step::HandOver,
];

/// What a key must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Model {
    Absent,
    Done(usize),
    /// By whom, and how many halves of its lease are left.
    Pending(usize, u8),
}

#[derive(Debug, PartialEq, Eq)]
enum Said {
    Done,
    InFlight,
    Lost,
    Nothing,
    Ok,
    Owned,
}

impl Model {
    fn step(&mut self, step: Step) -> Said {
        let (next, said) = match (step, *self) {
            (Step::Claim(run), Self::Absent | Self::Pending(_, 0)) => (Self::Pending(run, 2), Said::Owned),
            (Step::Claim(run), Self::Pending(owner, _)) if owner == run => (Self::Pending(run, 2), Said::Owned),
            (Step::Claim(_), Self::Pending(..)) => (*self, Said::InFlight),
            (Step::Claim(_), Self::Done(_)) => (*self, Said::Done),
            (Step::Complete(run), Self::Absent) => (Self::Done(run), Said::Ok),
            (Step::Complete(run), Self::Done(by) | Self::Pending(by, _)) if by == run => (Self::Done(run), Said::Ok),
            (Step::Extend(run), Self::Absent) => (Self::Pending(run, 2), Said::Ok),
            (Step::Extend(run), Self::Pending(owner, _)) if owner == run => (Self::Pending(run, 2), Said::Ok),
            (Step::Extend(run), Self::Done(by)) if by == run => (*self, Said::Ok),
            (Step::Release(_), Self::Absent) => (*self, Said::Ok),
            (Step::Release(run), Self::Pending(owner, _)) if owner == run => (Self::Absent, Said::Ok),
            (Step::Complete(_) | Step::Extend(_) | Step::Release(_), _) => (*self, Said::Lost),
            (Step::HalfALease, Self::Pending(owner, left)) => {
                (Self::Pending(owner, left.saturating_sub(1)), Said::Nothing)
            }
            (Step::HalfALease | Step::HandOver, _) => (*self, Said::Nothing),
        };
        *self = next;
        said
    }
}

fn fenced(fenced: Fenced) -> Said {
    if fenced == Fenced::Ok { Said::Ok } else { Said::Lost }
}

fn do_it(store: &MemoryStore, clock: &FakeClock, runs: &[Claimed; 2], step: Step) -> Said {
    match step {
        Step::Claim(run) => match store.table.claim(&runs[run], LEASE) {
            Claim::Owned { .. } => Said::Owned,
            Claim::InFlight { .. } => Said::InFlight,
            Claim::Done { record, .. } => {
                assert_eq!(record, "r");
                Said::Done
            }
            other => panic!("{other:?}"),
        },
        Step::Complete(run) => fenced(store.table.complete(&runs[run], Bytes::from_static(b"r"), KEPT)),
        Step::Extend(run) => fenced(store.table.extend(&runs[run], LEASE)),
        Step::Release(run) => fenced(store.table.release(&runs[run])),
        Step::HalfALease => {
            clock.advance(LEASE / 2);
            Said::Nothing
        }
        Step::HandOver => {
            store.table.hand_over_shard(usize::from(runs[0].key.as_bytes()[0]) % Table::SHARDS);
            Said::Nothing
        }
    }
}

#[test]
fn every_order_of_two_runs_has_one_owner_and_loses_no_completion() {
    let depth = std::env::var("MODEL_DEPTH").ok().and_then(|depth| depth.parse().ok()).unwrap_or(5);
    let clock = FakeClock::at(crate::clock::UnixTime::from_secs(0));
    let store = MemoryStore::new().clock(clock.clone());
    let (mut takeovers, mut completions) = (0, 0);
    for order in 0..STEPS.len().pow(depth) {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&(order as u64).to_le_bytes());
        let key = Key::from_bytes(bytes);
        let (runs, mut model, mut rest) = ([Claimed::new(key), Claimed::new(key)], Model::Absent, order);
        let mut done = Vec::new();
        for _ in 0..depth {
            let step = STEPS[rest % STEPS.len()];
            rest /= STEPS.len();
            done.push(step);
            let before = model;
            let expected = model.step(step);
            assert_eq!(do_it(&store, &clock, &runs, step), expected, "{done:?}: {before:?}");
            takeovers += usize::from(matches!((before, model), (Model::Pending(a, _), Model::Pending(b, _)) if a != b));
            completions += usize::from(matches!(model, Model::Done(_)) && before != model);
        }
        assert_eq!(store.in_flight(), usize::from(matches!(model, Model::Pending(..))), "{done:?}");
        assert_eq!(store.table.forget(&key), model != Model::Absent, "{done:?}");
    }
    assert!(takeovers > 100 && completions > 10_000, "{takeovers} {completions}");
}
