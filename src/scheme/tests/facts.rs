//! What a scheme tells of itself, and what its values show when they are printed.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use http::Request;

use super::super::{
    Coverage, DEFAULT_BODY_LIMIT, KeyIdScheme, KeyName, Reaction, Scheme, SignatureRule, Unverified, UrlScheme,
    VerifyError, days, header,
};
use super::Whole;
use crate::encoding::Encoding;
use crate::provider;
use crate::rejection::Reason;

const ACME: Scheme = Scheme::hmac_sha256("acme").signature(header("x-acme"), Encoding::Hex);

#[test]
fn a_scheme_tells_what_its_sender_publishes() {
    assert_eq!(provider::GITHUB.published_ips(), Some("https://api.github.com/meta"));
    assert_eq!(ACME.published_ips(), None);
    assert_eq!((provider::GITHUB.max_body(), ACME.max_body()), (25 << 20, DEFAULT_BODY_LIMIT));
    assert_eq!(DEFAULT_BODY_LIMIT, 1 << 20);
    assert_eq!(days(2), Duration::from_secs(172_800));
    assert!(provider::find("paypal").unwrap().fetches_keys() && !provider::GITHUB.fetches_keys());
    assert!(provider::STANDARD_WEBHOOKS.signs_time() && !provider::GITHUB.signs_time());
    assert_eq!((provider::GITHUB.coverage(), provider::GITLAB.coverage()), (Coverage::Body, Coverage::Nothing));
}

#[test]
fn what_a_sender_does_upon_a_status_is_told_range_by_range() {
    let told: Vec<_> = provider::STANDARD_WEBHOOKS.reactions().collect();
    assert!(told.contains(&(410, 410, Reaction::Disable)), "{told:?}");
    for (first, last, reaction) in told {
        assert!(first <= last);
        assert_eq!(provider::STANDARD_WEBHOOKS.reaction_to(first), Some(reaction));
    }
    assert_eq!(ACME.reactions().count(), 0);
}

#[test]
fn a_signature_is_shown_under_each_of_its_names_and_by_no_other_field() {
    let shows = |scheme: &Scheme, request: http::request::Builder| {
        scheme.shows_signature(&request.body(()).unwrap().into_parts().0)
    };
    let named = |scheme: &Scheme, name: &str| shows(scheme, Request::post("/").header(name, "x"));
    assert!(named(&provider::ATTIO, "attio-signature") && named(&provider::ATTIO, "x-attio-signature"));
    assert!(!named(&provider::ATTIO, "x-signature"));
    let shopify = |name: &str| named(&provider::SHOPIFY, name);
    assert!(shopify("x-shopify-hmac-sha256") && shopify("shopify-hmac-sha256"));
    assert!(!shopify("shopify-shop-domain") && !shopify("x-shopify-shop-domain"));
    let asked = |uri: &str| shows(&provider::PANDADOC, Request::post(uri));
    assert!(asked("/?a=1&signature=00") && asked("/?signature"));
    assert!(!asked("/?a=1&signatures=00") && !asked("/"));
}

#[test]
fn why_a_delivery_is_not_verified_is_told_with_its_detail() {
    let error = VerifyError::new(Reason::MissingSignature, "there is no signature header");
    assert_eq!(error.to_string(), "missing_signature: there is no signature header");
    #[cfg(feature = "cli")]
    assert_eq!(error.detail(), "there is no signature header");
}

#[test]
fn what_is_printed_has_names_and_no_content() {
    let name = KeyName::in_set("https://keys.example/jwks", Some("k1")).unwrap();
    assert_eq!(format!("{name:?}"), r#"KeyName { document: "https://keys.example/jwks", kid: Some("k1") }"#);
    assert_eq!(format!("{:?}", UrlScheme::new(ACME)), r#"UrlScheme("acme")"#);
    assert_eq!(format!("{:?}", KeyIdScheme::new(ACME)), r#"KeyIdScheme("acme")"#);

    let (head, body) = Request::post("/").header("x-acme", "00").body(Bytes::from_static(b"{}")).unwrap().into_parts();
    let request =
        Unverified { head: &head, body: &body, key_id: "", public_url: "", timestamp: "", secret: b"a secret" };
    assert_eq!(format!("{request:?}"), "Unverified { method: POST, body_len: 2, .. }");
}

#[test]
fn a_rule_that_says_nothing_of_signature_and_time_finds_none() {
    let (head, body) = Request::post("/").body(Bytes::from_static(b"{}")).unwrap().into_parts();
    let request = Unverified { head: &head, body: &body, key_id: "", public_url: "", timestamp: "", secret: &[] };
    let reason = |found: Result<Cow<'_, str>, VerifyError>| found.unwrap_err().reason();
    assert_eq!(reason(Whole.signature(&request)), Reason::MissingSignature);
    assert_eq!(reason(Whole.timestamp(&request)), Reason::MissingTimestamp);
    assert_eq!(Whole.covers(), Coverage::Body);
    assert!(!Whole.signs_url() && !Whole.needs_key_id());
}

#[test]
fn where_a_signature_stands_is_known_by_all_its_names() {
    let of = |scheme: &Scheme| super::super::told::facts(scheme).credentials;
    let shopify = of(&provider::SHOPIFY);
    assert_eq!(shopify.headers, ["x-shopify-hmac-sha256", "shopify-hmac-sha256"]);
    assert!(shopify.told.contains(&"shopify-shop-domain") && shopify.told.contains(&"x-shopify-shop-domain"));
    assert!(shopify.told.iter().all(|name| !shopify.headers.contains(name)), "{shopify:?}");
    let slack = of(&provider::SLACK);
    assert_eq!(slack.headers, ["x-slack-signature"]);
    assert_eq!(slack.told, ["x-slack-retry-num", "x-slack-request-timestamp"]);
    let stripe = of(&provider::STRIPE);
    assert_eq!((stripe.headers, stripe.told.len()), (vec!["stripe-signature"], 0));
    let pandadoc = of(&provider::PANDADOC);
    assert_eq!((pandadoc.headers.len(), pandadoc.parameters), (0, vec!["signature"]));
}

#[cfg(feature = "cli")]
#[test]
fn what_a_scheme_signs_is_told_part_by_part() {
    use super::super::Part;

    assert_eq!(provider::GITHUB.parts(), Some(&[Part::Body][..]));
    assert_eq!(provider::MAILGUN.parts(), None);
    assert!(provider::GITHUB.computes_tag() && !provider::GITLAB.computes_tag());
}

#[cfg(feature = "cli")]
#[test]
fn the_hash_of_a_scheme_is_told_with_its_length_and_the_others() {
    use super::super::TimestampFormat;

    for (scheme, name, length) in [
        (Scheme::hmac_md5("acme"), "MD5", 16),
        (Scheme::hmac_sha1("acme"), "SHA-1", 20),
        (Scheme::hmac_sha256("acme"), "SHA-256", 32),
        (Scheme::hmac_sha384("acme"), "SHA-384", 48),
        (Scheme::hmac_sha512("acme"), "SHA-512", 64),
        (Scheme::digest_md5("acme"), "MD5", 16),
        (Scheme::digest_sha1("acme"), "SHA-1", 20),
        (Scheme::digest_sha256("acme"), "SHA-256", 32),
        (Scheme::digest_sha384("acme"), "SHA-384", 48),
    ] {
        assert_eq!((scheme.hash_name(), scheme.tag_len()), (Some(name), Some(length)));
        let others: Vec<_> = scheme.other_hashes().filter_map(|other| other.hash_name()).collect();
        assert!(others.len() >= 3 && !others.contains(&name), "{name}: {others:?}");
    }
    let token = Scheme::token("acme", header("x-token"));
    assert_eq!((token.hash_name(), token.tag_len(), token.other_hashes().count()), (None, None, 0));

    let millis = provider::STRIPE.with_timestamp_format(TimestampFormat::UnixMillis).unwrap();
    assert_eq!(millis.timestamp_format(), Some(TimestampFormat::UnixMillis));
    assert!(provider::GITHUB.with_timestamp_format(TimestampFormat::UnixMillis).is_none());
}
