//! A scheme made ready for one route: names parsed, settings applied. Reads the head of a request.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::VerifyError;
use super::description::Scheme;
use super::field::{Found, MAX_CANDIDATES, Reader, Values, single_line};
use super::name_set::{NameSet, Piece};
use super::sender::Sender;
use super::terms::{Content, Method, Part, Place, TimestampFormat};
use crate::clock::UnixTime;
use crate::config_error::{ConfigError, ConfigErrorKind};
use crate::crypto::Tag;
use crate::delivery::{Facts, Value};
use crate::encoding::Encoding;
use crate::json_pointer;
use crate::rejection::Reason;

/// Timestamps count seconds, so less than one would refuse nearly everything.
const SHORTEST_TOLERANCE: Duration = Duration::from_secs(1);
/// The longest tolerance that can be set without a word of warning, unless the sender's own is longer.
const LONGEST_TOLERANCE: Duration = Duration::from_secs(3600);

#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(super) sender: Sender,
    pub(super) route: Arc<str>,
    pub(super) tolerance: Duration,
    facts: Arc<Facts>,
    /// The scheme's own names first, then the other ones.
    sets: Vec<NameSet>,
}

/// Which kinds of keys there are, as each has its own signature to look for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyKinds {
    pub(crate) public: bool,
    pub(crate) shared: bool,
}

/// What the head has shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Examined {
    set: usize,
    pub(super) sent_at: Option<UnixTime>,
    /// The first signature that could be decoded, but for the second kind: mostly the only one there is.
    pub(super) first: Option<Tag>,
}

impl Plan {
    pub(crate) fn new(sender: Sender) -> Result<Self, ConfigError> {
        sender.check()?;
        let scheme = sender.scheme;
        let mut sets = vec![NameSet::new(&scheme, &[])?];
        if !scheme.other_names.is_empty() {
            sets.push(NameSet::new(&scheme, scheme.other_names)?);
        }
        let facts = Arc::new(facts(&scheme));
        Ok(Self { sender, route: scheme.name.into(), tolerance: scheme.tolerance, facts, sets })
    }

    pub(crate) fn with_route(mut self, route: Arc<str>) -> Self {
        self.route = route;
        self
    }

    pub(crate) fn with_tolerance(mut self, tolerance: Duration) -> Result<Self, ConfigError> {
        let longest = self.scheme().tolerance.max(LONGEST_TOLERANCE);
        if tolerance < SHORTEST_TOLERANCE || tolerance > longest {
            return Err(ConfigError::new(
                ConfigErrorKind::Limit,
                format!("a tolerance of {tolerance:?} is not between 1 s and {longest:?}"),
            ));
        }
        self.tolerance = tolerance;
        Ok(self)
    }

    /// Any tolerance, without the bounds of a route that serves.
    #[cfg(feature = "cli")]
    pub(super) fn with_tolerance_as_configured(self, tolerance: Duration) -> Self {
        Self { tolerance, ..self }
    }

    pub(crate) fn scheme(&self) -> &Scheme {
        &self.sender.scheme
    }

    pub(crate) const fn sender(&self) -> &Sender {
        &self.sender
    }

    pub(crate) fn route(&self) -> &Arc<str> {
        &self.route
    }

    /// Checks all that the head alone decides.
    pub(super) fn examine(
        &self,
        head: &Parts,
        kinds: KeyKinds,
        now: Option<UnixTime>,
    ) -> Result<Examined, VerifyError> {
        if self.scheme().method == Method::Unsigned {
            return Ok(Examined { set: 0, sent_at: None, first: None });
        }
        let (set, names) = self.choose(head);
        let first = self.examine_signature(names, head, kinds)?;
        for piece in &names.pieces {
            if let Piece::Header(header) = piece {
                header.value(&head.headers)?;
            }
        }
        let sent_at = match (&names.timestamp, self.scheme().timestamp) {
            (Some(reader), Some((_, format))) => {
                let text = reader.one(head, Reason::MissingTimestamp, Reason::MalformedTimestamp)?;
                Some(self.check_time(text, format, now)?)
            }
            _ => None,
        };
        Ok(Examined { set, sent_at, first })
    }

    fn choose(&self, head: &Parts) -> (usize, &NameSet) {
        let mut sets = self.sets.iter().enumerate();
        let there = |(_, set): &(usize, &NameSet)| set.signature.as_ref().is_some_and(|reader| reader.is_there(head));
        sets.clone().find(there).or_else(|| sets.next()).unwrap_or_else(|| unreachable!("a plan has its own names"))
    }

    fn examine_signature(&self, names: &NameSet, head: &Parts, kinds: KeyKinds) -> Result<Option<Tag>, VerifyError> {
        let second = names.ed25519.is_some();
        let shared = kinds.shared || !second;
        let public = kinds.public && second;
        let mut count = 0;
        let mut verdict = Err(VerifyError::new(Reason::MissingSignature, "no key for this kind of signature"));
        for (reader, second, wanted) in [(&names.signature, false, shared), (&names.ed25519, true, public)] {
            let Some(reader) = reader.as_ref().filter(|_| wanted) else { continue };
            if reader.in_body().is_some() {
                // The head tells nothing.
                return Ok(None);
            }
            let formed = self.well_formed(reader, head, second, &mut count);
            if count > MAX_CANDIDATES {
                return Err(VerifyError::new(Reason::MalformedSignature, "there are too many signatures"));
            }
            if verdict.is_err() {
                verdict = formed.map(|first| first.filter(|_| !second));
            }
        }
        verdict
    }

    /// At least one candidate that could be a signature: the first of them. All are counted, up to one too many.
    fn well_formed(
        &self,
        reader: &Reader,
        head: &Parts,
        second: bool,
        count: &mut usize,
    ) -> Result<Option<Tag>, VerifyError> {
        let values = match reader.values(head, Reason::MalformedSignature)? {
            Found::Absent => return Err(VerifyError::new(Reason::MissingSignature, "there is no signature header")),
            Found::Other => {
                return Err(VerifyError::new(
                    Reason::UnsupportedScheme,
                    "no signature of this scheme is in the header",
                ));
            }
            Found::Values(values) => values,
        };
        let (mut good, mut first) = (false, None);
        for value in values {
            *count += 1;
            if *count > MAX_CANDIDATES {
                break;
            }
            good = good
                || match self.scheme().method {
                    Method::Basic | Method::Token => !value.is_empty(),
                    _ => {
                        first = self.decode(value, second);
                        first.is_some()
                    }
                };
        }
        if good { Ok(first) } else { Err(VerifyError::new(Reason::MalformedSignature, "no signature can be decoded")) }
    }

    /// The signature that `text` writes; `None` unless it has the length that its algorithm gives it.
    pub(super) fn decode(&self, text: &str, second: bool) -> Option<Tag> {
        let scheme = self.scheme();
        let (encoding, length) = match (second, scheme.method) {
            (true, _) => (scheme.ed25519?.1, 64),
            (false, Method::Hmac(algorithm)) => (scheme.signature?.1, algorithm.tag_len()),
            (false, Method::Digest(hash)) => (scheme.signature?.1, hash.digest_len()),
            (false, _) => (scheme.signature?.1, 64),
        };
        let mut buffer = [0; Tag::MAX];
        let bytes = Encoding::decode(encoding, text, &mut buffer)?;
        (bytes.len() == length).then(|| Tag::of(bytes))
    }

    /// The time that the body, which is verified by now, says it was sent at.
    pub(super) fn time_in_body(&self, body: &[u8], now: Option<UnixTime>) -> Result<Option<UnixTime>, VerifyError> {
        let Some((pointer, format)) = self.scheme().time_in_body else { return Ok(None) };
        let Some(text) = json_pointer::text_at(body, pointer) else {
            return Err(VerifyError::new(Reason::MissingTimestamp, "there is no timestamp in the body"));
        };
        self.check_time(&text, format, now).map(Some)
    }

    fn check_time(&self, text: &str, format: TimestampFormat, now: Option<UnixTime>) -> Result<UnixTime, VerifyError> {
        let Some(sent_at) = format.parse(text) else {
            return Err(VerifyError::new(Reason::MalformedTimestamp, "the timestamp is not written as digits"));
        };
        let Some(now) = now else {
            return Err(VerifyError::new(Reason::Misconfigured, "this machine's clock stands before 1970"));
        };
        if now.saturating_since(sent_at) > self.tolerance {
            return Err(VerifyError::new(Reason::TimestampTooOld, "the timestamp lies too far back"));
        }
        if sent_at.saturating_since(now) > self.tolerance {
            return Err(VerifyError::new(Reason::TimestampInFuture, "the timestamp lies too far ahead"));
        }
        Ok(sent_at)
    }

    pub(super) fn names(&self, examined: &Examined) -> &NameSet {
        self.sets.get(examined.set).unwrap_or_else(|| unreachable!("`examine` chose one of the sets"))
    }

    /// The candidates of the scheme's own signature, or of the second one.
    pub(super) fn candidates<'h>(&self, examined: &Examined, head: &'h Parts, second: bool) -> Option<Values<'h>> {
        let names = self.names(examined);
        let reader = if second { names.ed25519.as_ref() } else { names.signature.as_ref() }?;
        match reader.values(head, Reason::MalformedSignature) {
            Ok(Found::Values(values)) => Some(values),
            _ => None,
        }
    }

    /// The token that stands in the body; `None` where this scheme has it in the head.
    pub(super) fn token_in_body<'b>(&self, examined: &Examined, body: &'b [u8]) -> Option<Option<Cow<'b, str>>> {
        let pointer = self.names(examined).signature.as_ref()?.in_body()?;
        Some(json_pointer::text_at(body, pointer))
    }

    /// The signed content, before the body or after it, slice by slice. `secret` is that of a digest.
    pub(super) fn content(
        &self,
        examined: &Examined,
        head: &Parts,
        (after, secret): (Side, &[u8]),
        sink: &mut dyn FnMut(&[u8]),
    ) {
        let names = self.names(examined);
        let at = names.pieces.iter().position(|piece| matches!(piece, Piece::Body)).unwrap_or(names.pieces.len());
        let (before_body, from_body) = names.pieces.split_at(at);
        let pieces = match after {
            Side::AfterBody => from_body.get(1..).unwrap_or_default(),
            Side::BeforeBody => before_body,
        };
        for piece in pieces {
            match piece {
                Piece::Body => {}
                Piece::Header(header) => {
                    sink(head.headers.get(&header.name).map(HeaderValue::as_bytes).unwrap_or_default());
                }
                Piece::Lit(text) => sink(text.as_bytes()),
                Piece::Method => sink(head.method.as_str().as_bytes()),
                Piece::Secret => sink(secret),
                Piece::Timestamp => {
                    let text = names
                        .timestamp
                        .as_ref()
                        .and_then(|reader| reader.one(head, Reason::MissingTimestamp, Reason::MalformedTimestamp).ok());
                    sink(text.unwrap_or_default().as_bytes());
                }
                Piece::Url => sink(self.sender.url.as_deref().unwrap_or_default().as_bytes()),
            }
        }
    }

    pub(super) fn id(&self, examined: &Examined, headers: &HeaderMap) -> Value {
        value(self.scheme().id, self.names(examined).id.as_ref(), headers)
    }

    pub(super) fn event_type(&self, examined: &Examined, headers: &HeaderMap) -> Value {
        value(self.scheme().event_type, self.names(examined).event_type.as_ref(), headers)
    }

    pub(super) fn account(&self, examined: &Examined, headers: &HeaderMap) -> Option<HeaderValue> {
        let mut lines = headers.get_all(self.names(examined).account.as_ref()?).iter();
        lines.next().filter(|_| lines.next().is_none()).cloned()
    }

    pub(super) fn attempt(&self, examined: &Examined, headers: &HeaderMap) -> Option<u32> {
        let name = self.names(examined).attempt.as_ref()?;
        let text = single_line(headers, name, Reason::MalformedSignature).ok()??;
        text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
    }

    pub(super) const fn facts(&self) -> &Arc<Facts> {
        &self.facts
    }
}

/// What each delivery of this sender has in common.
fn facts(scheme: &Scheme) -> Facts {
    let covers_body = matches!(scheme.method, Method::Digest(_) | Method::Ed25519 | Method::Hmac(_));
    let id_is_signed = match (scheme.id, scheme.content) {
        (Place::Json(_), _) => covers_body,
        (Place::Header(name), Content::Parts(parts)) => {
            parts.iter().any(|part| *part == Part::Id || *part == Part::Header(name))
        }
        _ => false,
    };
    Facts {
        provider: scheme.name,
        id_is_signed,
        bodies_are_unique: scheme.bodies_are_unique,
        retry_horizon: scheme.retry_horizon,
        deadline: scheme.deadline,
    }
}

/// Which side of the body.
#[derive(Clone, Copy, Debug)]
pub(super) enum Side {
    AfterBody,
    BeforeBody,
}

fn value(place: Place, name: Option<&HeaderName>, headers: &HeaderMap) -> Value {
    match (place, name) {
        (Place::Json(pointer), _) => Value::Body(pointer),
        (_, Some(name)) => {
            let mut lines = headers.get_all(name).iter();
            match (lines.next(), lines.next()) {
                (Some(line), None) if line.to_str().is_ok() => Value::Header(line.clone()),
                (None, _) => Value::None,
                _ => Value::Malformed,
            }
        }
        (_, None) => Value::None,
    }
}
