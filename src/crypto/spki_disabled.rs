//! Without the features `ecdsa` and `rsa` only Ed25519 keys can be used, and saying so is all there is.

use std::convert::Infallible;

use super::{Message, PublicAlgorithm};
use crate::config_error::ConfigError;
use crate::verifying_key::VerifyingKey;

/// Never made.
#[derive(Clone, Debug)]
pub(crate) struct SpkiKey(Infallible);

impl SpkiKey {
    pub(crate) fn parse(algorithm: PublicAlgorithm, _: &[u8]) -> Result<Self, ConfigError> {
        Err(disabled(algorithm))
    }

    pub(crate) fn verifies(&self, _: &Message<'_>, _: &[u8]) -> bool {
        match self.0 {}
    }
}

pub(crate) fn throwaway_key(algorithm: PublicAlgorithm) -> Result<VerifyingKey, ConfigError> {
    Err(disabled(algorithm))
}

fn disabled(algorithm: PublicAlgorithm) -> ConfigError {
    ConfigError::secret(format!("{} keys need the feature `ecdsa` or `rsa` of tower-webhook", algorithm.name()))
}
