//! Where a text stands in the head of a request.

use http::request::Parts;
use http::{HeaderMap, HeaderName};

use super::VerifyError;
use crate::rejection::Reason;

/// The place of a signature, a token or a timestamp: [`header`], [`item`], [`values`], [`first`], [`rest`], [`query`] or
/// [`json`].
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The name of the header or the parameter, or the pointer.
    pub(super) header: &'static str,
    /// Further headers of the same kind.
    pub(super) more: &'static [&'static str],
    pub(super) source: Source,
    pub(super) lines: Lines,
    pub(super) prefix: &'static str,
    pub(super) list: Option<List>,
}

/// Which part of the request a field stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Header,
    Json,
    Query,
    /// Wherever the scheme's rule finds it.
    Rule,
}

/// On how many lines each header may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lines {
    One,
    Several,
}

/// A header that is a list.
#[derive(Clone, Copy, Debug)]
pub(super) struct List {
    pub(super) between_items: char,
    /// As `between_items`, where the same keys begin anew.
    pub(super) between_groups: Option<char>,
    pub(super) blanks: Blanks,
    pub(super) items: Items,
}

/// What the items of a list are.
#[derive(Clone, Copy, Debug)]
pub(super) enum Items {
    /// Values, of which the first one counts.
    First,
    /// `key=value`, of which those with this key count.
    Pairs { between: char, key: &'static str },
    /// Values, of which all but the first one count.
    Rest,
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
        text.split(self.separators()).enumerate().map(move |(at, item)| self.item(at > 0, item))
    }

    fn separators(self) -> [char; 2] {
        [self.between_items, self.between_groups.unwrap_or(self.between_items)]
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
    Field { header: name, more: &[], source: Source::Header, lines: Lines::One, prefix: "", list: None }
}

/// The value of a query parameter, as it is written there; the parameter may stand there once.
/// Keep query strings out of access logs.
#[must_use]
pub const fn query(name: &'static str) -> Field {
    Field { source: Source::Query, ..header(name) }
}

/// The string at an [RFC 6901](https://www.rfc-editor.org/rfc/rfc6901) pointer in the JSON body: for tokens only, as
/// no body can hold its own signature. The token is in the body that the handler gets, so keep that out of logs.
#[must_use]
pub const fn json(pointer: &'static str) -> Field {
    Field { source: Source::Json, ..header(pointer) }
}

/// Where the scheme's rule finds it.
pub(super) const fn by_rule() -> Field {
    Field { source: Source::Rule, ..header("") }
}

/// The items `key=value` of a header that is a list: `item("stripe-signature", ',', "v1")`.
#[must_use]
pub const fn item(header: &'static str, between_items: char, key: &'static str) -> Field {
    list(header, between_items, Items::Pairs { between: '=', key })
}

/// All items of a header that is a list of values: `values("cronofy-hmac-sha256", ',')`.
#[must_use]
pub const fn values(header: &'static str, between_items: char) -> Field {
    list(header, between_items, Items::Values)
}

/// The first item of a header that is a list of values: `first("recurly-signature", ',')`.
#[must_use]
pub const fn first(header: &'static str, between_items: char) -> Field {
    list(header, between_items, Items::First)
}

/// All items but the first of a header that is a list of values.
#[must_use]
pub const fn rest(header: &'static str, between_items: char) -> Field {
    list(header, between_items, Items::Rest)
}

const fn list(header: &'static str, between_items: char, items: Items) -> Field {
    let list = List { between_items, between_groups: None, blanks: Blanks::Kept, items };
    Field { list: Some(list), ..self::header(header) }
}

impl Field {
    /// A fixed text before the value, such as `sha256=`.
    #[must_use]
    pub const fn prefix(mut self, prefix: &'static str) -> Self {
        self.prefix = prefix;
        self
    }

    /// Further headers that may hold a signature: any of them may match. One is enough. Names in lower case.
    #[must_use]
    pub const fn or_headers(mut self, names: &'static [&'static str]) -> Self {
        self.more = names;
        self
    }

    /// The header may stand on several lines, each with a signature of its own: any of them may match. Without this,
    /// a header on two lines is refused.
    #[must_use]
    pub const fn on_several_lines(mut self) -> Self {
        self.lines = Lines::Several;
        self
    }

    /// What stands between key and value of an [`item`], if it is not `=`.
    #[must_use]
    pub const fn pair(mut self, between: char) -> Self {
        if let Some(list) = self.list
            && let Items::Pairs { key, .. } = list.items
        {
            self.list = Some(List { items: Items::Pairs { between, key }, ..list });
        }
        self
    }

    /// The list may be there several times, with this between one and the next: `t=1,v1=ab t=1,v1=cd`. A timestamp
    /// must be the same in all of them.
    #[must_use]
    pub const fn grouped(mut self, between_groups: char) -> Self {
        if let Some(list) = self.list {
            self.list = Some(List { between_groups: Some(between_groups), ..list });
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

    /// Whether only the scheme's rule finds it: [`Reader::values`] finds nothing then.
    pub(super) fn is_by_rule(&self) -> bool {
        self.field.source == Source::Rule
    }

    /// Whether anything stands where the field is looked for, in the head.
    pub(super) fn is_there(&self, head: &Parts) -> bool {
        match self.field.source {
            Source::Header => self.names.iter().any(|name| head.headers.contains_key(name)),
            Source::Json | Source::Rule => false,
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
            Source::Json | Source::Rule => {}
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
        for text in std::iter::once(first).chain(more.iter().copied()) {
            self.check(text, malformed)?;
        }
        let values = Values { rest: Some(first), follows: false, more: more.into_iter(), field: self.field };
        Ok(match values.clone().next() {
            Some(_) => Found::Values(values),
            None => Found::Other,
        })
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
#[derive(Clone)]
pub(super) struct Values<'h> {
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
            let (item, rest) = match text.split_once(list.separators()) {
                Some((item, rest)) => (item, Some(rest)),
                None => (text, None),
            };
            self.rest = rest;
            let follows = std::mem::replace(&mut self.follows, true);
            let item = list.item(follows, item);
            let value = match list.items {
                Items::Pairs { between, key } => {
                    item.split_once(between).filter(|(own, _)| *own == key).map(|(_, value)| value)
                }
                Items::First => (!follows).then_some(item),
                Items::Rest => follows.then_some(item),
                Items::Values => Some(item),
            };
            if let Some(value) = value.and_then(|value| value.strip_prefix(self.field.prefix)) {
                return Some(value);
            }
        }
    }
}
