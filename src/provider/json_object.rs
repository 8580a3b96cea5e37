//! JSON objects whose values are kept as they are written.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::rejection::Reason;
use crate::scheme::VerifyError;

/// Members of one object: far more than a sender sends, and looking at them is work for whoever asks.
const MAX_MEMBERS: usize = 4096;

/// The members of an object, in their order, each value as it is written.
///
/// An object with a name in it twice is refused: which of them was signed and which one the handler would read is
/// anybody's guess.
pub(super) struct Object<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Object<'a> {
    pub(super) fn read(text: &'a [u8]) -> Result<Self, VerifyError> {
        serde_json::from_slice(text)
            .map_err(|_| error("what is signed is no JSON object, has a name in it twice or too many"))
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| *value)
    }

    pub(super) fn members(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.0.iter().map(|(name, value)| (name.as_str(), *value))
    }
}

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members: Vec<(String, &'de RawValue)> = Vec::new();
                while let Some(member) = map.next_entry()? {
                    if members.len() == MAX_MEMBERS {
                        return Err(A::Error::custom("there are too many members"));
                    }
                    members.push(member);
                }
                let mut names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
                names.sort_unstable();
                if names.windows(2).any(|pair| matches!(pair, [one, other] if one == other)) {
                    return Err(A::Error::custom("a name stands there twice"));
                }
                Ok(Object(members))
            }
        }

        deserializer.deserialize_map(Members)
    }
}

/// The objects of a body that were read so far, by their pointers.
pub(super) struct Objects<'a> {
    body: &'a [u8],
    read: Vec<(&'static str, Object<'a>)>,
}

impl<'a> Objects<'a> {
    pub(super) const fn of(body: &'a [u8]) -> Self {
        Self { body, read: Vec::new() }
    }

    /// The value at a pointer that begins with `/`; `None` where it or an object on the way is missing.
    pub(super) fn at(&mut self, pointer: &'static str) -> Result<Option<&'a RawValue>, VerifyError> {
        let (parent, name) = pointer.rsplit_once('/').unwrap_or(("", pointer));
        if !self.read.iter().any(|(own, _)| *own == parent) {
            let text = match parent {
                "" => self.body,
                _ => match self.at(parent)? {
                    Some(value) if value.get() != "null" => value.get().as_bytes(),
                    _ => return Ok(None),
                },
            };
            self.read.push((parent, Object::read(text)?));
        }
        Ok(self.read.iter().find(|(own, _)| *own == parent).and_then(|(_, object)| object.get(name)))
    }

    /// The text at a pointer: see [`text`].
    pub(super) fn text_at(&mut self, pointer: &'static str) -> Result<Option<Cow<'a, str>>, VerifyError> {
        self.at(pointer)?.map_or(Ok(None), text)
    }
}

/// A string, or a number or boolean as it is written; `None` for `null`.
pub(super) fn text(value: &RawValue) -> Result<Option<Cow<'_, str>>, VerifyError> {
    let written = value.get();
    match written.as_bytes().first() {
        Some(b'"') => string(written).map(|text| Some(Cow::Owned(text))),
        Some(b'{' | b'[') => Err(error("a signed field is an object or a list")),
        _ if written == "null" => Ok(None),
        _ => Ok(Some(Cow::Borrowed(written))),
    }
}

/// What a string says; half of a surrogate pair is none.
pub(super) fn string(written: &str) -> Result<String, VerifyError> {
    serde_json::from_str(written).map_err(|_| error("a signed field is no text"))
}

const fn error(what: &'static str) -> VerifyError {
    VerifyError::new(Reason::SignatureMismatch, what)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text_at(body: &str, pointer: &'static str) -> Option<Option<String>> {
        Objects::of(body.as_bytes()).text_at(pointer).ok().map(|text| text.map(Cow::into_owned))
    }

    #[test]
    fn values_are_read_as_they_are_written() {
        let body = r#" { "a" : 10.00, "b": {"c": "caf\u00e9", "d": true, "e": null, "f": 1e2}, "g": [1] } "#;
        for (pointer, text) in [
            ("/a", Some("10.00")),
            ("/b/c", Some("café")),
            ("/b/d", Some("true")),
            ("/b/e", None),
            ("/b/f", Some("1e2")),
            ("/b/x", None),
            ("/x/y", None),
            ("/b/e/z", None),
        ] {
            assert_eq!(text_at(body, pointer), Some(text.map(str::to_owned)), "{pointer}");
        }
        assert_eq!(text_at(body, "/b"), None);
        assert_eq!(text_at(body, "/g"), None);
        assert_eq!(text_at(body, "/a/b"), None);
    }

    #[test]
    fn a_name_that_stands_there_twice_is_refused_on_the_way_to_what_is_signed() {
        for body in [r#"{"a":1,"a":1}"#, r#"{"a":1,"\u0061":2}"#, r#"{"b":1,"a":2,"b":3}"#, "[]", "{} x", ""] {
            assert_eq!(text_at(body, "/a"), None, "{body}");
        }
        let many = (0..=MAX_MEMBERS).map(|at| format!("\"{at}\":1")).collect::<Vec<_>>();
        assert_eq!(text_at(&format!("{{{}}}", many.join(",")), "/1"), None);
        assert!(text_at(&format!("{{{}}}", many[1..].join(",")), "/1").is_some());
        assert_eq!(text_at(r#"{"a":{"b":1,"b":2}}"#, "/a/b"), None);
        assert_eq!(text_at(r#"{"a":1,"c":{"b":1,"b":2}}"#, "/a"), Some(Some("1".to_owned())));
    }

    proptest! {
        #[test]
        fn no_body_panics(body in proptest::collection::vec(any::<u8>(), 0..200), text in "[{}\\[\\]\",:a0-9\\\\u ]{0,60}") {
            for body in [&body[..], text.as_bytes()] {
                let mut objects = Objects::of(body);
                let _ = (objects.text_at("/a").is_ok(), objects.text_at("/a/b/c").is_ok());
            }
        }
    }
}
