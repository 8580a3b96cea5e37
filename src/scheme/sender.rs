//! A scheme with what only the receiver knows of it: its own public URL, its own id at the sender.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::Uri;
use http::request::Parts;

use super::description::Scheme;
use super::rule::Unverified;
use super::terms::{Content, Method, Part};
use crate::config_error::{ConfigError, ConfigErrorKind};

/// A scheme that is ready to be used: every [`Scheme`] turns into one, a [`UrlScheme`] by its public URL, a
/// [`KeyIdScheme`] by the receiver's own id at the sender.
/// `Debug` shows neither user and password of the URL nor its query.
#[derive(Clone)]
pub struct Sender {
    pub(super) scheme: Scheme,
    pub(super) url: Option<Arc<str>>,
    pub(super) key_id: Option<Arc<str>>,
}

impl Sender {
    /// The scheme.
    #[must_use]
    pub const fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    /// The public URL, for senders that sign it.
    #[must_use]
    pub fn public_url(&self) -> Option<&str> {
        self.url.as_deref()
    }

    /// The receiver's own id at the sender: an app key, a public key's id, a webhook's id. No secret, though `Debug`
    /// does not show it.
    ///
    /// # Errors
    /// Anything but 1 to 256 printable ASCII characters without blanks.
    pub fn key_id(self, id: &str) -> Result<Self, ConfigError> {
        let name = self.scheme.name;
        if id.is_empty() || id.len() > LONGEST_KEY_ID || !id.bytes().all(|byte| byte.is_ascii_graphic()) {
            let what = format!("the key id for `{name}` is not 1 to {LONGEST_KEY_ID} printable ASCII characters");
            return Err(ConfigError::new(ConfigErrorKind::KeyId, what));
        }
        Ok(Self { key_id: Some(id.into()), ..self })
    }

    /// The receiver's own id at the sender, as configured.
    pub(crate) fn own_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// What a rule sees of a request.
    pub(super) fn unverified<'a>(
        &'a self,
        head: &'a Parts,
        body: &'a Bytes,
        timestamp: &'a str,
        secret: &'a [u8],
    ) -> Unverified<'a> {
        let configured = |text: &'a Option<Arc<str>>| text.as_deref().unwrap_or_default();
        Unverified {
            head,
            body,
            key_id: configured(&self.key_id),
            public_url: configured(&self.url),
            timestamp,
            secret,
        }
    }

    /// What cannot work, found before serving.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if let Some(problem) = self.scheme.problem().or_else(|| self.scheme.coverage_problem()) {
            return Err(ConfigError::new(ConfigErrorKind::Scheme, format!("`{}`: {problem}", self.scheme.name)));
        }
        if self.scheme.signs_url() && self.url.is_none() {
            let name = self.scheme.name;
            return Err(ConfigError::new(
                ConfigErrorKind::PublicUrl,
                format!("`{name}` signs its URL: make it a `UrlScheme` and say `.at(\"https://…\")`"),
            ));
        }
        if self.scheme.needs_key_id() && self.key_id.is_none() {
            let name = self.scheme.name;
            return Err(ConfigError::new(
                ConfigErrorKind::KeyId,
                format!("`{name}` needs your id there: make it a `KeyIdScheme` and say `.key_id(\"…\")`"),
            ));
        }
        Ok(())
    }
}

impl Scheme {
    /// Whether the sender signs the URL it calls, so that [`UrlScheme::at`] must say it.
    #[must_use]
    pub fn signs_url(&self) -> bool {
        match (self.method, self.content) {
            (Method::Jwt(jwt), _) => jwt.signs_url(),
            (_, Content::Parts(parts)) => parts.contains(&Part::Url),
            (_, Content::Rule(rule)) => rule.signs_url(),
        }
    }

    /// Whether the receiver's own id at the sender is needed, so that [`Sender::key_id`] must say it.
    #[must_use]
    pub fn needs_key_id(&self) -> bool {
        match (self.method, self.content) {
            (Method::Jwt(jwt), _) => jwt.needs_key_id(),
            (_, Content::Parts(parts)) => parts.contains(&Part::KeyId),
            (_, Content::Rule(rule)) => rule.needs_key_id(),
        }
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.url.as_deref().map(without_credentials);
        f.debug_struct("Sender").field("scheme", &self.scheme).field("url", &url).finish_non_exhaustive()
    }
}

/// The longest id, in bytes.
const LONGEST_KEY_ID: usize = 256;

/// What of a URL may be shown: scheme, host, port and path.
fn without_credentials(url: &str) -> String {
    let shown = url.split(['?', '#']).next().unwrap_or_default();
    let Some((scheme, rest)) = shown.split_once("://") else { return String::from("(no URL)") };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}/{path}")
}

/// A sender can be made of `T`: of a [`Scheme`]. It is there so that the compiler says what to do.
#[diagnostic::on_unimplemented(
    message = "`{T}` is no sender yet",
    label = "neither a `Sender` nor a `Scheme`",
    note = "a sender that signs the URL needs it as you gave it to the sender: `provider::TWILIO.at(\"https://…\")?`",
    note = "a sender that needs your id there takes it by `.key_id(\"…\")?`: `provider::TIKTOK_SHOP.key_id(\"…\")?`",
    note = "a sender of your own is a `const` of type `Scheme`"
)]
pub trait SenderOf<T> {
    /// The sender.
    fn of(sender: T) -> Self;
}

impl SenderOf<Scheme> for Sender {
    fn of(scheme: Scheme) -> Self {
        Self { scheme, url: None, key_id: None }
    }
}

impl<T> From<T> for Sender
where
    Self: SenderOf<T>,
{
    fn from(sender: T) -> Self {
        Self::of(sender)
    }
}

/// A sender that signs the URL it calls. It becomes usable by [`UrlScheme::at`].
///
/// The URL is configured and never put together from the request: `Host` and `Forwarded` are the
/// attacker's to choose.
#[derive(Clone, Copy)]
pub struct UrlScheme(Scheme);

impl UrlScheme {
    /// Marks a scheme as one that needs the public URL.
    #[must_use]
    pub const fn new(scheme: Scheme) -> Self {
        Self(scheme)
    }

    /// The scheme, for reading.
    #[must_use]
    pub const fn scheme(&self) -> &Scheme {
        &self.0
    }

    /// The URL of this endpoint, exactly as it was given to the sender.
    ///
    /// # Errors
    /// Anything but an absolute `http` or `https` URL without a fragment.
    pub fn at(self, url: &str) -> Result<Sender, ConfigError> {
        let shown = without_credentials(url);
        let error = |what| Err(ConfigError::new(ConfigErrorKind::PublicUrl, format!("`{shown}` {what}")));
        let Ok(uri) = url.parse::<Uri>() else { return error("is no URL") };
        match uri.scheme_str() {
            Some("http" | "https") if uri.host().is_some_and(|host| !host.is_empty()) => {}
            _ => return error("is no absolute http or https URL"),
        }
        if url.contains('#') {
            return error("has a fragment");
        }
        Ok(Sender { scheme: self.0, url: Some(url.into()), key_id: None })
    }
}

impl fmt::Debug for UrlScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("UrlScheme").field(&self.0.name).finish()
    }
}

/// A sender that needs the receiver's own id: it signs it, or tells by it which signature is whose. It becomes usable
/// by [`KeyIdScheme::key_id`]. One that signs its URL as well is a [`UrlScheme`] with [`Sender::key_id`] behind it.
///
/// The id is configured and never read from the request: whoever writes the request would choose it.
#[derive(Clone, Copy)]
pub struct KeyIdScheme(Scheme);

impl KeyIdScheme {
    /// Marks a scheme as one that needs the receiver's own id.
    #[must_use]
    pub const fn new(scheme: Scheme) -> Self {
        Self(scheme)
    }

    /// The scheme, for reading.
    #[must_use]
    pub const fn scheme(&self) -> &Scheme {
        &self.0
    }

    /// The receiver's own id at the sender: an app key, a public key's id, a webhook's id.
    ///
    /// # Errors
    /// As [`Sender::key_id`].
    pub fn key_id(self, id: &str) -> Result<Sender, ConfigError> {
        Sender::of(self.0).key_id(id)
    }
}

impl fmt::Debug for KeyIdScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KeyIdScheme").field(&self.0.name).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::Encoding;
    use crate::scheme::header;

    const ACME: Scheme =
        Scheme::hmac_sha256("acme").signature(header("x-acme"), Encoding::Hex).signed(&[Part::Url, Part::Body]);

    #[test]
    fn only_an_absolute_url_is_a_public_url() {
        for url in ["https://example.com", "http://example.com:8080/a?b=c", "https://[2001:db8::1]/x"] {
            assert_eq!(UrlScheme::new(ACME).at(url).unwrap().public_url(), Some(url));
        }
        for url in [
            "",
            "/hook",
            "example.com/hook",
            "ftp://example.com",
            "https://",
            "https://:443/a",
            "https://a.b/#c",
            "https://a b/",
        ] {
            let error = UrlScheme::new(ACME).at(url).unwrap_err();
            assert_eq!(error.kind(), ConfigErrorKind::PublicUrl, "{url}");
        }
    }

    #[test]
    fn credentials_in_a_url_are_not_shown() {
        for url in ["https://user:hunter2@example.com/x?token=hunter3", "https://user:hunter2@example.com?hunter3"] {
            let shown = format!("{:?}", UrlScheme::new(ACME).at(url).unwrap());
            assert!(shown.contains("https://example.com/") && !shown.contains("hunter"), "{shown}");
            let error = UrlScheme::new(ACME).at(&format!("{url}#part")).unwrap_err().to_string();
            assert!(error.contains("https://example.com/") && !error.contains("hunter"), "{error}");
        }
        for url in ["user:hunter2@example.com", "hunter2"] {
            assert!(!UrlScheme::new(ACME).at(url).unwrap_err().to_string().contains("hunter2"));
        }
    }

    #[test]
    fn a_signed_url_must_be_configured() {
        assert_eq!(Sender::from(ACME).check().unwrap_err().kind(), ConfigErrorKind::PublicUrl);
        assert!(UrlScheme::new(ACME).at("https://example.com").unwrap().check().is_ok());
    }

    #[test]
    fn an_id_that_is_needed_must_be_configured() {
        let acme = ACME.signed(&[Part::KeyId, Part::Body]);
        assert_eq!(Sender::from(acme).check().unwrap_err().kind(), ConfigErrorKind::KeyId);
        let longest = "a".repeat(LONGEST_KEY_ID);
        for id in ["a", "pub_1:2/3=", &longest] {
            assert!(KeyIdScheme::new(acme).key_id(id).unwrap().check().is_ok(), "{id}");
        }
        for id in ["", "a b", "é", "a\n", &format!("{longest}a")] {
            assert_eq!(KeyIdScheme::new(acme).key_id(id).unwrap_err().kind(), ConfigErrorKind::KeyId, "{id}");
        }
    }

    #[test]
    fn url_and_id_go_together() {
        let both = ACME.signed(&[Part::Url, Part::KeyId, Part::Body]);
        let at = UrlScheme::new(both).at("https://example.com").unwrap();
        assert_eq!(at.check().unwrap_err().kind(), ConfigErrorKind::KeyId);
        assert!(at.key_id("a").unwrap().check().is_ok());
    }
}
