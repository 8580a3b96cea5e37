//! Where a signature or a timestamp stands, as a file says it.

use serde::{Deserialize, Serialize};

use super::super::field::{self, Blanks, Field, Items, Lines, List, Source};
use super::super::terms;
use super::words::{Encoding, TimestampFormat};
use crate::encoding;

/// A signature or a token with its encoding, or a timestamp with its format.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct FieldText {
    #[serde(skip_serializing_if = "Option::is_none")]
    header: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    query: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    json: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    or_headers: Vec<String>,
    #[serde(skip_serializing_if = "is_false")]
    several_lines: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    separator: Option<char>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    or_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    items: Option<Which>,
    #[serde(skip_serializing_if = "Option::is_none")]
    between: Option<char>,
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<char>,
    #[serde(skip_serializing_if = "is_false")]
    spaced: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    opening: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    prefix: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) encoding: Option<Encoding>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) format: Option<TimestampFormat>,
}

/// Which values of a list count.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Which {
    All,
    First,
    Last,
    Rest,
}

pub(super) const fn is_false(value: &bool) -> bool {
    !*value
}

impl FieldText {
    pub(super) fn of(field: &Field) -> Self {
        let Field { header, more, source, lines, opening, prefix, list } = *field;
        let mut text = Self {
            or_headers: more.iter().map(|&name| name.to_owned()).collect(),
            several_lines: match lines {
                Lines::One => false,
                Lines::Several => true,
            },
            opening: opening.to_owned(),
            prefix: prefix.to_owned(),
            ..Self::default()
        };
        let name = Some(header.to_owned());
        match source {
            Source::Header => text.header = name,
            // Of a token, or found by code: no file can say that.
            Source::Body | Source::Rule => text.json = Some(String::new()),
            Source::Json => text.json = name,
            Source::Query => text.query = name,
        }
        if let Some(List { between_items, between_groups, blanks, items }) = list {
            text.separator = Some(between_items);
            text.groups = between_groups;
            text.spaced = match blanks {
                Blanks::Kept => false,
                Blanks::Skipped => true,
            };
            match items {
                Items::First => text.items = Some(Which::First),
                Items::Last => text.items = Some(Which::Last),
                Items::Pairs { between, key, or_key } => {
                    text.key = Some(key.to_owned());
                    text.or_key = or_key.map(str::to_owned);
                    text.between = Some(between).filter(|between| *between != '=');
                }
                Items::Rest => text.items = Some(Which::Rest),
                Items::Values => text.items = Some(Which::All),
            }
        }
        text
    }

    pub(super) fn encoded(self, encoding: encoding::Encoding) -> Self {
        Self { encoding: Some(Encoding::of(encoding)), ..self }
    }

    pub(super) fn written(self, format: terms::TimestampFormat) -> Self {
        Self { format: Some(TimestampFormat::of(format)), ..self }
    }

    /// The field, its texts leaked. `what` is what the file calls it.
    pub(super) fn keep(self, what: &str) -> Result<Field, String> {
        let field = match (self.header, self.query, self.json) {
            (Some(name), None, None) => field::header(name.leak()),
            (None, Some(name), None) => field::query(name.leak()),
            (None, None, Some(pointer)) => field::json(pointer.leak()),
            _ => return Err(format!("`{what}` stands in one of `header`, `query` and `json`")),
        };
        let list = match (self.separator, self.key, self.items) {
            (None, None, None)
                if self.between.is_none() && self.groups.is_none() && self.or_key.is_none() && !self.spaced =>
            {
                None
            }
            (None, ..) => {
                return Err(format!(
                    "`{what}`: `key`, `or_key`, `items`, `between`, `groups` and `spaced` are of a list: say its `separator`"
                ));
            }
            (Some(separator), Some(key), None) => Some((
                separator,
                Items::Pairs {
                    between: self.between.unwrap_or('='),
                    key: key.leak(),
                    or_key: self.or_key.map(|second| &*second.leak()),
                },
            )),
            (Some(separator), None, Some(which)) if self.between.is_none() && self.or_key.is_none() => Some((
                separator,
                match which {
                    Which::All => Items::Values,
                    Which::First => Items::First,
                    Which::Last => Items::Last,
                    Which::Rest => Items::Rest,
                },
            )),
            _ => {
                return Err(format!(
                    "`{what}`: of a list counts either a `key` or `items`: `all`, `first`, `last` or `rest`"
                ));
            }
        };
        let list = list.map(|(between_items, items)| List {
            between_items,
            between_groups: self.groups,
            blanks: if self.spaced { Blanks::Skipped } else { Blanks::Kept },
            items,
        });
        let more: Vec<&'static str> = self.or_headers.into_iter().map(|name| &*name.leak()).collect();
        let lines = if self.several_lines { Lines::Several } else { Lines::One };
        Ok(Field { more: more.leak(), lines, opening: self.opening.leak(), prefix: self.prefix.leak(), list, ..field })
    }
}
