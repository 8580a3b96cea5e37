//! Senders whose timestamp has a header of its own.

use std::time::Duration;

use super::{challenges, entry};
use crate::scheme::{
    Confidence, Encoding, Part, Place, Reaction, Scheme, SecretText, TimestampFormat, answered, days, header, item,
    values,
};

/// Airwallex: `x-signature`, HMAC-SHA-256 over `<timestamp><body>`.
pub const AIRWALLEX: Scheme = entry(
    Scheme::hmac_sha256("airwallex")
        .signature(header("x-signature"), Encoding::Hex)
        .timestamp(header("x-timestamp"), TimestampFormat::UnixMillis)
        .signed(&[Part::Timestamp, Part::Body])
        .id(Place::Json("/id"))
        .event_type(Place::Json("/name"))
        .retries_for(days(3))
        .source("airwallex.com docs listen-for-webhook-events page; hookdeck/webhook-skills providers.yaml; SlopMaster2/webhook-verify src/providers/mod.rs", Confidence::Documented),
);

/// Akeneo PIM events: `x-akeneo-request-signature`, HMAC-SHA-256 over `<timestamp>.<body>`.
pub const AKENEO: Scheme = entry(
    Scheme::hmac_sha256("akeneo")
        .signature(header("x-akeneo-request-signature"), Encoding::Hex)
        .timestamp(header("x-akeneo-request-timestamp"), TimestampFormat::UnixSeconds)
        .signed(&[Part::Timestamp, Part::Lit("."), Part::Body])
        .deadline(Duration::from_millis(500))
        .answered(&[answered(200, 299, Reaction::Success), answered(300, 599, Reaction::GiveUp)])
        .source("hookdeck/webhook-skills providers.yaml", Confidence::Documented),
);

/// `BlueSnap`: `bls-signature`, HMAC-SHA-256 over `<bls-ipn-timestamp><body>`. The time is written without its zone, so its
/// age is not checked.
pub const BLUESNAP: Scheme = entry(
    Scheme::hmac_sha256("bluesnap")
        .signature(header("bls-signature"), Encoding::Hex)
        .signed(&[Part::Header("bls-ipn-timestamp"), Part::Body])
        .source("juspay/connector-service connectors/bluesnap.rs", Confidence::ThirdParty),
);

/// Cashfree Payments: `x-webhook-signature: <base64>`, HMAC-SHA-256 over `<milliseconds><body>` under the client secret.
pub const CASHFREE: Scheme = entry(
    Scheme::hmac_sha256("cashfree")
        .signature(header("x-webhook-signature"), Encoding::Base64)
        .timestamp(header("x-webhook-timestamp"), TimestampFormat::UnixSecondsOrMillis)
        .signed(&[Part::Timestamp, Part::Body])
        .event_type(Place::Json("/type"))
        .source("npm cashfree-pg 6.0.6; cashfree.com/docs (the unit)", Confidence::Verified),
);

/// Customer.io: `X-CIO-Signature`, HMAC-SHA-256 over `v0:<timestamp>:<body>`.
pub const CUSTOMERIO: Scheme = entry(
    Scheme::hmac_sha256("customerio")
        .signature(header("x-cio-signature"), Encoding::Hex)
        .timestamp(header("x-cio-timestamp"), TimestampFormat::UnixSeconds)
        .signed(&[Part::Lit("v0:"), Part::Timestamp, Part::Lit(":"), Part::Body])
        .id(Place::Json("/event_id"))
        .event_type(Place::Json("/object_type"))
        .deadline(Duration::from_secs(4))
        .retries_for(days(7))
        .source("docs.customer.io reporting webhooks page; hookdeck/webhook-skills providers.yaml; webhooks.cc provider catalogue source", Confidence::Documented),
);

/// Emailit: `X-Emailit-Signature`, HMAC-SHA-256 over `<timestamp>.<body>`.
pub const EMAILIT: Scheme = entry(
    Scheme::hmac_sha256("emailit")
        .signature(header("x-emailit-signature"), Encoding::Hex)
        .timestamp(header("x-emailit-timestamp"), TimestampFormat::UnixSeconds)
        .signed(&[Part::Timestamp, Part::Lit("."), Part::Body])
        .deadline(Duration::from_secs(30))
        .source("emailit.com/docs/webhooks/request-signature.md", Confidence::Documented),
);

/// Faundit: `X-Faundit-Signature-Next`, HMAC-SHA-256 over `v1:<timestamp>:<body>`. `X-Faundit-Signature`, which covers no
/// body, is not looked at.
pub const FAUNDIT: Scheme = entry(
    Scheme::hmac_sha256("faundit")
        .signature(header("x-faundit-signature-next"), Encoding::Hex)
        .timestamp(header("x-faundit-timestamp"), TimestampFormat::UnixSeconds)
        .signed(&[Part::Lit("v1:"), Part::Timestamp, Part::Lit(":"), Part::Body])
        .event_type(Place::Json("/event-type"))
        .source("hookdeck/webhook-skills faundit-webhooks", Confidence::Documented),
);

/// Finch: `finch-signature`, HMAC-SHA-256 over `<id>.<timestamp>.<body>`.
pub const FINCH: Scheme = entry(
    Scheme::hmac_sha256("finch")
        .signature(item("finch-signature", ' ', "v1").pair(','), Encoding::Base64)
        .timestamp(header("finch-timestamp"), TimestampFormat::UnixSeconds)
        .signed(&[Part::Id, Part::Lit("."), Part::Timestamp, Part::Lit("."), Part::Body])
        .secret_text(SecretText::Base64 { prefix: "" })
        .id(Place::Header("finch-event-id"))
        .event_type(Place::Json("/event_type"))
        .source("npm @tryfinch/finch-api 10.7.0 resources/webhooks.js", Confidence::Verified),
);

/// Front application webhooks: `X-Front-Signature`, HMAC-SHA-256 over `<timestamp>:<body>`.
pub const FRONT: Scheme = entry(
    Scheme::hmac_sha256("front")
        .signature(header("x-front-signature"), Encoding::Base64)
        .timestamp(header("x-front-request-timestamp"), TimestampFormat::UnixMillis)
        .signed(&[Part::Timestamp, Part::Lit(":"), Part::Body])
        .event_type(Place::Json("/type"))
        .answered(&[
            answered(200, 299, Reaction::Success),
            answered(408, 408, Reaction::Retry),
            answered(429, 429, Reaction::Retry),
            answered(500, 500, Reaction::Retry),
            answered(300, 599, Reaction::GiveUp),
        ])
        .challenge(challenges::FRONT)
        .source(
            "dev.frontapp.com application-webhooks page; hookdeck/webhook-skills providers.yaml",
            Confidence::Verified,
        ),
);

/// Klaviyo system webhooks: `Klaviyo-Signature`, HMAC-SHA-256 over `<body><timestamp>`. The timestamp may be off by 6 hours:
/// a receiver has seen it 5 hours ahead of the body's `/meta/timestamp`, local time that says GMT.
pub const KLAVIYO: Scheme = entry(
    Scheme::hmac_sha256("klaviyo")
        .signature(header("klaviyo-signature"), Encoding::Hex)
        .timestamp(header("klaviyo-timestamp"), TimestampFormat::HttpDate)
        .tolerance(Duration::from_secs(6 * 60 * 60))
        .signed(&[Part::Body, Part::Timestamp])
        .source("developers.klaviyo.com working with system webhooks page; SlopMaster2/webhook-verify src/providers/mod.rs; skills.sh hookdeck klaviyo page; nickdnk/klaviyo-php-sdk scratch/KLAVIYO_NOTES.md (2026-09, the clock)", Confidence::Documented),
);

/// Metronome: `Metronome-Webhook-Signature`, HMAC-SHA-256 over `<timestamp>\n<body>`.
pub const METRONOME: Scheme = entry(
    Scheme::hmac_sha256("metronome")
        .signature(header("metronome-webhook-signature"), Encoding::Hex)
        .timestamp(header("x-metronome-date"), TimestampFormat::HttpDate)
        .signed(&[Part::Timestamp, Part::Lit("\n"), Part::Body])
        .id(Place::Json("/id"))
        .event_type(Place::Json("/type"))
        .source("npm @metronome/sdk 3.10.0 resources/webhooks.js", Confidence::Verified),
);

/// Orb: `X-Orb-Signature: v1=<hex>`, HMAC-SHA-256 over `v1:<timestamp>:<body>`; a timestamp without an offset is UTC.
pub const ORB: Scheme = entry(
    Scheme::hmac_sha256("orb")
        .signature(item("x-orb-signature", ' ', "v1"), Encoding::Hex)
        .timestamp(header("x-orb-timestamp"), TimestampFormat::Iso8601Utc)
        .signed(&[Part::Lit("v1:"), Part::Timestamp, Part::Lit(":"), Part::Body])
        .id(Place::Json("/id"))
        .event_type(Place::Json("/type"))
        .source(
            "npm orb-billing 6.11.0 resources/webhooks.js; hookdeck/webhook-skills providers.yaml",
            Confidence::Verified,
        ),
);

/// Oura: `x-oura-signature`, HMAC-SHA-256 under the client secret over `<timestamp><body>`. It names what has changed:
/// fetch that.
pub const OURA: Scheme = entry(
    Scheme::hmac_sha256("oura")
        .signature(header("x-oura-signature"), Encoding::Hex)
        .timestamp(header("x-oura-timestamp"), TimestampFormat::UnixSeconds)
        .signed(&[Part::Timestamp, Part::Body])
        .event_type(Place::Json("/event_type"))
        .deadline(Duration::from_secs(10))
        .challenge(challenges::OURA)
        .source("cloud.ouraring.com webhook example; public receiver code", Confidence::Documented),
);

/// Pylon of getpylon.com (solar design): `Pylon-Webhook-Signature`, HMAC-SHA-256 over `<timestamp>.<body>`.
pub const PYLON: Scheme = entry(
    Scheme::hmac_sha256("pylon")
        .signature(header("pylon-webhook-signature").prefix("hs256="), Encoding::Hex)
        .timestamp(header("pylon-webhook-timestamp"), TimestampFormat::UnixSeconds)
        .signed(&[Part::Timestamp, Part::Lit("."), Part::Body])
        .source("hookdeck/webhook-skills providers.yaml", Confidence::Documented),
);

/// Revolut Merchant/Business: `Revolut-Signature`, HMAC-SHA-256 over `v1.<timestamp>.<body>`.
pub const REVOLUT: Scheme = entry(
    Scheme::hmac_sha256("revolut")
        .signature(item("revolut-signature", ',', "v1"), Encoding::Hex)
        .timestamp(header("revolut-request-timestamp"), TimestampFormat::UnixMillis)
        .signed(&[Part::Lit("v1."), Part::Timestamp, Part::Lit("."), Part::Body])
        .retries_for(Duration::from_secs(30 * 60))
        .source("developer.revolut.com verify-the-payload-signature page; juspay/connector-service git 79cfb69 crates/integrations/connector-integration/src/connectors/revolut.rs; hookdeck/webhook-skills providers.yaml", Confidence::Verified),
);

/// Sinch Conversation API: `x-sinch-webhook-signature`, HMAC-SHA-256 over `<body>.<x-sinch-webhook-signature-nonce>.<timestamp>`.
pub const SINCH_CONVERSATION: Scheme = entry(
    Scheme::hmac_sha256("sinch-conversation")
        .signature(header("x-sinch-webhook-signature"), Encoding::Base64)
        .timestamp(header("x-sinch-webhook-signature-timestamp"), TimestampFormat::UnixSeconds)
        .signed(&[
            Part::Body,
            Part::Lit("."),
            Part::Header("x-sinch-webhook-signature-nonce"),
            Part::Lit("."),
            Part::Timestamp,
        ])
        .id(Place::Header("x-sinch-webhook-signature-nonce"))
        .source("sinch/sinch-sdk-python sinch_events authentication_validation.py and tests", Confidence::Verified),
);

/// Slack: `X-Slack-Signature: v0=<hex>` over `v0:<timestamp>:<body>`. `url_verification` is signed as all
/// else and answered once it is verified.
/// <https://docs.slack.dev/authentication/verifying-requests-from-slack>
pub const SLACK: Scheme = entry(
    Scheme::hmac_sha256("slack")
        .signature(header("x-slack-signature").prefix("v0="), Encoding::Hex)
        .timestamp(header("x-slack-request-timestamp"), TimestampFormat::UnixSeconds)
        .signed(&[Part::Lit("v0:"), Part::Timestamp, Part::Lit(":"), Part::Body])
        .id(Place::Json("/event_id"))
        .event_type(Place::Json("/event/type"))
        .attempt("x-slack-retry-num")
        .deadline(Duration::from_secs(3))
        .retries_for(Duration::from_secs(60 * 60))
        .challenge(challenges::SLACK)
        .source("npm @slack/bolt 5.1.0; docs.slack.dev", Confidence::Verified),
);

/// Statsig: `X-Statsig-Signature`, HMAC-SHA-256 over `v0:<timestamp>:<body>`.
pub const STATSIG: Scheme = entry(
    Scheme::hmac_sha256("statsig")
        .signature(header("x-statsig-signature").prefix("v0="), Encoding::Hex)
        .timestamp(header("x-statsig-request-timestamp"), TimestampFormat::UnixMillis)
        .signed(&[Part::Lit("v0:"), Part::Timestamp, Part::Lit(":"), Part::Body])
        .source("hookdeck/webhook-skills providers.yaml", Confidence::Documented),
);

/// Synctera: `Synctera-Signature`, one or two hex signatures with a dot between them, HMAC-SHA-256 over
/// `<timestamp>.<body>`.
pub const SYNCTERA: Scheme = entry(
    Scheme::hmac_sha256("synctera")
        .signature(values("synctera-signature", '.'), Encoding::Hex)
        .timestamp(header("request-timestamp"), TimestampFormat::UnixSeconds)
        .signed(&[Part::Timestamp, Part::Lit("."), Part::Body])
        .deadline(Duration::from_secs(5))
        .source("hookdeck/webhook-skills providers.yaml", Confidence::Documented),
);

/// Twitch EventSub: `Twitch-Eventsub-Message-Signature`, HMAC-SHA-256 over `<id><timestamp><body>`.
pub const TWITCH: Scheme = entry(
    Scheme::hmac_sha256("twitch")
        .signature(header("twitch-eventsub-message-signature").prefix("sha256="), Encoding::Hex)
        .timestamp(header("twitch-eventsub-message-timestamp"), TimestampFormat::Rfc3339)
        .tolerance(Duration::from_secs(600))
        .signed(&[Part::Id, Part::Timestamp, Part::Body])
        .id(Place::Header("twitch-eventsub-message-id"))
        .event_type(Place::Header("twitch-eventsub-subscription-type"))
        .challenge(challenges::TWITCH)
        .attempt("twitch-eventsub-message-retry")
        .source("dev.twitch.tv handling-webhook-events page; npm @twurple/eventsub-http 8.1.4 lib/EventSubHttpBase.js; Yizack/nuxt-webhook-validators git b45ae63 src/runtime/server/lib/validators/twitch.ts; SlopMaster2/webhook-verify src/providers/mod.rs; hookdeck/webhook-skills providers.yaml", Confidence::Verified),
);

/// Webflow: `x-webflow-signature`, HMAC-SHA-256 over `<timestamp>:<body>`.
pub const WEBFLOW: Scheme = entry(
    Scheme::hmac_sha256("webflow")
        .signature(header("x-webflow-signature"), Encoding::Hex)
        .timestamp(header("x-webflow-timestamp"), TimestampFormat::UnixMillis)
        .signed(&[Part::Timestamp, Part::Lit(":"), Part::Body])
        .source("developers.webflow.com verifying-webhook-signatures page and changelog; hookdeck/webhook-skills git f8a4801 skills/webflow-webhooks/references/verification.md; SlopMaster2/webhook-verify src/providers/mod.rs", Confidence::Verified),
);

/// Zendesk: `X-Zendesk-Webhook-Signature`, HMAC-SHA-256 over `<timestamp><body>`.
pub const ZENDESK: Scheme = entry(
    Scheme::hmac_sha256("zendesk")
        .signature(header("x-zendesk-webhook-signature"), Encoding::Base64)
        .timestamp(header("x-zendesk-webhook-signature-timestamp"), TimestampFormat::Rfc3339)
        .signed(&[Part::Timestamp, Part::Body])
        .id(Place::Header("x-zendesk-webhook-invocation-id"))
        .deadline(Duration::from_secs(12))
        .answered(&[
            answered(200, 299, Reaction::Success),
            answered(409, 409, Reaction::Retry),
            answered(429, 429, Reaction::Retry),
            answered(503, 503, Reaction::Retry),
        ])
        .source("developer.zendesk.com webhooks verifying page; hookdeck/webhook-skills providers.yaml; SlopMaster2/webhook-verify src/providers/mod.rs; public receiver code using x-zendesk-webhook-invocation-id", Confidence::Verified),
);

/// Zero Hash, for platforms that are set to HMAC: `x-zh-hook-signature`, HMAC-SHA-256 over `<body><timestamp>`. Its signatures
/// by RSA are in another header, and refused.
pub const ZEROHASH: Scheme = entry(
    Scheme::hmac_sha256("zerohash")
        .signature(header("x-zh-hook-signature"), Encoding::Hex)
        .timestamp(header("x-zh-hook-timestamp"), TimestampFormat::UnixMillis)
        .signed(&[Part::Body, Part::Timestamp])
        .id(Place::Header("x-zh-hook-notification-id"))
        .event_type(Place::Header("x-zh-hook-payload-type"))
        .source("hookdeck/webhook-skills providers.yaml", Confidence::Documented),
);

/// Zoom: `x-zm-signature`, HMAC-SHA-256 over `v0:<timestamp>:<body>`.
pub const ZOOM: Scheme = entry(
    Scheme::hmac_sha256("zoom")
        .signature(header("x-zm-signature").prefix("v0="), Encoding::Hex)
        .timestamp(header("x-zm-request-timestamp"), TimestampFormat::UnixSeconds)
        .signed(&[Part::Lit("v0:"), Part::Timestamp, Part::Lit(":"), Part::Body])
        .event_type(Place::Json("/event"))
        .deadline(Duration::from_secs(3))
        .retries_for(Duration::from_secs(85 * 60))
        .challenge(challenges::ZOOM)
        .source(
            "zoom/webhook-sample-node.js index.js; developers.zoom.us/blog/webhook-delays.md",
            Confidence::Verified,
        ),
);
