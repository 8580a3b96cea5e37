//! Keys out of a document that was fetched.

use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;

use super::VerifyError;
use super::description::Scheme;
use super::fetched_key::KeyName;
use super::jwt::JwtKey;
use super::keyring::{KeyKind, Keyring, ReadyKey};
use super::plan::Plan;
use super::sender::Sender;
use super::terms::Method;
use super::verify::Verifier;
use crate::config_error::{ConfigError, ConfigErrorKind};
use crate::crypto::{PublicAlgorithm, PublicKey};
use crate::rejection::Reason;
use crate::verifying_key::{KeyDocument, NamedKey};

/// How many keys of a set are tried where the delivery does not say which.
const MOST_CANDIDATES: usize = 16;

impl Keyring {
    /// The keys of this name and of the scheme's algorithm; `None` where there is none.
    pub(crate) fn fetched(scheme: &Scheme, name: &KeyName, document: &KeyDocument) -> Option<Self> {
        let named = document.keys().iter().filter(|key| is_named(key, name));
        let keys = named.filter_map(|named| {
            let key = match scheme.method {
                Method::Public(algorithm) if goes_with(named, algorithm) => {
                    KeyKind::Public(PublicKey::parse(algorithm, named.key()).ok()?)
                }
                Method::Jwt(jwt) => {
                    KeyKind::Jwt(JwtKey::fetched(jwt, named.key(), |algorithm| goes_with(named, algorithm))?)
                }
                _ => return None,
            };
            let id =
                named.id().or(name.kid()).unwrap_or(if name.url().is_some() { "fetched" } else { name.document() });
            Some(ReadyKey::fetched(Arc::from(id), key))
        });
        let keys: Vec<_> = keys.take(MOST_CANDIDATES).collect();
        (!keys.is_empty()).then(|| Self::of(keys))
    }
}

impl KeyName {
    /// Whether the document has a key of this name, whatever its algorithm.
    pub(crate) fn is_in(&self, document: &KeyDocument) -> bool {
        document.keys().iter().any(|key| is_named(key, self))
    }
}

/// Whether it is the key that the delivery names: by its `kid`, or because its document has but this name.
fn is_named(key: &NamedKey, name: &KeyName) -> bool {
    let document = name.url().is_none().then(|| name.document());
    match (key.id(), name.kid()) {
        (None, kid) => kid.is_none(),
        (Some(id), kid) => kid.or(document).is_none_or(|wanted| wanted == id),
    }
}

/// Whether the `alg` of a JWK, where it has one, is the algorithm that is verified with.
fn goes_with(key: &NamedKey, algorithm: PublicAlgorithm) -> bool {
    let name = match algorithm {
        PublicAlgorithm::EcdsaP256Sha256 | PublicAlgorithm::EcdsaP256Sha256Fixed => "ES256",
        PublicAlgorithm::EcdsaP521Sha512Fixed => "ES512",
        PublicAlgorithm::Ed25519 => "EdDSA",
        PublicAlgorithm::RsaPkcs1Sha1 => return key.algorithm().is_none(),
        PublicAlgorithm::RsaPkcs1Sha256 | PublicAlgorithm::RsaPkcs1Sha256OrSha1 => "RS256",
        PublicAlgorithm::RsaPkcs1Sha512 => "RS512",
        PublicAlgorithm::RsaPssSha512 => "PS512",
    };
    key.algorithm().is_none_or(|own| own == name || (own == "Ed25519" && name == "EdDSA"))
}

impl Verifier {
    /// A verifier for a sender whose keys are fetched: it has none yet, and refuses every delivery.
    ///
    /// For each delivery [`key_name`](Self::key_name) says which key to fetch, and
    /// [`with_document`](Self::with_document) makes a verifier of what came. Keep the documents for a while, and keep
    /// them apart by [`KeyName::document`].
    ///
    /// # Errors
    /// A scheme that contradicts itself, or whose deliveries name no key.
    pub fn fetching(sender: impl Into<Sender>) -> Result<Self, ConfigError> {
        let plan = Plan::new(sender.into())?;
        plan.names_keys()?;
        Ok(Self::of(Arc::new(plan), Arc::new(Keyring::none())))
    }

    /// The name of the key that this delivery was signed with; `None` where its sender names none. Nothing is verified
    /// yet, but the name is one that may be fetched.
    ///
    /// # Errors
    /// The delivery names no key, or one that may not be fetched.
    pub fn key_name(&self, head: &Parts, body: &Bytes) -> Result<Option<KeyName>, VerifyError> {
        self.plan().key_name(head, body)
    }

    /// The same verifier with the keys of this name out of `document`.
    ///
    /// # Errors
    /// `unknown_key`: there is no key of this name, or none for the sender's algorithm.
    pub fn with_document(&self, name: &KeyName, document: &KeyDocument) -> Result<Self, VerifyError> {
        let Some(ring) = Keyring::fetched(self.plan().scheme(), name, document) else { return Err(no_such_key()) };
        Ok(Self::of(self.plan().clone(), Arc::new(ring)))
    }
}

impl Plan {
    /// Whether deliveries name the key to fetch.
    pub(crate) fn names_keys(&self) -> Result<(), ConfigError> {
        match self.key_is_in_body() {
            Some(_) => Ok(()),
            None => Err(ConfigError::new(
                ConfigErrorKind::Scheme,
                format!(
                    "deliveries of `{}` do not name their key: give it one, nothing can be fetched",
                    self.scheme().name
                ),
            )),
        }
    }
}

pub(crate) const fn no_such_key() -> VerifyError {
    VerifyError::new(Reason::UnknownKey, "there is no key of this name, or none for this algorithm")
}
