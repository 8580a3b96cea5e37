//! Public keys and the signatures that they verify.

use super::Message;
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

    /// Whether what is signed is the SHA-256 of the message.
    #[cfg(any(feature = "ecdsa", feature = "rsa"))]
    pub(super) const fn is_by_sha256(self) -> bool {
        matches!(self, Self::EcdsaP256Sha256 | Self::EcdsaP256Sha256Fixed | Self::RsaPkcs1Sha256)
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

    pub(crate) fn verifies(&self, message: &Message<'_>, signature: &[u8]) -> bool {
        match self {
            Self::Ed25519(key) => signature.try_into().is_ok_and(|signature| key.verifies(message.whole(), signature)),
            Self::Spki(key) => key.verifies(message, signature),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [(PublicAlgorithm, &str, std::ops::RangeInclusive<usize>); 9] = [
        (PublicAlgorithm::EcdsaP256Sha256, "ECDSA P-256", 8..=72),
        (PublicAlgorithm::EcdsaP256Sha256Fixed, "ECDSA P-256", 64..=64),
        (PublicAlgorithm::EcdsaP521Sha512Fixed, "ECDSA P-521", 132..=132),
        (PublicAlgorithm::Ed25519, "Ed25519", 64..=64),
        (PublicAlgorithm::RsaPkcs1Sha1, "RSA-SHA-1", 256..=1024),
        (PublicAlgorithm::RsaPkcs1Sha256, "RSA-SHA-256", 256..=1024),
        (PublicAlgorithm::RsaPkcs1Sha256OrSha1, "RSA-SHA-256 or RSA-SHA-1", 256..=1024),
        (PublicAlgorithm::RsaPkcs1Sha512, "RSA-SHA-512", 256..=1024),
        (PublicAlgorithm::RsaPssSha512, "RSA-PSS-SHA-512", 256..=1024),
    ];

    #[test]
    fn a_signature_is_as_long_as_its_algorithm_makes_it() {
        for (algorithm, _, lengths) in ALL {
            for length in 0..1100 {
                assert_eq!(algorithm.takes(length), lengths.contains(&length), "{algorithm:?}, {length} bytes");
            }
        }
    }

    #[test]
    fn a_key_of_another_kind_is_refused_by_the_name_of_the_algorithm() {
        let ed25519 = VerifyingKey::from_bytes([7; 32]);
        for (algorithm, name, _) in ALL.into_iter().filter(|(algorithm, ..)| *algorithm != PublicAlgorithm::Ed25519) {
            let error = PublicKey::parse(algorithm, &ed25519).unwrap_err().to_string();
            assert!(error.ends_with(&format!("an Ed25519 key verifies no {name}")), "{error}");
        }
    }

    #[cfg(all(feature = "ecdsa", feature = "rsa"))]
    #[test]
    fn a_key_verifies_nothing_for_another_algorithm() {
        for (algorithm, ..) in ALL.into_iter().filter(|(algorithm, ..)| *algorithm != PublicAlgorithm::Ed25519) {
            let key = PublicKey::throwaway(algorithm).unwrap();
            let parsed = PublicKey::parse(algorithm, &key).unwrap();
            assert_eq!(format!("{parsed:?}"), "Spki(SpkiKey(..))");
            assert!(PublicKey::parse(PublicAlgorithm::Ed25519, &key).is_err(), "{algorithm:?}");
            for length in [0, 64, 72, 132, 256] {
                assert!(
                    !parsed.verifies(&Message::new(&[b"a message"]), &vec![1; length]),
                    "{algorithm:?}, {length} bytes"
                );
            }
            for (other, other_name, _) in ALL {
                let is_rsa = |algorithm: PublicAlgorithm| algorithm.name().starts_with("RSA");
                if other.name() != algorithm.name() && !(is_rsa(other) && is_rsa(algorithm)) {
                    assert!(PublicKey::parse(other, &key).is_err(), "{other_name} of {algorithm:?}");
                }
            }
        }
    }
}
