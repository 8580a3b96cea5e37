//! Signatures and tokens that do not stand in one header.

use bytes::Bytes;
use http::Request;
use http::request::Parts;
use tower_webhook::scheme::{Encoding, Part, Scheme, Signer, TimestampFormat, Verifier, header, item, json, query};
use tower_webhook::{Reason, Secret, clock::UnixTime, provider};

const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);
const SECRET: &str = "a secret of at least sixteen bytes";
const BODY: &[u8] = b"{\"text\":1}";

fn head(uri: &str, headers: &[(&str, &str)]) -> Parts {
    let request = headers.iter().fold(Request::post(uri), |request, (name, value)| request.header(*name, *value));
    request.body(()).unwrap().into_parts().0
}

fn secret(text: &str) -> Secret {
    Secret::new(text).unwrap()
}

fn verdict(scheme: Scheme, key: &str, head: &Parts, body: &[u8]) -> Result<(), Reason> {
    let verifier = Verifier::new(scheme, secret(key)).unwrap();
    let verdict = verifier.verify(head, &Bytes::copy_from_slice(body), Some(NOW));
    verdict.map(drop).map_err(|error| error.reason())
}

/// The hex signature of `BODY` under `key`.
fn signature(key: &str) -> String {
    const PLAIN: Scheme = Scheme::hmac_sha256("acme").signature(header("x-acme"), Encoding::Hex).checked();
    let mut head = head("/", &[]);
    Signer::new(PLAIN, secret(key)).unwrap().sign(&mut head, &Bytes::from_static(BODY), NOW).unwrap();
    head.headers["x-acme"].to_str().unwrap().to_owned()
}

#[test]
fn any_of_several_headers_may_match_but_each_stands_on_one_line() {
    const SCHEME: Scheme = Scheme::hmac_sha256("acme")
        .signature(header("x-acme-1").or_headers(&["x-acme-2", "x-acme-3"]), Encoding::Hex)
        .checked();
    let (own, other) = (signature(SECRET), signature("another secret of sixteen bytes"));
    for headers in [
        &[("x-acme-1", own.as_str())][..],
        &[("x-acme-3", &own)],
        &[("x-acme-1", &other), ("x-acme-2", &own)],
        &[("x-acme-1", "no signature"), ("x-acme-3", &own)],
    ] {
        assert_eq!(verdict(SCHEME, SECRET, &head("/", headers), BODY), Ok(()), "{headers:?}");
    }
    for (headers, reason) in [
        (&[][..], Reason::MissingSignature),
        (&[("x-acme-4", own.as_str())], Reason::MissingSignature),
        (&[("x-acme-1", ""), ("x-acme-2", &own)], Reason::MalformedSignature),
        (&[("x-acme-1", &own), ("x-acme-1", &own)], Reason::MalformedSignature),
        (&[("x-acme-1", &own), ("x-acme-2", &other), ("x-acme-2", &own)], Reason::MalformedSignature),
        (&[("x-acme-1", &other), ("x-acme-2", &other)], Reason::SignatureMismatch),
    ] {
        assert_eq!(verdict(SCHEME, SECRET, &head("/", headers), BODY), Err(reason), "{headers:?}");
    }
}

#[test]
fn a_header_that_may_repeat_has_sixteen_lines_at_most() {
    const SCHEME: Scheme = Scheme::hmac_sha256("acme")
        .signature(header("x-acme").prefix("v1=").on_several_lines(), Encoding::Hex)
        .checked();
    let own = format!("v1={}", signature(SECRET));
    let other = format!("v1={}", signature("another secret of sixteen bytes"));
    let lines = |count: usize| {
        let mut lines = vec![("x-acme", other.as_str()); count - 1];
        lines.push(("x-acme", &own));
        head("/", &lines)
    };
    for count in [1, 2, 16] {
        assert_eq!(verdict(SCHEME, SECRET, &lines(count), BODY), Ok(()), "{count}");
    }
    for count in [17, 18, 500] {
        assert_eq!(verdict(SCHEME, SECRET, &lines(count), BODY), Err(Reason::MalformedSignature), "{count}");
    }
    let unknown = head("/", &[("x-acme", "v2=00"), ("x-acme", &own)]);
    assert_eq!(verdict(SCHEME, SECRET, &unknown, BODY), Ok(()));
    let unknown = head("/", &[("x-acme", "v2=00"), ("x-acme", "v3=00")]);
    assert_eq!(verdict(SCHEME, SECRET, &unknown, BODY), Err(Reason::UnsupportedScheme));
}

#[test]
fn a_signature_in_the_query_stands_there_once() {
    const SCHEME: Scheme = Scheme::hmac_sha256("acme").signature(query("signature"), Encoding::Hex).checked();
    let own = signature(SECRET);
    for uri in [format!("/?signature={own}"), format!("/hook?a=1&signature={own}&b"), format!("/?a&signature={own}")] {
        assert_eq!(verdict(SCHEME, SECRET, &head(&uri, &[]), BODY), Ok(()), "{uri}");
    }
    for (uri, reason) in [
        ("/".to_owned(), Reason::MissingSignature),
        (format!("/?Signature={own}"), Reason::MissingSignature),
        (format!("/?a=signature={own}"), Reason::MissingSignature),
        ("/?signature".to_owned(), Reason::MissingSignature),
        ("/?signature=".to_owned(), Reason::MalformedSignature),
        (format!("/?signature=%20{own}"), Reason::MalformedSignature),
        (format!("/?signature={own}&signature={own}"), Reason::MalformedSignature),
        (format!("/?signature={}", signature("another secret of sixteen bytes")), Reason::SignatureMismatch),
    ] {
        assert_eq!(verdict(SCHEME, SECRET, &head(&uri, &[]), BODY), Err(reason), "{uri}");
    }
    let mut signed = head("/hook?signature=old&a=1", &[]);
    Signer::new(SCHEME, secret(SECRET)).unwrap().sign(&mut signed, &Bytes::from_static(BODY), NOW).unwrap();
    assert_eq!(signed.uri.to_string(), format!("/hook?a=1&signature={own}"));
}

#[test]
fn a_token_in_the_body_is_read_at_its_pointer_only() {
    const SCHEME: Scheme = Scheme::token("acme", json("/auth/token")).checked();
    let good = format!(r#"{{"auth":{{"token":"{SECRET}"}},"token":"x"}}"#);
    assert_eq!(verdict(SCHEME, SECRET, &head("/", &[]), good.as_bytes()), Ok(()));
    for (body, reason) in [
        (String::new(), Reason::MissingSignature),
        ("not JSON".to_owned(), Reason::MissingSignature),
        (format!(r#"{{"token":"{SECRET}"}}"#), Reason::MissingSignature),
        (r#"{"auth":{"token":""}}"#.to_owned(), Reason::MissingSignature),
        (r#"{"auth":{"token":null}}"#.to_owned(), Reason::MissingSignature),
        (format!(r#"{{"auth":{{"token":["{SECRET}"]}}}}"#), Reason::MissingSignature),
        (format!(r#"{{"auth":{{"token":"{SECRET} "}}}}"#), Reason::SignatureMismatch),
        (format!(r#"{{"auth":{{"token":"x","token":"{SECRET}"}}}}"#), Reason::SignatureMismatch),
    ] {
        assert_eq!(verdict(SCHEME, SECRET, &head("/", &[("token", SECRET)]), body.as_bytes()), Err(reason), "{body}");
    }
    let signer = Signer::new(SCHEME, secret(SECRET)).unwrap();
    assert!(signer.sign(&mut head("/", &[]), &good.into(), NOW).is_ok());
    assert!(signer.sign(&mut head("/", &[]), &Bytes::from_static(BODY), NOW).is_err());
}

#[test]
fn user_and_password_are_compared_whole() {
    const SCHEME: Scheme = Scheme::basic("acme").checked();
    // RFC 7617, section 2; the password may hold colons.
    let (aladdin, colons) = ("Aladdin:open sesame", "user:pass:word:1234");
    for (key, shown) in
        [(aladdin, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), (colons, "Basic dXNlcjpwYXNzOndvcmQ6MTIzNA==")]
    {
        assert_eq!(verdict(SCHEME, key, &head("/", &[("authorization", shown)]), BODY), Ok(()));
    }
    for (shown, reason) in [
        ("Basic", Reason::UnsupportedScheme),
        ("Basic ", Reason::UnsupportedScheme),
        ("Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ==", Reason::UnsupportedScheme),
        ("QWxhZGRpbjpvcGVuIHNlc2FtZQ==", Reason::UnsupportedScheme),
        ("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ", Reason::SignatureMismatch),
        ("Basic Aladdin:open sesame", Reason::SignatureMismatch),
        ("Basic QWxhZGRpbjo=", Reason::SignatureMismatch),
    ] {
        let shown_head = head("/", &[("authorization", shown)]);
        let verdict = verdict(SCHEME, aladdin, &shown_head, BODY).unwrap_err();
        assert!(
            verdict == reason || (shown == "Basic " && verdict == Reason::MalformedSignature),
            "{shown}: {verdict:?}"
        );
    }
    assert!(Verifier::new(SCHEME, secret("a secret without a colon")).is_err());
}

#[test]
fn a_digest_knows_its_keys_apart_and_takes_the_body_in_frames() {
    const SCHEME: Scheme = Scheme::digest_sha256("acme").signature(header("x-acme"), Encoding::Hex).checked();
    let mut signed = head("/", &[]);
    Signer::new(SCHEME, secret(SECRET)).unwrap().sign(&mut signed, &Bytes::from_static(BODY), NOW).unwrap();
    assert_ne!(signed.headers["x-acme"], signature(SECRET).as_str(), "it is no HMAC");

    let other = secret("another secret of sixteen bytes");
    for keys in [
        tower_webhook::Secrets::rotating(secret(SECRET), other.clone()),
        tower_webhook::Secrets::rotating(other, secret(SECRET)),
    ] {
        let verifier = Verifier::new(SCHEME, keys).unwrap();
        let mut verification = verifier.begin(&signed, Some(NOW)).unwrap();
        for frame in BODY.chunks(3) {
            verification.update(frame);
        }
        assert!(verification.finish(&signed, Bytes::from_static(BODY)).is_ok());
    }
    assert_eq!(verdict(SCHEME, "another secret of sixteen bytes", &signed, BODY), Err(Reason::SignatureMismatch));
}

#[test]
fn of_a_form_the_decoded_payload_is_signed_and_nothing_may_stand_beside_it() {
    // Made with Python's hmac over `{"a": 1}`.
    let signature = "10c8c7cd954b79367b67ac92202fd06e67ce717c94ffc36d128acb727208590a";
    let kind = "application/x-www-form-urlencoded";
    let form = head("/", &[("content-type", kind), ("x-gitea-signature", signature)]);
    let json = head("/", &[("content-type", "application/json"), ("x-gitea-signature", signature)]);
    let key = "a-secret-of-gitea-0123456789";
    let of = |head: &Parts, body: &str| verdict(provider::GITEA, key, head, body.as_bytes());
    assert_eq!(of(&form, "payload=%7B%22a%22%3A+1%7D"), Ok(()));
    assert_eq!(of(&json, r#"{"a": 1}"#), Ok(()));
    for (head, body) in [
        (&form, "payload=%7B%22a%22%3A+2%7D"),
        (&form, "payload=%7B%22a%22%3A+1%7D&ref=main"),
        (&form, "ref=main&payload=%7B%22a%22%3A+1%7D"),
        (&form, r#"{"a": 1}"#),
        (&json, "payload=%7B%22a%22%3A+1%7D"),
    ] {
        assert_eq!(of(head, body), Err(Reason::SignatureMismatch), "{body}");
    }
}

#[test]
fn the_groups_of_a_list_agree_on_the_time() {
    const SCHEME: Scheme = Scheme::hmac_sha256("acme")
        .signature(item("x-acme", ',', "v1").grouped(' '), Encoding::Hex)
        .timestamp(item("x-acme", ',', "t").grouped(' '), TimestampFormat::UnixSeconds)
        .signed(&[Part::Timestamp, Part::Lit("."), Part::Body])
        .checked();
    let mut signed = head("/", &[]);
    Signer::new(SCHEME, secret(SECRET)).unwrap().sign(&mut signed, &Bytes::from_static(BODY), NOW).unwrap();
    let own = signed.headers["x-acme"].to_str().unwrap().to_owned();
    let of = |value: &str| verdict(SCHEME, SECRET, &head("/", &[("x-acme", value)]), BODY);
    let other = "0".repeat(64);
    assert_eq!(of(&own), Ok(()));
    assert_eq!(of(&format!("t=1700000000,v1={other} {own}")), Ok(()));
    assert_eq!(of(&format!("{own} t=1700000000,v1={other}")), Ok(()));
    assert_eq!(of(&format!("{own} t=1700000001,v1={other}")), Err(Reason::MalformedTimestamp));
    assert_eq!(of(&format!("{own} ")), Err(Reason::MalformedSignature));
}
