//! Alipay and Antom, which write the signature percent-encoded into a list.

use std::borrow::Cow;
use std::ops::ControlFlow;

use percent_encoding::percent_decode_str;

use super::signed_header::{malformed, one};
use super::url_entry;
use crate::crypto::PublicAlgorithm;
use crate::rejection::Reason;
use crate::scheme::{
    Confidence, Emit, Encoding, Scheme, SignatureRule, TimestampFormat, Unverified, UrlScheme, VerifyError, by_rule,
    header,
};

/// Alipay+ and Antom: `Signature: algorithm=RSA256,keyVersion=<n>,signature=<base64, percent-encoded>`, RSA-SHA-256 over
/// `<method> <path>`, a line break, and `<Client-Id>.<Request-Time>.<body>`, under the public key of the dashboard.
/// <https://docs.antom.com/ac/ams/digital_signature>
pub const ALIPAY_ANTOM: UrlScheme = url_entry(
    Scheme::public_key("alipay-antom", PublicAlgorithm::RsaPkcs1Sha256)
        .signature(by_rule(), Encoding::Base64)
        .timestamp(header("request-time"), TimestampFormat::Rfc3339)
        .signed_by(&AlipayRule)
        .source("docs.antom.com/ac/ams/digital_signature", Confidence::Documented),
);

/// Pairs of the header: there are three.
const MOST_PAIRS: usize = 8;

#[derive(Debug)]
struct AlipayRule;

impl SignatureRule for AlipayRule {
    fn signs_url(&self) -> bool {
        true
    }

    fn signature<'a>(&self, request: &Unverified<'a>) -> Result<Cow<'a, str>, VerifyError> {
        let (mut algorithm, mut version, mut signature) = (None, None, None);
        for (at, pair) in one(request.head, "signature")?.split(',').enumerate() {
            let Some((name, value)) = pair.trim().split_once('=') else {
                return Err(malformed("the header is no list of pairs"));
            };
            let place = match name {
                _ if at == MOST_PAIRS => return Err(malformed("the header has too many pairs")),
                "algorithm" => &mut algorithm,
                "keyVersion" => &mut version,
                "signature" => &mut signature,
                _ => return Err(malformed("the header has a pair that is not known")),
            };
            if place.replace(value).is_some() {
                return Err(malformed("the header says something twice"));
            }
        }
        if !algorithm.is_some_and(|algorithm| algorithm.eq_ignore_ascii_case("RSA256")) {
            return Err(VerifyError::new(Reason::UnsupportedScheme, "the signature is of another algorithm"));
        }
        let signature = signature.ok_or_else(|| malformed("the header has no signature"))?;
        percent_decode_str(signature).decode_utf8().map_err(|_| malformed("the signature is no text"))
    }

    fn contents(&self, request: &Unverified<'_>, emit: &mut Emit<'_>) -> Result<(), VerifyError> {
        let client = one(request.head, "client-id")?;
        let time = one(request.head, "request-time")?;
        // With a dot in it, two deliveries would be signed alike.
        if client.contains('.') || time.contains('.') {
            return Err(malformed("a signed header contains its separator"));
        }
        let behind = request.public_url.split_once("://").map_or(request.public_url, |(_, rest)| rest);
        let path = behind.find('/').and_then(|at| behind.get(at..)).unwrap_or("/");
        let head = format!("{} {path}\n{client}.{time}.", request.head.method);
        let _: ControlFlow<()> = emit(&[head.as_bytes(), request.body]);
        Ok(())
    }
}
