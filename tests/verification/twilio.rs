//! Twilio, whose signature covers the URL and the fields of a form.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use http::Uri;
use percent_encoding::percent_decode;
use tower_webhook::scheme::{Signer, Verifier};
use tower_webhook::{ConfigErrorKind, Reason, Secret, provider};

use crate::deliveries::{Vector, named};

/// Whether it signs the fields of a form, and not how they are written.
pub(crate) fn is_twilio(provider: &str) -> bool {
    matches!(provider, "twilio" | "twilio-shared-key")
}

/// The fields of a form as Twilio sees them: decoded, each pair once.
pub(crate) fn fields(body: &[u8]) -> BTreeSet<(Vec<u8>, Vec<u8>)> {
    let decode = |half: &[u8]| {
        let spaced: Vec<_> = half.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
        percent_decode(&spaced).collect()
    };
    let pairs = body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let at = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
            (decode(&pair[..at]), decode(pair.get(at + 1..).unwrap_or_default()))
        })
        .collect()
}

fn at(vector: &Vector, target: &'static str) -> Vector {
    let mut vector = vector.clone();
    vector.head.uri = Uri::from_static(target);
    vector
}

#[test]
fn the_query_of_the_request_is_signed_and_its_host_and_path_are_not_believed() {
    let vector = named("twilio-docs");
    assert!(at(&vector, "http://attacker.example/elsewhere?foo=1&bar=2").verify().is_ok());
    at(&vector, "/myapp.php?foo=2&bar=2").assert_refused(Reason::SignatureMismatch);
    at(&vector, "/myapp.php?foo=1&bar=2&").assert_refused(Reason::SignatureMismatch);
}

#[test]
fn a_body_that_is_no_form_is_covered_by_its_hash_or_refused() {
    let vector = named("twilio-python-body-hash");
    vector.with_body(r#"{"property": "value", "boolean": false}"#).assert_refused(Reason::SignatureMismatch);
    at(&vector, "/myapp.php?foo=1&bar=2").assert_refused(Reason::SignatureMismatch);

    // The signature covers the URL, but nothing covers this body.
    let mut bare = named("twilio-docs").with_body("");
    bare.head.headers.remove("content-type");
    bare.with_body("{}").assert_refused(Reason::SignatureMismatch);
    // A hash of something else does not help.
    let other = "/myapp.php?foo=1&bar=2&bodySHA256=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    at(&vector, other).assert_refused(Reason::SignatureMismatch);
}

#[test]
fn a_form_that_is_not_utf_8_is_refused() {
    let vector = named("twilio-docs");
    for body in [&b"a=%ff"[..], b"a=\xff", b"%c3=1", b"a=%ed%a0%80"] {
        vector.with_body(body).assert_refused(Reason::SignatureMismatch);
    }
}

#[test]
fn a_form_of_a_great_many_fields_is_refused() {
    let mut vector = named("twilio-docs");
    let secret = Secret::short("12345").unwrap();
    let sign = |vector: &mut Vector, fields: usize| {
        let mut body = String::new();
        (0..fields).for_each(|at| write!(body, "f{at}=&").unwrap());
        vector.body = body.into();
        vector.sign(&Signer::new(vector.sender(), secret.clone()).unwrap())
    };
    sign(&mut vector, 1000).unwrap();
    assert!(vector.verify().is_ok());
    assert!(sign(&mut vector, 1001).is_err(), "sorting them is work for whoever asks, signed or not");
    vector.assert_refused(Reason::SignatureMismatch);
}

#[test]
fn the_port_may_be_written_or_not() {
    for (configured, signed) in [
        ("https://a.example/x", "https://a.example:443/x"),
        ("https://a.example:443/x", "https://a.example/x"),
        ("https://a.example:8443/x", "https://a.example/x"),
        ("http://a.example/x", "http://a.example:80/x"),
        ("https://user:pass@a.example/x", "https://user:pass@a.example:443/x"),
        ("https://user:pass@a.example:8443/x", "https://user:pass@a.example/x"),
        ("https://[2001:db8::1]/x", "https://[2001:db8::1]:443/x"),
    ] {
        let mut vector = at(&named("twilio-docs"), "/x");
        vector.public_url = Some(signed.into());
        let secret = Secret::short("12345").unwrap();
        vector.sign(&Signer::new(vector.sender(), secret).unwrap()).unwrap();
        vector.public_url = Some(configured.into());
        assert!(vector.verify().is_ok(), "{configured}");
        vector.public_url = Some(configured.replace("/x", "/y"));
        vector.assert_refused(Reason::SignatureMismatch);
    }
}

#[test]
fn without_its_public_url_it_cannot_be_used() {
    let secret = Secret::new("a secret of at least sixteen bytes").unwrap();
    let error = Verifier::new(*provider::TWILIO.scheme(), secret.clone()).unwrap_err();
    assert_eq!(error.kind(), ConfigErrorKind::PublicUrl);
    assert_eq!(Signer::new(*provider::TWILIO.scheme(), secret).unwrap_err().kind(), ConfigErrorKind::PublicUrl);
}

#[test]
fn a_request_can_be_signed_again_with_another_body() {
    let mut vector = named("twilio-python-body-hash");
    let signer = Signer::new(vector.sender(), Secret::short("12345").unwrap()).unwrap();
    vector.body = r#"{"another":"body"}"#.into();
    vector.sign(&signer).unwrap();
    assert!(vector.verify().is_ok());
    let query = vector.head.uri.query().unwrap();
    assert_eq!(query.matches("bodySHA256=").count(), 1, "{query}");
    assert!(query.starts_with("foo=1&bar=2&"), "{query}");
}
