//! Reads one value out of a JSON body, as text, without parsing the rest of it.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The string, number or boolean at an [RFC 6901](https://www.rfc-editor.org/rfc/rfc6901) pointer, as
/// text. `None` where there is none, where it is empty, or where the body is no JSON up to there.
///
/// Reading stops at the value; where a key stands twice the first one counts. `~0` and `~1` are not
/// unescaped: no sender has such keys.
pub(crate) fn text_at<'a>(body: &'a [u8], pointer: &str) -> Option<Cow<'a, str>> {
    let mut found = None;
    let seed = Step { rest: pointer.strip_prefix('/')?, found: &mut found };
    // Stopping early leaves the document unfinished, which the parser calls an error: not for us.
    let _ = seed.deserialize(&mut serde_json::Deserializer::from_slice(body));
    found.filter(|text: &Cow<'_, str>| !text.is_empty())
}

/// One step down: `rest` is what is left of the pointer.
struct Step<'p, 'f, 'a> {
    rest: &'p str,
    found: &'f mut Option<Cow<'a, str>>,
}

impl<'p, 'f, 'a> Step<'p, 'f, 'a> {
    /// The key to look for here, and what is left behind it.
    fn split(&self) -> (&'p str, Option<&'p str>) {
        match self.rest.split_once('/') {
            Some((key, rest)) => (key, Some(rest)),
            None => (self.rest, None),
        }
    }
}

impl<'a> DeserializeSeed<'a> for Step<'_, '_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Step<'_, '_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or an array")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        let (wanted, rest) = self.split();
        while let Some(key) = map.next_key::<Cow<'a, str>>()? {
            if key != wanted {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            return match rest {
                Some(rest) => map.next_value_seed(Step { rest, found: self.found }),
                None => map.next_value_seed(Leaf(self.found)),
            };
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut seq: A) -> Result<(), A::Error> {
        let (wanted, rest) = self.split();
        let Ok(index) = wanted.parse::<usize>() else { return Ok(()) };
        for _ in 0..index {
            if seq.next_element::<IgnoredAny>()?.is_none() {
                return Ok(());
            }
        }
        match rest {
            Some(rest) => seq.next_element_seed(Step { rest, found: self.found })?,
            None => seq.next_element_seed(Leaf(self.found))?,
        };
        Ok(())
    }
}

/// The value itself.
struct Leaf<'f, 'a>(&'f mut Option<Cow<'a, str>>);

impl<'a> DeserializeSeed<'a> for Leaf<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Leaf<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, a number or a boolean")
    }

    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<(), E> {
        *self.0 = Some(Cow::Borrowed(text));
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        *self.0 = Some(Cow::Owned(text.to_owned()));
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        *self.0 = Some(Cow::Owned(number.to_string()));
        Ok(())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        *self.0 = Some(Cow::Owned(number.to_string()));
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        *self.0 = Some(Cow::Borrowed(if value { "true" } else { "false" }));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_where_the_pointer_says() {
        let body = br#"{"a":{"id":"inner"},"list":[{"id":"first"},{"id":7}],"id":"outer","n":-3,"yes":true}"#;
        for (pointer, text) in [
            ("/id", "outer"),
            ("/a/id", "inner"),
            ("/list/0/id", "first"),
            ("/list/1/id", "7"),
            ("/n", "-3"),
            ("/yes", "true"),
        ] {
            assert_eq!(text_at(body, pointer).as_deref(), Some(text), "{pointer}");
        }
        for pointer in ["", "id", "/x", "/a", "/list/2/id", "/list/x", "/id/x"] {
            assert_eq!(text_at(body, pointer), None, "{pointer}");
        }
    }

    #[test]
    fn text_is_borrowed_unless_it_is_escaped() {
        assert!(matches!(text_at(br#"{"id":"evt_1"}"#, "/id"), Some(Cow::Borrowed("evt_1"))));
        assert_eq!(text_at(br#"{"id":"evt\u005f1"}"#, "/id").as_deref(), Some("evt_1"));
    }

    #[test]
    fn what_is_no_json_has_no_values() {
        let deep = "[".repeat(200_000);
        for body in [&b""[..], b"id=1", b"\xff\xfe", br#"{"id":"#, br#"{"id":null}"#, br#"{"id":""}"#, deep.as_bytes()]
        {
            assert_eq!(text_at(body, "/id"), None);
        }
    }

    #[test]
    fn reading_stops_at_the_value() {
        assert_eq!(text_at(br#"{"id":"evt_1", what follows is never looked at"#, "/id").as_deref(), Some("evt_1"));
    }
}
