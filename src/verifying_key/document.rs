//! What a source of keys hands out.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{VerifyingKey, jwk};
use crate::config_error::ConfigError;

/// The public keys of one document: a certificate, a key, a set of JWKs. Read and checked where it is made, of at most
/// 64 KiB.
#[derive(Clone, Debug)]
pub struct KeyDocument {
    keys: Vec<NamedKey>,
    lasts: Option<Duration>,
}

/// A public key with what its document says of it.
#[derive(Clone, PartialEq, Eq)]
pub struct NamedKey {
    pub(super) id: Option<Arc<str>>,
    pub(super) algorithm: Option<Arc<str>>,
    pub(super) key: VerifyingKey,
}

impl KeyDocument {
    /// A PEM text, see [`VerifyingKey::from_pem`].
    ///
    /// # Errors
    /// What that refuses.
    #[cfg(any(feature = "ecdsa", feature = "rsa"))]
    pub fn pem(text: &str) -> Result<Self, ConfigError> {
        VerifyingKey::from_pem(text).map(Self::from)
    }

    /// The DER of a SubjectPublicKeyInfo, see [`VerifyingKey::from_der`].
    ///
    /// # Errors
    /// What that refuses.
    pub fn der(der: &[u8]) -> Result<Self, ConfigError> {
        VerifyingKey::from_der(der).map(Self::from)
    }

    /// One JSON Web Key, see [`VerifyingKey::from_jwk`].
    ///
    /// # Errors
    /// What that refuses.
    pub fn jwk(text: &str) -> Result<Self, ConfigError> {
        VerifyingKey::from_jwk(text).map(Self::from)
    }

    /// A JWK Set ([RFC 7517 §5](https://www.rfc-editor.org/rfc/rfc7517#section-5)). Keys of another type or for another
    /// use than signatures are left out.
    ///
    /// # Errors
    /// No such set, a member that stands there twice, two keys with one `kid`, a private key, more than 100 keys or
    /// 64 KiB.
    pub fn jwks(text: &str) -> Result<Self, ConfigError> {
        Ok(Self { keys: jwk::keys_of_set(text)?, lasts: None })
    }

    /// How long it may be used before it is fetched again: what `cache-control` said, say. Less than a minute counts as
    /// one, more than a day as one.
    #[must_use]
    pub fn lasts(self, duration: Duration) -> Self {
        let bounds = (Duration::from_secs(60), Duration::from_secs(24 * 60 * 60));
        Self { lasts: Some(duration.clamp(bounds.0, bounds.1)), ..self }
    }

    /// All keys.
    #[must_use]
    pub fn keys(&self) -> &[NamedKey] {
        &self.keys
    }

    pub(crate) const fn lifetime(&self) -> Option<Duration> {
        self.lasts
    }
}

impl From<VerifyingKey> for KeyDocument {
    fn from(key: VerifyingKey) -> Self {
        Self { keys: vec![NamedKey { id: None, algorithm: None, key }], lasts: None }
    }
}

impl NamedKey {
    /// Its `kid`.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Its `alg`, such as `RS256`; it goes with the type of the key.
    #[must_use]
    pub fn algorithm(&self) -> Option<&str> {
        self.algorithm.as_deref()
    }

    /// The key itself.
    #[must_use]
    pub const fn key(&self) -> &VerifyingKey {
        &self.key
    }
}

impl fmt::Debug for NamedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NamedKey").field("id", &self.id).field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}
