//! Plivo, which signs the URL, the sorted fields of a form and a nonce.

use std::ops::ControlFlow;

use bytes::Bytes;
use http::HeaderValue;
use http::request::Parts;
use sha2::{Digest, Sha256};

use super::form::{decoded, is_form};
use super::signed_header::one;
use super::url_entry;
use crate::rejection::Reason;
use crate::scheme::{Confidence, Emit, Encoding, Scheme, SignatureRule, Unverified, UrlScheme, VerifyError, values};

/// Plivo, version 3: `X-Plivo-Signature-V3`, a list of base64, HMAC-SHA-256 under the auth token over the URL with its
/// sorted query, the sorted fields of the form and the nonce of `X-Plivo-Signature-V3-Nonce`. A body that is no form is
/// refused, unless it is empty; so is a form of more than 1000 fields. Choose `POST` at Plivo: the fields of a `GET`
/// stand in the query, and that is the configured one here.
/// <https://docs.plivo.com/docs/voice/xml/request/validation>
///
/// Plivo signs names and values of the form one after the other with nothing between them. Whoever has seen a signed
/// delivery can send it again with text moved from one of them to its neighbour.
pub const PLIVO_V3: UrlScheme = url_entry(
    Scheme::hmac_sha256("plivo-v3")
        .signature(values("x-plivo-signature-v3", ','), Encoding::Base64)
        .signed_by(&PlivoRule)
        .source("npm plivo validateV3Signature", Confidence::Verified),
);

const NONCE: &str = "x-plivo-signature-v3-nonce";

/// Fields that are looked at: far more than Plivo sends, and sorting them is work for whoever asks.
const MAX_FIELDS: usize = 1000;

#[derive(Debug)]
struct PlivoRule;

impl SignatureRule for PlivoRule {
    fn signs_url(&self) -> bool {
        true
    }

    fn contents(&self, request: &Unverified<'_>, emit: &mut Emit<'_>) -> Result<(), VerifyError> {
        let nonce = one(request.head, NONCE)?;
        if !request.body.is_empty() && !is_form(&request.head.headers) {
            return Err(VerifyError::new(Reason::SignatureMismatch, "the body is no form, so no signature covers it"));
        }
        let (base, query) = request.public_url.split_once('?').unwrap_or((request.public_url, ""));
        let (query, fields) = (joined(query.as_bytes(), b"=", b"&")?, joined(request.body, b"", b"")?);
        let mark = if query.is_empty() && fields.is_empty() { "" } else { "?" };
        let dot = if query.is_empty() || fields.is_empty() { "" } else { "." };
        let parts =
            [base.as_bytes(), mark.as_bytes(), &query, dot.as_bytes(), &fields, b".".as_slice(), nonce.as_bytes()];
        let _: ControlFlow<()> = emit(&parts);
        Ok(())
    }

    /// The hash of the body stands for a nonce.
    fn prepare(&self, head: &mut Parts, body: &Bytes) {
        if !head.headers.contains_key(NONCE)
            && let Ok(nonce) = HeaderValue::try_from(Encoding::Hex.encode(&Sha256::digest(body)))
        {
            head.headers.insert(NONCE, nonce);
        }
    }
}

/// The decoded pairs, sorted. What is no UTF-8 or no pair is refused rather than repaired.
fn joined(pairs: &[u8], within: &[u8], between: &[u8]) -> Result<Vec<u8>, VerifyError> {
    let mismatch = |what| VerifyError::new(Reason::SignatureMismatch, what);
    if pairs.is_empty() {
        return Ok(Vec::new());
    }
    let text = |half: &[u8]| String::from_utf8(decoded(half)).map_err(|_| mismatch("a form field is not UTF-8"));
    let mut fields = Vec::new();
    for pair in pairs.split(|byte| *byte == b'&') {
        let mut halves = pair.splitn(2, |byte| *byte == b'=');
        let (Some(name), Some(value)) = (halves.next().filter(|name| !name.is_empty()), halves.next()) else {
            return Err(mismatch("a form field has no name or no value"));
        };
        if fields.len() == MAX_FIELDS {
            return Err(mismatch("the form has too many fields"));
        }
        fields.push((text(name)?, text(value)?));
    }
    fields.sort_unstable();
    let pairs = fields.iter().map(|(name, value)| [name.as_bytes(), within, value.as_bytes()].concat());
    Ok(pairs.collect::<Vec<_>>().join(between))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pairs_are_decoded_and_sorted() {
        assert_eq!(joined(b"b=2&a=x+y&a=%2B", b"", b"").unwrap(), b"a+ax yb2");
        assert_eq!(joined(b"b=2&a=1&a=", b"=", b"&").unwrap(), b"a=&a=1&b=2");
        let many = vec!["a=1"; MAX_FIELDS + 1].join("&");
        for pairs in [&b"a"[..], b"=1", b"a=1&", b"&a=1", b"a=%ff", many.as_bytes()] {
            assert!(joined(pairs, b"", b"").is_err());
        }
    }

    proptest! {
        #[test]
        fn nothing_in_a_body_panics(body in any::<Vec<u8>>(), form in "[a-c=&%+0-9é]{0,40}") {
            drop(joined(&body, b"", b""));
            drop(joined(form.as_bytes(), b"=", b"&"));
        }
    }
}
