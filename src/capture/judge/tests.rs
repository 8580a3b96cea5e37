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
