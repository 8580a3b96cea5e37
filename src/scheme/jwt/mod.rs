//! Senders that show a signed token ([RFC 7519](https://www.rfc-editor.org/rfc/rfc7519)), as data.

mod make;
mod verify;

use std::time::Duration;

pub(super) use make::make;
pub(crate) use verify::token_header;
pub(super) use verify::{Given, JwtKey, looks_like_one, verify};

use crate::crypto::PublicAlgorithm;
use crate::encoding::Encoding;

/// How a token is signed ([RFC 7518 §3.1](https://www.rfc-editor.org/rfc/rfc7518#section-3.1)). There is no `none`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JwtAlgorithm {
    /// Ed25519. Feature `ed25519`.
    EdDsa,
    /// ECDSA on P-256 with SHA-256. Feature `ecdsa`.
    Es256,
    /// HMAC-SHA-256.
    Hs256,
    /// HMAC-SHA-384.
    Hs384,
    /// HMAC-SHA-512.
    Hs512,
    /// RSA PKCS#1 v1.5 with SHA-256. Feature `rsa`.
    Rs256,
}

impl JwtAlgorithm {
    /// As the header of a token says it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Hs256 => "HS256",
            Self::Hs384 => "HS384",
            Self::Hs512 => "HS512",
            Self::Rs256 => "RS256",
        }
    }

    /// Whether the header of a token says it. `Ed25519` is what [RFC 9864](https://www.rfc-editor.org/rfc/rfc9864) puts
    /// in place of `EdDSA`.
    pub(super) fn is(self, name: &str) -> bool {
        name == self.name() || self == Self::EdDsa && name == "Ed25519"
    }

    /// `None` where a shared secret signs.
    pub(super) const fn public(self) -> Option<PublicAlgorithm> {
        match self {
            Self::EdDsa => Some(PublicAlgorithm::Ed25519),
            Self::Es256 => Some(PublicAlgorithm::EcdsaP256Sha256Fixed),
            Self::Rs256 => Some(PublicAlgorithm::RsaPkcs1Sha256),
            Self::Hs256 | Self::Hs384 | Self::Hs512 => None,
        }
    }
}

/// What a claim must say.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Claim {
    /// The public URL as it is configured, or as [`IsUrl`](Self::IsUrl): who the token is for, and nothing of the query.
    IsAudience,
    /// The receiver's own id at the sender, as [`KeyIdScheme::key_id`](super::KeyIdScheme::key_id) says it.
    IsKeyId,
    /// One of these texts.
    IsOneOf(&'static [&'static str]),
    /// `true`.
    IsTrue,
    /// The public URL, with the query of the request, where [`UrlScheme::at`](super::UrlScheme::at) says none.
    IsUrl,
    /// The SHA-256 of that, in hex.
    IsUrlHash,
}

/// A token, and what it must say: what is signed is the token, and the token says what the body is.
///
/// Of the times in it, `exp` and `nbf` count where they are there, with a leeway. An `iat` never lies ahead by more than
/// the tolerance of the scheme, nor further back where the scheme [requires](Self::requires) it or there is no `exp`.
#[derive(Clone, Copy, Debug)]
pub struct Jwt {
    algorithms: &'static [JwtAlgorithm],
    claims: &'static [(&'static str, Claim)],
    body_hash: Option<(&'static str, Encoding)>,
    requires: &'static [&'static str],
    leeway: Duration,
}

impl Jwt {
    /// A token that is signed by one of these algorithms. The kind of the configured key picks among them: a shared
    /// secret never checks a public-key signature, nor the other way round.
    #[must_use]
    pub const fn new(algorithms: &'static [JwtAlgorithm]) -> Self {
        Self { algorithms, claims: &[], body_hash: None, requires: &[], leeway: Duration::from_secs(5) }
    }

    /// Claims that must be there and say this.
    #[must_use]
    pub const fn claims(mut self, claims: &'static [(&'static str, Claim)]) -> Self {
        self.claims = claims;
        self
    }

    /// The claim that holds the body's SHA-256, written in this encoding, with padding or without. It may be missing
    /// where the body is empty. Without this, the token says nothing of the body.
    #[must_use]
    pub const fn body_hash(mut self, claim: &'static str, encoding: Encoding) -> Self {
        self.body_hash = Some((claim, encoding));
        self
    }

    /// Claims that must be there, whatever they say; of times that they are times.
    #[must_use]
    pub const fn requires(mut self, claims: &'static [&'static str]) -> Self {
        self.requires = claims;
        self
    }

    /// How far `exp` and `nbf` may be missed. Default: 5 seconds.
    #[must_use]
    pub const fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    pub(super) const fn covers_body(&self) -> bool {
        self.body_hash.is_some()
    }

    /// Whether an old token is refused.
    pub(super) const fn is_timed(&self) -> bool {
        self.requires_claim("exp") || self.requires_claim("iat")
    }

    pub(super) const fn requires_claim(&self, name: &str) -> bool {
        let mut rest = self.requires;
        while let [first, others @ ..] = rest {
            if same(first.as_bytes(), name.as_bytes()) {
                return true;
            }
            rest = others;
        }
        false
    }

    pub(super) fn needs_key_id(&self) -> bool {
        self.claims.iter().any(|(_, claim)| matches!(claim, Claim::IsKeyId))
    }

    pub(super) fn signs_url(&self) -> bool {
        self.claims.iter().any(|(_, claim)| matches!(claim, Claim::IsAudience | Claim::IsUrl | Claim::IsUrlHash))
    }

    /// Whether no shared secret can stand for the sender's public key.
    pub(super) fn needs_public_key(&self) -> bool {
        self.algorithms.iter().all(|algorithm| algorithm.public().is_some())
    }

    pub(super) const fn takes_public_key(&self) -> bool {
        let mut algorithms = self.algorithms;
        while let [algorithm, rest @ ..] = algorithms {
            if algorithm.public().is_some() {
                return true;
            }
            algorithms = rest;
        }
        false
    }

    pub(super) const fn algorithms(&self) -> &'static [JwtAlgorithm] {
        self.algorithms
    }

    /// What contradicts itself.
    pub(super) const fn problem(&self) -> Option<&'static str> {
        match self.algorithms {
            [] => Some("a token is signed by some algorithm"),
            _ if self.leeway.as_secs() > 300 => Some("a leeway is at most five minutes"),
            _ => None,
        }
    }
}

const fn same(a: &[u8], b: &[u8]) -> bool {
    match (a, b) {
        ([], []) => true,
        ([x, a @ ..], [y, b @ ..]) => *x == *y && same(a, b),
        _ => false,
    }
}
