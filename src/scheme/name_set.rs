//! The headers of a scheme, their names parsed.

use http::{HeaderMap, HeaderName};

use super::VerifyError;
use super::description::Scheme;
use super::field::{Field, Source};
use super::reader::{Reader, single_line};
use super::terms::{Content, Part, Place};
use crate::config_error::{ConfigError, ConfigErrorKind};
use crate::rejection::Reason;

/// The headers of a scheme under one set of names.
#[derive(Clone, Debug)]
pub(super) struct NameSet {
    pub(super) signature: Option<Reader>,
    pub(super) ed25519: Option<Reader>,
    pub(super) timestamp: Option<Reader>,
    pub(super) id: Option<HeaderName>,
    pub(super) event_type: Option<HeaderName>,
    pub(super) account: Option<HeaderName>,
    pub(super) attempt: Option<HeaderName>,
    pub(super) pieces: Vec<Piece>,
}

/// A part of the signed content, its header's name parsed.
#[derive(Clone, Debug)]
pub(super) enum Piece {
    Body,
    /// A signed header, the delivery id for one, with the text that follows it.
    Header(SignedHeader),
    KeyId,
    Lit(&'static str),
    Method,
    Secret,
    Timestamp,
    Url,
}

impl Piece {
    pub(super) const fn header(&self) -> Option<&HeaderName> {
        if let Self::Header(signed) = self { Some(&signed.name) } else { None }
    }
}

/// A header that is part of the signed content.
#[derive(Clone, Debug)]
pub(super) struct SignedHeader {
    pub(super) name: HeaderName,
    end: Option<&'static str>,
}

impl SignedHeader {
    /// `end` is the text that stands behind it in the signed content.
    pub(super) const fn new(name: HeaderName, end: Option<&'static str>) -> Self {
        Self { name, end }
    }

    /// The value: there, on one line, ASCII, and with its end where the text behind it says so. With another
    /// end, two deliveries would be signed alike.
    pub(super) fn value<'h>(&self, headers: &'h HeaderMap) -> Result<&'h str, VerifyError> {
        let text = match single_line(headers, &self.name, Reason::MalformedSignature)? {
            Some(text) if !text.is_empty() => text,
            _ => return Err(VerifyError::new(Reason::MissingSignature, "a signed header is missing")),
        };
        if self.end.is_some_and(|end| contains_before_its_end(text, end)) {
            return Err(VerifyError::new(Reason::MalformedSignature, "a signed header contains its separator"));
        }
        Ok(text)
    }
}

/// Whether `end` begins anywhere in `text` if it also stands behind it.
fn contains_before_its_end(text: &str, end: &str) -> bool {
    let (text, end) = (text.as_bytes(), end.as_bytes());
    // It may begin in the text and run over into itself.
    let runs_over = |length: usize| {
        let (head, rest) = end.split_at(length);
        text.ends_with(head) && end.starts_with(rest)
    };
    text.windows(end.len().max(1)).any(|window| window == end) || (1..end.len()).any(runs_over)
}

/// The fixed text that follows the part at `at`.
pub(super) fn text_after(parts: &[Part], at: usize) -> Option<&'static str> {
    match parts.get(at + 1) {
        Some(Part::Lit(text)) => Some(*text),
        _ => None,
    }
}

impl NameSet {
    pub(super) fn new(scheme: &Scheme, other: &[(&'static str, &'static str)]) -> Result<Self, ConfigError> {
        let name = |name: &'static str| {
            let name = other.iter().find(|(own, _)| *own == name).map_or(name, |(_, other)| *other);
            HeaderName::try_from(name)
                .map_err(|_| ConfigError::new(ConfigErrorKind::Scheme, format!("`{name}` is no header name")))
        };
        let reader = |field: Field| match field.source {
            Source::Header => {
                let names = std::iter::once(&field.header).chain(field.more).map(|header| name(header));
                names.collect::<Result<_, _>>().map(|names| Reader::new(field, names))
            }
            Source::Body | Source::Json | Source::Query | Source::Rule => Ok(Reader::new(field, Vec::new())),
        };
        let place = |place: Place| match place {
            Place::Header(header) => name(header).map(Some),
            Place::Json(_) | Place::Nowhere => Ok(None),
        };
        let id = place(scheme.id)?;
        let parts = match scheme.content {
            Content::Parts(parts) => parts,
            Content::Rule(_) => &[],
        };
        let mut pieces = Vec::with_capacity(parts.len());
        for (at, part) in parts.iter().enumerate() {
            pieces.push(match *part {
                Part::Body => Piece::Body,
                Part::Header(header) => Piece::Header(SignedHeader::new(name(header)?, text_after(parts, at))),
                Part::Id => {
                    let Some(id) = id.clone() else { unreachable!("a signed id stands in a header: checked before") };
                    Piece::Header(SignedHeader::new(id, text_after(parts, at)))
                }
                Part::KeyId => Piece::KeyId,
                Part::Lit(text) => Piece::Lit(text),
                Part::Method => Piece::Method,
                Part::Secret => Piece::Secret,
                Part::Timestamp => Piece::Timestamp,
                Part::Url => Piece::Url,
            });
        }
        Ok(Self {
            signature: scheme.signature.map(|(field, _)| reader(field)).transpose()?,
            ed25519: scheme.ed25519.map(|(field, _)| reader(field)).transpose()?,
            timestamp: scheme.timestamp.map(|(field, _)| reader(field)).transpose()?,
            id,
            event_type: place(scheme.event_type)?,
            account: scheme.account.map(name).transpose()?,
            attempt: scheme.attempt.map(name).transpose()?,
            pieces,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_separator_is_found_where_it_first_begins() {
        for (text, end, contained) in [
            ("a", ".", false),
            ("a.", ".", true),
            (".a", ".", true),
            ("a-", "--", true),
            ("-a", "--", false),
            ("a--b", "--", true),
            ("a.v1", ".v1.", true),
            ("a.v", ".v1.", false),
            ("ab", "abab", true),
        ] {
            assert_eq!(contains_before_its_end(text, end), contained, "{text} {end}");
            let joined = format!("{text}{end}");
            assert_eq!(joined.find(end) != Some(text.len()), contained, "{text} {end}");
        }
    }
}
