//! Senders whose signed content has to be worked out from the whole request.

use std::borrow::Cow;
use std::fmt;
use std::ops::ControlFlow;

use bytes::Bytes;
use http::request::Parts;

use super::VerifyError;
use super::field::{Field, Source, header};
use crate::coverage::Coverage;
use crate::rejection::Reason;

/// Works out what a sender signed, where a list of [`Part`](super::Part)s cannot say it.
///
/// Everything else (key, algorithm, where the signature stands) is as in any other
/// [`Scheme`](super::Scheme); comparing is not the rule's business either.
pub trait SignatureRule: fmt::Debug + Send + Sync + 'static {
    /// Calls `emit` with the signed content, as slices one after the other. Where the sender is known to
    /// spell it in several ways, with each of them, the likeliest first, until `emit` breaks.
    ///
    /// # Errors
    /// The request cannot be one of this sender.
    fn contents(&self, request: &Unverified<'_>, emit: &mut Emit<'_>) -> Result<(), VerifyError>;

    /// What of the body is in the signed content. Default: all of it. Where that is not so, say it: idempotency then
    /// holds the signed content against ids that anybody can write, and handlers are told.
    fn covers(&self) -> Coverage {
        Coverage::Body
    }

    /// The signature, where the scheme says that it is found [`by_rule`]. Default: there is none.
    ///
    /// # Errors
    /// It is not there, or not once.
    fn signature<'a>(&self, request: &Unverified<'a>) -> Result<Cow<'a, str>, VerifyError> {
        let _ = request;
        Err(VerifyError::new(Reason::MissingSignature, "the rule finds no signature"))
    }

    /// The timestamp, where the scheme says that it is found [`by_rule`]; it must be part of the signed content.
    /// Default: there is none.
    ///
    /// # Errors
    /// It is not there, or not once.
    fn timestamp<'a>(&self, request: &Unverified<'a>) -> Result<Cow<'a, str>, VerifyError> {
        let _ = request;
        Err(VerifyError::new(Reason::MissingTimestamp, "the rule finds no timestamp"))
    }

    /// Whether the public URL is signed: then a [`Sender`](super::Sender) without one is a configuration
    /// error. Default: it is not.
    fn signs_url(&self) -> bool {
        false
    }

    /// Whether the receiver's own id at the sender is needed: then a [`Sender`](super::Sender) without one is a
    /// configuration error. Default: it is not.
    fn needs_key_id(&self) -> bool {
        false
    }

    /// What the head alone decides, before a byte of the body is read. Default: nothing.
    ///
    /// # Errors
    /// The head is enough to refuse.
    fn examine(&self, head: &Parts) -> Result<(), VerifyError> {
        let _ = head;
        Ok(())
    }

    /// What the sender adds to a request before it signs it, for [`Signer`](super::Signer). Default: nothing.
    fn prepare(&self, head: &mut Parts, body: &Bytes) {
        let _ = (head, body);
    }
}

/// Where the scheme's rule finds it: [`SignatureRule::signature`] or [`SignatureRule::timestamp`]. For what stands in the
/// body, beside what is signed. It is looked for once the body is there.
#[must_use]
pub const fn by_rule() -> Field {
    Field { source: Source::Rule, ..header("rule") }
}

/// Takes one spelling of the signed content; breaks once it need not see another.
pub type Emit<'a> = dyn FnMut(&[&[u8]]) -> ControlFlow<()> + 'a;

/// A request whose signature is being checked: nothing in it is proved yet. `Debug` shows neither headers nor
/// body nor secret.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Unverified<'a> {
    /// Method, URI and headers.
    pub head: &'a Parts,
    /// The raw body.
    pub body: &'a Bytes,
    /// The receiver's own id at the sender as configured; empty where the scheme takes none.
    pub key_id: &'a str,
    /// The public URL as configured; empty where the scheme takes none.
    pub public_url: &'a str,
    /// The text of the timestamp, where the scheme has one in the head; it is within the tolerance.
    pub timestamp: &'a str,
    /// The secret, of a digest: the rule has it in what it emits, as else anybody could make the digest. Empty for every
    /// other way of signing.
    pub secret: &'a [u8],
}

impl fmt::Debug for Unverified<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unverified")
            .field("method", &self.head.method)
            .field("body_len", &self.body.len())
            .finish_non_exhaustive()
    }
}
