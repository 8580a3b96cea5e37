//! What a store of claims and finished deliveries must do.

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;

use crate::delivery_key::{Fingerprint, Key};
use crate::run_context::Token;

/// What is claimed, and by whom. The same value goes to each call about one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Claimed {
    /// The delivery.
    pub key: Key,
    /// What was signed, where the id itself is not: finds the same bytes under another id.
    pub guard: Option<Key>,
    /// The content, where the profile compares it. `None` is like everything.
    pub fingerprint: Option<Fingerprint>,
    /// The owner.
    pub token: Token,
}

impl Claimed {
    /// A claim of `key` under a fresh token.
    #[must_use]
    pub fn new(key: Key) -> Self {
        Self { key, guard: None, fingerprint: None, token: Token::fresh() }
    }

    /// With a guard on what was signed.
    #[must_use]
    pub const fn guarded_by(mut self, guard: Key) -> Self {
        self.guard = Some(guard);
        self
    }

    /// With a fingerprint to compare.
    #[must_use]
    pub const fn with_fingerprint(mut self, fingerprint: Fingerprint) -> Self {
        self.fingerprint = Some(fingerprint);
        self
    }
}

/// The answer to a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Claim {
    /// Finished before.
    Done {
        /// What [`Store::complete`] was given.
        record: Bytes,
        /// Whether the fingerprints are equal, or one of them is missing.
        same_fingerprint: bool,
    },
    /// Another run has it, and its lease has not lapsed.
    InFlight {
        /// What is left of the lease.
        retry_in: Duration,
        /// Whether the fingerprints are equal, or one of them is missing.
        same_fingerprint: bool,
    },
    /// The store takes no more claims at this moment; nothing is claimed. Answered with 503
    /// `over_capacity`.
    OverCapacity,
    /// Claimed by this token, now or by an earlier call.
    Owned {
        /// Which run of this key it is, from 1, where the store counts them.
        attempt: Option<u32>,
    },
    /// The same signed material is known under another key; nothing is claimed.
    Replayed {
        /// The key it is known under.
        of: Key,
        /// How far that one is.
        state: Guarded,
    },
}

/// How far the delivery is whose signed material came again.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Guarded {
    /// Finished.
    Done {
        /// What [`Store::complete`] was given.
        record: Bytes,
    },
    /// Another run has it, and its lease has not lapsed.
    InFlight {
        /// What is left of the lease.
        retry_in: Duration,
    },
}

/// Whether a claim was still one's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use]
#[non_exhaustive]
pub enum Fenced {
    /// Another token has it; nothing was changed.
    Lost,
    /// Done.
    Ok,
}

/// What a store promises, for logs and for the layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Guarantees {
    /// Other processes see the same records.
    pub shared: bool,
    /// Finished records may go before their time.
    pub evicts: bool,
    /// What the records survive.
    pub survives: Survives,
}

impl Guarantees {
    /// Records that live and die with this process, all of them kept for their time.
    pub const IN_PROCESS: Self = Self { shared: false, evicts: false, survives: Survives::Nothing };

    /// Other processes see the same records.
    #[must_use]
    pub const fn shared(mut self) -> Self {
        self.shared = true;
        self
    }

    /// Finished records may go before their time.
    #[must_use]
    pub const fn evicting(mut self) -> Self {
        self.evicts = true;
        self
    }

    /// What the records survive.
    #[must_use]
    pub const fn surviving(mut self, survives: Survives) -> Self {
        self.survives = survives;
        self
    }
}

/// What the records of a store survive, from the least to the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Survives {
    /// They end with this process.
    Nothing,
    /// A restart of this process.
    Process,
    /// A restart of the machine that keeps them.
    Host,
    /// The loss of the machine that keeps them.
    Failover,
}

/// Keeps claims and finished deliveries.
///
/// ```text
///             claim               complete(token)
///  absent ─────────▶ pending(token, lease) ─────────▶ done(record) ── time is up ──▶ absent
///    ▲                 │  ▲ extend(token)
///    ├── release(token)┤  └──
///    └── lease lapses ─┘
/// ```
///
/// The laws, which `tower_webhook::testing::store_suite` (feature `testing`) checks:
///
/// * Of any number of claims of one key at the same time exactly one is [`Claim::Owned`].
/// * Claim, complete, release and extend may be repeated by the same token.
/// * Who does not own a claim never changes a record. A finished record is only ever replaced when its
///   time is up, or after [`forget`](Self::forget).
/// * An error leaves the outcome open, so the same call may be repeated.
/// * A future that is dropped leaves a legal state.
///
/// Time is judged by the store's own clock, never by that of the caller. The layer gives each call a
/// budget of 250 ms (see [`IdempotencyLayer::store_budget`](super::IdempotencyLayer::store_budget)).
pub trait Store: Send + Sync + 'static {
    /// Why a call failed.
    type Error: Error + Send + Sync + 'static;

    /// Claims a key that is absent, or whose lease has lapsed; under a lapsed lease any fingerprint
    /// is taken over.
    ///
    /// With a guard: where the guard is known under another key that is pending or done, the fresh
    /// claim is given back and the answer is [`Claim::Replayed`]. Where that other key is absent, the
    /// guard is taken over.
    fn claim(&self, claimed: &Claimed, lease: Duration) -> impl Future<Output = Result<Claim, Self::Error>> + Send;

    /// Finishes a claim that is this token's, or whose key is absent: then the lease had lapsed, but
    /// the work is done all the same. The record is kept for `retain_for`.
    fn complete(
        &self,
        claimed: &Claimed,
        record: Bytes,
        retain_for: Duration,
    ) -> impl Future<Output = Result<Fenced, Self::Error>> + Send;

    /// Gives a claim back, together with its guard, so that the next delivery runs. Leaves a finished
    /// record alone.
    fn release(&self, claimed: &Claimed) -> impl Future<Output = Result<Fenced, Self::Error>> + Send;

    /// Lets the lease begin anew. An absent key is claimed again.
    fn extend(&self, claimed: &Claimed, lease: Duration) -> impl Future<Output = Result<Fenced, Self::Error>> + Send;

    /// Removes whatever is known of a key, so that its next delivery runs: for the operator who asks
    /// the sender to deliver again. `true` if there was something. A run that is under way may write
    /// its record afterwards.
    fn forget(&self, key: &Key) -> impl Future<Output = Result<bool, Self::Error>> + Send;

    /// What this store promises.
    fn guarantees(&self) -> Guarantees;

    /// The label `backend` of its metrics: a fixed word in lower case. Default: `other`.
    fn backend(&self) -> &'static str {
        "other"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_never_the_same() {
        let tokens: std::collections::HashSet<Token> = (0..1000).map(|_| Token::fresh()).collect();
        assert_eq!(tokens.len(), 1000);
        assert_eq!(format!("{:?}", Token::fresh()), "Token(..)");
    }
}
