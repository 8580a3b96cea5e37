//! HTTP Message Signatures ([RFC 9421](https://www.rfc-editor.org/rfc/rfc9421)), the part of them that webhooks use.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::ControlFlow;

use bytes::Bytes;
use http::Uri;
use http::request::Parts;
use sha2::{Digest, Sha256, Sha512};

use super::VerifyError;
use super::fetched_key::{KeyName, KeyRule};
use super::rule::{Emit, SignatureRule, Unverified};
use crate::crypto::PublicAlgorithm;
use crate::encoding::Encoding;
use crate::rejection::Reason;

/// A sender that signs by [RFC 9421](https://www.rfc-editor.org/rfc/rfc9421): `Signature-Input` and `Signature`, over
/// components of which one is `content-digest`, whose digest is that of the body.
///
/// Strict: one signature, with `created` and without `expires`, its `alg` the one that is configured or not said; of
/// components header fields on one line, `@method`, and out of the public URL `@authority`, `@path`, `@query` and
/// `@target-uri`; none with parameters; of digests `sha-256` and `sha-512`
/// ([RFC 9530](https://www.rfc-editor.org/rfc/rfc9530)), each of which must match. The `keyid` names a key that can be
/// fetched.
///
/// ```
/// use tower_webhook::scheme::{KeyPlace, MessageSignature, Scheme, TimestampFormat, item};
///
/// const RULE: MessageSignature = MessageSignature::new("ed25519");
/// const ACME: Scheme = Scheme::ed25519("acme")
///     .signature_by_rule()
///     .signed_by(&RULE)
///     .timestamp(item("signature-input", ';', "created"), TimestampFormat::UnixSeconds)
///     .fetched_key(KeyPlace::Rule(&RULE))
///     .checked();
/// ```
#[derive(Clone, Copy, Debug)]
pub struct MessageSignature {
    algorithm: &'static str,
    url: bool,
}

impl MessageSignature {
    /// Signatures by this algorithm of [RFC 9421 §6.2.2](https://www.rfc-editor.org/rfc/rfc9421#section-6.2.2), such as
    /// `ed25519`. It must be the one that the scheme verifies with.
    #[must_use]
    pub const fn new(algorithm: &'static str) -> Self {
        Self { algorithm, url: false }
    }

    /// The URL is signed, so that it must be configured.
    #[must_use]
    pub const fn over_url(self) -> Self {
        Self { url: true, ..self }
    }
}

const fn malformed(detail: &'static str) -> VerifyError {
    VerifyError::new(Reason::MalformedSignature, detail)
}

/// The one member of `Signature-Input`.
struct Input<'h> {
    label: &'h str,
    components: Vec<&'h str>,
    parameters: Vec<(&'h str, &'h str)>,
    /// All behind the label, which is canonical as it stands there.
    text: &'h str,
}

impl<'h> Input<'h> {
    fn read(head: &'h Parts) -> Result<Self, VerifyError> {
        Self::parse(one(head, "signature-input")?).ok_or(malformed("`signature-input` is not one plain signature"))
    }

    fn parse(line: &'h str) -> Option<Self> {
        let (label, text) = line.split_once('=')?;
        let (inside, mut rest) = text.strip_prefix('(')?.split_once(')')?;
        let mut components = Vec::new();
        for quoted in inside.split(' ') {
            let name = quoted.strip_prefix('"')?.strip_suffix('"')?;
            let sound =
                name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"@-_.".contains(&byte));
            if name.is_empty() || !sound || components.contains(&name) {
                return None;
            }
            components.push(name);
        }
        let mut parameters: Vec<(&str, &str)> = Vec::new();
        while !rest.is_empty() {
            let (key, value) = rest.strip_prefix(';')?.split_once('=')?;
            let end = match value.strip_prefix('"') {
                // No escapes, and nothing but printable ASCII: such a string is what it looks like.
                Some(string) => string.find('"')? + 2,
                None => value.find(';').unwrap_or(value.len()),
            };
            let (value, after) = value.split_at_checked(end)?;
            let number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
            let string =
                value.starts_with('"') && value.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'\\');
            if !is_key(key) || !(number || string) || parameters.iter().any(|(other, _)| *other == key) {
                return None;
            }
            parameters.push((key, value));
            rest = after;
        }
        is_key(label).then_some(Self { label, components, parameters, text })
    }

    fn parameter(&self, name: &str) -> Option<&'h str> {
        self.parameters.iter().find(|(key, _)| *key == name).map(|(_, value)| *value)
    }

    fn string(&self, name: &str) -> Option<&'h str> {
        self.parameter(name)?.strip_prefix('"')?.strip_suffix('"')
    }

    /// The signature base of [RFC 9421 §2.5](https://www.rfc-editor.org/rfc/rfc9421#section-2.5).
    fn base(&self, request: &Unverified<'_>) -> Result<String, VerifyError> {
        let mut base = String::new();
        for component in &self.components {
            let value = if component.starts_with('@') {
                derived(component, request)
                    .ok_or(VerifyError::new(Reason::UnsupportedScheme, "a component is signed that cannot be told"))?
            } else {
                one(request.head, component)?.trim_matches([' ', '\t']).to_owned()
            };
            // Writing to a `String` cannot fail.
            let _ = writeln!(base, "\"{component}\": {value}");
        }
        let _ = write!(base, "\"@signature-params\": {}", self.text);
        Ok(base)
    }
}

/// A key of [RFC 9651 §3.1.2](https://www.rfc-editor.org/rfc/rfc9651#section-3.1.2).
fn is_key(text: &str) -> bool {
    let first = text.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase() || byte == b'*');
    first && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-.*".contains(&byte))
}

/// A component that is no header field ([RFC 9421 §2.2](https://www.rfc-editor.org/rfc/rfc9421#section-2.2)). The URL is
/// the configured one.
fn derived(component: &str, request: &Unverified<'_>) -> Option<String> {
    if component == "@method" {
        return Some(request.head.method.as_str().to_owned());
    }
    let url: Uri = request.public_url.parse().ok()?;
    match component {
        "@authority" => {
            let standard = if url.scheme_str() == Some("https") { ":443" } else { ":80" };
            let authority = url.authority()?.as_str().to_ascii_lowercase();
            Some(authority.strip_suffix(standard).map_or(authority.clone(), str::to_owned))
        }
        "@path" => Some(url.path().to_owned()),
        "@query" => Some(format!("?{}", url.query().unwrap_or_default())),
        "@target-uri" => Some(request.public_url.to_owned()),
        _ => None,
    }
}

/// The value of a field that stands on one line.
fn one<'h>(head: &'h Parts, name: &str) -> Result<&'h str, VerifyError> {
    let mut lines = head.headers.get_all(name).iter();
    match (lines.next(), lines.next()) {
        (None, _) => Err(VerifyError::new(Reason::MissingSignature, "a field of the signature is missing")),
        (Some(line), None) => line.to_str().map_err(|_| malformed("a signed field is not ASCII")),
        (Some(_), Some(_)) => Err(malformed("a signed field stands on several lines")),
    }
}

/// What stands between the colons of a byte sequence.
fn bytes_of(text: &str) -> Option<Vec<u8>> {
    let mut buffer = [0; PublicAlgorithm::LONGEST];
    let text = text.strip_prefix(':')?.strip_suffix(':')?;
    Encoding::Base64.decode(text, &mut buffer).map(<[u8]>::to_vec)
}

/// Whether all digests that we know are those of the body, and there is one.
fn check_digest(line: &str, body: &Bytes) -> Result<(), VerifyError> {
    let mut names: Vec<&str> = Vec::new();
    let mut known = false;
    for (at, member) in line.split(',').enumerate() {
        let member = if at > 0 { member.strip_prefix(' ').unwrap_or(member) } else { member };
        let Some((name, value)) = member.split_once('=') else { return Err(malformed("`content-digest` is no list")) };
        let Some(digest) = bytes_of(value).filter(|_| is_key(name) && !names.contains(&name)) else {
            return Err(malformed("`content-digest` is no list of digests"));
        };
        let fits = match name {
            "sha-256" => digest == Sha256::digest(body)[..],
            "sha-512" => digest == Sha512::digest(body)[..],
            _ => continue,
        };
        if !fits {
            return Err(VerifyError::new(Reason::SignatureMismatch, "the body has another digest"));
        }
        names.push(name);
        known = true;
    }
    if known {
        Ok(())
    } else {
        Err(VerifyError::new(Reason::UnsupportedScheme, "there is neither sha-256 nor sha-512"))
    }
}

impl SignatureRule for MessageSignature {
    fn signs_url(&self) -> bool {
        self.url
    }

    fn examine(&self, head: &Parts) -> Result<(), VerifyError> {
        let input = Input::read(head)?;
        if !input.components.contains(&"content-digest") {
            return Err(VerifyError::new(Reason::UnsupportedScheme, "the body is not signed: no `content-digest`"));
        }
        if input.parameter("alg").is_some() && input.string("alg") != Some(self.algorithm) {
            return Err(VerifyError::new(Reason::UnsupportedScheme, "the signature is of another algorithm"));
        }
        if input.parameter("expires").is_some() {
            return Err(VerifyError::new(Reason::UnsupportedScheme, "a signature with an end is not supported"));
        }
        if input.parameter("created").is_none_or(|created| created.starts_with('"')) {
            return Err(VerifyError::new(Reason::MissingTimestamp, "the signature does not say when it was made"));
        }
        one(head, "signature").and_then(|line| signature_of(line, input.label)).map(|_| ())
    }

    fn signature<'a>(&self, request: &Unverified<'a>) -> Result<Cow<'a, str>, VerifyError> {
        let signature = signature_of(one(request.head, "signature")?, Input::read(request.head)?.label)?;
        Ok(Cow::Owned(Encoding::Base64.encode(&signature)))
    }

    fn contents(&self, request: &Unverified<'_>, emit: &mut Emit<'_>) -> Result<(), VerifyError> {
        check_digest(one(request.head, "content-digest")?, request.body)?;
        let base = Input::read(request.head)?.base(request)?;
        let _: ControlFlow<()> = emit(&[base.as_bytes()]);
        Ok(())
    }
}

fn signature_of(line: &str, label: &str) -> Result<Vec<u8>, VerifyError> {
    let value = line.strip_prefix(label).and_then(|rest| rest.strip_prefix('='));
    value.and_then(bytes_of).ok_or(malformed("`signature` is not the one that `signature-input` names"))
}

impl KeyRule for MessageSignature {
    fn key(&self, request: &Unverified<'_>) -> Result<KeyName, VerifyError> {
        let input = Input::read(request.head)?;
        KeyName::id(input.string("keyid").ok_or(VerifyError::new(Reason::UnknownKey, "the signature names no key"))?)
    }
}

#[cfg(test)]
mod tests;
