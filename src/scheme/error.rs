//! Why a delivery could not be verified.

use std::error::Error;
use std::fmt;

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
