//! Without the feature `ed25519` no public key can be used, and saying so is all there is.

use std::convert::Infallible;

use crate::config_error::ConfigError;
use crate::verifying_key::VerifyingKey;

/// Never made.
#[derive(Clone, Debug)]
pub(crate) struct Ed25519Key(Infallible);

/// Never made.
pub(crate) type Ed25519Signer = Ed25519Key;

impl Ed25519Key {
    pub(crate) fn parse(_: &[u8; 32]) -> Result<Self, ConfigError> {
        Err(ConfigError::secret("public keys need the feature `ed25519` of tower-webhook"))
    }

    pub(crate) fn verifies(&self, _: &[u8], _: &[u8; 64]) -> bool {
        match self.0 {}
    }

    pub(crate) fn sign(&self, _: &[u8]) -> [u8; 64] {
        match self.0 {}
    }
}

pub(crate) fn throwaway_key() -> Result<VerifyingKey, ConfigError> {
    Err(ConfigError::secret("public keys need the feature `ed25519` of tower-webhook"))
}
