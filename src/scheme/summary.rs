//! A description in words.

use std::fmt::Write as _;

use super::description::Scheme;
use super::terms::{Content, Method, Part};
use crate::crypto::{Algorithm, Hash};

impl Scheme {
    /// What the sender signs, and how, in words: ``HMAC-SHA-256 over `<timestamp>.<body>` ``.
    #[must_use]
    pub fn summary(&self) -> String {
        let how = match self.method {
            Method::Public(algorithm) => algorithm.name(),
            Method::Hmac(Algorithm::HmacMd5) => "HMAC-MD5",
            Method::Hmac(Algorithm::HmacSha1) => "HMAC-SHA-1",
            Method::Hmac(Algorithm::HmacSha256) => "HMAC-SHA-256",
            Method::Hmac(Algorithm::HmacSha384) => "HMAC-SHA-384",
            Method::Hmac(Algorithm::HmacSha512) => "HMAC-SHA-512",
            Method::Basic => return "nothing: user and password".to_owned(),
            Method::Digest(Hash::Sha1) => "plain SHA-1",
            Method::Digest(Hash::Sha256) => "plain SHA-256",
            Method::Token => return "nothing: a shared token".to_owned(),
            Method::Unsigned => return "nothing".to_owned(),
        };
        let second = if self.ed25519.is_some() { " or Ed25519" } else { "" };
        let parts = match self.content {
            Content::Parts([Part::Body]) => return format!("{how}{second} over the body"),
            Content::Parts(parts) => parts,
            Content::Rule(_) => return format!("{how}{second} over what its rule says"),
        };
        let mut summary = format!("{how}{second} over `");
        for part in parts {
            match part {
                Part::Body => summary.push_str("<body>"),
                Part::Header(name) => {
                    // Writing to a `String` cannot fail.
                    let _ = write!(summary, "<{name}>");
                }
                Part::Id => summary.push_str("<id>"),
                Part::KeyId => summary.push_str("<key id>"),
                Part::Lit(text) => summary.extend(text.escape_default()),
                Part::Method => summary.push_str("<method>"),
                Part::Secret => summary.push_str("<secret>"),
                Part::Timestamp => summary.push_str("<timestamp>"),
                Part::Url => summary.push_str("<URL>"),
            }
        }
        summary.push('`');
        summary
    }

    /// Whether a timestamp is signed, so that an old delivery is refused.
    #[must_use]
    pub const fn signs_time(&self) -> bool {
        self.timestamp.is_some() || self.time_in_body.is_some()
    }
}
