//! When a signed time is in time, and how it is written.

use std::time::Duration;

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderValue;
use sha2::Sha256;
use tower_webhook::clock::UnixTime;
use tower_webhook::scheme::{Encoding, Part, Scheme, Sender, Signer, TimestampFormat, Verifier, header};
use tower_webhook::{ConfigErrorKind, Reason, Secret, provider};

use crate::deliveries::{named, plain};

const MILLIS: Scheme = Scheme::hmac_sha256("millis")
    .signature(header("x-signature"), Encoding::Hex)
    .timestamp(header("x-time"), TimestampFormat::UnixMillis)
    .signed(&[Part::Timestamp, Part::Lit("."), Part::Body])
    .checked();

fn signing_a_time() -> impl Iterator<Item = crate::deliveries::Vector> {
    let senders = ["discord", "slack", "standard-webhooks", "stripe", "svix"];
    plain().into_iter().filter(move |vector| senders.contains(&vector.provider.as_str()))
}

#[test]
fn a_signed_time_is_taken_up_to_the_tolerance_either_way_and_not_a_moment_longer() {
    for vector in signing_a_time() {
        let verifier = vector.verifier();
        let sent = vector.verify().unwrap().sent_at().unwrap();
        let judged = |now| verifier.verify(&vector.head, &vector.body, Some(now)).err().map(|error| error.reason());
        let (tolerance, moment) = (Duration::from_secs(300), Duration::from_millis(1));
        assert_eq!(judged(sent), None);
        assert_eq!(judged(sent.saturating_add(tolerance)), None, "{}", vector.id);
        assert_eq!(judged(sent.saturating_add(tolerance + moment)), Some(Reason::TimestampTooOld), "{}", vector.id);
        assert_eq!(judged(sent.saturating_sub(tolerance)), None, "{}", vector.id);
        assert_eq!(judged(sent.saturating_sub(tolerance + moment)), Some(Reason::TimestampInFuture), "{}", vector.id);
        assert_eq!(judged(UnixTime::from_secs(0)), Some(Reason::TimestampInFuture));
        assert_eq!(judged(UnixTime::from_secs(u64::MAX)), Some(Reason::TimestampTooOld));
    }
}

#[test]
fn without_a_clock_nothing_that_signs_a_time_passes_and_it_is_our_fault() {
    for vector in plain() {
        let verdict = vector.verifier().verify(&vector.head, &vector.body, None);
        if vector.verify().unwrap().sent_at().is_some() {
            let error = verdict.unwrap_err();
            assert_eq!(error.reason(), Reason::Misconfigured);
            assert_eq!(tower_webhook::Rejection::from(error).status().as_u16(), 503);
        } else {
            assert!(verdict.is_ok(), "{}", vector.id);
        }
    }
}

#[test]
fn another_tolerance_counts_both_ways() {
    let vector = named("stripe-node");
    let verifier = vector.verifier().tolerance(Duration::from_secs(1)).unwrap();
    for (away, accepted) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
        let now = UnixTime::from_secs(vector.received_at.saturating_add_signed(away));
        assert_eq!(verifier.verify(&vector.head, &vector.body, Some(now)).is_ok(), accepted, "{away}");
    }
    for wrong in [Duration::ZERO, Duration::from_millis(999), Duration::from_secs(3601), Duration::MAX] {
        let error = vector.verifier().tolerance(wrong).unwrap_err();
        assert_eq!(error.kind(), ConfigErrorKind::Limit, "{wrong:?}");
    }
    assert!(vector.verifier().tolerance(Duration::from_secs(3600)).is_ok());
    let day = Duration::from_secs(24 * 60 * 60);
    let patient = Verifier::new(MILLIS.tolerance(day), Secret::new("a secret of some length").unwrap()).unwrap();
    assert!(patient.clone().tolerance(day).is_ok());
    assert!(patient.tolerance(day + Duration::from_secs(1)).is_err());
}

/// Texts that some parsers take for a time. Each is signed as it stands, so that it is the text that is refused.
const STRANGE: &[&str] = &[
    "",
    " ",
    "0",
    "+1614265330",
    "-1614265330",
    "-9223372036854775808",
    "01614265330",
    "0001614265330",
    "1614265330.0",
    "1614265330.",
    "1.61426533e9",
    "1614265330 ",
    " 1614265330",
    "1614265330\t",
    "0x6037b8f2",
    "1_614_265_330",
    "1614265330s",
    "1614265330000000000",
    "18446744073709551615",
    "18446744073711165930",
    "99999999999999999999999999999999999999",
    "NaN",
    "inf",
    "null",
    "2021-02-25T15:02:10Z",
    "Thu, 25 Feb 2021 15:02:10 GMT",
];

fn hmac(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}

#[test]
fn only_plain_digits_are_a_time_whatever_was_signed() {
    let secret = "a secret of at least sixteen bytes";
    let hex = |bytes: Vec<u8>| base16ct::lower::encode_string(&bytes);
    let body = Bytes::from_static(b"{}");
    for (sender, millis) in [(provider::SLACK, false), (provider::STRIPE, false), (MILLIS, true)] {
        let verifier = Verifier::new(sender, Secret::new(secret).unwrap()).unwrap();
        let right = if millis { "1614265330123" } else { "1614265330" };
        for text in STRANGE.iter().copied().chain([right]) {
            let mut head = named("stripe-node").head;
            let key = secret.as_bytes();
            let mut put = |name: &'static str, value: String| head.headers.insert(name, value.try_into().unwrap());
            match sender.name() {
                "slack" => {
                    let mac = hex(hmac(key, &[b"v0:", text.as_bytes(), b":", &body]));
                    put("x-slack-request-timestamp", text.into());
                    put("x-slack-signature", format!("v0={mac}"));
                }
                "stripe" => {
                    let mac = hex(hmac(key, &[text.as_bytes(), b".", &body]));
                    put("stripe-signature", format!("t={text},v1={mac}"));
                }
                _ => {
                    let mac = hex(hmac(key, &[text.as_bytes(), b".", &body]));
                    put("x-time", text.into());
                    put("x-signature", mac);
                }
            }
            let verdict = verifier.verify(&head, &body, Some(UnixTime::from_secs(1_614_265_330)));
            if text == right {
                assert_eq!(verdict.unwrap().sent_at().unwrap().as_secs(), 1_614_265_330);
                continue;
            }
            let reason = verdict.expect_err(text).reason();
            match text {
                "0" => assert_eq!(reason, Reason::TimestampTooOld),
                // It breaks the list in two.
                text if text.contains(',') && sender.name() == "stripe" => {
                    assert_eq!(reason, Reason::MalformedSignature);
                }
                _ => assert_eq!(reason, Reason::MalformedTimestamp, "{} {text:?}", sender.name()),
            }
        }
    }
}

#[test]
fn milliseconds_are_kept_apart_from_seconds() {
    let secret = Secret::new("a secret of at least sixteen bytes").unwrap();
    let body = Bytes::from_static(b"{}");
    let mut head = named("stripe-node").head;
    let now = UnixTime::from_millis(1_614_265_330_123);
    Signer::new(MILLIS, secret.clone()).unwrap().sign(&mut head, &body, now).unwrap();
    assert_eq!(head.headers["x-time"], "1614265330123");
    let verifier = Verifier::new(Sender::from(MILLIS), secret).unwrap();
    assert_eq!(verifier.verify(&head, &body, Some(now)).unwrap().sent_at(), Some(now));
    head.headers.insert("x-time", HeaderValue::from_static("1614265330"));
    let reason = verifier.verify(&head, &body, Some(now)).unwrap_err().reason();
    assert_eq!(reason, Reason::TimestampTooOld);
}
