//! The challenges of the catalogue's senders, in one place: before or after the signature, as each sender does it.

use crate::scheme::{Challenge, Chars, Encoding, Say, header, json, query};

/// `{"challenge":"<text>"}`.
const CHALLENGE: &[Say] = &[Say::Lit(r#"{"challenge":""#), Say::Text, Say::Lit(r#""}"#)];

/// An `X-Hook-Secret` on the first request, which is shown again. <https://developers.asana.com/docs/webhooks-guide>
pub(super) const HOOK_SECRET: &[Challenge] =
    &[Challenge::post(header("x-hook-secret")).secret(header("x-hook-secret"), Some("x-hook-secret"))];

/// Text of 20 to 32 hex digits. <https://developer.paypal.com/braintree/docs/guides/webhooks/create>
pub(super) const BRAINTREE: &[Challenge] = &[Challenge::get(query("bt_challenge")).plain(
    query("bt_challenge"),
    Chars::Hex,
    &[Say::KeyId, Say::Lit("|"), Say::Mac(Encoding::Hex)],
)];

/// <https://github.com/cloudevents/spec/blob/main/cloudevents/http-webhook.md>
pub(super) const CLOUDEVENTS: &[Challenge] =
    &[Challenge::options(header("webhook-request-origin")).allowed_origin(header("webhook-request-origin"))];

/// PING of interactions and PING of webhook events, whose events are of type 1.
/// <https://docs.discord.com/developers/interactions/overview> <https://docs.discord.com/developers/events/webhook-events>
pub(super) const DISCORD: &[Challenge] = &[
    Challenge::verified(json("/type")).is("1").without(json("/event/type")).fixed(200, r#"{"type":1}"#),
    Challenge::verified(json("/type")).is("0").fixed(204, ""),
];

/// <https://www.dropbox.com/developers/reference/webhooks>
pub(super) const DROPBOX: &[Challenge] = &[Challenge::get(query("challenge")).echo(query("challenge"), Chars::Base64)];

/// Without a 2xx no webhook is made. <https://github.com/picqer/exact-php-client/issues/438>
pub(super) const EXACT_ONLINE: &[Challenge] = &[Challenge::post_empty()];

/// Told by the body, which is signed, and not by a header, which is not.
/// <https://dev.frontapp.com/docs/application-webhooks>
pub(super) const FRONT: &[Challenge] =
    &[Challenge::verified(json("/type")).is("sync").json(header("x-front-challenge"), Chars::Base64, CHALLENGE)];

/// Only while there is no encrypt key: with one the challenge comes encrypted.
/// <https://open.feishu.cn/document/server-docs/event-subscription-guide/event-subscription-configure-/request-url-configuration-case>
pub(super) const LARK: &[Challenge] = &[Challenge::post(json("/type"))
    .is("url_verification")
    .verify_token(json("/token"))
    .json(json("/challenge"), Chars::Token, CHALLENGE)];

/// A version 4 UUID. <https://learn.microsoft.com/en-us/linkedin/shared/api-guide/webhook-validation>
pub(super) const LINKEDIN: &[Challenge] = &[Challenge::get(query("challengeCode")).json(
    query("challengeCode"),
    Chars::Uuid,
    &[
        Say::Lit(r#"{"challengeCode":""#),
        Say::Text,
        Say::Lit(r#"","challengeResponse":""#),
        Say::Mac(Encoding::Hex),
        Say::Lit(r#""}"#),
    ],
)];

/// <https://mailchimp.com/developer/marketing/guides/sync-audience-data-webhooks/>
pub(super) const ANY_GET: &[Challenge] = &[Challenge::any_get()];

/// <https://developers.facebook.com/docs/graph-api/webhooks/getting-started#verification-requests>
pub(super) const META: &[Challenge] = &[Challenge::get(query("hub.mode"))
    .is("subscribe")
    .verify_token(query("hub.verify_token"))
    .echo(query("hub.challenge"), Chars::Token)];

/// <https://developer.monday.com/api-reference/docs/webhooks#url-verification>
pub(super) const MONDAY: &[Challenge] = &[
    Challenge::verified(json("/challenge")).json(json("/challenge"), Chars::Token, CHALLENGE),
    Challenge::post(json("/challenge")).json(json("/challenge"), Chars::Token, CHALLENGE),
];

/// The token is typed into Notion's settings, and is the key from then on.
/// <https://developers.notion.com/reference/webhooks>
pub(super) const NOTION: &[Challenge] =
    &[Challenge::post(json("/verification_token")).secret(json("/verification_token"), None)];

/// <https://developer.nylas.com/docs/v3/notifications/>
pub(super) const NYLAS: &[Challenge] = &[Challenge::get(query("challenge")).echo(query("challenge"), Chars::Token)];

/// <https://developer.okta.com/docs/concepts/event-hooks/#one-time-verification-request>
pub(super) const OKTA: &[Challenge] = &[Challenge::get(header("x-okta-verification-challenge")).json(
    header("x-okta-verification-challenge"),
    Chars::Base64,
    &[Say::Lit(r#"{"verification":""#), Say::Text, Say::Lit(r#""}"#)],
)];

/// <https://cloud.ouraring.com/v2/docs#tag/Webhook-Subscription-Routes>
pub(super) const OURA: &[Challenge] = &[Challenge::get(query("challenge"))
    .verify_token(query("verification_token"))
    .json(query("challenge"), Chars::Token, CHALLENGE)];

/// The question may have the verification token, as deliveries do.
/// <https://developers.ringcentral.com/guide/notifications/webhooks/creating-webhooks>
/// <https://developers.ringcentral.com/guide/team-messaging/events/outgoing-webhooks>
pub(super) const RINGCENTRAL: &[Challenge] = &[
    Challenge::post(header("validation-token")).header(header("validation-token"), Chars::Base64, "validation-token"),
    Challenge::verified(header("validation-token")).header(
        header("validation-token"),
        Chars::Base64,
        "validation-token",
    ),
];

/// <https://docs.slack.dev/reference/events/url_verification>
pub(super) const SLACK: &[Challenge] =
    &[Challenge::verified(json("/type")).is("url_verification").json(json("/challenge"), Chars::Token, CHALLENGE)];

/// Smartcar's documentation speaks of signatures on what comes from vehicles alone, so it is answered with and without
/// one; what proves something here is the answer.
/// <https://smartcar.com/docs/integrations/webhooks/callback-verification>
pub(super) const SMARTCAR: &[Challenge] = &[
    Challenge::verified(json("/eventType")).is("VERIFY").json(json("/data/challenge"), Chars::Token, SMARTCAR_ANSWER),
    Challenge::post(json("/eventType")).is("VERIFY").json(json("/data/challenge"), Chars::Token, SMARTCAR_ANSWER),
];

const SMARTCAR_ANSWER: &[Say] = &[Say::Lit(r#"{"challenge":""#), Say::Mac(Encoding::Hex), Say::Lit(r#""}"#)];

/// At the beginning and after every 100 callbacks.
/// <https://developers.smartsheet.com/api/smartsheet/guides/webhooks/webhook-verification>
pub(super) const SMARTSHEET: &[Challenge] = &[Challenge::post(header("smartsheet-hook-challenge")).header(
    header("smartsheet-hook-challenge"),
    Chars::Base64,
    "smartsheet-hook-response",
)];

/// The URL confirms the subscription; who calls it is up to you.
/// <https://docs.aws.amazon.com/sns/latest/dg/http-subscription-confirmation-json.html>
pub(super) const SNS: &[Challenge] = &[Challenge::verified(json("/Type")).is("SubscriptionConfirmation").confirm(
    json("/SubscribeURL"),
    "sns.",
    &[".amazonaws.com", ".amazonaws.com.cn"],
)];

/// <https://docs.tebex.io/developers/webhooks/overview>
pub(super) const TEBEX: &[Challenge] = &[Challenge::verified(json("/type")).is("validation.webhook").json(
    json("/id"),
    Chars::Token,
    &[Say::Lit(r#"{"id":""#), Say::Text, Say::Lit(r#""}"#)],
)];

/// <https://developer.atlassian.com/cloud/trello/guides/rest-api/webhooks/>
pub(super) const ANY_HEAD: &[Challenge] = &[Challenge::any_head()];

/// Told by the body, which is signed, and not by a header, which is not.
/// <https://dev.twitch.tv/docs/eventsub/handling-webhook-events/#responding-to-a-challenge-request>
pub(super) const TWITCH: &[Challenge] = &[Challenge::verified(json("/subscription/status"))
    .is("webhook_callback_verification_pending")
    .echo(json("/challenge"), Chars::Token)];

/// <https://learn.microsoft.com/en-us/graph/change-notifications-delivery-webhooks#notificationurl-validation>
pub(super) const VALIDATION_TOKEN: &[Challenge] =
    &[Challenge::post(query("validationToken")).echo(query("validationToken"), Chars::Sentence)];

/// <https://learn.microsoft.com/en-us/sharepoint/dev/apis/webhooks/overview-sharepoint-webhooks>
pub(super) const VALIDATION_TOKEN_IN_LOWER_CASE: &[Challenge] =
    &[Challenge::post(query("validationtoken")).echo(query("validationtoken"), Chars::Sentence)];

/// <https://developers.viber.com/docs/api/rest-bot-api/#webhooks>
pub(super) const VIBER: &[Challenge] = &[Challenge::verified(json("/event")).is("webhook")];

/// The ping when a hook is made; nothing is done with its number.
/// <https://github.com/woocommerce/woocommerce/blob/trunk/plugins/woocommerce/includes/class-wc-webhook.php>
pub(super) const WOOCOMMERCE: &[Challenge] = &[Challenge::post_form("webhook_id")];

/// <https://docs.x.com/x-api/webhooks/quickstart>
pub(super) const X: &[Challenge] = &[Challenge::get(query("crc_token")).json(
    query("crc_token"),
    Chars::Token,
    &[Say::Lit(r#"{"response_token":"sha256="#), Say::Mac(Encoding::Base64), Say::Lit(r#""}"#)],
)];

/// <https://developers.zoom.us/docs/api/webhooks/#validate-your-webhook-endpoint>
pub(super) const ZOOM: &[Challenge] = &[Challenge::verified(json("/event")).is("endpoint.url_validation").json(
    json("/payload/plainToken"),
    Chars::Token,
    &[
        Say::Lit(r#"{"plainToken":""#),
        Say::Text,
        Say::Lit(r#"","encryptedToken":""#),
        Say::Mac(Encoding::Hex),
        Say::Lit(r#""}"#),
    ],
)];
