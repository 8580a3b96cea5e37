//! JSON as a sender's language writes it, for those who sign it in that form.

use std::fmt::Write as _;

use serde_json::value::RawValue;

use super::json_object::{Object, string};
use crate::rejection::Reason;
use crate::scheme::VerifyError;

/// How deep objects and lists may lie in each other.
const DEEPEST: usize = 32;

/// Which characters are escaped beside those that must be; what is no ASCII always is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Style {
    /// PHP's `json_encode`: slashes.
    Php,
    /// Python's `json.dumps`: the control character 127.
    Python,
}

/// Writes a string with its quotes.
pub(super) fn write_string(out: &mut String, text: &str, style: Style) {
    out.push('"');
    for c in text.chars() {
        match (c, style) {
            ('"', _) => out.push_str("\\\""),
            ('\\', _) => out.push_str("\\\\"),
            ('/', Style::Php) => out.push_str("\\/"),
            ('\x08', _) => out.push_str("\\b"),
            ('\x0c', _) => out.push_str("\\f"),
            ('\n', _) => out.push_str("\\n"),
            ('\r', _) => out.push_str("\\r"),
            ('\t', _) => out.push_str("\\t"),
            (' '..='~', _) | ('\x7f', Style::Php) => out.push(c),
            _ => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    // Writing to a `String` cannot fail.
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
}

/// Writes a value without blanks: members in their order, numbers as they are written, strings as the style has it. Refuses
/// an object with a name in it twice, and what lies too deep.
pub(super) fn write_compact(out: &mut String, value: &RawValue, style: Style) -> Result<(), VerifyError> {
    write_at(out, value, style, DEEPEST)
}

fn write_at(out: &mut String, value: &RawValue, style: Style, deeper: usize) -> Result<(), VerifyError> {
    let error = || VerifyError::new(Reason::SignatureMismatch, "what is signed lies too deep or is no JSON");
    let written = value.get();
    match written.as_bytes().first() {
        Some(b'"') => write_string(out, &string(written)?, style),
        Some(b'{') => {
            let deeper = deeper.checked_sub(1).ok_or_else(error)?;
            out.push('{');
            for (at, (name, value)) in Object::read(written.as_bytes())?.members().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_string(out, name, style);
                out.push(':');
                write_at(out, value, style, deeper)?;
            }
            out.push('}');
        }
        Some(b'[') => {
            let deeper = deeper.checked_sub(1).ok_or_else(error)?;
            out.push('[');
            let items: Vec<&RawValue> = serde_json::from_str(written).map_err(|_| error())?;
            for (at, item) in items.into_iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_at(out, item, style, deeper)?;
            }
            out.push(']');
        }
        _ => out.push_str(written),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn compact(text: &str) -> Option<String> {
        let (value, mut out) = (serde_json::from_str(text).ok()?, String::new());
        write_compact(&mut out, value, Style::Php).ok().map(|()| out)
    }

    #[test]
    fn strings_are_escaped_as_the_languages_do() {
        // The second is what Python 3 prints; the first differs where PHP's manual says so.
        let text = "a/\"\\\u{8}\u{c}\n\r\t\u{1}\u{7f}é😀";
        let (mut php, mut python) = (String::new(), String::new());
        write_string(&mut php, text, Style::Php);
        write_string(&mut python, text, Style::Python);
        assert_eq!(php, "\"a\\/\\\"\\\\\\b\\f\\n\\r\\t\\u0001\u{7f}\\u00e9\\ud83d\\ude00\"");
        assert_eq!(python, "\"a/\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u007f\\u00e9\\ud83d\\ude00\"");
    }

    #[test]
    fn order_and_numbers_are_kept_and_blanks_are_not() {
        let text = r#" { "b" : [ 1.50 , true , null , [ ] ] , "a" : { "u" : "https:\/\/x/é" } , "e": {} } "#;
        let expected = r#"{"b":[1.50,true,null,[]],"a":{"u":"https:\/\/x\/\u00e9"},"e":{}}"#;
        assert_eq!(compact(text).as_deref(), Some(expected));
        assert_eq!(compact(r#"{"a":{"b":1,"b":1}}"#), None);
        assert!(compact(&format!("{}{}", "[".repeat(DEEPEST), "]".repeat(DEEPEST))).is_some());
        assert!(compact(&format!("{}{}", "[".repeat(DEEPEST + 1), "]".repeat(DEEPEST + 1))).is_none());
        assert!(compact(&format!("{}1{}", "{\"a\":".repeat(100_000), "}".repeat(100_000))).is_none());
    }

    proptest! {
        #[test]
        fn no_json_panics(text in "[{}\\[\\]\",:a0-9\\\\u ]{0,60}") {
            let _ = compact(&text);
        }

        #[test]
        fn what_is_written_says_the_same(text in any::<String>()) {
            for style in [Style::Php, Style::Python] {
                let mut out = String::new();
                write_string(&mut out, &text, style);
                prop_assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text.clone());
                prop_assert!(out.is_ascii());
            }
        }
    }
}
