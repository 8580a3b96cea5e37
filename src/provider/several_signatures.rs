//! Senders that send several signatures, each in a header or on a line of its own: any of them may match.

use std::time::Duration;

use super::entry;
use crate::scheme::{Confidence, Encoding, Part, Place, Reaction, Scheme, TimestampFormat, answered, days, header};

/// Box: `BOX-SIGNATURE-PRIMARY` and `BOX-SIGNATURE-SECONDARY`, HMAC-SHA-256 over `<body><timestamp>`, one under each of
/// the two keys that an app has. Which hash it is is not read from the request.
pub const BOX: Scheme = entry(
    Scheme::hmac_sha256("box")
        .signature(header("box-signature-primary").or_headers(&["box-signature-secondary"]), Encoding::Base64)
        .timestamp(header("box-delivery-timestamp"), TimestampFormat::Rfc3339)
        .tolerance(Duration::from_secs(600))
        .signed(&[Part::Body, Part::Timestamp])
        .id(Place::Json("/id"))
        .event_type(Place::Json("/trigger"))
        .source("box/box-node-sdk src/managers/webhooks.ts, tests/lib/managers/webhooks-test.js", Confidence::Verified),
);

/// DocuSign Connect: `X-DocuSign-Signature-1`, `-2` and so on, HMAC-SHA-256 over the body, one for each key of the
/// account. The first 16 are looked at.
pub const DOCUSIGN: Scheme = entry(
    Scheme::hmac_sha256("docusign")
        .signature(header("x-docusign-signature-1").or_headers(DOCUSIGN_HEADERS), Encoding::Base64)
        .event_type(Place::Json("/event"))
        .retries_for(days(15))
        .answered(&[answered(200, 299, Reaction::Success), answered(400, 599, Reaction::Retry)])
        .source(
            "developers.docusign.com Connect validate page; hookdeck/webhook-skills providers.yaml; SlopMaster2/webhook-verify src/providers/mod.rs",
            Confidence::Verified,
        ),
);

const DOCUSIGN_HEADERS: &[&str] = &[
    "x-docusign-signature-2",
    "x-docusign-signature-3",
    "x-docusign-signature-4",
    "x-docusign-signature-5",
    "x-docusign-signature-6",
    "x-docusign-signature-7",
    "x-docusign-signature-8",
    "x-docusign-signature-9",
    "x-docusign-signature-10",
    "x-docusign-signature-11",
    "x-docusign-signature-12",
    "x-docusign-signature-13",
    "x-docusign-signature-14",
    "x-docusign-signature-15",
    "x-docusign-signature-16",
];

/// Mollie's next-gen webhooks: `X-Mollie-Signature: sha256=<hex>` over the body, on two lines while a secret is being
/// replaced. Mollie's classic webhooks are not signed and refused here.
pub const MOLLIE_NEXTGEN: Scheme = entry(
    Scheme::hmac_sha256("mollie-nextgen")
        .signature(header("x-mollie-signature").prefix("sha256=").on_several_lines(), Encoding::Hex)
        .id(Place::Json("/id"))
        .event_type(Place::Json("/type"))
        .source(
            "mollie/mollie-api-php src/Webhooks/SignatureValidator.php and docs/webhooks.md; webhooks.cc provider catalogue source; SlopMaster2/webhook-verify src/providers/mod.rs",
            Confidence::Verified,
        ),
);
