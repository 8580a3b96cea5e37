//! How senders sign, as data, and the pure functions that verify and sign by it.
//!
//! * A [`Scheme`] is a `const` of a few lines: algorithm, where the signature stands, what is signed.
//! * A [`Verifier`] checks deliveries by it, whole or frame by frame; a [`Signer`] is its inverse.
//! * What a list of [`Part`]s cannot say is a [`SignatureRule`].
//! * With the feature `schemes`, a scheme can also be loaded from TOML or JSON: `scheme::data`.
//!
//! What passes: exactly one well-formed set of headers and a signature over the very bytes that came,
//! under a key that counts now. What is refused: each signature, timestamp or signed header that is
//! missing, stands on several lines, is not ASCII or not canonical; more than 16 candidates; a timestamp
//! outside the tolerance, in either direction; everything that does not match. There is no fallback to an
//! older version of a scheme and no guessing of the sender from its headers.
//!
//! Caveat: a signature proves the bytes, not the sender's good will; and headers that a scheme does not
//! sign (GitHub's delivery id, for one) are anybody's. Some senders sign only a few fields of the body, or none: a
//! [`Coverage`] says which, for a scheme and for a delivery.
//!
//! ```
//! use http::Request;
//! use tower_webhook::clock::UnixTime;
//! use tower_webhook::scheme::{Encoding, Part, Place, Scheme, Signer, TimestampFormat, Verifier, header};
//! use tower_webhook::{Reason, Secret, bytes::Bytes};
//!
//! /// `x-acme-signature: sha256=<hex>` over `<x-acme-time>.<body>`; a mistake would not compile.
//! const ACME: Scheme = Scheme::hmac_sha256("acme")
//!     .signature(header("x-acme-signature").prefix("sha256="), Encoding::Hex)
//!     .timestamp(header("x-acme-time"), TimestampFormat::UnixSeconds)
//!     .signed(&[Part::Timestamp, Part::Lit("."), Part::Body])
//!     .id(Place::Json("/id"))
//!     .checked();
//!
//! let secret = Secret::new("a secret of at least sixteen bytes")?;
//! let (mut head, body) = Request::post("/acme").body(Bytes::from(r#"{"id":"evt_1"}"#))?.into_parts();
//! let now = UnixTime::from_secs(1_700_000_000);
//! Signer::new(ACME, secret.clone())?.sign(&mut head, &body, now)?;
//!
//! let verifier = Verifier::new(ACME, secret)?;
//! let delivery = verifier.verify(&head, &body, Some(now))?;
//! assert_eq!(delivery.id().as_deref(), Some("evt_1"));
//!
//! let later = UnixTime::from_secs(1_700_000_301);
//! assert_eq!(verifier.verify(&head, &body, Some(later)).unwrap_err().reason(), Reason::TimestampTooOld);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod by_rule;
mod challenge;
mod challenge_check;
mod challenge_summary;
mod challenge_tag;
mod check;
mod conduct;
#[cfg(feature = "schemes")]
#[cfg_attr(docsrs, doc(cfg(feature = "schemes")))]
pub mod data;
mod description;
mod error;
mod fetched_key;
mod fetched_ring;
mod field;
mod jwt;
mod keyring;
mod message_signature;
mod name_set;
mod plan;
mod reader;
mod rule;
mod sender;
mod sign;
mod summary;
mod terms;
mod timestamp;
mod told;
mod variant;
mod verify;

#[cfg(test)]
mod tests;

pub(crate) use challenge::{Answer, Come, FieldPlace, Host, Mark};
pub use challenge::{Challenge, Chars, Say};
pub(crate) use challenge_tag::{could_be_a_body, sha256_of};
pub use conduct::{Answered, Reaction, answered};
pub use description::{DEFAULT_BODY_LIMIT, Scheme, days};
pub use error::VerifyError;
pub use fetched_key::{KeyName, KeyPlace, KeyRule, KeyUrl};
pub(crate) use fetched_ring::no_such_key;
pub use field::{Field, body, first, header, item, json, last, query, rest, values};
pub(crate) use field::{Items, Source};
pub(crate) use jwt::token_header;
pub use jwt::{Claim, Jwt, JwtAlgorithm};
pub(crate) use keyring::Keyring;
pub use message_signature::MessageSignature;
pub(crate) use plan::{Examined, Plan};
pub use rule::{Emit, SignatureRule, Unverified, by_rule};
pub use sender::{KeyIdScheme, Sender, SenderOf, UrlScheme};
pub use sign::Signer;
pub use terms::{Confidence, Part, Place, SecretText, TimestampFormat};
pub(crate) use verify::examine_without_keys;
pub use verify::{Verification, Verifier};

pub use crate::coverage::Coverage;
pub use crate::encoding::Encoding;
