//! Senders that sign the body alone with HMAC-SHA-256 and write the signature in hex.

use std::time::Duration;

use super::{challenges, entry};
use crate::scheme::{
    Confidence, Encoding, Part, Place, Reaction, Scheme, SecretText, TimestampFormat, answered, days, header, last,
};

/// AiPrise: `X-HMAC-SIGNATURE`, HMAC-SHA-256 over the body.
pub const AIPRISE: Scheme = entry(
    Scheme::hmac_sha256("aiprise")
        .signature(header("x-hmac-signature"), Encoding::Hex)
        .source("hookdeck/webhook-skills providers.yaml", Confidence::Documented),
);

/// Alchemy: `X-Alchemy-Signature`, HMAC-SHA-256 over the body.
pub const ALCHEMY: Scheme = entry(
    Scheme::hmac_sha256("alchemy")
        .signature(header("x-alchemy-signature"), Encoding::Hex)
        .id(Place::Json("/id"))
        .source("hookdeck/webhook-skills providers.yaml", Confidence::Documented),
);

/// Attentive: `x-attentive-hmac-sha256`, HMAC-SHA-256 over the body.
pub const ATTENTIVE: Scheme = entry(
    Scheme::hmac_sha256("attentive")
        .signature(header("x-attentive-hmac-sha256"), Encoding::Hex)
        .event_type(Place::Json("/type"))
        .source("hookdeck/webhook-skills providers.yaml", Confidence::Documented),
);

/// Attio: `Attio-Signature`, HMAC-SHA-256 over the body.
pub const ATTIO: Scheme = entry(
    Scheme::hmac_sha256("attio")
        .signature(header("attio-signature"), Encoding::Hex)
        .other_names(&[("attio-signature", "x-attio-signature")])
        .source(
            "NangoHQ/nango git 2f4c0af packages/server/lib/webhook/attio-webhook-routing.ts",
            Confidence::ThirdParty,
        ),
);

/// BitGo: `X-Signature-SHA256`, HMAC-SHA-256 over the body.
pub const BITGO: Scheme = entry(
    Scheme::hmac_sha256("bitgo")
        .signature(header("x-signature-sha256"), Encoding::Hex)
        .source("webhooks.cc provider catalogue source", Confidence::Documented),
);

/// Bunny Stream: `X-BunnyStream-Signature`, HMAC-SHA-256 over the body.
pub const BUNNY_STREAM: Scheme = entry(
    Scheme::hmac_sha256("bunny-stream")
        .signature(header("x-bunnystream-signature"), Encoding::Hex)
        .source("hookdeck/webhook-skills providers.yaml", Confidence::Documented),
);

/// Cal.com: `X-Cal-Signature-256`, HMAC-SHA-256 over the body.
pub const CALCOM: Scheme = entry(
    Scheme::hmac_sha256("calcom")
        .signature(header("x-cal-signature-256"), Encoding::Hex)
        .event_type(Place::Json("/triggerEvent"))
        .source("calcom/cal.com packages/features/webhooks/lib/sendPayload.ts; Yizack/nuxt-webhook-validators git b45ae63 src/runtime/server/lib/validators/calcom.post.ts; NangoHQ/nango git 2f4c0af packages/server/lib/webhook/cal-com-webhook-routing.ts", Confidence::Verified),
);

/// Checkout.com: `Cko-Signature`, HMAC-SHA-256 over the body.
pub const CHECKOUT: Scheme = entry(
    Scheme::hmac_sha256("checkout")
        .signature(header("cko-signature"), Encoding::Hex)
        .source("checkout.com docs set-up-your-webhook-receiver and workflows pages; checkout.com/docs set-up-your-webhook-receiver; webhooks.cc provider catalogue source", Confidence::Verified),
);

/// Checkr: `X-Checkr-Signature`, HMAC-SHA-256 over the body.
pub const CHECKR: Scheme =
    entry(Scheme::hmac_sha256("checkr").signature(header("x-checkr-signature"), Encoding::Hex).source(
        "NangoHQ/nango git 2f4c0af packages/server/lib/webhook/checkr-partner-webhook-routing.ts",
        Confidence::ThirdParty,
    ));

/// ClickUp: `X-Signature`, HMAC-SHA-256 over the body.
pub const CLICKUP: Scheme = entry(
    Scheme::hmac_sha256("clickup")
        .signature(header("x-signature"), Encoding::Hex)
        .event_type(Place::Json("/event"))
        .source("developer.clickup.com webhook signature page", Confidence::Verified),
);

/// Coinbase Commerce: `X-CC-Webhook-Signature`, HMAC-SHA-256 over the body.
pub const COINBASE_COMMERCE: Scheme = entry(
    Scheme::hmac_sha256("coinbase-commerce")
        .signature(header("x-cc-webhook-signature"), Encoding::Hex)
        .id(Place::Json("/event/id"))
        .event_type(Place::Json("/event/type"))
        .source("coinbase/coinbase-commerce-node lib/Webhook.js, test/testWebhook.spec.js; webhooks.cc provider catalogue source", Confidence::Verified),
);

/// Convoy with its simple signatures: `X-Convoy-Signature`, HMAC-SHA-256 over the body. No time is signed: have it sign
/// as [`CONVOY`](super::CONVOY) describes.
pub const CONVOY_SIMPLE: Scheme = entry(
    Scheme::hmac_sha256("convoy-simple")
        .signature(header("x-convoy-signature"), Encoding::Hex)
        .source("frain-dev/convoy git 157ea6e pkg/signature/signature.go", Confidence::Verified),
);

/// Cryptopay: `X-Cryptopay-Signature`, HMAC-SHA-256 over the body.
pub const CRYPTOPAY: Scheme = entry(
    Scheme::hmac_sha256("cryptopay")
        .signature(header("x-cryptopay-signature"), Encoding::Hex)
        .event_type(Place::Json("/event"))
        .source("juspay/connector-service git 79cfb69 crates/integrations/connector-integration/src/connectors/cryptopay.rs", Confidence::ThirdParty),
);

/// Dropbox: `X-Dropbox-Signature`, HMAC-SHA-256 over the body.
pub const DROPBOX: Scheme = entry(
    Scheme::hmac_sha256("dropbox")
        .signature(header("x-dropbox-signature"), Encoding::Hex)
        .deadline(Duration::from_secs(10))
        .challenge(challenges::DROPBOX)
        .source("dropbox/mdwebhook app.py; Yizack/nuxt-webhook-validators git b45ae63 src/runtime/server/lib/validators/dropbox.ts; aspnet/WebHooks git 9a2b0cb src/Microsoft.AspNetCore.WebHooks.Receivers.Dropbox/Filters/DropboxVerifySignatureFilter.cs", Confidence::Verified),
);

/// Dwolla: `X-Request-Signature-SHA-256`, HMAC-SHA-256 over the body.
pub const DWOLLA: Scheme = entry(
    Scheme::hmac_sha256("dwolla")
        .signature(header("x-request-signature-sha-256"), Encoding::Hex)
        .id(Place::Json("/id"))
        .event_type(Place::Json("/topic"))
        .source(
            "public receiver code using x-request-signature-sha-256; developers.dwolla.com",
            Confidence::ThirdParty,
        ),
);

/// GoCardless: `Webhook-Signature`, HMAC-SHA-256 over the body.
pub const GOCARDLESS: Scheme = entry(
    Scheme::hmac_sha256("gocardless")
        .signature(header("webhook-signature"), Encoding::Hex)
        .id(Place::Json("/meta/webhook_id"))
        .source("gocardless/gocardless-nodejs src/webhooks.ts, webhooks.test.ts", Confidence::Verified),
);

/// LaunchDarkly: `X-LD-Signature`, HMAC-SHA-256 over the body.
pub const LAUNCHDARKLY: Scheme =
    entry(Scheme::hmac_sha256("launchdarkly").signature(header("x-ld-signature"), Encoding::Hex).source(
        "launchdarkly.com docs, webhooks page; SlopMaster2/webhook-verify src/providers/mod.rs",
        Confidence::Documented,
    ));

/// Lemon Squeezy: `X-Signature`, HMAC-SHA-256 over the body.
pub const LEMONSQUEEZY: Scheme = entry(
    Scheme::hmac_sha256("lemonsqueezy")
        .signature(header("x-signature"), Encoding::Hex)
        .event_type(Place::Header("x-event-name"))
        .answered(&[answered(200, 200, Reaction::Success), answered(201, 599, Reaction::Retry)])
        .source("docs.lemonsqueezy.com signing-requests and webhooks pages; SlopMaster2/webhook-verify src/providers/mod.rs", Confidence::ThirdParty),
);

/// Linear: `Linear-Signature`, HMAC-SHA-256 over the body. Its own library takes a minute; should it try again with the time of
/// the first attempt, as receivers say, that is refused: `LINEAR.tolerance(..)` of eight hours takes it.
pub const LINEAR: Scheme = entry(
    Scheme::hmac_sha256("linear")
        .signature(header("linear-signature"), Encoding::Hex)
        .timestamp_in_body("/webhookTimestamp", TimestampFormat::UnixMillis)
        .tolerance(Duration::from_secs(60))
        .id(Place::Header("linear-delivery"))
        .event_type(Place::Header("linear-event"))
        .source("npm @linear/sdk 98.0.0 dist/webhooks; hookdeck/webhook-skills providers.yaml", Confidence::Verified),
);

/// LinkedIn: `X-LI-Signature`, HMAC-SHA-256 over `hmacsha256=<body>`.
pub const LINKEDIN: Scheme = entry(
    Scheme::hmac_sha256("linkedin")
        .signature(header("x-li-signature"), Encoding::Hex)
        .signed(&[Part::Lit("hmacsha256="), Part::Body])
        .retries_for(Duration::from_secs(28800))
        .challenge(challenges::LINKEDIN)
        .source(
            "learn.microsoft.com linkedin webhook-validation page; hookdeck/webhook-skills providers.yaml",
            Confidence::Documented,
        ),
);

/// Mailtrap: `Mailtrap-Signature`, HMAC-SHA-256 over the body. Mostly it has several events, each with an id of its own: then
/// the body stands for the delivery's.
pub const MAILTRAP: Scheme = entry(
    Scheme::hmac_sha256("mailtrap")
        .signature(header("mailtrap-signature"), Encoding::Hex)
        .id(Place::Json("/event_id"))
        .bodies_are_unique()
        .event_type(Place::Json("/event"))
        .source(
            "npm mailtrap 4.10.0 dist/lib/webhooks/verify-signature.js; mailtrap/mailtrap-python mailtrap/webhooks.py",
            Confidence::Verified,
        ),
);

/// Modern Treasury: `X-Signature`, HMAC-SHA-256 over the body.
pub const MODERN_TREASURY: Scheme = entry(
    Scheme::hmac_sha256("modern-treasury")
        .signature(header("x-signature"), Encoding::Hex)
        .id(Place::Header("x-webhook-id"))
        .event_type(Place::Header("x-topic"))
        .source("npm modern-treasury 3.3.0 resources/webhooks.js", Confidence::Verified),
);

/// Nuvemshop / Tiendanube: `x-linkedstore-hmac-sha256`, HMAC-SHA-256 over the body.
pub const NUVEMSHOP: Scheme = entry(
    Scheme::hmac_sha256("nuvemshop")
        .signature(header("x-linkedstore-hmac-sha256"), Encoding::Hex)
        .deadline(Duration::from_secs(3))
        .retries_for(days(2))
        .source("hookdeck/webhook-skills providers.yaml", Confidence::Documented),
);

/// Onfido (Entrust): `X-SHA2-Signature`, HMAC-SHA-256 over the body.
pub const ONFIDO: Scheme = entry(
    Scheme::hmac_sha256("onfido")
        .signature(header("x-sha2-signature"), Encoding::Hex)
        .event_type(Place::Json("/payload/action"))
        .source("npm @onfido/api 6.2.0 dist/webhook-event-verifier.js; onfido/onfido-node webhook-event-verifier.ts and tests", Confidence::Verified),
);

/// Paystack: `x-paystack-signature`, HMAC-SHA-512 over the body.
pub const PAYSTACK: Scheme = entry(
    Scheme::hmac_sha512("paystack")
        .signature(header("x-paystack-signature"), Encoding::Hex)
        .event_type(Place::Json("/event"))
        .deadline(Duration::from_secs(30))
        .retries_for(days(3))
        .source("hookdeck/webhook-skills providers.yaml; SlopMaster2/webhook-verify src/providers/mod.rs; webhooks.cc provider catalogue source", Confidence::Documented),
);

/// Pusher Channels: `X-Pusher-Signature`, HMAC-SHA-256 over the body.
pub const PUSHER: Scheme = entry(
    Scheme::hmac_sha256("pusher")
        .signature(header("x-pusher-signature"), Encoding::Hex)
        .deadline(Duration::from_secs(4))
        .retries_for(Duration::from_secs(5 * 60))
        .source("aspnet/WebHooks git 9a2b0cb src/Microsoft.AspNetCore.WebHooks.Receivers.Pusher/Filters/PusherVerifySignatureFilter.cs; SlopMaster2/webhook-verify src/providers/mod.rs", Confidence::ThirdParty),
);

/// Razorpay: `X-Razorpay-Signature`, HMAC-SHA-256 over the body.
pub const RAZORPAY: Scheme = entry(
    Scheme::hmac_sha256("razorpay")
        .signature(header("x-razorpay-signature"), Encoding::Hex)
        .id(Place::Header("x-razorpay-event-id"))
        .event_type(Place::Json("/event"))
        .source("npm razorpay 2.9.8", Confidence::Verified),
);

/// Scrapfly: `X-Scrapfly-Webhook-Signature`, HMAC-SHA-256 over the body. A crawler's events have the id of their job, and none
/// of their own.
pub const SCRAPFLY: Scheme = entry(
    Scheme::hmac_sha256("scrapfly")
        .signature(header("x-scrapfly-webhook-signature"), Encoding::Hex)
        .event_type(Place::Header("x-scrapfly-webhook-resource-type"))
        .source(
            "hookdeck/webhook-skills providers.yaml; scrapfly/python-scrapfly scrapfly/crawler/crawler_webhook.py",
            Confidence::Documented,
        ),
);

/// Sentry: `Sentry-Hook-Signature`, HMAC-SHA-256 over the body. The id is a new one where it tries again.
pub const SENTRY: Scheme = entry(
    Scheme::hmac_sha256("sentry")
        .signature(header("sentry-hook-signature"), Encoding::Hex)
        .id(Place::Header("request-id"))
        .event_type(Place::Header("sentry-hook-resource"))
        .source("getsentry/sentry src/sentry/sentry_apps/api/serializers/app_platform_event.py; getsentry/sentry src/sentry/sentry_apps/models/sentry_app.py; SlopMaster2/webhook-verify src/providers/mod.rs", Confidence::Verified),
);

/// SHOPLINE: `X-Shopline-Hmac-Sha256`, HMAC-SHA-256 over the body.
pub const SHOPLINE: Scheme = entry(
    Scheme::hmac_sha256("shopline")
        .signature(header("x-shopline-hmac-sha256"), Encoding::Hex)
        .id(Place::Header("x-shopline-webhook-id"))
        .event_type(Place::Header("x-shopline-topic"))
        .deadline(Duration::from_secs(5))
        .retries_for(days(2))
        .source("hookdeck/webhook-skills providers.yaml", Confidence::Documented),
);

/// Shopware 6 apps: `shopware-shop-signature`, HMAC-SHA-256 over the body.
pub const SHOPWARE: Scheme = entry(
    Scheme::hmac_sha256("shopware")
        .signature(header("shopware-shop-signature"), Encoding::Hex)
        .id(Place::Json("/source/eventId"))
        .event_type(Place::Json("/data/event"))
        .source("shopware/shopware src/Core/Framework/App/Hmac/RequestSigner.php", Confidence::Verified),
);

/// Smartcar: `SC-Signature`, HMAC-SHA-256 over the body.
pub const SMARTCAR: Scheme = entry(
    Scheme::hmac_sha256("smartcar")
        .signature(header("sc-signature"), Encoding::Hex)
        .id(Place::Json("/eventId"))
        .event_type(Place::Json("/eventType"))
        .deadline(Duration::from_secs(15))
        .challenge(challenges::SMARTCAR)
        .source(
            "smartcar/node-sdk index.js and test/unit/index.js; hookdeck/webhook-skills providers.yaml",
            Confidence::Verified,
        ),
);

/// Smartsheet: `Smartsheet-Hmac-SHA256`, HMAC-SHA-256 over the body.
pub const SMARTSHEET: Scheme = entry(
    Scheme::hmac_sha256("smartsheet")
        .signature(header("smartsheet-hmac-sha256"), Encoding::Hex)
        .id(Place::Json("/nonce"))
        .challenge(challenges::SMARTSHEET)
        .source("developers.smartsheet.com webhook-verification and webhook-callbacks pages", Confidence::Documented),
);

/// Squarespace: `Squarespace-Signature`, HMAC-SHA-256 over the body.
pub const SQUARESPACE: Scheme = entry(
    Scheme::hmac_sha256("squarespace")
        .signature(header("squarespace-signature"), Encoding::Hex)
        .secret_text(SecretText::Hex)
        .id(Place::Json("/id"))
        .event_type(Place::Json("/topic"))
        .source("developers.squarespace.com verifying-notifications and webhooks overview pages", Confidence::Verified),
);

/// Uber Eats: `X-Uber-Signature`, HMAC-SHA-256 over the body.
pub const UBER_EATS: Scheme = entry(
    Scheme::hmac_sha256("uber-eats")
        .signature(header("x-uber-signature"), Encoding::Hex)
        .event_type(Place::Json("/event_type"))
        .answered(&[
            answered(200, 299, Reaction::Success),
            answered(500, 500, Reaction::Retry),
            answered(502, 504, Reaction::Retry),
            answered(400, 499, Reaction::GiveUp),
        ])
        .source("hookdeck/webhook-skills providers.yaml", Confidence::Documented),
);

/// Pylon of usepylon.com (customer support): `X-Pylon-Signature`, HMAC-SHA-256 over the body.
pub const USEPYLON: Scheme = entry(
    Scheme::hmac_sha256("usepylon")
        .signature(header("x-pylon-signature"), Encoding::Hex)
        .source("kb.help.usepylon.com article 6080966819", Confidence::Documented),
);

/// Vercel webhooks and log drains: `x-vercel-signature`, HMAC-SHA-1 over the body.
pub const VERCEL: Scheme = entry(
    Scheme::hmac_sha1("vercel")
        .signature(header("x-vercel-signature"), Encoding::Hex)
        .id(Place::Json("/id"))
        .event_type(Place::Json("/type"))
        .source("Yizack/nuxt-webhook-validators git b45ae63 src/runtime/server/lib/validators/vercel.ts; hookdeck/webhook-skills git f8a4801 skills/vercel-webhooks/references/verification.md; hookdeck/webhook-skills providers.yaml", Confidence::ThirdParty),
);

/// Veriff: `x-hmac-signature`, HMAC-SHA-256 over the body.
pub const VERIFF: Scheme = entry(
    Scheme::hmac_sha256("veriff")
        .signature(header("x-hmac-signature"), Encoding::Hex)
        .source("devdocs.veriff.com hmac authentication page", Confidence::Documented),
);

/// Viber bots: `X-Viber-Content-Signature`, HMAC-SHA-256 over the body.
pub const VIBER: Scheme = entry(
    Scheme::hmac_sha256("viber")
        .signature(header("x-viber-content-signature"), Encoding::Hex)
        .event_type(Place::Json("/event"))
        .challenge(challenges::VIBER)
        .source("public receiver code using x-viber-content-signature", Confidence::ThirdParty),
);

/// Worldpay Access: `Event-Signature: <key>/SHA256/<hex>`, HMAC-SHA-256 over the body; with several keys, one behind the
/// other with commas between them.
/// <https://docs.worldpay.com/access/products/events/signature>
pub const WORLDPAY_ACCESS: Scheme = entry(
    Scheme::hmac_sha256("worldpay-access")
        .signature(last("event-signature", '/').grouped(','), Encoding::Hex)
        .id(Place::Json("/eventId"))
        .event_type(Place::Json("/eventDetails/type"))
        .deadline(Duration::from_secs(10))
        .retries_for(days(7))
        .source("docs.worldpay.com access events signature", Confidence::Documented),
);
