//! Schemes out of a file: what is written can be read again and means the same; what is wrong is said.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::Path;

use base64ct::{Base64, Encoding as _};
use bytes::Bytes;
use http::Request;
use proptest::prelude::*;
use serde_json::{Value, json};
use tower_webhook::capture::{Judge, Verdict};
use tower_webhook::clock::UnixTime;
use tower_webhook::scheme::{Scheme, Signer, UrlScheme, Verifier, data};
use tower_webhook::{ConfigErrorKind, Reason, Secret, provider};

fn written(scheme: &Scheme) -> Value {
    serde_json::to_value(scheme).unwrap()
}

/// All that a scheme says.
fn said(scheme: &Scheme) -> String {
    format!("{scheme:?}")
}

fn template_shaped() -> Vec<Scheme> {
    provider::ALL.iter().filter(|scheme| written(scheme).get("rule").is_none()).map(|scheme| **scheme).collect()
}

#[test]
fn every_entry_of_the_catalogue_is_read_again_as_it_was() {
    let schemes = template_shaped();
    assert!(schemes.len() > 200, "{}", schemes.len());
    for scheme in &schemes {
        let json = serde_json::to_string(scheme).unwrap();
        let toml = toml::to_string(scheme).unwrap();
        assert_eq!(said(&Scheme::from_json(&json).unwrap()), said(scheme));
        assert_eq!(said(&Scheme::from_toml(&toml).unwrap()), said(scheme), "{toml}");
    }
    let json = serde_json::to_string(&schemes).unwrap();
    let toml = toml::to_string(&json!({ "scheme": schemes })).unwrap();
    for all in [Scheme::all_from_json(&json).unwrap(), Scheme::all_from_toml(&toml).unwrap()] {
        assert!(all.iter().map(said).eq(schemes.iter().map(said)));
    }
}

#[test]
fn a_sender_that_is_worked_out_by_code_is_written_and_not_read() {
    let shaped: BTreeSet<_> = template_shaped().iter().map(Scheme::name).collect();
    let by_code: Vec<_> = provider::ALL.iter().filter(|scheme| !shaped.contains(scheme.name())).collect();
    assert!(by_code.iter().any(|scheme| scheme.name() == "twilio"));
    for scheme in by_code {
        let error = Scheme::from_json(&written(scheme).to_string()).unwrap_err();
        let constant = scheme.name().to_uppercase().replace('-', "_");
        assert_eq!(error.kind(), ConfigErrorKind::Scheme);
        assert_eq!(
            error.to_string(),
            format!(
                "`{}`: what is signed is worked out by code, which no file can say: use `provider::{constant}`",
                scheme.name()
            )
        );
    }
}

/// The vectors of a sender, under the name of `scheme`.
fn vectors(of: &str, scheme: &Scheme) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/vectors/{of}.json"));
    let mut vectors: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    for vector in &mut vectors {
        vector["provider"] = json!(scheme.name());
    }
    vectors
}

fn with_body(vector: &Value, change: impl FnOnce(&mut Vec<u8>)) -> Value {
    let mut body = Base64::decode_vec(vector["body_b64"].as_str().unwrap()).unwrap();
    change(&mut body);
    let mut vector = vector.clone();
    vector["body_b64"] = json!(Base64::encode_string(&body));
    vector
}

#[test]
fn what_was_read_again_judges_as_the_catalogue_does() {
    let (mut accepted, mut refused) = (0, 0);
    for own in template_shaped() {
        let mut entry = written(&own);
        entry["id"] = json!(format!("my-{}", own.name()));
        let toml = toml::to_string(&entry).unwrap();
        for read in [Scheme::from_json(&entry.to_string()).unwrap(), Scheme::from_toml(&toml).unwrap()] {
            let mut judge = Judge::new().schemes([read]).unwrap();
            let mut verdict = |line: &Value| *judge.judge_line(line.to_string().as_bytes()).verdict();
            for (mine, theirs) in vectors(own.name(), &read).iter().zip(vectors(own.name(), &own)) {
                assert_eq!(verdict(mine), Verdict::Accept, "{}", mine["id"]);
                accepted += 1;
                let flip = |body: &mut Vec<u8>| match body.last_mut() {
                    Some(byte) => *byte ^= 1,
                    None => body.push(0),
                };
                let (mine, theirs) = (with_body(mine, flip), with_body(&theirs, flip));
                let (mine, theirs) = (verdict(&mine), verdict(&theirs));
                assert_eq!(mine, theirs, "{}", own.name());
                let shows = ["token", "basic"].contains(&entry["algorithm"].as_str().unwrap());
                if !shows {
                    assert_eq!(mine, Verdict::Reject(Reason::SignatureMismatch), "{}", own.name());
                    refused += 1;
                }
            }
        }
    }
    assert!(accepted > 400 && refused > 350, "{accepted} {refused}");
}

#[test]
fn a_judge_takes_no_two_senders_of_one_name() {
    let own = provider::STRIPE.named("my-stripe");
    assert!(Judge::new().schemes([own]).is_ok());
    let twice = Judge::new().schemes([own, own]).unwrap_err().to_string();
    assert_eq!(twice, "there is a sender `my-stripe` already: give yours another name");
    assert_eq!(Judge::new().schemes([provider::STRIPE]).unwrap_err().kind(), ConfigErrorKind::Scheme);
}

/// A scheme of one's own with every field that there is.
const WHOLE: &str = r#"
[[scheme]]
name = "acme"
algorithm = "hmac-sha512"
signature = { header = "x-a", or_headers = ["x-b"], separator = ",", key = "v1", between = ":", groups = " ", spaced = true, prefix = "p", several_lines = true, encoding = "base64url" }
ed25519 = { header = "x-a", separator = ",", key = "v1a", encoding = "base64" }
secret_text = { base64-if-prefixed = { prefix = "whsec_" } }
signed = ["id", { text = "." }, "timestamp", { header = "x-nonce" }, "method", "url", "body"]
timestamp = { header = "x-t", format = "http-date" }
tolerance_s = 60
delivery_id = { header = "x-id" }
event_type = { json = "/type" }
attempt = "x-attempt"
account = "x-account"
other_names = [["x-a", "y-a"]]
bodies_are_unique = true
body_limit = 1000
deadline_ms = 500
retries_for_s = 3600
answered = [{ from = 410, to = 410, reaction = "disable" }, { from = 400, to = 499, reaction = "give-up" }]
unauthorized_as = 403
answer = "ok"
ip_list = "https://acme.example/ips"
source = "acme's manual"
confidence = "verified"
challenge = [
    { asked = "get", by = { query = "mode" }, is = "subscribe", verify_token = { query = "token" }, text = { query = "text" }, characters = "token", answer = { plain = ["text"] } },
    { asked = "verified", by = { json = "/type" }, without = { json = "/event" }, text = { json = "/text" }, characters = "hex", answer = { json = [{ lit = "\"" }, { mac = "hex" }, { lit = "\"" }] } },
    { asked = "post", form = "ping", answer = { fixed = { status = 204, json = "" } } },
    { asked = "post", by = { header = "x-secret" }, text = { header = "x-secret" }, characters = "base64", answer = { secret = { header = "x-secret" } } },
    { asked = "options", by = { header = "x-origin" }, text = { header = "x-origin" }, characters = "token", answer = "allowed-origin" },
    { asked = "verified", by = { json = "/kind" }, text = { json = "/url" }, characters = "sentence", answer = { confirm = { host = "a.", ends = [".example"] } } },
    { asked = "head", answer = { fixed = { status = 200, json = "" } } },
]

[[scheme]]
name = "shows"
algorithm = "token"
signature = { query = "token" }
timestamp_in_body = { json = "/at", format = "rfc3339" }
"#;

#[test]
fn every_field_is_read_and_written() {
    let schemes = Scheme::all_from_toml(WHOLE).unwrap();
    let said_before: Vec<_> = schemes.iter().map(said).collect();
    let read: Value = toml::from_str(WHOLE).unwrap();
    for (scheme, said_before) in schemes.iter().zip(said_before) {
        let mut entry = written(scheme);
        assert_eq!(said(&Scheme::from_json(&entry.to_string()).unwrap()), said_before);
        let fields = entry.as_object_mut().unwrap();
        assert!(fields.remove("facts").is_some());
        let told = read["scheme"].as_array().unwrap().iter().find(|told| told["name"] == scheme.name()).unwrap();
        for (name, value) in told.as_object().unwrap() {
            // A file may call it by either name.
            let name = if name == "name" { "id" } else { name };
            assert_eq!(fields[name], *value, "{name}");
        }
    }
    assert!(Scheme::all_from_toml("").unwrap().is_empty() && Scheme::all_from_json("[]").unwrap().is_empty());
}

#[test]
fn what_is_wrong_is_said() {
    let good = "name = \"acme\"\nalgorithm = \"hmac-sha256\"\nsignature = { header = \"x-a\", encoding = \"hex\" }\n";
    assert!(Scheme::from_toml(good).is_ok());
    let instead = |old: &str, new: &str| {
        assert!(good.contains(old));
        good.replace(old, new)
    };
    let and = |more: &str| format!("{good}{more}\n");
    for (text, sentence) in [
        ("name = \"acme\"".to_owned(), "missing field `algorithm`"),
        ("name = \"acme".to_owned(), "at line 1"),
        (instead("hmac-sha256", "hmac-md4"), "unknown variant `hmac-md4`, expected one of `basic`, `digest-md5`"),
        (instead("hmac-sha256", "unsigned"), "`acme`: no file lets a sender in unsigned"),
        (instead("\"acme\"", "\"Acme\""), "`Acme`: a scheme's name is lower case letters, digits and hyphens"),
        (instead("\"acme\"", &format!("\"{}\"", "a".repeat(65))), "a name has at most 64 characters"),
        (instead("signature", "signatur"), "unknown field `signatur`, expected one of `id`, `name`"),
        (instead("signature", "ed25519"), "it is not said where the signature stands"),
        (instead("x-a", "X-A"), "`acme`: a signature's header is lower case"),
        (instead(", encoding = \"hex\"", ""), "`signature` needs an `encoding`: `hex`, `base64` or `base64url`"),
        (instead("\"hex\"", "\"hexx\""), "unknown variant `hexx`"),
        (instead("header = \"x-a\"", "json = \"/a\""), "`acme`: a signature cannot stand in the body that it signs"),
        (instead("header = \"x-a\", ", ""), "`signature` stands in one of `header`, `query` and `json`"),
        (instead("\"x-a\"", "\"x-a\", query = \"a\""), "`signature` stands in one of"),
        (instead("\"x-a\"", "\"x-a\", key = \"v1\""), "say its `separator`"),
        (instead("\"x-a\"", "\"x-a\", separator = \",\""), "either a `key` or `items`"),
        (instead("\"x-a\"", "\"x-a\", separator = \",\", key = \"a\", items = \"all\""), "either a `key` or `items`"),
        (instead("\"x-a\"", "\"x-a\", separator = \",,\", key = \"a\""), "expected a character"),
        (
            instead("\"x-a\"", "\"x-a\", separator = \"=\", key = \"a\""),
            "the separators of its list are ASCII and differ",
        ),
        (instead("\"x-a\"", "\"x-a\", format = \"unix-seconds\""), "`signature` has no `format`"),
        (instead("hmac-sha256", "token"), "leave its `encoding` out"),
        ("name = \"acme\"\nalgorithm = \"token\"".to_owned(), "it is not said where the token stands"),
        (and("signed = [\"timestamp\", \"body\"]"), "the timestamp is signed, but it is not said where it stands"),
        (and("signed = [\"body\", \"body\"]"), "the body is signed once"),
        (and("signed = [\"bodi\"]"), "unknown variant `bodi`"),
        (and(&format!("signed = [{}]", "\"method\",".repeat(65))), "more than 64 parts are signed"),
        (and("timestamp = { header = \"x-t\" }"), "`timestamp` needs a `format`"),
        (
            and("timestamp = { header = \"x-t\", format = \"unix-seconds\" }"),
            "a timestamp that is not signed proves nothing",
        ),
        (and("tolerance_s = 0"), "a tolerance of less than a second refuses every delivery"),
        (and("tolerance_s = -1"), "at line 4"),
        (and("deadline_ms = 31622400001"), "`deadline_ms` of 31622400001 is more than a year"),
        (and("body_limit = 0"), "a body limit of nothing or of everything is none"),
        (and("delivery_id = { json = \"id\" }"), "a JSON pointer that begins with `/`"),
        (and("attempt = \"X-Attempt\""), "the header of the attempt is lower case"),
        (and("unauthorized_as = 500"), "a delivery that cannot be verified is refused with 400 to 499"),
        (and("ip_list = \"http://a.b\""), "a list of addresses has an https URL"),
        (and("answered = [{ from = 1, to = 2, reaction = \"retry\" }]"), "statuses are a range within 100 to 599"),
        (and("challenge = [{ asked = \"put\" }]"), "unknown variant `put`, expected one of `get`"),
        (and("challenge = [{ asked = \"get\", answer = { header = \"x-a\" } }]"), "comes from its `text`"),
        (
            and("challenge = [{ asked = \"get\", text = { query = \"a\" }, answer = { plain = [\"text\"] } }]"),
            "`text` and its `characters`, or neither",
        ),
        (
            and(
                "challenge = [{ asked = \"get\", by = { query = \"a\" }, form = \"a\", answer = { fixed = { status = 200, json = \"\" } } }]",
            ),
            "told by a field or by a form",
        ),
        (
            and("challenge = [{ asked = \"get\", answer = { fixed = { status = 500, json = \"\" } } }]"),
            "a challenge is answered with 2xx",
        ),
        (
            and("rule = \"twilio\""),
            "`acme`: what is signed is worked out by code, which no file can say: use `provider::TWILIO`",
        ),
        (
            and("rule = \"mine\""),
            "`acme`: what is signed is worked out by code, which no file can say: write a `SignatureRule`",
        ),
        (and("name = \"again\""), "duplicate key"),
        (and(&format!("source = \"{}\"", "a".repeat(16 * 1024))), "`acme`: it is longer than 16384 bytes"),
        (" ".repeat(data::LONGEST_FILE + 1), "a file of schemes has at most 1048576 bytes"),
    ] {
        let error = Scheme::from_toml(&text).unwrap_err().to_string();
        assert!(error.contains(sentence), "{sentence}: {error}");
    }
    let line = |text: &str| Scheme::from_toml(text).unwrap_err().to_string();
    assert!(line(&and("colour = \"red\"")).ends_with("at line 4"));
    let json = Scheme::from_json("{\"name\": \"acme\",\n \"colour\": \"red\"}").unwrap_err().to_string();
    assert!(json.contains("unknown field `colour`") && json.contains("at line 2"), "{json}");
    assert!(Scheme::from_json(r#"{"name":"a","name":"b"}"#).unwrap_err().to_string().contains("duplicate field `id`"));

    let twice = format!("[[scheme]]\n{good}[[scheme]]\n{good}");
    assert_eq!(Scheme::all_from_toml(&twice).unwrap_err().to_string(), "two schemes are called `acme`");
    let many = |count: usize| {
        let entries: Vec<_> = (0..count).map(|at| json!({"name": at.to_string(), "algorithm": "basic"})).collect();
        Scheme::all_from_json(&Value::from(entries).to_string())
    };
    assert_eq!(many(data::MOST_SCHEMES).unwrap().len(), data::MOST_SCHEMES);
    let more = many(data::MOST_SCHEMES + 1).unwrap_err();
    assert_eq!((more.kind(), more.to_string().as_str()), (ConfigErrorKind::Limit, "a file has at most 1000 schemes"));

    let padded = |length: usize| {
        let text = json!({"name": "acme", "algorithm": "basic"}).to_string();
        format!("{text}{}", " ".repeat(length - text.len()))
    };
    assert!(Scheme::from_json(&padded(data::LONGEST_FILE)).is_ok());
    assert!(Scheme::from_json(&padded(data::LONGEST_FILE + 1)).is_err());
}

#[test]
fn what_is_said_of_a_file_neither_shows_a_secret_nor_steers_a_terminal() {
    for text in [
        "name = \"acme\"\nalgorithm = \"token\"\nsecret = \"hunter2\"",
        "name = \"acme\"\nalgorithm = \"token\"\nsecret_text = \"hunter2\"",
        "name = \"acme\"\nalgorithm = \"token\"\nsecret_text = \"hunter2",
    ] {
        let error = Scheme::from_toml(text).unwrap_err().to_string();
        assert!(error.contains("at line 3") && !error.contains("hunter2"), "{error}");
    }
    let json = r#"{"name":"acme","algorithm":"token","secret_text":"hunter2"}"#;
    let error = Scheme::from_json(json).unwrap_err().to_string();
    assert!(error.contains("never the secret") && !error.contains("hunter2"), "{error}");

    let error = Scheme::from_json(r#"{"name":"\u001b[2J","algorithm":"basic"}"#).unwrap_err().to_string();
    assert!(error.contains("\\u{1b}[2J") && !error.chars().any(char::is_control), "{error}");
    let long = format!(r#"{{"{}":1}}"#, "x".repeat(500_000));
    assert!(Scheme::from_json(&long).unwrap_err().to_string().chars().count() <= 1001);
}

/// Values that a field may have, right and wrong ones.
fn any_value() -> impl Strategy<Value = Value> {
    let words =
        ["", "body", "x-a", "hex", "hmac-sha256", "token", "basic", "/id", "=", ",", "unix-seconds", "é", "all"];
    let leaf = prop_oneof![
        proptest::sample::select(words.to_vec()).prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        ".{0,4}".prop_map(Value::from),
        Just(Value::Null),
    ];
    let keys =
        ["header", "query", "json", "separator", "key", "items", "prefix", "encoding", "format", "text", "base64"];
    leaf.prop_recursive(3, 16, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(
                proptest::sample::select(keys.to_vec()).prop_map(String::from),
                inner,
                0..4
            )
            .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

#[test]
fn a_file_that_is_as_deep_as_it_is_long_is_refused() {
    let half = data::LONGEST_FILE / 2 - 16;
    for (open, close) in [("a.", "a = 1"), ("[", ""), ("a = {", ""), ("{ a = ", "")] {
        let deep = open.repeat(data::LONGEST_FILE / open.len() - 8);
        for text in [format!("{deep}{close}"), format!("facts.{deep}{close}"), format!("facts = {deep}")] {
            assert!(Scheme::from_toml(&text).is_err(), "{open}");
            assert!(Scheme::all_from_toml(&text).is_err(), "{open}");
        }
    }
    let tables = [format!("[{}a]", "a.".repeat(half)), format!("[[{}a]]", "scheme.".repeat(half / 4))];
    for text in tables.into_iter().chain([format!("{}{}", "[[a.a]]\n".repeat(100_000), "b = 1")]) {
        assert!(Scheme::from_toml(&text).is_err() && Scheme::all_from_toml(&text).is_err());
    }
    for text in ["[".repeat(2 * half), "{\"a\":".repeat(half / 4), format!("{{\"facts\":{}", "[".repeat(half))] {
        assert!(Scheme::from_json(&text).is_err() && Scheme::all_from_json(&text).is_err());
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in ".{0,200}") {
        let _ = (Scheme::from_json(&text), Scheme::all_from_json(&text));
        let _ = (Scheme::from_toml(&text), Scheme::all_from_toml(&text));
    }

    #[test]
    fn no_value_of_any_field_makes_the_reader_panic(field in 0..64_usize, value in any_value(), at in 0..WHOLE.len()) {
        let read: Value = toml::from_str(WHOLE).unwrap();
        let mut entry = read["scheme"][field % 2].clone();
        let fields = entry.as_object_mut().unwrap();
        let name = fields.keys().nth(field % fields.len()).unwrap().clone();
        fields.insert(name, value);
        if let Ok(scheme) = Scheme::from_json(&entry.to_string()) {
            prop_assert_eq!(scheme.problem(), None);
            // What was taken can be used: nothing in it waits for the first delivery to go wrong.
            let sender = UrlScheme::new(scheme).at("https://example.com/").unwrap();
            let secret = Secret::new("user:00112233445566778899aabbccddeeff").unwrap();
            let (mut head, body) = Request::post("/").body(Bytes::from_static(b"{}")).unwrap().into_parts();
            let now = UnixTime::from_secs(1_700_000_000);
            if let Ok(verifier) = Verifier::new(sender.clone(), secret.clone()) {
                let _ = verifier.verify(&head, &body, Some(now));
            }
            if let Ok(signer) = Signer::new(sender, secret) {
                let _ = signer.sign(&mut head, &body, now);
            }
            prop_assert_eq!(said(&Scheme::from_json(&written(&scheme).to_string()).unwrap()), said(&scheme));
        }
        let _ = Scheme::all_from_toml(&WHOLE[..at]);
        let _ = Scheme::all_from_toml(&[&WHOLE[..at], &WHOLE[at + 1..]].concat());
    }
}
