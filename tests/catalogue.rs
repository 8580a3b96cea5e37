//! Every sender of the catalogue, by captured deliveries that were not signed by this crate.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use std::path::Path;
use std::time::Duration;

use base64ct::{Base64, Encoding as _};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Request, Uri};
use proptest::prelude::*;
use serde_json::Value;
use tower_webhook::clock::UnixTime;
use tower_webhook::scheme::{Coverage, Scheme, Sender, Signer, UrlScheme, Verifier, VerifyError};
use tower_webhook::{Delivery, Reason, Secret, Secrets, VerifyingKey, provider};

#[path = "catalogue/strange.rs"]
mod strange;

/// One captured delivery; `signed` names the headers that the signature is in or covers.
struct Captured {
    id: String,
    scheme: Scheme,
    head: Parts,
    body: Bytes,
    secret: String,
    sender: Sender,
    received_at: UnixTime,
    signed: Vec<String>,
    expected: Value,
}

impl Captured {
    /// `None` for the senders that `tests/verification.rs` knows one by one.
    fn read(scheme: &Scheme, value: &Value) -> Option<Self> {
        let signed = value["signed_headers"].as_array()?;
        let text = |name: &str| value[name].as_str().unwrap_or_else(|| panic!("`{name}` in {value}"));
        let url: Uri = text("url").parse().unwrap();
        let mut request = Request::builder().method(text("method")).uri(url.path_and_query().unwrap().as_str());
        for header in value["headers"].as_array().unwrap() {
            request = request.header(header[0].as_str().unwrap(), header[1].as_str().unwrap());
        }
        Some(Self {
            id: text("id").to_owned(),
            scheme: *scheme,
            head: request.body(()).unwrap().into_parts().0,
            body: Base64::decode_vec(text("body_b64")).unwrap().into(),
            secret: text("secret").to_owned(),
            sender: sender(scheme, &value["extra"]),
            received_at: UnixTime::from_secs(value["received_at"].as_u64().unwrap()),
            signed: signed.iter().map(|name| name.as_str().unwrap().to_owned()).collect(),
            expected: value.clone(),
        })
    }

    fn keys(&self) -> Secrets {
        if let Some(certificate) = self.expected["extra"]["certificate_pem"].as_str() {
            return VerifyingKey::from_pem(certificate).unwrap().into();
        }
        match &self.secret {
            jwk if jwk.starts_with('{') => VerifyingKey::from_jwk(jwk).unwrap().into(),
            secret if !self.is_public_key() => Secret::short(secret.as_str()).unwrap().into(),
            pem if pem.starts_with("-----BEGIN") => VerifyingKey::from_pem(pem).unwrap().into(),
            base64 => VerifyingKey::from_base64(base64).unwrap().into(),
        }
    }

    fn is_public_key(&self) -> bool {
        self.scheme.needs_public_key()
    }

    /// A change of the body may be one of the token.
    fn shows_its_token_in_the_body(&self) -> bool {
        self.scheme.coverage() == Coverage::Nothing
            && self.body.windows(self.secret.len()).any(|window| window == self.secret.as_bytes())
    }

    fn verify(&self, head: &Parts, body: &Bytes, now: UnixTime) -> Result<Delivery, VerifyError> {
        Verifier::new(self.sender.clone(), self.keys()).unwrap().verify(head, body, Some(now))
    }

    fn with_header(&self, name: &str, value: &[u8]) -> Parts {
        let mut head = self.head.clone();
        head.headers.insert(HeaderName::try_from(name).unwrap(), HeaderValue::from_bytes(value).unwrap());
        head
    }

    #[track_caller]
    fn assert_refused(&self, head: &Parts, body: &Bytes, what: &str) {
        let error = self.verify(head, body, self.received_at).err().unwrap_or_else(|| panic!("{}: {what}", self.id));
        assert_eq!(error.reason().status(), 401, "{}: {what}", self.id);
    }
}

fn sender(scheme: &Scheme, extra: &Value) -> Sender {
    let sender = match extra["public_url"].as_str() {
        Some(url) => UrlScheme::new(*scheme).at(url).unwrap(),
        None => (*scheme).into(),
    };
    match extra["key_id"].as_str() {
        Some(id) => sender.key_id(id).unwrap(),
        None => sender,
    }
}

fn all() -> Vec<Captured> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors"));
    let of = |scheme: &&Scheme| {
        let text = std::fs::read_to_string(folder.join(format!("{}.json", scheme.name()))).unwrap();
        let values: Vec<Value> = serde_json::from_str(&text).unwrap();
        values.iter().filter_map(|value| Captured::read(scheme, value)).collect::<Vec<_>>()
    };
    provider::ALL.iter().flat_map(of).collect()
}

#[test]
fn every_captured_delivery_verifies_and_its_facts_are_found() {
    let all = all();
    assert!(all.len() > 150, "{}", all.len());
    for captured in all {
        let delivery = captured.verify(&captured.head, &captured.body, captured.received_at);
        let delivery = delivery.unwrap_or_else(|error| panic!("{}: {error}", captured.id));
        for (fact, found) in [("delivery_id", delivery.id()), ("event_type", delivery.event_type())] {
            if let Some(expected) = captured.expected[fact].as_str() {
                assert_eq!(found.as_deref(), Some(expected), "{}: {fact}", captured.id);
            }
        }
    }
}

/// Senders that sign what JSON says, not how it is spaced.
const BY_MEANING: &[&str] = &["inngest"];

#[test]
fn every_bit_of_the_body_is_covered_where_the_sender_covers_it_and_else_none() {
    let (mut covered, mut uncovered) = (0, 0);
    for captured in all() {
        let passes = match captured.scheme.coverage() {
            Coverage::Body => false,
            Coverage::Nothing if !captured.shows_its_token_in_the_body() => true,
            _ => continue,
        };
        *(if passes { &mut uncovered } else { &mut covered }) += 1;
        let verifier = Verifier::new(captured.sender.clone(), captured.keys()).unwrap();
        for bit in 0..captured.body.len() * 8 {
            let mut body = captured.body.to_vec();
            body[bit / 8] ^= 1 << (bit % 8);
            let verdict = verifier.verify(&captured.head, &body.into(), Some(captured.received_at));
            assert_eq!(verdict.is_ok(), passes, "{} bit {bit}", captured.id);
        }
        if BY_MEANING.contains(&captured.scheme.name()) {
            continue;
        }
        let longer = Bytes::from([&captured.body[..], b"\n"].concat());
        assert_eq!(captured.verify(&captured.head, &longer, captured.received_at).is_ok(), passes);
    }
    assert!(covered > 150 && uncovered > 10, "{covered} {uncovered}");
}

/// As [`FIELDS`], of JSON bodies that are covered in part by code of their own: pointers. Of a sender that signs a
/// checksum, no single change goes through, and one that is sought does.
const IN_PART: &[(&str, &[&str], &[&str])] = &[
    (
        "adyen",
        &[
            "/notificationItems/0/NotificationRequestItem/pspReference",
            "/notificationItems/0/NotificationRequestItem/merchantAccountCode",
            "/notificationItems/0/NotificationRequestItem/merchantReference",
            "/notificationItems/0/NotificationRequestItem/amount/currency",
            "/notificationItems/0/NotificationRequestItem/eventCode",
            "/notificationItems/0/NotificationRequestItem/success",
        ],
        &["/live", "/notificationItems/0/NotificationRequestItem/reason"],
    ),
    ("aws-sns", &["/Message", "/MessageId", "/Timestamp", "/TopicArn", "/Type"], &["/UnsubscribeURL"]),
    ("aws-sns-sha1", &["/Message", "/MessageId", "/Timestamp", "/TopicArn", "/Type"], &["/UnsubscribeURL"]),
    ("paypal", &["/id", "/event_type"], &[]),
];

#[test]
fn what_is_signed_in_part_is_known_field_by_field() {
    let all = all();
    for captured in &all {
        let Some((_, covered, open)) = IN_PART.iter().find(|(name, ..)| *name == captured.scheme.name()) else {
            continue;
        };
        let body: Value = serde_json::from_slice(&captured.body).unwrap();
        let covered = covered.iter().map(|field| (field, false));
        for (field, passes) in covered.chain(open.iter().map(|field| (field, true))) {
            let mut changed = body.clone();
            let Some(value) = changed.pointer_mut(field) else {
                // What is not signed need not be there.
                assert!(passes, "{} has a {field}", captured.id);
                continue;
            };
            *value = Value::from(format!("{}x", value.as_str().unwrap()));
            let verdict = captured.verify(&captured.head, &changed.to_string().into(), captured.received_at);
            assert_eq!(verdict.is_ok(), passes, "{}: {field}", captured.id);
        }
    }
    assert!(IN_PART.iter().all(|(name, ..)| all.iter().any(|captured| captured.scheme.name() == *name)));
}

/// Of each sender that covers some fields: a text in each of them, in the order of its coverage, and texts that stand
/// elsewhere. Each text is there once in the first delivery whose id ends in `-made`.
const FIELDS: &[(&str, &[&str], &[&str])] = &[
    ("braintree", &["PD94bWwg"], &[]),
    ("dropbox-sign", &["1700000000", "signature_request_signed"], &["sr-1", "event_metadata"]),
    ("exact-online", &["FinancialTransactions"], &[]),
    ("favro", &["cGF5bG9hZA=="], &["committed", "caf"]),
    ("fiuu", &["30765", "order-5", "status=00", "shop_Dev", "10.00", "MYR", "2023-11-14", "appc7"], &["unsigned"]),
    ("mailgun", &["1700000000", "e0b5477167110d68991efc6b9f89f0a11066af27834600e123"], &["delivered", "evt-9"]),
    ("noon", &["123456789012", "CAPTURED", "ev-77", "\"Capture", "2023-11-14"], &["19.5"]),
    ("novalnet", &["14829700012345678", "PAYMENT", "SUCCESS", "1000,", "EUR"], &["status_code", "o-1"]),
    (
        "paymob",
        &[
            "100000,",
            "2024-06-13",
            "EGP",
            "error_occured\": false",
            "parent_transaction\": false",
            "192036465",
            "4097558",
            "is_3d_secure\": true",
            "is_auth\": false",
            "is_capture\": false",
            "is_refunded\": false",
            "is_standalone_payment\": true",
            "is_voided\": false",
            "217503754",
            "302852",
            "pending\": false",
            "2346",
            "MasterCard",
            "card\"",
            "success\": true",
        ],
        &["TRANSACTION", "unsigned"],
    ),
    ("paypro", &["12345", "Processed", "9.99", "ann", "TEST_MODE=0", "OrderCharged"], &["unsigned"]),
    ("phonepe", &["eyJzdWNjZXNz"], &["unsigned"]),
    ("praxis", &["API-Test", "app-9", "1700000000", "10012", "tok-1"], &["unsigned"]),
    ("quoter", &["timestamp=1700000000", "q-1"], &["unsigned"]),
    ("treezor", &["15.00"], &["user.update", "77"]),
    ("trustpay", &["10.00"], &["CreditDebitIndicator"]),
    ("usps", &["2026-07-23", "Delivered"], &["a1b2c3d4", "links"]),
    ("vonage-sms", &["0A0000000123ABCD1"], &[]),
    ("vonage-sms-md5", &["0A0000000123ABCD1"], &[]),
    ("vonage-sms-md5-hash", &["0A0000000123ABCD1"], &[]),
    ("vonage-sms-sha1", &["0A0000000123ABCD1"], &[]),
    ("vonage-sms-sha512", &["0A0000000123ABCD1"], &[]),
];

/// The bytes of the body, other ones where the text ends: a digit or letter for another one.
fn changed(body: &[u8], text: &str) -> Option<Bytes> {
    let mut places = body.windows(text.len()).enumerate().filter(|(_, window)| *window == text.as_bytes());
    let (Some((at, _)), None) = (places.next(), places.next()) else { return None };
    let last = at + text.rfind(|c: char| c.is_ascii_alphanumeric())?;
    let mut body = body.to_vec();
    if let Some(rest) = text.strip_suffix("true").or_else(|| text.strip_suffix("false")) {
        let other = if text.ends_with("true") { "false" } else { "true" };
        body.splice(at + rest.len()..at + text.len(), other.bytes());
    } else {
        body[last] = if body[last] == b'1' { b'2' } else { b'1' };
    }
    Some(body.into())
}

#[test]
fn where_some_fields_are_covered_their_changes_refuse_and_others_pass() {
    let all = all();
    let elsewhere = |scheme: &Scheme| IN_PART.iter().any(|(name, ..)| *name == scheme.name());
    let covering = |scheme: &&&Scheme| matches!(scheme.coverage(), Coverage::Fields(_)) && !elsewhere(scheme);
    let names: Vec<_> = provider::ALL.iter().filter(covering).map(|scheme| scheme.name()).collect();
    assert_eq!(FIELDS.iter().map(|(name, ..)| *name).collect::<Vec<_>>(), names);
    for (name, covered, uncovered) in FIELDS {
        let made = |captured: &&Captured| captured.scheme.name() == *name && captured.id.ends_with("-made");
        let captured = all.iter().find(made).unwrap();
        let Coverage::Fields(fields) = captured.scheme.coverage() else { unreachable!() };
        assert_eq!(covered.len(), fields.len(), "{name}");
        let change = |text: &str| changed(&captured.body, text).unwrap_or_else(|| panic!("{name}: `{text}`"));
        for text in *covered {
            captured.assert_refused(&captured.head, &change(text), &format!("{text} was changed"));
        }
        for text in *uncovered {
            let delivery = captured.verify(&captured.head, &change(text), captured.received_at);
            let delivery = delivery.unwrap_or_else(|error| panic!("{name}: {text}: {error}"));
            assert_eq!(delivery.coverage(), captured.scheme.coverage());
        }
    }
}

/// Whose content is worked out from the request.
fn by_rule() -> Vec<Captured> {
    let others = ["freshbooks", "gitea", "gogs", "inngest", "mercadopago", "ripple", "tebex", "walmart"];
    let ruled = |captured: &Captured| {
        matches!(captured.scheme.coverage(), Coverage::Fields(_)) || others.contains(&captured.scheme.name())
    };
    all().into_iter().filter(ruled).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn no_body_and_no_query_makes_a_rule_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..120),
        json in "[{}\\[\\]\",:a0-9\\\\u. ]{0,60}",
        pairs in "([a-z.]{1,9}(=|%3d|%)[;&=a0%+]{0,4}&?){0,6}",
        (at, cut) in (any::<prop::sample::Index>(), 0..40_usize),
    ) {
        for captured in by_rule() {
            let at = at.index(captured.body.len() + 1);
            let end = (at + cut).min(captured.body.len());
            let spliced = |new: &[u8]| Bytes::from([&captured.body[..at], new, &captured.body[end..]].concat());
            let bodies = [bytes.clone().into(), json.clone().into(), pairs.clone().into(), spliced(&bytes), spliced(json.as_bytes())];
            let mut head = captured.head.clone();
            for _ in 0..2 {
                for body in &bodies {
                    if let Err(error) = captured.verify(&head, body, captured.received_at) {
                        prop_assert_eq!(error.reason().status(), 401);
                    }
                }
                head.uri = format!("/?{pairs}").parse().unwrap();
            }
        }
    }
}

/// Deliveries with nothing beside the one signature; published ones may have more in their lists.
fn plain() -> impl Iterator<Item = Captured> {
    all().into_iter().filter(|captured| captured.id.ends_with("-made"))
}

/// Senders that write two signatures under two names, either of which counts: their names.
const EITHER_NAME: &[(&str, &str, &str)] = &[("boldsign", "s0=", "s1="), ("tabapay", "v1=", "v2=")];

#[test]
fn every_character_of_what_is_signed_counts() {
    for captured in plain() {
        for name in &captured.signed {
            let value = captured.head.headers[name.as_str()].as_bytes().to_vec();
            for at in 0..value.len() {
                let mut changed = value.clone();
                changed[at] = match changed[at] {
                    b'9' => b'8',
                    b'z' | b'Z' => b'y',
                    byte => byte + 1,
                };
                let head = captured.with_header(name, &changed);
                let either = EITHER_NAME.iter().find(|(sender, ..)| *sender == captured.scheme.name());
                let text = String::from_utf8(value.clone()).unwrap();
                if either.is_some_and(|(_, one, other)| text.replace(one, other).into_bytes() == changed) {
                    assert!(captured.verify(&head, &captured.body, captured.received_at).is_ok(), "{}", captured.id);
                    continue;
                }
                captured.assert_refused(&head, &captured.body, &format!("{name} at {at}"));
            }
        }
    }
}

#[test]
fn odd_headers_are_refused_and_nothing_panics() {
    for captured in plain() {
        for name in &captured.signed {
            let value = captured.head.headers[name.as_str()].as_bytes().to_vec();
            let mut missing = captured.head.clone();
            missing.headers.remove(name.as_str());
            captured.assert_refused(&missing, &captured.body, "missing");
            let mut doubled = captured.head.clone();
            doubled.headers.append(HeaderName::try_from(name).unwrap(), HeaderValue::from_bytes(&value).unwrap());
            if captured.expected["extra"]["may_repeat"].as_bool() != Some(true) {
                captured.assert_refused(&doubled, &captured.body, "doubled");
            }
            for length in 0..value.len() {
                captured.assert_refused(&captured.with_header(name, &value[..length]), &captured.body, "truncated");
            }
            let long = [&value[..], &b"0".repeat(60_000)].concat();
            captured.assert_refused(&captured.with_header(name, &long), &captured.body, "oversized");
            let odd = [&value[..], b"\xff"].concat();
            captured.assert_refused(&captured.with_header(name, &odd), &captured.body, "not ASCII");
        }
    }
}

#[test]
fn another_key_refuses() {
    for captured in all().into_iter().filter(|captured| !captured.is_public_key()) {
        // Hex and base64 alike, so that it is a secret of every scheme.
        let other = Secret::new("ffeeddccbbaa99887766554433221100").unwrap();
        let verifier = Verifier::new(captured.sender.clone(), other).unwrap_or_else(|_| {
            let other = Secret::new("user:ffeeddccbbaa99887766554433221100").unwrap();
            Verifier::new(captured.sender.clone(), other).unwrap()
        });
        let refused =
            verifier.verify(&captured.head, &captured.body, Some(captured.received_at)).expect_err(&captured.id);
        assert_eq!(refused.reason(), Reason::SignatureMismatch, "{}", captured.id);
    }
}

#[test]
fn timestamps_are_held_to_the_tolerance_in_both_directions() {
    let mut timed = 0;
    for captured in all() {
        let Ok(delivery) = captured.verify(&captured.head, &captured.body, captured.received_at) else { continue };
        let Some(sent) = delivery.sent_at() else { continue };
        timed += 1;
        let tolerance = captured.scheme.max_age();
        let at = |now: UnixTime| captured.verify(&captured.head, &captured.body, now).map_err(|error| error.reason());
        assert!(at(sent.saturating_add(tolerance)).is_ok(), "{}", captured.id);
        assert!(at(sent.saturating_sub(tolerance)).is_ok(), "{}", captured.id);
        let past = tolerance + Duration::from_secs(1);
        assert_eq!(at(sent.saturating_add(past)).unwrap_err(), Reason::TimestampTooOld, "{}", captured.id);
        assert_eq!(at(sent.saturating_sub(past)).unwrap_err(), Reason::TimestampInFuture, "{}", captured.id);
    }
    assert!(timed > 60, "{timed}");
}

/// Signed in the sender's second spelling, with the signature in the body: we sign in the first one.
const SECOND_SPELLING: &[&str] = &["braintree-line-break"];

#[test]
fn what_we_sign_is_what_the_sender_signs() {
    let signs = |captured: &Captured| !captured.is_public_key() && !SECOND_SPELLING.contains(&captured.id.as_str());
    for captured in all().into_iter().filter(signs) {
        let mut head = captured.head.clone();
        for name in &captured.signed {
            head.headers.remove(name.as_str());
        }
        let signer = Signer::new(captured.sender.clone(), Secret::short(captured.secret.as_str()).unwrap()).unwrap();
        signer
            .sign(&mut head, &captured.body, captured.received_at)
            .unwrap_or_else(|error| panic!("{}: {error}", captured.id));
        let delivery = captured.verify(&head, &captured.body, captured.received_at);
        assert!(delivery.is_ok(), "{}: {delivery:?}", captured.id);
    }
}
