//! The catalogue: how each sender signs, and what else is known of it. Data only.
//!
//! An entry is a [`Scheme`] (or a [`UrlScheme`], where the sender signs the URL it calls), checked when
//! the crate is compiled. Give it to [`WebhookLayer::new`](crate::WebhookLayer::new) together with your
//! secret. Bind each sender to a route of its own: header names do not identify senders.
//!
//! A sender that is not here is a `const` of your own, see [`scheme`](crate::scheme). How sure the facts are stands in
//! the table: *verified* against the sender's own SDK, tests or specification; read in *a receiver's code*; or only
//! *documented*, by the sender or by a public catalogue. Header names never tell who a sender is.
//!
#![doc = include_str!("catalogue.md")]

mod body_base64;
mod body_hex;
mod body_prefixed;
mod challenges;
mod credentials;
mod digest;
mod form;
mod form_payload;
mod hashed_body;
mod public_key;
mod secret_by_handshake;
mod several_signatures;
mod signature_in_query;
mod standard_webhooks;
mod timestamp_in_header;
mod timestamp_in_list;
mod token;
mod twilio;
mod url;

use crate::scheme::{Scheme, UrlScheme};

pub use body_base64::{
    ADYEN_PLATFORM, AFTERSHIP_TRACKING, BILL, COMMERCELAYER, FASTSPRING, FLUTTERWAVE_V4, FOURTHWALL, FRONT_RULE,
    HELPSCOUT, HEROKU, HOOKDECK, JOBBER, LINE, MAUTIC, PICQER, QUICKBOOKS, SHIPHERO, SHOPIFY, TALLY, UNIT, WOOCOMMERCE,
    XERO,
};
pub use body_hex::{
    AIPRISE, ALCHEMY, ATTENTIVE, ATTIO, BITGO, BUNNY_STREAM, CALCOM, CHECKOUT, CHECKR, CLICKUP, COINBASE_COMMERCE,
    CRYPTOPAY, DROPBOX, DWOLLA, GOCARDLESS, LAUNCHDARKLY, LEMONSQUEEZY, LINEAR, LINKEDIN, MAILTRAP, MODERN_TREASURY,
    NEXUS, NUVEMSHOP, ONFIDO, PAYSTACK, PUSHER, RAZORPAY, SCRAPFLY, SEGMENT, SENTRY, SHOPLINE, SHOPWARE, SINCH_NUMBERS,
    SMARTCAR, SMARTSHEET, SMILE_API, SQUARESPACE, TERRAFORM_CLOUD, UBER_EATS, VERCEL, VERIFF, VIBER, WEBEX,
};
pub use body_prefixed::{
    AIRTABLE, ASHBY, AUTHORIZE_NET, AUTOTASK, BITBUCKET_CLOUD, BITBUCKET_SERVER, BRIDGE_API, BTCPAY, CIRCLECI,
    CLICKSIGN, CRONOFY, CURSOR, DISCOURSE, EASYPOST, ENODE, EXPO, FIREFLIES, FLEXPORT, GITHUB, GREENHOUSE,
    HCP_VAULT_RADAR, INTERCOM, JIRA, JOBDIVA, MASTODON, META, MS_TEAMS_OUTGOING, NOTION, PAGERDUTY, SNYK, TYPEFORM,
    UPOLLO, WHATSAPP, X_TWITTER, YOUSIGN,
};
pub use credentials::{
    AZURE_DEVOPS, BREVO, CHARGEBEE, CLOUDEVENTS_WEBHOOK, CLOUDPRINTER, DATADOG, FIGMA, JUSPAY, MERAKI, PIPEDRIVE,
    POSTMARK,
};
pub use digest::{CLOUDINARY, CLOUDINARY_SHA256, HUBSPOT_V1, HUBSPOT_V2, LARK, RECHARGE_V1, SELLSY};
pub use form_payload::{GITEA, GOGS};
pub use hashed_body::{RIPPLE, TEBEX, WALMART};
pub use public_key::{DISCORD, TELNYX};
pub use secret_by_handshake::{ASANA, CLIO};
pub use several_signatures::{BOX, DOCUSIGN, MOLLIE_NEXTGEN};
pub use signature_in_query::PANDADOC;
pub use standard_webhooks::{
    ANTHROPIC, CLERK, FATHOM, FOLK, GEMINI, GITLAB_SIGNING_TOKEN, IMAGEKIT, LITHIC, LOOPS, OPENAI, POLAR, PORTONE,
    REPLICATE, RESEND, SHIPBOB, STANDARD_WEBHOOKS, SVIX, SW_BREX, SW_CROSSMINT, SW_DAYTONA, SW_DODO, SW_DRATA, SW_ETSY,
    SW_HELCIM, SW_INCIDENT_IO, SW_LIVEBLOCKS, SW_NASH, SW_NOVU, SW_RENDER, SW_SARDINE, SW_SUPABASE, SW_VANTA, SW_WARP,
    SW_YOCO, SW_ZAPIER, WHOP,
};
pub use timestamp_in_header::{
    AIRWALLEX, AKENEO, CUSTOMERIO, EMAILIT, FINCH, FRONT, KLAVIYO, METRONOME, ORB, PYLON, REVOLUT, SINCH_CONVERSATION,
    SLACK, STATSIG, SYNCTERA, TWITCH, WEBFLOW, ZENDESK, ZEROHASH, ZOOM,
};
pub use timestamp_in_list::{
    BOLDSIGN, BUILDKITE, CALENDLY, CLOUDFLARE_STREAM, COURIER, ELEVENLABS, FINTOC, GHOST, IMAGEKIT_V1, KNOCK,
    MAILCHIMP, MUX, ORDERGROOVE, PADDLE, PERSONA, RECHARGE_V2, RECURLY, RETELL, SANITY, STRIPE, TABAPAY, TAILSCALE,
    TIKTOK, WORKOS, ZOHO_PAYMENTS,
};
pub use token::{
    AUTH0, FLUTTERWAVE, GITLAB, GOOGLE_PUSH_CHANNEL, HARBOR, HUGGINGFACE, OKTA, RINGCENTRAL, STREAK, TELEGRAM,
};
pub use twilio::TWILIO;
pub use url::{APPWRITE, HUBSPOT_V3, SQUARE, TRELLO};

/// Every sender of the catalogue, by name.
pub const ALL: &[&Scheme] = &[
    &ADYEN_PLATFORM,
    &AFTERSHIP_TRACKING,
    &AIPRISE,
    &AIRTABLE,
    &AIRWALLEX,
    &AKENEO,
    &ALCHEMY,
    &ANTHROPIC,
    APPWRITE.scheme(),
    &ASANA,
    &ASHBY,
    &ATTENTIVE,
    &ATTIO,
    &AUTH0,
    &AUTHORIZE_NET,
    &AUTOTASK,
    &AZURE_DEVOPS,
    &BILL,
    &BITBUCKET_CLOUD,
    &BITBUCKET_SERVER,
    &BITGO,
    &BOLDSIGN,
    &BOX,
    &BREVO,
    &BRIDGE_API,
    &BTCPAY,
    &BUILDKITE,
    &BUNNY_STREAM,
    &CALCOM,
    &CALENDLY,
    &CHARGEBEE,
    &CHECKOUT,
    &CHECKR,
    &CIRCLECI,
    &CLERK,
    &CLICKSIGN,
    &CLICKUP,
    &CLIO,
    &CLOUDEVENTS_WEBHOOK,
    &CLOUDFLARE_STREAM,
    &CLOUDINARY,
    &CLOUDINARY_SHA256,
    &CLOUDPRINTER,
    &COINBASE_COMMERCE,
    &COMMERCELAYER,
    &COURIER,
    &CRONOFY,
    &CRYPTOPAY,
    &CURSOR,
    &CUSTOMERIO,
    &DATADOG,
    &DISCORD,
    &DISCOURSE,
    &DOCUSIGN,
    &DROPBOX,
    &DWOLLA,
    &EASYPOST,
    &ELEVENLABS,
    &EMAILIT,
    &ENODE,
    &EXPO,
    &FASTSPRING,
    &FATHOM,
    &FIGMA,
    &FINCH,
    &FINTOC,
    &FIREFLIES,
    &FLEXPORT,
    &FLUTTERWAVE,
    &FLUTTERWAVE_V4,
    &FOLK,
    &FOURTHWALL,
    &FRONT,
    &FRONT_RULE,
    &GEMINI,
    &GHOST,
    &GITEA,
    &GITHUB,
    &GITLAB,
    &GITLAB_SIGNING_TOKEN,
    &GOCARDLESS,
    &GOGS,
    &GOOGLE_PUSH_CHANNEL,
    &GREENHOUSE,
    &HARBOR,
    &HCP_VAULT_RADAR,
    &HELPSCOUT,
    &HEROKU,
    &HOOKDECK,
    &HUBSPOT_V1,
    HUBSPOT_V2.scheme(),
    HUBSPOT_V3.scheme(),
    &HUGGINGFACE,
    &IMAGEKIT,
    &IMAGEKIT_V1,
    &INTERCOM,
    &JIRA,
    &JOBBER,
    &JOBDIVA,
    &JUSPAY,
    &KLAVIYO,
    &KNOCK,
    &LARK,
    &LAUNCHDARKLY,
    &LEMONSQUEEZY,
    &LINE,
    &LINEAR,
    &LINKEDIN,
    &LITHIC,
    &LOOPS,
    &MAILCHIMP,
    &MAILTRAP,
    &MASTODON,
    &MAUTIC,
    &MERAKI,
    &META,
    &METRONOME,
    &MODERN_TREASURY,
    &MOLLIE_NEXTGEN,
    &MS_TEAMS_OUTGOING,
    &MUX,
    &NEXUS,
    &NOTION,
    &NUVEMSHOP,
    &OKTA,
    &ONFIDO,
    &OPENAI,
    &ORB,
    &ORDERGROOVE,
    &PADDLE,
    &PAGERDUTY,
    &PANDADOC,
    &PAYSTACK,
    &PERSONA,
    &PICQER,
    &PIPEDRIVE,
    &POLAR,
    &PORTONE,
    &POSTMARK,
    &PUSHER,
    &PYLON,
    &QUICKBOOKS,
    &RAZORPAY,
    &RECHARGE_V1,
    &RECHARGE_V2,
    &RECURLY,
    &REPLICATE,
    &RESEND,
    &RETELL,
    &REVOLUT,
    &RINGCENTRAL,
    &RIPPLE,
    &SANITY,
    &SCRAPFLY,
    &SEGMENT,
    &SELLSY,
    &SENTRY,
    &SHIPBOB,
    &SHIPHERO,
    &SHOPIFY,
    &SHOPLINE,
    &SHOPWARE,
    &SINCH_CONVERSATION,
    &SINCH_NUMBERS,
    &SLACK,
    &SMARTCAR,
    &SMARTSHEET,
    &SMILE_API,
    &SNYK,
    SQUARE.scheme(),
    &SQUARESPACE,
    &STANDARD_WEBHOOKS,
    &STATSIG,
    &STREAK,
    &STRIPE,
    &SVIX,
    &SW_BREX,
    &SW_CROSSMINT,
    &SW_DAYTONA,
    &SW_DODO,
    &SW_DRATA,
    &SW_ETSY,
    &SW_HELCIM,
    &SW_INCIDENT_IO,
    &SW_LIVEBLOCKS,
    &SW_NASH,
    &SW_NOVU,
    &SW_RENDER,
    &SW_SARDINE,
    &SW_SUPABASE,
    &SW_VANTA,
    &SW_WARP,
    &SW_YOCO,
    &SW_ZAPIER,
    &SYNCTERA,
    &TABAPAY,
    &TAILSCALE,
    &TALLY,
    &TEBEX,
    &TELEGRAM,
    &TELNYX,
    &TERRAFORM_CLOUD,
    &TIKTOK,
    TRELLO.scheme(),
    TWILIO.scheme(),
    &TWITCH,
    &TYPEFORM,
    &UBER_EATS,
    &UNIT,
    &UPOLLO,
    &VERCEL,
    &VERIFF,
    &VIBER,
    WALMART.scheme(),
    &WEBEX,
    &WEBFLOW,
    &WHATSAPP,
    &WHOP,
    &WOOCOMMERCE,
    &WORKOS,
    &X_TWITTER,
    &XERO,
    &YOUSIGN,
    &ZENDESK,
    &ZEROHASH,
    &ZOHO_PAYMENTS,
    &ZOOM,
];

/// The sender of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Scheme> {
    let at = ALL.binary_search_by_key(&name, |scheme| scheme.name()).ok()?;
    ALL.get(at).copied()
}

/// A catalogue entry: [`Scheme::checked`], and it must say where its facts were read.
const fn entry(scheme: Scheme) -> Scheme {
    let (source, _) = scheme.facts_source();
    assert!(!source.is_empty(), "a catalogue entry says where its facts were read: call `.source(..)`");
    scheme.checked()
}

/// As [`entry`], for a sender that signs its URL.
const fn url_entry(scheme: Scheme) -> UrlScheme {
    UrlScheme::new(entry(scheme))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_is_sorted_and_names_are_unique() {
        let names: Vec<_> = ALL.iter().map(|scheme| scheme.name()).collect();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(names, sorted);
        assert!(names.iter().all(|name| find(name).is_some_and(|scheme| scheme.name() == *name)));
        assert!(find("nobody").is_none());
    }
}
