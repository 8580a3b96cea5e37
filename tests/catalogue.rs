//! Every sender of the catalogue, by captured deliveries that were not signed by this crate.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use std::path::Path;
use std::time::Duration;

use base64ct::{Base64, Encoding as _};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Request, Uri};
use serde_json::Value;
use tower_webhook::clock::UnixTime;
use tower_webhook::scheme::{Confidence, Place, Scheme, Sender, Signer, UrlScheme, Verifier, VerifyError};
use tower_webhook::{Delivery, Reason, Secret, Secrets, VerifyingKey, provider};

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
        match VerifyingKey::from_base64(&self.secret) {
            Ok(key) if self.is_public_key() => key.into(),
            _ => Secret::short(self.secret.as_str()).unwrap().into(),
        }
    }

    fn is_public_key(&self) -> bool {
        let unfit = |secret| Verifier::new(self.sender.clone(), Secret::new(secret).unwrap()).is_err();
        unfit("00112233445566778899aabbccddeeff") && unfit("user:00112233445566778899aabbccddeeff")
    }

    fn is_token(&self) -> bool {
        self.expected["source"].as_str().unwrap().contains("token stands in its header")
    }

    /// A change of the body may be one of the token.
    fn is_token_in_body(&self) -> bool {
        self.expected["source"].as_str().unwrap().contains("token stands in the body")
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

#[test]
fn every_bit_of_the_body_is_covered_unless_only_a_token_is_shown() {
    for captured in all().into_iter().filter(|captured| !captured.is_token_in_body()) {
        let verifier = Verifier::new(captured.sender.clone(), captured.keys()).unwrap();
        for bit in 0..captured.body.len() * 8 {
            let mut body = captured.body.to_vec();
            body[bit / 8] ^= 1 << (bit % 8);
            let verdict = verifier.verify(&captured.head, &body.into(), Some(captured.received_at));
            assert_eq!(verdict.is_ok(), captured.is_token(), "{} bit {bit}", captured.id);
        }
        let longer = Bytes::from([&captured.body[..], b"\n"].concat());
        assert_eq!(captured.verify(&captured.head, &longer, captured.received_at).is_ok(), captured.is_token());
    }
}

/// Deliveries with nothing beside the one signature; published ones may have more in their lists.
fn plain() -> impl Iterator<Item = Captured> {
    all().into_iter().filter(|captured| captured.id.ends_with("-made"))
}

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

#[test]
fn what_we_sign_is_what_the_sender_signs() {
    for captured in all().into_iter().filter(|captured| !captured.is_public_key()) {
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

/// The table in the documentation of `tower_webhook::provider`.
fn table() -> String {
    let mut table = String::from("| sender | signs | time signed | its id | facts |\n|---|---|---|---|---|\n");
    for scheme in provider::ALL {
        let (source, confidence) = scheme.facts_source();
        let id = match scheme.id_place() {
            Place::Header(name) => format!("header `{name}`"),
            Place::Json(pointer) => format!("`{pointer}`"),
            _ => "–".to_owned(),
        };
        let confidence = match confidence {
            Confidence::Verified => "verified",
            Confidence::ThirdParty => "a receiver's code",
            _ => "documented",
        };
        let time = if scheme.signs_time() { "yes" } else { "no" };
        // A bar ends the cell, in code as well.
        let (name, signs) = (scheme.name(), scheme.summary().replace('|', "\\|"));
        table += &format!("| `{name}` | {signs} | {time} | {id} | {confidence}: {} |\n", source.replace('|', "/"));
    }
    table
}

#[test]
fn the_table_in_the_documentation_is_the_catalogue() {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/provider/catalogue.md"));
    if std::env::var_os("WRITE_CATALOGUE").is_some() {
        std::fs::write(path, table()).unwrap();
    }
    assert_eq!(
        std::fs::read_to_string(path).unwrap(),
        table(),
        "WRITE_CATALOGUE=1 cargo test --test catalogue writes it"
    );
}
