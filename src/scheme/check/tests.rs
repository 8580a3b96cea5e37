//! What in a description contradicts itself, sentence by sentence.

use std::time::Duration;

use super::super::{TimestampFormat, body, by_rule, header, item, json, query};
use super::*;
use crate::crypto::PublicAlgorithm;
use crate::encoding::Encoding;

const GOOD: Scheme = Scheme::hmac_sha256("acme").signature(header("x-acme"), Encoding::Hex);

const PUBLIC: Scheme =
    Scheme::public_key("acme", PublicAlgorithm::EcdsaP256Sha256).signature(header("x-acme"), Encoding::Hex);

const UNSIGNED: Scheme = Scheme::unsigned("acme");

const DIGEST: Scheme = Scheme::digest_sha256("acme").signature(header("x-acme"), Encoding::Hex);

#[test]
fn a_description_that_makes_sense_has_no_problem() {
    assert_eq!(GOOD.problem(), None);
    assert_eq!(Scheme::token("acme", header("x-token")).problem(), None);
    assert_eq!(DIGEST.problem(), None);
    assert_eq!(Scheme::basic("acme").problem(), None);
    assert_eq!(Scheme::token("acme", json("/token")).problem(), None);
    let _: Scheme = const { GOOD.checked() };
}

#[test]
fn a_timestamp_in_the_body_is_covered() {
    let timed = |scheme: Scheme| scheme.timestamp_in_body("/time", TimestampFormat::UnixSeconds);
    assert_eq!(timed(GOOD).coverage_problem(), None);
    assert_eq!(crate::provider::MAILGUN.coverage_problem(), None);
    for scheme in [timed(crate::provider::MAILGUN), timed(Scheme::token("acme", header("x-token")))] {
        assert!(scheme.coverage_problem().unwrap().contains("proves nothing"));
        assert!(crate::scheme::Verifier::new(scheme, crate::Secret::new("sixteen bytes or more").unwrap()).is_err());
    }
}

#[test]
fn each_contradiction_is_named() {
    let time = TimestampFormat::UnixSeconds;
    for (scheme, word) in [
        (Scheme::hmac_sha256("acme"), "where the signature stands"),
        (Scheme::hmac_sha256("Acme").signature(header("x-acme"), Encoding::Hex), "name"),
        (Scheme::hmac_sha256("acme").signature(header("X-Acme"), Encoding::Hex), "lower case"),
        (Scheme::hmac_sha256("acme").signature(item("x-acme", '=', "v1"), Encoding::Hex), "differ"),
        (GOOD.signed(&[Part::Timestamp, Part::Body]), "call `.timestamp(..)`"),
        (GOOD.timestamp(header("x-time"), time), "proves nothing"),
        (GOOD.signed(&[Part::Lit("x")]), "body is not signed"),
        (GOOD.signed(&[Part::Body, Part::Body]), "once"),
        (GOOD.signed(&[Part::Id, Part::Body]), "stands in a header"),
        (GOOD.signed(&[Part::Lit(""), Part::Body]), "separates nothing"),
        (GOOD.id(Place::Json("id")), "begins with `/`"),
        (GOOD.tolerance(Duration::from_millis(999)), "tolerance"),
        (GOOD.body_limit(0), "body limit"),
        (Scheme::token("acme", header("x-token")).signed(&[Part::Body]), "signs nothing"),
        (Scheme::token("acme", json("token")), "lower case"),
        (Scheme::token("acme", query("a=b")), "lower case"),
        (Scheme::basic("acme").signed(&[Part::Body]), "signs nothing"),
        (GOOD.signature(json("/signature"), Encoding::Hex), "that it signs"),
        (GOOD.signature(by_rule(), Encoding::Hex), "found by rule"),
        (GOOD.timestamp(by_rule(), time).signed(&[Part::Timestamp, Part::Body]), "found by rule"),
        (GOOD.signature(header("x-acme").or_headers(&["X-Other"]), Encoding::Hex), "lower case"),
        (GOOD.signed(&[Part::Secret, Part::Body]), "nothing but a digest"),
        (DIGEST.signed(&[Part::Body]), "stands once"),
        (DIGEST.signed(&[Part::Secret, Part::Secret, Part::Body]), "stands once"),
        (DIGEST.signed(&[Part::Secret]), "body is not signed"),
        (
            GOOD.timestamp(query("time"), time).signed(&[Part::Timestamp, Part::Body]),
            "a timestamp stands in one header",
        ),
        (UNSIGNED.signature(header("x-acme"), Encoding::Hex), "has no signature"),
        (GOOD.or_ed25519(header("X-Other"), Encoding::Hex), "second signature"),
        (Scheme::token("acme", header("x-token")).or_ed25519(header("x-other"), Encoding::Hex), "second signature"),
        (GOOD.timestamp_in_body("time", time), "at a JSON pointer"),
        (GOOD.timestamp(header("x-time"), time).timestamp_in_body("/time", time), "at a JSON pointer"),
        (PUBLIC.fetched_key(KeyPlace::IdInHeader("X-Key")), "names the key"),
        (GOOD.fetched_key(KeyPlace::IdInHeader("x-key")), "a public one"),
        (GOOD.other_names(&[("x-a", "X-B")]), "other names"),
        (GOOD.other_names(&[("x-a", "x-b"), ("X-A", "x-b")]), "other names"),
        (GOOD.signed(&[Part::Header("X-Host"), Part::Body]), "a signed header"),
        (GOOD.event_type(Place::Header("X-Event")), "a place is"),
        (GOOD.attempt("X-Attempt"), "the attempt"),
        (GOOD.account("X-Account"), "the account"),
    ] {
        let problem = scheme.problem().unwrap_or_default();
        assert!(problem.contains(word), "{word}: {problem}");
    }
    assert_eq!(PUBLIC.fetched_key(KeyPlace::IdInHeader("x-key")).problem(), None);
}

#[test]
fn a_field_is_one_that_can_be_read_in_one_way() {
    let good = [
        item("x-acme", ',', "v1").grouped(' '),
        item("x-acme", ',', "v1").or_key("v2").pair(':'),
        header("x-acme").opening("v0="),
        header("x-acme").or_headers(&["x-other"]).on_several_lines(),
        query("sign"),
        json("/sign"),
    ];
    for field in good {
        assert!(is_field(&field), "{field:?}");
    }
    let wrong = [
        item("x-acme", ',', "v1").grouped(','),
        item("x-acme", ',', "v1").grouped('é'),
        item("x-acme", 'é', "v1"),
        item("x-acme", ',', "v1").pair('é'),
        item("x-acme", ',', "v1").pair(','),
        item("x-acme", ',', ""),
        item("x-acme", ',', "v1").or_key(""),
        query("sign").or_headers(&["x-other"]),
        json("/sign").or_headers(&["x-other"]),
        body().prefix("sha256="),
        body().opening("v0="),
        by_rule().prefix("sha256="),
        by_rule().opening("v0="),
        json("/sign").prefix("sha256="),
        json("/sign").opening("v0="),
        header("x-acme").opening("v0=").or_headers(&["x-other"]),
        header("x-acme").opening("v0=").on_several_lines(),
        Field { list: item("x-acme", ',', "v1").list, ..query("sign") },
    ];
    for field in wrong {
        assert!(!is_field(&field), "{field:?}");
    }
}
