//! Senders that sign some fields of their JSON bodies and nothing else of them: fetch the object back, and see
//! [`Delivery::coverage`](crate::Delivery::coverage).

use std::time::Duration;

use super::fields_rule::{FieldsRule, Item};
use super::{entry, url_entry};
use crate::scheme::{Confidence, Encoding, Place, Scheme, TimestampFormat, UrlScheme, by_rule, header, query};

/// Favro: `X-Favro-Webhook`, HMAC-SHA-1 over the field `payloadId` and the URL, exactly as it was given to Favro.
pub const FAVRO: UrlScheme = url_entry(
    Scheme::hmac_sha1("favro")
        .signature(header("x-favro-webhook"), Encoding::Base64)
        .signed_by(&FieldsRule::of(&[Item::Field("/payloadId"), Item::PublicUrl], &["/payloadId"]))
        .id(Place::Json("/payloadId"))
        .event_type(Place::Json("/action"))
        .source("favro.com/developer, webhooks; hookdeck/webhook-skills", Confidence::Documented),
);

/// Mailgun: `signature.signature` in the body, HMAC-SHA-256 under the HTTP webhook signing key over
/// `signature.timestamp` and `signature.token`. The event is not signed: whoever has seen one delivery can send another
/// event with its signature until the tolerance is over: nine hours, as Mailgun tries again for eight, with the same
/// signature, says who has seen it. The token is the delivery id, as each is used once; with idempotency it is taken once.
/// Answer 406 to have no retries. What a route forwards is a form, and refused; an event of a subaccount is verified
/// under the key of that one, and its `parent-signature` is not looked at.
/// <https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks>
pub const MAILGUN: Scheme = entry(
    Scheme::hmac_sha256("mailgun")
        .signature(by_rule(), Encoding::Hex)
        .signed_by(
            &FieldsRule::of(
                &[Item::Field("/signature/timestamp"), Item::Field("/signature/token")],
                &["/signature/timestamp", "/signature/token"],
            )
            .signature_at("/signature/signature"),
        )
        .timestamp_in_body("/signature/timestamp", TimestampFormat::UnixSeconds)
        .tolerance(Duration::from_secs(9 * 60 * 60))
        .id(Place::Json("/signature/token"))
        .event_type(Place::Json("/event-data/event"))
        .source("documentation.mailgun.com, securing webhooks", Confidence::Documented),
);

/// Noon Payments: `signature` in the body, HMAC-SHA-512 over
/// `<orderId>,<orderStatus>,<eventId>,<eventType>,<timeStamp>`. How the time is written is not documented, so its age is
/// not checked.
pub const NOON: Scheme = entry(
    Scheme::hmac_sha512("noon")
        .signature(by_rule(), Encoding::Base64)
        .signed_by(
            &FieldsRule::of(
                &[
                    Item::Field("/orderId"),
                    Item::Field("/orderStatus"),
                    Item::Field("/eventId"),
                    Item::Field("/eventType"),
                    Item::Field("/timeStamp"),
                ],
                &["/orderId", "/orderStatus", "/eventId", "/eventType", "/timeStamp"],
            )
            .between(",")
            .signature_at("/signature"),
        )
        .id(Place::Json("/eventId"))
        .event_type(Place::Json("/eventType"))
        .source("juspay/connector-service connectors/noon.rs", Confidence::ThirdParty),
);

/// Paymob, the transaction processed callback: the query parameter `hmac`, HMAC-SHA-512 over twenty fields. Callbacks on
/// saved cards, and those that a browser brings, are signed over other fields and refused.
/// <https://developers.paymob.com/paymob-docs/developers/webhook-callbacks-and-hmac/hmac/hmac-transaction-callback>
pub const PAYMOB: Scheme = entry(
    Scheme::hmac_sha512("paymob")
        .signature(query("hmac"), Encoding::Hex)
        .signed_by(&FieldsRule::of(
            &[
                Item::Field("/obj/amount_cents"),
                Item::Field("/obj/created_at"),
                Item::Field("/obj/currency"),
                Item::Field("/obj/error_occured"),
                Item::Field("/obj/has_parent_transaction"),
                Item::Field("/obj/id"),
                Item::Field("/obj/integration_id"),
                Item::Field("/obj/is_3d_secure"),
                Item::Field("/obj/is_auth"),
                Item::Field("/obj/is_capture"),
                Item::Field("/obj/is_refunded"),
                Item::Field("/obj/is_standalone_payment"),
                Item::Field("/obj/is_voided"),
                Item::Field("/obj/order/id"),
                Item::Field("/obj/owner"),
                Item::Field("/obj/pending"),
                Item::Field("/obj/source_data/pan"),
                Item::Field("/obj/source_data/sub_type"),
                Item::Field("/obj/source_data/type"),
                Item::Field("/obj/success"),
            ],
            &[
                "/obj/amount_cents",
                "/obj/created_at",
                "/obj/currency",
                "/obj/error_occured",
                "/obj/has_parent_transaction",
                "/obj/id",
                "/obj/integration_id",
                "/obj/is_3d_secure",
                "/obj/is_auth",
                "/obj/is_capture",
                "/obj/is_refunded",
                "/obj/is_standalone_payment",
                "/obj/is_voided",
                "/obj/order/id",
                "/obj/owner",
                "/obj/pending",
                "/obj/source_data/pan",
                "/obj/source_data/sub_type",
                "/obj/source_data/type",
                "/obj/success",
            ],
        ))
        .event_type(Place::Json("/type"))
        .source("developers.paymob.com, HMAC transaction callback", Confidence::Documented),
);

/// USPS tracking subscriptions: `X-HMAC`, HMAC-SHA-256 over the fields `timestamp` and `payload`, which is a text with
/// JSON in it. Its age is not checked. Without a secret in the subscription, USPS signs nothing.
pub const USPS: Scheme = entry(
    Scheme::hmac_sha256("usps")
        .signature(header("x-hmac"), Encoding::Base64)
        .signed_by(&FieldsRule::of(&[Item::Field("/timestamp"), Item::Field("/payload")], &["/timestamp", "/payload"]))
        .source("hookdeck/webhook-skills usps-webhooks", Confidence::Documented),
);

#[cfg(test)]
pub(super) mod tests {
    use super::super::signed_fields_digest;
    use super::*;

    /// What `covers` says is what goes into the content.
    #[test]
    fn the_fields_that_are_covered_are_those_that_are_signed() {
        for scheme in [FAVRO.scheme(), &MAILGUN, &NOON, &PAYMOB, &USPS] {
            assert_covers(scheme);
        }
        signed_fields_digest::tests::ALL.iter().for_each(assert_covers);
    }

    fn assert_covers(scheme: &Scheme) {
        let shown = format!("{scheme:?}");
        let rule = shown.split("FieldsRule { ").nth(1).unwrap();
        let content = rule.split("between: ").next().unwrap();
        let covered = rule.split("covered: [").nth(1).unwrap().split(']').next().unwrap();
        let signed: Vec<_> = content.split("Field(").flat_map(|part| part.split("Optional(")).skip(1).collect();
        let signed: Vec<_> = signed.iter().map(|part| part.split(')').next().unwrap()).collect();
        assert_eq!(signed.join(", "), covered);
        assert!(!signed.is_empty());
    }
}
