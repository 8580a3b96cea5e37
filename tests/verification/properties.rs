//! What holds for any delivery at all.

use std::ops::ControlFlow;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderName, HeaderValue};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use tower_webhook::clock::UnixTime;
use tower_webhook::scheme::{Emit, Encoding, Scheme, SignatureRule, Signer, Unverified, Verifier, VerifyError, header};
use tower_webhook::{Reason, Secret, Secrets, provider};

use crate::deliveries::{Vector, all, plain};

/// Without those that take milliseconds each when nothing is optimised.
fn cheap() -> Vec<Vector> {
    all().into_iter().filter(|vector| !vector.is_public_key()).collect()
}

/// All names that any scheme reads.
const NAMES: &[&str] = &[
    "content-type",
    "idempotency-key",
    "shopify-hmac-sha256",
    "stripe-signature",
    "svix-id",
    "svix-signature",
    "svix-timestamp",
    "webhook-id",
    "webhook-signature",
    "webhook-timestamp",
    "x-gitlab-token",
    "x-hub-signature-256",
    "x-shopify-hmac-sha256",
    "x-signature-ed25519",
    "x-signature-timestamp",
    "x-slack-request-timestamp",
    "x-slack-signature",
    "x-square-hmacsha256-signature",
    "x-twilio-signature",
];

/// Text that looks like what senders write, or like nothing at all.
fn header_text() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        select(vec![
            "v1",
            "v0",
            "v1a",
            "t",
            "=",
            ",",
            " ",
            ".",
            "sha256=",
            "v0=",
            "1614265330",
            "A",
            "0",
            "/",
            "+",
            "=="
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
        vec(any::<u8>(), 0..40),
        Just("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".as_bytes().to_vec()),
        Just(vec![b'0'; 64]),
    ];
    vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn put(head: &mut Parts, name: &str, value: &[u8], append: bool) {
    if let Ok(value) = HeaderValue::from_bytes(value) {
        let name = HeaderName::try_from(name).unwrap();
        if append {
            head.headers.append(name, value);
        } else {
            head.headers.insert(name, value);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn any_split_of_the_body_gives_the_verdict_of_the_whole(
        at in any::<Index>(),
        changed in proptest::option::of((any::<Index>(), 1u8..)),
        mut cuts in vec(any::<Index>(), 0..8),
        right_key_last in any::<bool>(),
    ) {
        let vectors = cheap();
        let mut vector = at.get(&vectors).clone();
        if let (Some((place, bits)), false) = (changed, vector.body.is_empty()) {
            let mut body = vector.body.to_vec();
            body[place.index(vector.body.len())] ^= bits;
            vector.body = body.into();
        }
        let mut keys = vector.keys();
        if right_key_last {
            keys = Secrets::named("wrong", Secret::new("d3JvbmcgZm9yIGV2ZXJ5Ym9keSE=").unwrap());
            for secret in &vector.secrets {
                keys = keys.and("right", Secret::short(secret.as_str()).unwrap());
            }
        }
        let verifier = Verifier::new(vector.sender(), keys).unwrap();
        let whole = verifier.verify(&vector.head, &vector.body, Some(vector.now()));

        let mut verification = verifier.begin(&vector.head, Some(vector.now())).unwrap();
        let length = vector.body.len();
        let mut cuts: Vec<_> = cuts.drain(..).map(|cut| cut.index(length + 1)).chain([0, length]).collect();
        cuts.sort_unstable();
        for ends in cuts.windows(2) {
            verification.update(&vector.body[ends[0]..ends[1]]);
        }
        let split = verification.finish(&vector.head, vector.body.clone());
        prop_assert_eq!(
            whole.map(|delivery| delivery.body().clone()).map_err(|error| error.reason()),
            split.map(|delivery| delivery.body().clone()).map_err(|error| error.reason())
        );
    }

    #[test]
    fn nothing_is_accepted_under_a_wrong_key(
        at in any::<Index>(),
        puts in vec((select(NAMES), header_text(), any::<bool>()), 0..4),
        body in proptest::option::of(vec(any::<u8>(), 0..200)),
        seconds in -400i64..400,
    ) {
        let vectors = cheap();
        let mut vector = at.get(&vectors).clone();
        puts.iter().for_each(|(name, value, append)| put(&mut vector.head, name, value, *append));
        if let Some(body) = body {
            vector.body = body.into();
        }
        let now = UnixTime::from_secs(vector.received_at.saturating_add_signed(seconds));
        let verifier = Verifier::new(vector.sender(), vector.wrong_keys()).unwrap();
        let refused = verifier.verify(&vector.head, &vector.body, Some(now)).expect_err("a wrong key");
        prop_assert_eq!(refused.reason().status(), 401);
    }

    #[test]
    fn no_request_makes_it_panic_and_every_refusal_is_not_authorized(
        at in any::<Index>(),
        puts in vec((select(NAMES), header_text(), any::<bool>()), 0..12),
        query in "[ -~]{0,60}",
        body in vec(any::<u8>(), 0..200),
        now in any::<u64>(),
    ) {
        let vectors = plain();
        let mut vector = at.get(&vectors).clone();
        vector.head.headers.clear();
        puts.iter().for_each(|(name, value, append)| put(&mut vector.head, name, value, *append));
        if let Ok(uri) = format!("/?{query}").parse() {
            vector.head.uri = uri;
        }
        vector.body = body.into();
        let refused = vector.verifier().verify(&vector.head, &vector.body, Some(UnixTime::from_secs(now)));
        prop_assert_eq!(refused.expect_err("nothing was signed").reason().status(), 401);
    }

    #[test]
    fn what_is_signed_verifies_whatever_it_is(
        body in vec(any::<u8>(), 0..2000),
        millis in 0u64..999_999_999_999_000,
        secret in vec(any::<u8>(), 2..100),
    ) {
        let Ok(secret) = Secret::short(secret) else { return Ok(()) };
        let (body, now) = (Bytes::from(body), UnixTime::from_millis(millis));
        for scheme in [provider::GITHUB, provider::META, provider::SHOPIFY, provider::SLACK, provider::STRIPE] {
            let (mut head, ()) = http::Request::post("/").body(()).unwrap().into_parts();
            Signer::new(scheme, secret.clone()).unwrap().sign(&mut head, &body, now).unwrap();
            let verifier = Verifier::new(scheme, secret.clone()).unwrap();
            prop_assert!(verifier.verify(&head, &body, Some(now)).is_ok(), "{}", scheme.name());
        }
    }
}

/// `finish` is given the body once more; it must be the one that was hashed.
#[test]
fn a_body_that_was_not_hashed_is_not_taken_for_one_that_was() {
    for vector in cheap().into_iter().filter(|vector| vector.provider != "gitlab") {
        let verifier = vector.verifier();
        for hashed in [&b""[..], &vector.body, b"more"] {
            for other in [&b"forged"[..], b"", b"f"] {
                if other == vector.body || other.len() == hashed.len() {
                    continue;
                }
                let mut verification = verifier.begin(&vector.head, Some(vector.now())).unwrap();
                verification.update(hashed);
                let verdict = verification.finish(&vector.head, Bytes::copy_from_slice(other));
                assert_eq!(verdict.expect_err(&vector.id).reason(), Reason::SignatureMismatch, "{}", vector.id);
            }
        }
        // Not hashed at all: then it is hashed now.
        let verification = verifier.begin(&vector.head, Some(vector.now())).unwrap();
        assert!(verification.finish(&vector.head, vector.body.clone()).is_ok(), "{}", vector.id);
    }
}

/// A sender that signs its body backwards, or not at all if it is empty.
#[derive(Debug)]
struct Backwards;

impl SignatureRule for Backwards {
    fn contents(&self, request: &Unverified<'_>, emit: &mut Emit<'_>) -> Result<(), VerifyError> {
        assert!(!format!("{request:?}").contains("hunter2"), "neither headers nor body are shown");
        if request.body.is_empty() {
            return Err(VerifyError::new(Reason::SignatureMismatch, "the body is empty"));
        }
        let backwards: Vec<_> = request.body.iter().rev().copied().collect();
        for spelling in [&b"2"[..], b"1"] {
            if emit(&[spelling, b".", &backwards]) == ControlFlow::Break(()) {
                break;
            }
        }
        Ok(())
    }
}

#[test]
fn a_rule_of_ones_own_says_what_is_signed() {
    const SCHEME: Scheme =
        Scheme::hmac_sha256("backwards").signature(header("x-sign"), Encoding::Hex).signed_by(&Backwards).checked();
    let secret = Secret::new("a secret of at least sixteen bytes").unwrap();
    let signer = Signer::new(SCHEME, secret.clone()).unwrap();
    let verifier = Verifier::new(SCHEME, secret).unwrap();
    let (mut head, ()) = http::Request::post("/").header("x", "hunter2").body(()).unwrap().into_parts();
    let (body, now) = (Bytes::from_static(b"hunter2"), UnixTime::from_secs(1));
    signer.sign(&mut head, &body, now).unwrap();
    assert!(verifier.verify(&head, &body, None).is_ok());
    assert!(verifier.verify(&head, &Bytes::from_static(b"2retnuh"), None).is_err());
    assert!(verifier.verify(&head, &Bytes::new(), None).is_err());
    assert!(signer.sign(&mut head, &Bytes::new(), now).is_err());
}
