//! Senders whose signed content has to be worked out from the whole request.

use std::fmt;
use std::ops::ControlFlow;

use bytes::Bytes;
use http::request::Parts;

use super::VerifyError;
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

    /// The signature, decoded, for schemes that say [`signature_by_rule`](super::Scheme::signature_by_rule). Default:
    /// there is none.
    ///
    /// # Errors
    /// There is no signature, or none that can be decoded.
    fn signature(&self, request: &Unverified<'_>) -> Result<Vec<u8>, VerifyError> {
        let _ = request;
        Err(VerifyError::new(Reason::MissingSignature, "the rule finds no signature"))
    }

    /// What the sender adds to a request before it signs it, for [`Signer`](super::Signer). Default: nothing.
    fn prepare(&self, head: &mut Parts, body: &Bytes) {
        let _ = (head, body);
    }
}

/// Takes one spelling of the signed content; breaks once it need not see another.
pub type Emit<'a> = dyn FnMut(&[&[u8]]) -> ControlFlow<()> + 'a;

/// A request whose signature is being checked: nothing in it is proved yet. `Debug` shows neither headers nor
/// body.
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
}

impl fmt::Debug for Unverified<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unverified")
            .field("method", &self.head.method)
            .field("body_len", &self.body.len())
            .finish_non_exhaustive()
    }
}
