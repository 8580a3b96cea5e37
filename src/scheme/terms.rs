//! The words that a [`Scheme`](super::Scheme) is made of.

use super::jwt::Jwt;
use super::rule::SignatureRule;
use crate::crypto::{Algorithm, Hash, PublicAlgorithm};

/// What is done with the key.
#[derive(Clone, Copy, Debug)]
pub(super) enum Method {
    /// A token that is the base64 of `user:password`.
    Basic,
    Digest(Hash),
    Hmac(Algorithm),
    Jwt(&'static Jwt),
    Public(PublicAlgorithm),
    Token,
    Unsigned,
}

/// How the text of a secret becomes a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecretText {
    /// A prefix, if it is there, is taken off, with a version `v1,` before it; the rest is base64, padded or not.
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
    /// The SHA-1 of the text.
    Sha1,
    /// The SHA-256 of the text.
    Sha256,
    /// The text as it is, prefix and all.
    Whole,
    /// The text as it is; where base64 stands behind the prefix, that, too: either key may match.
    WholeOrBase64 {
        /// Such as `whsec_`.
        prefix: &'static str,
    },
    /// The text as it is behind the prefix, a name of letters, digits and underscores, and a hyphen, if they are there:
    /// `signkey-prod-…`.
    WithoutEnvironment {
        /// Such as `signkey-`.
        prefix: &'static str,
    },
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
    /// The receiver's own id at the sender, as configured by [`KeyIdScheme::key_id`](super::KeyIdScheme::key_id).
    KeyId,
    /// A fixed text.
    Lit(&'static str),
    /// The method, in upper case.
    Method,
    /// The secret itself: only in a digest, see [`Scheme::digest_sha256`](super::Scheme::digest_sha256).
    Secret,
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
    /// `2020-01-01T07:00:00`, with any fraction; without an offset it is UTC.
    Iso8601Utc,
    /// `2020-01-01T07:00:00Z`, with any offset and fraction, see [RFC 3339](https://www.rfc-editor.org/rfc/rfc3339).
    Rfc3339,
    /// Milliseconds since 1970, at most 15 digits.
    UnixMillis,
    /// Seconds since 1970, at most 12 digits.
    UnixSeconds,
    /// Seconds since 1970 of at most 12 digits, or milliseconds of 13 to 15: for senders that write both.
    UnixSecondsOrMillis,
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
