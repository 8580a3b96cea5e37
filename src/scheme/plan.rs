//! A scheme made ready for one route: names parsed, settings applied. Reads the head of a request.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use http::request::Parts;

use super::VerifyError;
use super::description::Scheme;
use super::fetched_key::KeyName;
use super::jwt;
use super::name_set::{NameSet, Piece};
use super::reader::{Found, MAX_CANDIDATES, Reader, Values};
use super::sender::Sender;
use super::terms::{Content, Method, TimestampFormat};
use super::told::facts;
use crate::clock::UnixTime;
use crate::config_error::{ConfigError, ConfigErrorKind};
use crate::crypto::{PublicAlgorithm, Tag};
use crate::delivery::Facts;
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
    pub(super) fn with_tolerance_as_configured(self, tolerance: Duration) -> Self {
        Self { tolerance, ..self }
    }

    pub(crate) fn scheme(&self) -> &Scheme {
        &self.sender.scheme
    }

    pub(crate) const fn sender(&self) -> &Sender {
        &self.sender
    }

    /// How far a timestamp may lie from now, each way.
    pub(crate) const fn tolerance(&self) -> Duration {
        self.tolerance
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
        if matches!(self.scheme().method, Method::Unsigned) {
            return Ok(Examined { set: 0, sent_at: None, first: None });
        }
        if let Content::Rule(rule) = self.scheme().content {
            rule.examine(head)?;
        }
        let (set, names) = self.choose(head);
        let first = self.examine_signature(names, head, kinds)?;
        for piece in &names.pieces {
            if let Piece::Header(header) = piece {
                header.value(&head.headers)?;
            }
        }
        let sent_at = match (&names.timestamp, self.scheme().timestamp) {
            (Some(reader), Some((_, format))) if reader.in_head() => {
                let text = reader.one(head, Reason::MissingTimestamp, Reason::MalformedTimestamp)?;
                Some(self.check_time(text, format, now)?)
            }
            _ => None,
        };
        Ok(Examined { set, sent_at, first })
    }

    /// What stands for the head of a delivery that did not pass.
    pub(super) fn unexamined(&self, head: &Parts) -> Examined {
        Examined { set: self.choose(head).0, sent_at: None, first: None }
    }

    fn choose(&self, head: &Parts) -> (usize, &NameSet) {
        if let [only] = self.sets.as_slice() {
            return (0, only);
        }
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
            if !reader.in_head() {
                // The body has to be there.
                return Ok(None);
            }
            let formed = self.well_formed(reader, head, second, &mut count);
            if count > MAX_CANDIDATES {
                return Err(VerifyError::new(Reason::MalformedSignature, "there are too many signatures"));
            }
            if verdict.is_err() {
                verdict = formed;
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
                    Method::Jwt(_) => jwt::looks_like_one(value),
                    Method::Digest(_) | Method::Hmac(_) if !second => {
                        first = self.decode(value);
                        first.is_some()
                    }
                    _ => self.decode_public(value, second).is_some(),
                };
        }
        if good { Ok(first) } else { Err(VerifyError::new(Reason::MalformedSignature, "no signature can be decoded")) }
    }

    /// The MAC or digest that `text` writes; `None` unless it has the length that its algorithm gives it.
    pub(super) fn decode(&self, text: &str) -> Option<Tag> {
        let scheme = self.scheme();
        let length = match scheme.method {
            Method::Hmac(algorithm) => algorithm.tag_len(),
            Method::Digest(hash) => hash.digest_len(),
            Method::Basic | Method::Jwt(_) | Method::Public(_) | Method::Token | Method::Unsigned => return None,
        };
        let mut buffer = [0; Tag::MAX];
        let bytes = Encoding::decode(scheme.signature?.1, text, &mut buffer)?;
        (bytes.len() == length).then(|| Tag::of(bytes))
    }

    /// The public-key signature that `text` writes; `None` unless its algorithm can have made it.
    pub(super) fn decode_public(&self, text: &str, second: bool) -> Option<Vec<u8>> {
        let scheme = self.scheme();
        let (encoding, algorithm) = match (second, scheme.method) {
            (true, _) => (scheme.ed25519?.1, PublicAlgorithm::Ed25519),
            (false, Method::Public(algorithm)) => (scheme.signature?.1, algorithm),
            (false, _) => return None,
        };
        let mut buffer = [0; PublicAlgorithm::LONGEST];
        let bytes = Encoding::decode(encoding, text, &mut buffer)?;
        algorithm.takes(bytes.len()).then(|| bytes.to_vec())
    }

    /// The time that the body, which is verified by now, says it was sent at.
    pub(super) fn time_in_body(&self, body: &[u8], now: Option<UnixTime>) -> Result<Option<UnixTime>, VerifyError> {
        let Some((pointer, format)) = self.scheme().time_in_body else { return Ok(None) };
        let Some(text) = json_pointer::text_at(body, pointer) else {
            return Err(VerifyError::new(Reason::MissingTimestamp, "there is no timestamp in the body"));
        };
        self.check_time(&text, format, now).map(Some)
    }

    pub(super) fn check_time(
        &self,
        text: &str,
        format: TimestampFormat,
        now: Option<UnixTime>,
    ) -> Result<UnixTime, VerifyError> {
        let Some(sent_at) = format.parse(text) else {
            return Err(VerifyError::new(
                Reason::MalformedTimestamp,
                "the timestamp is not written as this sender writes it",
            ));
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

    /// Whether deliveries name their key in the body; `None` where they name none.
    pub(crate) fn key_is_in_body(&self) -> Option<bool> {
        self.scheme().key_place.map(|place| place.is_in_body())
    }

    /// The name of the key that this delivery was signed with; `None` where deliveries name none.
    pub(crate) fn key_name(&self, head: &Parts, body: &Bytes) -> Result<Option<KeyName>, VerifyError> {
        self.scheme().key_place.map(|place| place.name(&self.sender.unverified(head, body, "", &[]))).transpose()
    }

    /// Whether the whole body is the token.
    pub(super) fn token_is_body(&self, examined: &Examined) -> bool {
        self.names(examined).signature.as_ref().is_some_and(Reader::is_body)
    }

    /// The token that stands in the body; `None` where this scheme has it in the head.
    pub(super) fn token_in_body<'b>(&self, examined: &Examined, body: &'b [u8]) -> Option<Option<Cow<'b, str>>> {
        let pointer = self.names(examined).signature.as_ref()?.in_body()?;
        Some(json_pointer::text_at(body, pointer))
    }

    /// The text of the timestamp; empty where the head has none.
    pub(super) fn timestamp<'h>(&self, examined: &Examined, head: &'h Parts) -> &'h str {
        let reader = self.names(examined).timestamp.as_ref();
        let text = reader.map(|reader| reader.one(head, Reason::MissingTimestamp, Reason::MalformedTimestamp));
        text.and_then(Result::ok).unwrap_or_default()
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
                Piece::KeyId => sink(self.sender.key_id.as_deref().unwrap_or_default().as_bytes()),
                Piece::Lit(text) => sink(text.as_bytes()),
                Piece::Method => sink(head.method.as_str().as_bytes()),
                Piece::Secret => sink(secret),
                Piece::Timestamp => sink(self.timestamp(examined, head).as_bytes()),
                Piece::Url => sink(self.sender.url.as_deref().unwrap_or_default().as_bytes()),
            }
        }
    }

    pub(crate) const fn facts(&self) -> &Arc<Facts> {
        &self.facts
    }
}

/// Which side of the body.
#[derive(Clone, Copy, Debug)]
pub(super) enum Side {
    AfterBody,
    BeforeBody,
}
