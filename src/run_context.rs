//! What tells one run of a delivery from the others.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdempotencyContext {
    pub(crate) key: Key,
    pub(crate) token: Token,
    pub(crate) attempt: Option<u32>,
}

impl IdempotencyContext {
    /// A run that was claimed by hand, from a [`Store`](crate::idempotency::Store), or that a test makes up.
    #[must_use]
    pub const fn new(key: Key, token: Token) -> Self {
        Self { key, token, attempt: None }
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
