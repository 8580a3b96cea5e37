//! A [`Scheme`]: how a sender signs, as data.

use std::time::Duration;

use super::challenge::Challenge;
use super::field::Field;
use super::rule::SignatureRule;
use crate::crypto::Algorithm;
use crate::encoding::Encoding;

/// How one sender signs, and what else is known of it. Plain data: [`Copy`], built in `const` context.
///
/// See the [module docs](super) for an example. [`Scheme::problem`] says what contradicts itself;
/// [`Scheme::checked`] makes that a compile error.
#[derive(Clone, Copy, Debug)]
pub struct Scheme {
    pub(super) name: &'static str,
    pub(super) method: Method,
    pub(super) signature: Option<(Field, Encoding)>,
    pub(super) ed25519: Option<(Field, Encoding)>,
    pub(super) secret_text: SecretText,
    pub(super) content: Content,
    pub(super) timestamp: Option<(Field, TimestampFormat)>,
    pub(super) time_in_body: Option<(&'static str, TimestampFormat)>,
    pub(super) tolerance: Duration,
    pub(super) id: Place,
    pub(super) event_type: Place,
    pub(super) attempt: Option<&'static str>,
    pub(super) account: Option<&'static str>,
    pub(super) other_names: &'static [(&'static str, &'static str)],
    pub(super) bodies_are_unique: bool,
    pub(super) body_limit: usize,
    pub(super) deadline: Option<Duration>,
    pub(super) retry_horizon: Option<Duration>,
    pub(super) challenge: Challenge,
    pub(super) source: &'static str,
    pub(super) confidence: Confidence,
}

/// What is done with the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Ed25519,
    Hmac(Algorithm),
    Token,
    Unsigned,
}

/// How the text of a secret becomes a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecretText {
    /// A prefix, if it is there, is taken off; the rest is base64, padded or not.
    Base64 {
        /// Such as `whsec_`.
        prefix: &'static str,
    },
    /// Behind the prefix base64; without it the text as it is.
    Base64IfPrefixed {
        /// Such as `whsec_`.
        prefix: &'static str,
    },
    /// Hex digits, in either case.
    Hex,
    /// The text as it is, prefix and all.
    Whole,
}

/// One part of the signed content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// The raw body, byte for byte.
    Body,
    /// The value of a header that must be there, once. A [`Part::Lit`] that follows says where it ends, so a
    /// value with that text in it is refused: two deliveries could be signed alike.
    Header(&'static str),
    /// The delivery id, which must be a [`Place::Header`]; else as [`Part::Header`].
    Id,
    /// A fixed text.
    Lit(&'static str),
    /// The method, in upper case.
    Method,
    /// The timestamp, as it is written in its field.
    Timestamp,
    /// The public URL, as configured by [`UrlScheme::at`](super::UrlScheme::at).
    Url,
}

/// What the signature covers.
#[derive(Clone, Copy, Debug)]
pub(super) enum Content {
    Parts(&'static [Part]),
    Rule(&'static dyn SignatureRule),
}

/// How a timestamp is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimestampFormat {
    /// `Sun, 06 Nov 1994 08:49:37 GMT`, see [RFC 9110 §5.6.7](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7).
    HttpDate,
    /// `2020-01-01T07:00:00Z`, with any offset and fraction, see [RFC 3339](https://www.rfc-editor.org/rfc/rfc3339).
    Rfc3339,
    /// Milliseconds since 1970, at most 15 digits.
    UnixMillis,
    /// Seconds since 1970, at most 12 digits.
    UnixSeconds,
}

/// Where the delivery id or the event type stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// A header, its name in lower case.
    Header(&'static str),
    /// A value in the JSON body, at an [RFC 6901](https://www.rfc-editor.org/rfc/rfc6901) pointer.
    Json(&'static str),
    /// Nowhere.
    Nowhere,
}

/// How sure we are that a catalogue entry is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Confidence {
    /// Read in documentation.
    Documented,
    /// Read in a public receiver's code.
    ThirdParty,
    /// Checked against the sender's own SDK or a vector it published.
    Verified,
}

/// So many days.
#[must_use]
pub const fn days(days: u64) -> Duration {
    Duration::from_secs(days * 24 * 60 * 60)
}

/// The default of [`Scheme::body_limit`]: 1 MiB.
pub const DEFAULT_BODY_LIMIT: usize = 1024 * 1024;

impl Scheme {
    const fn new(name: &'static str, method: Method) -> Self {
        Self {
            name,
            method,
            signature: None,
            ed25519: None,
            secret_text: SecretText::Whole,
            content: Content::Parts(&[Part::Body]),
            timestamp: None,
            time_in_body: None,
            tolerance: Duration::from_secs(300),
            id: Place::Nowhere,
            event_type: Place::Nowhere,
            attempt: None,
            account: None,
            other_names: &[],
            bodies_are_unique: false,
            body_limit: DEFAULT_BODY_LIMIT,
            deadline: None,
            retry_horizon: None,
            challenge: Challenge::None,
            source: "",
            confidence: Confidence::Documented,
        }
    }

    /// A sender that signs with HMAC-SHA-1. `name` is lower case letters, digits and hyphens.
    #[must_use]
    pub const fn hmac_sha1(name: &'static str) -> Self {
        Self::new(name, Method::Hmac(Algorithm::HmacSha1))
    }

    /// A sender that signs with HMAC-SHA-256.
    #[must_use]
    pub const fn hmac_sha256(name: &'static str) -> Self {
        Self::new(name, Method::Hmac(Algorithm::HmacSha256))
    }

    /// A sender that signs with HMAC-SHA-384.
    #[must_use]
    pub const fn hmac_sha384(name: &'static str) -> Self {
        Self::new(name, Method::Hmac(Algorithm::HmacSha384))
    }

    /// A sender that signs with HMAC-SHA-512.
    #[must_use]
    pub const fn hmac_sha512(name: &'static str) -> Self {
        Self::new(name, Method::Hmac(Algorithm::HmacSha512))
    }

    /// A sender that signs with Ed25519.
    #[must_use]
    pub const fn ed25519(name: &'static str) -> Self {
        Self::new(name, Method::Ed25519)
    }

    /// A sender that shows a shared token and signs nothing: the body can be anything. `place` is where
    /// the token stands.
    #[must_use]
    pub const fn token(name: &'static str, place: Field) -> Self {
        let mut scheme = Self::new(name, Method::Token).signed(&[]);
        // A token is text and not decoded, so the encoding says nothing here.
        scheme.signature = Some((place, Encoding::Hex));
        scheme
    }

    pub(crate) const fn unsigned(name: &'static str) -> Self {
        Self::new(name, Method::Unsigned).signed(&[])
    }

    /// The same way of signing, of another sender.
    #[must_use]
    pub const fn named(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }

    /// Where the signature stands, and how it is written.
    #[must_use]
    pub const fn signature(mut self, field: Field, encoding: Encoding) -> Self {
        self.signature = Some((field, encoding));
        self
    }

    /// Where a second, Ed25519 signature over the same content stands: for senders whose receivers may
    /// hold a shared secret or a public key. The kind of key that is configured decides.
    #[must_use]
    pub const fn or_ed25519(mut self, field: Field, encoding: Encoding) -> Self {
        self.ed25519 = Some((field, encoding));
        self
    }

    /// What is signed, in order. Default: the body alone.
    #[must_use]
    pub const fn signed(mut self, parts: &'static [Part]) -> Self {
        self.content = Content::Parts(parts);
        self
    }

    /// What is signed, for senders whose content has to be worked out from the request.
    #[must_use]
    pub const fn signed_by(mut self, rule: &'static dyn SignatureRule) -> Self {
        self.content = Content::Rule(rule);
        self
    }

    /// How the text of the secret becomes a key. Default: [`SecretText::Whole`].
    #[must_use]
    pub const fn secret_text(mut self, text: SecretText) -> Self {
        self.secret_text = text;
        self
    }

    /// Where the signed timestamp stands, and how it is written. It is checked in both directions.
    #[must_use]
    pub const fn timestamp(mut self, field: Field, format: TimestampFormat) -> Self {
        self.timestamp = Some((field, format));
        self
    }

    /// Where in the JSON body, which is signed, the timestamp stands: a string or a number at a JSON pointer. It is
    /// checked as the one of [`timestamp`](Self::timestamp), once the signature was.
    #[must_use]
    pub const fn timestamp_in_body(mut self, pointer: &'static str, format: TimestampFormat) -> Self {
        self.time_in_body = Some((pointer, format));
        self
    }

    /// How far the timestamp may lie from now, each way; a second or more. Default: 300 seconds.
    #[must_use]
    pub const fn tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Where the delivery id stands.
    #[must_use]
    pub const fn id(mut self, place: Place) -> Self {
        self.id = place;
        self
    }

    /// Where the event type stands.
    #[must_use]
    pub const fn event_type(mut self, place: Place) -> Self {
        self.event_type = place;
        self
    }

    /// The header that counts attempts; its name in lower case.
    #[must_use]
    pub const fn attempt(mut self, header: &'static str) -> Self {
        self.attempt = Some(header);
        self
    }

    /// The header that names the account, shop or hook within which delivery ids are unique; in lower case.
    #[must_use]
    pub const fn account(mut self, header: &'static str) -> Self {
        self.account = Some(header);
        self
    }

    /// Other names under which the sender sends the same headers: `(name, other name)`. The first set
    /// counts, unless its signature is missing and that of the second is there.
    #[must_use]
    pub const fn other_names(mut self, names: &'static [(&'static str, &'static str)]) -> Self {
        self.other_names = names;
        self
    }

    /// Two deliveries with the same body are one, says the sender: the body stands for the missing id.
    #[must_use]
    pub const fn bodies_are_unique(mut self) -> Self {
        self.bodies_are_unique = true;
        self
    }

    /// The largest body that the sender sends, in bytes. Default: 1 MiB.
    #[must_use]
    pub const fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// How long the sender waits for an answer.
    #[must_use]
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// How long the sender goes on with retries of one delivery.
    #[must_use]
    pub const fn retries_for(mut self, horizon: Duration) -> Self {
        self.retry_horizon = Some(horizon);
        self
    }

    /// How the sender asks whether this is the right endpoint.
    #[must_use]
    pub const fn challenge(mut self, challenge: Challenge) -> Self {
        self.challenge = challenge;
        self
    }

    /// Where these facts were read.
    #[must_use]
    pub const fn source(mut self, source: &'static str, confidence: Confidence) -> Self {
        self.source = source;
        self.confidence = confidence;
        self
    }

    /// The sender's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Where the delivery id stands.
    #[must_use]
    pub const fn id_place(&self) -> Place {
        self.id
    }

    /// Where the event type stands.
    #[must_use]
    pub const fn event_type_place(&self) -> Place {
        self.event_type
    }

    /// Where these facts were read; empty for a scheme of your own.
    #[must_use]
    pub const fn facts_source(&self) -> (&'static str, Confidence) {
        (self.source, self.confidence)
    }

    /// How far the timestamp may lie from now, each way.
    #[must_use]
    pub const fn max_age(&self) -> Duration {
        self.tolerance
    }

    /// The largest body, in bytes.
    #[must_use]
    pub const fn max_body(&self) -> usize {
        self.body_limit
    }

    /// How the sender asks whether this is the right endpoint.
    #[must_use]
    pub const fn challenges(&self) -> Challenge {
        self.challenge
    }
}
