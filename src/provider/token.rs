//! Senders that show a shared token and sign nothing: whoever learns the token can send any body.

use std::time::Duration;

use super::{challenges, entry};
use crate::scheme::{Confidence, Place, Reaction, Scheme, answered, header, json};

/// Auth0 log streams: `Authorization` holds the token itself; the body is not covered.
pub const AUTH0: Scheme =
    entry(Scheme::token("auth0", header("authorization")).source(
        "hookdeck/webhook-skills providers.yaml; webhooks.cc provider catalogue source",
        Confidence::Documented,
    ));

/// Deepgram's callbacks: `dg-token` holds the id of the API key that asked, and no more: it is known to whoever knows the
/// key's id, and the body is not covered. Give the callback a user and a password in its URL and use a
/// [`basic`](Scheme::basic) scheme instead.
pub const DEEPGRAM: Scheme =
    entry(Scheme::token("deepgram", header("dg-token")).id(Place::Json("/metadata/request_id")).source(
        "hookdeck/webhook-skills git f8a4801 skills/deepgram-webhooks/references/verification.md",
        Confidence::Documented,
    ));

/// Flutterwave v3: `verif-hash` holds the token itself; the body is not covered.
pub const FLUTTERWAVE: Scheme = entry(
    Scheme::token("flutterwave", header("verif-hash"))
        .event_type(Place::Json("/event"))
        .source("webhooks.cc provider catalogue source", Confidence::Documented),
);

/// As its `WebHookService` says.
pub(super) const GITLAB_BODY: usize = 25 * 1024 * 1024;

/// GitLab: the secret token itself stands in `X-Gitlab-Token`. The body is not covered.
/// <https://docs.gitlab.com/user/project/integrations/webhooks/>
pub const GITLAB: Scheme = entry(
    Scheme::token("gitlab", header("x-gitlab-token"))
        .id(Place::Header("idempotency-key"))
        .event_type(Place::Header("x-gitlab-event"))
        .account("x-gitlab-instance")
        .body_limit(GITLAB_BODY)
        .deadline(Duration::from_secs(10))
        .source("docs.gitlab.com, webhooks; go-playground/webhooks, commit 02d182a", Confidence::Documented),
);

/// Google Drive / Calendar push channels: `X-Goog-Channel-Token` holds the token itself; the body is not covered. Messages
/// are numbered within their channel.
pub const GOOGLE_PUSH_CHANNEL: Scheme = entry(
    Scheme::token("google-push-channel", header("x-goog-channel-token"))
        .id(Place::Header("x-goog-message-number"))
        .account("x-goog-channel-id")
        .event_type(Place::Header("x-goog-resource-state"))
        .source(
            "NangoHQ/nango git 2f4c0af packages/server/lib/webhook/google-drive-webhook-routing.ts",
            Confidence::ThirdParty,
        ),
);

/// Harbor: `Authorization` holds the token itself; the body is not covered.
pub const HARBOR: Scheme = entry(
    Scheme::token("harbor", header("authorization"))
        .source("fluxcd/notification-controller internal/server/receiver_handlers.go", Confidence::ThirdParty),
);

/// Hugging Face: `X-Webhook-Secret` holds the token itself; the body is not covered.
pub const HUGGINGFACE: Scheme = entry(
    Scheme::token("huggingface", header("x-webhook-secret"))
        .event_type(Place::Json("/event/scope"))
        .source("hookdeck/webhook-skills providers.yaml", Confidence::Documented),
);

/// Microsoft Graph's change notifications: each item repeats the `clientState` of its subscription; that of the first one
/// is checked, and the body is not covered, so fetch the resource back. Where subscriptions with other states share one URL,
/// check the other items yourself. Resource data in items is encrypted; its `validationTokens` are yours to check, too.
/// <https://learn.microsoft.com/en-us/graph/change-notifications-delivery-webhooks>
pub const MS_GRAPH: Scheme = entry(
    Scheme::token("ms-graph", json("/value/0/clientState"))
        .event_type(Place::Json("/value/0/changeType"))
        .deadline(Duration::from_secs(10))
        .retries_for(Duration::from_secs(4 * 60 * 60))
        .challenge(challenges::VALIDATION_TOKEN)
        .source("learn.microsoft.com/en-us/graph/change-notifications-delivery-webhooks", Confidence::Documented),
);

/// Okta event hooks: `Authorization` holds the token itself; the body is not covered.
pub const OKTA: Scheme = entry(
    Scheme::token("okta", header("authorization"))
        .id(Place::Json("/eventId"))
        .deadline(Duration::from_secs(3))
        .answered(&[
            answered(200, 299, Reaction::Success),
            answered(400, 499, Reaction::GiveUp),
            answered(500, 599, Reaction::Retry),
        ])
        .challenge(challenges::OKTA)
        .source("okta/okta-developer-docs concepts/event-hooks (2026-08); hookdeck/webhook-skills providers.yaml; public receiver code using x-okta-verification-challenge", Confidence::Verified),
);

/// RingCentral: `Verification-Token` holds the token itself; the body is not covered.
pub const RINGCENTRAL: Scheme = entry(
    Scheme::token("ringcentral", header("verification-token"))
        .challenge(challenges::RINGCENTRAL)
        .source("hookdeck/webhook-skills providers.yaml", Confidence::Documented),
);

/// SharePoint's list webhooks: as [`MS_GRAPH`]. <https://learn.microsoft.com/en-us/sharepoint/dev/apis/webhooks/overview-sharepoint-webhooks>
pub const SHAREPOINT: Scheme = entry(
    Scheme::token("sharepoint", json("/value/0/clientState"))
        .deadline(Duration::from_secs(5))
        .challenge(challenges::VALIDATION_TOKEN_IN_LOWER_CASE)
        .source(
            "learn.microsoft.com/en-us/sharepoint/dev/apis/webhooks/overview-sharepoint-webhooks",
            Confidence::Documented,
        ),
);

/// Streak: `X-Streak-Webhook-Token` holds the token itself; the body is not covered.
pub const STREAK: Scheme =
    entry(Scheme::token("streak", header("x-streak-webhook-token")).source(
        "NangoHQ/nango git 2f4c0af packages/server/lib/webhook/streak-webhook-routing.ts",
        Confidence::ThirdParty,
    ));

/// Telegram Bot API: `X-Telegram-Bot-Api-Secret-Token` holds the token itself; the body is not covered.
pub const TELEGRAM: Scheme = entry(
    Scheme::token("telegram", header("x-telegram-bot-api-secret-token"))
        .id(Place::Json("/update_id"))
        .source("public receiver code using x-telegram-bot-api-secret-token", Confidence::ThirdParty),
);
