//! Signing: the inverse of verification, for tests and for those who send.

use std::ops::ControlFlow;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Uri};
use zeroize::Zeroizing;

use super::field::{Blanks, Field, Items, List, Source};
use super::jwt::{self, Jwt};
use super::keyring::{basic_token, fits_a_header, secret_bytes};
use super::name_set::{SignedHeader, text_after};
use super::rule::Unverified;
use super::sender::Sender;
use super::terms::{Content, Method, Part, Place};
use crate::clock::UnixTime;
use crate::config_error::{ConfigError, ConfigErrorKind};
use crate::crypto::{Ed25519Signer, Mac, Tag};
use crate::encoding::Encoding;
use crate::json_pointer;
use crate::secret::Secret;

/// Signs requests as one sender does.
///
/// ```
/// use http::{HeaderValue, Request};
/// use tower_webhook::clock::UnixTime;
/// use tower_webhook::scheme::{Signer, Verifier};
/// use tower_webhook::{Secret, bytes::Bytes, provider};
///
/// let secret = Secret::new("a secret of at least sixteen bytes")?;
/// let (mut head, body) = Request::post("/hook").body(Bytes::from_static(b"{}"))?.into_parts();
/// let now = UnixTime::from_secs(1_700_000_000);
/// Signer::new(provider::STRIPE, secret.clone())?.sign(&mut head, &body, now)?;
///
/// let verifier = Verifier::new(provider::STRIPE, secret)?;
/// assert!(verifier.verify(&head, &body, Some(now)).is_ok());
/// assert!(verifier.verify(&head, &Bytes::from_static(b"{ }"), Some(now)).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Signer {
    sender: Sender,
    key: SignerKey,
}

#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "one a signer, made once")]
enum SignerKey {
    Digest(Mac, Zeroizing<Vec<u8>>),
    #[cfg_attr(not(feature = "ed25519"), allow(dead_code))]
    Ed25519(Ed25519Signer),
    Jwt(&'static Jwt, Secret),
    Mac(Mac),
    Token(Secret),
}

impl Signer {
    /// Signs with a shared secret (or shows it, where it is a token).
    ///
    /// # Errors
    /// A scheme that contradicts itself or signs with a private key, a secret that it cannot decode.
    pub fn new(sender: impl Into<Sender>, secret: Secret) -> Result<Self, ConfigError> {
        let sender = sender.into();
        sender.check()?;
        let scheme = sender.scheme();
        let key = match scheme.method {
            Method::Hmac(algorithm) => match secret_bytes(scheme.secret_text, &secret) {
                Some(bytes) if !bytes.is_empty() => SignerKey::Mac(Mac::new(algorithm, &bytes)),
                _ => return Err(ConfigError::secret(format!("`{}`: the secret cannot be decoded", scheme.name))),
            },
            Method::Digest(hash) => match secret_bytes(scheme.secret_text, &secret) {
                Some(bytes) if !bytes.is_empty() => SignerKey::Digest(Mac::plain(hash), bytes),
                _ => return Err(ConfigError::secret(format!("`{}`: the secret cannot be decoded", scheme.name))),
            },
            Method::Basic => match basic_token(&secret) {
                Some(token) => SignerKey::Token(Secret::short(token.as_bytes())?),
                None => {
                    return Err(ConfigError::secret(format!("`{}`: the secret is not `user:password`", scheme.name)));
                }
            },
            Method::Token if fits_a_header(secret.expose()) => SignerKey::Token(secret),
            Method::Token => {
                return Err(ConfigError::secret(format!("`{}`: no header can hold this token", scheme.name)));
            }
            Method::Jwt(jwt) if !jwt.needs_public_key() => SignerKey::Jwt(jwt, secret),
            Method::Jwt(_) | Method::Public(_) | Method::Unsigned => {
                return Err(ConfigError::secret(format!("`{}` does not sign with a shared secret", scheme.name)));
            }
        };
        Ok(Self { sender, key })
    }

    /// Signs with an Ed25519 key.
    ///
    /// # Errors
    /// A scheme that contradicts itself, or that has no such signature.
    #[cfg(feature = "ed25519")]
    pub fn ed25519(sender: impl Into<Sender>, key: crate::crypto::SigningKey) -> Result<Self, ConfigError> {
        let sender = sender.into();
        sender.check()?;
        if !matches!(sender.scheme().method, Method::Public(crate::crypto::PublicAlgorithm::Ed25519))
            && sender.scheme().ed25519.is_none()
        {
            return Err(ConfigError::secret(format!("`{}` has no Ed25519 signature", sender.scheme().name)));
        }
        Ok(Self { sender, key: SignerKey::Ed25519(key) })
    }

    /// Adds what the sender adds: timestamp and signature. The other headers that it signs, such as the
    /// delivery id, must be there already; and the signature itself, where the sender writes it into the body: see
    /// [`Signer::signature_beside`].
    ///
    /// # Errors
    /// A signed header that is missing, stands on several lines or contains the text that ends it; any other
    /// request that this sender cannot have made.
    pub fn sign(&self, head: &mut Parts, body: &Bytes, now: UnixTime) -> Result<(), ConfigError> {
        let scheme = self.sender.scheme();
        if let Content::Rule(rule) = scheme.content {
            rule.prepare(head, body);
        }
        // What the rule finds in the body is not ours to write.
        let timestamp = scheme.timestamp.filter(|(field, _)| field.source != Source::Rule);
        let timestamp = timestamp.map(|(field, format)| (field, format.write(now)));
        if let (Content::Rule(_), Some((field, text))) = (scheme.content, &timestamp) {
            // The rule reads it from the head.
            self.write(head, &[(*field, text.clone())])?;
        }
        if let (SignerKey::Jwt(jwt, secret), Some((field, _))) = (&self.key, scheme.signature) {
            let token = jwt::make(jwt, secret, &self.sender, (&head.uri, body), now);
            let token = token.ok_or_else(|| ConfigError::secret("this sender signs with a private key"))?;
            return self.write(head, &[(field, token)]);
        }
        let signature = self.signature(head, body, timestamp.as_ref().map(|(_, text)| text.as_str()))?;
        let mut written: Vec<(Field, String)> = timestamp.into_iter().collect();
        written.extend(signature);
        self.write(head, &written)
    }

    /// The signature, for senders that write it into the body (or elsewhere beside what they sign), so that you can put it
    /// there; [`Signer::sign`] then finds it. `None` for all others.
    ///
    /// ```
    /// use http::Request;
    /// use tower_webhook::clock::UnixTime;
    /// use tower_webhook::scheme::{Signer, Verifier};
    /// use tower_webhook::{Secret, bytes::Bytes, provider};
    ///
    /// let secret = Secret::new("a secret of at least sixteen bytes")?;
    /// let body = |signature: &str| {
    ///     let signature = format!(r#"{{"timestamp":"1700000000","token":"t1","signature":"{signature}"}}"#);
    ///     Bytes::from(format!(r#"{{"signature":{signature},"event-data":{{"event":"delivered"}}}}"#))
    /// };
    /// let (mut head, ()) = Request::post("/hook").body(())?.into_parts();
    /// let now = UnixTime::from_secs(1_700_000_000);
    ///
    /// let signer = Signer::new(provider::MAILGUN, secret.clone())?;
    /// let signature = signer.signature_beside(&head, &body(""))?.unwrap_or_default();
    /// signer.sign(&mut head, &body(&signature), now)?;
    /// assert!(Verifier::new(provider::MAILGUN, secret)?.verify(&head, &body(&signature), Some(now)).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A request that this sender cannot have made.
    pub fn signature_beside(&self, head: &Parts, body: &Bytes) -> Result<Option<String>, ConfigError> {
        let Some((Field { source: Source::Rule, .. }, encoding)) = self.sender.scheme().signature else {
            return Ok(None);
        };
        let (SignerKey::Digest(mac, _) | SignerKey::Mac(mac)) = &self.key else { return Ok(None) };
        let mut mac = mac.clone();
        mac.update(&Zeroizing::new(self.content(head, body, None)?));
        Ok(Some(encoding.encode(mac.finish().as_slice())))
    }

    fn signature(
        &self,
        head: &Parts,
        body: &Bytes,
        timestamp: Option<&str>,
    ) -> Result<Option<(Field, String)>, ConfigError> {
        let scheme = self.sender.scheme();
        let text = |place: Option<(Field, Encoding)>, bytes: &[u8]| {
            place.map(|(field, encoding)| (field, encoding.encode(bytes)))
        };
        Ok(match &self.key {
            SignerKey::Jwt(..) => None,
            SignerKey::Token(secret) => {
                if let Some((Field { source: Source::Json, header, .. }, _)) = scheme.signature {
                    let shown =
                        json_pointer::text_at(body, header).is_some_and(|text| text.as_bytes() == secret.expose());
                    let missing = || ConfigError::new(ConfigErrorKind::Scheme, "the body does not show the token");
                    return if shown { Ok(None) } else { Err(missing()) };
                }
                let token = String::from_utf8_lossy(secret.expose()).into_owned();
                scheme.signature.map(|(field, _)| (field, token))
            }
            SignerKey::Digest(mac, _) | SignerKey::Mac(mac) => {
                let mut mac = mac.clone();
                // Of a digest, the secret is in it.
                mac.update(&Zeroizing::new(self.content(head, body, timestamp)?));
                let computed = mac.finish();
                if self.shows_signature(head, body, &computed)? {
                    return Ok(None);
                }
                text(scheme.signature, computed.as_slice())
            }
            SignerKey::Ed25519(key) => {
                let place = if matches!(scheme.method, Method::Public(_)) { scheme.signature } else { scheme.ed25519 };
                text(place, &key.sign(&self.content(head, body, timestamp)?))
            }
        })
    }

    /// Whether the signature stands where only the rule finds it, and is there already.
    fn shows_signature(&self, head: &Parts, body: &Bytes, computed: &Tag) -> Result<bool, ConfigError> {
        let scheme = self.sender.scheme();
        let (Some((Field { source: Source::Rule, .. }, encoding)), Content::Rule(rule)) =
            (scheme.signature, scheme.content)
        else {
            return Ok(false);
        };
        let missing = || {
            let text = "the signature stands beside what it signs, and there is none yet or another one";
            ConfigError::new(ConfigErrorKind::Scheme, text)
        };
        let shown = rule.signature(&self.unverified(head, body, "")).map_err(|_| missing())?;
        let mut buffer = [0; Tag::MAX];
        let shown = encoding.decode(&shown, &mut buffer).ok_or_else(missing)?;
        if Tag::of(shown).matches(computed) { Ok(true) } else { Err(missing()) }
    }

    fn unverified<'a>(&'a self, head: &'a Parts, body: &'a Bytes, timestamp: &'a str) -> Unverified<'a> {
        let secret: &[u8] = match &self.key {
            SignerKey::Digest(_, secret) => secret,
            SignerKey::Ed25519(_) | SignerKey::Jwt(..) | SignerKey::Mac(_) | SignerKey::Token(_) => &[],
        };
        self.sender.unverified(head, body, timestamp, secret)
    }

    fn content(&self, head: &Parts, body: &Bytes, timestamp: Option<&str>) -> Result<Vec<u8>, ConfigError> {
        let unsigned = |why: &str| ConfigError::new(ConfigErrorKind::Scheme, format!("cannot be signed: {why}"));
        let mut content = Vec::new();
        let parts = match self.sender.scheme().content {
            Content::Parts(parts) => parts,
            Content::Rule(rule) => {
                let emitted =
                    rule.contents(&self.unverified(head, body, timestamp.unwrap_or_default()), &mut |slices| {
                        content = slices.concat();
                        ControlFlow::Break(())
                    });
                emitted.map_err(|error| unsigned(&error.to_string()))?;
                return Ok(content);
            }
        };
        let signed = |name: &'static str, at: usize| {
            let header = SignedHeader::new(HeaderName::from_static(name), text_after(parts, at));
            header.value(&head.headers).map_err(|error| unsigned(&format!("{name}: {error}")))
        };
        for (at, part) in parts.iter().enumerate() {
            match *part {
                Part::Body => content.extend_from_slice(body),
                Part::Header(name) => content.extend_from_slice(signed(name, at)?.as_bytes()),
                Part::Id => {
                    let Place::Header(name) = self.sender.scheme().id else { return Err(unsigned("there is no id")) };
                    content.extend_from_slice(signed(name, at)?.as_bytes());
                }
                Part::KeyId => content.extend_from_slice(self.sender.key_id.as_deref().unwrap_or_default().as_bytes()),
                Part::Lit(text) => content.extend_from_slice(text.as_bytes()),
                Part::Method => content.extend_from_slice(head.method.as_str().as_bytes()),
                Part::Secret => {
                    if let SignerKey::Digest(_, secret) = &self.key {
                        content.extend_from_slice(secret);
                    }
                }
                Part::Timestamp => content.extend_from_slice(timestamp.unwrap_or_default().as_bytes()),
                Part::Url => content.extend_from_slice(self.sender.public_url().unwrap_or_default().as_bytes()),
            }
        }
        Ok(content)
    }

    /// The items of a list that a rule signs along with timestamp and signature: they are there already.
    fn kept_items(&self, head: &Parts, field: &Field, written: &[(Field, String)]) -> String {
        let mut kept = String::new();
        let (Content::Rule(_), Some(list)) = (self.sender.scheme().content, field.list) else { return kept };
        let Items::Pairs { between, .. } = list.items else { return kept };
        let Some(text) = head.headers.get(field.header).and_then(|line| line.to_str().ok()) else { return kept };
        for item in text.split(list.between_items).map(str::trim_start) {
            let own = item.split(between).next().unwrap_or_default();
            let is_written = written.iter().any(|(other, _)| match other.list {
                Some(List { items: Items::Pairs { key, .. }, .. }) => other.header == field.header && key == own,
                _ => false,
            });
            if is_written || item.is_empty() {
                continue;
            }
            separate(&mut kept, list);
            kept.push_str(item);
        }
        kept
    }

    /// Fields that share a header become items of its list, in order.
    fn write(&self, head: &mut Parts, written: &[(Field, String)]) -> Result<(), ConfigError> {
        for (at, (field, _)) in written.iter().enumerate() {
            if written.iter().take(at).any(|(earlier, _)| earlier.header == field.header) {
                continue;
            }
            let mut line = self.kept_items(head, field, written);
            for (field, value) in written.iter().filter(|(other, _)| other.header == field.header) {
                if let Some(list) = field.list {
                    separate(&mut line, list);
                    if let Items::Pairs { between, key, .. } = list.items {
                        line.push_str(key);
                        line.push(between);
                    }
                }
                line.push_str(field.prefix);
                line.push_str(value);
            }
            line.insert_str(0, field.opening);
            if written.iter().any(|(other, _)| other.header == field.header && other.source == Source::Query) {
                set_parameter(head, field.header, &line)?;
                continue;
            }
            let mut value = HeaderValue::try_from(line)
                .map_err(|_| ConfigError::new(ConfigErrorKind::Scheme, "a signature cannot stand in a header"))?;
            // So that `Debug` of the headers does not show it.
            value.set_sensitive(true);
            head.headers.insert(field.header, value);
        }
        Ok(())
    }
}

fn separate(line: &mut String, list: List) {
    if !line.is_empty() {
        line.push(list.between_items);
        if list.blanks == Blanks::Skipped {
            line.push(' ');
        }
    }
}

/// Puts a query parameter behind those that are there, and takes an earlier one of its name away.
fn set_parameter(head: &mut Parts, name: &str, value: &str) -> Result<(), ConfigError> {
    let mut target = format!("{}?", head.uri.path());
    for pair in head.uri.query().unwrap_or_default().split('&') {
        if !pair.is_empty() && pair.split('=').next() != Some(name) {
            target.push_str(pair);
            target.push('&');
        }
    }
    target.push_str(name);
    target.push('=');
    target.push_str(value);
    head.uri = Uri::try_from(target)
        .map_err(|_| ConfigError::new(ConfigErrorKind::Scheme, "a signature cannot stand in the query"))?;
    Ok(())
}
