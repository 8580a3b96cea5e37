//! Where a text stands in the head of a request.

use http::{HeaderMap, HeaderName};

use super::VerifyError;
use crate::rejection::Reason;

/// The place of a signature or a timestamp: [`header`], [`item`] or [`values`].
#[derive(Clone, Copy, Debug)]
pub struct Field {
    pub(super) header: &'static str,
    pub(super) prefix: &'static str,
    pub(super) list: Option<List>,
}

/// A header that is a list.
#[derive(Clone, Copy, Debug)]
pub(super) struct List {
    pub(super) between_items: char,
    pub(super) blanks: Blanks,
    pub(super) items: Items,
}

/// What the items of a list are.
#[derive(Clone, Copy, Debug)]
pub(super) enum Items {
    /// `key=value`, of which those with this key count.
    Pairs { between: char, key: &'static str },
    /// Values, all of which count.
    Values,
}

/// Blanks behind the separator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blanks {
    /// They belong to the item.
    Kept,
    /// One may stand there, and is written when signing.
    Skipped,
}

impl List {
    /// The items as they stand there.
    fn split(self, text: &str) -> impl Iterator<Item = &str> + Clone {
        text.split(self.between_items).enumerate().map(move |(at, item)| self.item(at > 0, item))
    }

    fn item(self, follows: bool, item: &str) -> &str {
        match self.blanks {
            Blanks::Skipped if follows => item.strip_prefix(' ').unwrap_or(item),
            _ => item,
        }
    }
}

/// The whole value of a header. The name is written in lower case.
#[must_use]
pub const fn header(name: &'static str) -> Field {
    Field { header: name, prefix: "", list: None }
}

/// The items `key=value` of a header that is a list: `item("stripe-signature", ',', "v1")`.
#[must_use]
pub const fn item(header: &'static str, between_items: char, key: &'static str) -> Field {
    let items = Items::Pairs { between: '=', key };
    Field { header, prefix: "", list: Some(List { between_items, blanks: Blanks::Kept, items }) }
}

/// All items of a header that is a list of values: `values("cronofy-hmac-sha256", ',')`.
#[must_use]
pub const fn values(header: &'static str, between_items: char) -> Field {
    Field { header, prefix: "", list: Some(List { between_items, blanks: Blanks::Kept, items: Items::Values }) }
}

impl Field {
    /// A fixed text before the value, such as `sha256=`.
    #[must_use]
    pub const fn prefix(mut self, prefix: &'static str) -> Self {
        self.prefix = prefix;
        self
    }

    /// What stands between key and value of an [`item`], if it is not `=`.
    #[must_use]
    pub const fn pair(mut self, between: char) -> Self {
        if let Some(List { items: Items::Pairs { key, .. }, between_items, blanks }) = self.list {
            self.list = Some(List { between_items, blanks, items: Items::Pairs { between, key } });
        }
        self
    }

    /// A blank may stand behind each separator of the list, as in `t=1, v1=ab`.
    #[must_use]
    pub const fn spaced(mut self) -> Self {
        if let Some(list) = self.list {
            self.list = Some(List { blanks: Blanks::Skipped, ..list });
        }
        self
    }
}

/// Items of a list that are looked at; more are taken for an attack.
const MAX_ITEMS: usize = 64;
/// Candidate signatures, well formed or not; more are taken for an attack.
pub(super) const MAX_CANDIDATES: usize = 16;

/// A field with its header's name parsed.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    pub(super) name: HeaderName,
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
    pub(super) fn new(field: Field, name: HeaderName) -> Self {
        Self { name, field }
    }

    /// The values of the field; `malformed` where the header stands on several lines, is not ASCII, or
    /// is no such list.
    pub(super) fn values<'h>(&self, headers: &'h HeaderMap, malformed: Reason) -> Result<Found<'h>, VerifyError> {
        let Some(text) = single_line(headers, &self.name, malformed)? else { return Ok(Found::Absent) };
        let values = Values { rest: Some(text), follows: false, field: self.field };
        match self.field.list {
            None if text.is_empty() => return Err(VerifyError::new(malformed, "the header is empty")),
            None => {}
            Some(list) => {
                let mut items = 0;
                for item in list.split(text) {
                    items += 1;
                    let sound = match list.items {
                        Items::Pairs { between, .. } => item.contains(between),
                        Items::Values => !item.is_empty(),
                    };
                    if items > MAX_ITEMS || !sound {
                        return Err(VerifyError::new(malformed, "the header is no such list"));
                    }
                }
            }
        }
        Ok(match values.clone().next() {
            Some(_) => Found::Values(values),
            None => Found::Other,
        })
    }

    /// The one value of the field.
    pub(super) fn one<'h>(
        &self,
        headers: &'h HeaderMap,
        missing: Reason,
        malformed: Reason,
    ) -> Result<&'h str, VerifyError> {
        let Found::Values(mut values) = self.values(headers, malformed)? else {
            return Err(VerifyError::new(missing, "the field is not there"));
        };
        match (values.next(), values.next()) {
            (Some(value), None) => Ok(value),
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
            Err(_) => Err(VerifyError::new(malformed, "the header is not ASCII")),
        },
    }
}

/// The values of a field, one after the other.
#[derive(Clone)]
pub(super) struct Values<'h> {
    rest: Option<&'h str>,
    /// The next item is not the first.
    follows: bool,
    field: Field,
}

impl<'h> Iterator for Values<'h> {
    type Item = &'h str;

    fn next(&mut self) -> Option<&'h str> {
        let Some(list) = self.field.list else { return self.rest.take()?.strip_prefix(self.field.prefix) };
        loop {
            let (item, rest) = match self.rest?.split_once(list.between_items) {
                Some((item, rest)) => (item, Some(rest)),
                None => (self.rest?, None),
            };
            self.rest = rest;
            let item = list.item(std::mem::replace(&mut self.follows, true), item);
            let value = match list.items {
                Items::Pairs { between, key } => {
                    item.split_once(between).filter(|(own, _)| *own == key).map(|(_, value)| value)
                }
                Items::Values => Some(item),
            };
            if let Some(value) = value.and_then(|value| value.strip_prefix(self.field.prefix)) {
                return Some(value);
            }
        }
    }
}
