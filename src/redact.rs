//! What is left out of everything that people read: logs, journal, views of the inbox, explanations, the tool's output.
//!
//! * Headers by an **allowlist**: the value of one that nobody has named is not shown, only its name. What holds a
//!   credential is not shown even where it is named.
//! * JSON by the **names of fields**, at any depth and in any case, and by **pointers**.
//! * Text that came from outside with its control characters, line ends and marks of direction escaped, and cut: one
//!   line stays one line, and a terminal obeys nobody ([`untrusted`]).
//!
//! The crate writes no body into a log and no header's value. Your own log lines can use the same rules:
//!
//! ```
//! use http::HeaderMap;
//! use tower_webhook::redact::{Redaction, untrusted};
//!
//! let redaction = Redaction::new().field("vat_id").pointer("/card/holder");
//! let body = br#"{"amount":3,"card":{"holder":"Ann","creditCard":"4111"},"vatId":"DE1","apiKey":"k-1"}"#;
//! assert_eq!(
//!     redaction.json(body).to_string(),
//!     r#"{"amount":3,"apiKey":"[redacted]","card":{"creditCard":"[redacted]","holder":"[redacted]"},"vatId":"[redacted]"}"#
//! );
//!
//! let mut headers = HeaderMap::new();
//! headers.insert("content-type", "application/json".parse()?);
//! headers.insert("authorization", "Bearer hunter2".parse()?);
//! assert_eq!(
//!     redaction.headers(&headers).to_string(),
//!     r#"{"authorization": [redacted], "content-type": "application/json"}"#
//! );
//!
//! assert_eq!(untrusted("evt_1\n\u{1b}[2J").to_string(), r"evt_1\n\u{1b}[2J");
//! # Ok::<(), http::header::InvalidHeaderValue>(())
//! ```

mod json;
mod text;

use std::collections::BTreeSet;
use std::fmt;

use http::{HeaderMap, HeaderName};

pub use json::RedactedJson;
pub use text::{Untrusted, untrusted};

/// What stands for a value that is left out.
pub const REDACTED: &str = "[redacted]";

/// Headers that hold nothing that lets somebody in, whoever sends them.
const SHOWN_HEADERS: &[&str] = &[
    "accept",
    "accept-encoding",
    "content-encoding",
    "content-language",
    "content-length",
    "content-type",
    "date",
    "host",
    "traceparent",
    "transfer-encoding",
    "user-agent",
];

/// A name with one of these in it, written without `-` and `_`, holds something that lets somebody in.
const CREDENTIAL_WORDS: &[&str] = &[
    "accesskey",
    "apikey",
    "auth",
    "cookie",
    "credential",
    "digest",
    "hmac",
    "jwt",
    "passw",
    "privatekey",
    "secret",
    "session",
    "sign",
    "token",
];

/// Fields of a body that are nobody's business, besides those with one of [`CREDENTIAL_WORDS`]; without `-` and `_`.
const PRIVATE_FIELDS: &[&str] =
    &["cardnumber", "creditcard", "creditcardnumber", "cvc", "cvv", "iban", "pan", "pin", "ssn"];

/// Whether a header, a query parameter or a field of this name holds something that lets somebody in. In any case, with
/// hyphens, underscores or none.
#[must_use]
pub fn is_credential(name: &str) -> bool {
    let name = plain(name);
    CREDENTIAL_WORDS.iter().any(|word| name.contains(word))
}

/// In lower case, without hyphens and underscores.
fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '-' | '_' | ' ')).flat_map(char::to_lowercase).collect()
}

/// What is shown and what is not. See the [module docs](self).
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Redaction {
    headers: BTreeSet<String>,
    fields: BTreeSet<String>,
    pointers: Vec<Vec<String>>,
}

impl Redaction {
    /// Shows headers that say what a body is and who sent it (`content-type`, `user-agent`, …), and every field whose
    /// name is not that of a credential, a card or an account.
    pub fn new() -> Self {
        Self::default()
    }

    /// Shows one more header. A credential stays hidden all the same.
    pub fn show_header(mut self, name: &HeaderName) -> Self {
        self.headers.insert(name.as_str().to_owned());
        self
    }

    /// Hides fields of this name too, wherever they stand and in any case.
    pub fn field(mut self, name: &str) -> Self {
        self.fields.insert(plain(name));
        self
    }

    /// Hides what stands at this [RFC 6901](https://www.rfc-editor.org/rfc/rfc6901) pointer too; `*` stands for every
    /// member of an object or an array.
    pub fn pointer(mut self, pointer: &str) -> Self {
        let unescaped = |part: &str| part.replace("~1", "/").replace("~0", "~");
        self.pointers.push(pointer.split('/').skip(1).map(unescaped).collect());
        self
    }

    /// Whether the value of a header is shown.
    #[must_use]
    pub fn shows_header(&self, name: &str) -> bool {
        let named = SHOWN_HEADERS.contains(&name) || self.headers.contains(name);
        named && !is_credential(name)
    }

    /// These headers, to be written down.
    #[must_use]
    pub const fn headers<'h>(&'h self, headers: &'h HeaderMap) -> RedactedHeaders<'h> {
        RedactedHeaders { redaction: self, headers }
    }

    /// This body, to be written down: as compact JSON, or only its length where it is none or is larger than 64 KiB.
    #[must_use]
    pub const fn json<'b>(&'b self, body: &'b [u8]) -> RedactedJson<'b> {
        RedactedJson::new(self, body)
    }

    fn hides_field(&self, name: &str) -> bool {
        let name = plain(name);
        CREDENTIAL_WORDS.iter().any(|word| name.contains(word))
            || PRIVATE_FIELDS.contains(&name.as_str())
            || self.fields.contains(&name)
    }

    fn hides_path(&self, path: &[String]) -> bool {
        let fits = |pointer: &Vec<String>| {
            pointer.len() == path.len() && pointer.iter().zip(path).all(|(part, name)| part == "*" || part == name)
        };
        self.pointers.iter().any(fits)
    }
}

/// Headers with the values that may be shown, sorted by name. `Display` and `Debug` are the same.
#[derive(Clone, Copy)]
pub struct RedactedHeaders<'h> {
    redaction: &'h Redaction,
    headers: &'h HeaderMap,
}

impl fmt::Display for RedactedHeaders<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: BTreeSet<_> = self.headers.keys().map(HeaderName::as_str).collect();
        f.write_str("{")?;
        for (at, name) in names.into_iter().enumerate() {
            for (nth, value) in self.headers.get_all(name).iter().enumerate() {
                if at + nth > 0 {
                    f.write_str(", ")?;
                }
                if self.redaction.shows_header(name) {
                    write!(f, "{:?}: \"{}\"", name, untrusted(&String::from_utf8_lossy(value.as_bytes())))?;
                } else {
                    write!(f, "{name:?}: {REDACTED}")?;
                }
            }
        }
        f.write_str("}")
    }
}

impl fmt::Debug for RedactedHeaders<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_header_that_nobody_has_named_is_not_shown() {
        let redaction = Redaction::new();
        for name in ["authorization", "x-hub-signature-256", "cookie", "x-anything", "x-real-ip", "proxy-authorization"]
        {
            assert!(!redaction.shows_header(name), "{name}");
        }
        assert!(redaction.shows_header("content-type"));
    }

    #[test]
    fn a_credential_is_not_shown_even_where_it_is_named() {
        for name in ["authorization", "x-api_key", "x-access-key", "x-my-token", "set-cookie"] {
            let redaction = Redaction::new().show_header(&HeaderName::from_static(name));
            assert!(!redaction.shows_header(name), "{name}");
        }
        let topic = HeaderName::from_static("x-topic");
        assert!(Redaction::new().show_header(&topic).shows_header("x-topic"));
    }

    #[test]
    fn a_shown_value_is_one_line_without_orders_to_a_terminal() {
        let mut headers = HeaderMap::new();
        headers.insert("user-agent", HeaderValue::from_bytes("a\u{202e}b\u{9b}2J".as_bytes()).unwrap());
        assert_eq!(Redaction::new().headers(&headers).to_string(), r#"{"user-agent": "a\u{202e}b\u{9b}2J"}"#);
    }
}
