//! JSON Web Tokens: what passes, and every way in which one does not.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use std::time::Duration;

use base64ct::{Base64, Base64UrlUnpadded, Encoding as _};
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::Request;
use http::request::Parts;
use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tower_webhook::capture::{Judge, Verdict};
use tower_webhook::clock::UnixTime;
use tower_webhook::scheme::{
    Claim, Coverage, Encoding, Jwt, JwtAlgorithm, Part, Scheme, Sender, Signer, UrlScheme, Verifier, VerifyError, body,
    header,
};

use tower_webhook::{Delivery, Reason, Secret, VerifyingKey, provider};

const SECRET: &str = "a secret of at least sixteen bytes";
const URL: &str = "https://hooks.example.com/acme?a=1";
const NOW: u64 = 1_700_000_000;
const BODY: &[u8] = br#"{"id":1}"#;

const ACME: UrlScheme = UrlScheme::new(
    Scheme::jwt(
        "acme",
        header("x-token"),
        &Jwt::new(&[JwtAlgorithm::Hs256, JwtAlgorithm::Es256])
            .claims(&[
                ("iss", Claim::IsOneOf(&["acme"])),
                ("aud", Claim::IsKeyId),
                ("url", Claim::IsUrlHash),
                ("sub", Claim::IsUrl),
                ("verified", Claim::IsTrue),
            ])
            .requires(&["exp", "jti"])
            .body_hash("hash", Encoding::Base64Url)
            .leeway(Duration::from_secs(10)),
    )
    .tolerance(Duration::from_secs(10))
    .checked(),
);

fn acme() -> Sender {
    ACME.at(URL).unwrap().key_id("me").unwrap()
}

fn claims() -> Value {
    json!({
        "iss": "acme", "aud": "me", "exp": NOW + 60, "nbf": NOW, "iat": NOW, "jti": "id-1", "kind": 7,
        "url": base16ct::lower::encode_string(&Sha256::digest(URL)), "sub": URL,
        "hash": Base64UrlUnpadded::encode_string(&Sha256::digest(BODY)), "verified": true,
    })
}

fn text(bytes: impl AsRef<[u8]>) -> String {
    Base64UrlUnpadded::encode_string(bytes.as_ref())
}

/// Signed with HMAC-SHA-256, whatever the header says.
fn token(header: &str, payload: &str, secret: &[u8]) -> String {
    let signed = format!("{}.{}", text(header), text(payload));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
    mac.update(signed.as_bytes());
    format!("{signed}.{}", text(mac.finalize().into_bytes()))
}

const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

fn request(name: &str, token: &str) -> Parts {
    Request::post("/acme").header(name, token).body(()).unwrap().into_parts().0
}

fn verify_with(token: &str, body: &'static [u8], now: u64) -> Result<Delivery, VerifyError> {
    let verifier = Verifier::new(acme(), Secret::new(SECRET).unwrap()).unwrap();
    verifier.verify(&request("x-token", token), &Bytes::from_static(body), Some(UnixTime::from_secs(now)))
}

#[track_caller]
fn assert_refused(token: &str, reason: Reason) {
    let refused = verify_with(token, BODY, NOW).expect_err(token);
    assert_eq!(refused.reason(), reason, "{refused}: {token:.100}");
}

#[track_caller]
fn assert_claims_refused(change: impl FnOnce(&mut Value), reason: Reason) {
    let mut claims = claims();
    change(&mut claims);
    assert_refused(&token(HEADER, &claims.to_string(), SECRET.as_bytes()), reason);
}

#[test]
fn a_token_that_says_all_it_must_passes() {
    let delivery = verify_with(&token(HEADER, &claims().to_string(), SECRET.as_bytes()), BODY, NOW).unwrap();
    assert_eq!((delivery.provider(), delivery.coverage()), ("acme", Coverage::Body));
    // Types are compared without case, and may be missing.
    for header in [r#"{"alg":"HS256"}"#, r#"{"typ":"jwt","alg":"HS256","kid":"x","jku":"https://evil.example"}"#] {
        assert!(verify_with(&token(header, &claims().to_string(), SECRET.as_bytes()), BODY, NOW).is_ok());
    }
}

#[test]
fn an_audience_is_the_configured_url_with_the_query_of_the_request_or_without() {
    const PUSHED: UrlScheme = UrlScheme::new(
        Scheme::jwt(
            "acme",
            header("x-token"),
            &Jwt::new(&[JwtAlgorithm::Hs256]).claims(&[("aud", Claim::IsAudience)]).requires(&["exp"]),
        )
        .checked(),
    );
    let verdict = |configured: &str, audience: &str| {
        let verifier = Verifier::new(PUSHED.at(configured).unwrap(), Secret::new(SECRET).unwrap()).unwrap();
        let claims = json!({ "aud": audience, "exp": NOW + 60 }).to_string();
        let mut head = request("x-token", &token(HEADER, &claims, SECRET.as_bytes()));
        head.uri = "/push?token=t".parse().unwrap();
        verifier.verify(&head, &Bytes::from_static(BODY), Some(UnixTime::from_secs(NOW))).map(drop)
    };
    let url = "https://hooks.example.com/push";
    let called = format!("{url}?token=t");
    assert!(verdict(url, url).is_ok() && verdict(url, &called).is_ok() && verdict(&called, &called).is_ok());
    assert!(verdict(&called, url).is_err(), "what is configured counts");
    for other in ["https://hooks.example.com", "https://hooks.example.com/push?token=u", ""] {
        assert_eq!(verdict(url, other).unwrap_err().reason(), Reason::SignatureMismatch, "{other}");
    }
}

/// <https://www.rfc-editor.org/rfc/rfc9864>
#[cfg(feature = "ed25519")]
#[test]
fn ed25519_goes_by_its_old_name_and_by_its_new_one() {
    use ed25519_dalek::{Signer as _, SigningKey};

    const SIGNED: Scheme = Scheme::jwt("acme", header("x-token"), &Jwt::new(&[JwtAlgorithm::EdDsa])).checked();
    let key = SigningKey::from_bytes(&[7; 32]);
    let verifier = Verifier::new(SIGNED, VerifyingKey::from_bytes(key.verifying_key().to_bytes())).unwrap();
    let verdict = |algorithm: &str| {
        let signed = format!("{}.{}", text(format!(r#"{{"alg":"{algorithm}"}}"#)), text(r#"{"exp":1700000060}"#));
        let token = format!("{signed}.{}", text(key.sign(signed.as_bytes()).to_bytes()));
        verifier.verify(&request("x-token", &token), &Bytes::new(), Some(UnixTime::from_secs(NOW))).map(drop)
    };
    assert!(verdict("EdDSA").is_ok() && verdict("Ed25519").is_ok());
    for other in ["ed25519", "Ed448", "ES256", "none"] {
        assert_eq!(verdict(other).unwrap_err().reason(), Reason::UnsupportedScheme, "{other}");
    }
}

#[test]
fn a_token_may_have_sixteen_kibibytes() {
    let mut claims = claims();
    let room = 16 * 1024 - token(HEADER, &claims.to_string(), SECRET.as_bytes()).len();
    claims["more"] = "a".repeat(room / 4 * 3 - r#","more":"""#.len()).into();
    let longest = token(HEADER, &claims.to_string(), SECRET.as_bytes());
    assert!((16 * 1024 - 4..=16 * 1024).contains(&longest.len()), "{}", longest.len());
    assert!(verify_with(&longest, BODY, NOW).is_ok());
}

#[test]
fn another_algorithm_is_refused_before_anything_else() {
    let payload = claims().to_string();
    for alg in [r#""none""#, r#""None""#, r#""HS384""#, r#""hs256""#, r#""RS256""#, r#""HS256 ""#] {
        let header = format!(r#"{{"alg":{alg},"typ":"JWT"}}"#);
        assert_refused(&token(&header, "not even JSON", b"x"), Reason::UnsupportedScheme);
        assert_refused(&token(&header, &payload, SECRET.as_bytes()), Reason::UnsupportedScheme);
    }
    assert_refused(&token(r#"{"typ":"JWT"}"#, &payload, SECRET.as_bytes()), Reason::MalformedSignature);
    let unsigned = format!("{}.{}.", text(r#"{"alg":"none"}"#), text(&payload));
    assert_refused(&unsigned, Reason::MalformedSignature);
    // One of the sender's algorithms, but no algorithm of a shared secret.
    let es256 = format!("{}.{}.{}", text(r#"{"alg":"ES256"}"#), text(&payload), text([1; 64]));
    assert_refused(&es256, Reason::SignatureMismatch);
}

#[test]
fn a_public_key_is_never_a_shared_secret() {
    let (der, _) = published("vectors/plaid", "plaid-made");
    let key = VerifyingKey::from_base64(&der).unwrap();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{der}\n-----END PUBLIC KEY-----\n");
    let verifier = Verifier::new(acme(), key).unwrap();
    let der = Base64::decode_vec(&der).unwrap();
    for secret in [pem.as_bytes(), pem.trim_end().as_bytes(), &der, &der[der.len() - 65..]] {
        let forged = request("x-token", &token(HEADER, &claims().to_string(), secret));
        let refused = verifier.verify(&forged, &Bytes::from_static(BODY), Some(UnixTime::from_secs(NOW))).unwrap_err();
        assert_eq!(refused.reason(), Reason::SignatureMismatch);
    }
    assert!(Verifier::new(acme(), Secret::new(pem.as_str()).unwrap()).is_err(), "the PEM is no secret");
    assert!(Verifier::new(provider::PLAID, Secret::new(SECRET).unwrap()).is_err());
    assert!(Verifier::new(provider::NETLIFY, VerifyingKey::from_bytes([7; 32])).is_err());
}

#[test]
fn what_a_header_calls_critical_is_not_known() {
    for more in
        [r#""crit":["exp"]"#, r#""crit":[]"#, r#""crit":null"#, r#""b64":false,"crit":["b64"]"#, r#""b64":true"#]
    {
        let header = format!(r#"{{"alg":"HS256",{more}}}"#);
        assert_refused(&token(&header, &claims().to_string(), SECRET.as_bytes()), Reason::UnsupportedScheme);
    }
    for typ in [r#""at+jwt""#, r#""JWE""#, r#""""#, "null", "1"] {
        let header = format!(r#"{{"alg":"HS256","typ":{typ}}}"#);
        assert_refused(&token(&header, &claims().to_string(), SECRET.as_bytes()), Reason::UnsupportedScheme);
    }
}

#[test]
fn a_token_is_three_texts_of_canonical_base64url() {
    let good = token(HEADER, &claims().to_string(), SECRET.as_bytes());
    let parts: Vec<_> = good.split('.').collect();
    let padded = format!("{}=.{}.{}", parts[0], parts[1], parts[2]);
    let long = token(HEADER, &format!("{{\"a\":\"{}\"}}", "a".repeat(16 * 1024)), SECRET.as_bytes());
    for wrong in [
        format!("{good}."),
        format!(".{good}"),
        format!("{good}.."),
        format!("{good}="),
        format!("{good} "),
        format!(" {good}"),
        format!("{good}AAAA"),
        good[..good.len() - 1].to_owned(),
        format!("{}.{}", parts[0], parts[1]),
        format!("{}..{}", parts[0], parts[2]),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{good}.{}.{}", parts[1], parts[2]),
        good.replace('-', "+").replace('_', "/") + "+",
        padded,
        "..".to_owned(),
        "a".to_owned(),
        long,
    ] {
        let refused = verify_with(&wrong, BODY, NOW).expect_err(&wrong).reason();
        // What is canonical and too short or too long is a signature of something else.
        assert!(matches!(refused, Reason::MalformedSignature | Reason::SignatureMismatch), "{refused}: {wrong:.100}");
    }
    let missing = Request::post("/acme").body(()).unwrap().into_parts().0;
    let verifier = Verifier::new(acme(), Secret::new(SECRET).unwrap()).unwrap();
    let refused = verifier.verify(&missing, &Bytes::new(), Some(UnixTime::from_secs(NOW))).unwrap_err();
    assert_eq!(refused.reason(), Reason::MissingSignature);
    let mut twice = request("x-token", &good);
    twice.headers.append("x-token", good.parse().unwrap());
    let refused = verifier.verify(&twice, &Bytes::new(), Some(UnixTime::from_secs(NOW))).unwrap_err();
    assert_eq!(refused.reason(), Reason::MalformedSignature);
}

#[test]
fn json_that_says_something_twice_or_nests_without_end_is_none() {
    let payload = claims().to_string();
    let deep = format!(r#"{{"alg":"HS256","a":{}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    let less_deep = format!(r#"{{"alg":"HS256","a":{}{}}}"#, "[".repeat(200), "]".repeat(200));
    for header in [
        r#"{"alg":"HS256","alg":"HS256"}"#,
        r#"{"alg":"none","alg":"HS256"}"#,
        r#"{"alg":"HS256","\u0061lg":"none"}"#,
        r#"{"alg":"HS256"} {}"#,
        r#"["alg","HS256"]"#,
        r#""HS256""#,
        "",
        "{",
        &deep,
        &less_deep,
    ] {
        assert_refused(&token(header, &payload, SECRET.as_bytes()), Reason::MalformedSignature);
    }
    let twice = format!(r#"{{"iss":"evil",{}"#, &payload[1..]);
    for payload in [&twice, "[]", "null", "x", &payload[1..], &format!("{payload}{payload}")] {
        assert_refused(&token(HEADER, payload, SECRET.as_bytes()), Reason::MalformedSignature);
    }
}

#[test]
fn times_are_those_of_our_own_clock_with_the_tolerance() {
    let good = token(HEADER, &claims().to_string(), SECRET.as_bytes());
    let at = |now| verify_with(&good, BODY, now).map_err(|error| error.reason()).err();
    assert_eq!(at(NOW + 70), None);
    assert_eq!(at(NOW + 71), Some(Reason::TimestampTooOld));
    assert_eq!(at(NOW - 10), None);
    assert_eq!(at(NOW - 11), Some(Reason::TimestampInFuture));

    for name in ["nbf", "iat"] {
        assert_claims_refused(|claims| claims[name] = json!(NOW + 11), Reason::TimestampInFuture);
        assert_claims_refused(|claims| claims[name] = json!(u64::MAX), Reason::MalformedTimestamp);
    }
    assert_claims_refused(|claims| claims["exp"] = json!(NOW - 11), Reason::TimestampTooOld);
    assert_claims_refused(|claims| claims["exp"] = json!(0), Reason::TimestampTooOld);
    assert_claims_refused(
        |claims| {
            claims.as_object_mut().unwrap().remove("exp");
        },
        Reason::MissingTimestamp,
    );
    for name in ["exp", "nbf", "iat"] {
        for wrong in [json!("1700000000"), json!(null), json!(-1), json!(true), json!([NOW]), json!(1e300), json!({})] {
            assert_claims_refused(|claims| claims[name] = wrong, Reason::MalformedTimestamp);
        }
    }
    let mut fraction = claims();
    fraction["exp"] = json!(1_700_000_060.75);
    assert!(verify_with(&token(HEADER, &fraction.to_string(), SECRET.as_bytes()), BODY, NOW).is_ok());
}

#[test]
fn a_token_that_never_ends_counts_for_the_tolerance() {
    let netlify = |claims: Value, now| {
        let head = request("x-webhook-signature", &token(HEADER, &claims.to_string(), SECRET.as_bytes()));
        let verifier = Verifier::new(provider::NETLIFY, Secret::new(SECRET).unwrap()).unwrap();
        verifier.verify(&head, &Bytes::new(), now).map_err(|error| error.reason()).err()
    };
    let now = |seconds| Some(UnixTime::from_secs(seconds));
    let timed = json!({"iss": "netlify", "iat": NOW});
    assert_eq!(netlify(timed.clone(), now(NOW + 300)), None);
    assert_eq!(netlify(timed.clone(), now(NOW + 301)), Some(Reason::TimestampTooOld));
    assert_eq!(netlify(timed, None), Some(Reason::Misconfigured));
    assert_eq!(netlify(json!({"iss": "netlify"}), None), None);
}

#[test]
fn each_claim_must_be_what_the_sender_says() {
    let mismatch = Reason::SignatureMismatch;
    for wrong in [json!("Acme"), json!("acme "), json!(""), json!(1), json!(null), json!(["acme", "evil"]), json!({})] {
        assert_claims_refused(|claims| claims["iss"] = wrong, mismatch);
    }
    for wrong in [json!("you"), json!(""), json!(["me", "you"])] {
        assert_claims_refused(|claims| claims["aud"] = wrong, mismatch);
    }
    for wrong in [json!("https://hooks.example.com/acme"), json!("https://hooks.example.com/acme?a=2"), json!(null)] {
        assert_claims_refused(|claims| claims["sub"] = wrong, mismatch);
    }
    assert_claims_refused(|claims| claims["url"] = json!("00".repeat(32)), mismatch);
    for wrong in [json!(false), json!("true"), json!(1)] {
        assert_claims_refused(|claims| claims["verified"] = wrong, mismatch);
    }
    assert_claims_refused(|claims| claims["jti"] = json!(null), Reason::MalformedSignature);
    for (name, reason) in [("jti", Reason::MalformedSignature), ("iss", mismatch), ("aud", mismatch), ("url", mismatch)]
    {
        assert_claims_refused(
            |claims| {
                claims.as_object_mut().unwrap().remove(name);
            },
            reason,
        );
    }
}

#[test]
fn the_body_is_the_one_of_the_token_or_the_token_has_none() {
    let mismatch = Reason::SignatureMismatch;
    let hash = |body: &[u8]| json!(Base64UrlUnpadded::encode_string(&Sha256::digest(body)));
    assert_claims_refused(|claims| claims["hash"] = hash(b"{\"id\":2}"), mismatch);
    assert_claims_refused(
        |claims| {
            claims.as_object_mut().unwrap().remove("hash");
        },
        mismatch,
    );
    for wrong in [json!(""), json!(null), json!(base16ct::lower::encode_string(&Sha256::digest(BODY)))] {
        assert_claims_refused(|claims| claims["hash"] = wrong, mismatch);
    }
    let good = token(HEADER, &claims().to_string(), SECRET.as_bytes());
    assert_eq!(verify_with(&good, b"", NOW).unwrap_err().reason(), mismatch, "the body was taken away");
    assert_eq!(verify_with(&good, b"{\"id\":1} ", NOW).unwrap_err().reason(), mismatch);
    let mut empty = claims();
    empty.as_object_mut().unwrap().remove("hash");
    let token = |claims: &Value| token(HEADER, &claims.to_string(), SECRET.as_bytes());
    assert!(verify_with(&token(&empty), b"", NOW).is_ok());
    empty["hash"] = hash(b"");
    assert!(verify_with(&token(&empty), b"", NOW).is_ok());
}

fn vectors(name: &str) -> Vec<Value> {
    let path = format!("{}/tests/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The key and the whole of a vector.
fn published(name: &str, id: &str) -> (String, Value) {
    let vector = vectors(name).into_iter().find(|vector| vector["id"] == id).unwrap();
    (vector["secret"].as_str().unwrap().to_owned(), vector)
}

#[test]
fn the_44_reference_cases_of_messagebird_have_the_published_verdict() {
    let mut judge = Judge::new();
    let (mut accepted, mut refused) = (0, 0);
    for line in include_str!("published/messagebird.jsonl").lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let judged = judge.judge_line(line.as_bytes());
        let accepts = matches!(judged.verdict(), Verdict::Accept);
        assert!(accepts || matches!(judged.verdict(), Verdict::Reject(_)), "{}: {judged:?}", case["what"]);
        assert_eq!(accepts, case["verdict"] == "accept", "{}: {judged:?}", case["what"]);
        *(if accepts { &mut accepted } else { &mut refused }) += 1;
    }
    assert_eq!((accepted, refused), (24, 20));
}

#[test]
fn a_body_that_is_a_token_is_nothing_else() {
    const WHOLE: Scheme = Scheme::jwt("whole", body(), &Jwt::new(&[JwtAlgorithm::Hs256])).checked();
    let verify = |body: &str| {
        let head = Request::post("/").body(()).unwrap().into_parts().0;
        let verifier = Verifier::new(WHOLE, Secret::new(SECRET).unwrap()).unwrap();
        verifier.verify(&head, &Bytes::from(body.to_owned()), None).map_err(|error| error.reason()).err()
    };
    let good = token(HEADER, "{}", SECRET.as_bytes());
    assert_eq!(verify(&good), None);
    assert_eq!(verify(""), Some(Reason::MalformedSignature));
    for wrong in [format!("{good}\n"), format!("\"{good}\""), format!("{{\"token\":\"{good}\"}}"), "é.é.é".to_owned()]
    {
        assert_eq!(verify(&wrong), Some(Reason::MalformedSignature), "{wrong}");
    }
    assert_eq!(verify(&token(HEADER, "{}", b"another secret")), Some(Reason::SignatureMismatch));
    assert_eq!(verify(&token(r#"{"alg":"none"}"#, "{}", b"x")), Some(Reason::UnsupportedScheme));
}

#[test]
fn what_we_sign_passes_and_without_a_shared_secret_nothing_is_signed() {
    let signer = Signer::new(acme(), Secret::new(SECRET).unwrap()).unwrap();
    for body in [BODY, b""] {
        let mut head = Request::post("/acme").body(()).unwrap().into_parts().0;
        let (body, now) = (Bytes::from_static(body), UnixTime::from_secs(NOW));
        signer.sign(&mut head, &body, now).unwrap();
        let verifier = Verifier::new(acme(), Secret::new(SECRET).unwrap()).unwrap();
        assert!(verifier.verify(&head, &body, Some(now)).is_ok());
        assert!(verifier.verify(&head, &Bytes::from_static(b"x"), Some(now)).is_err());
    }
    for scheme in [provider::WIX, provider::PLAID, provider::SALEOR] {
        let error = Signer::new(scheme, Secret::new(SECRET).unwrap()).unwrap_err();
        assert!(error.to_string().contains("does not sign with a shared secret"), "{error}");
    }
}

#[test]
fn a_description_of_a_token_that_makes_no_sense_is_named() {
    const JWT: Jwt = Jwt::new(&[JwtAlgorithm::Hs256]);
    const NOTHING: Jwt = Jwt::new(&[]);
    const LENIENT: Jwt = JWT.leeway(Duration::from_secs(300));
    const TOO_LENIENT: Jwt = JWT.leeway(Duration::from_secs(301));
    assert_eq!(Scheme::jwt("acme", header("x-token"), &LENIENT).problem(), None);
    for (scheme, word) in [
        (Scheme::jwt("acme", header("x-token"), &NOTHING), "some algorithm"),
        (Scheme::jwt("acme", header("x-token"), &TOO_LENIENT), "five minutes"),
        (Scheme::jwt("acme", header("X-Token"), &JWT), "lower case"),
        (Scheme::hmac_sha256("acme").signature(body(), Encoding::Hex), "whole body"),
        (Scheme::jwt("acme", header("x-token"), &JWT).signed(&[Part::Body]), "one of its claims"),
    ] {
        let problem = scheme.problem().unwrap_or_default();
        assert!(problem.contains(word), "{word}: {problem}");
    }
    assert!(Verifier::new(ACME.at(URL).unwrap(), Secret::new(SECRET).unwrap()).is_err(), "the id is needed");
    assert!(Verifier::new(*ACME.scheme(), Secret::new(SECRET).unwrap()).is_err(), "the URL is needed");
}

proptest! {
    #[test]
    fn no_claims_make_it_panic_and_none_pass_that_are_not_all_there(
        name in prop::sample::select(vec!["iss", "aud", "exp", "nbf", "iat", "jti", "url", "sub", "hash", "verified"]),
        value in prop::sample::select(vec![
            json!(null), json!(-1), json!(1e308), json!("x"), json!([[]]), json!({"a": {}}), json!(u64::MAX), json!(0.5),
        ]),
        now in prop::sample::select(vec![0, 1, NOW, u64::MAX]),
    ) {
        let mut claims = claims();
        claims[name] = value;
        let verdict = verify_with(&token(HEADER, &claims.to_string(), SECRET.as_bytes()), BODY, now);
        // An id may be any text or number; a time long ago is one at which a token may have been made.
        prop_assert!(verdict.is_err() || name == "jti" || ["nbf", "iat"].contains(&name));
    }
}
