//! Braintree, which puts signature and payload into two fields of a form.

use std::borrow::Cow;
use std::ops::ControlFlow;

use super::form_fields::Fields;
use super::{challenges, key_id_entry};
use crate::rejection::Reason;
use crate::scheme::{
    Chars, Confidence, Coverage, Emit, Encoding, KeyIdScheme, Scheme, SecretText, SignatureRule, Unverified,
    VerifyError, by_rule,
};

/// Braintree: the form's field `bt_signature`, `<public key>|<hex>` for each API key with `&` between them, HMAC-SHA-1
/// under the SHA-1 of the private key over the field `bt_payload`, base64 of XML. The id is the public key, the secret the
/// private key. Kind and time of what happened stand in the XML, so no time is checked and there is no delivery id.
/// <https://developer.paypal.com/braintree/docs/guides/webhooks/parse>
pub const BRAINTREE: KeyIdScheme = key_id_entry(
    Scheme::hmac_sha1("braintree")
        .secret_text(SecretText::Sha1)
        .signature(by_rule(), Encoding::Hex)
        .signed_by(&BraintreeRule)
        .challenge(challenges::BRAINTREE)
        .source(
            "npm braintree 3.40.0 webhook_notification_gateway.js; tests of braintree/braintree_node",
            Confidence::Verified,
        ),
);

/// API keys of one account that sign one notification.
const MOST_PAIRS: usize = 16;

#[derive(Debug)]
struct BraintreeRule;

impl SignatureRule for BraintreeRule {
    fn covers(&self) -> Coverage {
        Coverage::Fields(&["bt_payload"])
    }

    fn needs_key_id(&self) -> bool {
        true
    }

    /// The one beside the receiver's public key.
    fn signature<'a>(&self, request: &Unverified<'a>) -> Result<Cow<'a, str>, VerifyError> {
        let malformed = |what| VerifyError::new(Reason::MalformedSignature, what);
        let fields = Fields::of_body(&request.head.headers, request.body)?;
        let missing = || VerifyError::new(Reason::MissingSignature, "there is no signature in the form");
        let list = fields.get("bt_signature").ok_or_else(missing)?;
        if list.split('&').nth(MOST_PAIRS).is_some() {
            return Err(malformed("there are too many signatures"));
        }
        let mut own = list.split('&').filter_map(|pair| pair.split_once('|')).filter(|(key, _)| *key == request.key_id);
        match (own.next(), own.next()) {
            (Some((_, signature)), None) => Ok(Cow::Owned(signature.to_owned())),
            (None, _) => Err(malformed("none of the signatures is of this public key")),
            (Some(_), Some(_)) => Err(malformed("this public key has two signatures")),
        }
    }

    /// Some versions of Braintree signed the line break that ends base64 and did not send it.
    fn contents(&self, request: &Unverified<'_>, emit: &mut Emit<'_>) -> Result<(), VerifyError> {
        let mismatch = |what| VerifyError::new(Reason::SignatureMismatch, what);
        let fields = Fields::of_body(&request.head.headers, request.body)?;
        let payload = fields.get("bt_payload").ok_or_else(|| mismatch("a signed field is missing"))?.as_bytes();
        let base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'\n');
        if payload.is_empty() || !payload.iter().all(base64) {
            return Err(mismatch("the payload is not base64"));
        }
        // The answer to a challenge is a signature of such a text.
        if Chars::Hex.allow(payload) {
            return Err(mismatch("the payload is the text of a challenge"));
        }
        if emit(&[payload]).is_continue() {
            let _: ControlFlow<()> = emit(&[payload, b"\n"]);
        }
        Ok(())
    }
}
