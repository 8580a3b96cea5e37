//! A sender's public key.

mod document;
mod jwk;
#[cfg(any(feature = "ecdsa", feature = "rsa"))]
mod pem;
#[cfg(any(feature = "ecdsa", feature = "rsa"))]
mod spki;

use std::fmt;
use std::sync::Arc;

use crate::config_error::ConfigError;
use crate::encoding::Encoding;

pub use document::{KeyDocument, NamedKey};

/// A sender's public key: what verifies its signatures and makes none.
///
/// Checking signatures with it needs the feature of its algorithm: `ed25519`, `ecdsa` or `rsa`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct VerifyingKey(Form);

/// How a key is held.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) enum Form {
    Ed25519([u8; 32]),
    /// The DER of a SubjectPublicKeyInfo ([RFC 5280 §4.1.2.7](https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.7)).
    Spki(Arc<[u8]>),
}

/// What stands before the 32 bytes of an Ed25519 key in a SubjectPublicKeyInfo, see
/// [RFC 8410 §4](https://www.rfc-editor.org/rfc/rfc8410#section-4).
const ED25519_SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// The longest SubjectPublicKeyInfo in bytes: RSA with 8192 bits has 1062.
const LONGEST_SPKI: usize = 2048;

impl VerifyingKey {
    /// An Ed25519 key, the 32 bytes as they are ([RFC 8032](https://www.rfc-editor.org/rfc/rfc8032)).
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Form::Ed25519(bytes))
    }

    /// An Ed25519 key from 64 hex digits, as Discord's dashboard shows it.
    ///
    /// # Errors
    /// Anything else than 64 hex digits.
    pub fn from_hex(text: &str) -> Result<Self, ConfigError> {
        let mut buffer = [0; 32];
        match Encoding::Hex.decode(text, &mut buffer) {
            Some(bytes) if bytes.len() == 32 => Ok(Self::from_bytes(buffer)),
            // The text is not shown: it may be a secret that stands in the wrong place.
            _ => Err(ConfigError::secret("this is not the hex text of a 32-byte public key")),
        }
    }

    /// From padded base64: of the 32 bytes of an Ed25519 key, behind `whpk_` if you like, as Standard Webhooks writes
    /// it; or of the DER of a SubjectPublicKeyInfo, as SendGrid shows it.
    ///
    /// # Errors
    /// Anything else.
    pub fn from_base64(text: &str) -> Result<Self, ConfigError> {
        Self::decoded(Encoding::Base64, text.strip_prefix("whpk_").unwrap_or(text))
    }

    fn decoded(encoding: Encoding, text: &str) -> Result<Self, ConfigError> {
        let mut buffer = [0; LONGEST_SPKI];
        match encoding.decode(text, &mut buffer) {
            Some(bytes) => match <[u8; 32]>::try_from(bytes) {
                Ok(bytes) => Ok(Self::from_bytes(bytes)),
                Err(_) => Self::from_der(bytes),
            },
            None => Err(ConfigError::secret("this is not the base64 text of a public key")),
        }
    }

    /// As [`from_base64`](Self::from_base64), in the alphabet for URLs and without padding, as Token.io writes it.
    ///
    /// # Errors
    /// Anything else.
    pub fn from_base64url(text: &str) -> Result<Self, ConfigError> {
        Self::decoded(Encoding::Base64Url, text)
    }

    /// From the DER of a SubjectPublicKeyInfo ([RFC 5280](https://www.rfc-editor.org/rfc/rfc5280#section-4.1)). Which
    /// algorithm it fits is checked where it meets a scheme.
    ///
    /// # Errors
    /// What is no such DER, or longer than 2048 bytes.
    pub fn from_der(der: &[u8]) -> Result<Self, ConfigError> {
        if let Some(bytes) = der.strip_prefix(&ED25519_SPKI).and_then(|bytes| bytes.try_into().ok()) {
            return Ok(Self::from_bytes(bytes));
        }
        // A sequence, its length in one or two further bytes; the rest is for the library that uses it.
        let whole = match der {
            [0x30, 0x81, length, rest @ ..] => rest.len() == usize::from(*length),
            [0x30, 0x82, high, low, rest @ ..] => rest.len() == usize::from(u16::from_be_bytes([*high, *low])),
            [0x30, length, rest @ ..] if *length < 0x80 => rest.len() == usize::from(*length),
            _ => false,
        };
        if !whole || der.len() > LONGEST_SPKI {
            return Err(ConfigError::secret("this is no DER of a public key"));
        }
        Ok(Self(Form::Spki(der.into())))
    }

    pub(crate) const fn form(&self) -> &Form {
        &self.0
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.0 {
            Form::Ed25519(_) => "Ed25519",
            Form::Spki(_) => "Spki",
        };
        f.debug_tuple("VerifyingKey").field(&kind).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_32_bytes_and_no_other_number() {
        let hex = "ab".repeat(32);
        assert_eq!(VerifyingKey::from_hex(&hex).unwrap(), VerifyingKey::from_bytes([0xab; 32]));
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

    #[test]
    fn an_ed25519_key_is_the_same_in_every_form() {
        let key = VerifyingKey::from_bytes([7; 32]);
        let der = [&ED25519_SPKI[..], &[7; 32]].concat();
        assert_eq!(VerifyingKey::from_der(&der).unwrap(), key);
        assert_eq!(VerifyingKey::from_base64(&Encoding::Base64.encode(&der)).unwrap(), key);
    }

    #[test]
    fn a_der_that_is_cut_or_goes_on_is_refused() {
        let der = [&[0x30, 0x03][..], &[1, 2, 3]].concat();
        assert!(VerifyingKey::from_der(&der).is_ok());
        for wrong in [&der[..4], &[&der[..], &[0]].concat(), &[], &[0x30], &[0x30, 0x80], &[0x30, 0x82, 1], &[4, 0]] {
            assert!(VerifyingKey::from_der(wrong).is_err(), "{wrong:?}");
        }
        let long = [&[0x30, 0x82, 0x08, 0x00][..], &[0; 2048]].concat();
        assert!(VerifyingKey::from_der(&long).is_err());
    }
}
