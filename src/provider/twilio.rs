//! Twilio, which signs the URL and the sorted fields of a form, or the URL with a hash of the body in it.

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::time::Duration;

use bytes::Bytes;
use http::Uri;
use http::request::Parts;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::form::{decoded, is_form};
use super::url_entry;
use crate::rejection::Reason;
use crate::scheme::{
    Confidence, Emit, Encoding, Place, Scheme, SignatureRule, Unverified, UrlScheme, VerifyError, header,
};

/// Twilio: `X-Twilio-Signature: <base64>`, HMAC-SHA-1 under the auth token. A form is covered by its
/// decoded fields, so the spelling of a form is not; any other body by its SHA-256 in the query
/// (`bodySHA256`), without which it is refused. Where the request has a query, it takes the place of the
/// one that is configured: Twilio signs it. A form of more than 1000 fields is refused.
///
/// Twilio signs the query, the names and the values one after the other with nothing between them. Whoever
/// has seen a signed delivery can thus send it again with text moved from one of them to its neighbour.
/// <https://www.twilio.com/docs/usage/security#validating-requests>
pub const TWILIO: UrlScheme = url_entry(
    twilio(Scheme::hmac_sha1("twilio"))
        .source("npm twilio 6.2.0; twilio-python tests; twilio.com/docs", Confidence::Verified),
);

/// Twilio, for URLs that a Webhook Rule has signed with a shared key (in public beta): as [`TWILIO`], with HMAC-SHA-256 under
/// that key. Where a rule is made or taken away while deliveries come, give each of the two its own path.
/// <https://www.twilio.com/docs/usage/webhooks/webhook-shared-keys>
pub const TWILIO_SHARED_KEY: UrlScheme = url_entry(
    twilio(Scheme::hmac_sha256("twilio-shared-key"))
        .source("npm twilio 6.3.1; twilio.com/docs, webhook-shared-keys", Confidence::Verified),
);

const fn twilio(scheme: Scheme) -> Scheme {
    scheme
        .signature(header("x-twilio-signature"), Encoding::Base64)
        .signed_by(&TwilioRule)
        .id(Place::Header("i-twilio-idempotency-token"))
        .deadline(Duration::from_secs(15))
}

const BODY_HASH: &str = "bodySHA256=";

/// Fields of a form that are looked at: far more than Twilio sends, and sorting them is work for whoever asks.
const MAX_FIELDS: usize = 1000;

#[derive(Debug)]
struct TwilioRule;

impl SignatureRule for TwilioRule {
    fn signs_url(&self) -> bool {
        true
    }

    fn contents(&self, request: &Unverified<'_>, emit: &mut Emit<'_>) -> Result<(), VerifyError> {
        let url = signed_url(request.public_url, &request.head.uri);
        let fields = match (body_hash(&url), is_form(&request.head.headers)) {
            (Some(hash), _) => {
                let computed = Encoding::Hex.encode(&Sha256::digest(request.body));
                if !bool::from(computed.as_bytes().ct_eq(hash.to_ascii_lowercase().as_bytes())) {
                    return Err(VerifyError::new(Reason::SignatureMismatch, "the body is not the one that was hashed"));
                }
                Vec::new()
            }
            (None, true) => sorted_fields(request.body)?,
            (None, false) if request.body.is_empty() => Vec::new(),
            (None, false) => {
                return Err(VerifyError::new(
                    Reason::SignatureMismatch,
                    "the body is no form and there is no bodySHA256, so no signature covers it",
                ));
            }
        };
        for url in spellings(&url) {
            if emit(&[url.as_bytes(), &fields]) == ControlFlow::Break(()) {
                break;
            }
        }
        Ok(())
    }

    fn prepare(&self, head: &mut Parts, body: &Bytes) {
        if is_form(&head.headers) || body.is_empty() {
            return;
        }
        let hash = Encoding::Hex.encode(&Sha256::digest(body));
        let mut target = format!("{}?", head.uri.path());
        for pair in head.uri.query().unwrap_or_default().split('&') {
            // That of an earlier body does not count any more.
            if !pair.is_empty() && !pair.starts_with(BODY_HASH) {
                target.push_str(pair);
                target.push('&');
            }
        }
        target.push_str(BODY_HASH);
        target.push_str(&hash);
        if let Ok(uri) = Uri::try_from(target) {
            head.uri = uri;
        }
    }
}

/// The configured URL; its query is the request's, if that has one.
fn signed_url<'a>(public_url: &'a str, uri: &Uri) -> Cow<'a, str> {
    match (public_url.split_once('?'), uri.query()) {
        (_, None) => Cow::Borrowed(public_url),
        (Some((base, _)), Some(query)) => Cow::Owned(format!("{base}?{query}")),
        (None, Some(query)) => Cow::Owned(format!("{public_url}?{query}")),
    }
}

fn body_hash(url: &str) -> Option<&str> {
    url.split_once('?')?.1.split('&').find_map(|pair| pair.strip_prefix(BODY_HASH))
}

/// Each name before each of its values, sorted, equal pairs once.
fn sorted_fields(body: &[u8]) -> Result<Vec<u8>, VerifyError> {
    let mut fields = Vec::new();
    for pair in body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        if fields.len() == MAX_FIELDS {
            return Err(VerifyError::new(Reason::SignatureMismatch, "the form has too many fields"));
        }
        let mut halves = pair.splitn(2, |byte| *byte == b'=');
        fields.push((form_text(halves.next())?, form_text(halves.next())?));
    }
    fields.sort_unstable();
    fields.dedup();
    let mut joined = Vec::with_capacity(body.len());
    for (name, value) in &fields {
        joined.extend_from_slice(name.as_bytes());
        joined.extend_from_slice(value.as_bytes());
    }
    Ok(joined)
}

/// The text of one half of a pair. What is no UTF-8 is refused rather than replaced: two bodies would
/// then have one signature.
fn form_text(text: Option<&[u8]>) -> Result<String, VerifyError> {
    String::from_utf8(decoded(text.unwrap_or_default()))
        .map_err(|_| VerifyError::new(Reason::SignatureMismatch, "a form field is not UTF-8"))
}

/// The URL as configured, and with the standard port added or the port taken off: Twilio's own library
/// takes both, as its products differ in what they sign.
fn spellings(url: &str) -> impl Iterator<Item = Cow<'_, str>> {
    let other = url.split_once("://").and_then(|(scheme, rest)| {
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        // Colons of a password or of an IPv6 address begin no port.
        let host_end = authority.rfind([']', '@']).map_or(0, |at| at + 1);
        Some(match authority.get(host_end..)?.rfind(':') {
            Some(colon) => format!("{scheme}://{}{path}", authority.get(..host_end + colon)?),
            None if scheme == "https" => format!("{scheme}://{authority}:443{path}"),
            None => format!("{scheme}://{authority}:80{path}"),
        })
    });
    std::iter::once(Cow::Borrowed(url)).chain(other.map(Cow::Owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_sorted_and_a_repeated_value_counts_once() {
        let fields = sorted_fields(b"Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234&Digits=1234").unwrap();
        assert_eq!(fields, b"Digits1234Digits5678SidCA123SidAccountAC123");
        assert_eq!(sorted_fields(b"b=%2B1+2&a").unwrap(), b"ab+1 2");
        assert!(sorted_fields(b"a=%ff").is_err());
    }

    #[test]
    fn the_port_is_the_only_other_spelling() {
        let of = |url: &'static str| spellings(url).map(Cow::into_owned).collect::<Vec<_>>();
        assert_eq!(of("https://a.b/c"), ["https://a.b/c", "https://a.b:443/c"]);
        assert_eq!(of("http://a.b:8080?x=1"), ["http://a.b:8080?x=1", "http://a.b?x=1"]);
        assert_eq!(of("https://[::1]/c"), ["https://[::1]/c", "https://[::1]:443/c"]);
        assert_eq!(of("https://u:p@a.b/c"), ["https://u:p@a.b/c", "https://u:p@a.b:443/c"]);
    }

    #[test]
    fn the_query_is_the_request_s() {
        let uri = |text: &str| text.parse::<Uri>().unwrap();
        assert_eq!(signed_url("https://a.b/c?d=1", &uri("/c")), "https://a.b/c?d=1");
        assert_eq!(signed_url("https://a.b/c?d=1", &uri("/c?d=2")), "https://a.b/c?d=2");
        assert_eq!(signed_url("https://a.b/c", &uri("/internal?bodySHA256=00")), "https://a.b/c?bodySHA256=00");
    }
}
