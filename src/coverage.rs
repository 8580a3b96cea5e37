//! What of the body a signature covers.

use std::fmt;

/// What of the body the signature covers, as a fact of a sender: what is outside of it is anybody's to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Coverage {
    /// All of it: every byte, or, of a form that the sender signs by its decoded fields, all that it says.
    Body,
    /// These fields, and no other. One that begins with `/` is an
    /// [RFC 6901](https://www.rfc-editor.org/rfc/rfc6901) pointer into the JSON body, with all that is below it; any
    /// other is the name of a form's field, or words. Everything else in the body can be changed by whoever has seen one
    /// delivery: take ids from the covered fields, and fetch the object back from the sender.
    Fields(&'static [&'static str]),
    /// Nothing of it: the sender shows a token, or signs something else.
    Nothing,
}

impl Coverage {
    /// Whether the value at this JSON pointer is covered.
    pub(crate) fn has(self, pointer: &str) -> bool {
        let below =
            |field: &&str| pointer.strip_prefix(*field).is_some_and(|rest| matches!(rest.as_bytes(), [] | [b'/', ..]));
        match self {
            Self::Body => true,
            Self::Fields(fields) => fields.iter().filter(|field| field.starts_with('/')).any(below),
            Self::Nothing => false,
        }
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body => f.write_str("all of the body"),
            Self::Fields(fields) => write!(f, "of the body only {}", fields.join(", ")),
            Self::Nothing => f.write_str("nothing of the body"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_covers_what_is_below_it_and_nothing_beside_it() {
        let fields = Coverage::Fields(&["/event", "/a/b", "tid"]);
        for (pointer, covered) in [
            ("/event", true),
            ("/event/id", true),
            ("/events", false),
            ("/a", false),
            ("/a/b", true),
            ("/a/bc", false),
            ("tid", false),
            ("/tid", false),
        ] {
            assert_eq!(fields.has(pointer), covered, "{pointer}");
            assert!(Coverage::Body.has(pointer) && !Coverage::Nothing.has(pointer));
        }
    }
}
