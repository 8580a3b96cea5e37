//! Senders that send a plain hash over secret and body, not an HMAC: weaker, see
//! [`Scheme::digest_sha256`](crate::scheme::Scheme::digest_sha256).

use std::time::Duration;

use super::{challenges, entry, url_entry};
use crate::scheme::{
    Confidence, Encoding, Part, Place, Reaction, Scheme, TimestampFormat, UrlScheme, answered, days, header,
};

/// Cloudinary, as accounts are by default: `X-Cld-Signature`, plain SHA-1 over `<body><timestamp><secret>`.
pub const CLOUDINARY: Scheme = entry(cloudinary(Scheme::digest_sha1("cloudinary")));

/// Cloudinary, for accounts that are set to SHA-256: `X-Cld-Signature`, plain SHA-256 over
/// `<body><timestamp><secret>`.
pub const CLOUDINARY_SHA256: Scheme = entry(cloudinary(Scheme::digest_sha256("cloudinary-sha256")));

const fn cloudinary(scheme: Scheme) -> Scheme {
    scheme
        .signature(header("x-cld-signature"), Encoding::Hex)
        // Seconds; the tests of its SDK sign milliseconds.
        .timestamp(header("x-cld-timestamp"), TimestampFormat::UnixSecondsOrMillis)
        .tolerance(Duration::from_secs(7200))
        .signed(&[Part::Body, Part::Timestamp, Part::Secret])
        .event_type(Place::Json("/notification_type"))
        .source(
            "hookdeck/webhook-skills providers.yaml; cloudinary/cloudinary_npm test/utils/utils_spec.js",
            Confidence::Verified,
        )
}

/// HubSpot v1: `X-HubSpot-Signature`, plain SHA-256 over `<secret><body>`. Prefer v3, which is an HMAC.
pub const HUBSPOT_V1: Scheme = entry(
    Scheme::digest_sha256("hubspot-v1")
        .signature(header("x-hubspot-signature"), Encoding::Hex)
        .source("npm @hubspot/api-client 13.5.0 (+ its unit test)", Confidence::Verified),
);

/// HubSpot v2: `X-HubSpot-Signature`, plain SHA-256 over `<secret><method><URL><body>`. Prefer v3, which is an HMAC.
pub const HUBSPOT_V2: UrlScheme = url_entry(
    Scheme::digest_sha256("hubspot-v2")
        .signature(header("x-hubspot-signature"), Encoding::Hex)
        .signed(&[Part::Secret, Part::Method, Part::Url, Part::Body])
        .source("npm @hubspot/api-client 13.5.0 (+ its unit test)", Confidence::Verified),
);

/// Lark / Feishu events: `X-Lark-Signature`, plain SHA-256 over `<timestamp><nonce><encrypt key><body>`. The secret is
/// the encrypt key, without which Lark signs nothing; with it the body is encrypted, so no id is read from it.
pub const LARK: Scheme = entry(
    Scheme::digest_sha256("lark")
        .signature(header("x-lark-signature"), Encoding::Hex)
        .timestamp(header("x-lark-request-timestamp"), TimestampFormat::UnixSeconds)
        .signed(&[Part::Timestamp, Part::Header("x-lark-request-nonce"), Part::Secret, Part::Body])
        .challenge(challenges::LARK)
        .source("larksuite/node-sdk dispatcher/request-handle.ts, adaptor/", Confidence::Verified),
);

/// Recharge (old): `X-Recharge-Hmac-Sha256`, plain SHA-256 over `<secret><body>`, no HMAC in spite of its name.
pub const RECHARGE_V1: Scheme = entry(
    Scheme::digest_sha256("recharge-v1")
        .signature(header("x-recharge-hmac-sha256"), Encoding::Hex)
        .deadline(Duration::from_secs(5))
        .retries_for(days(2))
        .answered(&[
            answered(200, 299, Reaction::Success),
            answered(408, 408, Reaction::Retry),
            answered(429, 429, Reaction::Retry),
            answered(500, 599, Reaction::Retry),
        ])
        .source(
            "docs.getrecharge.com webhooks-overview page; hookdeck/webhook-skills providers.yaml; SlopMaster2/webhook-verify src/providers/mod.rs",
            Confidence::Documented,
        ),
);

/// Sellsy: `X-Webhook-Signature`, plain SHA-1 over `<secret><body>`.
pub const SELLSY: Scheme =
    entry(Scheme::digest_sha1("sellsy").signature(header("x-webhook-signature"), Encoding::Hex).source(
        "NangoHQ/nango git 2f4c0af packages/server/lib/webhook/sellsy-webhook-routing.ts",
        Confidence::ThirdParty,
    ));
