//! Senders whose timestamp stands in a header of its own, in seconds or in milliseconds: their documentation does not say.

use std::time::Duration;

use super::entry;
use crate::scheme::{Confidence, Encoding, Part, Reaction, Scheme, TimestampFormat, answered, header};

/// BlueSnap: `bls-signature`, HMAC-SHA-256 over `<timestamp><body>`.
pub const BLUESNAP: Scheme = entry(
    Scheme::hmac_sha256("bluesnap")
        .signature(header("bls-signature"), Encoding::Hex)
        .timestamp(header("bls-ipn-timestamp"), TimestampFormat::UnixSecondsOrMillis)
        .signed(&[Part::Timestamp, Part::Body])
        .source(
            "juspay/connector-service git 79cfb69 crates/integrations/connector-integration/src/connectors/bluesnap.rs",
            Confidence::ThirdParty,
        ),
);

/// Faundit: `X-Faundit-Signature-Next`, HMAC-SHA-256 over `v1:<timestamp>:<body>`.
pub const FAUNDIT: Scheme = entry(
    Scheme::hmac_sha256("faundit")
        .signature(header("x-faundit-signature-next"), Encoding::Hex)
        .timestamp(header("x-faundit-timestamp"), TimestampFormat::UnixSecondsOrMillis)
        .signed(&[Part::Lit("v1:"), Part::Timestamp, Part::Lit(":"), Part::Body])
        .source("hookdeck/webhook-skills providers.yaml", Confidence::Documented),
);

/// Oura: `x-oura-signature`, HMAC-SHA-256 over `<timestamp><body>`.
pub const OURA: Scheme = entry(
    Scheme::hmac_sha256("oura")
        .signature(header("x-oura-signature"), Encoding::Hex)
        .timestamp(header("x-oura-timestamp"), TimestampFormat::UnixSecondsOrMillis)
        .signed(&[Part::Timestamp, Part::Body])
        .deadline(Duration::from_secs(10))
        .answered(&[answered(200, 299, Reaction::Success), answered(410, 410, Reaction::Disable)])
        .source("hookdeck/webhook-skills providers.yaml", Confidence::Documented),
);
