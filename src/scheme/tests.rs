//! What of a delivery only this crate reads.

use bytes::Bytes;
use http::Request;
use http::request::Parts;

use super::{Signer, Verifier};
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
