//! How the receiver of a captured delivery is set up.

use std::hash::{Hash, Hasher};
use std::time::Duration;

use serde_json::Value;
use zeroize::Zeroizing;

use super::delivery::Extra;
use crate::config_error::{ConfigError, ConfigErrorKind};
use crate::scheme::{Scheme, Sender, UrlScheme, Verifier};
use crate::secret::Secrets;
use crate::verifying_key::{KeyDocument, VerifyingKey};

/// All that a verifier depends on.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) provider: &'static str,
    pub(super) hash: Option<String>,
    pub(super) secrets: Vec<Zeroizing<String>>,
    pub(super) tolerance: Option<Duration>,
    pub(super) key_id: Option<String>,
    pub(super) public_url: Option<String>,
    pub(super) fetched: Option<Fetched>,
}

/// Keys that would be fetched.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Fetched {
    Jwks(String),
    Pem(String),
}

impl Fetched {
    pub(super) fn of(extra: &Extra) -> Option<Self> {
        match (&extra.certificate_pem, &extra.jwks) {
            (Some(pem), _) => Some(Self::Pem(pem.clone())),
            (None, Some(Value::String(text))) => Some(Self::Jwks(text.clone())),
            (None, Some(set)) => Some(Self::Jwks(set.to_string())),
            (None, None) => None,
        }
    }

    fn ring(&self) -> Result<Secrets, ConfigError> {
        let keys = match self {
            Self::Pem(pem) => return VerifyingKey::from_pem(pem).map(Secrets::from),
            Self::Jwks(text) => KeyDocument::jwks(text)?,
        };
        let mut ring: Option<Secrets> = None;
        for (at, key) in keys.keys().iter().enumerate() {
            let id = key.id().map_or_else(|| format!("key-{at}"), str::to_owned);
            let key = key.key().clone();
            ring = Some(match ring {
                Some(ring) => ring.and(&id, key),
                None => Secrets::named(&id, key),
            });
        }
        ring.ok_or_else(|| ConfigError::new(ConfigErrorKind::Secret, "there is no key"))
    }
}

impl Settings {
    pub(super) fn verifier(&self, scheme: &Scheme) -> Result<Verifier, ConfigError> {
        self.held_to_tolerance(Verifier::new(self.sender(scheme)?, self.ring(scheme)?)?)
    }

    pub(super) fn sender(&self, scheme: &Scheme) -> Result<Sender, ConfigError> {
        let sender: Sender = match &self.public_url {
            Some(url) => UrlScheme::new(*scheme).at(url)?,
            None => (*scheme).into(),
        };
        match &self.key_id {
            Some(id) => sender.key_id(id),
            None => Ok(sender),
        }
    }

    pub(super) fn ring(&self, scheme: &Scheme) -> Result<Secrets, ConfigError> {
        if let Some(fetched) = &self.fetched {
            return fetched.ring();
        }
        let mut ring: Option<Secrets> = None;
        let mut keys = Vec::new();
        for text in &self.secrets {
            keys.extend(scheme.keys_as_configured(text)?);
        }
        for (at, key) in keys.into_iter().enumerate() {
            let id = format!("key-{at}");
            ring = Some(match ring {
                Some(ring) => ring.and(&id, key),
                None => Secrets::named(&id, key),
            });
        }
        ring.ok_or_else(|| ConfigError::new(ConfigErrorKind::Secret, "there is no secret"))
    }

    fn held_to_tolerance(&self, verifier: Verifier) -> Result<Verifier, ConfigError> {
        Ok(match self.tolerance {
            Some(tolerance) => verifier.tolerance_as_configured(tolerance),
            None => verifier,
        })
    }
}

impl Hash for Settings {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.provider.hash(state);
        self.hash.hash(state);
        self.secrets.iter().for_each(|secret| secret.as_str().hash(state));
        self.tolerance.hash(state);
        self.key_id.hash(state);
        self.public_url.hash(state);
        self.fetched.hash(state);
    }
}
