//! Public keys and the signatures that they verify.

use super::ed25519::Ed25519Key;
use super::spki::SpkiKey;
use crate::config_error::ConfigError;
use crate::verifying_key::{Form, VerifyingKey};

/// A public-key signature. All but Ed25519 need the feature that their documentation names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PublicAlgorithm {
    /// ECDSA on P-256 with SHA-256, the signature in DER ([RFC 3279 §2.2.3](https://www.rfc-editor.org/rfc/rfc3279#section-2.2.3)).
    /// Feature `ecdsa`.
    EcdsaP256Sha256,
    /// ECDSA on P-256 with SHA-256, the signature as two numbers of 32 bytes: `ES256` of
    /// [RFC 7518 §3.4](https://www.rfc-editor.org/rfc/rfc7518#section-3.4). Feature `ecdsa`.
    EcdsaP256Sha256Fixed,
    /// ECDSA on P-521 with SHA-512, the signature as two numbers of 66 bytes: `ES512` of
    /// [RFC 7518 §3.4](https://www.rfc-editor.org/rfc/rfc7518#section-3.4). Feature `ecdsa`.
    EcdsaP521Sha512Fixed,
    /// [RFC 8032](https://www.rfc-editor.org/rfc/rfc8032). Feature `ed25519`.
    Ed25519,
    /// RSA PKCS#1 v1.5 with SHA-1, which is broken: two texts with one hash can be found. For senders that offer
    /// nothing else. Keys of 2048 to 8192 bits. Feature `rsa`.
    RsaPkcs1Sha1,
    /// RSA PKCS#1 v1.5 with SHA-256 ([RFC 8017 §8.2](https://www.rfc-editor.org/rfc/rfc8017#section-8.2)), keys of 2048
    /// to 8192 bits. Feature `rsa`.
    RsaPkcs1Sha256,
    /// Either of the two before: as weak as [`RsaPkcs1Sha1`](Self::RsaPkcs1Sha1). Feature `rsa`.
    RsaPkcs1Sha256OrSha1,
    /// RSA PKCS#1 v1.5 with SHA-512, keys of 2048 to 8192 bits. Feature `rsa`.
    RsaPkcs1Sha512,
    /// RSA-PSS with SHA-512 ([RFC 8017 §8.1](https://www.rfc-editor.org/rfc/rfc8017#section-8.1)), salt as long as the
    /// hash, keys of 2048 to 8192 bits. Feature `rsa`.
    RsaPssSha512,
}

impl PublicAlgorithm {
    /// The longest signature of all algorithms, in bytes: RSA with 8192 bits.
    pub(crate) const LONGEST: usize = 1024;

    /// Whether a signature may have so many bytes.
    pub(crate) const fn takes(self, length: usize) -> bool {
        match self {
            Self::Ed25519 | Self::EcdsaP256Sha256Fixed => length == 64,
            Self::EcdsaP521Sha512Fixed => length == 132,
            // Two numbers of at most 33 bytes and three heads of two.
            Self::EcdsaP256Sha256 => length >= 8 && length <= 72,
            Self::RsaPkcs1Sha1
            | Self::RsaPkcs1Sha256
            | Self::RsaPkcs1Sha256OrSha1
            | Self::RsaPkcs1Sha512
            | Self::RsaPssSha512 => length >= 256 && length <= Self::LONGEST,
        }
    }

    /// As it is written in tables.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::EcdsaP256Sha256 | Self::EcdsaP256Sha256Fixed => "ECDSA P-256",
            Self::EcdsaP521Sha512Fixed => "ECDSA P-521",
            Self::Ed25519 => "Ed25519",
            Self::RsaPkcs1Sha1 => "RSA-SHA-1",
            Self::RsaPkcs1Sha256 => "RSA-SHA-256",
            Self::RsaPkcs1Sha256OrSha1 => "RSA-SHA-256 or RSA-SHA-1",
            Self::RsaPkcs1Sha512 => "RSA-SHA-512",
            Self::RsaPssSha512 => "RSA-PSS-SHA-512",
        }
    }
}

/// A public key, parsed once for one algorithm.
#[derive(Clone, Debug)]
pub(crate) enum PublicKey {
    Ed25519(Ed25519Key),
    Spki(SpkiKey),
}

impl PublicKey {
    pub(crate) fn parse(algorithm: PublicAlgorithm, key: &VerifyingKey) -> Result<Self, ConfigError> {
        match (algorithm, key.form()) {
            (PublicAlgorithm::Ed25519, Form::Ed25519(bytes)) => Ed25519Key::parse(bytes).map(Self::Ed25519),
            (PublicAlgorithm::Ed25519, Form::Spki(_)) => Err(ConfigError::secret("a public key is no Ed25519 key")),
            (_, Form::Ed25519(_)) => {
                Err(ConfigError::secret(format!("an Ed25519 key verifies no {}", algorithm.name())))
            }
            (_, Form::Spki(der)) => SpkiKey::parse(algorithm, der).map(Self::Spki),
        }
    }

    /// A key whose private half nobody keeps.
    pub(crate) fn throwaway(algorithm: PublicAlgorithm) -> Result<VerifyingKey, ConfigError> {
        match algorithm {
            PublicAlgorithm::Ed25519 => super::ed25519::throwaway_key(),
            other => super::spki::throwaway_key(other),
        }
    }

    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Ed25519(key) => signature.try_into().is_ok_and(|signature| key.verifies(message, signature)),
            Self::Spki(key) => key.verifies(message, signature),
        }
    }
}
