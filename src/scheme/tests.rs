//! What of a delivery, of keys and of challenges only this crate sees.

mod facts;
mod keys;

use std::ops::ControlFlow;
use std::sync::Arc;

use base64ct::{Base64, Encoding as _};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Request};

use super::keyring::Keyring;
use super::plan::Plan;
use super::{Coverage, Emit, KeyUrl, Scheme, SignatureRule, Signer, Unverified, Verifier, VerifyError};
use crate::clock::UnixTime;
use crate::delivery::{Delivery, Value};
use crate::provider;
use crate::rejection::Reason;
use crate::secret::{Secret, Secrets};

/// Signs the body as it is.
#[derive(Debug)]
pub(super) struct Whole;

impl SignatureRule for Whole {
    fn contents(&self, request: &Unverified<'_>, emit: &mut Emit<'_>) -> Result<(), VerifyError> {
        let _: ControlFlow<()> = emit(&[request.body]);
        Ok(())
    }
}

fn shopify(headers: &[(&'static str, &'static str)]) -> Delivery {
    let secret = Secret::new("a secret of at least sixteen bytes").unwrap();
    let request = headers.iter().fold(Request::post("/"), |request, (name, value)| request.header(*name, *value));
    let (mut head, body): (Parts, _) = request.body(Bytes::from_static(b"{}")).unwrap().into_parts();
    Signer::new(provider::SHOPIFY, secret.clone()).unwrap().sign(&mut head, &body, UnixTime::from_secs(1)).unwrap();
    if headers.iter().any(|(name, _)| name.starts_with("shopify")) {
        let signature = head.headers.remove("x-shopify-hmac-sha256").unwrap();
        head.headers.insert("shopify-hmac-sha256", signature);
    }
    Verifier::new(provider::SHOPIFY, secret).unwrap().verify(&head, &body, None).unwrap()
}

#[test]
fn the_account_is_read_under_the_names_that_were_signed() {
    for headers in [[("x-shopify-shop-domain", "a.example")], [("shopify-shop-domain", "a.example")]] {
        let delivery = shopify(&headers);
        assert!(matches!(&delivery.account, Some(value) if value == "a.example"), "{headers:?}");
    }
    let other_set = shopify(&[("x-shopify-shop-domain", "forged.example"), ("shopify-shop-domain", "a.example")]);
    assert!(matches!(&other_set.account, Some(value) if value == "a.example"));
}

#[test]
fn an_account_on_two_lines_is_nobody_s() {
    let delivery = shopify(&[("x-shopify-shop-domain", "a.example"), ("x-shopify-shop-domain", "b.example")]);
    assert_eq!(delivery.account, None);
}

#[test]
fn an_id_that_is_no_text_is_malformed_and_not_missing() {
    let secret = Secret::new("a secret of at least sixteen bytes").unwrap();
    let (mut head, body) = Request::post("/").body(Bytes::from_static(b"{}")).unwrap().into_parts();
    head.headers.insert("x-github-delivery", HeaderValue::from_bytes(b"\xff").unwrap());
    Signer::new(provider::GITHUB, secret.clone()).unwrap().sign(&mut head, &body, UnixTime::from_secs(1)).unwrap();
    let delivery = Verifier::new(provider::GITHUB, secret).unwrap().verify(&head, &body, None).unwrap();
    assert!(matches!(delivery.id, Value::Malformed));
}

#[test]
fn a_proof_is_what_matched_decoded() {
    let proof = shopify(&[("x-shopify-shop-domain", "a.example")]).proof.unwrap();
    assert_eq!(proof.as_slice().len(), 32);
    assert_eq!(format!("{proof:?}"), "SignedMaterial(..)");
}

#[test]
fn an_id_outside_of_the_covered_fields_is_not_signed() {
    let id_is_signed = |scheme: &Scheme| super::told::facts(scheme).id_is_signed;
    assert!(
        id_is_signed(&provider::MAILGUN) && id_is_signed(provider::FAVRO.scheme()) && id_is_signed(&provider::NOON)
    );
    assert!(!id_is_signed(&provider::TREEZOR) && !id_is_signed(&provider::MERCADOPAGO));
    assert!(id_is_signed(&provider::STANDARD_WEBHOOKS) && !id_is_signed(&provider::GITHUB));
    assert!(!id_is_signed(&provider::GITLAB) && !id_is_signed(&provider::TELEGRAM));
}

#[test]
fn another_event_under_the_same_signature_has_the_same_proof_and_is_told_as_uncovered() {
    let captured: serde_json::Value = serde_json::from_str(include_str!("../../tests/vectors/treezor.json")).unwrap();
    let body = Base64::decode_vec(captured[0]["body_b64"].as_str().unwrap()).unwrap();
    let verifier = Verifier::new(provider::TREEZOR, Secret::new(captured[0]["secret"].as_str().unwrap()).unwrap());
    let (head, ()) = Request::post("/").body(()).unwrap().into_parts();
    let other =
        String::from_utf8(body.clone()).unwrap().replace("\"77\"", "\"78\"").replace("user.update", "user.cancel");
    let [sent, forged] = [body.into(), Bytes::from(other)]
        .map(|body: Bytes| verifier.as_ref().unwrap().verify(&head, &body, None).unwrap());
    assert_eq!((sent.id().as_deref(), forged.id().as_deref()), (Some("77"), Some("78")));
    assert_eq!(sent.proof.unwrap().as_slice(), forged.proof.unwrap().as_slice());
    assert_eq!(forged.coverage(), Coverage::Fields(&["/object_payload"]));
}

#[test]
fn that_a_retired_key_is_still_used_is_news_once_a_minute() {
    let secret = |text: &str| Secret::new(text).unwrap();
    let secrets = Secrets::named("new", secret("a secret of at least sixteen bytes"))
        .and("old", secret("another of at least sixteen bytes"))
        .retired();
    let ring = Keyring::new(&provider::GITHUB, &secrets).unwrap();
    let news = |id, at| ring.is_news_that_retired(id, UnixTime::from_secs(at));
    assert!(news("old", 1_000));
    assert!(!news("old", 1_000) && !news("old", 1_059) && !news("old", 10));
    assert!(news("old", 1_060));
    assert!(!news("old", 1_119) && news("old", 1_120));
    assert!(!news("new", 9_000) && !news("nobody's", 9_000), "they are not retired");
    assert!(ring.has_retired() && !Keyring::none().has_retired());
}

#[test]
fn the_url_of_a_key_has_a_name_between_its_beginning_and_its_end() {
    let of =
        |path: &str| KeyUrl::new(&["keys.example"], "/certs/", ".pem").name(&format!("https://keys.example{path}"));
    assert!(of("/certs/a.pem").is_ok());
    for path in
        ["/certs/.pem", "/certs.pem", "/certs/a", "/cert/a.pem", "/a/certs/a.pem", "/certs/a.pem/", "/certs/a.pe"]
    {
        assert_eq!(of(path).unwrap_err().reason(), Reason::UnknownKey, "{path}");
    }
    let longest = "a".repeat(256 - "https://keys.example/certs/.pem".len());
    assert!(of(&format!("/certs/{longest}.pem")).is_ok());
    assert!(of(&format!("/certs/{longest}a.pem")).is_err(), "longer than 256 bytes");
}

#[test]
fn a_challenge_is_told_in_the_words_of_the_table() {
    let said = |scheme: &Scheme| -> Vec<String> {
        scheme.challenges.iter().map(|one| format!("{}: {}", one.asked(), one.answered_with())).collect()
    };
    assert_eq!(said(provider::BRAINTREE.scheme()), ["`GET` with the parameter `bt_challenge`: `<key id>|<HMAC, Hex>`"]);
    assert_eq!(
        said(&provider::DISCORD),
        ["delivery with `/type` = `1`, without `/event/type`: 200 `{\"type\":1}`", "delivery with `/type` = `0`: 204"]
    );
}

#[test]
fn what_a_sender_sends_that_signs_nothing_is_let_in_and_not_verified() {
    let plan = Plan::new(Scheme::unsigned("meraki").into()).unwrap();
    let verifier = Verifier::of(Arc::new(plan), Arc::new(Keyring::none()));
    let (head, body) = Request::post("/").body(Bytes::from_static(b"{}")).unwrap().into_parts();
    assert!(!verifier.verify(&head, &body, None).unwrap().is_verified());
}
