//! Every sender that signs by a template with a shared secret: a secret, and what a delivery needs to be signed.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Request};

use crate::clock::UnixTime;
use crate::encoding::Encoding;
use crate::provider;
use crate::scheme::{Part, Scheme, SecretText, Sender, Signer, UrlScheme};
use crate::secret::Secret;

pub(super) const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);
pub(super) const URL: &str = "https://hooks.example.com/in/hook?tenant=7&a=1";

/// All senders of the catalogue that sign parts by an HMAC or a digest.
pub(super) fn template_senders() -> impl Iterator<Item = Scheme> {
    let all = provider::ALL.iter().map(|scheme| **scheme);
    all.filter(|scheme| scheme.computes_tag() && scheme.parts().is_some_and(|parts| parts.contains(&Part::Body)))
}

pub(super) fn configured(scheme: Scheme) -> Sender {
    let sender: Sender =
        if scheme.signs_url() { UrlScheme::new(scheme).at(URL).unwrap() } else { Sender::from(scheme) };
    if scheme.needs_key_id() { sender.key_id("key_1").unwrap() } else { sender }
}

/// A secret in the form that the sender shows; the number tells several apart.
pub(super) fn secret_text(scheme: &Scheme, number: u8) -> String {
    let bytes: Vec<u8> = (0..32_u8).map(|at| at.wrapping_mul(37).wrapping_add(number.wrapping_mul(101))).collect();
    match scheme.secret_rule() {
        SecretText::Base64 { prefix }
        | SecretText::Base64IfPrefixed { prefix }
        | SecretText::WholeOrBase64 { prefix } => {
            format!("{prefix}{}", Encoding::Base64.encode(&bytes))
        }
        SecretText::WithoutEnvironment { prefix } => format!("{prefix}prod-{}", Encoding::Hex.encode(&bytes)),
        SecretText::Whole if scheme.name() == "stripe" => format!("whsec_{}", Encoding::Hex.encode(&bytes[..16])),
        SecretText::Hex | SecretText::Sha1 | SecretText::Sha256 | SecretText::Whole => Encoding::Hex.encode(&bytes),
    }
}

pub(super) fn secret(scheme: &Scheme, number: u8) -> Secret {
    Secret::new(secret_text(scheme, number)).unwrap()
}

/// The head before it is signed, with all that is signed along.
pub(super) fn head(scheme: &Scheme, body: &[u8]) -> Parts {
    let request = Request::post("/in/hook?tenant=7&a=1")
        .header(HOST, "hooks.example.com")
        .header(CONTENT_LENGTH, body.len().max(1))
        .header(CONTENT_TYPE, "application/json");
    let mut head = request.body(()).unwrap().into_parts().0;
    let mut insert = |name: &'static str| {
        head.headers.insert(HeaderName::from_static(name), HeaderValue::from_static("msg_2Lh9KRb0pzN4LePd3XiA4v12Axj"));
    };
    for part in scheme.parts().unwrap_or_default() {
        match *part {
            Part::Header(name) => insert(name),
            Part::Id => {
                if let crate::scheme::Place::Header(name) = scheme.id_place() {
                    insert(name);
                }
            }
            _ => {}
        }
    }
    head
}

pub(super) fn signed(sender: &Sender, secret: &Secret, body: &Bytes, at: UnixTime) -> Parts {
    let mut head = head(sender.scheme(), body);
    Signer::new(sender.clone(), secret.clone()).unwrap().sign(&mut head, body, at).unwrap();
    head
}
