//! Senders whose signature's list holds more that is signed: a nonce, an environment, names of headers.

use std::ops::ControlFlow;

use bytes::Bytes;
use http::HeaderValue;
use http::request::Parts;
use sha2::{Digest, Sha256};

use super::entry;
use super::signed_header::{malformed, one};
use crate::rejection::Reason;
use crate::scheme::{
    Confidence, Emit, Encoding, Place, Scheme, SignatureRule, TimestampFormat, Unverified, VerifyError, item,
};

/// Coinbase CDP: `X-Hook0-Signature: t=<seconds>,v0=<hex>,h=<names>,v1=<hex>`, as [`HOOK0`]. Each delivery has both
/// signatures, says Coinbase; only `v1` counts here.
/// <https://docs.cdp.coinbase.com/webhooks/verify-signatures>
pub const COINBASE_CDP: Scheme = entry(HOOK0.named("coinbase-cdp").source(
    "docs.cdp.coinbase.com/webhooks/verify-signatures; hook0/hook0 clients/conformance/signature.json",
    Confidence::Documented,
));

/// Hook0: `X-Hook0-Signature: t=<seconds>,h=<names>,v1=<hex>`, HMAC-SHA-256 over
/// `<t>.<h>.<values of these headers, joined by dots>.<body>`. Each header that is named must be there, on one line. A
/// delivery with only the older `v0`, which covers no header, is refused, see [`HOOK0_V0`]; beside a `v1` it is not looked
/// at.
///
/// A dot ends a value, and values may have dots: whoever has seen a signed delivery can send it again with text moved
/// from one named header to its neighbour. So that none moves between body and header, a value with `{` or `[` is
/// refused; take the event from the body.
pub const HOOK0: Scheme = entry(
    Scheme::hmac_sha256("hook0")
        .signature(item(HOOK0_HEADER, ',', "v1").spaced(), Encoding::Hex)
        .timestamp(item(HOOK0_HEADER, ',', "t").spaced(), TimestampFormat::UnixSeconds)
        .signed_by(&Hook0Rule)
        .id(Place::Header("x-event-id"))
        .event_type(Place::Header("x-event-type"))
        .source(
            "hook0/hook0 git 1e073b4 clients/conformance/signature.json, output-worker/src/work.rs",
            Confidence::Verified,
        ),
);

/// Hook0 before `v1`: `X-Hook0-Signature: t=<seconds>,v0=<hex>`, HMAC-SHA-256 over `<t>.<body>`. No header is covered. A
/// delivery with a `v1` is refused: take [`HOOK0`].
pub const HOOK0_V0: Scheme = entry(
    Scheme::hmac_sha256("hook0-v0")
        .signature(item(HOOK0_HEADER, ',', "v0").spaced(), Encoding::Hex)
        .timestamp(item(HOOK0_HEADER, ',', "t").spaced(), TimestampFormat::UnixSeconds)
        .signed_by(&Hook0V0Rule)
        .id(Place::Header("x-event-id"))
        .event_type(Place::Header("x-event-type"))
        .source(
            "hook0/hook0 git 1e073b4 clients/conformance/signature.json, output-worker/src/work.rs",
            Confidence::Verified,
        ),
);

/// Hygraph: `gcms-signature: sign=<base64>, env=<name>, t=<milliseconds>`, HMAC-SHA-256 over a JSON text that holds the
/// body as a string, the environment and the time. A body that is not UTF-8 is refused.
pub const HYGRAPH: Scheme = entry(
    Scheme::hmac_sha256("hygraph")
        .signature(item(HYGRAPH_HEADER, ',', "sign").spaced(), Encoding::Base64)
        .timestamp(item(HYGRAPH_HEADER, ',', "t").spaced(), TimestampFormat::UnixMillis)
        .signed_by(&HygraphRule)
        .source("npm @hygraph/utils 1.2.1", Confidence::Verified),
);

/// NMI: `Webhook-Signature: t=<nonce>,s=<hex>`, HMAC-SHA-256 over `<nonce>.<body>`. The nonce is no time, so nothing
/// is too old: remember the ids.
pub const NMI: Scheme = entry(
    Scheme::hmac_sha256("nmi")
        .signature(item(NMI_HEADER, ',', "s"), Encoding::Hex)
        .signed_by(&NmiRule)
        .id(Place::Json("/event_id"))
        .event_type(Place::Json("/event_type"))
        .source("hookdeck/webhook-skills providers.yaml", Confidence::Documented),
);

const HOOK0_HEADER: &str = "x-hook0-signature";
const HYGRAPH_HEADER: &str = "gcms-signature";
const NMI_HEADER: &str = "webhook-signature";

/// Headers that a signature may cover: far more than any sender names.
const MOST_NAMES: usize = 32;

/// The one item `key=value` of a header that is a list, with something in it.
fn item_of<'a>(head: &'a Parts, header: &str, key: &str) -> Result<&'a str, VerifyError> {
    let items = one(head, header)?.split(',').map(|item| item.strip_prefix(' ').unwrap_or(item));
    let mut values = items.filter_map(|item| item.split_once('=')).filter(|(own, _)| *own == key);
    match (values.next(), values.next()) {
        (Some((_, value)), None) if !value.is_empty() => Ok(value),
        _ => Err(malformed("what is signed stands in the list not at all, or twice, or empty")),
    }
}

/// Begins the list of a request that is to be signed, unless it is there.
fn begin_list(head: &mut Parts, header: &'static str, item: &str) {
    if !head.headers.contains_key(header)
        && let Ok(value) = HeaderValue::try_from(item)
    {
        head.headers.insert(header, value);
    }
}

#[derive(Debug)]
struct Hook0Rule;

impl SignatureRule for Hook0Rule {
    fn contents(&self, request: &Unverified<'_>, emit: &mut Emit<'_>) -> Result<(), VerifyError> {
        let time = item_of(request.head, HOOK0_HEADER, "t")?;
        let names = item_of(request.head, HOOK0_HEADER, "h")?;
        let mut content = format!("{time}.{names}.");
        for (at, name) in names.split(' ').enumerate() {
            if at == MOST_NAMES || name.is_empty() {
                return Err(malformed("the signature names too many headers, or one without a name"));
            }
            let value = one(request.head, name)?;
            if value.contains(['{', '[']) {
                return Err(malformed("a signed header has a bracket in it, as a body has"));
            }
            content.push_str(value);
            content.push('.');
        }
        let _: ControlFlow<()> = emit(&[content.as_bytes(), request.body]);
        Ok(())
    }

    fn prepare(&self, head: &mut Parts, _: &Bytes) {
        begin_list(head, HOOK0_HEADER, "h=content-type");
    }
}

#[derive(Debug)]
struct Hook0V0Rule;

impl SignatureRule for Hook0V0Rule {
    /// Who takes the newer signature away must not find the older one taken for it, nor a header that it names.
    fn examine(&self, head: &Parts) -> Result<(), VerifyError> {
        let header = one(head, HOOK0_HEADER)?;
        let newer = header.split(',').any(|item| matches!(item.trim().split_once('='), Some(("v1" | "h", _))));
        match newer {
            true => Err(VerifyError::new(Reason::UnsupportedScheme, "the delivery has a newer signature")),
            false => Ok(()),
        }
    }

    fn contents(&self, request: &Unverified<'_>, emit: &mut Emit<'_>) -> Result<(), VerifyError> {
        let _: ControlFlow<()> = emit(&[request.timestamp.as_bytes(), b".", request.body]);
        Ok(())
    }
}

#[derive(Debug)]
struct HygraphRule;

impl SignatureRule for HygraphRule {
    fn contents(&self, request: &Unverified<'_>, emit: &mut Emit<'_>) -> Result<(), VerifyError> {
        let json = |text: &str| serde_json::to_string(text).map_err(|_| malformed("this is no text"));
        let body = std::str::from_utf8(request.body)
            .map_err(|_| VerifyError::new(Reason::SignatureMismatch, "the body is not UTF-8"))?;
        let (body, environment) = (json(body)?, json(item_of(request.head, HYGRAPH_HEADER, "env")?)?);
        let time = item_of(request.head, HYGRAPH_HEADER, "t")?;
        let content = format!(r#"{{"Body":{body},"EnvironmentName":{environment},"TimeStamp":{time}}}"#);
        let _: ControlFlow<()> = emit(&[content.as_bytes()]);
        Ok(())
    }

    fn prepare(&self, head: &mut Parts, _: &Bytes) {
        begin_list(head, HYGRAPH_HEADER, "env=master");
    }
}

#[derive(Debug)]
struct NmiRule;

impl SignatureRule for NmiRule {
    fn contents(&self, request: &Unverified<'_>, emit: &mut Emit<'_>) -> Result<(), VerifyError> {
        let nonce = item_of(request.head, NMI_HEADER, "t")?;
        if nonce.contains('.') {
            return Err(malformed("the nonce contains its separator"));
        }
        let _: ControlFlow<()> = emit(&[nonce.as_bytes(), b".", request.body]);
        Ok(())
    }

    /// The hash of the body stands for a nonce.
    fn prepare(&self, head: &mut Parts, body: &Bytes) {
        begin_list(head, NMI_HEADER, &format!("t={}", Encoding::Hex.encode(&Sha256::digest(body))));
    }
}

#[cfg(test)]
mod tests {
    use http::Request;
    use proptest::prelude::*;

    use super::*;
    use crate::clock::UnixTime;
    use crate::scheme::Verifier;
    use crate::secret::Secret;

    const RULES: [(&dyn SignatureRule, &str); 3] =
        [(&Hook0Rule, HOOK0_HEADER), (&HygraphRule, HYGRAPH_HEADER), (&NmiRule, NMI_HEADER)];

    fn contents(rule: &dyn SignatureRule, head: &Parts, body: &Bytes) -> Result<Vec<u8>, VerifyError> {
        let mut content = Vec::new();
        let request = Unverified { head, body, key_id: "", public_url: "", timestamp: "", secret: &[] };
        rule.contents(&request, &mut |slices| {
            content = slices.concat();
            ControlFlow::Break(())
        })?;
        Ok(content)
    }

    fn head(headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::new(());
        for (name, value) in headers {
            request.headers_mut().append(http::HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        }
        request.into_parts().0
    }

    #[test]
    fn what_a_hook0_signature_names_is_there_and_signed() {
        let named = |names: &str, headers: &[(&str, &str)]| {
            let list = format!("t=1, h={names}, v0=00, v1=00");
            let headers = [&[(HOOK0_HEADER, list.as_str())], headers].concat();
            contents(&Hook0Rule, &head(&headers), &Bytes::from_static(b"{}"))
        };
        assert_eq!(named("x-b x-a", &[("x-a", "1"), ("x-b", "2")]).unwrap(), b"1.x-b x-a.2.1.{}");
        let many = vec!["x-a"; MOST_NAMES + 1].join(" ");
        for names in ["x-a x-missing", "x-a ", "", "x-a  x-a", &many] {
            assert!(named(names, &[("x-a", "1")]).is_err(), "{names}");
        }
        assert!(named("x-a", &[("x-a", "1"), ("x-a", "1")]).is_err());
        assert!(named("x-a", &[("x-a", "1.{\"b\":2")]).is_err());
    }

    /// Refused by Hook0's own clients, but for the last one, which has the older signature alone.
    #[test]
    fn nothing_falls_back_to_the_older_signature() {
        let (v0, v1) = (
            "d17d66b66fca89390c5b967c45e8928fc732db07a0aabe8167b1e98213081ffe",
            "19a6fb8f6581715b241a93af02a58611c3b0ac7b747a8d2a5b120ee418d0c347",
        );
        let other = "bf5f4e5fe0c9143510ae192f983316a09ed392d0104d2ce0faa3d7bce3687acb";
        let verifier = Verifier::new(HOOK0, Secret::new("a-subscription-secret").unwrap()).unwrap();
        for (list, reason) in [
            (format!("h=x-event-id x-delivery-id,v0={v0},v1={other}"), Reason::SignatureMismatch),
            (format!("h=x-delivery-id x-event-id,v1={v1}"), Reason::SignatureMismatch),
            (format!("h=x-event-id x-missing,v1={v1}"), Reason::MissingSignature),
            (format!("v0={v0}"), Reason::UnsupportedScheme),
        ] {
            let list = format!("t=1800000000,{list}");
            let head = head(&[("x-event-id", "evt-1"), ("x-delivery-id", "dlv-1"), (HOOK0_HEADER, &list)]);
            let body = Bytes::from_static(br#"{"event":"user.created"}"#);
            let refused = verifier.verify(&head, &body, Some(UnixTime::from_secs(1_800_000_000))).unwrap_err();
            assert_eq!(refused.reason(), reason, "{list}");
        }
    }

    #[test]
    fn hygraph_signs_what_javascript_would_write() {
        let body = Bytes::from("\u{8}\u{c}\n\r\t\u{1f}\u{7f}\"\\/é\u{2028}😀");
        let head = head(&[(HYGRAPH_HEADER, "sign=x, env=master, t=1700000000000")]);
        let expected = "{\"Body\":\"\\b\\f\\n\\r\\t\\u001f\u{7f}\\\"\\\\/é\u{2028}😀\",\"EnvironmentName\":\"master\",\"TimeStamp\":1700000000000}";
        assert_eq!(contents(&HygraphRule, &head, &body).unwrap(), expected.as_bytes());
        assert!(contents(&HygraphRule, &head, &Bytes::from_static(b"\xff")).is_err());
    }

    proptest! {
        #[test]
        fn nothing_in_a_request_panics(line in "[ -~]{0,80}|([a-z0-9]{1,2}=[ -~]{0,9},? ?){0,8}", body in any::<Vec<u8>>()) {
            for (rule, header) in RULES {
                drop(contents(rule, &head(&[(header, &line)]), &body.clone().into()));
            }
        }
    }
}
