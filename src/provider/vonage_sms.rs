//! Vonage's SMS API, which signs the parameters of a form or a query.

use std::borrow::Cow;
use std::ops::ControlFlow;

use super::entry;
use super::form_fields::Fields;
use crate::rejection::Reason;
use crate::scheme::{
    Confidence, Coverage, Emit, Encoding, Scheme, SignatureRule, TimestampFormat, Unverified, VerifyError, by_rule,
};

/// Vonage SMS, for accounts that are set to SHA-256: the parameter `sig`, HMAC-SHA-256 under the signature secret over all
/// other parameters, sorted. They are those of a form, or of the query where there is no body. Within a value `&`, `=`
/// and `_` are signed alike: whoever has seen one delivery can put one in place of another.
pub const VONAGE_SMS: Scheme = entry(vonage_sms(Scheme::hmac_sha256("vonage-sms"), &HMAC));

/// Vonage SMS, for accounts that are set to MD5 HMAC: as [`VONAGE_SMS`]. Set the account to SHA-256.
pub const VONAGE_SMS_MD5: Scheme = entry(vonage_sms(Scheme::hmac_md5("vonage-sms-md5"), &HMAC));

/// Vonage SMS, as accounts are by default (*MD5 hash*): the parameter `sig`, plain MD5 over what [`VONAGE_SMS`] signs and
/// the secret. MD5 is broken: set the account to SHA-256.
pub const VONAGE_SMS_MD5_HASH: Scheme =
    entry(vonage_sms(Scheme::digest_md5("vonage-sms-md5-hash"), &VonageSmsRule { secret_follows: true }));

/// Vonage SMS, for accounts that are set to SHA-1: as [`VONAGE_SMS`].
pub const VONAGE_SMS_SHA1: Scheme = entry(vonage_sms(Scheme::hmac_sha1("vonage-sms-sha1"), &HMAC));

/// Vonage SMS, for accounts that are set to SHA-512: as [`VONAGE_SMS`].
pub const VONAGE_SMS_SHA512: Scheme = entry(vonage_sms(Scheme::hmac_sha512("vonage-sms-sha512"), &HMAC));

const HMAC: VonageSmsRule = VonageSmsRule { secret_follows: false };

const fn vonage_sms(scheme: Scheme, rule: &'static VonageSmsRule) -> Scheme {
    scheme
        .signature(by_rule(), Encoding::Hex)
        .timestamp(by_rule(), TimestampFormat::UnixSeconds)
        .signed_by(rule)
        .source(
            "pypi vonage-http-client 1.5.2; Vonage/vonage-python-sdk http_client/tests; Vonage/vonage-node-sdk packages/sms",
            Confidence::Verified,
        )
}

#[derive(Debug)]
struct VonageSmsRule {
    /// The secret is part of what is hashed.
    secret_follows: bool,
}

fn parameters(request: &Unverified<'_>) -> Result<Fields, VerifyError> {
    if request.body.is_empty() {
        Fields::read(request.head.uri.query().unwrap_or_default().as_bytes())
    } else {
        Fields::of_body(&request.head.headers, request.body)
    }
}

impl SignatureRule for VonageSmsRule {
    fn covers(&self) -> Coverage {
        Coverage::Fields(&["every parameter, but for `&`, `=` and `_` within its value, which are one"])
    }

    fn signature<'a>(&self, request: &Unverified<'a>) -> Result<Cow<'a, str>, VerifyError> {
        let missing = || VerifyError::new(Reason::MissingSignature, "there is no parameter with the signature");
        parameters(request)?.get("sig").map(|text| Cow::Owned(text.to_owned())).ok_or_else(missing)
    }

    fn timestamp<'a>(&self, request: &Unverified<'a>) -> Result<Cow<'a, str>, VerifyError> {
        let missing = || VerifyError::new(Reason::MissingTimestamp, "there is no parameter with the timestamp");
        parameters(request)?.get("timestamp").map(|text| Cow::Owned(text.to_owned())).ok_or_else(missing)
    }

    fn contents(&self, request: &Unverified<'_>, emit: &mut Emit<'_>) -> Result<(), VerifyError> {
        let mut parameters = parameters(request)?.into_vec();
        parameters.retain(|(name, _)| name != "sig");
        parameters.sort_unstable();
        let mut content = String::new();
        for (name, value) in &parameters {
            // Names are signed as they are: such a one would look like two parameters.
            if name.contains(['&', '=']) {
                return Err(VerifyError::new(Reason::SignatureMismatch, "a parameter's name has a separator in it"));
            }
            content.push('&');
            content.push_str(name);
            content.push('=');
            content.push_str(&value.replace(['&', '='], "_"));
        }
        let secret = if self.secret_follows { request.secret } else { &[] };
        let _: ControlFlow<()> = emit(&[content.as_bytes(), secret]);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::Request;

    use super::*;

    fn content(query: &str, body: &'static str) -> Option<String> {
        let request = Request::post(format!("/?{query}")).header("content-type", "application/x-www-form-urlencoded");
        let ((head, ()), body) = (request.body(()).unwrap().into_parts(), Bytes::from(body));
        let mut content = String::new();
        let request = Unverified { head: &head, body: &body, public_url: "", key_id: "", timestamp: "", secret: &[] };
        HMAC.contents(&request, &mut |slices| {
            content = String::from_utf8(slices.concat()).unwrap();
            ControlFlow::Break(())
        })
        .ok()?;
        Some(content)
    }

    #[test]
    fn parameters_are_sorted_and_separators_within_them_replaced() {
        assert_eq!(content("b=1%26&sig=x&a=2%3D_", "").as_deref(), Some("&a=2__&b=1_"));
        assert_eq!(content("b=1", "a=2").as_deref(), Some("&a=2"), "the query is not read beside a body");
        for query in ["a=1&a=2", "a%3D1=2", "a%26=2"] {
            assert_eq!(content(query, ""), None, "{query}");
        }
    }
}
