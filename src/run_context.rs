//! What tells one run of a delivery from the others.

use std::collections::HashSet;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::Notify;

use crate::clock::UnixTime;
use crate::delivery_key::Key;

/// The owner of a claim: 128 bits that no other run has.
///
/// Chosen before the first call, so that a call whose answer was lost can be repeated.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Token([u8; 16]);

impl Token {
    /// A token that was not there before: a random number of this process plus a count.
    #[must_use]
    pub fn fresh() -> Self {
        static FIRST: OnceLock<u128> = OnceLock::new();
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let first = *FIRST.get_or_init(|| {
            let mut bytes = [0; 16];
            if getrandom::fill(&mut bytes).is_err() {
                let half = || u128::from(RandomState::new().hash_one(()));
                return (half() << 64) | half();
            }
            u128::from_be_bytes(bytes)
        });
        Self(first.wrapping_add(u128::from(COUNT.fetch_add(1, Ordering::Relaxed))).to_be_bytes())
    }

    /// A token as it was written down before.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// The run of a delivery that an [`IdempotencyLayer`](crate::IdempotencyLayer) let through: for the handler,
/// from [`Delivery::idempotency`](crate::Delivery::idempotency).
///
/// The key is a fine unique constraint, or idempotency key, for what the handler does elsewhere. A
/// delivery that was let in unsigned, has no id, or runs without a claim has none.
#[derive(Clone)]
pub struct IdempotencyContext {
    key: Key,
    token: Token,
    attempt: Option<u32>,
    lost: Option<Arc<LostClaims>>,
}

impl IdempotencyContext {
    /// A run that was claimed by hand, from a [`Store`](crate::idempotency::Store), or that a test makes up.
    #[must_use]
    pub const fn new(key: Key, token: Token) -> Self {
        Self { key, token, attempt: None, lost: None }
    }

    pub(crate) fn with_attempt(self, attempt: Option<u32>) -> Self {
        Self { attempt, ..self }
    }

    pub(crate) fn watched_by(self, lost: &Arc<LostClaims>) -> Self {
        Self { lost: Some(Arc::clone(lost)), ..self }
    }

    /// The key of the delivery: the same for each of its copies.
    #[must_use]
    pub const fn key(&self) -> &Key {
        &self.key
    }

    /// The token of this run.
    #[must_use]
    pub const fn token(&self) -> &Token {
        &self.token
    }

    /// Which run of this delivery it is, from 1, where the store counts them. A count begins anew once
    /// a claim was released.
    #[must_use]
    pub const fn attempt(&self) -> Option<u32> {
        self.attempt
    }

    /// Whether another run has taken the delivery over: this one stood still, or could not reach the store, for longer
    /// than its lease. Found out when the lease is to be extended, every third of it.
    #[must_use]
    pub fn is_claim_lost(&self) -> bool {
        self.lost.as_ref().is_some_and(|lost| lost.contains(&self.token))
    }

    /// Ready once another run has taken the delivery over, see [`is_claim_lost`](Self::is_claim_lost): for a handler that
    /// would rather stop than do its work a second time. It is never stopped for it, and its answer still goes out.
    ///
    /// ```
    /// # async fn handle(delivery: tower_webhook::Delivery) -> Result<(), &'static str> {
    /// # async fn work() {}
    /// let Some(run) = delivery.idempotency() else { return Err("no claim") };
    /// tokio::select! {
    ///     () = work() => Ok(()),
    ///     () = run.claim_lost() => Err("another run has it"),
    /// }
    /// # }
    /// ```
    pub async fn claim_lost(&self) {
        match &self.lost {
            Some(lost) => lost.until(&self.token).await,
            None => std::future::pending().await,
        }
    }
}

impl PartialEq for IdempotencyContext {
    fn eq(&self, other: &Self) -> bool {
        (self.key, self.token, self.attempt) == (other.key, other.token, other.attempt)
    }
}

impl Eq for IdempotencyContext {}

impl fmt::Debug for IdempotencyContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdempotencyContext")
            .field("key", &self.key)
            .field("token", &self.token)
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}

/// Which runs have lost their claim to another, of those that have not ended.
#[derive(Debug, Default)]
pub(crate) struct LostClaims {
    tokens: Mutex<HashSet<Token>>,
    changed: Notify,
}

impl LostClaims {
    pub(crate) fn add(&self, token: Token) {
        self.lock().insert(token);
        self.changed.notify_waiters();
    }

    /// Its run has ended.
    pub(crate) fn remove(&self, token: &Token) {
        self.lock().remove(token);
    }

    fn contains(&self, token: &Token) -> bool {
        self.lock().contains(token)
    }

    async fn until(&self, token: &Token) {
        loop {
            let mut changed = pin!(self.changed.notified());
            // Listens from here on, so that no change between the look and the wait is missed.
            changed.as_mut().enable();
            if self.contains(token) {
                return;
            }
            changed.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<Token>> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says that a delivery comes out of a journal, and not from its sender: in the extensions of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "journal"), allow(dead_code, unreachable_pub))]
pub struct JournalReplay {
    pub(crate) received_at: UnixTime,
    pub(crate) forced: bool,
}

#[cfg_attr(not(feature = "journal"), allow(dead_code, unreachable_pub))]
impl JournalReplay {
    /// When the delivery came from its sender.
    #[must_use]
    pub const fn received_at(&self) -> UnixTime {
        self.received_at
    }

    /// Whether it is to run though it has run before: idempotency lets it pass.
    #[must_use]
    pub const fn is_forced(&self) -> bool {
        self.forced
    }
}
