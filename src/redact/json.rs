//! A JSON body without what is nobody's business.

use std::fmt;

use serde_json::Value;

use super::{REDACTED, Redaction, untrusted};

/// The largest body that is looked into, in bytes.
const LARGEST: usize = 64 * 1024;

/// A body to be written down: as compact JSON with `[redacted]` where something was left out, or only its length where it
/// is no JSON or larger than 64 KiB. Long and active text in it is cut and escaped. `Display` and `Debug` are the same.
///
/// Made by [`Redaction::json`].
#[derive(Clone, Copy)]
pub struct RedactedJson<'b> {
    redaction: &'b Redaction,
    body: &'b [u8],
}

impl<'b> RedactedJson<'b> {
    pub(super) const fn new(redaction: &'b Redaction, body: &'b [u8]) -> Self {
        Self { redaction, body }
    }

    /// `None` where the body is no JSON, or too large.
    #[must_use]
    pub fn to_value(&self) -> Option<Value> {
        if self.body.len() > LARGEST {
            return None;
        }
        let mut value = serde_json::from_slice(self.body).ok()?;
        redact(self.redaction, &mut value, &mut Vec::new());
        Some(value)
    }
}

/// As deep as the parser lets a document be.
fn redact(redaction: &Redaction, value: &mut Value, path: &mut Vec<String>) {
    if redaction.hides_path(path) {
        *value = Value::from(REDACTED);
        return;
    }
    match value {
        Value::Object(members) => {
            let redacted = std::mem::take(members).into_iter().map(|(name, mut member)| {
                let shown = untrusted(&name).to_string();
                let hidden = redaction.hides_field(&name);
                path.push(name);
                if hidden {
                    member = Value::from(REDACTED);
                } else {
                    redact(redaction, &mut member, path);
                }
                path.pop();
                (shown, member)
            });
            *members = redacted.collect();
        }
        Value::Array(items) => {
            for (at, item) in items.iter_mut().enumerate() {
                path.push(at.to_string());
                redact(redaction, item, path);
                path.pop();
            }
        }
        // Some senders put a document into a text of the document.
        Value::String(text) => {
            let inside = text.trim_start().starts_with(['{', '[']);
            let inner = if inside { RedactedJson::new(redaction, text.as_bytes()).to_value() } else { None };
            *text = inner.map_or_else(|| untrusted(text).to_string(), |inner| inner.to_string());
        }
        Value::Bool(_) | Value::Null | Value::Number(_) => {}
    }
}

impl fmt::Display for RedactedJson<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_value() {
            Some(value) => write!(f, "{value}"),
            None => write!(f, "[{} bytes]", self.body.len()),
        }
    }
}

impl fmt::Debug for RedactedJson<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(body: &str) -> String {
        Redaction::new().json(body.as_bytes()).to_string()
    }

    #[test]
    fn fields_are_hidden_at_any_depth_in_any_case_and_spelling() {
        let body = r#"{"a":[{"Access_Token":"x","b":{"X-API-Key":1,"clientSecret":["y"],"CARD NUMBER":2}}]}"#;
        let expected = r#"{"a":[{"Access_Token":"[redacted]","b":{"CARD NUMBER":"[redacted]","X-API-Key":"[redacted]","clientSecret":"[redacted]"}}]}"#;
        assert_eq!(shown(body), expected);
    }

    #[test]
    fn pointers_lead_through_arrays_and_escaped_names() {
        let redaction = Redaction::new().pointer("/people/*/name").pointer("/a~1b").pointer("/list/1");
        let body = br#"{"people":[{"name":"Ann","age":3}],"a/b":1,"list":[1,2]}"#;
        let expected = r#"{"a/b":"[redacted]","list":[1,"[redacted]"],"people":[{"age":3,"name":"[redacted]"}]}"#;
        assert_eq!(redaction.json(body).to_string(), expected);
        assert_eq!(Redaction::new().pointer("").json(b"[1]").to_string(), r#""[redacted]""#);
    }

    #[test]
    fn a_document_within_a_text_is_looked_into() {
        assert_eq!(shown(r#"{"payload":"{\"token\":\"t-1\"}"}"#), r#"{"payload":"{\"token\":\"[redacted]\"}"}"#);
    }

    #[test]
    fn of_what_is_no_json_only_the_length_is_shown() {
        for body in ["token=t-1", "{\"token\":\"t-1\"", "", &"[".repeat(1000), &" ".repeat(LARGEST + 1)] {
            assert_eq!(shown(body), format!("[{} bytes]", body.len()));
        }
    }

    #[test]
    fn text_in_it_is_escaped_and_cut() {
        let shown = shown(&format!(r#"{{"a":"{}","b":"\u001b[2J\u202e"}}"#, "x".repeat(9000)));
        assert!(shown.len() < 400 && shown.contains(r"\\u{1b}[2J\\u{202e}"), "{shown}");
    }
}
