//! What each signature covers, bit by bit, and what it does not.

use std::cell::Cell;

use http::{HeaderValue, Uri};
use tower_webhook::Reason;
use tower_webhook::clock::UnixTime;
use tower_webhook::scheme::Encoding;

use crate::deliveries::{Vector, all, named};
use crate::twilio::{fields, is_twilio};

/// How a sender writes its signatures.
pub(crate) struct Written {
    pub(crate) header: &'static str,
    /// `Some((between items, between key and value, keys))` where the header is a list.
    list: Option<(char, char, &'static [&'static str])>,
    prefix: &'static str,
    pub(crate) encoding: Encoding,
}

pub(crate) fn written(vector: &Vector) -> Option<Written> {
    const STANDARD: (char, char, &[&str]) = (' ', ',', &["v1", "v1a"]);
    let (header, list, prefix, encoding) = match vector.provider.as_str() {
        "discord" => ("x-signature-ed25519", None, "", Encoding::Hex),
        "github" | "meta" => ("x-hub-signature-256", None, "sha256=", Encoding::Hex),
        "gitlab" => return None,
        "shopify" if vector.id == "shopify-events" => ("shopify-hmac-sha256", None, "", Encoding::Base64),
        "shopify" => ("x-shopify-hmac-sha256", None, "", Encoding::Base64),
        "slack" => ("x-slack-signature", None, "v0=", Encoding::Hex),
        "square" => ("x-square-hmacsha256-signature", None, "", Encoding::Base64),
        "stripe" => ("stripe-signature", Some((',', '=', &["v1"][..])), "", Encoding::Hex),
        "svix" | "standard-webhooks" if vector.head.headers.contains_key("svix-id") => {
            ("svix-signature", Some(STANDARD), "", Encoding::Base64)
        }
        "svix" | "standard-webhooks" => ("webhook-signature", Some(STANDARD), "", Encoding::Base64),
        "twilio" | "twilio-shared-key" => ("x-twilio-signature", None, "", Encoding::Base64),
        other => panic!("say how `{other}` writes its signature"),
    };
    Some(Written { header, list, prefix, encoding })
}

impl Written {
    pub(crate) fn is_list(&self) -> bool {
        self.list.is_some()
    }

    /// The header with each of its signatures changed.
    pub(crate) fn change(&self, line: &str, change: impl Fn(&str) -> String) -> String {
        let Some((between, pair, keys)) = self.list else {
            return format!("{}{}", self.prefix, change(line.strip_prefix(self.prefix).unwrap()));
        };
        let items = line.split(between).map(|item| match item.split_once(pair) {
            Some((key, value)) if keys.contains(&key) => format!("{key}{pair}{}", change(value)),
            _ => item.to_owned(),
        });
        items.collect::<Vec<_>>().join(&between.to_string())
    }
}

fn decode(encoding: Encoding, text: &str) -> Vec<u8> {
    use base64ct::Encoding as _;
    match encoding {
        Encoding::Hex => base16ct::mixed::decode_vec(text).unwrap(),
        _ => base64ct::Base64::decode_vec(text).unwrap(),
    }
}

fn encode(encoding: Encoding, bytes: &[u8]) -> String {
    use base64ct::Encoding as _;
    match encoding {
        Encoding::Hex => base16ct::lower::encode_string(bytes),
        _ => base64ct::Base64::encode_string(bytes),
    }
}

fn flipped(bytes: &[u8], bit: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[bit / 8] ^= 1 << (bit % 8);
    bytes
}

/// The header that holds the timestamp, and the timestamp.
fn timestamp(vector: &Vector) -> Option<(&'static str, String)> {
    let name = match vector.provider.as_str() {
        "discord" => "x-signature-timestamp",
        "slack" => "x-slack-request-timestamp",
        "stripe" => "stripe-signature",
        "svix" | "standard-webhooks" if vector.head.headers.contains_key("svix-id") => "svix-timestamp",
        "svix" | "standard-webhooks" => "webhook-timestamp",
        _ => return None,
    };
    let line = vector.header(name);
    let text = line.strip_prefix("t=").map_or(line, |rest| rest.split(',').next().unwrap());
    Some((name, text.to_owned()))
}

#[test]
fn every_bit_of_the_body_is_covered() {
    for vector in all().into_iter().filter(|vector| vector.provider != "gitlab") {
        let verifier = vector.verifier();
        for bit in 0..vector.body.len() * 8 {
            let body = flipped(&vector.body, bit).into();
            let Ok(delivery) = verifier.verify(&vector.head, &body, Some(vector.now())) else { continue };
            // Twilio signs the fields, not how they are written.
            assert!(is_twilio(&vector.provider), "{} bit {bit}", vector.id);
            assert_eq!(fields(delivery.body()), fields(&vector.body), "{} bit {bit}", vector.id);
        }
        // Nor may it be longer or shorter.
        let mut longer = vector.body.to_vec();
        longer.push(b'0');
        vector.with_body(longer).verify().expect_err(&vector.id);
        if let [shorter @ .., _] = &vector.body[..] {
            vector.with_body(shorter.to_vec()).verify().expect_err(&vector.id);
        }
    }
}

#[test]
fn every_bit_of_the_signature_counts() {
    for vector in all() {
        let Some(written) = written(&vector) else { continue };
        let line = vector.header(written.header);
        let longest = Cell::new(0);
        written.change(line, |text| {
            longest.set(longest.get().max(decode(written.encoding, text).len()));
            String::new()
        });
        for bit in 0..longest.get() * 8 {
            let changed = written.change(line, |text| {
                let bytes = decode(written.encoding, text);
                encode(written.encoding, &flipped(&bytes, bit % (bytes.len() * 8)))
            });
            assert_ne!(changed, line);
            let reason = vector.with_header(written.header, changed.as_bytes()).verify().unwrap_err().reason();
            assert_eq!(reason, Reason::SignatureMismatch, "{} bit {bit}", vector.id);
        }
    }
}

#[test]
fn every_bit_of_the_timestamp_is_covered() {
    for vector in all() {
        let Some((name, text)) = timestamp(&vector) else { continue };
        let line = vector.header(name).as_bytes();
        let begin = vector.header(name).find(&text).unwrap();
        let verifier = vector.verifier();
        let mut tried = 0;
        for bit in begin * 8..(begin + text.len()) * 8 {
            let Ok(value) = HeaderValue::from_bytes(&flipped(line, bit)) else { continue };
            tried += 1;
            let mut head = vector.head.clone();
            head.headers.insert(name, value);
            // Not even at the time that it now says.
            let says = flipped(line, bit)[begin..begin + text.len()].to_vec();
            let says = String::from_utf8(says).ok().and_then(|text| text.parse().ok()).unwrap_or_default();
            for now in [vector.received_at, says] {
                let refused = verifier.verify(&head, &vector.body, Some(UnixTime::from_secs(now))).unwrap_err();
                assert_eq!(refused.reason().status(), 401, "{} bit {bit}", vector.id);
            }
        }
        assert!(tried > text.len() * 4, "{}", vector.id);
    }
}

#[test]
fn every_bit_of_a_signed_id_is_covered() {
    for vector in all() {
        let Some(name) = ["svix-id", "webhook-id"].into_iter().find(|name| vector.head.headers.contains_key(*name))
        else {
            continue;
        };
        let line = vector.header(name).as_bytes().to_vec();
        for bit in 0..line.len() * 8 {
            let Ok(value) = HeaderValue::from_bytes(&flipped(&line, bit)) else { continue };
            let reason = vector.with_header(name, value.as_bytes()).verify().unwrap_err().reason();
            assert_eq!(reason.status(), 401, "{} bit {bit}", vector.id);
        }
    }
}

/// What somebody who saw one delivery can change in it, scheme by scheme. Whoever adds to this list adds it to
/// the documentation of the sender, too.
#[test]
fn what_a_signature_does_not_cover_is_known() {
    let header = |name: &'static str, value: &'static str| {
        move |vector: &mut Vector| {
            vector.head.headers.insert(name, HeaderValue::from_static(value));
        }
    };
    let body = |text: &'static str| move |vector: &mut Vector| vector.body = text.into();
    let target = |text: &'static str| move |vector: &mut Vector| vector.head.uri = Uri::from_static(text);
    type Change = Box<dyn Fn(&mut Vector)>;
    let unsigned: Vec<(&str, &str, Change)> = vec![
        ("github-docs", "the delivery id", Box::new(header("x-github-delivery", "another"))),
        ("github-docs", "the event type", Box::new(header("x-github-event", "another"))),
        ("github-docs", "the path", Box::new(target("/elsewhere?x=1"))),
        ("gitlab-push", "the body", Box::new(body("anything at all"))),
        ("gitlab-push", "the delivery id", Box::new(header("idempotency-key", "another"))),
        ("shopify-orders", "the delivery id", Box::new(header("x-shopify-webhook-id", "another"))),
        ("shopify-orders", "the shop", Box::new(header("x-shopify-shop-domain", "another"))),
        ("slack-event", "the attempt", Box::new(header("x-slack-retry-num", "7"))),
        ("square-docs", "the URL that the request came by", Box::new(target("/elsewhere?x=1"))),
        ("stripe-node", "the content type", Box::new(header("content-type", "text/plain"))),
        (
            "twilio-port",
            "how a form is written",
            Box::new(|vector| {
                vector.body = "From=%2b15005550006&Body=caf%C3%A9%20%26%20cr%c3%a8me+=+100%25+😀&Empty&Empty=".into();
            }),
        ),
        (
            "twilio-docs",
            "where a name ends and its value begins",
            Box::new(body(
                "CallSidCA=1234567890ABCDE&Caller=%2B14158675310&Digits=1234&From=%2B14158675310&To=%2B18005551212",
            )),
        ),
        (
            "twilio-docs",
            "where the query ends and the fields begin",
            Box::new(|vector| {
                vector.head.uri = Uri::from_static("/myapp.php?foo=1&bar=2CallSidCA1234567890ABCDE");
                vector.body = "Caller=%2B14158675310&Digits=1234&From=%2B14158675310&To=%2B18005551212".into();
            }),
        ),
    ];
    for (id, what, change) in unsigned {
        let mut vector = named(id);
        change(&mut vector);
        assert!(vector.verify().is_ok(), "{id}: {what} is covered now: take it off this list");
    }
}

#[test]
fn what_is_not_covered_ends_there() {
    named("square-docs").with_body(r#"{"hello":"World"}"#).assert_refused(Reason::SignatureMismatch);
    named("gitlab-push").with_header("x-gitlab-token", b"another").assert_refused(Reason::SignatureMismatch);
    let mut other_url = named("square-docs");
    other_url.public_url = Some("https://example.com/webhook/".into());
    other_url.assert_refused(Reason::SignatureMismatch);
}
