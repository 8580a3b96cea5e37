//! Senders that sign with a detached JWS ([RFC 7515 appendix F](https://www.rfc-editor.org/rfc/rfc7515#appendix-F)): its
//! header and its signature stand in a header of the request, and what it signs is put together anew.

use std::ops::ControlFlow;

use http::request::Parts;
use serde_json::{Map, Value};

use super::signed_header::{malformed, one};
use super::token_kid::Kid;
use super::{entry, url_entry};
use crate::crypto::PublicAlgorithm;
use crate::rejection::Reason;
use crate::scheme::{
    Confidence, Emit, Encoding, KeyName, KeyPlace, KeyRule, Place, Scheme, SignatureRule, TimestampFormat, Unverified,
    UrlScheme, VerifyError, header, last, token_header,
};

/// Fireblocks, webhooks of version 2: `Fireblocks-Webhook-Signature`, RSA-SHA-512 over `<header>.<base64url of the body>`,
/// under a key of the set of your environment, which your source knows: `/.well-known/jwks.json` of `keys.fireblocks.io`,
/// `eu-keys`, `eu2-keys` or `sandbox-keys`. No time is signed.
pub const FIREBLOCKS_JWS: Scheme = entry(
    Scheme::public_key("fireblocks-jws", PublicAlgorithm::RsaPkcs1Sha512)
        .signature(last("fireblocks-webhook-signature", '.'), Encoding::Base64Url)
        .signed_by(&Body { header: "fireblocks-webhook-signature", algorithm: "RS512" })
        .fetched_key(KeyPlace::Rule(&Kid::in_header("fireblocks-webhook-signature", "")))
        .id(Place::Json("/id"))
        .event_type(Place::Json("/eventType"))
        .source(
            "developers.fireblocks.com validating-webhooks and webhook-v2-migration-guide pages",
            Confidence::Documented,
        ),
);

/// Neon: `X-Neon-Signature`, Ed25519 over `<header>.` and the base64url of `<timestamp>.<base64url of the body>`,
/// under the key that `X-Neon-Signature-Kid` names: your source knows where your project's keys are.
pub const NEON: Scheme = entry(
    Scheme::ed25519("neon")
        .signature(last("x-neon-signature", '.'), Encoding::Base64Url)
        .timestamp(header("x-neon-timestamp"), TimestampFormat::UnixMillis)
        .signed_by(&Neon)
        .fetched_key(KeyPlace::IdInHeader("x-neon-signature-kid"))
        .id(Place::Header("x-neon-event-id"))
        .event_type(Place::Header("x-neon-event-type"))
        .attempt("x-neon-delivery-attempt")
        .source("hookdeck/webhook-skills providers.yaml", Confidence::Documented),
);

/// Saleor: `Saleor-Signature`, RSA-SHA-256 over `<header>.<body>`, under the keys at `/.well-known/jwks.json` of your
/// shop. No time is signed.
pub const SALEOR: Scheme = entry(
    Scheme::public_key("saleor", PublicAlgorithm::RsaPkcs1Sha256)
        .signature(last("saleor-signature", '.'), Encoding::Base64Url)
        .signed_by(&Body { header: "saleor-signature", algorithm: "RS256" })
        .fetched_key(KeyPlace::Rule(&Kid::in_header("saleor-signature", "")))
        .event_type(Place::Header("saleor-event"))
        .source("saleor/app-sdk src/auth/verify-signature.ts", Confidence::Verified),
);

/// TrueLayer: `Tl-Signature`, ECDSA on P-521 over method, path, the headers that it names, and body. The time must be
/// among them. Keys are those at `webhooks.truelayer.com/.well-known/jwks`, or
/// of the sandbox, as the header's `jku` says; any other is refused.
pub const TRUELAYER: UrlScheme = url_entry(
    Scheme::public_key("truelayer", PublicAlgorithm::EcdsaP521Sha512Fixed)
        .signature(last("tl-signature", '.'), Encoding::Base64Url)
        .timestamp(header("x-tl-webhook-timestamp"), TimestampFormat::Rfc3339)
        .signed_by(&TrueLayer)
        .fetched_key(KeyPlace::Rule(&TrueLayer))
        .id(Place::Json("/event_id"))
        .event_type(Place::Json("/type"))
        .source(
            "TrueLayer/truelayer-signing python, nodejs, test-resources; docs.truelayer.com payment-webhooks page (the type)",
            Confidence::Verified,
        ),
);

/// The header of the signature, as it is written and as it is read.
fn protected<'a>(head: &'a Parts, name: &str, algorithm: &str) -> Result<(&'a str, Map<String, Value>), VerifyError> {
    let text = one(head, name)?;
    let Some((protected, _)) = text.split_once("..").filter(|(protected, _)| !protected.is_empty()) else {
        return Err(malformed("this is no detached signature"));
    };
    let read = token_header(protected).ok_or_else(|| malformed("the header of the signature cannot be read"))?;
    if read.get("alg").and_then(Value::as_str) != Some(algorithm) {
        return Err(VerifyError::new(Reason::UnsupportedScheme, "the signature is of another algorithm"));
    }
    Ok((protected, read))
}

fn unsupported() -> VerifyError {
    VerifyError::new(Reason::UnsupportedScheme, "the signature asks for an extension that is not known")
}

#[derive(Debug)]
struct Neon;

impl SignatureRule for Neon {
    fn contents(&self, request: &Unverified<'_>, emit: &mut Emit<'_>) -> Result<(), VerifyError> {
        let (protected, read) = protected(request.head, "x-neon-signature", "EdDSA")?;
        if read.contains_key("crit") {
            return Err(unsupported());
        }
        let body = Encoding::Base64Url.encode(request.body);
        let payload = Encoding::Base64Url.encode(format!("{}.{body}", request.timestamp).as_bytes());
        let _: ControlFlow<()> = emit(&[protected.as_bytes(), b".", payload.as_bytes()]);
        Ok(())
    }
}

/// The body, as it is or encoded.
#[derive(Debug)]
struct Body {
    header: &'static str,
    algorithm: &'static str,
}

impl SignatureRule for Body {
    fn contents(&self, request: &Unverified<'_>, emit: &mut Emit<'_>) -> Result<(), VerifyError> {
        let (protected, read) = protected(request.head, self.header, self.algorithm)?;
        let critical = read.get("crit").and_then(Value::as_array).map(Vec::as_slice);
        let encoded = read.get("b64").and_then(Value::as_bool);
        let _: ControlFlow<()> = match (critical, encoded) {
            // RFC 7797: the payload as it is.
            (Some([Value::String(name)]), Some(false)) if name == "b64" => {
                emit(&[protected.as_bytes(), b".", request.body])
            }
            (None, None | Some(true)) => {
                emit(&[protected.as_bytes(), b".", Encoding::Base64Url.encode(request.body).as_bytes()])
            }
            _ => return Err(unsupported()),
        };
        Ok(())
    }
}

#[derive(Debug)]
struct TrueLayer;

impl TrueLayer {
    const TIME: &str = "x-tl-webhook-timestamp";
    const KEYS: [&str; 2] =
        ["https://webhooks.truelayer.com/.well-known/jwks", "https://webhooks.truelayer-sandbox.com/.well-known/jwks"];

    /// Where the keys are, by our own list: the header only chooses.
    fn keys(header: &Map<String, Value>) -> Result<&'static str, VerifyError> {
        let named = header.get("jku").and_then(Value::as_str);
        let known = Self::KEYS.into_iter().find(|known| Some(*known) == named);
        known.ok_or_else(|| VerifyError::new(Reason::UnknownKey, "the keys do not lie at TrueLayer"))
    }
}

impl KeyRule for TrueLayer {
    fn key(&self, request: &Unverified<'_>) -> Result<KeyName, VerifyError> {
        let (_, header) = protected(request.head, "tl-signature", "ES512")?;
        KeyName::in_set(Self::keys(&header)?, header.get("kid").and_then(Value::as_str))
    }
}

impl SignatureRule for TrueLayer {
    fn signs_url(&self) -> bool {
        true
    }

    fn contents(&self, request: &Unverified<'_>, emit: &mut Emit<'_>) -> Result<(), VerifyError> {
        let (protected, read) = protected(request.head, "tl-signature", "ES512")?;
        let text = |name: &str| read.get(name).and_then(Value::as_str);
        if read.contains_key("crit") || text("tl_version") != Some("2") {
            return Err(unsupported());
        }
        if read.contains_key("jku") {
            Self::keys(&read)?;
        }
        let names: Vec<_> = text("tl_headers").unwrap_or_default().split(',').filter(|name| !name.is_empty()).collect();
        if !names.iter().any(|name| name.eq_ignore_ascii_case(Self::TIME)) {
            return Err(VerifyError::new(Reason::MissingTimestamp, "the time is not among the signed headers"));
        }
        let mut headers = String::new();
        for name in names {
            headers.push_str(&format!("{name}: {}\n", one(request.head, name)?));
        }
        let behind = request.public_url.split_once("://").map_or(request.public_url, |(_, rest)| rest);
        let path = behind.find('/').and_then(|at| behind.get(at..)).unwrap_or("/");
        let path = path.split('?').next().unwrap_or_default();
        // Its own libraries take a slash at the end for none.
        let other = path.strip_suffix('/').map_or_else(|| format!("{path}/"), str::to_owned);
        for path in [path, &other] {
            let start = format!("{} {path}\n{headers}", request.head.method);
            let payload = Encoding::Base64Url.encode(&[start.as_bytes(), request.body].concat());
            if emit(&[protected.as_bytes(), b".", payload.as_bytes()]).is_break() {
                break;
            }
        }
        Ok(())
    }
}
