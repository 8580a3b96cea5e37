//! Which keys count, and under which names.

use bytes::Bytes;
use http::{HeaderValue, Request};

use super::super::keyring::Keyring;
use super::super::{KeyName, Part, Scheme, Signer, TimestampFormat, Verifier, item};
use crate::clock::UnixTime;
use crate::encoding::Encoding;
use crate::provider;
use crate::rejection::Reason;
use crate::secret::{Secret, Secrets};

const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

fn secret(text: &str) -> Secret {
    Secret::new(text).unwrap()
}

#[test]
fn an_id_of_256_characters_is_a_name_and_a_longer_one_is_none() {
    assert!(KeyName::id(&"k".repeat(256)).is_ok());
    assert_eq!(KeyName::id(&"k".repeat(257)).unwrap_err().reason(), Reason::UnknownKey);
}

#[test]
fn the_key_that_matched_last_is_tried_first() {
    let secrets = Secrets::named("a", secret("a secret of at least sixteen bytes"))
        .and("b", secret("another of at least sixteen bytes"))
        .and("c", secret("a third one of sixteen bytes"));
    let ring = Keyring::new(&provider::GITHUB, &secrets).unwrap();
    let order = || ring.active(Some(NOW)).map(|(at, _)| at).collect::<Vec<_>>();
    assert_eq!(order(), [0, 1, 2]);
    ring.matched(2);
    assert_eq!(order(), [2, 0, 1]);
    ring.matched(2);
    assert_eq!(order(), [2, 0, 1]);
}

#[test]
fn nobody_has_keys_of_the_kind_that_the_sender_uses() {
    // Public keys are made with the features that verify under them.
    let (shared, public): (Vec<&Scheme>, Vec<_>) = provider::ALL.iter().partition(|scheme| !scheme.needs_public_key());
    assert!(shared.len() > 200 && !public.is_empty());
    for scheme in shared {
        let keys = scheme.throwaway_keys().unwrap();
        assert!(Keyring::new(scheme, &keys).is_ok(), "{}", scheme.name());
    }
    for scheme in public {
        match scheme.throwaway_keys() {
            Ok(keys) => assert!(Keyring::new(scheme, &keys).is_ok(), "{}", scheme.name()),
            Err(error) => {
                let all = cfg!(all(feature = "ecdsa", feature = "ed25519", feature = "rsa"));
                assert!(!all, "{}: {error}", scheme.name());
            }
        }
    }
}

#[test]
fn a_time_that_is_written_several_times_must_be_the_same_each_time() {
    const ACME: Scheme = Scheme::hmac_sha256("acme")
        .signature(item("x-acme", ',', "v1").grouped(' '), Encoding::Hex)
        .timestamp(item("x-acme", ',', "t").grouped(' '), TimestampFormat::UnixSeconds)
        .signed(&[Part::Timestamp, Part::Lit("."), Part::Body]);
    let key = secret("a secret of at least sixteen bytes");
    let body = Bytes::from_static(b"{}");
    let (mut head, ()) = Request::post("/").body(()).unwrap().into_parts();
    Signer::new(ACME, key.clone()).unwrap().sign(&mut head, &body, NOW).unwrap();
    let signed = head.headers["x-acme"].to_str().unwrap().to_owned();
    let verifier = Verifier::new(ACME, key).unwrap();
    let mut verify = |line: String| {
        head.headers.insert("x-acme", HeaderValue::try_from(line).unwrap());
        verifier.verify(&head, &body, Some(NOW)).map(drop).map_err(|error| error.reason())
    };
    let other = |time: &str| format!("t={time},v1={}", "00".repeat(32));
    let (same, later) = (other("1700000000"), other("1700000001"));
    assert_eq!(verify(format!("{signed} {same} {same}")), Ok(()));
    assert_eq!(verify(format!("{same} {same} {signed}")), Ok(()));
    assert_eq!(verify(format!("{signed} {same} {later}")), Err(Reason::MalformedTimestamp));
    assert_eq!(verify(format!("{signed} {later}")), Err(Reason::MalformedTimestamp));
}

#[test]
fn a_blank_is_skipped_behind_a_separator_only() {
    let list = item("x-acme", ',', "t").spaced().list.unwrap();
    assert_eq!(list.split(" a, b,  c,d").collect::<Vec<_>>(), [" a", "b", " c", "d"]);
    let kept = item("x-acme", ',', "t").list.unwrap();
    assert_eq!(kept.split(" a, b").collect::<Vec<_>>(), [" a", " b"]);
}

/// Of RFC 8037 appendix A.2.
#[cfg(feature = "ed25519")]
fn ed25519_set(algorithm: &str) -> crate::verifying_key::KeyDocument {
    crate::verifying_key::KeyDocument::jwks(&format!(
        r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","kid":"k1",{algorithm}
            "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}}]}}"#
    ))
    .unwrap()
}

#[cfg(feature = "ed25519")]
#[test]
fn a_key_that_says_another_algorithm_is_not_taken() {
    let name = KeyName::in_set("https://keys.example/jwks", Some("k1")).unwrap();
    let taken = |scheme: &Scheme, algorithm| Keyring::fetched(scheme, &name, &ed25519_set(algorithm)).is_some();
    for good in ["", r#""alg":"EdDSA","#, r#""alg":"Ed25519","#] {
        assert!(taken(&provider::DISCORD, good), "{good}");
    }
    for other in [r#""alg":"ES256","#, r#""alg":"RS256","#] {
        assert!(!taken(&provider::DISCORD, other), "{other}");
    }
}

#[cfg(feature = "rsa")]
#[test]
fn an_rsa_key_for_another_hash_is_not_taken() {
    use super::super::header;
    use crate::crypto::PublicAlgorithm;

    // Of RFC 7517 appendix A.1.
    const N: &str = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCi\
        FV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdA\
        ZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8\
        awapJzKnqDKgw";
    let name = KeyName::in_set("https://keys.example/jwks", None).unwrap();
    let taken = |by: PublicAlgorithm, algorithm: &str| {
        let set = format!(r#"{{"keys":[{{"kty":"RSA","n":"{N}",{algorithm}"e":"AQAB"}}]}}"#);
        let document = crate::verifying_key::KeyDocument::jwks(&set).unwrap();
        let scheme = Scheme::public_key("acme", by).signature(header("x-acme"), Encoding::Base64);
        Keyring::fetched(&scheme, &name, &document).is_some()
    };
    for (by, own, other) in [
        (PublicAlgorithm::RsaPkcs1Sha256, "RS256", "RS512"),
        (PublicAlgorithm::RsaPkcs1Sha512, "RS512", "PS512"),
        (PublicAlgorithm::RsaPssSha512, "PS512", "RS512"),
    ] {
        let named = |algorithm: &str| format!(r#""alg":"{algorithm}","#);
        assert!(taken(by, "") && taken(by, &named(own)), "{own}");
        assert!(!taken(by, &named(other)), "{own} {other}");
    }
    assert!(taken(PublicAlgorithm::RsaPkcs1Sha1, "") && !taken(PublicAlgorithm::RsaPkcs1Sha1, r#""alg":"RS256","#));
}

#[cfg(feature = "cli")]
#[test]
fn a_hash_is_chosen_where_the_sender_lets_its_users_choose() {
    let hashes = ["md5", "sha1", "sha256", "sha384", "sha512"].map(|hash| provider::GITHUB.with_hash(hash).unwrap());
    let text = secret("a secret of at least sixteen bytes");
    let (head, ()) = Request::post("/").body(()).unwrap().into_parts();
    let lengths = hashes.map(|scheme| {
        let mut head = head.clone();
        Signer::new(scheme, text.clone()).unwrap().sign(&mut head, &Bytes::new(), NOW).unwrap();
        head.headers["x-hub-signature-256"].len() - "sha256=".len()
    });
    assert_eq!(lengths, [32, 40, 64, 96, 128]);
    assert!(provider::GITHUB.with_hash("sha3").is_none());
}

#[cfg(all(feature = "cli", feature = "ed25519"))]
#[test]
fn a_key_set_is_read_as_keys_only_where_the_sender_has_public_ones() {
    const SET: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
        {"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
    assert!(provider::DISCORD.takes_public_key() && !provider::GITHUB.takes_public_key());
    assert_eq!(provider::DISCORD.keys_as_configured(SET).unwrap().len(), 2);
    assert_eq!(provider::GITHUB.keys_as_configured(SET).unwrap().len(), 1, "a secret may look like anything");
}

#[cfg(feature = "cli")]
#[test]
fn tokens_of_which_some_algorithms_have_public_keys_take_one() {
    use super::super::{Jwt, JwtAlgorithm, header};

    const SHARED: Scheme = Scheme::jwt("acme", header("x-acme"), &Jwt::new(&[JwtAlgorithm::Hs256]));
    const EITHER: Scheme =
        Scheme::jwt("acme", header("x-acme"), &Jwt::new(&[JwtAlgorithm::Hs256, JwtAlgorithm::Es256]));
    assert!(EITHER.takes_public_key() && !SHARED.takes_public_key());
}

#[test]
fn a_signature_that_stands_beside_what_it_signs_is_told_and_any_other_is_not() {
    let key = secret("a secret of at least sixteen bytes");
    let (head, ()) = Request::post("/").body(()).unwrap().into_parts();
    let body = Bytes::from_static(
        br#"{"signature":{"timestamp":"1700000000","token":"t1","signature":""},"event-data":{"event":"delivered"}}"#,
    );
    let beside = |scheme: &Scheme| Signer::new(*scheme, key.clone()).unwrap().signature_beside(&head, &body).unwrap();
    let signature = beside(&provider::MAILGUN).unwrap();
    assert!(signature.len() == 64 && signature.bytes().all(|byte| byte.is_ascii_hexdigit()), "{signature}");
    assert_eq!(beside(&provider::GITHUB), None);
}
