//! Signatures that are missing, cut, re-spelled, of another kind, or of other bytes.

use base64ct::{Base64, Base64Unpadded, Base64Url, Encoding as _};

use crate::message::{
    Message, Protocol, github, hex, mac, now, slack, standard, standard_key, standard_signature, stripe, stripe_v1,
};
use crate::receiver::{GITHUB, STRIPE};
use crate::{Cases, Expected, run};

const SIGNATURE: &str = "x-hub-signature-256";

#[tokio::test]
async fn one_signature_of_one_header() {
    let mut cases = Cases::default();
    let good = || github("{\"a\": 1}");
    let right = good().value(SIGNATURE);
    let digits = right.strip_prefix("sha256=").unwrap().to_owned();
    let with = |value: &[u8]| good().with(SIGNATURE, value);

    cases.accepted("as it is to be", good());
    cases.accepted("any bytes are a body", github(vec![0, 0xff, 0xfe, b'\r', b'\n', 0x80]));
    cases.accepted("an empty body that is signed", github(""));
    cases.accepted("a header of the same meaning beside it", good().line("x-hub-signature", "sha1=00"));
    cases.accepted("any content type", good().line("content-type", "\u{fffd}; ???"));

    cases.refused("none", good().without(SIGNATURE), 401, "missing_signature");
    cases.refused("empty", with(b""), 401, "malformed_signature");
    cases.refused("blank", with(b" \t ").only(Protocol::Http1), 401, "malformed_signature");
    let body = good().body;
    let other = |key: &[u8]| hex(&mac(key, &[&body]));
    for (name, value, reason) in [
        ("the prefix alone", "sha256=".to_owned(), "malformed_signature"),
        ("digits alone", digits.clone(), "unsupported_scheme"),
        ("one digit short", right[..right.len() - 1].to_owned(), "malformed_signature"),
        ("one byte short", right[..right.len() - 2].to_owned(), "malformed_signature"),
        ("half", right[..7 + 32].to_owned(), "malformed_signature"),
        ("one byte", right[..9].to_owned(), "malformed_signature"),
        ("one digit more", format!("{right}0"), "malformed_signature"),
        ("one byte more", format!("{right}00"), "malformed_signature"),
        ("twice in a row", format!("{right}{digits}"), "malformed_signature"),
        ("no digits", format!("sha256={}", "g".repeat(64)), "malformed_signature"),
        (
            "base64",
            format!("sha256={}", Base64::encode_string(&mac(GITHUB.as_bytes(), &[&body]))),
            "malformed_signature",
        ),
        ("0x", format!("sha256=0x{}", &digits[2..]), "malformed_signature"),
        ("a blank inside", format!("sha256= {digits}"), "malformed_signature"),
        ("quoted", format!("\"{right}\""), "unsupported_scheme"),
        ("quoted digits", format!("sha256=\"{digits}\""), "malformed_signature"),
        ("a list of two", format!("{right}, {right}"), "malformed_signature"),
        ("a comma behind", format!("{right},"), "malformed_signature"),
        ("a semicolon behind", format!("{right};"), "malformed_signature"),
        ("two equal signs", format!("sha256=={digits}"), "malformed_signature"),
        ("another prefix", format!("sha512={digits}"), "unsupported_scheme"),
        ("sha1 by name", format!("sha1={digits}"), "unsupported_scheme"),
        ("md5 by name", "md5=d41d8cd98f00b204e9800998ecf8427e".to_owned(), "unsupported_scheme"),
        ("none by name", "none=".to_owned(), "unsupported_scheme"),
        ("ten thousand digits", format!("sha256={}", "0".repeat(10_000)), "malformed_signature"),
        ("all zeros", format!("sha256={}", "0".repeat(64)), "signature_mismatch"),
        ("all ones", format!("sha256={}", "f".repeat(64)), "signature_mismatch"),
        ("another key", format!("sha256={}", other(b"another key of enough bytes")), "signature_mismatch"),
        ("an empty key", format!("sha256={}", other(b"")), "signature_mismatch"),
        (
            "the key with a line feed",
            format!("sha256={}", other(format!("{GITHUB}\n").as_bytes())),
            "signature_mismatch",
        ),
        ("the key in lower case", format!("sha256={}", other(GITHUB.to_lowercase().as_bytes())), "signature_mismatch"),
        ("the key of another route", format!("sha256={}", other(STRIPE.as_bytes())), "signature_mismatch"),
        ("the signature of no body", format!("sha256={}", hex(&mac(GITHUB.as_bytes(), &[]))), "signature_mismatch"),
    ] {
        cases.refused(name, with(value.as_bytes()), 401, reason);
    }
    cases.refused("full-width digits", with("sha256=０".as_bytes()), 401, "malformed_signature");
    cases.refused("bytes that are no text", with(b"sha256=\xff\xfe\x80"), 401, "malformed_signature");
    cases.refused("sixty thousand bytes", with("s".repeat(60_000).as_bytes()), 401, "unsupported_scheme");

    let again = |lines: [&str; 2]| {
        lines.into_iter().fold(good().without(SIGNATURE), |message, line| message.line(SIGNATURE, line))
    };
    let wrong = format!("sha256={}", "0".repeat(64));
    for (name, lines) in [
        ("the same line twice", [right.as_str(), right.as_str()]),
        ("a right line and a wrong one", [&right, &wrong]),
        ("a wrong line and a right one", [&wrong, &right]),
        ("a right line and an empty one", [&right, ""]),
    ] {
        cases.refused(name, again(lines), 401, "malformed_signature");
    }
    for (name, message) in [
        ("under a twin with underscores", good().without(SIGNATURE).line("x_hub_signature_256", &right)),
        ("in the header of the older kind", good().without(SIGNATURE).line("x-hub-signature", &right)),
        ("in a cookie", good().without(SIGNATURE).line("cookie", format!("{SIGNATURE}={right}"))),
        ("in the query", good().without(SIGNATURE).target(&format!("/github?{SIGNATURE}={right}"))),
        ("as a bearer token", good().without(SIGNATURE).line("authorization", format!("Bearer {right}"))),
    ] {
        cases.refused(name, message, 401, "missing_signature");
    }
    let signed = |body: &[u8]| good().body(body);
    for (name, body) in [
        ("a blank more", &b"{\"a\": 1} "[..]),
        ("a line feed more", b"{\"a\": 1}\n"),
        ("a byte order mark", b"\xef\xbb\xbf{\"a\": 1}"),
        ("another number", b"{\"a\": 2}"),
        ("no blank", b"{\"a\":1}"),
        ("a zero byte more", b"{\"a\": 1}\0"),
        ("one byte less", b"{\"a\": 1"),
        ("nothing", b""),
        ("twice", b"{\"a\": 1}{\"a\": 1}"),
        ("the same JSON, escaped", b"{\"\\u0061\": 1}"),
    ] {
        cases.refused(format!("other bytes: {name}"), signed(body), 401, "signature_mismatch");
    }
    let trailer = [
        good().without(SIGNATURE).head(),
        format!("trailer: {SIGNATURE}\r\ntransfer-encoding: chunked\r\n\r\n8\r\n{{\"a\": 1}}\r\n0\r\n{SIGNATURE}: {right}\r\n\r\n")
            .into_bytes(),
    ];
    cases.bytes("in a trailer", trailer.concat(), Expected::Refused(401, "missing_signature"));
    cases.add("another method", good().method("PUT"), Expected::Answered(405));
    cases.add(
        "another method by header",
        good().method("GET").line("x-http-method-override", "POST"),
        Expected::Answered(405),
    );
    cases.refused("for another route", good().target("/idem-github").with(SIGNATURE, wrong), 401, "signature_mismatch");
    run(cases).await;
}

#[tokio::test]
async fn a_list_of_named_items() {
    let mut cases = Cases::default();
    let time = now().to_string();
    let body = br#"{"id":"evt_1"}"#;
    let v1 = stripe_v1(time.as_bytes(), body);
    let bad = "0".repeat(64);
    let with = |value: String| stripe(&time, *body).with("stripe-signature", value);
    cases.accepted("as it is to be", with(format!("t={time},v1={v1}")));
    cases.accepted("the other way around", with(format!("v1={v1},t={time}")));
    cases.accepted("one of several", with(format!("t={time},v1={bad},v1={v1},v1={bad}")));
    cases.accepted("items of other names", with(format!("t={time},v0={bad},v1={v1},v2=x")));
    let many = |count: usize| format!("t={time}{},v1={v1}", format!(",v1={bad}").repeat(count));
    cases.accepted("the sixteenth", with(many(15)));
    for (name, value, reason) in [
        ("none", String::new(), "malformed_signature"),
        ("a time alone", format!("t={time}"), "unsupported_scheme"),
        ("a signature alone", format!("v1={v1}"), "missing_timestamp"),
        ("the test scheme alone", format!("t={time},v0={v1}"), "unsupported_scheme"),
        ("a scheme to come", format!("t={time},v2={v1}"), "unsupported_scheme"),
        ("names in capitals", format!("T={time},V1={v1}"), "unsupported_scheme"),
        ("two times, the first right", format!("t={time},t=1,v1={v1}"), "malformed_timestamp"),
        ("two times, the last right", format!("t=1,t={time},v1={v1}"), "malformed_timestamp"),
        ("an empty time", format!("t=,v1={v1}"), "malformed_timestamp"),
        ("an empty signature", format!("t={time},v1="), "malformed_signature"),
        ("half a signature", format!("t={time},v1={}", &v1[..32]), "malformed_signature"),
        ("wrong", format!("t={time},v1={bad}"), "signature_mismatch"),
        ("another time than signed", format!("t={},v1={v1}", now() - 1), "signature_mismatch"),
        ("semicolons", format!("t={time};v1={v1}"), "unsupported_scheme"),
        ("a word", "garbage".to_owned(), "malformed_signature"),
        ("commas alone", ",,,,".to_owned(), "malformed_signature"),
        ("equal signs alone", "=,=,==".to_owned(), "unsupported_scheme"),
        ("quoted", format!("t=\"{time}\",v1=\"{v1}\""), "malformed_signature"),
        ("the seventeenth", many(16), "malformed_signature"),
        ("ten thousand items", format!("t={time}{}", ",v1=0".repeat(10_000)), "malformed_signature"),
    ] {
        cases.refused(name, with(value), 401, reason);
    }
    let two = |first: &str, second: &str| with(first.to_owned()).line("stripe-signature", second);
    let right = format!("t={time},v1={v1}");
    cases.refused("two lines", two(&right, &right), 401, "malformed_signature");
    cases.refused("one item a line", two(&format!("t={time}"), &format!("v1={v1}")), 401, "malformed_signature");
    cases.refused("no header", with(String::new()).without("stripe-signature"), 401, "missing_signature");
    run(cases).await;
}

#[tokio::test]
async fn an_id_a_time_and_several_signatures() {
    let mut cases = Cases::default();
    let time = now().to_string();
    let body = br#"{"type":"a"}"#;
    let good = || standard("/sw", "msg_a", &time, *body);
    let right = good().value("webhook-signature");
    let base64 = right.strip_prefix("v1,").unwrap().to_owned();
    let raw = mac(&standard_key(), &[b"msg_a.", time.as_bytes(), b".", body]);
    let bad = format!("v1,{}", Base64::encode_string(&[0; 32]));
    let with = |value: &str| good().with("webhook-signature", value);

    cases.accepted("as it is to be", good());
    cases.accepted("each time, without idempotency", good());
    cases.accepted("among others", with(&format!("{bad} v1a,AAAA v2,x {right}")));
    cases.accepted("the sixteenth", with(&format!("{}{right}", format!("{bad} ").repeat(15))));
    for (name, value, reason) in [
        ("empty", String::new(), "malformed_signature"),
        ("no version", base64.clone(), "malformed_signature"),
        ("the version alone", "v1".to_owned(), "malformed_signature"),
        ("the version and a comma", "v1,".to_owned(), "malformed_signature"),
        ("another version", format!("v2,{base64}"), "unsupported_scheme"),
        ("the version of public keys", format!("v1a,{base64}"), "unsupported_scheme"),
        ("the version in capitals", format!("V1,{base64}"), "unsupported_scheme"),
        ("an equal sign", format!("v1={base64}"), "malformed_signature"),
        ("two commas", format!("v1,,{base64}"), "malformed_signature"),
        ("no padding", format!("v1,{}", Base64Unpadded::encode_string(&raw)), "malformed_signature"),
        ("padding twice", format!("v1,{base64}="), "malformed_signature"),
        ("hex", format!("v1,{}", hex(&raw)), "malformed_signature"),
        ("short", format!("v1,{}", Base64::encode_string(&raw[..31])), "malformed_signature"),
        ("half", format!("v1,{}", Base64::encode_string(&raw[..16])), "malformed_signature"),
        ("long", format!("v1,{}", Base64::encode_string(&[&raw[..], &[0]].concat())), "malformed_signature"),
        ("wrong", bad.clone(), "signature_mismatch"),
        ("the seventeenth", format!("{}{right}", format!("{bad} ").repeat(16)), "malformed_signature"),
        ("separated by commas", format!("{bad},{right}"), "malformed_signature"),
        ("a colon", format!("v1:{base64}"), "malformed_signature"),
    ] {
        cases.refused(name, with(&value), 401, reason);
    }
    // The last digit of 32 bytes has two bits that say nothing.
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let last = alphabet.find(&base64[42..43]).unwrap();
    let twin = format!("v1,{}{}=", &base64[..42], &alphabet[last + 1..last + 2]);
    cases.refused("another spelling of the same bytes", with(&twin), 401, "malformed_signature");
    // A time whose signature has a digit that the two alphabets write differently.
    let (odd_time, odd) = (0..)
        .map(|back| (now() - back).to_string())
        .map(|time| (time.clone(), mac(&standard_key(), &[b"msg_a.", time.as_bytes(), b".", body])))
        .find(|(_, raw)| Base64::encode_string(raw).contains(['+', '/']))
        .unwrap();
    let url_safe = format!("v1,{}", Base64Url::encode_string(&odd));
    let message = standard("/sw", "msg_a", &odd_time, *body).with("webhook-signature", url_safe);
    cases.refused("the alphabet of URLs", message, 401, "malformed_signature");

    for name in ["webhook-signature", "webhook-timestamp"] {
        let value = good().value(name);
        cases.refused(
            format!("{name} twice"),
            good().line(name, value),
            401,
            if name.ends_with("ture") { "malformed_signature" } else { "malformed_timestamp" },
        );
    }
    cases.refused("the id twice", good().line("webhook-id", "msg_a"), 401, "malformed_signature");
    cases.refused("another id first", good().line_first("webhook-id", "msg_b"), 401, "malformed_signature");
    cases.refused("no id", good().without("webhook-id"), 401, "missing_signature");
    cases.refused("another id", good().with("webhook-id", "msg_b"), 401, "signature_mismatch");
    cases.refused("no signature", good().without("webhook-signature"), 401, "missing_signature");
    cases.refused("no time", good().without("webhook-timestamp"), 401, "missing_timestamp");
    cases.refused("another time", good().with("webhook-timestamp", (now() - 1).to_string()), 401, "signature_mismatch");
    // `msg_a` `1.2`, or `msg_a.1` `2`: both are the same signed bytes.
    let moved = good().with("webhook-id", format!("msg_a.{time}")).with("webhook-timestamp", "1");
    cases.refused("a dot moved", moved, 401, "malformed_signature");
    let other_set = Message::post("/sw")
        .line("svix-id", "msg_a")
        .line("svix-timestamp", &time)
        .line("svix-signature", &right)
        .body(*body);
    cases.accepted("names of the other set", other_set);
    let mixed = good().without("webhook-id").line("svix-id", "msg_a");
    cases.refused("names of two sets", mixed, 401, "missing_signature");
    let binary = Message::post("/sw")
        .line("webhook-id", b"msg_\xff")
        .line("webhook-timestamp", &time)
        .line("webhook-signature", standard_signature(b"msg_\xff", time.as_bytes(), body))
        .body(*body);
    cases.refused("an id that is no text", binary, 401, "malformed_signature");
    run(cases).await;
}

#[tokio::test]
async fn questions_that_nobody_signed_are_not_answered() {
    let mut cases = Cases::default();
    let time = now().to_string();
    let question = |challenge: &str| format!(r#"{{"type":"url_verification","challenge":"{challenge}"}}"#);
    let signed = |body: String| slack(&time, body);
    cases.accepted("a delivery", signed(r#"{"type":"event"}"#.to_owned()));
    cases.accepted("a question of another type", signed(question("x").replace("url_verification", "other")));
    cases.add("a signed question", signed(question("a-1.b_2")), Expected::Answered(200));
    cases.refused("unsigned", signed(question("x")).without("x-slack-signature"), 401, "missing_signature");
    cases.refused("forged", signed(question("x")).body(question("y")), 401, "signature_mismatch");
    for (name, challenge) in [
        ("mark-up", "<script>".to_owned()),
        ("a blank", "a b".to_owned()),
        ("a line break", "a\\r\\nb".to_owned()),
        ("nothing", String::new()),
        ("too much", "x".repeat(5_000)),
        ("no ASCII", "é".to_owned()),
    ] {
        cases.refused(format!("a challenge of {name}"), signed(question(&challenge)), 400, "challenge_malformed");
    }
    let none = r#"{"type":"url_verification"}"#.to_owned();
    cases.refused("a question without a challenge", signed(none), 400, "challenge_malformed");
    let without = |name: &str| signed("{}".to_owned()).without(name);
    cases.refused("no signature", without("x-slack-signature"), 401, "missing_signature");
    cases.refused("no time", without("x-slack-request-timestamp"), 401, "missing_timestamp");
    let version = |prefix: &str| {
        let message = signed("{}".to_owned());
        let value = message.value("x-slack-signature").replace("v0=", prefix);
        message.with("x-slack-signature", value)
    };
    for prefix in ["v1=", "V0=", "", "v0:"] {
        cases.refused(format!("the prefix {prefix:?}"), version(prefix), 401, "unsupported_scheme");
    }
    for prefix in ["v0==", "v0= ", "v0=v0="] {
        cases.refused(format!("the prefix {prefix:?}"), version(prefix), 401, "malformed_signature");
    }
    run(cases).await;
}
