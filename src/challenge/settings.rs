//! What is known of a route, and what is answered with it.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, Uri};

use super::handshake::{Handshake, Taker};
use super::reading::read;
use crate::clock::{Clock, SystemClock, UnixTime};
use crate::config_error::ConfigError;
use crate::crypto::TokenHash;
use crate::encoding::Encoding;
use crate::outcome::Outcome;
use crate::rejection::{Reason, Refusals, Rejection};
use crate::scheme::{Answer, Challenge, Host, Keyring, Say, Scheme, Sender, could_be_a_body, sha256_of};
use crate::secret::{Secret, Secrets};

/// The keys for a head, and the time.
pub(crate) type Found = Result<Option<(Arc<Keyring>, Option<UnixTime>)>, Rejection>;
pub(super) type Finding = Pin<Box<dyn Future<Output = Found> + Send>>;
type Find = dyn Fn(&Parts) -> Finding + Send + Sync;
/// An answer on its way.
pub(super) type Working = Pin<Box<dyn Future<Output = Result<Response<Bytes>, Rejection>> + Send>>;

/// What both layers have.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) sender: Sender,
    pub(super) verify_token: Option<Secret>,
    pub(super) origins: Vec<String>,
    pub(super) taker: Option<Taker>,
    pub(super) keys: Option<Arc<Find>>,
    pub(super) refusals: Refusals,
}

/// What an answer is made of.
struct Made {
    text: String,
    key_id: Option<String>,
    tag: Vec<u8>,
    sha256: String,
}

impl Settings {
    pub(super) fn new(sender: Sender) -> Self {
        let refusals = Refusals::default();
        Self { sender, verify_token: None, origins: Vec::new(), taker: None, keys: None, refusals }
    }

    pub(super) const fn scheme(&self) -> &Scheme {
        self.sender.scheme()
    }

    pub(super) fn set_keys(&mut self, secrets: &Secrets) -> Result<(), ConfigError> {
        let ring = Arc::new(Keyring::new(self.scheme(), secrets)?);
        self.keys =
            Some(Arc::new(move |_: &Parts| Box::pin(std::future::ready(Ok(Some((ring.clone(), SystemClock.now())))))));
        Ok(())
    }

    /// The answer to this challenge, which was asked. `verified_by` is the id of the key that signed it.
    pub(super) fn answer(
        &self,
        challenge: &Challenge,
        head: &Parts,
        body: &[u8],
        verified_by: Option<&str>,
    ) -> Result<Answered, Rejection> {
        if let Some(field) = &challenge.verify_token {
            let Some(expected) = &self.verify_token else {
                return Err(missing("the sender shows a verify token: say which with `.verify_token(..)`"));
            };
            let shown = read(field, head, body)?.unwrap_or_default();
            if !TokenHash::of(expected.expose()).matches(shown.as_bytes()) {
                return Err(Rejection::new(Reason::UnknownKey).with_detail("the verify token is another one"));
            }
        }
        let text = match challenge.text {
            None => String::new(),
            Some((field, chars)) => match read(&field, head, body)? {
                Some(text) if matches!(challenge.answer, Answer::Url(_)) => text.into_owned(),
                Some(text) if chars.allow(text.as_bytes()) => text.into_owned(),
                _ => {
                    return Err(Rejection::new(Reason::ChallengeMalformed)
                        .with_detail("its text is missing, too long, or has characters that are not answered"));
                }
            },
        };
        match challenge.answer {
            Answer::AllowedOrigin => self.allow(&text).map(Answered::At),
            Answer::Fixed(status, json) => {
                let status = StatusCode::from_u16(status).map_err(|_| Rejection::new(Reason::Misconfigured))?;
                Ok(Answered::At(response(status, "application/json", json)))
            }
            Answer::Header(name) => shown_again(Some(name), &text).map(Answered::At),
            Answer::Json(pieces) => self.say(challenge, "application/json", pieces, text, head, verified_by),
            Answer::Plain(pieces) => self.say(challenge, "text/plain; charset=utf-8", pieces, text, head, verified_by),
            Answer::Secret(name) => self.hand_secret(name, text, head),
            Answer::Url(host) => self.hand_url(&text, host, head),
        }
    }

    fn allow(&self, origin: &str) -> Result<Response<Bytes>, Rejection> {
        if self.origins.is_empty() {
            return Err(missing("the sender asks whether its origin is allowed: name it with `.allow_origin(..)`"));
        }
        let Some(origin) = self.origins.iter().find(|allowed| allowed.eq_ignore_ascii_case(origin)) else {
            return Err(Rejection::new(Reason::UnknownKey).with_detail("the origin is none that is allowed"));
        };
        let mut response = shown_again(Some("webhook-allowed-origin"), origin)?;
        response.headers_mut().insert("webhook-allowed-rate", HeaderValue::from_static("*"));
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
        Ok(response)
    }

    fn say(
        &self,
        challenge: &Challenge,
        content_type: &'static str,
        pieces: &'static [Say],
        text: String,
        head: &Parts,
        verified_by: Option<&str>,
    ) -> Result<Answered, Rejection> {
        let mut made =
            Made { text, key_id: self.sender.own_id().map(str::to_owned), tag: Vec::new(), sha256: String::new() };
        if pieces.iter().any(|piece| matches!(piece, Say::Sha256WithTokenAndUrl)) {
            let (Some(token), Some(url)) = (&self.verify_token, self.sender.public_url()) else {
                return Err(missing("the answer is computed with the verify token and the public URL: say both"));
            };
            let digest = sha256_of(&[made.text.as_bytes(), token.expose(), url.as_bytes()]);
            made.sha256 = Encoding::Hex.encode(digest.as_slice());
        }
        if !challenge.is_computed() {
            return Ok(Answered::At(made.response(content_type, pieces)?));
        }
        if could_be_a_body(&made.text) {
            return Err(
                Rejection::new(Reason::ChallengeMalformed).with_detail("its text could be the body of a delivery")
            );
        }
        let Some(find) = &self.keys else {
            return Err(missing("the answer is computed with the secret: give it with `.keys(..)`"));
        };
        let (finding, verified_by) = (find(head), verified_by.map(str::to_owned));
        Ok(Answered::Later(Box::pin(async move {
            let Some((ring, now)) = finding.await? else {
                return Err(Rejection::new(Reason::UnknownKey).with_detail("there is no such tenant"));
            };
            let Some(tag) = ring.challenge_tag(verified_by.as_deref(), &made.text, now) else {
                return Err(missing("no key counts at this time"));
            };
            made.tag = tag.as_slice().to_vec();
            made.response(content_type, pieces)
        })))
    }

    fn hand_secret(&self, name: Option<&'static str>, text: String, head: &Parts) -> Result<Answered, Rejection> {
        let Some(taker) = self.taker.clone() else {
            return Err(missing("the sender sends its secret: take it with `.on_handshake(..)`"));
        };
        let secret = Secret::new(text.as_bytes())
            .map_err(|error| Rejection::new(Reason::ChallengeMalformed).with_detail(error.to_string()))?;
        let finding = self.keys.as_ref().map(|find| find(head));
        let head = head.clone();
        Ok(Answered::Later(Box::pin(async move {
            // Anybody can send this. Who has a secret keeps it.
            if let Some(finding) = finding
                && finding.await?.is_some_and(|(ring, _)| !ring.is_empty())
            {
                return Err(Rejection::new(Reason::UnknownKey).with_detail("there is a secret here already"));
            }
            taker.take(Handshake::Secret(secret), &head).await?;
            shown_again(name, &text)
        })))
    }

    fn hand_url(&self, text: &str, host: Host, head: &Parts) -> Result<Answered, Rejection> {
        let Some(url) = confirmed(text, host) else {
            return Err(Rejection::new(Reason::ChallengeMalformed).with_detail("its URL is not one of the sender's"));
        };
        let Some(taker) = self.taker.clone() else {
            return Err(missing("the sender wants an URL to be called: take it with `.on_handshake(..)`"));
        };
        let head = head.clone();
        Ok(Answered::Later(Box::pin(async move {
            taker.take(Handshake::Confirm(url), &head).await?;
            shown_again(None, "")
        })))
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("sender", &self.scheme().name()).finish_non_exhaustive()
    }
}

/// An answer that is there, or on its way.
pub(super) enum Answered {
    At(Response<Bytes>),
    Later(Working),
}

impl Made {
    fn response(&self, content_type: &'static str, pieces: &[Say]) -> Result<Response<Bytes>, Rejection> {
        let mut body = String::new();
        for piece in pieces {
            match piece {
                Say::KeyId => match self.key_id.as_deref() {
                    Some(id) => body.push_str(id),
                    None => return Err(missing("the answer names your id at the sender: say `.key_id(\"…\")`")),
                },
                Say::Lit(text) => body.push_str(text),
                Say::Mac(encoding) => body.push_str(&encoding.encode(&self.tag)),
                Say::Sha256WithTokenAndUrl => body.push_str(&self.sha256),
                Say::Text => body.push_str(&self.text),
            }
        }
        Ok(response(StatusCode::OK, content_type, body))
    }
}

fn missing(what: &'static str) -> Rejection {
    Rejection::new(Reason::NotConfigured).with_detail(what)
}

/// The URL, if it is `https` on its own port, names no user, and its host is of this kind.
fn confirmed(text: &str, host: Host) -> Option<Uri> {
    let url: Uri = text.parse().ok()?;
    let name = url.authority()?.as_str();
    let label = name.strip_prefix(host.begins)?;
    let label = host.ends.iter().find_map(|end| label.strip_suffix(end))?;
    let plain = label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    (url.scheme_str() == Some("https") && plain && (3..=63).contains(&label.len())).then_some(url)
}

fn response(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Response<Bytes> {
    let body = body.into();
    let mut headers = HeaderMap::with_capacity(4);
    if !body.is_empty() {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response.extensions_mut().insert(Outcome::Challenge);
    response
}

fn shown_again(name: Option<&'static str>, text: &str) -> Result<Response<Bytes>, Rejection> {
    let mut response = response(StatusCode::OK, "text/plain; charset=utf-8", "");
    if let Some(name) = name {
        let mut value = HeaderValue::try_from(text).map_err(|_| Rejection::new(Reason::ChallengeMalformed))?;
        // It may be a secret.
        value.set_sensitive(true);
        response.headers_mut().insert(HeaderName::from_static(name), value);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_url_of_the_sender_s_is_handed_over() {
        let sns = Host { begins: "sns.", ends: &[".amazonaws.com", ".amazonaws.com.cn"] };
        for url in [
            "https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&Token=ab",
            "https://sns.cn-north-1.amazonaws.com.cn/",
        ] {
            assert!(confirmed(url, sns).is_some(), "{url}");
        }
        for url in [
            "http://sns.us-east-1.amazonaws.com/",
            "https://sns.us-east-1.amazonaws.com.example.com/",
            "https://user@sns.us-east-1.amazonaws.com/",
            "https://sns.us-east-1.amazonaws.com:8443/",
            "https://sns.a.b.amazonaws.com/",
            "https://sns..amazonaws.com/",
            "https://evil.example/sns.us-east-1.amazonaws.com",
            "https://xsns.us-east-1.amazonaws.com/",
            "/path",
            "",
        ] {
            assert!(confirmed(url, sns).is_none(), "{url}");
        }
    }
}
