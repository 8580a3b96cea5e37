//! Senders that sign the URL they call.

use std::time::Duration;

use super::{challenges, url_entry};
use crate::scheme::{Confidence, Encoding, Part, Place, Scheme, TimestampFormat, UrlScheme, days, header};

/// Appwrite: `X-Appwrite-Webhook-Signature`, HMAC-SHA-1 over `<URL><body>`.
pub const APPWRITE: UrlScheme = url_entry(
    Scheme::hmac_sha1("appwrite")
        .signature(header("x-appwrite-webhook-signature"), Encoding::Base64)
        .signed(&[Part::Url, Part::Body])
        .event_type(Place::Header("x-appwrite-webhook-events"))
        .deadline(Duration::from_secs(15))
        .source("appwrite/appwrite src/Appwrite/Platform/Workers/Webhooks.php", Confidence::Verified),
);

/// HubSpot v3: `X-HubSpot-Signature-v3`, HMAC-SHA-256 over `<method><URL><body><timestamp>`. The URL is the one that you give:
/// where it has percent-encoded characters (`%3A`, `%2F`, `%40`, …), write them decoded, as HubSpot's documentation has them.
/// <https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/request-validation>
pub const HUBSPOT_V3: UrlScheme = url_entry(
    Scheme::hmac_sha256("hubspot-v3")
        .signature(header("x-hubspot-signature-v3"), Encoding::Base64)
        .timestamp(header("x-hubspot-request-timestamp"), TimestampFormat::UnixMillis)
        .signed(&[Part::Method, Part::Url, Part::Body, Part::Timestamp])
        .source(
            "npm @hubspot/api-client 13.5.0; SlopMaster2/webhook-verify src/providers/hubspot.rs",
            Confidence::Verified,
        ),
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
        .attempt("square-retry-number")
        .source("npm square 46.0.0; developer.squareup.com", Confidence::Verified),
);

/// Trello: `X-Trello-Webhook`, HMAC-SHA-1 over `<body><URL>`.
pub const TRELLO: UrlScheme = url_entry(
    Scheme::hmac_sha1("trello")
        .signature(header("x-trello-webhook"), Encoding::Base64)
        .signed(&[Part::Body, Part::Url])
        .id(Place::Json("/action/id"))
        .event_type(Place::Json("/action/type"))
        .challenge(challenges::ANY_HEAD)
        .source("aspnet/WebHooks git 9a2b0cb src/Microsoft.AspNetCore.WebHooks.Receivers.Trello/Filters/TrelloVerifySignatureFilter.cs; hookdeck/webhook-skills providers.yaml", Confidence::ThirdParty),
);
