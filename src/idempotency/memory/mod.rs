//! Claims and finished deliveries in the memory of this process.

mod blocks;
mod guards;
mod hash;
mod map;
mod table;

use std::any::Any;
use std::convert::Infallible;
use std::fmt;
use std::future::{Future, ready};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use self::table::Table;
use super::erased::{Boxed, ErasedStore, Filled, StoreCall};
use super::store::{Claim, Claimed, Fenced, Guarantees, Store};
use crate::clock::{Clock, SystemClock};
use crate::delivery_key::Key;

/// Keeps claims and finished deliveries in the memory of this process.
///
/// Claims are never evicted: when there are as many as [`max_in_flight`](Self::max_in_flight), new ones
/// are refused with 503 `over_capacity`. Finished records are kept for their time in
/// [`max_bytes`](Self::max_bytes), from which the least recently used go first, sixteen at a time; a
/// finished id takes about 230 bytes, 100 to 200 more where the id is not signed and thus guarded, plus
/// the stored answer. [`early_evictions`](Self::early_evictions) counts the records that had to go before
/// their time: each is a duplicate that would run.
///
/// Clones share their records, so one store serves all routes. It needs no runtime and starts no task.
///
/// Deployment caveat: the records end with the process, and other processes do not see them. Several
/// instances behind a load balancer need a store that they share.
#[derive(Clone)]
pub struct MemoryStore {
    options: Options,
    table: Arc<Table>,
}

#[derive(Clone)]
struct Options {
    clock: Arc<dyn Clock>,
    max_bytes: u64,
    max_in_flight: usize,
}

impl MemoryStore {
    /// The default of [`max_bytes`](Self::max_bytes): 64 MiB.
    pub const DEFAULT_MAX_BYTES: u64 = 64 * 1024 * 1024;
    /// The default of [`max_in_flight`](Self::max_in_flight).
    pub const DEFAULT_MAX_IN_FLIGHT: usize = 65_536;

    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::with(Options {
            clock: Arc::new(SystemClock),
            max_bytes: Self::DEFAULT_MAX_BYTES,
            max_in_flight: Self::DEFAULT_MAX_IN_FLIGHT,
        })
    }

    fn with(options: Options) -> Self {
        let table = Table::new(Arc::clone(&options.clock), options.max_bytes, options.max_in_flight);
        Self { options, table: Arc::new(table) }
    }

    /// An empty store by another clock: leases and the life of records are judged by its
    /// [`monotonic`](Clock::monotonic) time.
    #[must_use]
    pub fn clock(self, clock: impl Clock) -> Self {
        Self::with(Options { clock: Arc::new(clock), ..self.options })
    }

    /// An empty store with another bound on finished records, in bytes of memory. Default 64 MiB.
    ///
    /// A sixteenth of it is for what finished last, up to 15 records in each of 64 parts; from there the rest takes them in
    /// blocks of 16, or of fewer where they are large. Below 4 MiB blocks are smaller too, and an id takes up to 790 bytes.
    #[must_use]
    pub fn max_bytes(self, bytes: u64) -> Self {
        Self::with(Options { max_bytes: bytes, ..self.options })
    }

    /// An empty store with another bound on claims at one time. Default 65,536.
    #[must_use]
    pub fn max_in_flight(self, claims: usize) -> Self {
        Self::with(Options { max_in_flight: claims, ..self.options })
    }

    /// How many claims there are at this moment.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.table.in_flight()
    }

    /// How many finished deliveries are kept. One whose time is over counts until it has to go, or runs again.
    #[must_use]
    pub fn finished(&self) -> u64 {
        self.table.finished()
    }

    /// How many records had to go before their time, since the store was made. More than none means
    /// that [`max_bytes`](Self::max_bytes) is too small for what the senders deliver within the time
    /// that records are kept.
    #[must_use]
    pub fn early_evictions(&self) -> u64 {
        self.table.early_evictions()
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore")
            .field("clock", &self.options.clock)
            .field("max_bytes", &self.options.max_bytes)
            .field("max_in_flight", &self.options.max_in_flight)
            .field("in_flight", &self.in_flight())
            .finish_non_exhaustive()
    }
}

impl Store for MemoryStore {
    type Error = Infallible;

    fn claim(&self, claimed: &Claimed, lease: Duration) -> impl Future<Output = Result<Claim, Infallible>> + Send {
        ready(Ok(self.table.claim(claimed, lease)))
    }

    fn complete(
        &self,
        claimed: &Claimed,
        record: Bytes,
        retain_for: Duration,
    ) -> impl Future<Output = Result<Fenced, Infallible>> + Send {
        ready(Ok(self.table.complete(claimed, record, retain_for)))
    }

    fn release(&self, claimed: &Claimed) -> impl Future<Output = Result<Fenced, Infallible>> + Send {
        ready(Ok(self.table.release(claimed)))
    }

    fn extend(&self, claimed: &Claimed, lease: Duration) -> impl Future<Output = Result<Fenced, Infallible>> + Send {
        ready(Ok(self.table.extend(claimed, lease)))
    }

    fn forget(&self, key: &Key) -> impl Future<Output = Result<bool, Infallible>> + Send {
        ready(Ok(self.table.forget(key)))
    }

    fn guarantees(&self) -> Guarantees {
        Guarantees::IN_PROCESS.evicting()
    }

    fn backend(&self) -> &'static str {
        "memory"
    }
}

/// Without a box a call.
impl ErasedStore for MemoryStore {
    fn claim(&self, claimed: &Claimed, lease: Duration, _: Duration) -> StoreCall<Claim> {
        StoreCall::answered(self.table.claim(claimed, lease))
    }

    fn complete(&self, claimed: &Claimed, record: Bytes, retain: Duration, _: Duration) -> StoreCall<Fenced> {
        StoreCall::answered(self.table.complete(claimed, record, retain))
    }

    fn release(&self, claimed: &Claimed, _: Duration) -> StoreCall<Fenced> {
        StoreCall::answered(self.table.release(claimed))
    }

    fn extend(&self, claimed: &Claimed, lease: Duration, _: Duration) -> StoreCall<Fenced> {
        StoreCall::answered(self.table.extend(claimed, lease))
    }

    fn forget(&self, key: Key, _: Duration) -> StoreCall<bool> {
        StoreCall::answered(self.table.forget(&key))
    }

    fn guarantees(&self) -> Guarantees {
        Store::guarantees(self)
    }

    fn backend(&self) -> &'static str {
        Store::backend(self)
    }

    fn filled(&self) -> Option<Filled> {
        Some(Filled { entries: self.table.entries(), early_evictions: self.early_evictions() })
    }

    fn by_clock(&self, clock: Arc<dyn Clock>) -> Option<Arc<dyn ErasedStore>> {
        Some(Arc::new(Self::with(Options { clock, ..self.options.clone() })))
    }
}

/// A store without its type; one in memory without its boxes, too.
pub(super) fn erase<S: Store>(store: S) -> Arc<dyn ErasedStore> {
    match (&store as &dyn Any).downcast_ref::<MemoryStore>() {
        Some(memory) => Arc::new(memory.clone()),
        None => Arc::new(Boxed::new(store)),
    }
}

#[cfg(test)]
mod end_tests;
#[cfg(all(test, feature = "testing"))]
mod model_tests;
#[cfg(test)]
mod tests;
