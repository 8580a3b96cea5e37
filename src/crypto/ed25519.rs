//! Ed25519 ([RFC 8032](https://www.rfc-editor.org/rfc/rfc8032)), verified strictly: small-order keys
//! and signatures that are not canonical are refused.

use std::fmt;

use ed25519_dalek::Signer as _;

use crate::config_error::ConfigError;
use crate::verifying_key::VerifyingKey;

/// A public key, parsed once.
#[derive(Clone, Debug)]
pub(crate) struct Ed25519Key(ed25519_dalek::VerifyingKey);

impl Ed25519Key {
    pub(crate) fn parse(key: &[u8; 32]) -> Result<Self, ConfigError> {
        match ed25519_dalek::VerifyingKey::from_bytes(key) {
            Ok(key) if !key.is_weak() => Ok(Self(key)),
            _ => Err(ConfigError::secret("a public key is no Ed25519 key, or a weak one")),
        }
    }

    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.0.verify_strict(message, &ed25519_dalek::Signature::from_bytes(signature)).is_ok()
    }
}

/// A private Ed25519 key, to sign as such a sender does. `Debug` shows nothing of it.
#[derive(Clone)]
pub struct SigningKey(ed25519_dalek::SigningKey);

/// What the signing side of a scheme holds.
pub(crate) type Ed25519Signer = SigningKey;

impl SigningKey {
    /// From the 32 bytes that RFC 8032 calls the private key.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// The public key that receivers verify with.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey::from_bytes(self.0.verifying_key().to_bytes())
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

/// A public key whose private half nobody keeps.
pub(crate) fn throwaway_key() -> Result<VerifyingKey, ConfigError> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|error| ConfigError::secret(error.to_string()))?;
    Ok(SigningKey::from_seed(&seed).verifying_key())
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::Encoding;

    /// Test 3 of [RFC 8032 §7.1](https://www.rfc-editor.org/rfc/rfc8032#section-7.1).
    #[test]
    fn the_published_vector_comes_out() {
        let mut seed = [0; 32];
        Encoding::Hex.decode("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", &mut seed).unwrap();
        let key = SigningKey::from_seed(&seed);
        assert_eq!(
            Encoding::Hex.encode(&key.0.verifying_key().to_bytes()),
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"
        );
        let signature = key.sign(&[0xaf, 0x82]);
        assert_eq!(
            Encoding::Hex.encode(&signature),
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        );
        let public = Ed25519Key::parse(&key.0.verifying_key().to_bytes()).unwrap();
        assert!(public.verifies(&[0xaf, 0x82], &signature));
        assert!(!public.verifies(&[0xaf, 0x83], &signature));
    }

    #[test]
    fn no_line_shows_a_private_key() {
        assert_eq!(format!("{:?}", SigningKey::from_seed(&[7; 32])), "SigningKey(..)");
    }

    #[test]
    fn a_key_of_small_order_is_refused() {
        let mut identity = [0; 32];
        identity[0] = 1;
        for weak in [[0; 32], identity] {
            assert!(Ed25519Key::parse(&weak).is_err());
        }
    }
}
