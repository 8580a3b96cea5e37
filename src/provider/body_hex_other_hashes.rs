//! Senders that sign the body alone with HMAC-SHA-1 or HMAC-SHA-512 and write the signature in hex.

use super::entry;
use crate::scheme::{Confidence, Encoding, Place, Scheme, header};

/// Sonatype Nexus: `X-Nexus-Webhook-Signature`, HMAC-SHA-1 over the body.
pub const NEXUS: Scheme = entry(
    Scheme::hmac_sha1("nexus")
        .signature(header("x-nexus-webhook-signature"), Encoding::Hex)
        .id(Place::Header("x-nexus-webhook-delivery"))
        .event_type(Place::Header("x-nexus-webhook-id"))
        .source("fluxcd/notification-controller internal/server/receiver_handlers.go", Confidence::ThirdParty),
);

/// Segment webhooks destination: `X-Signature`, HMAC-SHA-1 over the body. Set it to no batches: of a batch it signs the first
/// event alone, and a batch is refused.
pub const SEGMENT: Scheme = entry(Scheme::hmac_sha1("segment").signature(header("x-signature"), Encoding::Hex).source(
    "webhooks.cc provider catalogue source; segmentio/action-destinations webhook/index.ts; segmentio/segment-docs",
    Confidence::Verified,
));

/// Sinch Numbers API: `x-sinch-signature`, HMAC-SHA-1 over the body.
pub const SINCH_NUMBERS: Scheme = entry(
    Scheme::hmac_sha1("sinch-numbers")
        .signature(header("x-sinch-signature"), Encoding::Hex)
        .source("sinch/sinch-sdk-python sinch_events authentication_validation.py", Confidence::Verified),
);

/// Smile API: `Smile-Signature`, HMAC-SHA-512 over the body.
pub const SMILE_API: Scheme = entry(
    Scheme::hmac_sha512("smile-api")
        .signature(header("smile-signature"), Encoding::Hex)
        .id(Place::Json("/id"))
        .event_type(Place::Json("/type"))
        .source("hookdeck/webhook-skills providers.yaml", Confidence::Documented),
);

/// HCP Terraform notifications: `X-TFE-Notification-Signature`, HMAC-SHA-512 over the body.
pub const TERRAFORM_CLOUD: Scheme = entry(
    Scheme::hmac_sha512("terraform-cloud")
        .signature(header("x-tfe-notification-signature"), Encoding::Hex)
        .source("public receiver code using x-tfe-notification-signature", Confidence::ThirdParty),
);

/// Cisco Webex: `X-Spark-Signature`, HMAC-SHA-1 over the body.
pub const WEBEX: Scheme = entry(
    Scheme::hmac_sha1("webex")
        .signature(header("x-spark-signature"), Encoding::Hex)
        .event_type(Place::Json("/resource"))
        .source("public receiver code using x-spark-signature (n8n node, botkit)", Confidence::ThirdParty),
);
