//! Senders that show user and password, a bearer token, or a token in the body, and sign nothing: whoever learns it can
//! send any body.

use super::{challenges, entry};
use crate::scheme::{Confidence, Place, Scheme, days, header, json};

/// Azure DevOps service hooks: `Authorization: Basic`, user and password; the secret is `user:password`; the body
/// is not covered.
pub const AZURE_DEVOPS: Scheme = entry(
    Scheme::basic("azure-devops")
        .event_type(Place::Json("/eventType"))
        .source("go-playground/webhooks git 02d182a azuredevops/azuredevops.go", Confidence::ThirdParty),
);

/// Brevo: `Authorization: Bearer` and the token itself; the body is not covered. It is sent only where it was
/// asked for.
pub const BREVO: Scheme = entry(Scheme::token("brevo", header("authorization").prefix("Bearer ")).source(
    "Yizack/nuxt-webhook-validators git b45ae63 src/runtime/server/lib/validators/brevo.ts",
    Confidence::ThirdParty,
));

/// Chargebee: `Authorization: Basic`, user and password; the secret is `user:password`; the body is not covered.
pub const CHARGEBEE: Scheme = entry(Scheme::basic("chargebee").event_type(Place::Json("/event_type")).source("npm chargebee 3.33.0 resources/webhook/auth.js; hookdeck/webhook-skills git f8a4801 skills/chargebee-webhooks/references/verification.md; webhooks.cc provider catalogue source", Confidence::Verified));

/// CloudEvents HTTP webhooks: `Authorization: Bearer` and the token itself; the body is not covered. In
/// structured mode id and type stand in the body and are not read. A token in the query (`access_token`) is refused, as URLs
/// end up in logs.
pub const CLOUDEVENTS_WEBHOOK: Scheme = entry(
    Scheme::token("cloudevents-webhook", header("authorization").prefix("Bearer "))
        .id(Place::Header("ce-id"))
        .event_type(Place::Header("ce-type"))
        .account("ce-source")
        .challenge(challenges::CLOUDEVENTS)
        .source("cloudevents/spec cloudevents/http-webhook.md", Confidence::Verified),
);

/// Cloudprinter CloudSignal: the token itself stands in the JSON body, at `/apikey`, which nothing else covers.
pub const CLOUDPRINTER: Scheme = entry(
    Scheme::token("cloudprinter", json("/apikey"))
        .retries_for(days(7))
        .source("hookdeck/webhook-skills providers.yaml", Confidence::Documented),
);

/// Datadog: `Authorization: Basic`, user and password; the secret is `user:password`; the body is not covered.
/// User and password are those in the URL that Datadog was given.
pub const DATADOG: Scheme =
    entry(Scheme::basic("datadog").source("webhooks.cc provider catalogue source", Confidence::Documented));

/// Figma: the token itself stands in the JSON body, at `/passcode`, which nothing else covers.
pub const FIGMA: Scheme = entry(
    Scheme::token("figma", json("/passcode"))
        .event_type(Place::Json("/event_type"))
        .source("developers.figma.com webhooks security page", Confidence::Verified),
);

/// Juspay: `Authorization: Basic`, user and password; the secret is `user:password`; the body is not covered.
pub const JUSPAY: Scheme =
    entry(Scheme::basic("juspay").source("webhooks.cc provider catalogue source", Confidence::Documented));

/// Cisco Meraki: the token itself stands in the JSON body, at `/sharedSecret`, which nothing else covers.
pub const MERAKI: Scheme = entry(
    Scheme::token("meraki", json("/sharedSecret"))
        .event_type(Place::Json("/alertTypeId"))
        .source("hookdeck/webhook-skills providers.yaml", Confidence::Documented),
);

/// Pipedrive: `Authorization: Basic`, user and password; the secret is `user:password`; the body is not covered.
pub const PIPEDRIVE: Scheme =
    entry(Scheme::basic("pipedrive").source("hookdeck/webhook-skills providers.yaml", Confidence::Documented));

/// Postmark: `Authorization: Basic`, user and password; the secret is `user:password`; the body is not covered.
/// User and password are those in the URL that Postmark was given.
pub const POSTMARK: Scheme = entry(Scheme::basic("postmark").event_type(Place::Json("/RecordType")).source("hookdeck/webhook-skills git f8a4801 skills/postmark-webhooks/references/verification.md; webhooks.cc provider catalogue source", Confidence::Documented));
