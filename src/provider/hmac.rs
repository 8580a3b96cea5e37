//! Senders that sign with a shared secret.

use std::time::Duration;

use super::{entry, url_entry};
use crate::scheme::{
    Challenge, Confidence, Encoding, Part, Place, Question, Scheme, SecretText, TimestampFormat, UrlScheme, days,
    header, item,
};

/// GitHub: `X-Hub-Signature-256: sha256=<hex>` over the body. Deliveries are at most 25 MB and are not
/// repeated by themselves; the delivery id is not signed.
/// <https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries>
pub const GITHUB: Scheme = entry(
    Scheme::hmac_sha256("github")
        .signature(header("x-hub-signature-256").prefix("sha256="), Encoding::Hex)
        .id(Place::Header("x-github-delivery"))
        .event_type(Place::Header("x-github-event"))
        .account("x-github-hook-id")
        .body_limit(25 * 1024 * 1024)
        .deadline(Duration::from_secs(10))
        .retries_for(days(3))
        .source("npm @octokit/webhooks-methods 6.0.0; docs.github.com", Confidence::Verified),
);

/// Meta (Facebook, Instagram, Messenger, WhatsApp): `X-Hub-Signature-256: sha256=<hex>` over the body,
/// under the app secret. The endpoint is confirmed by a `GET` with `hub.challenge`.
/// <https://developers.facebook.com/docs/graph-api/webhooks/getting-started>
pub const META: Scheme = entry(
    Scheme::hmac_sha256("meta")
        .signature(header("x-hub-signature-256").prefix("sha256="), Encoding::Hex)
        .event_type(Place::Json("/object"))
        .retries_for(Duration::from_secs(36 * 60 * 60))
        .challenge(Challenge::Subscribe)
        .source("developers.facebook.com, Graph API webhooks", Confidence::Documented),
);

/// Shopify: `X-Shopify-Hmac-Sha256: <base64>` over the body, under the app's client secret. The headers
/// are not signed. Those of its events are named `shopify-…`, and their id is `shopify-event-id`.
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
            ("x-shopify-webhook-id", "shopify-event-id"),
        ])
        .deadline(Duration::from_secs(5))
        .retries_for(days(2))
        .source("npm @shopify/shopify-api 13.1.0; shopify.dev", Confidence::Verified),
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
        .challenge(Challenge::Verified(&[Question::repeat("/type", "url_verification", "/challenge")]))
        .source("npm @slack/bolt 5.1.0; docs.slack.dev", Confidence::Verified),
);

/// Square: `x-square-hmacsha256-signature: <base64>` over the notification URL and the body.
/// <https://developer.squareup.com/docs/webhooks/step3validate>
pub const SQUARE: UrlScheme = url_entry(
    Scheme::hmac_sha256("square")
        .signature(header("x-square-hmacsha256-signature"), Encoding::Base64)
        .signed(&[Part::Url, Part::Body])
        .id(Place::Json("/event_id"))
        .event_type(Place::Json("/type"))
        .retries_for(days(3))
        .source("npm square 46.0.0; developer.squareup.com", Confidence::Verified),
);

/// [Standard Webhooks](https://github.com/standard-webhooks/standard-webhooks): `webhook-signature` is a
/// list of `v1,<base64>` (HMAC, a secret behind `whsec_`) and `v1a,<base64>` (Ed25519, a public key behind
/// `whpk_`) over `<id>.<timestamp>.<body>`. Headers named `svix-…` are taken where `webhook-…` are absent.
pub const STANDARD_WEBHOOKS: Scheme = entry(
    Scheme::hmac_sha256("standard-webhooks")
        .signature(item("webhook-signature", ' ', "v1").pair(','), Encoding::Base64)
        .or_ed25519(item("webhook-signature", ' ', "v1a").pair(','), Encoding::Base64)
        .timestamp(header("webhook-timestamp"), TimestampFormat::UnixSeconds)
        .signed(&[Part::Id, Part::Lit("."), Part::Timestamp, Part::Lit("."), Part::Body])
        .secret_text(SecretText::Base64 { prefix: "whsec_" })
        .id(Place::Header("webhook-id"))
        .event_type(Place::Json("/type"))
        .other_names(&[
            ("webhook-id", "svix-id"),
            ("webhook-signature", "svix-signature"),
            ("webhook-timestamp", "svix-timestamp"),
        ])
        .deadline(Duration::from_secs(15))
        .retries_for(days(4))
        .source("standard-webhooks specification and libraries, commit b2fa7b8", Confidence::Verified),
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
        .source("npm stripe 23.1.0; docs.stripe.com", Confidence::Verified),
);

/// Svix: [Standard Webhooks](STANDARD_WEBHOOKS) with headers named `svix-…`; those named `webhook-…` are
/// taken where `svix-…` are absent.
/// <https://docs.svix.com/receiving/verifying-payloads/how-manual>
pub const SVIX: Scheme = entry(
    Scheme::hmac_sha256("svix")
        .signature(item("svix-signature", ' ', "v1").pair(','), Encoding::Base64)
        .or_ed25519(item("svix-signature", ' ', "v1a").pair(','), Encoding::Base64)
        .timestamp(header("svix-timestamp"), TimestampFormat::UnixSeconds)
        .signed(&[Part::Id, Part::Lit("."), Part::Timestamp, Part::Lit("."), Part::Body])
        .secret_text(SecretText::Base64 { prefix: "whsec_" })
        .id(Place::Header("svix-id"))
        .event_type(Place::Json("/type"))
        .other_names(&[
            ("svix-id", "webhook-id"),
            ("svix-signature", "webhook-signature"),
            ("svix-timestamp", "webhook-timestamp"),
        ])
        .deadline(Duration::from_secs(15))
        .retries_for(days(2))
        .source("svix/svix-webhooks, commit 4fc0cfb; npm svix 1.99.1", Confidence::Verified),
);
