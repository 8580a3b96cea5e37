//! What else than a header with a signature is odd: times that are written oddly, and signatures that stand in the
//! query or in the body.

use std::collections::BTreeSet;

use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderValue, Request};
use serde_json::{Value, json};
use sha2::Sha256;
use tower_webhook::clock::UnixTime;
use tower_webhook::scheme::{Scheme, Verifier};
use tower_webhook::{Reason, Secret, provider};

use super::{Captured, all, plain};

/// Senders of which `tests/verification.rs` has the deliveries, one by one.
const ONE_BY_ONE: &[&str] = &[
    "discord",
    "github",
    "gitlab",
    "meta",
    "shopify",
    "slack",
    "square",
    "standard-webhooks",
    "stripe",
    "svix",
    "twilio",
    "twilio-shared-key",
];

#[test]
fn no_sender_is_left_out() {
    let all = all();
    for scheme in provider::ALL {
        let gone_through = all.iter().any(|captured| captured.scheme.name() == scheme.name());
        let one_by_one = ONE_BY_ONE.contains(&scheme.name());
        assert!(gone_through != one_by_one, "{}", scheme.name());
        let plain =
            all.iter().any(|captured| captured.scheme.name() == scheme.name() && captured.id.ends_with("-made"));
        let elsewhere = ELSEWHERE.iter().any(|(name, _)| *name == scheme.name());
        assert!(plain || one_by_one || elsewhere, "{} has no delivery `…-made`", scheme.name());
    }
}

/// Texts that some parsers take for a time.
const STRANGE: &[&str] = &[
    "",
    " ",
    "+1700000000",
    "-1700000000",
    "-9223372036854775808",
    "01700000000",
    "0001700000000",
    "1700000000.0",
    "1700000000.",
    "1.7e9",
    "1700000000 ",
    "0x6553f100",
    "1_700_000_000",
    "1700000000s",
    "1700000000000000000",
    "18446744073709551615",
    "18446744075409551616",
    "99999999999999999999999999999999999999",
    "NaN",
    "inf",
    "null",
    "2023-11-14",
    "2023-11-14T22:13Z",
    "2023-11-14 22:13:20Z",
    "+002023-11-14T22:13:20Z",
    "-002023-11-14T22:13:20Z",
    "Tue, 14 Nov 2023 22:13:20",
];

/// The text of a header, with that of the time in it replaced.
fn with_time(place: &Value, line: &str, time: &str) -> String {
    let Some(separator) = place["separator"].as_str() else { return time.to_owned() };
    let mut items: Vec<String> = line.split(separator).map(str::to_owned).collect();
    match place["key"].as_str() {
        None => items[0] = time.to_owned(),
        Some(key) => {
            let start = format!("{key}{}", place["between"].as_str().unwrap_or("="));
            let item = items.iter_mut().find(|item| item.trim_start().starts_with(&start)).unwrap();
            let blank = if item.starts_with(' ') { " " } else { "" };
            *item = format!("{blank}{start}{time}");
        }
    }
    items.join(separator)
}

#[test]
fn a_time_that_is_written_oddly_is_refused_before_anything_is_hashed() {
    let mut senders = BTreeSet::new();
    for captured in plain() {
        let place = serde_json::to_value(captured.scheme).unwrap()["timestamp"].clone();
        let Some(header) = place["header"].as_str() else { continue };
        let Some(line) = captured.head.headers.get(header).map(|line| line.to_str().unwrap().to_owned()) else {
            // Under another of its names.
            continue;
        };
        // The helper finds the time: what it puts in its place is what counts.
        assert!(captured.verify(&captured.head, &captured.body, captured.received_at).is_ok());
        senders.insert(captured.scheme.name());
        for strange in STRANGE {
            let head = captured.with_header(header, with_time(&place, &line, strange).as_bytes());
            let refused = captured.verify(&head, &captured.body, captured.received_at).expect_err(strange).reason();
            let malformed = [Reason::MalformedTimestamp, Reason::MissingTimestamp, Reason::MalformedSignature];
            assert!(malformed.contains(&refused), "{}: `{strange}`: {refused:?}", captured.id);
        }
        // Well written, and not in time or not what was signed.
        for (moved, expected) in [
            (captured.received_at.as_secs() - 3 * 86_400, Reason::TimestampTooOld),
            (captured.received_at.as_secs() + 3 * 86_400, Reason::TimestampInFuture),
        ] {
            let other = match place["format"].as_str().unwrap() {
                "unix-millis" => format!("{moved}000"),
                "unix-seconds" | "unix-seconds-or-millis" => moved.to_string(),
                _ => continue,
            };
            let head = captured.with_header(header, with_time(&place, &line, &other).as_bytes());
            let refused = captured.verify(&head, &captured.body, captured.received_at).unwrap_err().reason();
            assert_eq!(refused, expected, "{}: {other}", captured.id);
        }
    }
    let timed = |scheme: &&&Scheme| {
        let written = serde_json::to_value(**scheme).unwrap();
        written["timestamp"]["header"].is_string() && !ONE_BY_ONE.contains(&scheme.name())
    };
    let expected: BTreeSet<_> = provider::ALL.iter().filter(timed).map(|scheme| scheme.name()).collect();
    assert!(expected.len() > 90, "{}", expected.len());
    assert_eq!(senders, expected);
}

/// Signed as it stands, so that it is the time in the body that is refused.
#[test]
fn a_time_in_the_body_that_is_written_oddly_is_refused_though_it_was_signed() {
    let mac = |text: &str| {
        let mut mac = Hmac::<Sha256>::new_from_slice(b"a secret of at least sixteen bytes").unwrap();
        mac.update(text.as_bytes());
        base16ct::lower::encode_string(&mac.finalize().into_bytes())
    };
    let judged = |scheme: Scheme, head: &[(&str, &str)], body: String| {
        let mut request = Request::post("/");
        for (name, value) in head {
            request = request.header(*name, *value);
        }
        let (head, body) = request.body(Bytes::from(body)).unwrap().into_parts();
        let secret = Secret::new("a secret of at least sixteen bytes").unwrap();
        let verdict =
            Verifier::new(scheme, secret).unwrap().verify(&head, &body, Some(UnixTime::from_secs(1_700_000_000)));
        verdict.map(|_| ()).map_err(|error| error.reason())
    };
    let linear = |time: &str| {
        let body = format!(r#"{{"webhookTimestamp":{time}}}"#);
        judged(provider::LINEAR, &[("linear-signature", &mac(&body))], body)
    };
    let mailgun = |time: &str| {
        let signature = mac(&format!("{time}token"));
        let body =
            json!({"signature": {"timestamp": time, "token": "token", "signature": signature}, "event-data": {}});
        judged(provider::MAILGUN, &[("content-type", "application/json")], body.to_string())
    };
    let dropbox_sign = |time: &str| {
        let hash = mac(&format!("{time}made"));
        let event = json!({"event": {"event_time": time, "event_type": "made", "event_hash": hash}});
        judged(provider::DROPBOX_SIGN, &[("content-type", "application/json")], event.to_string())
    };
    assert_eq!((linear("1700000000000"), mailgun("1700000000"), dropbox_sign("1700000000")), (Ok(()), Ok(()), Ok(())));
    for strange in STRANGE {
        for refused in [linear(&json!(strange).to_string()), mailgun(strange), dropbox_sign(strange)] {
            let malformed =
                [Err(Reason::MalformedTimestamp), Err(Reason::MissingTimestamp), Err(Reason::MissingSignature)];
            assert!(malformed.contains(&refused), "`{strange}`: {refused:?}");
        }
    }
    for strange in ["-1700000000000", "1700000000000.0", "1.7e12", "[]", "{}", "true", "null", "18446744073709551616"] {
        let refused = linear(strange).unwrap_err();
        assert!([Reason::MalformedTimestamp, Reason::MissingTimestamp].contains(&refused), "{strange}: {refused:?}");
    }
}

/// Senders whose signature (or token) stands in the query: its parameter; or in the body: its field.
const ELSEWHERE: &[(&str, &str)] = &[
    ("adyen", "hmacSignature"),
    ("aws-sns", "Signature"),
    ("aws-sns-sha1", "Signature"),
    ("braintree", "bt_signature"),
    ("cloudprinter", "apikey"),
    ("dropbox-sign", "event_hash"),
    ("exact-online", "HashCode"),
    ("figma", "passcode"),
    ("fiuu", "skey"),
    ("mailgun", "signature"),
    ("meraki", "sharedSecret"),
    ("ms-graph", "clientState"),
    ("noon", "signature"),
    ("novalnet", "checksum"),
    ("pandadoc", "signature"),
    ("paymob", "hmac"),
    ("paypro", "SIGNATURE"),
    ("quoter", "hash"),
    ("sharepoint", "clientState"),
    ("treezor", "object_payload_signature"),
    ("trustpay", "Signature"),
    ("vonage-sms", "sig"),
    ("vonage-sms-md5", "sig"),
    ("vonage-sms-md5-hash", "sig"),
    ("vonage-sms-sha1", "sig"),
    ("vonage-sms-sha512", "sig"),
];

/// Whose whole body is a token.
const WHOLE_BODY: &[&str] = &["canva", "kinde", "wix"];

/// Whose header says more than the signature, so that not every character of it counts.
const IN_PART_OF_A_HEADER: &[(&str, &str)] = &[("phonepe", "x-verify"), ("worldpay-access", "event-signature")];

/// Where the value of a field stands in a JSON text, a form or a query; and whether that is JSON.
fn value_of(text: &str, name: &str) -> Option<(std::ops::Range<usize>, bool)> {
    for (at, _) in text.match_indices(name) {
        let behind = &text[at + name.len()..];
        if let Some(rest) = behind.strip_prefix('"').map(str::trim_start).and_then(|rest| rest.strip_prefix(':')) {
            let Some(rest) = rest.trim_start().strip_prefix('"') else { continue };
            let start = text.len() - rest.len();
            return Some((start..start + rest.find('"')?, true));
        }
        if let (Some(rest), true) = (behind.strip_prefix('='), at == 0 || text.as_bytes()[at - 1] == b'&') {
            let start = text.len() - rest.len();
            return Some((start..start + rest.find('&').unwrap_or(rest.len()), false));
        }
    }
    None
}

/// The text with this in place of the value.
fn replaced(text: &str, range: &std::ops::Range<usize>, value: &str) -> String {
    format!("{}{value}{}", &text[..range.start], &text[range.end..])
}

fn made(name: &str) -> Captured {
    let of_name = |captured: &Captured| captured.scheme.name() == name;
    plain().find(of_name).or_else(|| all().into_iter().find(of_name)).unwrap()
}

#[test]
fn odd_signatures_in_query_and_body_are_refused_and_nothing_panics() {
    for (name, field) in ELSEWHERE {
        let captured = made(name);
        let query = captured.head.uri.query().unwrap_or_default().to_owned();
        let in_query = value_of(&query, field).is_some();
        let text = if in_query { query } else { String::from_utf8(captured.body.to_vec()).unwrap() };
        let (range, json) = value_of(&text, field).unwrap_or_else(|| panic!("{name} has no `{field}`"));
        let refuse = |changed: String, what: &str| {
            let (mut head, mut body) = (captured.head.clone(), captured.body.clone());
            match in_query {
                true => head.uri = format!("/?{changed}").parse().unwrap(),
                false => body = Bytes::from(changed),
            }
            captured.assert_refused(&head, &body, what);
        };
        let value = &text[range.clone()];
        refuse(text.replace(field, "nothing"), "missing");
        for length in 0..value.len() {
            if value.is_char_boundary(length) {
                refuse(replaced(&text, &range, &value[..length]), "truncated");
            }
        }
        for odd in [format!("{value}0"), format!("{value}{}", "0".repeat(60_000)), format!("{value}%FF"), "%".into()] {
            refuse(replaced(&text, &range, &odd), "lengthened");
        }
        if !in_query {
            refuse(replaced(&text, &range, &format!("{value}\u{e9}")), "not ASCII");
            refuse(replaced(&text, &range, " "), "blank");
        }
        if !json {
            let again = format!("{text}&{field}={value}");
            refuse(again, "doubled");
        }
    }
}

#[test]
fn odd_bodies_that_are_tokens_are_refused() {
    for name in WHOLE_BODY {
        let captured = made(name);
        for length in 0..captured.body.len() {
            captured.assert_refused(&captured.head, &captured.body.slice(..length), "truncated");
        }
        for more in [&b"0"[..], b"\n", b"=", b".", b"\xff", &[b'0'; 60_000]] {
            let body = Bytes::from([&captured.body[..], more].concat());
            captured.assert_refused(&captured.head, &body, "lengthened");
        }
        let doubled = Bytes::from([&captured.body[..], &captured.body[..]].concat());
        captured.assert_refused(&captured.head, &doubled, "doubled");
    }
}

#[test]
fn odd_headers_that_say_more_than_a_signature_are_refused() {
    for (name, header) in IN_PART_OF_A_HEADER {
        let captured = made(name);
        let value = captured.head.headers[*header].as_bytes().to_vec();
        let mut missing = captured.head.clone();
        missing.headers.remove(*header);
        captured.assert_refused(&missing, &captured.body, "missing");
        let mut doubled = captured.head.clone();
        doubled.headers.append(*header, HeaderValue::from_bytes(&value).unwrap());
        captured.assert_refused(&doubled, &captured.body, "doubled");
        for odd in [&b""[..], b" ", b"/", b"#", b",", &value[..value.len() / 2], &[b'0'; 60_000], b"\xff"] {
            captured.assert_refused(&captured.with_header(header, odd), &captured.body, "odd");
        }
        let odd = [&value[..], b"\xff"].concat();
        captured.assert_refused(&captured.with_header(header, &odd), &captured.body, "not ASCII");
    }
}

/// With the three above, and those whose headers are gone through, that is everybody.
#[test]
fn whose_signature_is_in_no_header_is_known() {
    let no_header: Vec<_> = {
        let all = all();
        let none =
            |name: &&str| all.iter().filter(|captured| captured.scheme.name() == *name).all(|c| c.signed.is_empty());
        let names = provider::ALL.iter().map(|scheme| scheme.name());
        names.filter(|name| !ONE_BY_ONE.contains(name)).filter(none).collect()
    };
    let mut known: Vec<_> = ELSEWHERE.iter().chain(IN_PART_OF_A_HEADER).map(|(name, _)| *name).collect();
    known.extend(WHOLE_BODY);
    known.sort_unstable();
    assert_eq!(no_header, known);
}
