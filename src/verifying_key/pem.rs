//! Keys as files have them.

use std::str;

use x509_cert::Certificate;
use x509_cert::der::{self, Decode, Encode, pem};

use super::VerifyingKey;
use super::spki::rsa_key;
use crate::config_error::ConfigError;

/// The longest text that is looked at, in bytes.
const LONGEST: usize = 64 * 1024;

impl VerifyingKey {
    /// From PEM ([RFC 7468](https://www.rfc-editor.org/rfc/rfc7468)): a `PUBLIC KEY`, an `RSA PUBLIC KEY`, or the
    /// `CERTIFICATE` that the key stands in, of several the first. Of a certificate only the key is taken: neither who
    /// issued it nor how long it is valid is checked, so it must come from where you trust it.
    ///
    /// # Errors
    /// Any other text, or one of more than 64 KiB.
    pub fn from_pem(text: &str) -> Result<Self, ConfigError> {
        let wrong = || ConfigError::secret("this is no PEM of a public key or a certificate");
        if text.len() > LONGEST {
            return Err(wrong());
        }
        let start = text.find("-----BEGIN ").ok_or_else(wrong)?;
        let end = text.find("-----END ").and_then(|end| text.get(end..)?.find('\n').map(|line| end + line + 1));
        let block = text.get(start..end.unwrap_or(text.len())).ok_or_else(wrong)?;
        let (label, bytes) = pem::decode_vec(block.as_bytes()).map_err(|_| wrong())?;
        match label {
            "CERTIFICATE" => Self::from_der(&key_of_certificate(&bytes).map_err(|_| wrong())?),
            "PUBLIC KEY" => Self::from_der(&bytes),
            "RSA PUBLIC KEY" => Self::from_der(&rsa_key(&bytes).map_err(|_| wrong())?),
            _ => Err(wrong()),
        }
    }

    /// The key that a user has as text, in whichever form: PEM, JWK, hex or base64.
    #[cfg(feature = "cli")]
    pub(crate) fn from_text(text: &str) -> Result<Self, ConfigError> {
        if text.contains("-----BEGIN ") {
            return Self::from_pem(text);
        }
        if text.trim_start().starts_with('{') {
            return Self::from_jwk(text);
        }
        Self::from_hex(text)
            .or_else(|_| Self::from_base64(text.trim()))
            .or_else(|_| Self::from_base64url(text.trim()))
            .map_err(|_| ConfigError::secret("this is neither PEM nor the hex or base64 text of a public key"))
    }
}

fn key_of_certificate(bytes: &[u8]) -> der::Result<Vec<u8>> {
    Certificate::from_der(bytes)?.tbs_certificate().subject_public_key_info().to_der()
}
