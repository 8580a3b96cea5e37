//! Senders whose timestamp stands beside the signature, in one header.

use std::time::Duration;

use super::{challenges, entry};
use crate::scheme::{
    Confidence, Encoding, Part, Place, Reaction, Scheme, TimestampFormat, answered, days, first, item, rest,
};

/// Ascend: `X-Ascend-Signature`, HMAC-SHA-256 over `<timestamp>:<body>`.
pub const ASCEND: Scheme = entry(
    Scheme::hmac_sha256("ascend")
        .signature(item("x-ascend-signature", ',', "v1"), Encoding::Hex)
        .timestamp(item("x-ascend-signature", ',', "t"), TimestampFormat::UnixSecondsOrMillis)
        .signed(&[Part::Timestamp, Part::Lit(":"), Part::Body])
        .event_type(Place::Json("/type"))
        .source("hookdeck/webhook-skills ascend-webhooks", Confidence::Documented),
);

/// BoldSign: `X-BoldSign-Signature`, HMAC-SHA-256 over `<timestamp>.<body>`.
pub const BOLDSIGN: Scheme = entry(
    Scheme::hmac_sha256("boldsign")
        .signature(item("x-boldsign-signature", ',', "s0").or_key("s1").spaced(), Encoding::Hex)
        .timestamp(item("x-boldsign-signature", ',', "t").spaced(), TimestampFormat::UnixSeconds)
        .signed(&[Part::Timestamp, Part::Lit("."), Part::Body])
        .id(Place::Json("/event/id"))
        .event_type(Place::Header("x-boldsign-event"))
        .source("developers.boldsign.com verify webhook events page", Confidence::Documented),
);

/// Buildkite: `X-Buildkite-Signature`, HMAC-SHA-256 over `<timestamp>.<body>`.
pub const BUILDKITE: Scheme = entry(
    Scheme::hmac_sha256("buildkite")
        .signature(item("x-buildkite-signature", ',', "signature"), Encoding::Hex)
        .timestamp(item("x-buildkite-signature", ',', "timestamp"), TimestampFormat::UnixSeconds)
        .signed(&[Part::Timestamp, Part::Lit("."), Part::Body])
        .event_type(Place::Header("x-buildkite-event"))
        .source(
            "buildkite/docs pages/apis/webhooks/_verifying_hmac_signatures.md, _webhook_signature.md",
            Confidence::Verified,
        ),
);

/// Calendly: `Calendly-Webhook-Signature`, HMAC-SHA-256 over `<timestamp>.<body>`.
pub const CALENDLY: Scheme = entry(
    Scheme::hmac_sha256("calendly")
        .signature(item("calendly-webhook-signature", ',', "v1"), Encoding::Hex)
        .timestamp(item("calendly-webhook-signature", ',', "t"), TimestampFormat::UnixSeconds)
        .tolerance(Duration::from_secs(180))
        .signed(&[Part::Timestamp, Part::Lit("."), Part::Body])
        .event_type(Place::Json("/event"))
        .source("developer.calendly.com webhook-signatures page; NangoHQ/nango git 2f4c0af packages/server/lib/webhook/calendly-webhook-routing.ts; SlopMaster2/webhook-verify src/providers/mod.rs", Confidence::ThirdParty),
);

/// Cloudflare Stream: `Webhook-Signature`, HMAC-SHA-256 over `<timestamp>.<body>`.
pub const CLOUDFLARE_STREAM: Scheme = entry(
    Scheme::hmac_sha256("cloudflare-stream")
        .signature(item("webhook-signature", ',', "sig1"), Encoding::Hex)
        .timestamp(item("webhook-signature", ',', "time"), TimestampFormat::UnixSeconds)
        .signed(&[Part::Timestamp, Part::Lit("."), Part::Body])
        .source(
            "developers.cloudflare.com stream using-webhooks page; SlopMaster2/webhook-verify src/providers/mod.rs",
            Confidence::Documented,
        ),
);

/// Convoy, which signs for others, with its advanced signatures: `X-Convoy-Signature: t=<time>,v1=<hex>`, HMAC-SHA-256 over
/// `<timestamp>,<body>`. A project may have chosen another header, hash or encoding: then say it as a scheme of your own.
/// Its simple signatures, which say no time, are refused, see [`CONVOY_SIMPLE`](super::CONVOY_SIMPLE).
pub const CONVOY: Scheme = entry(
    Scheme::hmac_sha256("convoy")
        .signature(item("x-convoy-signature", ',', "v1"), Encoding::Hex)
        .timestamp(item("x-convoy-signature", ',', "t"), TimestampFormat::UnixSeconds)
        .signed(&[Part::Timestamp, Part::Lit(","), Part::Body])
        .source("frain-dev/convoy git 157ea6e pkg/signature/signature.go", Confidence::Verified),
);

/// Courier: `courier-signature`, HMAC-SHA-256 over `<timestamp>.<body>`.
pub const COURIER: Scheme = entry(
    Scheme::hmac_sha256("courier")
        .signature(item("courier-signature", ',', "signature"), Encoding::Hex)
        .timestamp(item("courier-signature", ',', "t"), TimestampFormat::UnixMillis)
        .signed(&[Part::Timestamp, Part::Lit("."), Part::Body])
        .source("hookdeck/webhook-skills providers.yaml", Confidence::Documented),
);

/// ElevenLabs: `ElevenLabs-Signature`, HMAC-SHA-256 over `<timestamp>.<body>`.
pub const ELEVENLABS: Scheme = entry(
    Scheme::hmac_sha256("elevenlabs")
        .signature(item("elevenlabs-signature", ',', "v0"), Encoding::Hex)
        .timestamp(item("elevenlabs-signature", ',', "t"), TimestampFormat::UnixSeconds)
        .tolerance(Duration::from_secs(1800))
        .signed(&[Part::Timestamp, Part::Lit("."), Part::Body])
        .source(
            "hookdeck/webhook-skills git f8a4801 skills/elevenlabs-webhooks/references/verification.md",
            Confidence::Verified,
        ),
);

/// Fintoc: `Fintoc-Signature`, HMAC-SHA-256 over `<timestamp>.<body>`.
pub const FINTOC: Scheme = entry(
    Scheme::hmac_sha256("fintoc")
        .signature(item("fintoc-signature", ',', "v1"), Encoding::Hex)
        .timestamp(item("fintoc-signature", ',', "t"), TimestampFormat::UnixSeconds)
        .signed(&[Part::Timestamp, Part::Lit("."), Part::Body])
        .source("SlopMaster2/webhook-verify src/providers/mod.rs", Confidence::Documented),
);

/// Ghost: `X-Ghost-Signature`, HMAC-SHA-256 over `<body><timestamp>`.
pub const GHOST: Scheme = entry(
    Scheme::hmac_sha256("ghost")
        .signature(item("x-ghost-signature", ',', "sha256").spaced(), Encoding::Hex)
        .timestamp(item("x-ghost-signature", ',', "t").spaced(), TimestampFormat::UnixMillis)
        .signed(&[Part::Body, Part::Timestamp])
        .deadline(Duration::from_secs(2))
        .answered(&[answered(200, 299, Reaction::Success), answered(410, 410, Reaction::Disable)])
        .source("TryGhost/Ghost ghost/core services/webhooks/WebhookTrigger.js", Confidence::Verified),
);

/// ImageKit (older video webhooks): `x-ik-signature`, HMAC-SHA-256 over `<timestamp>.<body>`.
pub const IMAGEKIT_V1: Scheme = entry(
    Scheme::hmac_sha256("imagekit-v1")
        .signature(item("x-ik-signature", ',', "v1"), Encoding::Hex)
        .timestamp(item("x-ik-signature", ',', "t"), TimestampFormat::UnixMillis)
        .signed(&[Part::Timestamp, Part::Lit("."), Part::Body])
        .id(Place::Json("/id"))
        .event_type(Place::Json("/type"))
        .source("npm imagekit 6.0.0 dist/utils/webhook-signature.js", Confidence::Verified),
);

/// Knock: `x-knock-signature`, HMAC-SHA-256 over `<timestamp>.<body>`.
pub const KNOCK: Scheme = entry(
    Scheme::hmac_sha256("knock")
        .signature(item("x-knock-signature", ',', "s"), Encoding::Base64)
        .timestamp(item("x-knock-signature", ',', "t"), TimestampFormat::UnixMillis)
        .signed(&[Part::Timestamp, Part::Lit("."), Part::Body])
        .id(Place::Json("/id"))
        .source("hookdeck/webhook-skills providers.yaml", Confidence::Documented),
);

/// Mailchimp Marketing (signing switched on): `X-Mailchimp-Signature`, HMAC-SHA-256 over `<timestamp>.<body>`.
pub const MAILCHIMP: Scheme = entry(
    Scheme::hmac_sha256("mailchimp")
        .signature(item("x-mailchimp-signature", ',', "v1"), Encoding::Hex)
        .timestamp(item("x-mailchimp-signature", ',', "t"), TimestampFormat::UnixSeconds)
        .signed(&[Part::Timestamp, Part::Lit("."), Part::Body])
        .challenge(challenges::ANY_GET)
        .source("webhooks.cc provider catalogue source", Confidence::Documented),
);

/// Mux: `Mux-Signature`, HMAC-SHA-256 over `<timestamp>.<body>`.
pub const MUX: Scheme = entry(
    Scheme::hmac_sha256("mux")
        .signature(item("mux-signature", ',', "v1"), Encoding::Hex)
        .timestamp(item("mux-signature", ',', "t"), TimestampFormat::UnixSeconds)
        .signed(&[Part::Timestamp, Part::Lit("."), Part::Body])
        .id(Place::Json("/id"))
        .event_type(Place::Json("/type"))
        .source("npm @mux/mux-node 15.3.0", Confidence::Verified),
);

/// Ordergroove: `OrderGroove-Signature`, HMAC-SHA-256 over `<timestamp>.<body>`.
pub const ORDERGROOVE: Scheme = entry(
    Scheme::hmac_sha256("ordergroove")
        .signature(item("ordergroove-signature", ',', "sig"), Encoding::Hex)
        .timestamp(item("ordergroove-signature", ',', "ts"), TimestampFormat::UnixSeconds)
        .signed(&[Part::Timestamp, Part::Lit("."), Part::Body])
        .source("developer.ordergroove.com webhooks verification page", Confidence::Verified),
);

/// Paddle Billing: `Paddle-Signature`, HMAC-SHA-256 over `<timestamp>:<body>`.
pub const PADDLE: Scheme = entry(
    Scheme::hmac_sha256("paddle")
        .signature(item("paddle-signature", ';', "h1"), Encoding::Hex)
        .timestamp(item("paddle-signature", ';', "ts"), TimestampFormat::UnixSeconds)
        .tolerance(Duration::from_secs(5))
        .signed(&[Part::Timestamp, Part::Lit(":"), Part::Body])
        .id(Place::Json("/event_id"))
        .event_type(Place::Json("/event_type"))
        .source("npm @paddle/paddle-node-sdk 3.10.0; PaddleHQ/paddle-go-sdk webhook_verifier.go, example_webhook_verifier_test.go; hookdeck/webhook-skills git f8a4801 skills/paddle-webhooks/references/verification.md", Confidence::Verified),
);

/// Persona: `Persona-Signature: t=<timestamp>,v1=<hex>`, HMAC-SHA-256 over `<timestamp>.<body>`; twice, with a blank
/// between them, while a secret is being replaced.
pub const PERSONA: Scheme = entry(
    Scheme::hmac_sha256("persona")
        .signature(item("persona-signature", ',', "v1").grouped(' '), Encoding::Hex)
        .timestamp(item("persona-signature", ',', "t").grouped(' '), TimestampFormat::UnixSeconds)
        .signed(&[Part::Timestamp, Part::Lit("."), Part::Body])
        .id(Place::Json("/data/id"))
        .event_type(Place::Json("/data/attributes/name"))
        .deadline(Duration::from_secs(5))
        .source(
            "docs.withpersona.com best-practices page (2022-09-01); hookdeck/webhook-skills providers.yaml",
            Confidence::Verified,
        ),
);

/// Recharge (new): `X-Recharge-Webhook-Signature`, HMAC-SHA-256 over `<timestamp>.<body>`.
pub const RECHARGE_V2: Scheme = entry(
    Scheme::hmac_sha256("recharge-v2")
        .signature(item("x-recharge-webhook-signature", ',', "v1"), Encoding::Hex)
        .timestamp(item("x-recharge-webhook-signature", ',', "t"), TimestampFormat::UnixSeconds)
        .tolerance(Duration::from_secs(172800))
        .signed(&[Part::Timestamp, Part::Lit("."), Part::Body])
        .deadline(Duration::from_secs(5))
        .retries_for(days(2))
        .source("hookdeck/webhook-skills providers.yaml", Confidence::Documented),
);

/// Recurly's JSON webhooks: `recurly-signature: <ms>,<hex>`, HMAC-SHA-256 over `<timestamp>.<body>`; one more signature
/// for each further secret. Recurly's XML webhooks are not signed and refused here.
pub const RECURLY: Scheme = entry(
    Scheme::hmac_sha256("recurly")
        .signature(rest("recurly-signature", ','), Encoding::Hex)
        .timestamp(first("recurly-signature", ','), TimestampFormat::UnixMillis)
        .signed(&[Part::Timestamp, Part::Lit("."), Part::Body])
        .event_type(Place::Json("/event_type"))
        .source(
            "docs.recurly.com signature-verification page; recurly/recurly-client-go webhook.go; hookdeck/webhook-skills providers.yaml",
            Confidence::Verified,
        ),
);

/// Retell AI: `X-Retell-Signature`, HMAC-SHA-256 over `<body><timestamp>`.
pub const RETELL: Scheme = entry(
    Scheme::hmac_sha256("retell")
        .signature(item("x-retell-signature", ',', "d"), Encoding::Hex)
        .timestamp(item("x-retell-signature", ',', "v"), TimestampFormat::UnixMillis)
        .signed(&[Part::Body, Part::Timestamp])
        .deadline(Duration::from_secs(10))
        .source("hookdeck/webhook-skills providers.yaml", Confidence::Verified),
);

/// Sanity: `sanity-webhook-signature`, HMAC-SHA-256 over `<timestamp>.<body>`.
pub const SANITY: Scheme = entry(
    Scheme::hmac_sha256("sanity")
        .signature(item("sanity-webhook-signature", ',', "v1"), Encoding::Base64Url)
        .timestamp(item("sanity-webhook-signature", ',', "t"), TimestampFormat::UnixMillis)
        .signed(&[Part::Timestamp, Part::Lit("."), Part::Body])
        .id(Place::Header("idempotency-key"))
        .deadline(Duration::from_secs(30))
        .retries_for(Duration::from_secs(60))
        .source(
            "sanity-io/webhook-toolkit src/signature.ts + tests; hookdeck/webhook-skills providers.yaml",
            Confidence::Verified,
        ),
);

/// Stripe: `Stripe-Signature: t=<seconds>,v1=<hex>[,v1=<hex>]` over `<t>.<body>`. The key is the whole
/// secret, `whsec_` included.
/// <https://docs.stripe.com/webhooks/signature>
pub const STRIPE: Scheme = entry(
    Scheme::hmac_sha256("stripe")
        .signature(item("stripe-signature", ',', "v1"), Encoding::Hex)
        .timestamp(item("stripe-signature", ',', "t"), TimestampFormat::UnixSeconds)
        .signed(&[Part::Timestamp, Part::Lit("."), Part::Body])
        .id(Place::Json("/id"))
        .event_type(Place::Json("/type"))
        .retries_for(days(3))
        .answered(&[answered(200, 299, Reaction::Success), answered(300, 599, Reaction::Retry)])
        .ip_list("https://stripe.com/files/ips/ips_webhooks.txt")
        .source("npm stripe 23.1.0; docs.stripe.com", Confidence::Verified),
);

/// TabaPay: `X-HMAC-Signature`, HMAC-SHA-256 over `<timestamp>.<body>`.
pub const TABAPAY: Scheme = entry(
    Scheme::hmac_sha256("tabapay")
        .signature(item("x-hmac-signature", ',', "v1").or_key("v2"), Encoding::Hex)
        .timestamp(item("x-hmac-signature", ',', "t"), TimestampFormat::UnixSeconds)
        .signed(&[Part::Timestamp, Part::Lit("."), Part::Body])
        .id(Place::Header("idempotency-key"))
        .source("developers.tabapay.com webhook signature headers page", Confidence::Documented),
);

/// Tailscale: `Tailscale-Webhook-Signature`, HMAC-SHA-256 over `<timestamp>.<body>`.
pub const TAILSCALE: Scheme = entry(
    Scheme::hmac_sha256("tailscale")
        .signature(item("tailscale-webhook-signature", ',', "v1"), Encoding::Hex)
        .timestamp(item("tailscale-webhook-signature", ',', "t"), TimestampFormat::UnixSeconds)
        .signed(&[Part::Timestamp, Part::Lit("."), Part::Body])
        .source("SlopMaster2/webhook-verify src/providers/mod.rs", Confidence::Documented),
);

/// TikTok for Developers: `TikTok-Signature`, HMAC-SHA-256 over `<timestamp>.<body>`.
pub const TIKTOK: Scheme = entry(
    Scheme::hmac_sha256("tiktok")
        .signature(item("tiktok-signature", ',', "s"), Encoding::Hex)
        .timestamp(item("tiktok-signature", ',', "t"), TimestampFormat::UnixSeconds)
        .signed(&[Part::Timestamp, Part::Lit("."), Part::Body])
        .event_type(Place::Json("/event"))
        .source("hookdeck/webhook-skills providers.yaml", Confidence::Documented),
);

/// WorkOS: `WorkOS-Signature`, HMAC-SHA-256 over `<timestamp>.<body>`.
pub const WORKOS: Scheme = entry(
    Scheme::hmac_sha256("workos")
        .signature(item("workos-signature", ',', "v1").spaced(), Encoding::Hex)
        .timestamp(item("workos-signature", ',', "t").spaced(), TimestampFormat::UnixMillis)
        .tolerance(Duration::from_secs(180))
        .signed(&[Part::Timestamp, Part::Lit("."), Part::Body])
        .id(Place::Json("/id"))
        .event_type(Place::Json("/event"))
        .source(
            "npm @workos-inc/node 8.13.0; workos/workos-python tests/test_webhook_verification.py",
            Confidence::Verified,
        ),
);

/// Zoho Payments: `X-Zoho-Webhook-Signature`, HMAC-SHA-256 over `<timestamp>.<body>`.
pub const ZOHO_PAYMENTS: Scheme = entry(
    Scheme::hmac_sha256("zoho-payments")
        .signature(item("x-zoho-webhook-signature", ',', "v"), Encoding::Hex)
        .timestamp(item("x-zoho-webhook-signature", ',', "t"), TimestampFormat::UnixMillis)
        .signed(&[Part::Timestamp, Part::Lit("."), Part::Body])
        .deadline(Duration::from_secs(15))
        .source("zoho.com payments developer docs, webhook verification page", Confidence::Verified),
);
