//! What an explanation says.

use std::borrow::Cow;
use std::fmt;

use super::cause::{Cause, Confidence};

/// Why a delivery was refused, for the operator alone. It holds no secret, no signature and nothing of the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    cause: Cause,
    confidence: Confidence,
    sentence: Cow<'static, str>,
}

impl Explanation {
    pub(super) fn proven(cause: Cause, sentence: impl Into<Cow<'static, str>>) -> Self {
        Self { cause, confidence: Confidence::High, sentence: sentence.into() }
    }

    pub(super) fn likely(cause: Cause, sentence: impl Into<Cow<'static, str>>) -> Self {
        Self { cause, confidence: Confidence::Medium, sentence: sentence.into() }
    }

    pub(super) fn guessed(cause: Cause, sentence: impl Into<Cow<'static, str>>) -> Self {
        Self { cause, confidence: Confidence::Low, sentence: sentence.into() }
    }

    /// The cause.
    #[must_use]
    pub const fn cause(&self) -> Cause {
        self.cause
    }

    /// How sure that is.
    #[must_use]
    pub const fn confidence(&self) -> Confidence {
        self.confidence
    }

    /// What happened, in a sentence. It may name routes and key ids, never their values.
    #[must_use]
    pub fn sentence(&self) -> &str {
        &self.sentence
    }

    /// What to do about it.
    #[must_use]
    pub const fn fix(&self) -> &'static str {
        self.cause.fix()
    }

    /// The section of the troubleshooting page.
    #[must_use]
    pub const fn docs(&self) -> &'static str {
        self.cause.docs()
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}, {} confidence); {}; {}", self.sentence, self.cause, self.confidence, self.fix(), self.docs())
    }
}
