//! Senders that send a plain hash over some fields and the secret, not an HMAC: weaker, see
//! [`Scheme::digest_sha256`](crate::scheme::Scheme::digest_sha256). Nothing stands between the fields, and nothing else of
//! the body is covered: fetch the object back.

use std::borrow::Cow;

use super::entry;
use super::fields_rule::{FieldsRule, Item};
use super::json_object::Objects;
use crate::rejection::Reason;
use crate::scheme::{
    Confidence, Coverage, Emit, Encoding, Place, Scheme, SignatureRule, TimestampFormat, Unverified, VerifyError,
    by_rule, header,
};

/// Novalnet: `event.checksum` in the body, plain SHA-256 over transaction id, event type, status, amount, currency and the
/// payment access key, its last byte first.
pub const NOVALNET: Scheme = entry(
    Scheme::digest_sha256("novalnet")
        .signature(by_rule(), Encoding::Hex)
        .signed_by(
            &FieldsRule::of(
                &[
                    Item::Field("/event/tid"),
                    Item::Field("/event/type"),
                    Item::Field("/result/status"),
                    Item::Optional("/transaction/amount"),
                    Item::Optional("/transaction/currency"),
                    Item::SecretReversed,
                ],
                &["/event/tid", "/event/type", "/result/status", "/transaction/amount", "/transaction/currency"],
            )
            .signature_at("/event/checksum"),
        )
        .event_type(Place::Json("/event/type"))
        .source("juspay/connector-service connectors/novalnet.rs", Confidence::ThirdParty),
);

/// `PayPro` Global: the form field `SIGNATURE`, plain SHA-256 with the validation key amid the fields. The field `HASH`,
/// an MD5 under another key, is not looked at.
pub const PAYPRO: Scheme = entry(
    Scheme::digest_sha256("paypro")
        .signature(by_rule(), Encoding::Hex)
        .signed_by(
            &FieldsRule::of(
                &[
                    Item::Field("ORDER_ID"),
                    Item::Field("ORDER_STATUS"),
                    Item::Field("ORDER_TOTAL_AMOUNT"),
                    Item::Field("CUSTOMER_EMAIL"),
                    Item::Secret,
                    Item::Field("TEST_MODE"),
                    Item::Field("IPN_TYPE_NAME"),
                ],
                &["ORDER_ID", "ORDER_STATUS", "ORDER_TOTAL_AMOUNT", "CUSTOMER_EMAIL", "TEST_MODE", "IPN_TYPE_NAME"],
            )
            .signature_at("SIGNATURE"),
        )
        .source("developers.payproglobal.com, webhook security; hookdeck/webhook-skills", Confidence::Documented),
);

/// `PhonePe`, callbacks of the salt key: `X-VERIFY: <hex>###<key index>`, plain SHA-256 over the field `response`, which is
/// the whole message in base64, and the salt key. The key index is not looked at: the keys are tried.
pub const PHONEPE: Scheme = entry(
    Scheme::digest_sha256("phonepe")
        .signature(by_rule(), Encoding::Hex)
        .signed_by(&PhonePeRule)
        .source("developer.phonepe.com, callback verification; public receiver code", Confidence::Documented),
);

/// Praxis Cashier: `GT-Authentication`, plain SHA-384 over fields and the merchant secret. A body with an `event` is of a
/// subscription, and signed over other fields. What is `null` is left out. The status of
/// a payment is not covered, and one kind of message can be made to look like the other: ask Praxis. It takes the delivery for failed unless the
/// answer is signed as well: `external-request-signature` is for the handler to set.
pub const PRAXIS: Scheme = entry(
    Scheme::digest_sha384("praxis")
        .signature(header("gt-authentication"), Encoding::Hex)
        .signed_by(&PraxisRule)
        .timestamp_in_body("/timestamp", TimestampFormat::UnixSeconds)
        .source(
            "doc.praxiscashier.com, authentication; hookdeck/webhook-skills praxis-webhooks",
            Confidence::Documented,
        ),
);

/// Quoter: the form field `hash`, plain MD5 over the hash key, `timestamp` and `data`: the weakest there is. The secret
/// stands first, so that whoever has seen one delivery can append to `data`; neither JSON nor XML survives that.
/// <https://help.quoter.com/en/articles/2796480-integrate-with-webhooks>
pub const QUOTER_MD5: Scheme = entry(
    Scheme::digest_md5("quoter")
        .signature(by_rule(), Encoding::Hex)
        .timestamp(by_rule(), TimestampFormat::UnixSeconds)
        .signed_by(
            &FieldsRule::of(&[Item::Secret, Item::Field("timestamp"), Item::Field("data")], &["timestamp", "data"])
                .signature_at("hash")
                .time_at("timestamp"),
        )
        .source("help.quoter.com, integrate with webhooks", Confidence::Documented),
);

const PHONEPE_FIELDS: FieldsRule = FieldsRule::of(&[Item::Field("/response"), Item::Secret], &["/response"]);

#[derive(Debug)]
struct PhonePeRule;

impl SignatureRule for PhonePeRule {
    fn covers(&self) -> Coverage {
        PHONEPE_FIELDS.covers()
    }

    fn signature<'a>(&self, request: &Unverified<'a>) -> Result<Cow<'a, str>, VerifyError> {
        let mut lines = request.head.headers.get_all("x-verify").iter();
        let line = match (lines.next(), lines.next()) {
            (None, _) => return Err(VerifyError::new(Reason::MissingSignature, "there is no signature header")),
            (Some(line), None) => line.to_str().ok().and_then(|line| line.split_once("###")),
            _ => None,
        };
        match line {
            Some((hash, index))
                if (1..=4).contains(&index.len()) && index.bytes().all(|byte| byte.is_ascii_digit()) =>
            {
                Ok(Cow::Borrowed(hash))
            }
            _ => Err(VerifyError::new(Reason::MalformedSignature, "the header is no hash with the index of its key")),
        }
    }

    fn contents(&self, request: &Unverified<'_>, emit: &mut Emit<'_>) -> Result<(), VerifyError> {
        PHONEPE_FIELDS.contents(request, emit)
    }
}

const PRAXIS_PAYMENT: FieldsRule = FieldsRule::of(
    &[
        Item::Field("/merchant_id"),
        Item::Field("/application_key"),
        Item::Field("/timestamp"),
        Item::Optional("/customer/customer_token"),
        Item::Optional("/session/order_id"),
        Item::Optional("/transaction/tid"),
        Item::Optional("/transaction/currency"),
        Item::Optional("/transaction/amount"),
        Item::Optional("/transaction/conversion_rate"),
        Item::Optional("/transaction/processed_currency"),
        Item::Optional("/transaction/processed_amount"),
        Item::Secret,
    ],
    &[
        "/merchant_id",
        "/application_key",
        "/timestamp",
        "/customer/customer_token",
        "/session/order_id",
        "/transaction/tid",
        "/transaction/currency",
        "/transaction/amount",
        "/transaction/conversion_rate",
        "/transaction/processed_currency",
        "/transaction/processed_amount",
    ],
);

const PRAXIS_SUBSCRIPTION: FieldsRule = FieldsRule::of(
    &[
        Item::Optional("/event"),
        Item::Field("/merchant_id"),
        Item::Field("/application_key"),
        Item::Optional("/cid"),
        Item::Optional("/plan_id"),
        Item::Optional("/subscription_id"),
        Item::Optional("/subscription_status"),
        Item::Field("/timestamp"),
        Item::Secret,
    ],
    &[
        "/event",
        "/merchant_id",
        "/application_key",
        "/cid",
        "/plan_id",
        "/subscription_id",
        "/subscription_status",
        "/timestamp",
    ],
);

#[derive(Debug)]
struct PraxisRule;

impl SignatureRule for PraxisRule {
    /// What is covered in each of the two.
    fn covers(&self) -> Coverage {
        Coverage::Fields(&[
            "/merchant_id",
            "/application_key",
            "/timestamp",
            "ids, currencies and amounts of a payment",
            "event, ids and status of a subscription",
        ])
    }

    fn contents(&self, request: &Unverified<'_>, emit: &mut Emit<'_>) -> Result<(), VerifyError> {
        match Objects::of(request.body).text_at("/event")? {
            Some(event) if !event.is_empty() => PRAXIS_SUBSCRIPTION.contents(request, emit),
            _ => PRAXIS_PAYMENT.contents(request, emit),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use bytes::Bytes;
    use http::Request;

    use super::*;

    /// Those whose rule is a list of fields.
    pub(in super::super) const ALL: [Scheme; 3] = [NOVALNET, PAYPRO, QUOTER_MD5];

    #[test]
    fn a_phonepe_header_is_a_hash_with_the_index_of_its_key() {
        let found = |lines: &[&'static str]| {
            let request = lines.iter().fold(Request::post("/"), |request, line| request.header("x-verify", *line));
            let (head, ()) = request.body(()).unwrap().into_parts();
            let body = Bytes::new();
            let request =
                Unverified { head: &head, body: &body, public_url: "", key_id: "", timestamp: "", secret: &[] };
            PhonePeRule.signature(&request).map(Cow::into_owned).map_err(|error| error.reason())
        };
        assert_eq!(found(&["ab12###1"]).as_deref(), Ok("ab12"));
        assert_eq!(found(&[]), Err(Reason::MissingSignature));
        for lines in [&["ab12"][..], &["ab12###"], &["ab12###x"], &["ab12###1###2"], &["a###1", "a###1"]] {
            assert_eq!(found(lines), Err(Reason::MalformedSignature), "{lines:?}");
        }
    }
}
