//! Senders that show a signed token: a JWT. What it is signed with is pinned, and what it must say stands here.

use std::time::Duration;

use super::token_kid::Kid;
use super::{challenges, entry, key_id_entry, url_entry};
use crate::scheme::{
    Claim, Confidence, Encoding, Jwt, JwtAlgorithm, KeyIdScheme, KeyPlace, Place, Scheme, UrlScheme, body, header,
};

/// Canva Connect: the whole body is a token, Ed25519, under a key of the set at `api.canva.com/rest/v1/connect/keys`.
pub const CANVA: Scheme = entry(
    Scheme::jwt("canva", body(), &Jwt::new(&[JwtAlgorithm::EdDsa]).requires(&["iat"]))
        .fetched_key(KeyPlace::Rule(&Kid::in_body().of_set("https://api.canva.com/rest/v1/connect/keys")))
        .source("canva.dev connect api-reference webhooks keys page", Confidence::ThirdParty),
);

/// FusionAuth: `X-FusionAuth-Signature-JWT`, a token with a hash of the body, under a shared secret or a public key,
/// as you have set it up there: of a key that is fetched, your source knows where your server is. No time is signed.
pub const FUSIONAUTH: Scheme = entry(
    Scheme::jwt(
        "fusionauth",
        header("x-fusionauth-signature-jwt"),
        &Jwt::new(&[
            JwtAlgorithm::EdDsa,
            JwtAlgorithm::Es256,
            JwtAlgorithm::Hs256,
            JwtAlgorithm::Hs384,
            JwtAlgorithm::Hs512,
            JwtAlgorithm::Rs256,
        ])
        .body_hash("request_body_sha256", Encoding::Base64),
    )
    .fetched_key(KeyPlace::Rule(&Kid::in_header("x-fusionauth-signature-jwt", "")))
    .event_type(Place::Json("/event/type"))
    .source(
        "hookdeck/webhook-skills git f8a4801 skills/fusionauth-webhooks/references/verification.md",
        Confidence::Documented,
    ),
);

/// Google Pub/Sub push (and Gmail's): `Authorization: Bearer`, a token that says who calls whom and nothing of the body.
/// The public URL is the audience of the subscription: its push endpoint, or the URL that was set in its place (an audience
/// that is none needs a scheme of your own). The key id is the e-mail address of its service account; keys are of the set
/// at `www.googleapis.com/oauth2/v3/certs`.
pub const GOOGLE_PUBSUB_PUSH: UrlScheme = url_entry(
    Scheme::jwt(
        "google-pubsub-push",
        header("authorization").prefix("Bearer "),
        &Jwt::new(&[JwtAlgorithm::Rs256])
            .claims(&[
                ("iss", Claim::IsOneOf(&["https://accounts.google.com", "accounts.google.com"])),
                ("aud", Claim::IsAudience),
                ("email", Claim::IsKeyId),
                ("email_verified", Claim::IsTrue),
            ])
            .requires(&["exp"]),
    )
    .fetched_key(KeyPlace::Rule(
        &Kid::in_header("authorization", "Bearer ").of_set("https://www.googleapis.com/oauth2/v3/certs"),
    ))
    .id(Place::Json("/message/messageId"))
    .source(
        "NangoHQ/nango git 2f4c0af packages/server/lib/webhook/gmail-webhook-routing.ts; fluxcd/notification-controller internal/server/receiver_handlers.go",
        Confidence::ThirdParty,
    ),
);

/// Kinde: the whole body is a token, RSA-SHA-256, under a key of the set at `/.well-known/jwks` of your domain there, which
/// your source knows.
pub const KINDE: Scheme = entry(
    Scheme::jwt("kinde", body(), &Jwt::new(&[JwtAlgorithm::Rs256]))
        .fetched_key(KeyPlace::Rule(&Kid::in_body()))
        .id(Place::Header("webhook-id"))
        .source("npm @kinde/webhooks 1.0.0; docs.kinde.com about-webhooks page", Confidence::Documented),
);

/// LiveKit: `Authorization`, a token with a hash of the body. The key id is your API key, the secret that of the key.
pub const LIVEKIT: KeyIdScheme = key_id_entry(
    Scheme::jwt(
        "livekit",
        header("authorization"),
        &Jwt::new(&[JwtAlgorithm::Hs256])
            .claims(&[("iss", Claim::IsKeyId)])
            .body_hash("sha256", Encoding::Base64)
            .requires(&["exp"]),
    )
    .id(Place::Json("/id"))
    .event_type(Place::Json("/event"))
    .source("livekit/node-sdks packages/livekit-server-sdk/src/WebhookReceiver.ts", Confidence::Verified),
);

/// MessageBird (Bird): `MessageBird-Signature-JWT`, a token with hashes of the URL and of the body.
pub const MESSAGEBIRD: UrlScheme = url_entry(
    Scheme::jwt(
        "messagebird",
        header("messagebird-signature-jwt"),
        &Jwt::new(&[JwtAlgorithm::Hs256, JwtAlgorithm::Hs384, JwtAlgorithm::Hs512])
            .claims(&[("iss", Claim::IsOneOf(&["MessageBird"])), ("url_hash", Claim::IsUrlHash)])
            .body_hash("payload_hash", Encoding::Hex)
            .requires(&["exp", "jti", "nbf"]),
    )
    .source("messagebird/messagebird-nodejs lib/webhook-signature-jwt.js", Confidence::Verified),
);

/// monday.com: `Authorization`, a token that says nothing of the body.
pub const MONDAY: Scheme = entry(
    Scheme::jwt("monday", header("authorization"), &Jwt::new(&[JwtAlgorithm::Hs256]).requires(&["exp"]))
        .id(Place::Json("/event/triggerUuid"))
        .event_type(Place::Json("/event/type"))
        .deadline(Duration::from_secs(180))
        .retries_for(Duration::from_secs(30 * 60))
        .challenge(challenges::MONDAY)
        .source("hookdeck/webhook-skills providers.yaml", Confidence::Documented),
);

/// Netlify: `X-Webhook-Signature`, a token with a hash of the body. No time is signed.
pub const NETLIFY: Scheme = entry(
    Scheme::jwt(
        "netlify",
        header("x-webhook-signature"),
        &Jwt::new(&[JwtAlgorithm::Hs256])
            .claims(&[("iss", Claim::IsOneOf(&["netlify"]))])
            .body_hash("sha256", Encoding::Hex),
    )
    .event_type(Place::Header("x-netlify-event"))
    .source(
        "Yizack/nuxt-webhook-validators git b45ae63 src/runtime/server/lib/validators/netlify.ts",
        Confidence::ThirdParty,
    ),
);

/// Plaid: `Plaid-Verification`, a token with a hash of the body, at most five minutes old, under the key that its API
/// shows for the token's `kid` (`/webhook_verification_key/get`), which takes your own credentials.
pub const PLAID: Scheme = entry(
    Scheme::jwt(
        "plaid",
        header("plaid-verification"),
        &Jwt::new(&[JwtAlgorithm::Es256]).body_hash("request_body_sha256", Encoding::Hex).requires(&["iat"]),
    )
    .fetched_key(KeyPlace::Rule(&Kid::in_header("plaid-verification", "")))
    .event_type(Place::Json("/webhook_code"))
    .source("plaid.com/docs/api/webhooks/webhook-verification", Confidence::ThirdParty),
);

/// Upstash QStash: `Upstash-Signature`, a token with the URL and a hash of the body. Configure both of your signing
/// keys, the current one and the next.
pub const UPSTASH_QSTASH: UrlScheme = url_entry(
    Scheme::jwt(
        "upstash-qstash",
        header("upstash-signature"),
        &Jwt::new(&[JwtAlgorithm::Hs256])
            .claims(&[("iss", Claim::IsOneOf(&["Upstash"])), ("sub", Claim::IsUrl)])
            .body_hash("body", Encoding::Base64Url)
            .requires(&["exp"]),
    )
    .id(Place::Header("upstash-message-id"))
    .source("upstash/qstash-js src/receiver.ts", Confidence::Verified),
);

/// Vonage Messages, Voice and Verify: `Authorization: Bearer`, a token with a hash of the body. One that does not say when it
/// expires is taken for 300 s from its `iat`; one without an `iat` for good, so its replay is for idempotency to find. Set
/// your answer and event URLs to POST: of a GET Vonage hashes the query, and it is refused.
pub const VONAGE_JWT: Scheme = entry(
    Scheme::jwt(
        "vonage-jwt",
        header("authorization").prefix("Bearer "),
        &Jwt::new(&[JwtAlgorithm::Hs256]).body_hash("payload_hash", Encoding::Hex),
    )
    .source("Vonage/vonage-python-sdk jwt/src/vonage_jwt/verify_jwt.py", Confidence::Verified),
);

/// Wix: the whole body is a token, RSA-SHA-256, under the public key of your app.
pub const WIX: Scheme = entry(
    Scheme::jwt("wix", body(), &Jwt::new(&[JwtAlgorithm::Rs256]).requires(&["exp"]))
        .deadline(Duration::from_millis(1250))
        .source("hookdeck/webhook-skills providers.yaml", Confidence::Documented),
);
