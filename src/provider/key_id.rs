//! Senders that need the receiver's own id there.

use std::time::Duration;

use super::key_id_entry;
use crate::scheme::{Confidence, Encoding, KeyIdScheme, Part, Place, Scheme, header};

/// TikTok Shop: `Authorization: <hex>`, HMAC-SHA-256 over `<app key><body>`. The id is the app key.
pub const TIKTOK_SHOP: KeyIdScheme = key_id_entry(
    Scheme::hmac_sha256("tiktok-shop")
        .signature(header("authorization"), Encoding::Hex)
        .signed(&[Part::KeyId, Part::Body])
        .id(Place::Json("/tts_notification_id"))
        .deadline(Duration::from_secs(3))
        .source("hookdeck/webhook-skills providers.yaml", Confidence::Documented),
);

/// Solidgate: `signature`, HMAC-SHA-512 over `<public key><body><public key>`, written as the base64 of its hex digits.
/// The id is the webhook's public key, `wh_pk_…`.
pub const SOLIDGATE: KeyIdScheme = key_id_entry(
    Scheme::hmac_sha512("solidgate")
        .signature(header("signature"), Encoding::Base64OfHex)
        .signed(&[Part::KeyId, Part::Body, Part::KeyId])
        .id(Place::Header("solidgate-event-id"))
        .event_type(Place::Header("solidgate-event-type"))
        .deadline(Duration::from_secs(30))
        .source("npm @solidgate/node-sdk; docs.solidgate.com", Confidence::Verified),
);
