//! Checking a token. Strict where JOSE leaves room: three parts, canonical base64url, a pinned algorithm, no critical
//! extensions, our own clock.

use std::borrow::Cow;
use std::time::Duration;

use http::Uri;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::super::VerifyError;
use super::super::sender::Sender;
use super::{Claim, Jwt, JwtAlgorithm};
use crate::clock::UnixTime;
use crate::config_error::ConfigError;
use crate::crypto::{Algorithm, Mac, Message, PublicAlgorithm, PublicKey, Tag};
use crate::encoding::Encoding;
use crate::rejection::Reason;
use crate::secret::{KeyMaterial, Secret};
use crate::strict_json;
use crate::verifying_key::VerifyingKey;

/// The longest token, in bytes, where it stands in a header.
const LONGEST: usize = 16 * 1024;

/// A key, ready for each algorithm that it fits.
#[derive(Debug)]
pub(in crate::scheme) struct JwtKey(Vec<(JwtAlgorithm, Ready)>);

#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "a few a route, made once")]
enum Ready {
    Mac(Mac),
    Public(PublicKey),
}

impl JwtKey {
    pub(in crate::scheme) fn new(jwt: &Jwt, key: &KeyMaterial) -> Result<Self, ConfigError> {
        let mut ready = Vec::new();
        let mut unfit = ConfigError::secret("this sender signs with a private key: configure its public key");
        for algorithm in jwt.algorithms() {
            match (key, algorithm.public()) {
                (KeyMaterial::Shared(secret), None) if is_pem(secret) => {
                    unfit = ConfigError::secret("a public key is no shared secret: make it a `VerifyingKey`");
                }
                (KeyMaterial::Shared(secret), None) => ready.push((*algorithm, Ready::Mac(mac(*algorithm, secret)))),
                (KeyMaterial::Public(key), Some(public)) => match PublicKey::parse(public, key) {
                    Ok(key) => ready.push((*algorithm, Ready::Public(key))),
                    Err(error) => unfit = error,
                },
                (KeyMaterial::Public(_), None) => {
                    unfit = ConfigError::secret("this sender signs with a shared secret, not a public key");
                }
                (KeyMaterial::Shared(_), Some(_)) => {}
            }
        }
        if ready.is_empty() { Err(unfit) } else { Ok(Self(ready)) }
    }
}

impl JwtKey {
    /// A key that was fetched, for those of the scheme's algorithms that it is for; `None` where it fits none.
    pub(in crate::scheme) fn fetched(
        jwt: &Jwt,
        key: &VerifyingKey,
        is_for: impl Fn(PublicAlgorithm) -> bool,
    ) -> Option<Self> {
        let ready: Vec<_> = jwt
            .algorithms()
            .iter()
            .filter_map(|algorithm| {
                let public = algorithm.public().filter(|public| is_for(*public))?;
                Some((*algorithm, Ready::Public(PublicKey::parse(public, key).ok()?)))
            })
            .collect();
        (!ready.is_empty()).then_some(Self(ready))
    }
}

/// A public key in the place of a secret: with what everybody knows, everybody could sign.
fn is_pem(secret: &Secret) -> bool {
    secret.expose().trim_ascii_start().starts_with(b"-----BEGIN ")
}

pub(super) fn mac(algorithm: JwtAlgorithm, secret: &Secret) -> Mac {
    let hash = match algorithm {
        JwtAlgorithm::Hs384 => Algorithm::HmacSha384,
        JwtAlgorithm::Hs512 => Algorithm::HmacSha512,
        _ => Algorithm::HmacSha256,
    };
    Mac::new(hash, secret.expose())
}

/// What the claims are compared with.
pub(in crate::scheme) struct Given<'a> {
    pub(in crate::scheme) sender: &'a Sender,
    pub(in crate::scheme) uri: &'a Uri,
    pub(in crate::scheme) body: &'a [u8],
    pub(in crate::scheme) now: Option<UnixTime>,
    pub(in crate::scheme) tolerance: Duration,
}

/// Whether it is worth the reading of a body: three parts that are not empty.
pub(in crate::scheme) fn looks_like_one(token: &str) -> bool {
    token.len() <= LONGEST && parts(token).is_some()
}

fn parts(token: &str) -> Option<(&str, &str, &str)> {
    let (head, rest) = token.split_once('.')?;
    let (claims, signature) = rest.split_once('.')?;
    let sound = !head.is_empty() && !claims.is_empty() && !signature.is_empty() && !signature.contains('.');
    sound.then_some((head, claims, signature))
}

fn malformed(detail: &'static str) -> VerifyError {
    VerifyError::new(Reason::MalformedSignature, detail)
}

/// The header of a token, or of a detached signature: nothing in it is proved yet.
pub(crate) fn token_header(token: &str) -> Option<Map<String, Value>> {
    let header = token.split('.').next().filter(|header| header.len() <= LONGEST)?;
    object(header)
}

/// An object that says nothing twice: of two values another reader might take the other.
fn object(text: &str) -> Option<Map<String, Value>> {
    let mut buffer = vec![0; text.len()];
    let bytes = Encoding::Base64Url.decode(text, &mut buffer)?;
    strict_json::object(bytes)
}

/// `None` where the key does not fit. With the time at which the token was issued, where that counts, and a hash of the
/// token that tells it from all others.
///
/// # Errors
/// The key fits and the token is not for this delivery; or it can be none of this sender.
pub(in crate::scheme) fn verify(
    jwt: &Jwt,
    key: &JwtKey,
    token: &str,
    given: &Given<'_>,
) -> Result<Option<(Option<UnixTime>, Tag)>, VerifyError> {
    let (head, claims, signature) = parts(token).ok_or_else(|| malformed("this is no token of three parts"))?;
    let header = object(head).ok_or_else(|| malformed("the header of the token cannot be read"))?;
    let Some(algorithm) = header.get("alg").and_then(Value::as_str) else {
        return Err(malformed("the token names no algorithm"));
    };
    let Some(algorithm) = jwt.algorithms().iter().find(|known| known.is(algorithm)) else {
        return Err(VerifyError::new(Reason::UnsupportedScheme, "the token is not signed by the sender's algorithm"));
    };
    if header.contains_key("crit") || header.contains_key("b64") {
        return Err(VerifyError::new(Reason::UnsupportedScheme, "the token asks for an extension that is not known"));
    }
    // A token of the same issuer that was made for another purpose says so.
    let is_jwt = |typ: &Value| typ.as_str().is_some_and(|typ| typ.eq_ignore_ascii_case("JWT"));
    if !header.get("typ").is_none_or(is_jwt) {
        return Err(VerifyError::new(Reason::UnsupportedScheme, "the token is of another type than JWT"));
    }
    let Some((_, key)) = key.0.iter().find(|(known, _)| known == algorithm) else { return Ok(None) };
    let signed = token.get(..head.len() + 1 + claims.len()).unwrap_or_default().as_bytes();
    let mut buffer = [0; PublicAlgorithm::LONGEST];
    let Some(signature) = Encoding::Base64Url.decode(signature, &mut buffer) else {
        return Err(malformed("the signature of the token cannot be decoded"));
    };
    let matches = match key {
        Ready::Public(key) => key.verifies(&Message::new(&[signed]), signature),
        Ready::Mac(mac) => {
            let mut mac = mac.clone();
            mac.update(signed);
            signature.len() <= Tag::MAX && mac.finish().matches(&Tag::of(signature))
        }
    };
    if !matches {
        return Ok(None);
    }
    let claims = object(claims).ok_or_else(|| malformed("the claims of the token cannot be read"))?;
    let issued = check_times(jwt, &claims, given)?;
    check_claims(jwt, &claims, given)?;
    Ok(Some((issued, Tag::of(&Sha256::digest(token)))))
}

/// A time in seconds, with a fraction or without.
fn time(claims: &Map<String, Value>, name: &str) -> Result<Option<UnixTime>, VerifyError> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    let seconds = value.as_u64().or_else(|| {
        let seconds = value.as_f64()?;
        // Up to here whole numbers are exact, and it lies far beyond any date.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked on both sides")]
        (0.0..9e15).contains(&seconds).then_some(seconds as u64)
    });
    // Twelve digits, as for other timestamps.
    match seconds.filter(|seconds| *seconds <= 999_999_999_999) {
        Some(seconds) => Ok(Some(UnixTime::from_secs(seconds))),
        None => Err(VerifyError::new(Reason::MalformedTimestamp, "a time in the token is none")),
    }
}

fn check_times(jwt: &Jwt, claims: &Map<String, Value>, given: &Given<'_>) -> Result<Option<UnixTime>, VerifyError> {
    let (expires, begins, issued) = (time(claims, "exp")?, time(claims, "nbf")?, time(claims, "iat")?);
    if expires.is_none() && begins.is_none() && issued.is_none() {
        return Ok(None);
    }
    let Some(now) = given.now else {
        return Err(VerifyError::new(Reason::Misconfigured, "this machine's clock stands before 1970"));
    };
    let past = |time: Option<UnixTime>, by| time.is_some_and(|time| now.saturating_since(time) > by);
    let ahead = |time: Option<UnixTime>, by| time.is_some_and(|time| time.saturating_since(now) > by);
    // What does not say when it ends counts for the tolerance from when it was made.
    let ends = issued.filter(|_| jwt.requires_claim("iat") || expires.is_none());
    if past(expires, jwt.leeway) || past(ends, given.tolerance) {
        return Err(VerifyError::new(Reason::TimestampTooOld, "the token has expired"));
    }
    if ahead(begins, jwt.leeway) || ahead(issued, given.tolerance) {
        return Err(VerifyError::new(Reason::TimestampInFuture, "the token does not count yet"));
    }
    Ok(ends)
}

fn check_claims(jwt: &Jwt, claims: &Map<String, Value>, given: &Given<'_>) -> Result<(), VerifyError> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    for name in jwt.requires {
        if claims.get(*name).is_none_or(Value::is_null) {
            let timed = matches!(*name, "exp" | "iat" | "nbf");
            let reason = if timed { Reason::MissingTimestamp } else { Reason::MalformedSignature };
            return Err(VerifyError::new(reason, "a claim that the sender makes is missing in the token"));
        }
    }
    for (name, claim) in jwt.claims {
        let fits = match claim {
            Claim::IsKeyId => text(name) == given.sender.own_id(),
            Claim::IsOneOf(texts) => text(name).is_some_and(|text| texts.contains(&text)),
            Claim::IsTrue => claims.get(*name).and_then(Value::as_bool) == Some(true),
            Claim::IsAudience => text(name).is_some_and(|text| {
                Some(text) == given.sender.public_url() || text == called_url(given.sender, given.uri)
            }),
            Claim::IsUrl => text(name) == Some(&*called_url(given.sender, given.uri)),
            Claim::IsUrlHash => is_hash_of(text(name), Encoding::Hex, called_url(given.sender, given.uri).as_bytes()),
        };
        if !fits {
            return Err(VerifyError::new(Reason::SignatureMismatch, "a claim of the token is not for this endpoint"));
        }
    }
    match jwt.body_hash {
        Some((name, _)) if given.body.is_empty() && !claims.contains_key(name) => Ok(()),
        Some((name, encoding)) if !is_hash_of(text(name), encoding, given.body) => {
            Err(VerifyError::new(Reason::SignatureMismatch, "the token was signed for another body"))
        }
        _ => Ok(()),
    }
}

/// The URL as the sender called it.
pub(super) fn called_url<'a>(sender: &'a Sender, uri: &Uri) -> Cow<'a, str> {
    let url = sender.public_url().unwrap_or_default();
    match uri.query() {
        Some(query) if !url.contains('?') => Cow::Owned(format!("{url}?{query}")),
        _ => Cow::Borrowed(url),
    }
}

/// No secret: both sides stand in the request.
fn is_hash_of(claim: Option<&str>, encoding: Encoding, bytes: &[u8]) -> bool {
    let hash = encoding.encode(&Sha256::digest(bytes));
    claim.is_some_and(|claim| match encoding {
        Encoding::Hex => claim.eq_ignore_ascii_case(&hash),
        _ => claim.trim_end_matches('=') == hash.trim_end_matches('='),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::UrlScheme;
    use super::*;

    const NOW: u64 = 1_700_000_000;
    const SHARED: Jwt = Jwt::new(&[JwtAlgorithm::Hs256]);

    fn given<'a>(sender: &'a Sender, uri: &'a Uri) -> Given<'a> {
        let tolerance = Duration::from_secs(300);
        Given { sender, uri, body: b"", now: Some(UnixTime::from_secs(NOW)), tolerance }
    }

    fn sender(url: &str) -> Sender {
        UrlScheme::new(crate::provider::GITHUB).at(url).unwrap()
    }

    #[test]
    fn a_token_has_three_parts_and_none_is_empty() {
        assert!(looks_like_one("a.b.c"));
        for other in ["", "a", "a.b", ".b.c", "a..c", "a.b.", "a.b.c.d", "a.b.c.", "..."] {
            assert!(!looks_like_one(other), "{other}");
        }
    }

    #[test]
    fn whatever_time_a_token_names_counts() {
        let (sender, uri) = (sender("https://hooks.example/in"), Uri::from_static("/in"));
        let judge = |claims: Value| {
            let judged = check_times(&SHARED, claims.as_object().unwrap(), &given(&sender, &uri));
            judged.map_err(|error| error.reason())
        };
        assert_eq!(judge(json!({})), Ok(None));
        assert_eq!(judge(json!({"iat": NOW})), Ok(Some(UnixTime::from_secs(NOW))));
        assert_eq!(judge(json!({"iat": NOW - 301})), Err(Reason::TimestampTooOld));
        assert_eq!(judge(json!({"iat": NOW + 301})), Err(Reason::TimestampInFuture));
        assert_eq!(judge(json!({"exp": NOW + 1})), Ok(None));
        assert_eq!(judge(json!({"exp": NOW - 6})), Err(Reason::TimestampTooOld));
        assert_eq!(judge(json!({"nbf": NOW})), Ok(None));
        assert_eq!(judge(json!({"nbf": NOW + 6})), Err(Reason::TimestampInFuture));
        assert_eq!(judge(json!({"nbf": NOW + 6, "iat": NOW})), Err(Reason::TimestampInFuture));
    }

    #[test]
    fn the_query_of_the_call_belongs_to_the_url_unless_that_has_one() {
        let uri = Uri::from_static("/in?b=2");
        for (configured, called) in [
            ("https://hooks.example/in", "https://hooks.example/in?b=2"),
            ("https://hooks.example/in?a=1", "https://hooks.example/in?a=1"),
        ] {
            assert_eq!(called_url(&sender(configured), &uri), called);
        }
    }

    #[test]
    fn hex_digits_of_a_hash_are_of_either_case_and_base64_is_not() {
        let hash = Sha256::digest(b"body");
        let hex = Encoding::Hex.encode(&hash);
        for claim in [hex.clone(), hex.to_ascii_uppercase()] {
            assert!(is_hash_of(Some(&claim), Encoding::Hex, b"body"));
        }
        let base64 = Encoding::Base64.encode(&hash);
        assert!(is_hash_of(Some(base64.trim_end_matches('=')), Encoding::Base64, b"body"));
        assert!(!is_hash_of(Some(&base64.to_ascii_uppercase()), Encoding::Base64, b"body"));
        assert!(!is_hash_of(Some(&hex), Encoding::Hex, b"another") && !is_hash_of(None, Encoding::Hex, b"body"));
    }
}
