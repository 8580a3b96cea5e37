//! Senders that sign the body alone and write a word before the signature, or a list of them.

use std::time::Duration;

use super::{challenges, entry};
use crate::scheme::{Confidence, Encoding, Place, Reaction, Scheme, SecretText, answered, days, header, item, values};

/// Airtable: `X-Airtable-Content-MAC`, HMAC-SHA-256 over the body.
pub const AIRTABLE: Scheme = entry(
    Scheme::hmac_sha256("airtable")
        .signature(header("x-airtable-content-mac").prefix("hmac-sha256="), Encoding::Hex)
        .secret_text(SecretText::Base64 { prefix: "" })
        .deadline(Duration::from_secs(25))
        .retries_for(days(1))
        .answer("")
        .source("hookdeck/webhook-skills providers.yaml; webhooks.cc provider catalogue source; public receiver code using x-airtable-content-mac (pyairtable)", Confidence::ThirdParty),
);

/// Ashby: `Ashby-Signature`, HMAC-SHA-256 over the body.
pub const ASHBY: Scheme = entry(
    Scheme::hmac_sha256("ashby")
        .signature(header("ashby-signature").prefix("sha256="), Encoding::Hex)
        .event_type(Place::Json("/action"))
        .source("hookdeck/webhook-skills providers.yaml", Confidence::Documented),
);

/// Authorize.Net: `X-ANET-Signature`, HMAC-SHA-512 over the body under the text of the signature key, which is hex and is not
/// decoded.
pub const AUTHORIZE_NET: Scheme = entry(
    Scheme::hmac_sha512("authorize-net")
        .signature(header("x-anet-signature").prefix("sha512="), Encoding::Hex)
        .source(
            "stymiee/authnetjson src/Authnetjson/AuthnetWebhook.php; community.developer.cybersource.com m-p/57201 (a real delivery)",
            Confidence::Verified,
        ),
);

/// Autotask PSA: `X-Hook-Signature`, HMAC-SHA-1 over the body.
pub const AUTOTASK: Scheme = entry(
    Scheme::hmac_sha1("autotask").signature(header("x-hook-signature").prefix("sha1="), Encoding::Base64).source(
        "NangoHQ/nango git 2f4c0af packages/server/lib/webhook/autotask-webhook-routing.ts",
        Confidence::ThirdParty,
    ),
);

/// Bitbucket Cloud: `X-Hub-Signature`, HMAC-SHA-256 over the body.
pub const BITBUCKET_CLOUD: Scheme = entry(
    Scheme::hmac_sha256("bitbucket-cloud")
        .signature(header("x-hub-signature").prefix("sha256="), Encoding::Hex)
        .id(Place::Header("x-request-uuid"))
        .event_type(Place::Header("x-event-key"))
        .attempt("x-attempt-number")
        .source("bitbucket.org blog, enhanced webhook security; Yizack/nuxt-webhook-validators git b45ae63 src/runtime/server/lib/validators/bitbucket.ts; hookdeck/webhook-skills providers.yaml", Confidence::ThirdParty),
);

/// Bitbucket Server / Data Center: `X-Hub-Signature`, HMAC-SHA-256 over the body.
pub const BITBUCKET_SERVER: Scheme = entry(
    Scheme::hmac_sha256("bitbucket-server")
        .signature(header("x-hub-signature").prefix("sha256="), Encoding::Hex)
        .id(Place::Header("x-request-id"))
        .event_type(Place::Header("x-event-key"))
        .source("go-playground/webhooks git 02d182a bitbucket-server/bitbucketserver.go; fluxcd/notification-controller internal/server/receiver_handlers.go", Confidence::ThirdParty),
);

/// Bridge API (bridgeapi.io): `BridgeApi-Signature`, HMAC-SHA-256 over the body.
pub const BRIDGE_API: Scheme = entry(
    Scheme::hmac_sha256("bridge-api")
        .signature(item("bridgeapi-signature", ',', "v1"), Encoding::Hex)
        .event_type(Place::Json("/type"))
        .source("hookdeck/webhook-skills providers.yaml", Confidence::Documented),
);

/// BTCPay Server: `BTCPay-Sig`, HMAC-SHA-256 over the body.
pub const BTCPAY: Scheme = entry(
    Scheme::hmac_sha256("btcpay")
        .signature(header("btcpay-sig").prefix("sha256="), Encoding::Hex)
        .id(Place::Json("/originalDeliveryId"))
        .event_type(Place::Json("/type"))
        .retries_for(Duration::from_secs(70 * 60))
        .source("btcpayserver/btcpayserver HostedServices/Webhooks/WebhookSender.cs", Confidence::Verified),
);

/// CircleCI: `circleci-signature`, HMAC-SHA-256 over the body.
pub const CIRCLECI: Scheme = entry(
    Scheme::hmac_sha256("circleci")
        .signature(item("circleci-signature", ',', "v1"), Encoding::Hex)
        .id(Place::Json("/id"))
        .event_type(Place::Header("circleci-event-type"))
        .deadline(Duration::from_secs(5))
        .source(
            "CircleCI docs, outbound webhooks page; SlopMaster2/webhook-verify src/providers/mod.rs",
            Confidence::Verified,
        ),
);

/// Clicksign: `Content-Hmac`, HMAC-SHA-256 over the body.
pub const CLICKSIGN: Scheme = entry(
    Scheme::hmac_sha256("clicksign")
        .signature(header("content-hmac").prefix("sha256="), Encoding::Hex)
        .source("webhooks.cc provider catalogue source", Confidence::Documented),
);

/// Cronofy: `Cronofy-HMAC-SHA256`, HMAC-SHA-256 over the body.
pub const CRONOFY: Scheme = entry(
    Scheme::hmac_sha256("cronofy")
        .signature(values("cronofy-hmac-sha256", ','), Encoding::Base64)
        .event_type(Place::Json("/notification/type"))
        .source("cronofy/cronofy-ruby lib/cronofy/client.rb and spec", Confidence::Verified),
);

/// Cursor cloud agents: `X-Webhook-Signature`, HMAC-SHA-256 over the body.
pub const CURSOR: Scheme = entry(
    Scheme::hmac_sha256("cursor").signature(header("x-webhook-signature").prefix("sha256="), Encoding::Hex).source(
        "hookdeck/webhook-skills git f8a4801 skills/cursor-webhooks/references/verification.md",
        Confidence::Documented,
    ),
);

/// Discourse: `X-Discourse-Event-Signature`, HMAC-SHA-256 over the body. Where it is set to try again, the id is a new one each
/// time; four times 404 or 410, and it sends no more.
pub const DISCOURSE: Scheme = entry(
    Scheme::hmac_sha256("discourse")
        .signature(header("x-discourse-event-signature").prefix("sha256="), Encoding::Hex)
        .id(Place::Header("x-discourse-event-id"))
        .event_type(Place::Header("x-discourse-event-type"))
        .account("x-discourse-instance")
        .answered(&[answered(404, 404, Reaction::GiveUp), answered(410, 410, Reaction::GiveUp)])
        .source("discourse/discourse app/jobs/regular/emit_web_hook_event.rb", Confidence::Verified),
);

/// EasyPost: `X-Hmac-Signature`, HMAC-SHA-256 over the body. Its libraries bring the secret into Unicode's form NFKD: give one
/// that is more than ASCII as that form.
pub const EASYPOST: Scheme = entry(
    Scheme::hmac_sha256("easypost")
        .signature(header("x-hmac-signature").prefix("hmac-sha256-hex="), Encoding::Hex)
        .id(Place::Json("/id"))
        .source("EasyPost/easypost-node src/utils/util.js", Confidence::Verified),
);

/// Enode: `x-enode-signature`, HMAC-SHA-1 over the body.
pub const ENODE: Scheme = entry(
    Scheme::hmac_sha1("enode")
        .signature(header("x-enode-signature").prefix("sha1="), Encoding::Hex)
        .id(Place::Header("x-enode-delivery"))
        .deadline(Duration::from_secs(5))
        .source("hookdeck/webhook-skills providers.yaml", Confidence::Documented),
);

/// Expo EAS: `expo-signature`, HMAC-SHA-1 over the body.
pub const EXPO: Scheme = entry(
    Scheme::hmac_sha1("expo")
        .signature(header("expo-signature").prefix("sha1="), Encoding::Hex)
        .source("SlopMaster2/webhook-verify src/providers/mod.rs", Confidence::Documented),
);

/// Fireflies v2: `X-Hub-Signature`, HMAC-SHA-256 over the body.
pub const FIREFLIES: Scheme = entry(
    Scheme::hmac_sha256("fireflies")
        .signature(header("x-hub-signature").prefix("sha256="), Encoding::Hex)
        .event_type(Place::Json("/event"))
        .deadline(Duration::from_secs(10))
        .source("hookdeck/webhook-skills providers.yaml", Confidence::Documented),
);

/// Flexport v2: `X-Hub-Signature-256`, HMAC-SHA-256 over the body.
pub const FLEXPORT: Scheme = entry(
    Scheme::hmac_sha256("flexport")
        .signature(header("x-hub-signature-256").prefix("sha256="), Encoding::Hex)
        .event_type(Place::Json("/type"))
        .source("hookdeck/webhook-skills providers.yaml", Confidence::Documented),
);

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
        .answered(&[answered(200, 299, Reaction::Success), answered(300, 599, Reaction::GiveUp)])
        .ip_list("https://api.github.com/meta")
        .source("npm @octokit/webhooks-methods 6.0.0; docs.github.com", Confidence::Verified),
);

/// Greenhouse: `Signature`, HMAC-SHA-256 over the body.
pub const GREENHOUSE: Scheme = entry(
    Scheme::hmac_sha256("greenhouse")
        .signature(header("signature").prefix("sha256 "), Encoding::Hex)
        .id(Place::Header("greenhouse-event-id"))
        .event_type(Place::Json("/action"))
        .source("public catalogue page on Greenhouse webhooks (automatelab.tech)", Confidence::Documented),
);

/// Hookdeck Outpost, which signs for others, as it is by default: `x-outpost-signature: v0=<hex>,<hex>`, HMAC-SHA-256 over
/// the body, with both secrets while one replaces the other. Who sends with it may have chosen another prefix for the
/// header ([`Scheme::signature`] names it), another content, or Standard Webhooks.
pub const HOOKDECK_OUTPOST: Scheme = entry(
    Scheme::hmac_sha256("hookdeck-outpost")
        .signature(values("x-outpost-signature", ',').opening("v0="), Encoding::Hex)
        .id(Place::Header("x-outpost-event-id"))
        .event_type(Place::Header("x-outpost-topic"))
        .source("hookdeck/outpost docs guides/verify-webhook-signatures", Confidence::Verified),
);

/// HCP Vault Radar: `X-HCP-Radar-Signature`, HMAC-SHA-512 over the body.
pub const HCP_VAULT_RADAR: Scheme = entry(
    Scheme::hmac_sha512("hcp-vault-radar")
        .signature(header("x-hcp-radar-signature").prefix("sha512="), Encoding::Hex)
        .id(Place::Header("x-hcp-radar-message-id"))
        .event_type(Place::Json("/event_type"))
        .source("developer.hashicorp.com vault-radar webhook payloads page", Confidence::Verified),
);

/// Intercom: `X-Hub-Signature`, HMAC-SHA-1 over the body.
pub const INTERCOM: Scheme = entry(
    Scheme::hmac_sha1("intercom")
        .signature(header("x-hub-signature").prefix("sha1="), Encoding::Hex)
        .id(Place::Json("/id"))
        .event_type(Place::Json("/topic"))
        .challenge(challenges::ANY_HEAD)
        .source("developers.intercom.com signed-notifications and setting-up-webhooks pages; hookdeck/webhook-skills providers.yaml; SlopMaster2/webhook-verify src/providers/mod.rs", Confidence::Verified),
);

/// Jira Cloud (with secret): `X-Hub-Signature`, HMAC-SHA-256 over the body.
pub const JIRA: Scheme = entry(
    Scheme::hmac_sha256("jira")
        .signature(header("x-hub-signature").prefix("sha256="), Encoding::Hex)
        .id(Place::Header("x-atlassian-webhook-identifier"))
        .event_type(Place::Json("/webhookEvent"))
        .attempt("x-atlassian-webhook-retry")
        .source("NangoHQ/nango git 2f4c0af packages/server/lib/webhook/jira-webhook-routing.ts; hookdeck/webhook-skills providers.yaml", Confidence::ThirdParty),
);

/// JobDiva: `X-Hub-Signature`, HMAC-SHA-1 over the body.
pub const JOBDIVA: Scheme =
    entry(Scheme::hmac_sha1("jobdiva").signature(header("x-hub-signature").prefix("sha1="), Encoding::Hex).source(
        "NangoHQ/nango git 2f4c0af packages/server/lib/webhook/jobdiva-webhook-routing.ts",
        Confidence::ThirdParty,
    ));

/// Mastodon: `X-Hub-Signature`, HMAC-SHA-256 over the body.
pub const MASTODON: Scheme = entry(
    Scheme::hmac_sha256("mastodon")
        .signature(header("x-hub-signature").prefix("sha256="), Encoding::Hex)
        .event_type(Place::Json("/event"))
        .source("mastodon/mastodon app/workers/webhooks/delivery_worker.rb", Confidence::Verified),
);

/// As WhatsApp's webhooks say: payloads of up to 3 MB.
const META_BODY: usize = 3 * 1024 * 1024;

/// Meta (Facebook, Instagram, Messenger, WhatsApp): `X-Hub-Signature-256: sha256=<hex>` over the body,
/// under the app secret. The endpoint is confirmed by a `GET` with `hub.challenge`.
/// <https://developers.facebook.com/docs/graph-api/webhooks/getting-started>
pub const META: Scheme = entry(
    Scheme::hmac_sha256("meta")
        .signature(header("x-hub-signature-256").prefix("sha256="), Encoding::Hex)
        .event_type(Place::Json("/object"))
        .retries_for(Duration::from_secs(36 * 60 * 60))
        .body_limit(META_BODY)
        .challenge(challenges::META)
        .source("developers.facebook.com, Graph API webhooks", Confidence::Documented),
);

/// Microsoft Teams outgoing webhook: `Authorization`, HMAC-SHA-256 over the body.
pub const MS_TEAMS_OUTGOING: Scheme = entry(
    Scheme::hmac_sha256("ms-teams-outgoing")
        .signature(header("authorization").prefix("HMAC "), Encoding::Base64)
        .secret_text(SecretText::Base64 { prefix: "" })
        .deadline(Duration::from_secs(5))
        .source("public receiver code", Confidence::ThirdParty),
);

/// Notion: `X-Notion-Signature`, HMAC-SHA-256 over the body.
pub const NOTION: Scheme = entry(
    Scheme::hmac_sha256("notion")
        .signature(header("x-notion-signature").prefix("sha256="), Encoding::Hex)
        .id(Place::Json("/id"))
        .event_type(Place::Json("/type"))
        .challenge(challenges::NOTION)
        .source("NangoHQ/nango git 2f4c0af packages/server/lib/webhook/notion-webhook-routing.ts; hookdeck/webhook-skills providers.yaml", Confidence::ThirdParty),
);

/// PagerDuty v3: `X-PagerDuty-Signature`, HMAC-SHA-256 over the body.
pub const PAGERDUTY: Scheme = entry(
    Scheme::hmac_sha256("pagerduty")
        .signature(item("x-pagerduty-signature", ',', "v1"), Encoding::Hex)
        .id(Place::Json("/event/id"))
        .event_type(Place::Json("/event/event_type"))
        .deadline(Duration::from_secs(5))
        .retries_for(days(2))
        .source("PagerDuty/go-pagerduty webhookv3/webhookv3.go; PagerDuty/developer-docs docs/webhooks 02-Behavior, 04-Signatures; NangoHQ/nango git 2f4c0af packages/server/lib/webhook/pagerduty-webhook-routing.ts; webhooks.cc provider catalogue source; SlopMaster2/webhook-verify src/providers/mod.rs", Confidence::Verified),
);

/// Snyk: `X-Hub-Signature`, HMAC-SHA-256 over the body.
pub const SNYK: Scheme = entry(
    Scheme::hmac_sha256("snyk")
        .signature(header("x-hub-signature").prefix("sha256="), Encoding::Hex)
        .id(Place::Header("x-snyk-transport-id"))
        .event_type(Place::Header("x-snyk-event"))
        .source("docs.snyk.io validation-and-versioning-of-payloads page", Confidence::Verified),
);

/// Typeform: `Typeform-Signature`, HMAC-SHA-256 over the body.
pub const TYPEFORM: Scheme = entry(
    Scheme::hmac_sha256("typeform")
        .signature(header("typeform-signature").prefix("sha256="), Encoding::Base64)
        .id(Place::Json("/event_id"))
        .event_type(Place::Json("/event_type"))
        .retries_for(Duration::from_secs(36000))
        .answered(&[
            answered(200, 299, Reaction::Success),
            answered(404, 404, Reaction::Disable),
            answered(410, 410, Reaction::Disable),
            answered(300, 599, Reaction::Retry),
        ])
        .source("typeform.com developers secure-your-webhooks page; hookdeck/webhook-skills providers.yaml; SlopMaster2/webhook-verify src/providers/mod.rs", Confidence::Verified),
);

/// Upollo: `Upollo-Signature`, HMAC-SHA-512 over the body.
pub const UPOLLO: Scheme = entry(
    Scheme::hmac_sha512("upollo")
        .signature(item("upollo-signature", ',', "s0").pair(':'), Encoding::Hex)
        .source("hookdeck/webhook-skills providers.yaml", Confidence::Documented),
);

/// WhatsApp Cloud API: `X-Hub-Signature-256`, HMAC-SHA-256 over the body.
pub const WHATSAPP: Scheme = entry(
    Scheme::hmac_sha256("whatsapp")
        .signature(header("x-hub-signature-256").prefix("sha256="), Encoding::Hex)
        .retries_for(days(7))
        .body_limit(META_BODY)
        .challenge(challenges::META)
        .source(
            "hookdeck/webhook-skills providers.yaml; developers.facebook.com WhatsApp webhooks overview",
            Confidence::Documented,
        ),
);

/// X (Twitter) webhooks: `x-twitter-webhooks-signature`, HMAC-SHA-256 over the body.
pub const X_TWITTER: Scheme = entry(
    Scheme::hmac_sha256("x-twitter")
        .signature(header("x-twitter-webhooks-signature").prefix("sha256="), Encoding::Base64)
        .deadline(Duration::from_secs(3))
        .challenge(challenges::X)
        .source("developer.x.com securing-webhooks page; docs.x.com webhooks quickstart page; twitterdev/account-activity-dashboard helpers/security.js; hookdeck/webhook-skills providers.yaml; SlopMaster2/webhook-verify src/providers/mod.rs", Confidence::Verified),
);

/// Yousign: `X-Yousign-Signature-256`, HMAC-SHA-256 over the body.
pub const YOUSIGN: Scheme = entry(
    Scheme::hmac_sha256("yousign")
        .signature(header("x-yousign-signature-256").prefix("sha256="), Encoding::Hex)
        .deadline(Duration::from_millis(500))
        .source("webhooks.cc provider catalogue source", Confidence::Documented),
);
