//! Senders that sign the hash of the body in its place.

use std::ops::ControlFlow;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::{challenges, entry, url_entry};
use crate::scheme::{
    Confidence, Emit, Encoding, Place, Scheme, SecretText, SignatureRule, TimestampFormat, Unverified, UrlScheme,
    VerifyError, header, item,
};

/// Ripple Collections: `X-Webhook-Signature: t=<ms>,v1=<hex>`, HMAC-SHA-256 over `<timestamp>.` and the body's SHA-256
/// in hex. `X-Webhook-Timestamp`, which says the same time, is not looked at.
pub const RIPPLE: Scheme = entry(
    Scheme::hmac_sha256("ripple")
        .signature(item("x-webhook-signature", ',', "v1"), Encoding::Hex)
        .timestamp(item("x-webhook-signature", ',', "t"), TimestampFormat::UnixMillis)
        .signed_by(&RippleRule)
        .secret_text(SecretText::Base64 { prefix: "" })
        .source("SlopMaster2/webhook-verify src/providers/mod.rs", Confidence::Documented),
);

/// Tebex: `X-Signature`, HMAC-SHA-256 over the body's SHA-256 in hex.
pub const TEBEX: Scheme = entry(
    Scheme::hmac_sha256("tebex")
        .signature(header("x-signature"), Encoding::Hex)
        .signed_by(&TebexRule)
        .id(Place::Json("/id"))
        .event_type(Place::Json("/type"))
        .challenge(challenges::TEBEX)
        .source("hookdeck/webhook-skills providers.yaml", Confidence::Documented),
);

/// Walmart Marketplace: `WM_SEC.SIGNATURE`, HMAC-SHA-256 over method, path and query of the URL, timestamp and the
/// body's SHA-256 in hex, a line each.
pub const WALMART: UrlScheme = url_entry(
    Scheme::hmac_sha256("walmart")
        .signature(header("wm_sec.signature"), Encoding::Base64)
        .timestamp(header("wm_sec.timestamp"), TimestampFormat::UnixSeconds)
        .signed_by(&WalmartRule)
        .deadline(Duration::from_secs(3))
        .source("hookdeck/webhook-skills providers.yaml", Confidence::Documented),
);

fn hash_of(body: &[u8]) -> String {
    Encoding::Hex.encode(&Sha256::digest(body))
}

#[derive(Debug)]
struct RippleRule;

impl SignatureRule for RippleRule {
    fn contents(&self, request: &Unverified<'_>, emit: &mut Emit<'_>) -> Result<(), VerifyError> {
        let _: ControlFlow<()> = emit(&[request.timestamp.as_bytes(), b".", hash_of(request.body).as_bytes()]);
        Ok(())
    }
}

#[derive(Debug)]
struct TebexRule;

impl SignatureRule for TebexRule {
    fn contents(&self, request: &Unverified<'_>, emit: &mut Emit<'_>) -> Result<(), VerifyError> {
        let _: ControlFlow<()> = emit(&[hash_of(request.body).as_bytes()]);
        Ok(())
    }
}

#[derive(Debug)]
struct WalmartRule;

impl SignatureRule for WalmartRule {
    fn signs_url(&self) -> bool {
        true
    }

    fn contents(&self, request: &Unverified<'_>, emit: &mut Emit<'_>) -> Result<(), VerifyError> {
        let behind = request.public_url.split_once("://").map_or(request.public_url, |(_, rest)| rest);
        let target = behind.find(['/', '?']).and_then(|at| behind.get(at..)).unwrap_or("/");
        let method = request.head.method.as_str();
        let hash = hash_of(request.body);
        let lines = [method, "\n", target, "\n", request.timestamp, "\n", &hash].map(str::as_bytes);
        let _: ControlFlow<()> = emit(&lines);
        Ok(())
    }
}
