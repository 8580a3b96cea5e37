//! Senders that sign as [Standard Webhooks](STANDARD_WEBHOOKS) describes.

use std::time::Duration;

use super::entry;
use crate::scheme::{
    Confidence, Encoding, Part, Place, Reaction, Scheme, SecretText, TimestampFormat, answered, days, header, item,
    values,
};

/// Anthropic (Managed Agents webhooks): `webhook-signature`, HMAC-SHA-256 over `<id>.<timestamp>.<body>`.
pub const ANTHROPIC: Scheme = entry(
    STANDARD_WEBHOOKS
        .named("anthropic")
        .event_type(Place::Json("/data/type"))
        .answered(&[answered(200, 299, Reaction::Success), answered(300, 599, Reaction::Retry)])
        .source("npm @anthropic-ai/sdk 1.12.0 resources/beta/webhooks.js", Confidence::Verified),
);

/// `BigCommerce`: `webhook-signature`, HMAC-SHA-256 over `<id>.<timestamp>.<body>` under the client secret of the app that
/// made the hook, as it is written.
pub const BIGCOMMERCE: Scheme = entry(
    STANDARD_WEBHOOKS.named("bigcommerce").secret_text(SecretText::Whole).event_type(Place::Json("/scope")).source(
        "hookdeck/webhook-skills bigcommerce-webhooks; webhooks.cc provider catalogue source",
        Confidence::Documented,
    ),
);

/// Clerk: `svix-signature`, HMAC-SHA-256 over `<id>.<timestamp>.<body>`.
pub const CLERK: Scheme = entry(
    SVIX.named("clerk")
        .source("npm @clerk/backend 3.25.0 dist/webhooks.js; hookdeck/webhook-skills git f8a4801 skills/clerk-webhooks/references/verification.md", Confidence::Verified),
);

/// Fathom: `webhook-signature`, HMAC-SHA-256 over `<id>.<timestamp>.<body>`.
pub const FATHOM: Scheme =
    entry(STANDARD_WEBHOOKS.named("fathom").source(
        "NangoHQ/nango git 2f4c0af packages/server/lib/webhook/fathom-webhook-routing.ts",
        Confidence::ThirdParty,
    ));

/// Folk: `webhook-signature`, HMAC-SHA-256 over `<id>.<timestamp>.<body>`.
pub const FOLK: Scheme =
    entry(STANDARD_WEBHOOKS.named("folk").source(
        "NangoHQ/nango git 2f4c0af packages/server/lib/webhook/folk-webhook-routing.ts",
        Confidence::ThirdParty,
    ));

/// Google Gemini static webhooks: `webhook-signature`, HMAC-SHA-256 over `<id>.<timestamp>.<body>`.
pub const GEMINI: Scheme =
    entry(STANDARD_WEBHOOKS.named("gemini").source("hookdeck/webhook-skills providers.yaml", Confidence::Documented));

/// GitLab signing token (19.0+): `webhook-signature`, HMAC-SHA-256 over `<id>.<timestamp>.<body>`.
pub const GITLAB_SIGNING_TOKEN: Scheme = entry(
    STANDARD_WEBHOOKS.named("gitlab-signing-token")
        .event_type(Place::Header("x-gitlab-event"))
        .body_limit(super::token::GITLAB_BODY)
        .deadline(Duration::from_secs(10))
        .source("gitlab.com gitlab-org/gitlab merge requests 230944 and 231325; NangoHQ/nango git 2f4c0af packages/server/lib/webhook/gitlab-webhook-routing.ts; SlopMaster2/webhook-verify src/providers/mod.rs", Confidence::Verified),
);

/// ImageKit: `webhook-signature`, HMAC-SHA-256 over `<id>.<timestamp>.<body>`.
pub const IMAGEKIT: Scheme = entry(
    STANDARD_WEBHOOKS
        .named("imagekit")
        .secret_text(SecretText::Whole)
        .source("imagekit-developer/imagekit-nodejs src/resources/webhooks.ts (v7)", Confidence::Verified),
);

/// Lithic: `webhook-signature`, HMAC-SHA-256 over `<id>.<timestamp>.<body>`.
pub const LITHIC: Scheme =
    entry(STANDARD_WEBHOOKS.named("lithic").event_type(Place::Json("/event_type")).source(
        "npm lithic 0.145.0 resources/webhooks.js; hookdeck/webhook-skills providers.yaml",
        Confidence::Verified,
    ));

/// Loops: `webhook-signature`, HMAC-SHA-256 over `<id>.<timestamp>.<body>`.
pub const LOOPS: Scheme = entry(
    STANDARD_WEBHOOKS
        .named("loops")
        .event_type(Place::Json("/eventName"))
        .source("webhooks.cc provider catalogue source", Confidence::Documented),
);

/// OpenAI: `webhook-signature`, HMAC-SHA-256 over `<id>.<timestamp>.<body>`.
pub const OPENAI: Scheme =
    entry(STANDARD_WEBHOOKS.named("openai").secret_text(SecretText::Base64IfPrefixed { prefix: "whsec_" }).source(
        "npm openai 6.49.0; openai/openai-node tests/api-resources/webhooks.test.ts (data from a real delivery)",
        Confidence::Verified,
    ));

/// Polar: `webhook-signature`, HMAC-SHA-256 over `<id>.<timestamp>.<body>`: under a secret made before 8 September 2026 as it is
/// written, under a newer one (`whsec_…`) decoded from base64. Either is taken.
pub const POLAR: Scheme =
    entry(STANDARD_WEBHOOKS.named("polar").secret_text(SecretText::WholeOrBase64 { prefix: "whsec_" }).deadline(Duration::from_secs(10)).source(
        "npm @polar-sh/sdk 0.49.0 dist/commonjs/webhooks.js; polarsource/polar server/polar/webhook/tasks.py, constants.py",
        Confidence::Verified,
    ));

/// PortOne (Korea): `webhook-signature`, HMAC-SHA-256 over `<id>.<timestamp>.<body>`.
pub const PORTONE: Scheme = entry(
    STANDARD_WEBHOOKS.named("portone").source("npm @portone/server-sdk 0.19.0 dist/webhook.cjs", Confidence::Verified),
);

/// Replicate: `webhook-signature`, HMAC-SHA-256 over `<id>.<timestamp>.<body>`.
pub const REPLICATE: Scheme = entry(STANDARD_WEBHOOKS.named("replicate").source(
    "hookdeck/webhook-skills git f8a4801 skills/replicate-webhooks/references/verification.md",
    Confidence::Verified,
));

/// Resend: `svix-signature`, HMAC-SHA-256 over `<id>.<timestamp>.<body>`.
pub const RESEND: Scheme =
    entry(SVIX.named("resend").source("npm resend 6.38.0 (maps to standardwebhooks)", Confidence::Verified));

/// ShipBob: `webhook-signature`, HMAC-SHA-256 over `<id>.<timestamp>.<body>`.
pub const SHIPBOB: Scheme = entry(
    STANDARD_WEBHOOKS
        .named("shipbob")
        .event_type(Place::Header("x-webhook-topic"))
        .source("hookdeck/webhook-skills providers.yaml", Confidence::Documented),
);

/// [Standard Webhooks](https://github.com/standard-webhooks/standard-webhooks): `webhook-signature` is a
/// list of `v1,<base64>` (HMAC, a secret behind `whsec_`) and `v1a,<base64>` (Ed25519, a public key behind
/// `whpk_`) over `<id>.<timestamp>.<body>`. Headers named `svix-…` are taken where `webhook-…` are absent.
///
/// Also of 360Learning, COSS, `HireHive`, Kong, `SignatureAPI` and `TaskRabbit`, which have no entry of their own.
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
        .answered(&[
            answered(200, 299, Reaction::Success),
            answered(410, 410, Reaction::Disable),
            answered(300, 599, Reaction::Retry),
        ])
        .source("standard-webhooks specification and libraries, commit b2fa7b8", Confidence::Verified),
);

/// Svix: [Standard Webhooks](STANDARD_WEBHOOKS) with headers named `svix-…`; those named `webhook-…` are
/// taken where `svix-…` are absent. Also of Chatbrick and Goody, which have no entry of their own.
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

/// Brex: `webhook-signature`, HMAC-SHA-256 over `<id>.<timestamp>.<body>`.
pub const SW_BREX: Scheme = entry(
    STANDARD_WEBHOOKS
        .named("sw-brex")
        .event_type(Place::Json("/event_type"))
        .source("SlopMaster2/webhook-verify src/providers/mod.rs", Confidence::Documented),
);

/// Crossmint: `webhook-signature`, HMAC-SHA-256 over `<id>.<timestamp>.<body>`.
pub const SW_CROSSMINT: Scheme = entry(
    STANDARD_WEBHOOKS
        .named("sw-crossmint")
        .source("SlopMaster2/webhook-verify src/providers/mod.rs", Confidence::Documented),
);

/// Daytona: `webhook-signature`, HMAC-SHA-256 over `<id>.<timestamp>.<body>`.
pub const SW_DAYTONA: Scheme = entry(
    STANDARD_WEBHOOKS
        .named("sw-daytona")
        .event_type(Place::Json("/event"))
        .source("SlopMaster2/webhook-verify src/providers/mod.rs", Confidence::Documented),
);

/// Dodo Payments: `webhook-signature`, HMAC-SHA-256 over `<id>.<timestamp>.<body>`.
pub const SW_DODO: Scheme = entry(STANDARD_WEBHOOKS.named("sw-dodo").source(
    "npm dodopayments 2.52.0 resources/webhooks/webhooks.js; SlopMaster2/webhook-verify src/providers/mod.rs",
    Confidence::Verified,
));

/// Drata: `webhook-signature`, HMAC-SHA-256 over `<id>.<timestamp>.<body>`.
pub const SW_DRATA: Scheme = entry(
    STANDARD_WEBHOOKS
        .named("sw-drata")
        .source("SlopMaster2/webhook-verify src/providers/mod.rs", Confidence::Documented),
);

/// Etsy: `webhook-signature`, HMAC-SHA-256 over `<id>.<timestamp>.<body>`.
pub const SW_ETSY: Scheme = entry(
    STANDARD_WEBHOOKS
        .named("sw-etsy")
        .event_type(Place::Json("/event_type"))
        .source("SlopMaster2/webhook-verify src/providers/mod.rs", Confidence::Documented),
);

/// Helcim: `webhook-signature`, HMAC-SHA-256 over `<id>.<timestamp>.<body>`.
pub const SW_HELCIM: Scheme = entry(
    STANDARD_WEBHOOKS
        .named("sw-helcim")
        .source("SlopMaster2/webhook-verify src/providers/mod.rs", Confidence::Documented),
);

/// Incident.Io: `webhook-signature`, HMAC-SHA-256 over `<id>.<timestamp>.<body>`.
pub const SW_INCIDENT_IO: Scheme = entry(
    STANDARD_WEBHOOKS
        .named("sw-incident-io")
        .event_type(Place::Json("/event_type"))
        .source("SlopMaster2/webhook-verify src/providers/mod.rs", Confidence::Documented),
);

/// Liveblocks: `webhook-signature`, HMAC-SHA-256 over `<id>.<timestamp>.<body>`.
pub const SW_LIVEBLOCKS: Scheme = entry(STANDARD_WEBHOOKS.named("sw-liveblocks").source(
    "npm @liveblocks/node 3.24.2 WebhookHandler; SlopMaster2/webhook-verify src/providers/mod.rs",
    Confidence::Verified,
));

/// Nash: `webhook-signature`, HMAC-SHA-256 over `<id>.<timestamp>.<body>`.
pub const SW_NASH: Scheme = entry(
    STANDARD_WEBHOOKS
        .named("sw-nash")
        .source("SlopMaster2/webhook-verify src/providers/mod.rs", Confidence::Documented),
);

/// Novu: `webhook-signature`, HMAC-SHA-256 over `<id>.<timestamp>.<body>`.
pub const SW_NOVU: Scheme = entry(
    STANDARD_WEBHOOKS
        .named("sw-novu")
        .source("SlopMaster2/webhook-verify src/providers/mod.rs", Confidence::Documented),
);

/// Render: `webhook-signature`, HMAC-SHA-256 over `<id>.<timestamp>.<body>`.
pub const SW_RENDER: Scheme = entry(
    STANDARD_WEBHOOKS
        .named("sw-render")
        .source("SlopMaster2/webhook-verify src/providers/mod.rs", Confidence::Documented),
);

/// Sardine: `webhook-signature`, HMAC-SHA-256 over `<id>.<timestamp>.<body>`.
pub const SW_SARDINE: Scheme = entry(
    STANDARD_WEBHOOKS
        .named("sw-sardine")
        .source("SlopMaster2/webhook-verify src/providers/mod.rs", Confidence::Documented),
);

/// Supabase Auth Hooks: `webhook-signature: v1,<base64>`, HMAC-SHA-256 over `<id>.<timestamp>.<body>`, for several secrets
/// `v1,<base64>, v1,<base64>`. A secret may be given as Supabase shows it, `v1,whsec_…`. The id is a new one in each attempt. It
/// wants a 200 or 202 to be `application/json`, and asks three times within 5 seconds.
pub const SW_SUPABASE: Scheme = entry(
    STANDARD_WEBHOOKS
        .named("sw-supabase")
        .signature(values("webhook-signature", ',').opening("v1,").spaced(), Encoding::Base64)
        .deadline(Duration::from_secs(5))
        .retries_for(Duration::from_secs(5))
        .source(
            "supabase/auth bc32168 internal/hooks/hookshttp/hookshttp.go, internal/conf/configuration.go",
            Confidence::Verified,
        ),
);

/// Vanta: `webhook-signature`, HMAC-SHA-256 over `<id>.<timestamp>.<body>`.
pub const SW_VANTA: Scheme = entry(
    STANDARD_WEBHOOKS
        .named("sw-vanta")
        .source("SlopMaster2/webhook-verify src/providers/mod.rs", Confidence::Documented),
);

/// Warp: `webhook-signature`, HMAC-SHA-256 over `<id>.<timestamp>.<body>`.
pub const SW_WARP: Scheme = entry(
    STANDARD_WEBHOOKS
        .named("sw-warp")
        .event_type(Place::Json("/event_type"))
        .source("SlopMaster2/webhook-verify src/providers/mod.rs", Confidence::Documented),
);

/// Yoco: `webhook-signature`, HMAC-SHA-256 over `<id>.<timestamp>.<body>`.
pub const SW_YOCO: Scheme = entry(
    STANDARD_WEBHOOKS
        .named("sw-yoco")
        .source("SlopMaster2/webhook-verify src/providers/mod.rs", Confidence::Documented),
);

/// Zapier Connection Webhooks: `webhook-signature`, HMAC-SHA-256 over `<id>.<timestamp>.<body>`.
pub const SW_ZAPIER: Scheme = entry(
    STANDARD_WEBHOOKS
        .named("sw-zapier")
        .source("SlopMaster2/webhook-verify src/providers/mod.rs", Confidence::Documented),
);

/// Whop: `webhook-signature`, HMAC-SHA-256 over `<id>.<timestamp>.<body>` under the dashboard's secret as it is (`ws_…`), which
/// its SDK wants in base64.
pub const WHOP: Scheme = entry(
    STANDARD_WEBHOOKS.named("whop").secret_text(SecretText::Base64IfPrefixed { prefix: "whsec_" }).source(
        "npm @whop/sdk 0.0.42 resources/webhooks.js; docs.whop.com webhooks guide; whopio/whop-nextjs-app-template lib/whop-sdk.ts",
        Confidence::Verified,
    ),
);
