//! Where a text stands in the head of a request.

/// The place of a signature, a token or a timestamp: [`header`], [`item`], [`values`], [`first`], [`last`], [`rest`], [`query`] or
/// [`json`].
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The name of the header or the parameter, or the pointer.
    pub(crate) header: &'static str,
    /// Further headers of the same kind.
    pub(crate) more: &'static [&'static str],
    pub(crate) source: Source,
    pub(super) lines: Lines,
    /// A text before the whole of it.
    pub(crate) opening: &'static str,
    pub(crate) prefix: &'static str,
    pub(crate) list: Option<List>,
}

/// Which part of the request a field stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// All of it.
    Body,
    Header,
    Json,
    Query,
    /// Nowhere that a field can say.
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
pub(crate) struct List {
    pub(crate) between_items: char,
    /// As `between_items`, where the same keys begin anew.
    pub(super) between_groups: Option<char>,
    pub(super) blanks: Blanks,
    pub(crate) items: Items,
}

/// What the items of a list are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Items {
    /// Values, of which the first one counts.
    First,
    /// Texts that may be empty, of which the last one counts.
    Last,
    /// `key=value`, of which those with this key (or with the other one, if there is one) count.
    Pairs { between: char, key: &'static str, or_key: Option<&'static str> },
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
    pub(crate) fn split(self, text: &str) -> impl Iterator<Item = &str> + Clone {
        let (mut rest, mut follows) = (Some(text), false);
        std::iter::from_fn(move || {
            let (item, behind) = self.cut(rest?);
            rest = behind;
            Some(self.item(std::mem::replace(&mut follows, true), item))
        })
    }

    /// The first item of a text, blanks and all, and what stands behind its separator.
    pub(super) fn cut(self, text: &str) -> (&str, Option<&str>) {
        let cut = match self.between_groups {
            // One character is looked for many bytes at a time.
            None => text.split_once(self.between_items),
            Some(between_groups) => text.split_once([self.between_items, between_groups]),
        };
        cut.map_or((text, None), |(item, rest)| (item, Some(rest)))
    }

    pub(super) fn item(self, follows: bool, item: &str) -> &str {
        match self.blanks {
            Blanks::Skipped if follows => item.strip_prefix(' ').unwrap_or(item),
            _ => item,
        }
    }
}

/// The whole value of a header. The name is written in lower case.
#[must_use]
pub const fn header(name: &'static str) -> Field {
    Field { header: name, more: &[], source: Source::Header, lines: Lines::One, opening: "", prefix: "", list: None }
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

/// The whole body, for senders whose body is a signed token.
#[must_use]
pub const fn body() -> Field {
    Field { source: Source::Body, ..header("") }
}

/// The items `key=value` of a header that is a list: `item("stripe-signature", ',', "v1")`.
#[must_use]
pub const fn item(header: &'static str, between_items: char, key: &'static str) -> Field {
    list(header, between_items, Items::Pairs { between: '=', key, or_key: None })
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

/// What stands behind the last separator of a header, or of each [group](Field::grouped) in it: the signature of a detached JWS is `last("x-jws-signature", '.')`.
#[must_use]
pub const fn last(header: &'static str, separator: char) -> Field {
    list(header, separator, Items::Last)
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

    /// A fixed text before the first item of a list, such as the `v0=` of `v0=<signature>,<signature>`.
    #[must_use]
    pub const fn opening(mut self, opening: &'static str) -> Self {
        self.opening = opening;
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
            && let Items::Pairs { key, or_key, .. } = list.items
        {
            self.list = Some(List { items: Items::Pairs { between, key, or_key }, ..list });
        }
        self
    }

    /// A second key of an [`item`] that counts as the first one does: for senders that write two signatures under two
    /// names while a secret is being replaced. Any of them may match.
    #[must_use]
    pub const fn or_key(mut self, second: &'static str) -> Self {
        if let Some(list) = self.list
            && let Items::Pairs { between, key, .. } = list.items
        {
            self.list = Some(List { items: Items::Pairs { between, key, or_key: Some(second) }, ..list });
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
