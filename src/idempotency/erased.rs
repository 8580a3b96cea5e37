//! Stores without their type, so that no user writes a type parameter.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::runtime::Handle;

use super::store::{Claim, Claimed, Fenced, Guarantees, Store};
use crate::clock::Clock;
use crate::delivery_key::Key;

/// Why a call to a store failed.
#[derive(Debug)]
pub struct StoreError(Cause);

#[derive(Debug)]
enum Cause {
    Failed(Box<dyn Error + Send + Sync>),
    NotAsked,
    TimedOut,
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Cause::Failed(_) => "the idempotency store failed",
            Cause::NotAsked => "the idempotency store was not asked, since it has failed several times in a row",
            Cause::TimedOut => "the idempotency store did not answer in time",
        })
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            Cause::Failed(error) => Some(error.as_ref()),
            Cause::NotAsked | Cause::TimedOut => None,
        }
    }
}

impl StoreError {
    /// It is taken to be down, and is tried again in a second.
    pub(super) const fn not_asked() -> Self {
        Self(Cause::NotAsked)
    }
}

/// A call to a store: its answer where it was there at once, or a boxed future.
pub(super) enum StoreCall<T> {
    Answered(Option<T>),
    Boxed(Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send>>),
}

impl<T> StoreCall<T> {
    #[cfg_attr(not(feature = "moka"), allow(dead_code))]
    pub(super) const fn answered(answer: T) -> Self {
        Self::Answered(Some(answer))
    }

    /// Takes the answer, where it was there at once.
    pub(super) const fn take_answer(&mut self) -> Option<T> {
        match self {
            Self::Answered(answer) => answer.take(),
            Self::Boxed(_) => None,
        }
    }

    /// The answer, where it was there at once.
    pub(super) fn now(self) -> Option<T> {
        match self {
            Self::Answered(answer) => answer,
            Self::Boxed(_) => None,
        }
    }
}

impl<T: Send + 'static> StoreCall<T> {
    pub(super) fn failed(error: StoreError) -> Self {
        Self::Boxed(Box::pin(std::future::ready(Err(error))))
    }
}

impl<T: Unpin> Future for StoreCall<T> {
    type Output = Result<T, StoreError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut *self {
            // Polled again after it was ready: never wakes, as futures may do then.
            Self::Answered(answer) => answer.take().map_or(Poll::Pending, |answer| Poll::Ready(Ok(answer))),
            Self::Boxed(future) => future.as_mut().poll(cx),
        }
    }
}

/// How full a store is.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(feature = "moka"), allow(dead_code))]
pub(super) struct Filled {
    pub(super) entries: u64,
    /// Records that had to go before their time, ever.
    pub(super) early_evictions: u64,
}

/// [`Store`] behind a pointer. The calls own what they need.
pub(super) trait ErasedStore: Send + Sync {
    fn claim(&self, claimed: &Claimed, lease: Duration, budget: Duration) -> StoreCall<Claim>;
    fn complete(&self, claimed: &Claimed, record: Bytes, retain: Duration, budget: Duration) -> StoreCall<Fenced>;
    fn release(&self, claimed: &Claimed, budget: Duration) -> StoreCall<Fenced>;
    fn extend(&self, claimed: &Claimed, lease: Duration, budget: Duration) -> StoreCall<Fenced>;
    fn forget(&self, key: Key, budget: Duration) -> StoreCall<bool>;
    fn guarantees(&self) -> Guarantees;

    /// The name in metrics.
    fn backend(&self) -> &'static str;

    /// How full it is, where that is known without asking anybody.
    fn filled(&self) -> Option<Filled> {
        None
    }

    /// The same store by another clock, empty; `None` for stores that have a clock of their own.
    fn by_clock(&self, _: Arc<dyn Clock>) -> Option<Arc<dyn ErasedStore>> {
        None
    }
}

/// Any store, its futures boxed.
pub(super) struct Boxed<S>(Arc<S>);

impl<S> Boxed<S> {
    pub(super) fn new(store: S) -> Self {
        Self(Arc::new(store))
    }
}

impl<S: Store> Boxed<S> {
    fn call<T, F, C>(&self, budget: Duration, call: C) -> StoreCall<T>
    where
        T: Send,
        F: Future<Output = Result<T, S::Error>> + Send,
        C: FnOnce(Arc<S>) -> F + Send + 'static,
        F: 'static,
        T: 'static,
    {
        let call = call(Arc::clone(&self.0));
        StoreCall::Boxed(Box::pin(async move {
            // Without a runtime there is no timer: then the store alone keeps to its time.
            let answer = if Handle::try_current().is_ok() {
                tokio::time::timeout(budget, call).await.map_err(|_| StoreError(Cause::TimedOut))?
            } else {
                call.await
            };
            answer.map_err(|error| StoreError(Cause::Failed(Box::new(error))))
        }))
    }
}

impl<S: Store> ErasedStore for Boxed<S> {
    fn claim(&self, claimed: &Claimed, lease: Duration, budget: Duration) -> StoreCall<Claim> {
        let claimed = *claimed;
        self.call(budget, move |store| async move { store.claim(&claimed, lease).await })
    }

    fn complete(&self, claimed: &Claimed, record: Bytes, retain: Duration, budget: Duration) -> StoreCall<Fenced> {
        let claimed = *claimed;
        self.call(budget, move |store| async move { store.complete(&claimed, record, retain).await })
    }

    fn release(&self, claimed: &Claimed, budget: Duration) -> StoreCall<Fenced> {
        let claimed = *claimed;
        self.call(budget, move |store| async move { store.release(&claimed).await })
    }

    fn extend(&self, claimed: &Claimed, lease: Duration, budget: Duration) -> StoreCall<Fenced> {
        let claimed = *claimed;
        self.call(budget, move |store| async move { store.extend(&claimed, lease).await })
    }

    fn forget(&self, key: Key, budget: Duration) -> StoreCall<bool> {
        self.call(budget, move |store| async move { store.forget(&key).await })
    }

    fn guarantees(&self) -> Guarantees {
        self.0.guarantees()
    }

    fn backend(&self) -> &'static str {
        self.0.backend()
    }
}
