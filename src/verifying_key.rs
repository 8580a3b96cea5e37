//! A sender's public key.

use crate::config_error::ConfigError;
use crate::encoding::Encoding;

/// A sender's Ed25519 public key ([RFC 8032](https://www.rfc-editor.org/rfc/rfc8032)), 32 bytes.
///
/// Checking signatures with it needs the feature `ed25519`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VerifyingKey([u8; 32]);

impl VerifyingKey {
    /// The 32 bytes as they are.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// From 64 hex digits, as Discord's dashboard shows it.
    ///
    /// # Errors
    /// Anything else than 64 hex digits.
    pub fn from_hex(text: &str) -> Result<Self, ConfigError> {
        Self::decode(Encoding::Hex, text)
    }

    /// From base64 of 32 bytes; a prefix `whpk_`, as Standard Webhooks writes it, may stand before it.
    ///
    /// # Errors
    /// Anything else than the padded base64 of 32 bytes.
    pub fn from_base64(text: &str) -> Result<Self, ConfigError> {
        Self::decode(Encoding::Base64, text.strip_prefix("whpk_").unwrap_or(text))
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn decode(encoding: Encoding, text: &str) -> Result<Self, ConfigError> {
        let mut buffer = [0; 32];
        match encoding.decode(text, &mut buffer) {
            Some(bytes) if bytes.len() == 32 => Ok(Self(buffer)),
            // The text is not shown: it may be a secret that stands in the wrong place.
            _ => Err(ConfigError::secret(format!("this is not the {encoding:?} text of a 32-byte public key"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_32_bytes_and_no_other_number() {
        let hex = "ab".repeat(32);
        assert_eq!(VerifyingKey::from_hex(&hex).unwrap().as_bytes(), &[0xab; 32]);
        for text in ["", "ab", &hex[2..], &format!("{hex}ab"), "not hex at all"] {
            assert!(VerifyingKey::from_hex(text).is_err(), "{text}");
        }
        let base64 = Encoding::Base64.encode(&[7; 32]);
        assert_eq!(
            VerifyingKey::from_base64(&base64).unwrap(),
            VerifyingKey::from_base64(&format!("whpk_{base64}")).unwrap()
        );
        assert!(VerifyingKey::from_base64("whpk_").is_err());
    }
}
