//! Reading a field out of the head of a request.

use http::request::Parts;
use http::{HeaderMap, HeaderName};

use super::VerifyError;
use super::field::{Field, Items, Lines, Source};
use crate::rejection::Reason;

/// Items of a list that are looked at; more are taken for an attack.
const MAX_ITEMS: usize = 64;
/// Candidate signatures, well formed or not; more are taken for an attack.
pub(super) const MAX_CANDIDATES: usize = 16;

/// A field with its header's name parsed.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    /// Empty where the field is no header.
    names: Vec<HeaderName>,
    field: Field,
}

/// What [`Reader::values`] found.
pub(super) enum Found<'h> {
    /// No such header.
    Absent,
    /// The header is there, but with other keys or another prefix.
    Other,
    /// At least one value.
    Values(Values<'h>),
}

impl Reader {
    pub(super) const fn new(field: Field, names: Vec<HeaderName>) -> Self {
        Self { names, field }
    }

    /// The pointer, where the field stands in the body: [`Reader::values`] finds nothing then.
    pub(super) fn in_body(&self) -> Option<&'static str> {
        (self.field.source == Source::Json).then_some(self.field.header)
    }

    /// Whether the head tells anything of it.
    pub(super) const fn in_head(&self) -> bool {
        matches!(self.field.source, Source::Header | Source::Query)
    }

    /// The headers that may stand on one line only.
    pub(super) fn single_lines(&self) -> &[HeaderName] {
        if self.field.lines == Lines::One { &self.names } else { &[] }
    }

    /// Whether the body is the field.
    pub(super) fn is_body(&self) -> bool {
        self.field.source == Source::Body
    }

    /// Whether anything stands where the field is looked for, in the head.
    pub(super) fn is_there(&self, head: &Parts) -> bool {
        match self.field.source {
            Source::Header => self.names.iter().any(|name| head.headers.contains_key(name)),
            Source::Body | Source::Json | Source::Rule => false,
            Source::Query => parameters(head, self.field.header).next().is_some(),
        }
    }

    /// The values of the field; `malformed` where a header stands on several lines, is not ASCII, or
    /// is no such list.
    pub(super) fn values<'h>(&self, head: &'h Parts, malformed: Reason) -> Result<Found<'h>, VerifyError> {
        let mut texts = Vec::new();
        match self.field.source {
            Source::Header => {
                if let ([name], Lines::One) = (self.names.as_slice(), self.field.lines) {
                    // Nearly all senders: nothing is put together.
                    let Some(text) = single_line(&head.headers, name, malformed)? else { return Ok(Found::Absent) };
                    return self.values_of(text, texts, malformed);
                }
                for name in &self.names {
                    if self.field.lines == Lines::One {
                        texts.extend(single_line(&head.headers, name, malformed)?);
                        continue;
                    }
                    for line in head.headers.get_all(name).iter().take(MAX_CANDIDATES + 1) {
                        texts.push(line.to_str().map_err(|_| not_ascii(malformed))?);
                    }
                }
            }
            Source::Body | Source::Json | Source::Rule => {}
            Source::Query => texts.extend(parameters(head, self.field.header).take(2)),
        }
        if self.field.source == Source::Query && texts.len() > 1 {
            return Err(VerifyError::new(malformed, "the parameter stands there more than once"));
        }
        if texts.is_empty() {
            return Ok(Found::Absent);
        }
        let first = texts.remove(0);
        self.values_of(first, texts, malformed)
    }

    fn values_of<'h>(&self, first: &'h str, more: Vec<&'h str>, malformed: Reason) -> Result<Found<'h>, VerifyError> {
        let Some(first) = first.strip_prefix(self.field.opening) else { return Ok(Found::Other) };
        for text in std::iter::once(first).chain(more.iter().copied()) {
            self.check(text, malformed)?;
        }
        let mut values =
            Values { found: None, rest: Some(first), follows: false, more: more.into_iter(), field: self.field };
        values.found = values.next();
        Ok(if values.found.is_some() { Found::Values(values) } else { Found::Other })
    }

    fn check(&self, text: &str, malformed: Reason) -> Result<(), VerifyError> {
        match self.field.list {
            None if text.is_empty() => return Err(VerifyError::new(malformed, "the header is empty")),
            None => {}
            Some(list) => {
                let mut items = 0;
                for item in list.split(text) {
                    items += 1;
                    let sound = match list.items {
                        Items::Pairs { between, .. } => item.contains(between),
                        Items::First | Items::Rest | Items::Values => !item.is_empty(),
                        Items::Last => true,
                    };
                    if items > MAX_ITEMS || !sound {
                        return Err(VerifyError::new(malformed, "the header is no such list"));
                    }
                }
            }
        }
        Ok(())
    }

    /// The one value of the field.
    pub(super) fn one<'h>(&self, head: &'h Parts, missing: Reason, malformed: Reason) -> Result<&'h str, VerifyError> {
        let Found::Values(mut values) = self.values(head, malformed)? else {
            return Err(VerifyError::new(missing, "the field is not there"));
        };
        let may_repeat = self.field.list.is_some_and(|list| list.between_groups.is_some());
        match (values.next(), values.next()) {
            (Some(value), None) => Ok(value),
            (Some(value), Some(next)) if may_repeat && value == next && values.all(|other| other == value) => Ok(value),
            _ => Err(VerifyError::new(malformed, "the field stands there more than once")),
        }
    }
}

/// The text of a header that stands on one line at most.
pub(super) fn single_line<'h>(
    headers: &'h HeaderMap,
    name: &HeaderName,
    malformed: Reason,
) -> Result<Option<&'h str>, VerifyError> {
    let mut lines = headers.get_all(name).iter();
    match (lines.next(), lines.next()) {
        (None, _) => Ok(None),
        (Some(_), Some(_)) => Err(VerifyError::new(malformed, "the header stands on several lines")),
        (Some(line), None) => match line.to_str() {
            Ok(text) => Ok(Some(text)),
            Err(_) => Err(not_ascii(malformed)),
        },
    }
}

const fn not_ascii(malformed: Reason) -> VerifyError {
    VerifyError::new(malformed, "the header is not ASCII")
}

/// The values of a query parameter, as they are written.
fn parameters<'h>(head: &'h Parts, name: &str) -> impl Iterator<Item = &'h str> {
    let pairs = head.uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    pairs.filter(move |(own, _)| *own == name).map(|(_, value)| value)
}

/// The values of a field, one after the other.
pub(super) struct Values<'h> {
    /// The next value, where it was looked for already.
    found: Option<&'h str>,
    rest: Option<&'h str>,
    /// The next item is not the first.
    follows: bool,
    /// The texts of further headers or lines.
    more: std::vec::IntoIter<&'h str>,
    field: Field,
}

impl<'h> Iterator for Values<'h> {
    type Item = &'h str;

    fn next(&mut self) -> Option<&'h str> {
        if let Some(found) = self.found.take() {
            return Some(found);
        }
        loop {
            let Some(text) = self.rest.take() else {
                self.rest = Some(self.more.next()?);
                self.follows = false;
                continue;
            };
            let Some(list) = self.field.list else {
                match text.strip_prefix(self.field.prefix) {
                    Some(value) => return Some(value),
                    None => continue,
                }
            };
            let (item, rest) = list.cut(text);
            let ends = text.get(item.len()..).and_then(|behind| behind.chars().next());
            self.rest = rest;
            let follows = std::mem::replace(&mut self.follows, true);
            let item = list.item(follows, item);
            let value = match list.items {
                Items::Pairs { between, key, or_key } => {
                    let counts = |own: &str| own == key || or_key.is_some_and(|second| own == second);
                    item.split_once(between).filter(|(own, _)| counts(own)).map(|(_, value)| value)
                }
                Items::First => (!follows).then_some(item),
                Items::Last => (ends.is_none() || ends == list.between_groups).then_some(item),
                Items::Rest => follows.then_some(item),
                Items::Values => Some(item),
            };
            if let Some(value) = value.and_then(|value| value.strip_prefix(self.field.prefix)) {
                return Some(value);
            }
        }
    }
}
