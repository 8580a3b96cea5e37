//! Senders that sign the body alone and write the signature in base64.

use std::time::Duration;

use super::{challenges, entry};
use crate::scheme::{Confidence, Encoding, Place, Reaction, Scheme, SecretText, answered, days, header};

/// Adyen Balance Platform / Management webhooks: `HmacSignature`, HMAC-SHA-256 over the body.
pub const ADYEN_PLATFORM: Scheme = entry(
    Scheme::hmac_sha256("adyen-platform")
        .signature(header("hmacsignature"), Encoding::Base64)
        .event_type(Place::Json("/type"))
        .secret_text(SecretText::Hex)
        .source("npm @adyen/api-library 32.1.0; Adyen/adyen-python-api-library test/UtilTest.py; SlopMaster2/webhook-verify src/providers/mod.rs", Confidence::Verified),
);

/// `AfterShip` Returns and Warranty: `as-signature-hmac-sha256`, HMAC-SHA-256 over the body. Organizations from before
/// October 2022 get `am-webhook-signature: hmac-sha256=<base64>` instead.
pub const AFTERSHIP_RETURNS: Scheme = entry(
    Scheme::hmac_sha256("aftership-returns")
        .signature(header("as-signature-hmac-sha256"), Encoding::Base64)
        .source("aftership.com/docs/returns/2025-04/webhook/signature", Confidence::Documented),
);

/// AfterShip Tracking: `aftership-hmac-sha256`, HMAC-SHA-256 over the body.
pub const AFTERSHIP_TRACKING: Scheme = entry(
    Scheme::hmac_sha256("aftership-tracking")
        .signature(header("aftership-hmac-sha256"), Encoding::Base64)
        .source("aftership.com docs tracking webhook signature page", Confidence::Verified),
);

/// BILL: `x-bill-sha-signature`, HMAC-SHA-256 over the body.
pub const BILL: Scheme = entry(
    Scheme::hmac_sha256("bill")
        .signature(header("x-bill-sha-signature"), Encoding::Base64)
        .source("webhooks.cc provider catalogue source", Confidence::Documented),
);

/// Commerce Layer: `X-CommerceLayer-Signature`, HMAC-SHA-256 over the body.
pub const COMMERCELAYER: Scheme = entry(
    Scheme::hmac_sha256("commercelayer")
        .signature(header("x-commercelayer-signature"), Encoding::Base64)
        .event_type(Place::Header("x-commercelayer-topic"))
        .deadline(Duration::from_secs(5))
        .source("hookdeck/webhook-skills providers.yaml", Confidence::Documented),
);

/// FastSpring: `X-FS-Signature`, HMAC-SHA-256 over the body.
pub const FASTSPRING: Scheme =
    entry(Scheme::hmac_sha256("fastspring").signature(header("x-fs-signature"), Encoding::Base64).source(
        "hookdeck/webhook-skills providers.yaml; SlopMaster2/webhook-verify src/providers/mod.rs",
        Confidence::Documented,
    ));

/// ConnectWise PSA: `X-Content-Signature`, HMAC-SHA-256 over the body. The key is the SHA-256 of the shared secret, which
/// is found by the body's `Metadata.key_url`: fetch it yourself from your own site, never from where a request says.
pub const CONNECTWISE: Scheme = entry(
    Scheme::hmac_sha256("connectwise")
        .signature(header("x-content-signature"), Encoding::Base64)
        .secret_text(SecretText::Sha256)
        .source(
            "NangoHQ/nango git 2f4c0af packages/server/lib/webhook/connectwise-psa-webhook-routing.ts",
            Confidence::ThirdParty,
        ),
);

/// Salesforce Marketing Cloud, Event Notification Service: `x-sfmc-ens-signature`, HMAC-SHA-256 over the body under the
/// text of the callback's signature key. Each delivery is a batch. A new callback is announced by a POST that is not
/// signed, with its verification key: answer that one with 200 beside this layer.
pub const SALESFORCE_MC_ENS: Scheme =
    entry(Scheme::hmac_sha256("salesforce-mc-ens").signature(header("x-sfmc-ens-signature"), Encoding::Base64).source(
        "developer.salesforce.com marketing cloud ens-notification-signing; flueframework.com (the key is text)",
        Confidence::ThirdParty,
    ));

/// Flutterwave v4: `flutterwave-signature`, HMAC-SHA-256 over the body.
pub const FLUTTERWAVE_V4: Scheme = entry(
    Scheme::hmac_sha256("flutterwave-v4")
        .signature(header("flutterwave-signature"), Encoding::Base64)
        .id(Place::Json("/id"))
        .event_type(Place::Json("/type"))
        .source("flutterwave-node-v4 guide, webhooks chapter (community SDK)", Confidence::Documented),
);

/// Fourthwall: `X-Fourthwall-Hmac-SHA256`, for apps of its platform `X-Fourthwall-Hmac-Apps-SHA256`, HMAC-SHA-256 over the
/// body.
pub const FOURTHWALL: Scheme = entry(
    Scheme::hmac_sha256("fourthwall")
        .signature(header("x-fourthwall-hmac-sha256").or_headers(&["x-fourthwall-hmac-apps-sha256"]), Encoding::Base64)
        .deadline(Duration::from_secs(2))
        .source("docs.fourthwall.com webhooks signature-verification page", Confidence::Documented),
);

/// Front rule webhooks: `X-Front-Signature`, HMAC-SHA-1 over the body.
pub const FRONT_RULE: Scheme = entry(
    Scheme::hmac_sha1("front-rule")
        .signature(header("x-front-signature"), Encoding::Base64)
        .id(Place::Json("/id"))
        .event_type(Place::Json("/type"))
        .deadline(Duration::from_secs(5))
        .source("dev.frontapp.com rule-webhooks page", Confidence::Verified),
);

/// Help Scout: `X-HelpScout-Signature`, HMAC-SHA-1 over the body.
pub const HELPSCOUT: Scheme = entry(
    Scheme::hmac_sha1("helpscout")
        .signature(header("x-helpscout-signature"), Encoding::Base64)
        .event_type(Place::Header("x-helpscout-event"))
        .source("helpscout/helpscout-api-php src/Webhooks/IncomingWebhook.php; public receiver code using x-helpscout-signature", Confidence::Verified),
);

/// Heroku app webhooks: `Heroku-Webhook-Hmac-SHA256`, HMAC-SHA-256 over the body.
pub const HEROKU: Scheme =
    entry(
        Scheme::hmac_sha256("heroku")
            .signature(header("heroku-webhook-hmac-sha256"), Encoding::Base64)
            .id(Place::Json("/webhook_metadata/delivery/id"))
            .event_type(Place::Json("/webhook_metadata/event/include"))
            .source("devcenter.heroku.com webhook-events page; Yizack/nuxt-webhook-validators git b45ae63 src/runtime/server/lib/validators/heroku.ts", Confidence::Documented),
    );

/// Hookdeck Event Gateway (forwarded events): `x-hookdeck-signature`, HMAC-SHA-256 over the body; while a secret is rolled,
/// `x-hookdeck-signature-2` too.
pub const HOOKDECK: Scheme = entry(
    Scheme::hmac_sha256("hookdeck")
        .signature(header("x-hookdeck-signature").or_headers(&["x-hookdeck-signature-2"]), Encoding::Base64)
        .attempt("x-hookdeck-attempt-count")
        .source(
            "hookdeck/webhook-skills git f8a4801 skills/hookdeck-event-gateway-webhooks/references/verification.md; hookdeck/hookdeck-vercel index.ts",
            Confidence::Verified,
        ),
);

/// Jobber: `X-Jobber-Hmac-SHA256`, HMAC-SHA-256 over the body.
pub const JOBBER: Scheme =
    entry(Scheme::hmac_sha256("jobber").signature(header("x-jobber-hmac-sha256"), Encoding::Base64).source(
        "NangoHQ/nango git 2f4c0af packages/server/lib/webhook/jobber-webhook-routing.ts",
        Confidence::ThirdParty,
    ));

/// LINE Messaging API: `x-line-signature`, HMAC-SHA-256 over the body.
pub const LINE: Scheme = entry(
    Scheme::hmac_sha256("line")
        .signature(header("x-line-signature"), Encoding::Base64)
        .source("npm @line/bot-sdk 11.0.0; SlopMaster2/webhook-verify src/providers/line.rs", Confidence::Verified),
);

/// Mautic: `Webhook-Signature`, HMAC-SHA-256 over the body.
pub const MAUTIC: Scheme = entry(
    Scheme::hmac_sha256("mautic")
        .signature(header("webhook-signature"), Encoding::Base64)
        .source("mautic/mautic app/bundles/WebhookBundle/Http/Client.php", Confidence::Verified),
);

/// Picqer: `X-Picqer-Signature`, HMAC-SHA-256 over the body.
pub const PICQER: Scheme = entry(
    Scheme::hmac_sha256("picqer")
        .signature(header("x-picqer-signature"), Encoding::Base64)
        .deadline(Duration::from_secs(10))
        .retries_for(Duration::from_secs(61200))
        .source("hookdeck/webhook-skills providers.yaml", Confidence::Documented),
);

/// QuickBooks Online: `intuit-signature`, HMAC-SHA-256 over the body.
pub const QUICKBOOKS: Scheme = entry(
    Scheme::hmac_sha256("quickbooks")
        .signature(header("intuit-signature"), Encoding::Base64)
        .source("IntuitDeveloper/SampleApp-Webhooks-nodejs util/util.js; developer.intuit.com webhooks page; public receiver code using intuit-signature", Confidence::Verified),
);

/// ShipHero: `x-shiphero-hmac-sha256`, HMAC-SHA-256 over the body.
pub const SHIPHERO: Scheme = entry(
    Scheme::hmac_sha256("shiphero")
        .signature(header("x-shiphero-hmac-sha256"), Encoding::Base64)
        .id(Place::Header("x-shiphero-message-id"))
        .event_type(Place::Json("/webhook_type"))
        .deadline(Duration::from_secs(10))
        .answer(r#"{"code":"200","Status":"Success"}"#)
        .source("hookdeck/webhook-skills providers.yaml", Confidence::Documented),
);

/// Shopify: `X-Shopify-Hmac-Sha256: <base64>` over the body, under the app's client secret. The headers
/// are not signed. Those of its events are named `shopify-…`.
/// <https://shopify.dev/docs/apps/build/webhooks/subscribe/https>
pub const SHOPIFY: Scheme = entry(
    Scheme::hmac_sha256("shopify")
        .signature(header("x-shopify-hmac-sha256"), Encoding::Base64)
        .id(Place::Header("x-shopify-webhook-id"))
        .event_type(Place::Header("x-shopify-topic"))
        .account("x-shopify-shop-domain")
        .other_names(&[
            ("x-shopify-hmac-sha256", "shopify-hmac-sha256"),
            ("x-shopify-shop-domain", "shopify-shop-domain"),
            ("x-shopify-topic", "shopify-topic"),
            ("x-shopify-webhook-id", "shopify-webhook-id"),
        ])
        .deadline(Duration::from_secs(5))
        .retries_for(days(2))
        .answered(&[answered(200, 299, Reaction::Success), answered(300, 599, Reaction::Retry)])
        .source("npm @shopify/shopify-api 13.1.0; shopify.dev", Confidence::Verified),
);

/// Tally: `Tally-Signature`, HMAC-SHA-256 over the body.
pub const TALLY: Scheme = entry(
    Scheme::hmac_sha256("tally")
        .signature(header("tally-signature"), Encoding::Base64)
        .deadline(Duration::from_secs(10))
        .retries_for(days(1))
        .source(
            "hookdeck/webhook-skills providers.yaml; SlopMaster2/webhook-verify src/providers/mod.rs",
            Confidence::Documented,
        ),
);

/// Unit (banking): `X-Unit-Signature`, HMAC-SHA-1 over the body.
pub const UNIT: Scheme = entry(
    Scheme::hmac_sha1("unit")
        .signature(header("x-unit-signature"), Encoding::Base64)
        .source("npm @unit-finance/unit-node-sdk 0.41.0 dist/resources/webhooks.js", Confidence::Verified),
);

/// WooCommerce: `X-WC-Webhook-Signature`, HMAC-SHA-256 over the body.
pub const WOOCOMMERCE: Scheme = entry(
    Scheme::hmac_sha256("woocommerce")
        .signature(header("x-wc-webhook-signature"), Encoding::Base64)
        .event_type(Place::Header("x-wc-webhook-topic"))
        .deadline(Duration::from_secs(60))
        .answered(&[answered(200, 302, Reaction::Success), answered(303, 599, Reaction::GiveUp)])
        .challenge(challenges::WOOCOMMERCE)
        .source("woocommerce/woocommerce includes/class-wc-webhook.php; WooCommerce REST API docs, webhooks chapter; hookdeck/webhook-skills git f8a4801 skills/woocommerce-webhooks/references/verification.md; SlopMaster2/webhook-verify src/providers/mod.rs", Confidence::Verified),
);

/// Xero: `x-xero-signature`, HMAC-SHA-256 over the body.
pub const XERO: Scheme = entry(
    Scheme::hmac_sha256("xero")
        .signature(header("x-xero-signature"), Encoding::Base64)
        .deadline(Duration::from_secs(5))
        .retries_for(days(1))
        .answer("")
        .source("developer.xero.com configuring-your-server page; NangoHQ/nango git 2f4c0af packages/server/lib/webhook/xero-webhook-routing.ts; hookdeck/webhook-skills providers.yaml", Confidence::Verified),
);
