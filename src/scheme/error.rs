//! Why a delivery could not be verified.

use std::error::Error;
use std::fmt;
use std::hint::{black_box, select_unpredictable};

use crate::rejection::{Reason, Rejection};

/// Why a delivery could not be verified: a [`Reason`], and a sentence for the operator.
#[derive(Clone, Debug)]
pub struct VerifyError {
    reason: Reason,
    detail: &'static str,
}

impl VerifyError {
    /// For rules of your own, see [`SignatureRule`](super::SignatureRule). Keep the detail free of what
    /// the request contains.
    #[must_use]
    pub const fn new(reason: Reason, detail: &'static str) -> Self {
        Self { reason, detail }
    }

    /// `other` where `condition` holds. Without a branch, which a processor could guess wrongly for one of the two, and
    /// value by value, as one that is fetched from a colder place comes later: see tests/constant_time.
    pub(crate) fn replaced_if(self, condition: bool, other: &Self) -> Self {
        // Unless the reason is at hand, the compiler makes a branch around fetching it.
        let reason = black_box(self.reason);
        Self {
            reason: select_unpredictable(condition, other.reason, reason),
            detail: select_unpredictable(condition, other.detail, self.detail),
        }
    }

    /// The reason.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        self.reason
    }
}

#[cfg(feature = "cli")]
impl VerifyError {
    pub(crate) const fn detail(&self) -> &'static str {
        self.detail
    }
}

impl From<VerifyError> for Rejection {
    fn from(error: VerifyError) -> Self {
        let rejection = Self::new(error.reason).with_detail(error.detail);
        match error.reason {
            // The one way to be misconfigured here is a wrong clock, which may be put right.
            Reason::Misconfigured => rejection.unavailable(),
            _ => rejection,
        }
    }
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason, self.detail)
    }
}

impl Error for VerifyError {}
