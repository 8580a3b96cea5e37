//! Senders that sign with an Ed25519 key.

use std::time::Duration;

use super::{challenges, entry};
use crate::scheme::{
    Confidence, Encoding, KeyPlace, MessageSignature, Part, Place, Scheme, TimestampFormat, days, header, item,
};

/// Discord, interactions and webhook events: Ed25519 over `<timestamp><body>`, both in hex headers. Both
/// kinds of PING are answered once they are verified. A webhook event has no id, its type is 1, and what happened stands at
/// `/event/type`.
/// <https://docs.discord.com/developers/interactions/overview>
pub const DISCORD: Scheme = entry(
    Scheme::ed25519("discord")
        .signature(header("x-signature-ed25519"), Encoding::Hex)
        .timestamp(header("x-signature-timestamp"), TimestampFormat::UnixSeconds)
        .signed(&[Part::Timestamp, Part::Body])
        .id(Place::Json("/id"))
        .event_type(Place::Json("/type"))
        .deadline(Duration::from_secs(3))
        .challenge(challenges::DISCORD)
        .source("npm discord-interactions 4.4.0; discord-api-docs, commit c98d64b", Confidence::Verified),
);

/// HighLevel: `X-GHL-Signature`, Ed25519 over the body, under the key in its documentation.
pub const HIGHLEVEL_ED25519: Scheme = entry(
    Scheme::ed25519("highlevel-ed25519")
        .signature(header("x-ghl-signature"), Encoding::Base64)
        .source("GoHighLevel/highlevel-api-sdk lib/webhook/webhook-manager.ts, README (2026-05)", Confidence::Verified),
);

/// MailChannels: an HTTP Message Signature (RFC 9421) with Ed25519 over `content-digest`. The key is fetched by the
/// `keyid` of `Signature-Input`: `GET https://api.mailchannels.net/tx/v1/webhook/public-key?id=<keyid>` answers with JSON
/// whose `key` is the base64 of a SubjectPublicKeyInfo.
pub const MAILCHANNELS: Scheme = entry(
    Scheme::ed25519("mailchannels")
        .signature_by_rule()
        .signed_by(&MessageSignature::new("ed25519"))
        .timestamp(item("signature-input", ';', "created"), TimestampFormat::UnixSeconds)
        .fetched_key(KeyPlace::Rule(&MessageSignature::new("ed25519")))
        .source(
            "Yizack/nuxt-webhook-validators src/runtime/server/lib/validators/mailchannels.ts; RFC 9421",
            Confidence::ThirdParty,
        ),
);

/// Telnyx v2: `telnyx-signature-ed25519`, Ed25519 over `<timestamp>|<body>`.
pub const TELNYX: Scheme = entry(
    Scheme::ed25519("telnyx")
        .signature(header("telnyx-signature-ed25519"), Encoding::Base64)
        .timestamp(header("telnyx-timestamp"), TimestampFormat::UnixSeconds)
        .signed(&[Part::Timestamp, Part::Lit("|"), Part::Body])
        .id(Place::Json("/data/id"))
        .event_type(Place::Json("/data/event_type"))
        .deadline(Duration::from_secs(2))
        .source(
            "team-telnyx/telnyx-node src/lib/webhooks.ts; hookdeck/webhook-skills providers.yaml",
            Confidence::Verified,
        ),
);

/// Token.io: `token-signature`, Ed25519 over the body, in base64url.
pub const TOKENIO: Scheme = entry(
    Scheme::ed25519("tokenio")
        .signature(header("token-signature"), Encoding::Base64Url)
        .event_type(Place::Header("token-event"))
        .retries_for(days(3))
        .source("hookdeck/webhook-skills providers.yaml", Confidence::Documented),
);
