//! Senders that sign with a private key.

use std::time::Duration;

use super::{challenges, entry};
use crate::scheme::{Confidence, Encoding, Part, Place, Scheme, TimestampFormat, header};

/// Discord, interactions and webhook events: Ed25519 over `<timestamp><body>`, both in hex headers. Both
/// kinds of PING are answered once they are verified.
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
