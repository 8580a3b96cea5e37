//! Secrets, settings and memory of the judge.

use base64ct::{Base64, Encoding as _};
use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

use super::*;
use crate::clock::UnixTime;
use crate::scheme::Signer;
use crate::secret::Secret;

const AT: u64 = 1_700_000_000;

/// A Stripe delivery, signed at `AT` with `secret`.
fn stripe(secret: &str) -> Value {
    let (mut head, body) = Request::post("/").body(Bytes::from_static(b"{}")).unwrap().into_parts();
    let signer = Signer::new(provider::STRIPE, Secret::as_configured(secret).unwrap()).unwrap();
    signer.sign(&mut head, &body, UnixTime::from_secs(AT)).unwrap();
    json!({
        "id": "a", "provider": "stripe", "received_at": AT, "method": "POST", "url": "https://h.example/",
        "headers": [["stripe-signature", head.headers["stripe-signature"].to_str().unwrap()]],
        "body_b64": Base64::encode_string(&body), "secret": secret,
    })
}

fn judge(line: &Value) -> Verdict {
    *Judge::new().judge_line(line.to_string().as_bytes()).verdict()
}

fn with(mut line: Value, field: &str, value: Value) -> Value {
    line[field] = value;
    line
}

fn without(mut line: Value, field: &str) -> Value {
    line.as_object_mut().unwrap().remove(field);
    line
}

#[test]
fn any_secret_that_is_not_empty_is_used() {
    for secret in ["x", "changeme", "null", " ", "aaaaaaaaaaaaaaaaaaaa", "${SECRET}", "whsec_"] {
        assert_eq!(judge(&stripe(secret)), Verdict::Accept, "{secret:?}");
        assert_eq!(judge(&with(stripe(secret), "secret", json!("other"))), Verdict::Reject(Reason::SignatureMismatch));
    }
    assert_eq!(judge(&with(stripe("x"), "secret", json!(""))), Verdict::Reject(Reason::NotConfigured));
}

#[test]
fn any_of_several_secrets_may_match_and_none_of_them_may_be_empty() {
    let line = without(stripe("the right one"), "secret");
    for secrets in [json!(["the right one"]), json!(["a", "the right one"]), json!(["the right one", "a", "b"])] {
        assert_eq!(judge(&with(line.clone(), "secrets", secrets)), Verdict::Accept);
    }
    let wrong = with(line.clone(), "secrets", json!(["a", "b"]));
    assert_eq!(judge(&wrong), Verdict::Reject(Reason::SignatureMismatch));
    let empty = with(line.clone(), "secrets", json!(["", "the right one"]));
    assert_eq!(judge(&empty), Verdict::Reject(Reason::NotConfigured));
    for none in [line.clone(), with(line, "secrets", json!([]))] {
        assert_eq!(judge(&none), Verdict::Error(Trouble::NoSecret));
    }
}

#[test]
fn the_clock_is_the_time_of_receipt_and_the_tolerance_that_of_the_line() {
    let at =
        |seconds: u64, extra: Value| judge(&with(with(stripe("x"), "received_at", json!(seconds)), "extra", extra));
    assert_eq!(at(AT + 300, json!({})), Verdict::Accept);
    assert_eq!(at(AT + 301, json!(null)), Verdict::Reject(Reason::TimestampTooOld));
    assert_eq!(at(AT - 301, json!({})), Verdict::Reject(Reason::TimestampInFuture));
    assert_eq!(at(AT + 864_000, json!({"tolerance_s": 864_000})), Verdict::Accept);
    assert_eq!(at(AT + 864_001, json!({"tolerance_s": 864_000})), Verdict::Reject(Reason::TimestampTooOld));
    assert_eq!(at(AT, json!({"tolerance_s": 0})), Verdict::Accept);
    assert_eq!(at(AT + 1, json!({"tolerance_s": 0})), Verdict::Reject(Reason::TimestampTooOld));
    assert_eq!(at(u64::MAX, json!({"tolerance_s": u64::MAX})), Verdict::Accept);
    // Ignored: nothing of this sender's is signed by URL, and nobody knows the other one.
    assert_eq!(at(AT, json!({"public_url": "no URL", "colour": ["blue"]})), Verdict::Accept);
}

#[test]
fn the_line_goes_before_what_the_judge_was_told() {
    let bare = without(without(stripe("x"), "secret"), "provider");
    let mut judge = Judge::new().provider("stripe").secret("x");
    assert_eq!(judge.judge_line(bare.to_string().as_bytes()).verdict(), &Verdict::Accept);
    let other = with(bare.clone(), "secret", json!("y"));
    assert_eq!(judge.judge_line(other.to_string().as_bytes()).reason(), Some(Reason::SignatureMismatch));
    let unknown = with(bare.clone(), "provider", json!("strpie"));
    let judgement = judge.judge_line(unknown.to_string().as_bytes());
    assert_eq!(judgement.verdict(), &Verdict::Error(Trouble::UnknownProvider));
    assert_eq!(judgement.id(), Some("a"));
    let judgement = Judge::new().secret("x").judge_line(bare.to_string().as_bytes());
    assert_eq!(judgement.verdict(), &Verdict::Error(Trouble::UnknownProvider));
}

#[test]
fn a_secret_that_the_scheme_cannot_use_refuses() {
    for (provider, secret) in [("standard-webhooks", "not base64!"), ("discord", "not a key"), ("svix", "whpk_AAAA")] {
        let line = with(with(stripe("x"), "provider", json!(provider)), "secret", json!(secret));
        let judgement = Judge::new().judge_line(line.to_string().as_bytes());
        assert_eq!(judgement.reason(), Some(Reason::NotConfigured), "{provider}");
        assert!(!judgement.detail().unwrap().contains(secret), "{provider}");
    }
}

#[test]
fn a_short_secret_is_warned_of_once() {
    let mut judge = Judge::new();
    let mut warning =
        |secret: &str| judge.judge_line(stripe(secret).to_string().as_bytes()).warning().map(str::to_owned);
    assert_eq!(warning("a secret that is long enough"), None);
    assert!(warning("hunter2").is_some_and(|text| text.contains("7 bytes") && !text.contains("hunter2")));
    assert_eq!(warning("hunter2"), None);
    assert_eq!(warning("hunter3"), None);
}

#[test]
fn settings_that_never_come_again_do_not_pile_up() {
    let mut judge = Judge::new();
    for at in 0..MOST_VERIFIERS * 2 + 7 {
        let line = with(stripe("x"), "secret", json!(format!("secret number {at}")));
        assert_eq!(judge.judge_line(line.to_string().as_bytes()).reason(), Some(Reason::SignatureMismatch));
        assert!(judge.ready.len() <= MOST_VERIFIERS);
    }
    assert_eq!(judge.judge_line(stripe("x").to_string().as_bytes()).verdict(), &Verdict::Accept);
    assert!(!format!("{judge:?}").contains("secret number"));
}

#[test]
fn an_id_that_the_sender_signs_is_that_of_the_line() {
    let sender = provider::TIKTOK_SHOP.key_id("app-1").unwrap();
    let (mut head, body) = Request::post("/").body(Bytes::from_static(b"{}")).unwrap().into_parts();
    Signer::new(sender, Secret::short("x").unwrap()).unwrap().sign(&mut head, &body, UnixTime::from_secs(AT)).unwrap();
    let line = with(stripe("x"), "provider", json!("tiktok-shop"));
    let line = with(line, "headers", json!([["authorization", head.headers["authorization"].to_str().unwrap()]]));
    let with_id = |id: Value| judge(&with(line.clone(), "extra", json!({ "key_id": id })));
    assert_eq!(with_id(json!("app-1")), Verdict::Accept);
    assert_eq!(with_id(json!("app-2")), Verdict::Reject(Reason::SignatureMismatch));
    assert_eq!(with_id(json!("")), Verdict::Reject(Reason::NotConfigured));
    assert_eq!(judge(&line), Verdict::Reject(Reason::NotConfigured));
    assert_eq!(judge(&with(stripe("x"), "extra", json!({"key_id": ""}))), Verdict::Accept, "not needed");
}

#[test]
fn the_hash_of_the_account_stands_for_that_of_the_sender() {
    let vectors = include_str!("../../../tests/vectors/vonage-sms-md5.json");
    let vectors: Vec<Value> = serde_json::from_str(vectors).unwrap();
    assert!(!vectors.is_empty());
    for line in vectors {
        let line = with(line, "provider", json!("vonage-sms"));
        let set_to = |hash: &str| judge(&with(line.clone(), "extra", json!({ "hash": hash })));
        assert_eq!(judge(&line), Verdict::Accept, "one of the ways in which Vonage signs");
        assert_eq!(set_to("md5"), Verdict::Accept);
        assert_eq!(set_to("sha256"), Verdict::Reject(Reason::MalformedSignature));
        assert_eq!(set_to("sha512"), Verdict::Reject(Reason::MalformedSignature));
        assert_eq!(set_to("sha1"), Verdict::Reject(Reason::MalformedSignature));
        assert_eq!(set_to("crc32"), Verdict::Error(Trouble::UnknownProvider));
    }
    let github =
        |hash: &str| judge(&with(with(stripe("x"), "provider", json!("github")), "extra", json!({ "hash": hash })));
    assert_eq!(github("sha256"), Verdict::Reject(Reason::MissingSignature));
    assert_eq!(github("sha512"), Verdict::Reject(Reason::MissingSignature));
}

/// The verdicts of `clients/conformance/signature.json` of `hook0/hook0`.
#[test]
fn hook0_s_older_signature_counts_for_the_tool_where_there_is_no_newer_one() {
    let right = "d17d66b66fca89390c5b967c45e8928fc732db07a0aabe8167b1e98213081ffe";
    let newer = "19a6fb8f6581715b241a93af02a58611c3b0ac7b747a8d2a5b120ee418d0c347";
    let other = "bf5f4e5fe0c9143510ae192f983316a09ed392d0104d2ce0faa3d7bce3687acb";
    let vectors: Vec<Value> = serde_json::from_str(include_str!("../../../tests/vectors/hook0-v0.json")).unwrap();
    let verdict = |provider: &str, signature: &str| {
        let headers = json!([["x-event-id", "evt-1"], ["x-delivery-id", "dlv-1"], ["x-hook0-signature", signature]]);
        judge(&with(with(vectors[0].clone(), "headers", headers), "provider", json!(provider)))
    };
    let names = "h=x-event-id x-delivery-id";
    for (signature, accepted) in [
        (format!("t=1800000000,v0={right}"), true),
        (format!("t=1800000000,{names},v0={other},v1={newer}"), true),
        (format!("t=1800000000,{names},v0={right},v1={other}"), false),
        (format!("t=1800000000,v0={right},v1={other}"), false),
        (format!("t=1800000000,h=x-event-id x-missing,v0={right}"), false),
        (format!("t=1800000000,v0={}", right.replace("1ffe", "1ffz")), false),
        (String::from("t=1799999699,v0=4168cc6c683357e103055b48584715f12e2baa4e679b8e076254247f11edf34d"), false),
        (String::from("t=1800000301,v0=ba4b79e449ae52edb505b6baa07380be2baa6e0c4c6fec3b9a01c85d47a4935f"), false),
    ] {
        let found = verdict("hook0", &signature);
        assert_eq!(found == Verdict::Accept, accepted, "{signature}: {found:?}");
    }
    assert_ne!(verdict("coinbase-cdp", &format!("t=1800000000,v0={right}")), Verdict::Accept);
}

/// Of a sender that signs in several ways, by how the account is set up, each delivery is judged by the one that it is
/// written in; the secret and the content have to be right in any of them.
#[test]
fn what_an_account_may_be_set_to_counts_for_the_tool() {
    for (name, way, vectors) in [
        ("aws-sns", "aws-sns-sha1", include_str!("../../../tests/vectors/aws-sns-sha1.json")),
        ("cloudinary", "cloudinary-sha256", include_str!("../../../tests/vectors/cloudinary-sha256.json")),
        ("convoy", "convoy-simple", include_str!("../../../tests/vectors/convoy-simple.json")),
        ("vonage-sms", "vonage-sms-sha512", include_str!("../../../tests/vectors/vonage-sms-sha512.json")),
    ] {
        let vectors: Vec<Value> = serde_json::from_str(vectors).unwrap();
        assert!(!vectors.is_empty());
        for line in vectors {
            assert_eq!(judge(&line), Verdict::Accept, "{way}");
            let line = with(line, "provider", json!(name));
            assert_eq!(judge(&line), Verdict::Accept, "{name}");
            let refused = judge(&with(line.clone(), "body_b64", json!("bm90IHdoYXQgd2FzIHNpZ25lZA==")));
            assert!(matches!(refused, Verdict::Reject(_)), "{name}: {refused:?}");
            let refused = judge(&with(line, "headers", json!([["x-convoy-signature", ""]])));
            assert!(name == "aws-sns" || matches!(refused, Verdict::Reject(_)), "{name}: {refused:?}");
        }
    }
}

#[test]
fn a_public_key_may_be_written_as_pem_as_a_jwk_or_in_a_set_of_them() {
    let vectors: Vec<Value> =
        serde_json::from_str(include_str!("../../../tests/vectors/standard-webhooks.json")).unwrap();
    let line = vectors.into_iter().find(|line| line["id"] == "standard-webhooks-v1a").unwrap();
    let text = line["secret"].as_str().unwrap().strip_prefix("whpk_").unwrap().to_owned();
    let x = text.trim_end_matches('=').replace('+', "-").replace('/', "_");
    let jwk = |x: &str| json!({"kty": "OKP", "crv": "Ed25519", "x": x});
    let other = jwk("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
    let mut der = vec![0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0];
    der.extend(base64ct::Base64::decode_vec(&text).unwrap());
    let pem =
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", base64ct::Base64::encode_string(&der));
    for (key, verdict) in [
        (pem, Verdict::Accept),
        (jwk(&x).to_string(), Verdict::Accept),
        (json!({"keys": [other, jwk(&x)]}).to_string(), Verdict::Accept),
        (json!({"keys": [other]}).to_string(), Verdict::Reject(Reason::SignatureMismatch)),
        (other.to_string(), Verdict::Reject(Reason::SignatureMismatch)),
        (String::from("{}"), Verdict::Reject(Reason::NotConfigured)),
    ] {
        assert_eq!(judge(&with(line.clone(), "secret", json!(key))), verdict, "{key}");
    }
}
