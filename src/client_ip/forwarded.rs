//! The header `Forwarded`, see [RFC 7239](https://www.rfc-editor.org/rfc/rfc7239#section-4).
//!
//! A line is read from its start, as quotes demand it, and all of it before anything in it counts: behind
//! a quote that is never closed nobody can tell who wrote what. Blanks around `;` are taken, as some
//! proxies write them; blanks around `=` are not.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::net::IpAddr;

use super::address;

/// One element of the list: what one proxy says of the request that it got.
#[derive(Clone, Debug, Default)]
pub(super) struct Element<'a> {
    by: Option<Value<'a>>,
    client: Option<Value<'a>>,
    host: Option<Value<'a>>,
    proto: Option<Value<'a>>,
    /// A parameter stands there twice, or the line is broken.
    broken: bool,
}

/// A token, or what stands between two quotes, escapes included.
#[derive(Clone, Copy, Debug)]
struct Value<'a>(&'a [u8]);

impl<'a> Element<'a> {
    const BROKEN: Self = Self { by: None, client: None, host: None, proto: None, broken: true };

    /// The address of `for=`; `None` where there is none, or none in clear.
    pub(super) fn client(&self) -> Option<IpAddr> {
        address::of_node(&self.sound(self.client)?.unescaped())
    }

    /// Whether `proto=` is https.
    pub(super) fn is_https(&self) -> bool {
        self.sound(self.proto).is_some_and(|proto| proto.unescaped().eq_ignore_ascii_case(b"https"))
    }

    fn sound(&self, value: Option<Value<'a>>) -> Option<Value<'a>> {
        value.filter(|_| !self.broken)
    }

    fn set(&mut self, name: &[u8], value: Value<'a>) {
        let slot = if name.eq_ignore_ascii_case(b"for") {
            &mut self.client
        } else if name.eq_ignore_ascii_case(b"proto") {
            &mut self.proto
        } else if name.eq_ignore_ascii_case(b"by") {
            &mut self.by
        } else if name.eq_ignore_ascii_case(b"host") {
            &mut self.host
        } else {
            return; // Extensions are allowed and say nothing to us.
        };
        self.broken |= slot.replace(value).is_some();
    }
}

impl<'a> Value<'a> {
    fn unescaped(self) -> Cow<'a, [u8]> {
        if !self.0.contains(&b'\\') {
            return Cow::Borrowed(self.0);
        }
        let mut escaped = false;
        let keep = |byte: &u8| {
            escaped = *byte == b'\\' && !escaped;
            !escaped
        };
        Cow::Owned(self.0.iter().copied().filter(keep).collect())
    }
}

/// The elements of one line from left to right, of long lines the last `most` only. A line that breaks
/// the grammar anywhere is one broken element.
pub(super) fn elements(line: &[u8], most: usize) -> VecDeque<Element<'_>> {
    let mut cursor = Cursor(line);
    let mut elements = VecDeque::new();
    loop {
        let Some(element) = cursor.element() else {
            return VecDeque::from([Element::BROKEN]);
        };
        if elements.len() == most {
            elements.pop_front();
        }
        elements.push_back(element);
        if cursor.0.is_empty() {
            return elements;
        }
        if !cursor.eat(b',') {
            return VecDeque::from([Element::BROKEN]);
        }
    }
}

/// What is left of a line.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    /// `[ name "=" value ] *( ";" [ name "=" value ] )`
    fn element(&mut self) -> Option<Element<'a>> {
        let mut element = Element::default();
        loop {
            self.take_while(is_blank);
            let name = self.take_while(is_token);
            if !name.is_empty() {
                if !self.eat(b'=') {
                    return None;
                }
                element.set(name, self.value()?);
                self.take_while(is_blank);
            }
            if !self.eat(b';') {
                return Some(element);
            }
        }
    }

    fn value(&mut self) -> Option<Value<'a>> {
        if self.eat(b'"') {
            return self.rest_of_quoted();
        }
        let token = self.take_while(is_token);
        (!token.is_empty()).then_some(Value(token))
    }

    /// [RFC 9110, section 5.6.4](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.4).
    fn rest_of_quoted(&mut self) -> Option<Value<'a>> {
        let mut escaped = false;
        let end = self.0.iter().position(|byte| {
            let end = *byte == b'"' && !escaped;
            escaped = *byte == b'\\' && !escaped;
            end
        })?;
        let (value, rest) = self.0.split_at_checked(end)?;
        self.0 = rest;
        let text = value.iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~' | 0x80..));
        (text && self.eat(b'"')).then_some(Value(value))
    }

    fn take_while(&mut self, wanted: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.0.iter().position(|byte| !wanted(*byte)).unwrap_or(self.0.len());
        let (taken, rest) = self.0.split_at_checked(end).unwrap_or((self.0, &[]));
        self.0 = rest;
        taken
    }

    fn eat(&mut self, wanted: u8) -> bool {
        match self.0.split_first() {
            Some((first, rest)) if *first == wanted => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// [RFC 9110, section 5.6.2](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clients(line: &str) -> Vec<Option<String>> {
        elements(line.as_bytes(), 32).iter().map(|element| Some(element.client()?.to_string())).collect()
    }

    fn is_broken(line: &[u8]) -> bool {
        matches!(elements(line, 32).make_contiguous(), [only] if only.broken)
    }

    #[test]
    fn elements_come_from_left_to_right() {
        let line =
            r#"for=192.0.2.43;proto=https;by=_edge, For="[2001:db8::17]:4711" ; host="a,b;c", for=unknown,for="_x:80""#;
        assert_eq!(clients(line), [Some("192.0.2.43".into()), Some("2001:db8::17".into()), None, None]);
        let https: Vec<_> = elements(line.as_bytes(), 32).iter().map(Element::is_https).collect();
        assert_eq!(https, [true, false, false, false]);
    }

    #[test]
    fn what_stands_between_quotes_is_one_value() {
        assert_eq!(clients(r#"for="192.0.2.1, for=203.0.113.9""#), [None]);
        assert_eq!(clients(r#"host="x;for=203.0.113.9";for=192.0.2.1"#), [Some("192.0.2.1".into())]);
        assert_eq!(clients(r#"host="\",for=203.0.113.9\\",for=192.0.2.1"#), [None, Some("192.0.2.1".into())]);
        assert_eq!(clients(r#"for="192.0.2.\1""#), [Some("192.0.2.1".into())]);
        assert_eq!(clients(r#"for="192.0.2.\\1""#), [None]);
    }

    #[test]
    fn empty_pairs_are_allowed_and_say_nothing() {
        assert_eq!(clients("for=192.0.2.1;"), [Some("192.0.2.1".into())]);
        assert_eq!(clients(";;for=192.0.2.1, ,"), [Some("192.0.2.1".into()), None, None]);
        assert_eq!(clients(""), [None]);
    }

    #[test]
    fn a_parameter_that_stands_there_twice_says_nothing() {
        for line in ["for=192.0.2.1;for=192.0.2.1", "for=192.0.2.1;by=_a;BY=_b", "for=192.0.2.1;host=a;host=b"] {
            assert_eq!(clients(line), [None], "{line}");
        }
        assert!(!elements(b"proto=https;proto=https", 32)[0].is_https());
        assert_eq!(clients("for=192.0.2.1;x=1;x=2"), [Some("192.0.2.1".into())]);
    }

    #[test]
    fn a_line_that_breaks_the_grammar_anywhere_says_nothing_at_all() {
        let lines: [&[u8]; 19] = [
            b"\"",
            b"for",
            b"for=",
            b"=192.0.2.1",
            b"for =192.0.2.1",
            b"for= 192.0.2.1",
            b"for=[::1]",
            b"for=192.0.2.1:80",
            b"for=\"192.0.2.1",
            b"for=\"192.0.2.1\\\"",
            b"for=\"192.0.2.1\"x",
            b"for=\"192.0.2.1\"\"x\"",
            b"for=192.0.2.1 for=192.0.2.2",
            b"for=192.0.2.1;@=x",
            b"for=\"[::1\"]",
            b"for='192.0.2.1', \"x\"",
            b"for=\"\x7f\", for=192.0.2.1",
            b"for=\xff, for=192.0.2.1",
            b"for=192.0.2.1\\, for=192.0.2.1",
        ];
        for line in lines {
            assert!(is_broken(line), "{}", String::from_utf8_lossy(line));
        }
    }

    #[test]
    fn of_a_long_line_only_the_end_is_kept() {
        let line = format!("{}for=192.0.2.1", ",".repeat(60_000));
        let kept = elements(line.as_bytes(), 32);
        assert_eq!(kept.len(), 32);
        assert_eq!(kept.back().unwrap().client(), Some("192.0.2.1".parse().unwrap()));
    }
}
