//! ECDSA and RSA, by aws-lc-rs.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest::{Digest, SHA256};
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{self, EcdsaKeyPair, KeyPair, ParsedPublicKey, RsaKeyPair, VerificationAlgorithm};

use super::{Message, PublicAlgorithm};
use crate::config_error::ConfigError;
use crate::verifying_key::VerifyingKey;

/// A public key out of a SubjectPublicKeyInfo, parsed once for each algorithm that may have been used.
#[derive(Clone)]
pub(crate) struct SpkiKey(Arc<[Ready]>);

#[derive(Clone)]
struct Ready {
    key: ParsedPublicKey,
    /// Whether it hashes what is signed by SHA-256: then it is not hashed again.
    by_sha256: bool,
}

impl SpkiKey {
    pub(crate) fn parse(algorithm: PublicAlgorithm, der: &[u8]) -> Result<Self, ConfigError> {
        let verifies_with: &'static dyn VerificationAlgorithm = match algorithm {
            PublicAlgorithm::EcdsaP256Sha256 if cfg!(feature = "ecdsa") => &signature::ECDSA_P256_SHA256_ASN1,
            PublicAlgorithm::EcdsaP256Sha256Fixed if cfg!(feature = "ecdsa") => &signature::ECDSA_P256_SHA256_FIXED,
            PublicAlgorithm::EcdsaP521Sha512Fixed if cfg!(feature = "ecdsa") => &signature::ECDSA_P521_SHA512_FIXED,
            PublicAlgorithm::RsaPkcs1Sha1 if cfg!(feature = "rsa") => {
                &signature::RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY
            }
            PublicAlgorithm::RsaPkcs1Sha256 if cfg!(feature = "rsa") => &signature::RSA_PKCS1_2048_8192_SHA256,
            PublicAlgorithm::RsaPkcs1Sha256OrSha1 => {
                let (Self(first), Self(second)) = (
                    Self::parse(PublicAlgorithm::RsaPkcs1Sha256, der)?,
                    Self::parse(PublicAlgorithm::RsaPkcs1Sha1, der)?,
                );
                return Ok(Self(first.iter().chain(second.iter()).cloned().collect()));
            }
            PublicAlgorithm::RsaPkcs1Sha512 if cfg!(feature = "rsa") => &signature::RSA_PKCS1_2048_8192_SHA512,
            PublicAlgorithm::RsaPssSha512 if cfg!(feature = "rsa") => &signature::RSA_PSS_2048_8192_SHA512,
            other => return Err(ConfigError::secret(format!("{} is not compiled in", other.name()))),
        };
        match ParsedPublicKey::new(verifies_with, der) {
            Ok(key) => Ok(Self(Arc::from([Ready { key, by_sha256: algorithm.is_by_sha256() }]))),
            Err(_) => Err(ConfigError::secret(format!("a public key is no key for {}", algorithm.name()))),
        }
    }

    pub(crate) fn verifies(&self, message: &Message<'_>, signature: &[u8]) -> bool {
        self.0.iter().any(|Ready { key, by_sha256 }| {
            if *by_sha256 {
                let digest = Digest::import_less_safe(message.sha256().as_slice(), &SHA256);
                digest.is_ok_and(|digest| key.verify_digest_sig(&digest, signature).is_ok())
            } else {
                key.verify_sig(message.whole(), signature).is_ok()
            }
        })
    }
}

impl fmt::Debug for SpkiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SpkiKey(..)")
    }
}

/// A key whose private half nobody keeps.
pub(crate) fn throwaway_key(algorithm: PublicAlgorithm) -> Result<VerifyingKey, ConfigError> {
    let failed = |_| ConfigError::secret("no key could be made");
    let ecdsa = |kind| {
        let pair = EcdsaKeyPair::generate(kind).map_err(failed)?;
        let der: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(failed)?;
        VerifyingKey::from_der(der.as_ref())
    };
    match algorithm {
        PublicAlgorithm::EcdsaP256Sha256 | PublicAlgorithm::EcdsaP256Sha256Fixed => {
            ecdsa(&signature::ECDSA_P256_SHA256_ASN1_SIGNING)
        }
        PublicAlgorithm::EcdsaP521Sha512Fixed => ecdsa(&signature::ECDSA_P521_SHA512_ASN1_SIGNING),
        PublicAlgorithm::Ed25519
        | PublicAlgorithm::RsaPkcs1Sha1
        | PublicAlgorithm::RsaPkcs1Sha256
        | PublicAlgorithm::RsaPkcs1Sha256OrSha1
        | PublicAlgorithm::RsaPkcs1Sha512
        | PublicAlgorithm::RsaPssSha512 => {
            let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(failed)?;
            let der: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(failed)?;
            VerifyingKey::from_der(der.as_ref())
        }
    }
}
