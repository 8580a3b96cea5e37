//! Senders that show a signed token: what is pinned, and what a token must say.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use base64ct::{Base64UrlUnpadded, Encoding as _};
use bytes::Bytes;
use http::Request;
use http::request::Parts;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tower_webhook::capture::{Judge, Verdict};
use tower_webhook::clock::UnixTime;
use tower_webhook::scheme::{Claim, Encoding, Jwt, JwtAlgorithm, Scheme, Signer, Verifier, header};
use tower_webhook::{Reason, Secret, VerifyingKey, provider};

const NOW: u64 = 1_700_000_000;
const BODY: &[u8] = br#"{"id":"evt_1"}"#;

/// A sender with all that a token can have.
const ACME: Scheme = Scheme::jwt(
    "acme",
    header("x-acme-token"),
    &Jwt::new(&[JwtAlgorithm::Hs256])
        .claims(&[("iss", Claim::IsOneOf(&["acme"]))])
        .body_hash("body_hash", Encoding::Hex)
        .requires(&["exp", "iat"]),
)
.checked();

fn secret() -> Secret {
    Secret::new("a secret of at least sixteen bytes").unwrap()
}

fn part(value: &str) -> String {
    Base64UrlUnpadded::encode_string(value.as_bytes())
}

/// Signs whatever header and claims it is given.
fn token(header: &str, claims: &str) -> String {
    use hmac::{Hmac, KeyInit, Mac};
    let signed = format!("{}.{}", part(header), part(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret().expose()).unwrap();
    mac.update(signed.as_bytes());
    format!("{signed}.{}", Base64UrlUnpadded::encode_string(&mac.finalize().into_bytes()))
}

fn claims() -> Value {
    let hash = base16ct::lower::encode_string(&Sha256::digest(BODY));
    json!({ "iss": "acme", "iat": NOW, "exp": NOW + 60, "body_hash": hash })
}

const HS256: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

fn head(token: &str) -> Parts {
    Request::post("/acme").header("x-acme-token", token).body(()).unwrap().into_parts().0
}

#[track_caller]
fn verdict(token: &str) -> Result<(), Reason> {
    let verifier = Verifier::new(ACME, secret()).unwrap();
    let verdict = verifier.verify(&head(token), &Bytes::from_static(BODY), Some(UnixTime::from_secs(NOW)));
    verdict.map(drop).map_err(|error| error.reason())
}

fn with(change: impl FnOnce(&mut Value)) -> Result<(), Reason> {
    let mut claims = claims();
    change(&mut claims);
    verdict(&token(HS256, &claims.to_string()))
}

#[test]
fn a_token_for_this_body_passes() {
    assert_eq!(with(|_| {}), Ok(()));
    let (mut head, body) = Request::post("/acme").body(Bytes::from_static(BODY)).unwrap().into_parts();
    Signer::new(ACME, secret()).unwrap().sign(&mut head, &body, UnixTime::from_secs(NOW)).unwrap();
    let delivery = Verifier::new(ACME, secret()).unwrap().verify(&head, &body, Some(UnixTime::from_secs(NOW)));
    assert_eq!(delivery.unwrap().sent_at(), Some(UnixTime::from_secs(NOW)));
}

#[test]
fn the_algorithm_is_the_senders_and_never_the_tokens() {
    let claims = claims().to_string();
    for header in [
        r#"{"alg":"none"}"#,
        r#"{"alg":"None"}"#,
        r#"{"alg":"HS384"}"#,
        r#"{"alg":"HS512"}"#,
        r#"{"alg":"RS256"}"#,
        r#"{"alg":"hs256"}"#,
        r#"{"alg":"HS256","crit":["b64"],"b64":false}"#,
        r#"{"alg":"HS256","crit":[]}"#,
    ] {
        assert_eq!(verdict(&token(header, &claims)), Err(Reason::UnsupportedScheme), "{header}");
    }
    for header in [r#"{"alg":256}"#, "{}", "[]", "null", "", "{"] {
        assert_eq!(verdict(&token(header, &claims)), Err(Reason::MalformedSignature), "{header}");
    }
    let unsigned = format!("{}.{}.", part(r#"{"alg":"none"}"#), part(&claims));
    assert_eq!(verdict(&unsigned), Err(Reason::MalformedSignature));
}

#[test]
fn a_public_key_is_never_taken_for_a_shared_secret() {
    const EITHER: Scheme = Scheme::jwt(
        "either",
        header("x-acme-token"),
        &Jwt::new(&[JwtAlgorithm::EdDsa, JwtAlgorithm::Hs256]).claims(&[("iss", Claim::IsOneOf(&["acme"]))]),
    )
    .checked();
    let public = tower_webhook::crypto::SigningKey::from_seed(&[7; 32]).verifying_key();
    let verifier = Verifier::new(EITHER, public).unwrap();
    let forged = token(HS256, r#"{"iss":"acme"}"#);
    let refused = verifier.verify(&head(&forged), &Bytes::new(), Some(UnixTime::from_secs(NOW))).unwrap_err();
    assert_eq!(refused.reason(), Reason::SignatureMismatch);
    // A shared secret checks the very same token.
    assert!(Verifier::new(EITHER, secret()).unwrap().verify(&head(&forged), &Bytes::new(), None).is_ok());
    assert!(Verifier::new(ACME, VerifyingKey::from_bytes([1; 32])).is_err());
    assert!(Verifier::new(provider::PLAID, secret()).is_err());
}

#[test]
fn what_a_token_says_is_held_against_the_delivery() {
    assert_eq!(with(|claims| claims["iss"] = json!("somebody")), Err(Reason::SignatureMismatch));
    assert_eq!(with(|claims| claims["iss"] = json!(["acme"])), Err(Reason::SignatureMismatch));
    assert_eq!(with(|claims| claims["body_hash"] = json!("00")), Err(Reason::SignatureMismatch));
    for missing in ["iss", "body_hash"] {
        let removed = with(|claims| drop(claims.as_object_mut().unwrap().remove(missing)));
        assert_eq!(removed, Err(Reason::SignatureMismatch), "{missing}");
    }
    assert_eq!(verdict(&token(HS256, "[]")), Err(Reason::MalformedSignature));
    let other = Verifier::new(ACME, secret()).unwrap();
    let good = head(&token(HS256, &claims().to_string()));
    for body in [&b""[..], b"{}"] {
        let refused = other.verify(&good, &Bytes::copy_from_slice(body), Some(UnixTime::from_secs(NOW))).unwrap_err();
        assert_eq!(refused.reason(), Reason::SignatureMismatch);
    }
}

#[test]
fn times_are_judged_by_our_clock_in_both_directions() {
    let old = Err(Reason::TimestampTooOld);
    let ahead = Err(Reason::TimestampInFuture);
    for (claim, time, expected) in [
        ("exp", json!(NOW - 5), Ok(())),
        ("exp", json!(NOW - 6), old),
        ("nbf", json!(NOW + 5), Ok(())),
        ("nbf", json!(NOW + 6), ahead),
        ("iat", json!(NOW - 300), Ok(())),
        ("iat", json!(NOW - 301), old),
        ("iat", json!(NOW + 300), Ok(())),
        ("iat", json!(NOW + 301), ahead),
        ("exp", json!(1_700_000_060.5), Ok(())),
        ("exp", json!(-1), Err(Reason::MalformedTimestamp)),
        ("exp", json!("1700000060"), Err(Reason::MalformedTimestamp)),
        ("iat", json!(1e300), Err(Reason::MalformedTimestamp)),
        ("iat", json!(u64::MAX), Err(Reason::MalformedTimestamp)),
        ("nbf", json!(null), Err(Reason::MalformedTimestamp)),
    ] {
        assert_eq!(with(|claims| claims[claim] = time.clone()), expected, "{claim} {time}");
    }
    for missing in ["exp", "iat"] {
        let removed = with(|claims| drop(claims.as_object_mut().unwrap().remove(missing)));
        assert_eq!(removed, Err(Reason::MissingTimestamp), "{missing}");
    }
}

#[test]
fn what_is_no_token_is_refused_before_the_body() {
    let good = token(HS256, &claims().to_string());
    let parts: Vec<_> = good.split('.').collect();
    for wrong in [
        "",
        ".",
        "..",
        "a.b",
        "a.b.",
        ".b.c",
        "a..c",
        &format!("{good}."),
        &format!("{good}.{}", parts[2]),
        &format!("{}.{}", parts[0], parts[1]),
        &format!("{good}="),
        &format!(" {good}"),
        &"a.".repeat(9000),
        &format!("{}.{}.{}", parts[0], parts[1], "A".repeat(16 * 1024)),
        &format!("{}.{}.{}", part(&"[".repeat(8000)), parts[1], parts[2]),
        &format!("{}.{}.{}", parts[0], parts[1], &parts[2][1..]),
    ] {
        let refused = verdict(wrong).unwrap_err();
        assert_eq!(refused.status(), 401, "{wrong}");
    }
}

#[test]
fn the_published_cases_of_messagebird_get_the_published_verdict() {
    let mut judge = Judge::new();
    let mut verdicts = [0, 0];
    for line in include_str!("published/messagebird.jsonl").lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let judged = judge.judge_line(line.as_bytes());
        match case["verdict"].as_str().unwrap() {
            "accept" => {
                assert_eq!(*judged.verdict(), Verdict::Accept, "{}", case["what"]);
                verdicts[0] += 1;
            }
            _ => {
                assert!(matches!(judged.verdict(), Verdict::Reject(_)), "{}: {judged:?}", case["what"]);
                verdicts[1] += 1;
            }
        }
    }
    assert_eq!(verdicts, [24, 20]);
}
