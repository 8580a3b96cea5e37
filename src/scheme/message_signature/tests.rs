//! Signatures of HTTP messages, against the examples of the standards.

use http::Request;

use super::*;

/// The request of RFC 9421 appendix B.2, with the signature of B.2.6.
fn published() -> (Parts, Bytes) {
    let request = Request::post("/foo?param=Value&Pet=dog")
        .header("host", "example.com")
        .header("date", "Tue, 20 Apr 2021 02:07:55 GMT")
        .header("content-type", "application/json")
        .header("content-length", "18")
        .header(
            "signature-input",
            "sig-b26=(\"date\" \"@method\" \"@path\" \"@authority\" \"content-type\" \"content-length\")\
             ;created=1618884473;keyid=\"test-key-ed25519\"",
        )
        .header(
            "signature",
            "sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:",
        );
    request.body(Bytes::from_static(br#"{"hello": "world"}"#)).unwrap().into_parts()
}

#[cfg(feature = "ed25519")]
#[test]
fn the_signature_that_the_rfc_publishes_verifies() {
    use crate::crypto::{Message, PublicKey};
    use crate::verifying_key::VerifyingKey;

    let (head, body) = published();
    let request = Unverified {
        head: &head,
        body: &body,
        key_id: "",
        public_url: "https://Example.com:443/foo?param=Value&Pet=dog",
        timestamp: "",
        secret: &[],
    };
    let rule = MessageSignature::new("ed25519");
    let input = Input::read(&head).unwrap();
    let base = input.base(&request).unwrap();
    let key = "MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=";
    let key = PublicKey::parse(PublicAlgorithm::Ed25519, &VerifyingKey::from_base64(key).unwrap()).unwrap();
    let mut signature = [0; 64];
    assert!(Encoding::Base64.decode(&rule.signature(&request).unwrap(), &mut signature).is_some());
    assert!(key.verifies(&Message::new(&[base.as_bytes()]), &signature), "{base}");
    assert_eq!(rule.key(&request).unwrap().document(), "test-key-ed25519");
    // It does not cover the body.
    assert_eq!(rule.examine(&head).unwrap_err().reason(), Reason::UnsupportedScheme);
}

#[test]
fn only_one_plain_signature_is_read() {
    for line in [r#"sig=("a")"#, r#"s*_-.1=("content-digest" "@method");created=1;keyid="a;b=c,d";alg="x""#] {
        assert!(Input::parse(line).is_some(), "{line}");
    }
    for line in [
        "",
        "sig",
        "sig=",
        "sig=()",
        "Sig=(\"a\")",
        "sig=(\"a\"",
        "sig=(\"a\" )",
        "sig=(\"a\"  \"b\")",
        "sig=(\"a\" \"a\")",
        "sig=(\"A\")",
        "sig=(a)",
        "sig=(\"a\";sf)",
        "sig=(\"a\") ",
        "sig=(\"a\");created",
        "sig=(\"a\");created=",
        "sig=(\"a\");created=-1",
        "sig=(\"a\");created=1.0",
        "sig=(\"a\"); created=1",
        "sig=(\"a\");created=1;created=2",
        "sig=(\"a\");keyid=\"a",
        "sig=(\"a\");keyid=\"a\\\"b\"",
        "sig=(\"a\");keyid=\"a\"b",
        "sig=(\"a\");keyid=\"é\"",
        "sig=(\"a\"), other=(\"a\")",
        "sig=(\"a\");created=1, other=(\"a\");created=1",
    ] {
        assert!(Input::parse(line).is_none(), "{line}");
    }
}

#[test]
fn a_key_begins_with_a_small_letter_or_a_star() {
    for key in ["a", "*", "*a", "a-_.*1"] {
        assert!(is_key(key), "{key}");
    }
    for other in ["", "1", "-a", ".a", "_a", "aB", "a b", "A"] {
        assert!(!is_key(other), "{other}");
    }
}

#[test]
fn the_url_is_told_as_it_is_configured() {
    let (head, body) = published();
    let at = |public_url: &'static str, component: &str| {
        derived(component, &Unverified { head: &head, body: &body, key_id: "", public_url, timestamp: "", secret: &[] })
    };
    let url = "https://Hooks.example:443/in?a=1&b=2";
    assert_eq!(at(url, "@method").as_deref(), Some("POST"));
    assert_eq!(at(url, "@authority").as_deref(), Some("hooks.example"));
    assert_eq!(at("http://hooks.example:443/", "@authority").as_deref(), Some("hooks.example:443"));
    assert_eq!(at(url, "@path").as_deref(), Some("/in"));
    assert_eq!(at(url, "@query").as_deref(), Some("?a=1&b=2"));
    assert_eq!(at("https://hooks.example/in", "@query").as_deref(), Some("?"));
    assert_eq!(at(url, "@target-uri").as_deref(), Some(url));
    assert_eq!(at(url, "@status"), None);
    assert!(MessageSignature::new("ed25519").over_url().signs_url());
    assert!(!MessageSignature::new("ed25519").signs_url());
}

#[test]
fn each_digest_that_is_known_must_be_that_of_the_body() {
    let body = Bytes::from_static(br#"{"hello": "world"}"#);
    // Of RFC 9530 appendix B.
    let good = "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:";
    let other = "sha-256=:RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=:";
    let longer = "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:";
    for line in [good.to_owned(), longer.to_owned(), format!("md5=:AQ==:, {good}"), format!("{longer},{good}")] {
        assert!(check_digest(&line, &body).is_ok(), "{line}");
    }
    for (line, reason) in [
        (other.to_owned(), Reason::SignatureMismatch),
        ("md5=:AQ==:".to_owned(), Reason::UnsupportedScheme),
        (longer.replace("WZ", "Wz"), Reason::SignatureMismatch),
        (format!(" {good}"), Reason::MalformedSignature),
        (format!("{good},{good}"), Reason::MalformedSignature),
        (format!("{good},"), Reason::MalformedSignature),
        (good.replace('=', ""), Reason::MalformedSignature),
        (String::new(), Reason::MalformedSignature),
    ] {
        assert_eq!(check_digest(&line, &body).unwrap_err().reason(), reason, "{line}");
    }
}
