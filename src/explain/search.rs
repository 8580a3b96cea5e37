//! One search for a cause: what is tried, and how much of it.

use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;

use super::explanation::Explanation;
use super::route::Route;
use super::{Refused, body, form, header, json, other_routes, other_sender, secret, signature, timestamp, url};
use crate::clock::UnixTime;
use crate::delivery::Delivery;
use crate::rejection::Reason;
use crate::scheme::{Scheme, Sender, Verifier, VerifyError};
use crate::secret::Secrets;

/// The most MACs that one explanation costs.
const MOST_MACS: usize = 512;

/// The most bytes that one explanation hashes.
const MOST_HASHED: usize = 32 * 1024 * 1024;

/// The largest body that is looked at, in bytes.
pub(super) const LARGEST_BODY: usize = 256 * 1024;

/// A time that no timestamp is away from now.
const EVER: Duration = Duration::from_secs(u32::MAX as u64 * 4096);

/// A search that is under way.
pub(super) struct Search<'a> {
    pub(super) route: &'a Route,
    pub(super) others: &'a [Route],
    pub(super) head: &'a Parts,
    pub(super) body: Option<&'a Bytes>,
    pub(super) now: Option<UnixTime>,
    pub(super) reason: Reason,
    /// As the route is configured, where its keys can be used at all.
    own: Option<Verifier>,
    macs: usize,
    hashed: usize,
}

impl<'a> Search<'a> {
    pub(super) fn new(route: &'a Route, others: &'a [Route], refused: &Refused<'a>) -> Self {
        Self {
            route,
            others,
            head: refused.head,
            body: refused.body.filter(|body| body.len() <= LARGEST_BODY),
            now: refused.now,
            reason: refused.reason,
            own: route.verifier(route.sender(), route.keys()).ok(),
            macs: MOST_MACS,
            hashed: MOST_HASHED,
        }
    }

    /// The cause: what is proven first, then what is likely, then what is a guess.
    pub(super) fn run(mut self) -> Explanation {
        let found = header::likely(&self);
        let found = found.or_else(|| if is_about_time(self.reason) { timestamp::prove(&mut self) } else { None });
        found.or_else(|| self.prove()).or_else(|| self.likely()).unwrap_or_else(|| super::unexplained(&self))
    }

    /// By likelihood; the cheap ones first.
    fn prove(&mut self) -> Option<Explanation> {
        signature::prove(self)
            .or_else(|| secret::prove(self))
            .or_else(|| body::prove(self))
            .or_else(|| json::prove(self))
            .or_else(|| form::prove(self))
            .or_else(|| url::prove(self))
            .or_else(|| timestamp::prove_unsigned(self))
            .or_else(|| other_routes::prove(self))
    }

    fn likely(&self) -> Option<Explanation> {
        match self.reason {
            reason if is_about_time(reason) => timestamp::likely(self),
            Reason::MissingSignature | Reason::MalformedSignature | Reason::UnsupportedScheme => {
                other_sender::likely(self).or_else(|| signature::likely(self))
            }
            // Without a key there is nothing to compare with.
            Reason::UnknownKey => None,
            _ => secret::likely(self)
                .or_else(|| body::likely(self))
                .or_else(|| signature::likely(self))
                .or_else(|| json::guess(self)),
        }
    }

    pub(super) fn scheme(&self) -> &'a Scheme {
        self.route.sender().scheme()
    }

    /// Whether there is nothing left to try a body of this size with.
    pub(super) const fn is_spent(&self, len: usize) -> bool {
        self.macs == 0 || self.hashed < len
    }

    /// Whether another body would have passed.
    pub(super) fn fits_body(&mut self, body: &Bytes) -> bool {
        let Some(verifier) = self.own.clone() else { return false };
        self.judge(&verifier, self.route.keys(), self.head, body).is_some()
    }

    /// Whether another sender or other keys would have let it pass.
    pub(super) fn fits(&mut self, sender: &Sender, keys: &Secrets) -> bool {
        self.fits_head(sender, keys, self.head)
    }

    /// Whether another head would have passed.
    pub(super) fn fits_head(&mut self, sender: &Sender, keys: &Secrets, head: &Parts) -> bool {
        let Some(body) = self.body else { return false };
        self.route.verifier(sender, keys).is_ok_and(|verifier| self.judge(&verifier, keys, head, body).is_some())
    }

    /// The delivery, were it in time.
    pub(super) fn at_any_time(&mut self, sender: &Sender) -> Option<Delivery> {
        let verifier = self.route.verifier(sender, self.route.keys()).ok()?.tolerance_as_configured(EVER);
        self.verify(&verifier, self.route.keys(), self.head, self.body?).ok()
    }

    /// Whether another route would have let it pass.
    pub(super) fn fits_route(&mut self, other: &Route) -> bool {
        let (Some(body), Ok(verifier)) = (self.body, other.verifier(other.sender(), other.keys())) else {
            return false;
        };
        self.judge(&verifier, other.keys(), self.head, body).is_some()
    }

    fn judge(&mut self, verifier: &Verifier, keys: &Secrets, head: &Parts, body: &Bytes) -> Option<()> {
        self.verify(verifier, keys, head, body)
            .map_or_else(|error| later_than_the_match(verifier, &error), |_| Some(()))
    }

    fn verify(
        &mut self,
        verifier: &Verifier,
        keys: &Secrets,
        head: &Parts,
        body: &Bytes,
    ) -> Result<Delivery, VerifyError> {
        let macs = keys.keys().len().max(1);
        let left = self.macs.checked_sub(macs).zip(self.hashed.checked_sub(body.len().saturating_mul(macs)));
        let Some((macs, hashed)) = left else {
            return Err(VerifyError::new(Reason::SignatureMismatch, "the budget is spent"));
        };
        (self.macs, self.hashed) = (macs, hashed);
        verifier.verify(head, body, self.now)
    }
}

/// A timestamp in the body is looked at only once the signature has matched.
fn later_than_the_match(verifier: &Verifier, error: &VerifyError) -> Option<()> {
    let scheme = verifier.scheme();
    let later = scheme.parts().is_some() && scheme.timestamp_format().is_none() && is_about_time(error.reason());
    later.then_some(())
}

/// Whether a reason is one of those for timestamps.
fn is_about_time(reason: Reason) -> bool {
    use Reason::{MalformedTimestamp, MissingTimestamp, TimestampInFuture, TimestampTooOld};

    matches!(reason, MalformedTimestamp | MissingTimestamp | TimestampInFuture | TimestampTooOld)
}
