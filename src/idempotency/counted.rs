//! A store whose calls are counted and timed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;

use super::erased::{ErasedStore, StoreCall};
use super::store::{Claim, Claimed, Fenced, Guarantees};
use crate::clock::{Clock, SystemClock};
use crate::delivery_key::Key;
use crate::telemetry::{self, IdempotencyMetrics, Operation, Written};

/// Any store, seen by the metrics.
pub(super) struct Counted {
    store: Arc<dyn ErasedStore>,
    metrics: IdempotencyMetrics,
    /// Early evictions that were counted.
    evicted: AtomicU64,
}

impl Counted {
    pub(super) fn new(store: Arc<dyn ErasedStore>, metrics: IdempotencyMetrics) -> Self {
        Self { store, metrics, evicted: AtomicU64::new(0) }
    }

    /// Looks how full the store is.
    fn look(&self) {
        let Some(filled) = self.store.filled() else { return };
        self.metrics.entries(filled.entries);
        let counted = self.evicted.fetch_max(filled.early_evictions, Ordering::Relaxed);
        self.metrics.evicted_early(filled.early_evictions.saturating_sub(counted));
    }

    /// Counts the end of `call`; `None` stands for a store that failed.
    fn counted<T, F>(&self, began: Duration, call: StoreCall<T>, operation: F) -> StoreCall<T>
    where
        T: Send + 'static,
        F: FnOnce(Option<&T>) -> Operation + Send + 'static,
    {
        let metrics = self.metrics.clone();
        let count = move |answer: Option<&T>| {
            metrics.operation(operation(answer), SystemClock.monotonic().saturating_sub(began));
        };
        match call {
            StoreCall::Answered(answer) => {
                count(answer.as_ref());
                StoreCall::Answered(answer)
            }
            StoreCall::Boxed(call) => StoreCall::Boxed(Box::pin(async move {
                let result = call.await;
                count(result.as_ref().ok());
                result
            })),
        }
    }
}

fn claim(found: Option<&Claim>) -> Operation {
    use telemetry::Claimed as Found;

    Operation::Claim(match found {
        Some(Claim::Owned { .. }) => Found::New,
        Some(Claim::Done { same_fingerprint: false, .. } | Claim::InFlight { same_fingerprint: false, .. }) => {
            Found::Conflict
        }
        Some(Claim::Done { .. } | Claim::Replayed { .. }) => Found::Duplicate,
        Some(Claim::InFlight { .. }) => Found::InFlight,
        Some(Claim::OverCapacity) | None => Found::Error,
    })
}

const fn written(fenced: Option<&Fenced>) -> Written {
    match fenced {
        Some(Fenced::Ok) => Written::Done,
        Some(Fenced::Lost) => Written::Fenced,
        None => Written::Error,
    }
}

impl ErasedStore for Counted {
    fn claim(&self, claimed: &Claimed, lease: Duration, budget: Duration) -> StoreCall<Claim> {
        let (began, metrics) = (SystemClock.monotonic(), self.metrics.clone());
        self.counted(began, self.store.claim(claimed, lease, budget), move |found| {
            if matches!(found, Some(Claim::Replayed { .. })) {
                metrics.replay_guard_hit();
            }
            claim(found)
        })
    }

    fn complete(&self, claimed: &Claimed, record: Bytes, retain: Duration, budget: Duration) -> StoreCall<Fenced> {
        let began = SystemClock.monotonic();
        let call = self.store.complete(claimed, record, retain, budget);
        self.look();
        self.counted(began, call, |fenced| Operation::Complete(written(fenced)))
    }

    fn release(&self, claimed: &Claimed, budget: Duration) -> StoreCall<Fenced> {
        let began = SystemClock.monotonic();
        self.counted(began, self.store.release(claimed, budget), |fenced| Operation::Release(written(fenced)))
    }

    fn extend(&self, claimed: &Claimed, lease: Duration, budget: Duration) -> StoreCall<Fenced> {
        let began = SystemClock.monotonic();
        self.counted(began, self.store.extend(claimed, lease, budget), |fenced| Operation::Extend(written(fenced)))
    }

    fn forget(&self, key: Key, budget: Duration) -> StoreCall<bool> {
        self.store.forget(key, budget)
    }

    fn guarantees(&self) -> Guarantees {
        self.store.guarantees()
    }

    fn backend(&self) -> &'static str {
        self.store.backend()
    }
}
