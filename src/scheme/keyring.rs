//! Keys made ready: decoded, checked and scheduled once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use sha1::Sha1;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::description::Scheme;
use super::jwt::JwtKey;
use super::plan::KeyKinds;
use super::terms::{Method, SecretText};
use crate::clock::UnixTime;
use crate::config_error::ConfigError;
#[cfg(feature = "cli")]
use crate::crypto::{Algorithm, Hash};
use crate::crypto::{Mac, PublicAlgorithm, PublicKey, TokenHash};
use crate::encoding::{self, Encoding};
use crate::secret::{KeyMaterial, RingKey, Secret, Secrets, Standing};
#[cfg(feature = "cli")]
use crate::{
    secret::Key,
    verifying_key::{KeyDocument, VerifyingKey},
};

/// The keys of one route, under its scheme.
#[derive(Debug)]
pub(crate) struct Keyring {
    keys: Vec<ReadyKey>,
    /// As configured; `None` where the keys were fetched.
    secrets: Option<Secrets>,
    /// The key that matched last: tried first.
    likeliest: AtomicUsize,
}

#[derive(Debug)]
pub(super) struct ReadyKey {
    pub(super) id: Arc<str>,
    pub(super) key: KeyKind,
    not_before: Option<UnixTime>,
    not_after: Option<UnixTime>,
    /// When it was last told that this key, which is retired, is still used; in seconds since 1970.
    retired: Option<AtomicU64>,
}

#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "a few a route, made once; a box would be a cache miss for each delivery")]
pub(super) enum KeyKind {
    /// A hash that has seen nothing yet, and the secret that is a part of what it will see.
    Digest(Mac, Zeroizing<Vec<u8>>),
    Jwt(JwtKey),
    Mac(Mac),
    Public(PublicKey),
    Token(TokenHash),
}

impl Keyring {
    pub(crate) fn new(scheme: &Scheme, secrets: &Secrets) -> Result<Self, ConfigError> {
        let mut keys = Vec::with_capacity(secrets.keys().len());
        for key in secrets.keys() {
            keys.push(ReadyKey::new(scheme, key)?);
            if let (SecretText::WholeOrBase64 { prefix }, KeyMaterial::Shared(secret)) =
                (scheme.secret_text, &key.material)
                && secret.expose().starts_with(prefix.as_bytes())
            {
                // What is no base64 is a text all the same.
                keys.extend(ReadyKey::new(&scheme.secret_text(SecretText::Base64 { prefix }), key));
            }
        }
        Ok(Self { keys, secrets: Some(secrets.clone()), likeliest: AtomicUsize::new(0) })
    }

    /// No key at all, for senders that are let in unsigned.
    pub(crate) fn none() -> Self {
        Self { keys: Vec::new(), secrets: None, likeliest: AtomicUsize::new(0) }
    }

    pub(super) const fn of(keys: Vec<ReadyKey>) -> Self {
        Self { keys, secrets: None, likeliest: AtomicUsize::new(0) }
    }

    /// What the keys were made of, for whoever looks for the cause of a mismatch.
    pub(crate) const fn secrets(&self) -> Option<&Secrets> {
        self.secrets.as_ref()
    }

    /// The ids of all keys.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &Arc<str>> {
        self.keys.iter().map(|key| &key.id)
    }

    /// The keys that have an end, and when that is.
    pub(crate) fn ends(&self) -> impl Iterator<Item = (&Arc<str>, UnixTime)> {
        self.keys.iter().filter_map(|key| Some((&key.id, key.not_after?)))
    }

    pub(crate) fn has_retired(&self) -> bool {
        self.keys.iter().any(|key| key.retired.is_some())
    }

    /// Whether this key is retired, and that was not told within the last minute.
    pub(crate) fn is_news_that_retired(&self, id: &str, now: UnixTime) -> bool {
        let told = self.keys.iter().find(|key| *key.id == *id).and_then(|key| key.retired.as_ref());
        told.is_some_and(|told| {
            let (before, now) = (told.load(Ordering::Relaxed), now.as_secs());
            now >= before.saturating_add(60)
                && told.compare_exchange(before, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        })
    }

    pub(super) fn kinds(&self) -> KeyKinds {
        let public = |key: &ReadyKey| matches!(key.key, KeyKind::Public(_));
        KeyKinds { public: self.keys.iter().any(public), shared: !self.keys.iter().all(public) }
    }

    /// The keys that count at `now`, the likeliest first. Without a clock, those without a window.
    pub(super) fn active(&self, now: Option<UnixTime>) -> impl Iterator<Item = (usize, &ReadyKey)> {
        let first = self.likeliest.load(Ordering::Relaxed);
        let likeliest = self.keys.get(first).map(|key| (first, key));
        let others = self.keys.iter().enumerate().filter(move |(at, _)| *at != first);
        likeliest.into_iter().chain(others).filter(move |(_, key)| key.counts(now))
    }

    pub(super) fn get(&self, at: usize) -> Option<&ReadyKey> {
        self.keys.get(at)
    }

    pub(super) fn matched(&self, at: usize) {
        if self.likeliest.load(Ordering::Relaxed) != at {
            self.likeliest.store(at, Ordering::Relaxed);
        }
    }
}

impl Scheme {
    /// Keys that nobody knows, to go the whole way for somebody who does not exist.
    pub(crate) fn throwaway_keys(&self) -> Result<Secrets, ConfigError> {
        match self.method {
            Method::Basic => {
                let password = Secret::generate()?;
                Secret::new([b"user:", password.expose()].concat()).map(Secrets::from)
            }
            Method::Jwt(jwt) => match jwt.algorithms().iter().find_map(|algorithm| algorithm.public()) {
                Some(public) => PublicKey::throwaway(public).map(Secrets::from),
                None => Secret::generate().map(Secrets::from),
            },
            Method::Public(algorithm) => PublicKey::throwaway(algorithm).map(Secrets::from),
            _ => self.throwaway_secret().map(Secrets::from),
        }
    }

    /// As this sender writes its secrets: else it would be no key, and nobody's delivery refused for that.
    fn throwaway_secret(&self) -> Result<Secret, ConfigError> {
        let secret = Secret::generate()?;
        let text = secret.expose();
        match self.secret_text {
            SecretText::Base64 { .. } => Secret::new(text.strip_prefix(b"whsec_").unwrap_or(text)),
            SecretText::Hex => Secret::new(Encoding::Hex.encode(text)),
            _ => Ok(secret),
        }
    }
}

impl Scheme {
    /// Whether deliveries are verified with the sender's public key, and no shared secret can stand for it.
    #[must_use]
    pub fn needs_public_key(&self) -> bool {
        match self.method {
            Method::Jwt(jwt) => jwt.needs_public_key(),
            Method::Public(_) => true,
            _ => false,
        }
    }
}

#[cfg(feature = "cli")]
impl Scheme {
    /// The same scheme with the hash function that the receiver's account is set to: `md5`, `sha1`, `sha256`, `sha384`
    /// or `sha512`. Where no hash can be chosen, as with public keys, the scheme as it is. `None`: no such hash.
    pub(crate) fn with_hash(mut self, hash: &str) -> Option<Self> {
        let (hmac, digest) = match hash {
            "md5" => (Algorithm::HmacMd5, Some(Hash::Md5)),
            "sha1" => (Algorithm::HmacSha1, Some(Hash::Sha1)),
            "sha256" => (Algorithm::HmacSha256, Some(Hash::Sha256)),
            "sha384" => (Algorithm::HmacSha384, Some(Hash::Sha384)),
            "sha512" => (Algorithm::HmacSha512, None),
            _ => return None,
        };
        self.method = match self.method {
            Method::Digest(_) => Method::Digest(digest?),
            Method::Hmac(_) => Method::Hmac(hmac),
            other => other,
        };
        Some(self)
    }

    /// Whether a public key can be configured.
    pub(crate) fn takes_public_key(&self) -> bool {
        match self.method {
            Method::Jwt(jwt) => jwt.takes_public_key(),
            _ => self.needs_public_key() || self.ed25519.is_some(),
        }
    }

    /// The key that `text` stands for, as a user of this sender would configure it: a public key in hex or base64 (or
    /// behind `whpk_`) where the sender has one, else a secret, of whatever length and content but not empty.
    pub(crate) fn key_as_configured(&self, text: &str) -> Result<Key, ConfigError> {
        let public = match self.method {
            Method::Public(_) => Some(VerifyingKey::from_text(text)),
            Method::Jwt(jwt) if jwt.needs_public_key() || text.contains("-----BEGIN ") => {
                Some(VerifyingKey::from_text(text))
            }
            Method::Hmac(_) if self.ed25519.is_some() && is_public_text(text) => Some(VerifyingKey::from_text(text)),
            _ => None,
        };
        match (public, Secret::as_configured(text)) {
            (_, None) => Err(ConfigError::secret("a secret is empty")),
            (Some(Ok(key)), _) => Ok(key.into()),
            (Some(Err(error)), _) => Err(error),
            (None, Some(secret)) => Ok(secret.into()),
        }
    }

    /// The keys that `text` stands for: one, or those of a JSON Web Key Set, any of which may match.
    pub(crate) fn keys_as_configured(&self, text: &str) -> Result<Vec<Key>, ConfigError> {
        if self.takes_public_key()
            && text.trim_start().starts_with('{')
            && let Ok(set) = KeyDocument::jwks(text)
        {
            return Ok(set.keys().iter().map(|key| key.key().clone().into()).collect());
        }
        Ok(vec![self.key_as_configured(text)?])
    }

    /// Whether this text is a shared secret that can be guessed.
    pub(crate) fn is_short_secret(&self, text: &str) -> bool {
        !self.needs_public_key() && Secret::as_configured(text).is_some_and(|secret| secret.is_short())
    }
}

/// Whether a sender that takes secrets and public keys is given a public key.
#[cfg(feature = "cli")]
fn is_public_text(text: &str) -> bool {
    text.starts_with("whpk_") || text.contains("-----BEGIN ") || text.trim_start().starts_with('{')
}

impl ReadyKey {
    fn new(scheme: &Scheme, key: &RingKey) -> Result<Self, ConfigError> {
        let error = |what: &str| Err(ConfigError::secret(format!("key `{}` of `{}`: {what}", key.id, scheme.name)));
        if let (Some(from), Some(until)) = (key.not_before, key.not_after)
            && until < from
        {
            return error("it counts at no time: its end lies before its beginning");
        }
        let ready = match (scheme.method, &key.material) {
            (Method::Hmac(algorithm), KeyMaterial::Shared(secret)) => match secret_bytes(scheme.secret_text, secret) {
                Some(bytes) if !bytes.is_empty() => KeyKind::Mac(Mac::new(algorithm, &bytes)),
                Some(_) => return error("the secret is empty once it is decoded"),
                None => return error("the secret is not base64, or not hex, as this sender writes it"),
            },
            (Method::Digest(hash), KeyMaterial::Shared(secret)) => match secret_bytes(scheme.secret_text, secret) {
                Some(bytes) if !bytes.is_empty() => KeyKind::Digest(Mac::plain(hash), bytes),
                _ => return error("the secret cannot be decoded as this sender writes it"),
            },
            (Method::Basic, KeyMaterial::Shared(secret)) => match basic_token(secret) {
                Some(token) => KeyKind::Token(TokenHash::of(token.as_bytes())),
                None => return error("the secret is not `user:password`"),
            },
            (Method::Token, KeyMaterial::Shared(secret)) if !fits_a_header(secret.expose()) => {
                return error("no header can hold this token: it is not ASCII, or has blanks at its ends");
            }
            (Method::Token, KeyMaterial::Shared(secret)) => KeyKind::Token(TokenHash::of(secret.expose())),
            (Method::Public(algorithm), KeyMaterial::Public(public)) => {
                KeyKind::Public(PublicKey::parse(algorithm, public)?)
            }
            (Method::Hmac(_), KeyMaterial::Public(public)) if scheme.ed25519.is_some() => {
                KeyKind::Public(PublicKey::parse(PublicAlgorithm::Ed25519, public)?)
            }
            (Method::Jwt(jwt), material) => match JwtKey::new(jwt, material) {
                Ok(key) => KeyKind::Jwt(key),
                Err(wrong) => return error(&wrong.to_string()),
            },
            (Method::Unsigned, _) => return error("this sender signs nothing"),
            (_, KeyMaterial::Public(_)) => return error("this sender signs with a shared secret, not a public key"),
            (Method::Public(_), KeyMaterial::Shared(_)) => {
                return error("this sender is verified with its public key, not with a shared secret");
            }
        };
        let retired = matches!(key.standing, Standing::Retired).then(AtomicU64::default);
        Ok(Self { id: key.id.clone(), key: ready, not_before: key.not_before, not_after: key.not_after, retired })
    }

    pub(super) const fn fetched(id: Arc<str>, key: KeyKind) -> Self {
        Self { id, key, not_before: None, not_after: None, retired: None }
    }

    /// What hashes under this key, and the secret that goes into a digest.
    pub(super) fn hashing(&self) -> Option<(&Mac, &[u8])> {
        match &self.key {
            KeyKind::Digest(hash, secret) => Some((hash, secret)),
            KeyKind::Mac(mac) => Some((mac, &[])),
            KeyKind::Jwt(_) | KeyKind::Public(_) | KeyKind::Token(_) => None,
        }
    }

    fn counts(&self, now: Option<UnixTime>) -> bool {
        match now {
            Some(now) => {
                self.not_before.is_none_or(|from| from <= now) && self.not_after.is_none_or(|until| now <= until)
            }
            None => self.not_before.is_none() && self.not_after.is_none(),
        }
    }
}

/// Whether a token can be the value of a header as we read it: ASCII, without blanks at its ends.
pub(super) fn fits_a_header(token: &[u8]) -> bool {
    token.trim_ascii().len() == token.len() && token.iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~'))
}

/// What stands behind `Basic `, of a secret that is `user:password`.
pub(super) fn basic_token(secret: &Secret) -> Option<Zeroizing<String>> {
    secret.expose().contains(&b':').then(|| Zeroizing::new(Encoding::Base64.encode(secret.expose())))
}

/// The key bytes that a secret's text stands for.
pub(super) fn secret_bytes(rule: SecretText, secret: &Secret) -> Option<Zeroizing<Vec<u8>>> {
    match rule {
        SecretText::Whole | SecretText::WholeOrBase64 { .. } => Some(Zeroizing::new(secret.expose().to_vec())),
        SecretText::Base64IfPrefixed { prefix } => {
            match std::str::from_utf8(secret.expose()).ok()?.strip_prefix(prefix) {
                Some(text) => encoding::secret_from_base64(text),
                None => Some(Zeroizing::new(secret.expose().to_vec())),
            }
        }
        SecretText::Sha1 => Some(Zeroizing::new(Sha1::digest(secret.expose()).to_vec())),
        SecretText::Sha256 => Some(Zeroizing::new(Sha256::digest(secret.expose()).to_vec())),
        SecretText::WithoutEnvironment { prefix } => {
            let text = secret.expose();
            Some(Zeroizing::new(behind_environment(text, prefix.as_bytes()).unwrap_or(text).to_vec()))
        }
        SecretText::Hex => encoding::secret_from_hex(std::str::from_utf8(secret.expose()).ok()?),
        SecretText::Base64 { prefix } => {
            let text = std::str::from_utf8(secret.expose()).ok()?;
            let text = text.strip_prefix("v1,").unwrap_or(text);
            encoding::secret_from_base64(text.strip_prefix(prefix).unwrap_or(text))
        }
    }
}

/// What stands behind `<prefix><name>-`.
fn behind_environment<'t>(text: &'t [u8], prefix: &[u8]) -> Option<&'t [u8]> {
    let rest = text.strip_prefix(prefix)?;
    let end = rest.iter().position(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_').filter(|end| *end > 0)?;
    rest.get(end..)?.strip_prefix(b"-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(rule: SecretText, text: &str) -> String {
        Encoding::Hex.encode(&secret_bytes(rule, &Secret::short(text).unwrap()).unwrap())
    }

    /// The digests of `abc` in [FIPS 180-4's examples](https://csrc.nist.gov/projects/cryptographic-standards-and-guidelines/example-values).
    #[test]
    fn a_digest_of_the_secret_is_the_key() {
        assert_eq!(key(SecretText::Sha1, "abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
        let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(key(SecretText::Sha256, "abc"), digest);
    }

    #[test]
    fn an_environment_is_taken_off_once() {
        let of = |text| behind_environment(text, b"signkey-");
        assert_eq!(of(b"signkey-prod-ab-cd"), Some(&b"ab-cd"[..]));
        assert_eq!(of(b"signkey-test_1-signkey-x-ab"), Some(&b"signkey-x-ab"[..]));
        for text in [&b"abcd"[..], b"signkey-", b"signkey--ab", b"signkey-prod", b"signkey-a.b-c", b"xsignkey-prod-ab"]
        {
            assert_eq!(of(text), None);
        }
    }
}
