//! What an engine must be able to do: two tables, and the few statements on them.

use std::collections::HashSet;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use super::dead_letter::{DeadLetter, DeadLetterFilter};
use super::error::InboxError;
use super::event::Event;
use super::retention::Retention;
use crate::run_context::Token;

/// A call of the engine. It goes on even if this is dropped.
pub(super) type Call<T> = Pin<Box<dyn Future<Output = Result<T, InboxError>> + Send>>;

/// Stores events and the progress of their deliveries. Times are milliseconds since 1970.
pub(super) trait Engine: fmt::Debug + Send + Sync + 'static {
    /// Stores an event with one row a subscriber, in one transaction. Returns once that is on the disk.
    fn append(&self, event: Event, subscribers: Vec<Arc<str>>) -> Call<Appended>;
    /// Stores an event as the first attempt of one subscriber, under way already, in one transaction. `None`: it was there.
    fn append_begun(&self, event: Event, subscriber: Arc<str>, token: Token) -> Call<Option<Lease>>;
    /// Deliveries that are due, the earliest first; suspects before all others.
    fn due(&self, ask: Due) -> Call<Found>;
    /// Counts the attempt, durably: to be called just before the handler starts. `None`: it is not to be run any more.
    fn begin(&self, lease: Lease) -> Call<Option<u32>>;
    /// Writes down how an attempt ended. Where the lease is somebody else's by now, nothing is written.
    fn finish(&self, lease: Lease, ending: Ending) -> Call<()>;
    /// Whoever had the lease has ended, well or not: it is no longer kept alive.
    fn let_go(&self, _: &Lease) {}
    /// Dead letters, the oldest first, at most `limit`.
    fn dead_letters(&self, filter: DeadLetterFilter, limit: u32) -> Call<Vec<DeadLetter>>;
    /// Makes dead letters due now, with all attempts before them. Returns how many.
    fn requeue(&self, filter: DeadLetterFilter, now: i64) -> Call<u64>;
    /// Gives dead letters up. Returns how many.
    fn discard(&self, filter: DeadLetterFilter, now: i64) -> Call<u64>;
    /// How many deliveries wait and are dead, and since when.
    fn counts(&self, subscribers: Vec<Arc<str>>) -> Call<Vec<Counts>>;
    /// Takes away what need not be kept. Returns how many events it touched.
    fn sweep(&self, retention: Retention, now: i64) -> Call<u64>;
    /// Takes the subscriber's name away, and a part of what is stored for it. Returns how many rows; 0: all is gone.
    fn forget_subscriber(&self, name: Arc<str>) -> Call<u64>;
    /// Stores what has been accepted, and lets go of the inbox.
    fn close(&self) -> Call<()>;
}

/// What became of an event that was to be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Appended {
    Duplicate,
    New,
}

/// Which deliveries are looked for.
#[derive(Clone, Debug)]
pub(super) struct Due {
    pub(super) subscriber: Arc<str>,
    pub(super) now: i64,
    pub(super) limit: usize,
    pub(super) order: Option<HeadOfLine>,
    /// What is running, or about to.
    pub(super) taken: HashSet<i64>,
    /// Whose what is found will be: nobody else's, and not that of an earlier look.
    pub(super) token: Token,
}

/// A delivery that was found, and who may run it: the token tells its owner from one whose lease has lapsed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Lease {
    pub(super) subscriber: Arc<str>,
    pub(super) seq: i64,
    pub(super) token: Token,
}

/// What a dead letter does to those behind it that have the same order key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeadOfLine {
    /// It holds them up until it is requeued and done, or discarded.
    Block,
    /// They go on without it.
    SkipToDlq,
}

/// What is due, and when to look again.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) jobs: Vec<Job>,
    pub(super) next_due: Option<i64>,
}

/// One delivery to one subscriber.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) lease: Lease,
    /// Attempts so far.
    pub(super) attempts: u32,
    /// It was running when its process ended, or was cut off.
    pub(super) suspect: bool,
    pub(super) event: Event,
}

/// How an attempt ended.
#[derive(Clone, Debug)]
pub(super) enum Ending {
    Dead {
        at: i64,
        status: Option<u16>,
        error: String,
    },
    Done {
        at: i64,
        status: Option<u16>,
    },
    Retry {
        due: i64,
        status: Option<u16>,
        error: String,
    },
    /// It was taken back: the attempt does not count.
    Returned {
        due: i64,
    },
}

/// How a subscriber stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// The subscriber.
    pub subscriber: Arc<str>,
    /// Deliveries that are not done: due, running, or waiting for their next attempt.
    pub pending: u64,
    /// When the oldest of them was received.
    pub oldest_pending: Option<crate::clock::UnixTime>,
    /// Dead letters.
    pub dead: u64,
    /// When the oldest dead letter died.
    pub oldest_dead: Option<crate::clock::UnixTime>,
}
