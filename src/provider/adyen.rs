//! Adyen's payment webhooks: each notification in the body has its own signature, over a few of its fields.

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::time::Duration;

use serde_json::Value;

use super::entry;
use super::signed_header::malformed;
use crate::rejection::Reason;
use crate::scheme::{
    Confidence, Coverage, Emit, Encoding, Place, Scheme, SecretText, SignatureRule, Unverified, VerifyError, by_rule,
};

/// Adyen, standard (payment) webhooks: `hmacSignature` in the item, HMAC-SHA-256 over eight of its fields, joined by
/// colons. Sent as JSON a body has one item; more are refused. All other fields can be changed by who has seen one
/// delivery, and no time is signed: ask Adyen for what the event tells you. What an event is known by is its `pspReference`
/// together with its `eventCode`. The answer is `[accepted]`.
pub const ADYEN: Scheme = entry(
    Scheme::hmac_sha256("adyen")
        .signature(by_rule(), Encoding::Base64)
        .signed_by(&Item)
        .secret_text(SecretText::Hex)
        .event_type(Place::Json("/notificationItems/0/NotificationRequestItem/eventCode"))
        .deadline(Duration::from_secs(10))
        .answer("[accepted]")
        .source(
            "npm @adyen/api-library 32.1.0 hmacValidator; Adyen/adyen-python-api-library test/UtilTest.py",
            Confidence::Verified,
        ),
);

/// The pointers to what is signed, in order.
const SIGNED: [&str; 8] = [
    "/pspReference",
    "/originalReference",
    "/merchantAccountCode",
    "/merchantReference",
    "/amount/value",
    "/amount/currency",
    "/eventCode",
    "/success",
];

#[derive(Debug)]
struct Item;

impl Item {
    /// The one item of the body.
    fn of(request: &Unverified<'_>) -> Result<Value, VerifyError> {
        let mut body: Value =
            serde_json::from_slice(request.body).map_err(|_| malformed("the body is no notification"))?;
        let items = body.get_mut("notificationItems").and_then(Value::as_array_mut);
        match items.map(Vec::as_mut_slice) {
            Some([item]) => match item.get_mut("NotificationRequestItem").map(Value::take) {
                Some(item) => Ok(item),
                None => Err(malformed("the body has no item")),
            },
            Some([_, _, ..]) => Err(malformed("the body has more than one item")),
            _ => Err(malformed("the body has no item")),
        }
    }
}

impl SignatureRule for Item {
    fn covers(&self) -> Coverage {
        const ITEM: &[&str] = &[
            "/notificationItems/0/NotificationRequestItem/pspReference",
            "/notificationItems/0/NotificationRequestItem/originalReference",
            "/notificationItems/0/NotificationRequestItem/merchantAccountCode",
            "/notificationItems/0/NotificationRequestItem/merchantReference",
            "/notificationItems/0/NotificationRequestItem/amount/value",
            "/notificationItems/0/NotificationRequestItem/amount/currency",
            "/notificationItems/0/NotificationRequestItem/eventCode",
            "/notificationItems/0/NotificationRequestItem/success",
        ];
        Coverage::Fields(ITEM)
    }

    fn signature<'a>(&self, request: &Unverified<'a>) -> Result<Cow<'a, str>, VerifyError> {
        let item = Self::of(request)?;
        match item.pointer("/additionalData/hmacSignature").and_then(Value::as_str) {
            Some(text) => Ok(Cow::Owned(text.to_owned())),
            None => Err(VerifyError::new(Reason::MissingSignature, "the item has no signature")),
        }
    }

    fn contents(&self, request: &Unverified<'_>, emit: &mut Emit<'_>) -> Result<(), VerifyError> {
        let item = Self::of(request)?;
        let mut content = String::new();
        for (at, pointer) in SIGNED.iter().enumerate() {
            if at > 0 {
                content.push(':');
            }
            match item.pointer(pointer) {
                None | Some(Value::Null) => {}
                Some(Value::String(text)) => content.push_str(text),
                Some(Value::Bool(flag)) => content.push_str(if *flag { "true" } else { "false" }),
                // In minor units: whole, and printed as it is written.
                Some(Value::Number(number)) if number.is_i64() || number.is_u64() => {
                    content.push_str(&number.to_string());
                }
                Some(_) => return Err(malformed("a signed field of the item is neither text nor a whole number")),
            }
        }
        let _: ControlFlow<()> = emit(&[content.as_bytes()]);
        Ok(())
    }
}
