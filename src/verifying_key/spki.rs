//! A SubjectPublicKeyInfo around the numbers of a key.

use x509_cert::der::asn1::{BitString, UintRef};
use x509_cert::der::oid::ObjectIdentifier;
use x509_cert::der::{self, Any, Encode, Tag};
use x509_cert::spki::{AlgorithmIdentifier, SubjectPublicKeyInfoOwned};

/// `rsaEncryption` of [RFC 8017 appendix C](https://www.rfc-editor.org/rfc/rfc8017#appendix-C).
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// `id-ecPublicKey` and the curves of [RFC 5480 §2.1.1](https://www.rfc-editor.org/rfc/rfc5480#section-2.1.1).
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
pub(super) const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
pub(super) const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
pub(super) const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");

/// Around the key of [RFC 8017 appendix A.1.1](https://www.rfc-editor.org/rfc/rfc8017#appendix-A.1.1).
pub(super) fn rsa_key(key: &[u8]) -> der::Result<Vec<u8>> {
    info(RSA, Any::null(), key)
}

/// Around modulus and exponent.
pub(super) fn rsa_key_of(modulus: &[u8], exponent: &[u8]) -> der::Result<Vec<u8>> {
    let numbers = [UintRef::new(modulus)?.to_der()?, UintRef::new(exponent)?.to_der()?].concat();
    rsa_key(&Any::new(Tag::Sequence, numbers)?.to_der()?)
}

/// Around a point that is written without compression.
pub(super) fn ec_key(curve: ObjectIdentifier, point: &[u8]) -> der::Result<Vec<u8>> {
    info(EC, Any::encode_from(&curve)?, point)
}

fn info(algorithm: ObjectIdentifier, parameters: Any, key: &[u8]) -> der::Result<Vec<u8>> {
    SubjectPublicKeyInfoOwned {
        algorithm: AlgorithmIdentifier { oid: algorithm, parameters: Some(parameters) },
        subject_public_key: BitString::from_bytes(key)?,
    }
    .to_der()
}
