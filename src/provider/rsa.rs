//! Senders that sign with an RSA key: feature `rsa`.

use std::ops::ControlFlow;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::entry;
use super::signed_header::one;
use crate::crypto::PublicAlgorithm;
use crate::scheme::{
    Confidence, Emit, Encoding, KeyName, KeyPlace, KeyRule, Part, Place, Scheme, SignatureRule, TimestampFormat,
    Unverified, VerifyError, days, header, item,
};

/// Bridge (bridge.xyz): `X-Webhook-Signature: t=<ms>,v0=<base64>`, RSA-SHA-256 over the SHA-256 of `<timestamp>.<body>`:
/// it is hashed twice.
pub const BRIDGE_XYZ: Scheme = entry(
    Scheme::public_key("bridge-xyz", PublicAlgorithm::RsaPkcs1Sha256)
        .signature(item("x-webhook-signature", ',', "v0"), Encoding::Base64)
        .timestamp(item("x-webhook-signature", ',', "t"), TimestampFormat::UnixMillis)
        .tolerance(Duration::from_secs(600))
        .signed_by(&HashedTwice)
        .source("apidocs.bridge.xyz webhooks signature page", Confidence::Verified),
);

/// Fireblocks, webhooks of version 1, which end in 2026: `Fireblocks-Signature`, RSA-SHA-512 over the body, under the key it
/// publishes for your environment. Those of version 2 are [`FIREBLOCKS_JWS`](super::FIREBLOCKS_JWS).
pub const FIREBLOCKS: Scheme = entry(
    Scheme::public_key("fireblocks", PublicAlgorithm::RsaPkcs1Sha512)
        .signature(header("fireblocks-signature"), Encoding::Base64)
        .source("hookdeck/webhook-skills providers.yaml", Confidence::Documented),
);

/// HighLevel, the older signature: `x-wh-signature`, RSA-SHA-256 over the body, under the key in its documentation. New
/// deliveries have that of [`HIGHLEVEL_ED25519`](super::HIGHLEVEL_ED25519).
pub const HIGHLEVEL: Scheme = entry(
    Scheme::public_key("highlevel", PublicAlgorithm::RsaPkcs1Sha256)
        .signature(header("x-wh-signature"), Encoding::Base64)
        .source(
            "NangoHQ/nango git 2f4c0af packages/server/lib/webhook/highlevel-webhook-routing.ts",
            Confidence::ThirdParty,
        ),
);

/// Kick: `Kick-Event-Signature`, RSA-SHA-256 over `<id>.<timestamp>.<body>`, under the key in its documentation, which
/// `api.kick.com/public/v1/public-key` serves.
pub const KICK: Scheme = entry(
    Scheme::public_key("kick", PublicAlgorithm::RsaPkcs1Sha256)
        .signature(header("kick-event-signature"), Encoding::Base64)
        .timestamp(header("kick-event-message-timestamp"), TimestampFormat::Rfc3339)
        .signed(&[Part::Id, Part::Lit("."), Part::Timestamp, Part::Lit("."), Part::Body])
        .id(Place::Header("kick-event-message-id"))
        .event_type(Place::Header("kick-event-type"))
        .source("KickEngineering/KickDevDocs events/webhook-security.md (2026-06)", Confidence::Verified),
);

/// ShipEngine and ShipStation v2: `X-ShipEngine-RSA-SHA256-Signature`, RSA-SHA-256 over `<timestamp>.<body>`, under the key
/// of the set at `api.shipengine.com/jwks` that `X-ShipEngine-RSA-SHA256-Key-Id` names.
pub const SHIPENGINE: Scheme = entry(
    Scheme::public_key("shipengine", PublicAlgorithm::RsaPkcs1Sha256)
        .signature(header("x-shipengine-rsa-sha256-signature"), Encoding::Base64)
        .timestamp(header("x-shipengine-timestamp"), TimestampFormat::Rfc3339)
        .signed(&[Part::Timestamp, Part::Lit("."), Part::Body])
        .fetched_key(KeyPlace::Rule(&ShipEngineKey))
        .event_type(Place::Json("/resource_type"))
        .deadline(Duration::from_secs(10))
        .source("public receivers that verify x-shipengine-rsa-sha256-signature (five, alike)", Confidence::ThirdParty),
);

#[derive(Debug)]
struct ShipEngineKey;

impl KeyRule for ShipEngineKey {
    fn key(&self, request: &Unverified<'_>) -> Result<KeyName, VerifyError> {
        let id = one(request.head, "x-shipengine-rsa-sha256-key-id")?;
        KeyName::in_set("https://api.shipengine.com/jwks", Some(id))
    }
}

/// Utila: `x-utila-signature`, RSA-PSS over the body.
pub const UTILA: Scheme = entry(
    Scheme::public_key("utila", PublicAlgorithm::RsaPssSha512)
        .signature(header("x-utila-signature"), Encoding::Base64)
        .id(Place::Json("/id"))
        .event_type(Place::Json("/type"))
        .source("hookdeck/webhook-skills providers.yaml", Confidence::Documented),
);

/// WeChat Pay, API v3: `Wechatpay-Signature`, RSA-SHA-256 over timestamp, nonce and body, each with a line break behind
/// it, under the platform's public key or certificate that `Wechatpay-Serial` names: configure those that count, any may
/// match. What is told stands in the body encrypted under your API key.
pub const WECHAT_PAY: Scheme = entry(
    Scheme::public_key("wechat-pay", PublicAlgorithm::RsaPkcs1Sha256)
        .signature(header("wechatpay-signature"), Encoding::Base64)
        .timestamp(header("wechatpay-timestamp"), TimestampFormat::UnixSeconds)
        .signed(&[
            Part::Timestamp,
            Part::Lit("\n"),
            Part::Header("wechatpay-nonce"),
            Part::Lit("\n"),
            Part::Body,
            Part::Lit("\n"),
        ])
        .id(Place::Json("/id"))
        .event_type(Place::Json("/event_type"))
        .retries_for(days(1))
        .answer(r#"{"code":"SUCCESS","message":"OK"}"#)
        .source(
            "wechatpay-apiv3/wechatpay-go core/auth/validators/wechat_pay_validator.go; hookdeck/webhook-skills providers.yaml",
            Confidence::Verified,
        ),
);

/// Wise: `X-Signature-SHA256`, RSA-SHA-256 over the body, under the key it publishes for your environment.
pub const WISE: Scheme = entry(
    Scheme::public_key("wise", PublicAlgorithm::RsaPkcs1Sha256)
        .signature(header("x-signature-sha256"), Encoding::Base64)
        .id(Place::Header("x-delivery-id"))
        .deadline(Duration::from_secs(5))
        .retries_for(days(14))
        .source("docs.wise.com webhook event-handling page", Confidence::Verified),
);

#[derive(Debug)]
struct HashedTwice;

impl SignatureRule for HashedTwice {
    fn contents(&self, request: &Unverified<'_>, emit: &mut Emit<'_>) -> Result<(), VerifyError> {
        let hash = Sha256::new().chain_update(request.timestamp).chain_update(".").chain_update(request.body);
        let _: ControlFlow<()> = emit(&[&hash.finalize()]);
        Ok(())
    }
}
