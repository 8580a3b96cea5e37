//! Senders that sign with an ECDSA key: feature `ecdsa`.

use super::{challenges, entry};
use crate::crypto::PublicAlgorithm;
use crate::scheme::{Confidence, Encoding, KeyPlace, Part, Scheme, TimestampFormat, header};

/// Circle: `X-Circle-Signature`, ECDSA over the body, under the key that `X-Circle-Key-Id` names. Your source asks Circle's API
/// for it, with your API key: `GET /v2/notifications/publicKey/<id>`, at `/data/publicKey`.
pub const CIRCLE: Scheme = entry(
    Scheme::public_key("circle", PublicAlgorithm::EcdsaP256Sha256)
        .signature(header("x-circle-signature"), Encoding::Base64)
        .fetched_key(KeyPlace::IdInHeader("x-circle-key-id"))
        .challenge(challenges::ANY_HEAD)
        .source(
            "hookdeck/webhook-skills providers.yaml; developers.circle.com verify-webhook-signatures page",
            Confidence::Documented,
        ),
);

/// SendGrid's event webhook: `X-Twilio-Email-Event-Webhook-Signature`, ECDSA over `<timestamp><body>`. The body ends in
/// a line break that belongs to it. A delivery holds many events, each with an `sg_event_id`.
pub const SENDGRID: Scheme = entry(
    Scheme::public_key("sendgrid", PublicAlgorithm::EcdsaP256Sha256)
        .signature(header("x-twilio-email-event-webhook-signature"), Encoding::Base64)
        .timestamp(header("x-twilio-email-event-webhook-timestamp"), TimestampFormat::UnixSeconds)
        .signed(&[Part::Timestamp, Part::Body])
        .source("npm @sendgrid/eventwebhook 8.0.0; sendgrid-go helpers/eventwebhook tests", Confidence::Verified),
);
