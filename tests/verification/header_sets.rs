//! Headers that are lists, and headers that go by two names.

use http::HeaderValue;
use tower_webhook::scheme::{Encoding, Part, Place, Scheme, Signer, TimestampFormat, Verifier, header};
use tower_webhook::{Reason, Secret, Secrets, VerifyingKey};

use crate::deliveries::{Vector, named};

const STANDARD: [&str; 3] = ["webhook-id", "webhook-timestamp", "webhook-signature"];
const SVIX: [&str; 3] = ["svix-id", "svix-timestamp", "svix-signature"];

/// A list of as many signatures, with this one at `place`.
fn list(right: &str, wrong: &str, count: usize, place: usize, between: &str) -> String {
    (0..count).map(|at| if at == place { right } else { wrong }).collect::<Vec<_>>().join(between)
}

#[test]
fn any_of_sixteen_signatures_may_match_and_seventeen_are_refused() {
    let standard = named("standard-webhooks-official");
    let right = standard.header("webhook-signature").to_owned();
    let wrong = "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    for place in 0..17 {
        for count in [16, 17] {
            let lines = list(&right, wrong, count, place, " ");
            let changed = standard.with_header("webhook-signature", lines.as_bytes());
            match (count, place) {
                (16, 16) => changed.assert_refused(Reason::SignatureMismatch),
                (16, _) => assert!(changed.verify().is_ok(), "{place}"),
                _ => changed.assert_refused(Reason::MalformedSignature),
            }
        }
    }

    let stripe = named("stripe-node");
    let (time, right) = stripe.header("stripe-signature").split_once(',').unwrap();
    let wrong = format!("v1={}", "0".repeat(64));
    for (count, accepted) in [(1, true), (16, true), (17, false), (63, false)] {
        let line = format!("{time},{}", list(right, &wrong, count, 0, ","));
        assert_eq!(stripe.with_header("stripe-signature", line.as_bytes()).verify().is_ok(), accepted, "{count}");
    }
}

#[test]
fn seventeen_signatures_are_refused_under_every_kind_of_key() {
    let vector = named("standard-webhooks-official");
    let right = vector.header("webhook-signature").to_owned();
    let v1 = "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let v1a = format!("v1a,{}==", "A".repeat(86));
    let public = VerifyingKey::from_base64(&named("standard-webhooks-v1a").secrets[0]).unwrap();
    let secret = Secret::new(vector.secrets[0].as_str()).unwrap();
    let both = Secrets::named("shared", secret).and("public", public);
    for line in [format!("{} {v1a}", list(&right, v1, 17, 0, " ")), format!("{right} {}", list(&v1a, &v1a, 17, 0, " "))]
    {
        let changed = vector.with_header("webhook-signature", line.as_bytes());
        let verifier = Verifier::new(vector.sender(), both.clone()).unwrap();
        let refused = verifier.verify(&changed.head, &changed.body, Some(changed.now())).unwrap_err();
        assert_eq!(refused.reason(), Reason::MalformedSignature);
    }
}

#[test]
fn a_list_of_a_great_many_items_is_refused_whatever_they_are() {
    let vector = named("standard-webhooks-official");
    let right = vector.header("webhook-signature").to_owned();
    for (unknown, accepted) in [(63, true), (64, false)] {
        let line = format!("{right}{}", " v9,x".repeat(unknown));
        assert_eq!(vector.with_header("webhook-signature", line.as_bytes()).verify().is_ok(), accepted);
    }
}

#[test]
fn an_older_or_newer_version_alone_is_not_supported() {
    let stripe = named("stripe-node");
    let v0 = stripe.header("stripe-signature").replace("v1=", "v0=");
    stripe.with_header("stripe-signature", v0.as_bytes()).assert_refused(Reason::UnsupportedScheme);
    let standard = named("standard-webhooks-official");
    for version in ["v0,", "v2,", "v1a,", "V1,", "v1x,", "v,"] {
        let line = standard.header("webhook-signature").replace("v1,", version);
        standard.with_header("webhook-signature", line.as_bytes()).assert_refused(Reason::UnsupportedScheme);
    }
    // Nor does a public key take what a shared secret signed.
    let public = named("standard-webhooks-v1a");
    let line = standard.header("webhook-signature");
    public.with_header("webhook-signature", line.as_bytes()).assert_refused(Reason::UnsupportedScheme);
}

#[test]
fn a_second_timestamp_in_the_list_is_refused() {
    let stripe = named("stripe-node");
    let line = stripe.header("stripe-signature").to_owned();
    for changed in [format!("{line},t=1614265330"), format!("t=1614265330,{line}"), format!("{line},t=")] {
        stripe.with_header("stripe-signature", changed.as_bytes()).assert_refused(Reason::MalformedTimestamp);
    }
    let (_, signature) = line.split_once(',').unwrap();
    stripe.with_header("stripe-signature", signature.as_bytes()).assert_refused(Reason::MissingTimestamp);
    for odd in [format!("{line},"), format!(",{line}"), line.replace(',', ",,"), format!("{line},v1")] {
        stripe.with_header("stripe-signature", odd.as_bytes()).assert_refused(Reason::MalformedSignature);
    }
    for blank in [line.replace(',', ", "), line.replace("v1=", "v1= "), line.replace("t=", "t =")] {
        let reason = stripe.with_header("stripe-signature", blank.as_bytes()).verify().unwrap_err().reason();
        assert_eq!(reason.status(), 401, "{blank}");
    }
}

/// With some of its headers under their other names.
fn renamed(vector: &Vector, from: [&'static str; 3], to: [&'static str; 3], which: usize) -> Vector {
    let mut vector = vector.clone();
    for at in (0..3).filter(|at| which & (1 << at) != 0) {
        let value = vector.head.headers.remove(from[at]).unwrap();
        vector.head.headers.insert(to[at], value);
    }
    vector
}

#[test]
fn headers_of_two_sets_of_names_do_not_mix() {
    for (id, from, to) in [("standard-webhooks-official", STANDARD, SVIX), ("svix-rust", SVIX, STANDARD)] {
        let vector = named(id);
        for which in 0..8 {
            let mixed = renamed(&vector, from, to, which);
            match which {
                0 | 7 => assert!(mixed.verify().is_ok()),
                _ => assert_eq!(mixed.verify().unwrap_err().reason().status(), 401, "{id} {which:03b}"),
            }
        }
    }
}

#[test]
fn the_id_is_read_from_the_set_that_was_signed() {
    for (id, set, other) in [("svix-rust", SVIX, STANDARD), ("standard-webhooks-official", STANDARD, SVIX)] {
        let vector = named(id);
        for first in [false, true] {
            let signed = if first { vector.clone() } else { renamed(&vector, set, other, 7) };
            let (used, unused) = if first { (set, other) } else { (other, set) };
            // An id and a time of the other set, without its signature, are nobody's.
            let mut with_more = signed.clone();
            with_more.head.headers.insert(unused[0], HeaderValue::from_static("msg_forged"));
            with_more.head.headers.insert(unused[1], HeaderValue::from_static("1"));
            let delivery = with_more.verify().unwrap();
            assert_eq!(delivery.id().as_deref(), Some(signed.header(used[0])));
            assert_eq!(delivery.sent_at().unwrap(), signed.now());
        }
        // With a signature of its own, the scheme's own set counts and the other is not looked at.
        let mut both = vector.clone();
        for (at, name) in other.iter().enumerate() {
            both.head.headers.insert(*name, vector.head.headers[set[at]].clone());
        }
        both.head.headers.insert(set[2], HeaderValue::from_static("v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="));
        both.assert_refused(Reason::SignatureMismatch);
    }
}

#[test]
fn a_signed_id_with_the_separator_in_it_is_refused() {
    let vector = named("standard-webhooks-official");
    for id in ["msg.1", ".", "msg_p5jXN8AQM9LWM0D4loKWxJek.", ".msg_p5jXN8AQM9LWM0D4loKWxJek"] {
        vector.with_header("webhook-id", id.as_bytes()).assert_refused(Reason::MalformedSignature);
    }
}

/// A scheme of somebody's own, whose separators are longer than one character.
const OWN: Scheme = Scheme::hmac_sha256("own")
    .signature(header("x-signature"), Encoding::Hex)
    .timestamp(header("x-time"), TimestampFormat::UnixSeconds)
    .id(Place::Header("x-id"))
    .signed(&[
        Part::Id,
        Part::Lit("--"),
        Part::Header("x-topic"),
        Part::Lit("::"),
        Part::Timestamp,
        Part::Lit("\n"),
        Part::Body,
    ])
    .checked();

/// Each of these would be signed as another delivery is, with the border between two parts elsewhere.
#[test]
fn no_two_deliveries_are_signed_alike() {
    let secret = Secret::new("a secret of at least sixteen bytes").unwrap();
    let mut vector = named("github-docs");
    for (id, topic, taken) in [
        ("a", "b", true),
        ("a-b", "c:d", true),
        ("a--b", "c", false),
        ("a-", "-b", false),
        ("a", "-b", true),
        ("a", "b::c", false),
        ("a", "b:", false),
        ("a", ":b", true),
    ] {
        let now = vector.now();
        vector.head.headers.insert("x-id", HeaderValue::from_static(id));
        vector.head.headers.insert("x-topic", HeaderValue::from_static(topic));
        let signed = Signer::new(OWN, secret.clone()).unwrap().sign(&mut vector.head, &vector.body, now);
        assert_eq!(signed.is_ok(), taken, "{id} {topic}");
        vector.head.headers.insert("x-time", HeaderValue::from_str(&now.as_secs().to_string()).unwrap());
        let verifier = Verifier::new(OWN, secret.clone()).unwrap();
        let verdict = verifier.verify(&vector.head, &vector.body, Some(now));
        let reason = verdict.err().map(|error| error.reason());
        assert_eq!(reason, (!taken).then_some(Reason::MalformedSignature), "{id} {topic}");
    }
}
