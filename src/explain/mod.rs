//! Says why a signature does not match, in one sentence for the operator.
//!
//! * Given: a [`Route`] (sender and keys), the [`Refused`] request, and the other routes. [`explain`] tries what commonly
//!   goes wrong in front of a receiver or in its configuration: a body that was parsed and written again, a secret with a
//!   line end, a timestamp in milliseconds, another route's secret; and says which of it makes the signature match.
//! * [`Confidence::High`] is said only where a signature matched: the sender knew the secret. A forger cannot bring that
//!   about. What merely looks so is [`Confidence::Medium`], a guess is [`Confidence::Low`].
//! * Nothing is refused here, and nothing passes: this is for afterwards.
//!
//! Pure functions. One explanation computes at most 512 MACs over at most 32 MiB; bodies over 256 KiB are not looked at.
//!
//! Deployment caveat: an explanation is for operators. Of nothing in it the sender may learn: which secret was near is
//! worth a lot to a forger. The layers keep it out of the answer, see
//! [`SignatureLayer::explain`](crate::SignatureLayer::explain).
//!
//! ```
//! use http::Request;
//! use tower_webhook::clock::UnixTime;
//! use tower_webhook::explain::{Cause, Confidence, Refused, Route, explain};
//! use tower_webhook::scheme::{Signer, Verifier};
//! use tower_webhook::{Secret, bytes::Bytes, provider};
//!
//! let secret = Secret::new("a secret of at least sixteen bytes")?;
//! let now = UnixTime::from_secs(1_700_000_000);
//! let (mut head, sent) = Request::post("/hook").body(Bytes::from(r#"{"id": 1, "ok": true}"#))?.into_parts();
//! Signer::new(provider::GITHUB, secret.clone())?.sign(&mut head, &sent, now)?;
//! assert!(Verifier::new(provider::GITHUB, secret.clone())?.verify(&head, &sent, Some(now)).is_ok());
//!
//! // Something in front parsed the JSON and wrote it again.
//! let came = Bytes::from(r#"{"id":1,"ok":true}"#);
//! let error = Verifier::new(provider::GITHUB, secret.clone())?.verify(&head, &came, Some(now)).unwrap_err();
//! let route = Route::new("github", provider::GITHUB, secret);
//! let refused = Refused::new(&head, error.reason()).body(&came).at(now);
//! let explanation = explain(&route, &[], &refused);
//! assert_eq!(explanation.cause(), Cause::BodyJsonRewritten);
//! assert_eq!(explanation.confidence(), Confidence::High);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod body;
mod cause;
mod explanation;
mod form;
mod header;
mod json;
mod json_style;
mod other_routes;
mod other_sender;
mod route;
mod search;
mod secret;
mod signature;
mod timestamp;
mod tried;
mod url;

#[cfg(test)]
mod tests;

use bytes::Bytes;
use http::request::Parts;

pub use cause::{Cause, Confidence};
pub use explanation::Explanation;
pub use route::Route;
use search::Search;

use crate::clock::UnixTime;
use crate::rejection::Reason;

/// The largest body that is looked at, in bytes: 256 KiB.
pub const LARGEST_BODY: usize = search::LARGEST_BODY;

/// A request that was refused.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Refused<'a> {
    head: &'a Parts,
    body: Option<&'a Bytes>,
    now: Option<UnixTime>,
    reason: Reason,
}

impl<'a> Refused<'a> {
    /// A request of which only the head is known.
    pub const fn new(head: &'a Parts, reason: Reason) -> Self {
        Self { head, body: None, now: None, reason }
    }

    /// The body, where it was read. Without it nothing can be proven.
    pub const fn body(self, body: &'a Bytes) -> Self {
        Self { body: Some(body), ..self }
    }

    /// When it came.
    pub const fn at(self, now: UnixTime) -> Self {
        Self { now: Some(now), ..self }
    }

    /// The head.
    #[must_use]
    pub const fn head(&self) -> &'a Parts {
        self.head
    }

    /// The body, where it was read.
    #[must_use]
    pub const fn read_body(&self) -> Option<&'a Bytes> {
        self.body
    }

    /// The reason.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        self.reason
    }

    /// How old the timestamp in the head is, in seconds; negative where it lies ahead, `None` where there is none.
    #[must_use]
    pub fn skew_s(&self, route: &Route) -> Option<i64> {
        let scheme = route.sender().scheme();
        let sent = scheme.timestamp_format()?.parse(&scheme.shown_timestamp(self.head)?)?;
        let now = self.now?;
        let (past, ahead) = (now.saturating_since(sent).as_secs(), sent.saturating_since(now).as_secs());
        i64::try_from(past).ok()?.checked_sub(i64::try_from(ahead).ok()?)
    }
}

/// Why `route` refused the request. `others` are further routes whose keys may fit.
#[must_use]
pub fn explain(route: &Route, others: &[Route], refused: &Refused<'_>) -> Explanation {
    Search::new(route, others, refused).run()
}

/// Nothing fits.
fn unexplained(search: &Search<'_>) -> Explanation {
    let sentence = match search.scheme().name() {
        "stripe" => {
            "no signature under this route's keys: another secret (the one of `stripe listen` differs from the \
             dashboard's, and each endpoint has its own), other bytes, or a forgery"
        }
        _ if search.reason == Reason::UnknownKey => {
            "there is no key for this delivery: no such tenant here, or a key that its sender does not have"
        }
        _ if search.body.is_none() => "the head alone does not say why, and the body was not looked at",
        _ => "nothing that was tried makes the signature match: another secret, other bytes, or a forgery",
    };
    Explanation::guessed(Cause::Unexplained, sentence)
}
