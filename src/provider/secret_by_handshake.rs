//! Senders that sign the body with a secret which they send themselves, on the first request: trust on first use.
//! [`WebhookLayer::on_handshake`](crate::WebhookLayer::on_handshake) takes it.

use std::time::Duration;

use super::{challenges, entry};
use crate::scheme::{Confidence, Encoding, Place, Reaction, Scheme, answered, days, header};

/// Asana: `X-Hook-Signature`, HMAC-SHA-256 over the body.
pub const ASANA: Scheme = entry(
    Scheme::hmac_sha256("asana")
        .signature(header("x-hook-signature"), Encoding::Hex)
        .deadline(Duration::from_secs(10))
        .retries_for(days(1))
        .answered(&[answered(200, 299, Reaction::Success), answered(410, 410, Reaction::Disable)])
        .challenge(challenges::HOOK_SECRET)
        .source("Asana/developer-docs webhooks chapter (2024-09); hookdeck/webhook-skills providers.yaml; public receiver code using x-asana-request-signature", Confidence::Verified),
);

/// Clio Manage (Clio Platform signs otherwise): `X-Hook-Signature`, HMAC-SHA-256 over the body.
pub const CLIO: Scheme = entry(
    Scheme::hmac_sha256("clio")
        .signature(header("x-hook-signature"), Encoding::Hex)
        .event_type(Place::Json("/meta/event"))
        .challenge(challenges::HOOK_SECRET)
        .source("hookdeck/webhook-skills providers.yaml", Confidence::Documented),
);
