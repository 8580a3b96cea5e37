//! The calls to the store, and the store in memory that stands in for it while it fails.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::breaker::Breaker;
use super::config::Config;
use super::erased::{ErasedStore, StoreCall, StoreError};
use super::store::{Claim, Claimed, Fenced};
use crate::clock::Clock;
use crate::delivery_key::Key;

/// A store in memory that knows what this process works on, and what it has finished.
///
/// It is asked before the other store, so copies in this process are told apart at any time, also of a run that began
/// before the outage. What the other store has recorded is kept under a key of its own and counts only during an outage:
/// at all other times the other store has the last word, where an operator may have told it to forget.
#[derive(Clone)]
pub(super) struct Standby {
    memory: Arc<dyn ErasedStore>,
    breaker: Arc<Breaker>,
}

impl Standby {
    #[cfg_attr(not(feature = "moka"), allow(dead_code))]
    pub(super) fn new(memory: Arc<dyn ErasedStore>) -> Self {
        Self { memory, breaker: Arc::default() }
    }

    /// The same by another clock, empty.
    pub(super) fn by_clock(&self, clock: Arc<dyn Clock>) -> Option<Self> {
        self.memory.by_clock(clock).map(Self::new)
    }

    async fn watched<T: Unpin>(&self, call: StoreCall<T>) -> Result<T, StoreError> {
        let answer = call.await;
        self.breaker.heard(answer.is_ok());
        answer
    }
}

impl fmt::Debug for Standby {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Standby").field("breaker", &self.breaker).finish_non_exhaustive()
    }
}

/// Under which key it is kept that the other store has the record of a delivery.
fn recorded(claimed: &Claimed) -> Claimed {
    Claimed { key: recorded_key(&claimed.key), guard: None, ..*claimed }
}

fn recorded_key(key: &Key) -> Key {
    Key::from_bytes(key.as_bytes().map(|byte| !byte))
}

impl Config {
    pub(super) fn claim(&self, claimed: &Claimed) -> StoreCall<Claim> {
        let Some(standby) = &self.standby else { return self.store.claim(claimed, self.lease, self.store_budget) };
        match standby.memory.claim(claimed, self.lease, self.store_budget).now() {
            Some(Claim::Owned { .. }) | None => {}
            Some(known) => return StoreCall::answered(known),
        }
        if !standby.breaker.lets_through() {
            return StoreCall::failed(StoreError::not_asked());
        }
        let call = self.store.claim(claimed, self.lease, self.store_budget);
        let (standby, claimed, budget) = (standby.clone(), *claimed, self.store_budget);
        StoreCall::Boxed(Box::pin(async move {
            let found = standby.watched(call).await;
            if !matches!(found, Ok(Claim::Owned { .. }) | Err(_)) {
                drop(standby.memory.release(&claimed, budget));
            }
            found
        }))
    }

    /// What is to be done with a delivery that the store has failed to answer for. `None`: the store is all there is.
    pub(super) fn claim_alone(&self, claimed: &Claimed) -> Option<Claim> {
        let memory = &self.standby.as_ref()?.memory;
        let recorded = recorded(claimed);
        match memory.claim(&recorded, self.lease, self.store_budget).now()? {
            done @ Claim::Done { .. } => {
                drop(memory.release(claimed, self.store_budget));
                Some(done)
            }
            _ => {
                drop(memory.release(&recorded, self.store_budget));
                let claim = memory.claim(claimed, self.lease, self.store_budget).now()?;
                // How many runs others have begun is not known here.
                Some(if matches!(claim, Claim::Owned { .. }) { Claim::Owned { attempt: None } } else { claim })
            }
        }
    }

    pub(super) fn complete(&self, claimed: &Claimed, record: Bytes, retain: Duration) -> StoreCall<Fenced> {
        let budget = self.store_budget;
        let Some(standby) = &self.standby else { return self.store.complete(claimed, record, retain, budget) };
        if !standby.breaker.lets_through() {
            return standby.memory.complete(claimed, record, retain, budget);
        }
        // Where it failed just now, one try is enough: the record is safe here, and the sender waits.
        let last = standby.breaker.is_failing();
        let call = self.store.complete(claimed, record.clone(), retain, budget);
        let (standby, claimed) = (standby.clone(), *claimed);
        StoreCall::Boxed(Box::pin(async move {
            let written = standby.watched(call).await;
            let finished = if written.is_ok() { recorded(&claimed) } else { claimed };
            let here = standby.memory.complete(&finished, record, retain, budget).now();
            if written.is_ok() {
                drop(standby.memory.release(&claimed, budget));
            }
            match (written, here) {
                (Err(_), Some(here)) if last => Ok(here),
                (written, _) => written,
            }
        }))
    }

    pub(super) fn release(&self, claimed: &Claimed) -> StoreCall<Fenced> {
        let Some(standby) = &self.standby else { return self.store.release(claimed, self.store_budget) };
        let released = standby.memory.release(claimed, self.store_budget);
        if !standby.breaker.lets_through() {
            return released;
        }
        let (call, standby) = (self.store.release(claimed, self.store_budget), standby.clone());
        StoreCall::Boxed(Box::pin(async move { standby.watched(call).await }))
    }

    pub(super) fn extend(&self, claimed: &Claimed) -> StoreCall<Fenced> {
        let Some(standby) = &self.standby else { return self.store.extend(claimed, self.lease, self.store_budget) };
        let extended = standby.memory.extend(claimed, self.lease, self.store_budget);
        if !standby.breaker.lets_through() {
            return extended;
        }
        let (call, standby) = (self.store.extend(claimed, self.lease, self.store_budget), standby.clone());
        StoreCall::Boxed(Box::pin(async move { standby.watched(call).await }))
    }

    pub(super) fn forget(&self, key: &Key) -> StoreCall<bool> {
        if let Some(standby) = &self.standby {
            drop(standby.memory.forget(*key, self.store_budget));
            drop(standby.memory.forget(recorded_key(key), self.store_budget));
        }
        self.store.forget(*key, self.store_budget)
    }
}
