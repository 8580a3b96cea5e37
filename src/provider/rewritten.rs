//! Senders that sign a part of their JSON as it is written, or JSON that they put together anew.

use std::borrow::Cow;
use std::ops::ControlFlow;

use serde_json::value::RawValue;

use super::form_fields::Fields;
use super::json_object::{Object, Objects, text};
use super::json_text::{Style, write_compact, write_string};
use super::{challenges, entry};
use crate::rejection::Reason;
use crate::scheme::{
    Confidence, Coverage, Emit, Encoding, Place, Scheme, SignatureRule, Unverified, VerifyError, by_rule, header,
};

/// Exact Online: `HashCode` in the body, HMAC-SHA-256 over `Content` as it is written. That is all there is beside it.
/// On creation of a webhook an empty body is sent, unsigned, and answered.
pub const EXACT_ONLINE: Scheme = entry(
    Scheme::hmac_sha256("exact-online")
        .signature(by_rule(), Encoding::Hex)
        .signed_by(&ExactOnlineRule)
        .event_type(Place::Json("/Content/Topic"))
        .challenge(challenges::EXACT_ONLINE)
        .source("hookdeck/webhook-skills exact-online-webhooks", Confidence::Documented),
);

/// `FreshBooks`: `X-FreshBooks-Hmac-SHA256`, HMAC-SHA-256 under the verifier of the callback over the form's fields, as
/// Python's `json.dumps` writes them in their order. The first call brings the verifier, and is signed with it.
/// <https://github.com/freshbooks/freshbooks-python-sdk>
pub const FRESHBOOKS: Scheme = entry(
    Scheme::hmac_sha256("freshbooks")
        .signature(header("x-freshbooks-hmac-sha256"), Encoding::Base64)
        .signed_by(&FreshBooksRule)
        .source("freshbooks/freshbooks-python-sdk docs user_guide/webhooks.md", Confidence::Verified),
);

/// Treezor: `object_payload_signature` in the body, HMAC-SHA-256 over `object_payload` as PHP's `json_encode` writes it:
/// what else the body says, the event's name and id with it, is not signed.
/// <https://docs.treezor.com/guide/webhooks/integrity-checks.html>
pub const TREEZOR: Scheme = entry(
    Scheme::hmac_sha256("treezor")
        .signature(by_rule(), Encoding::Base64)
        .signed_by(&TreezorRule)
        .id(Place::Json("/webhook_id"))
        .event_type(Place::Json("/webhook"))
        .source("docs.treezor.com, enforcing integrity", Confidence::Documented),
);

/// `TrustPay`: `Signature` in the body, HMAC-SHA-256 over all other values, sorted, with slashes between them. Which value
/// stands in which field is not signed: whoever has seen one delivery can let two of its values change places, and split or
/// join what has slashes in it. Fetch the payment back.
pub const TRUSTPAY: Scheme = entry(
    Scheme::hmac_sha256("trustpay")
        .signature(by_rule(), Encoding::Hex)
        .signed_by(&TrustPayRule)
        .source("juspay/connector-service connectors/trustpay.rs", Confidence::ThirdParty),
);

/// The text at a pointer, of a signature.
fn signature_at<'a>(body: &'a [u8], pointer: &'static str) -> Result<Cow<'a, str>, VerifyError> {
    let found = Objects::of(body).text_at(pointer)?;
    found.ok_or(VerifyError::new(Reason::MissingSignature, "there is no signature in the body"))
}

fn missing() -> VerifyError {
    VerifyError::new(Reason::SignatureMismatch, "a signed field is missing")
}

#[derive(Debug)]
struct ExactOnlineRule;

impl SignatureRule for ExactOnlineRule {
    fn covers(&self) -> Coverage {
        Coverage::Fields(&["/Content"])
    }

    fn signature<'a>(&self, request: &Unverified<'a>) -> Result<Cow<'a, str>, VerifyError> {
        signature_at(request.body, "/HashCode")
    }

    fn contents(&self, request: &Unverified<'_>, emit: &mut Emit<'_>) -> Result<(), VerifyError> {
        let content = Objects::of(request.body).at("/Content")?.ok_or_else(missing)?;
        let _: ControlFlow<()> = emit(&[content.get().as_bytes()]);
        Ok(())
    }
}

#[derive(Debug)]
struct FreshBooksRule;

impl SignatureRule for FreshBooksRule {
    fn contents(&self, request: &Unverified<'_>, emit: &mut Emit<'_>) -> Result<(), VerifyError> {
        let fields = Fields::of_body(&request.head.headers, request.body)?.into_vec();
        let mut json = String::from("{");
        for (at, (name, value)) in fields.iter().enumerate() {
            if at > 0 {
                json.push_str(", ");
            }
            write_string(&mut json, name, Style::Python);
            json.push_str(": ");
            write_string(&mut json, value, Style::Python);
        }
        json.push('}');
        let _: ControlFlow<()> = emit(&[json.as_bytes()]);
        Ok(())
    }
}

#[derive(Debug)]
struct TreezorRule;

impl SignatureRule for TreezorRule {
    fn covers(&self) -> Coverage {
        Coverage::Fields(&["/object_payload"])
    }

    fn signature<'a>(&self, request: &Unverified<'a>) -> Result<Cow<'a, str>, VerifyError> {
        signature_at(request.body, "/object_payload_signature")
    }

    fn contents(&self, request: &Unverified<'_>, emit: &mut Emit<'_>) -> Result<(), VerifyError> {
        let payload = Objects::of(request.body).at("/object_payload")?.ok_or_else(missing)?;
        let mut json = String::with_capacity(payload.get().len());
        write_compact(&mut json, payload, Style::Php)?;
        let _: ControlFlow<()> = emit(&[json.as_bytes()]);
        Ok(())
    }
}

#[derive(Debug)]
struct TrustPayRule;

/// Values of a notification that are looked at.
const MAX_VALUES: usize = 1000;
/// How deep they may lie.
const DEEPEST: usize = 16;

impl SignatureRule for TrustPayRule {
    fn covers(&self) -> Coverage {
        Coverage::Fields(&["every value, but not in which field it stands"])
    }

    fn signature<'a>(&self, request: &Unverified<'a>) -> Result<Cow<'a, str>, VerifyError> {
        signature_at(request.body, "/Signature")
    }

    fn contents(&self, request: &Unverified<'_>, emit: &mut Emit<'_>) -> Result<(), VerifyError> {
        let mut values = Vec::new();
        for (name, value) in Object::read(request.body)?.members() {
            if name != "Signature" {
                collect(&mut values, value, DEEPEST)?;
            }
        }
        // Numbers with two decimals, as amounts are signed; else as they are written.
        let mut padded: Vec<String> = values.iter().map(|(text, number)| with_decimals(text, *number)).collect();
        let mut written: Vec<&str> = values.iter().map(|(text, _)| text.as_ref()).collect();
        written.sort_unstable();
        padded.sort_unstable();
        if emit(&[padded.join("/").as_bytes()]) == ControlFlow::Continue(()) {
            let _: ControlFlow<()> = emit(&[written.join("/").as_bytes()]);
        }
        Ok(())
    }
}

/// The values that are no objects or lists, and whether they are numbers.
fn collect<'a>(values: &mut Vec<(Cow<'a, str>, bool)>, value: &'a RawValue, deeper: usize) -> Result<(), VerifyError> {
    let error =
        || VerifyError::new(Reason::SignatureMismatch, "what is signed lies too deep, is too much or is no JSON");
    if values.len() == MAX_VALUES {
        return Err(error());
    }
    let written = value.get();
    match written.as_bytes().first() {
        Some(b'{') => {
            let deeper = deeper.checked_sub(1).ok_or_else(error)?;
            for (_, member) in Object::read(written.as_bytes())?.members() {
                collect(values, member, deeper)?;
            }
        }
        Some(b'[') => {
            let deeper = deeper.checked_sub(1).ok_or_else(error)?;
            for item in serde_json::from_str::<Vec<&RawValue>>(written).map_err(|_| error())? {
                collect(values, item, deeper)?;
            }
        }
        Some(first) => {
            let number = matches!(first, b'-' | b'0'..=b'9');
            values.push((text(value)?.unwrap_or(Cow::Borrowed("null")), number));
        }
        None => return Err(error()),
    }
    Ok(())
}

/// A number with at least two decimals.
fn with_decimals(text: &str, number: bool) -> String {
    match text.split_once('.') {
        _ if !number || text.contains(['e', 'E']) => text.to_owned(),
        None => format!("{text}.00"),
        Some((_, fraction)) if fraction.len() == 1 => format!("{text}0"),
        Some(_) => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::Request;

    use super::*;
    use crate::Secret;
    use crate::scheme::Verifier;

    #[test]
    fn a_form_is_signed_as_python_prints_it() {
        let form = "name=invoice.create&object_id=1234567&account_id=6BApk&business_id=6543&identity_id=1234&user_id=1\
                    &note=caf%C3%A9+%22x%22";
        let verified = |form: &str| {
            let request = Request::post("/").header("content-type", "application/x-www-form-urlencoded");
            // Of Python's `hmac` over its `json.dumps` of these fields.
            let request = request.header("x-freshbooks-hmac-sha256", "gMYMOeq8l1nwjU1xhnPi5RUVVjyMG8vD3NPisQsqCO4=");
            let (head, ()) = request.body(()).unwrap().into_parts();
            let verifier = Verifier::new(FRESHBOOKS, Secret::new("a-secret-of-freshbooks-0123456789").unwrap());
            verifier.unwrap().verify(&head, &Bytes::copy_from_slice(form.as_bytes()), None).is_ok()
        };
        assert!(verified(form));
        assert!(verified(&form.replace("%22", "\"")), "another spelling says the same");
        for other in [format!("{form}&user_id=1"), format!("{form}&x=1"), form.replace("user_id=1&", "")] {
            assert!(!verified(&other), "{other}");
        }
    }

    #[test]
    fn a_notification_has_so_many_values_and_no_more() {
        let collected = |text: String| {
            let mut values = Vec::new();
            collect(&mut values, serde_json::from_str(&text).unwrap(), DEEPEST).map(|()| values.len()).ok()
        };
        assert_eq!(collected(format!("[{}1]", "1,".repeat(MAX_VALUES - 1))), Some(MAX_VALUES));
        assert_eq!(collected(format!("[{}1]", "1,".repeat(MAX_VALUES))), None);
        assert_eq!(collected(format!("{}{}", "[".repeat(DEEPEST + 1), "]".repeat(DEEPEST + 1))), None);
        assert_eq!(collected(format!("{}{}", "[".repeat(DEEPEST), "]".repeat(DEEPEST))), Some(0));
    }

    #[test]
    fn amounts_have_two_decimals_and_nothing_else_does() {
        for (text, padded) in [("10", "10.00"), ("-1.5", "-1.50"), ("1.25", "1.25"), ("1.125", "1.125"), ("1e2", "1e2")]
        {
            assert_eq!(with_decimals(text, true), padded);
            assert_eq!(with_decimals(text, false), text);
        }
    }
}
