//! What of a delivery only this crate reads.

use base64ct::{Base64, Encoding as _};
use bytes::Bytes;
use http::Request;
use http::request::Parts;

use super::{Coverage, Scheme, Signer, Verifier};
use crate::clock::UnixTime;
use crate::delivery::Delivery;
use crate::provider;
use crate::secret::Secret;

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
