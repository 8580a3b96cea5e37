//! Schemes that are loaded when the program runs: the sender of a customer's own, out of a file, checked as a `const` is.
//!
//! * [`Scheme::from_toml`] and [`Scheme::from_json`] read one scheme; [`Scheme::all_from_toml`] and
//!   [`Scheme::all_from_json`] a file with many.
//! * `serde_json::to_string(&scheme)` writes any scheme in that form; `tower-webhook providers --json` so writes the
//!   catalogue.
//!
//! What passes: what [`Scheme::problem`] finds nothing wrong with. What is refused, as a [`ConfigError`] that names the
//! line or the scheme: all else; a field that is not known or stands there twice; a sender that is worked out by code
//! (`rule`, see [`SignatureRule`](super::SignatureRule)) or lets everybody in; a file of more than [`LONGEST_FILE`]
//! bytes, of more than [`MOST_SCHEMES`] schemes, or with one of more than 16 KiB.
//!
//! Caveat: a [`Scheme`] is made of texts that never go away, so what a file says is kept for as long as the process
//! lives; what is loaded again is not kept again, and 16 MiB is the end. Files are the operator's: do not load what a
//! stranger wrote. No secret stands in them.
//!
//! ```
//! use http::Request;
//! use tower_webhook::clock::UnixTime;
//! use tower_webhook::scheme::{Scheme, Signer, Verifier};
//! use tower_webhook::{Reason, Secret, bytes::Bytes};
//!
//! let acme = Scheme::from_toml(r#"
//!     name = "acme"
//!     algorithm = "hmac-sha256"
//!     signature = { header = "x-acme-signature", separator = ",", key = "v1", encoding = "hex" }
//!     timestamp = { header = "x-acme-signature", separator = ",", key = "t", format = "unix-seconds" }
//!     signed = ["timestamp", { text = "." }, "body"]
//!     delivery_id = { json = "/id" }
//! "#)?;
//!
//! let secret = Secret::new("a secret of at least sixteen bytes")?;
//! let (mut head, body) = Request::post("/acme").body(Bytes::from(r#"{"id":"evt_1"}"#))?.into_parts();
//! let now = UnixTime::from_secs(1_700_000_000);
//! Signer::new(acme, secret.clone())?.sign(&mut head, &body, now)?;
//!
//! let verifier = Verifier::new(acme, secret)?;
//! assert_eq!(verifier.verify(&head, &body, Some(now))?.id().as_deref(), Some("evt_1"));
//! let forged = Bytes::from(r#"{"id":"evt_2"}"#);
//! assert_eq!(verifier.verify(&head, &forged, Some(now)).unwrap_err().reason(), Reason::SignatureMismatch);
//!
//! let error = Scheme::from_toml("name = \"acme\"\nalgorithm = \"hmac-sha256\"\nsignatur = {}").unwrap_err();
//! assert!(error.to_string().contains("unknown field `signatur`"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The form
//!
//! Only `name` and `algorithm` are always there. Names of headers are in lower case; pointers are those of
//! [RFC 6901](https://www.rfc-editor.org/rfc/rfc6901).
//!
//! | field | | default |
//! |---|---|---|
//! | `name`, or `id` as it is written | lower case letters, digits and hyphens, at most 64 | |
//! | `algorithm` | `hmac-md5`, `hmac-sha1`, `hmac-sha256`, `hmac-sha384`, `hmac-sha512`; with a public key `ed25519`, `ecdsa-p256-sha256`, `ecdsa-p256-sha256-fixed`, `ecdsa-p521-sha512-fixed`, `rsa-pkcs1-sha1`, `rsa-pkcs1-sha256`, `rsa-pkcs1-sha256-or-sha1`, `rsa-pkcs1-sha512`, `rsa-pss-sha512`, see [`PublicAlgorithm`](crate::crypto::PublicAlgorithm); `digest-md5`, `digest-sha1`, `digest-sha256`, `digest-sha384`; `token`, `basic` | |
//! | `signature` | a place, and its `encoding`: `hex`, `base64`, `base64url` or `base64-of-hex`; for `token` and `basic` none | `basic`: `authorization` |
//! | `ed25519` | as `signature`, of a second signature, see [`Scheme::or_ed25519`] | |
//! | `secret_text` | `whole`, `hex`, `sha1`, `sha256`, `{ without-environment = { prefix = "signkey-" } }`, `{ base64 = { prefix = "whsec_" } }`, `{ base64-if-prefixed = { prefix = "whsec_" } }`, `{ whole-or-base64 = { prefix = "whsec_" } }`, see [`SecretText`](super::SecretText) | `whole` |
//! | `signed` | array of `body`, `id`, `key-id`, `method`, `secret`, `timestamp`, `url`, `{ header = "x-nonce" }`, `{ text = "." }`, see [`Part`](super::Part) | the body; of a digest: secret, body |
//! | `timestamp` | a place, and its `format`: `unix-seconds`, `unix-millis`, `unix-seconds-or-millis`, `rfc3339`, `iso8601-utc` or `http-date` | |
//! | `timestamp_in_body` | `{ json = "/time", format = "unix-seconds" }` | |
//! | `tolerance_s` | how far the timestamp may lie from now, in seconds | 300 |
//! | `delivery_id`, `event_type` | `{ header = "x-acme-id" }` or `{ json = "/id" }` | |
//! | `attempt`, `account` | a header, see [`Scheme::attempt`], [`Scheme::account`] | |
//! | `other_names` | array of `["name", "other name"]`, see [`Scheme::other_names`] | |
//! | `bodies_are_unique` | see [`Scheme::bodies_are_unique`] | `false` |
//! | `body_limit` | in bytes | 1 MiB |
//! | `deadline_ms`, `retries_for_s` | in milliseconds and in seconds, at most a year, see [`Scheme::deadline`], [`Scheme::retries_for`] | |
//! | `answered` | array of `{ from = 404, to = 404, reaction = "give-up" }`; or `disable`, `retry`, `success`: see [`Scheme::answered`] | |
//! | `unauthorized_as` | a status from 400 to 499, see [`Scheme::unauthorized_as`] | 401 |
//! | `answer`, `ip_list` | see [`Scheme::answer`], [`Scheme::ip_list`] | |
//! | `challenge` | array of questions, see below | |
//! | `source`, `confidence` | where the facts were read; `documented`, `third-party` or `verified` | |
//! | `rule` | written, not read: what is signed is worked out by the code of this sender | |
//! | `facts` | written, not read: what follows from the rest (`signs`, `covers`, `signs_time`, `signs_url`) | |
//!
//! A place is a table:
//!
//! | field | | default |
//! |---|---|---|
//! | `header`, `query` or `json` | one of them: name or pointer | |
//! | `opening` | a fixed text before the first item of a list | none |
//! | `prefix` | a fixed text before the value | none |
//! | `separator` | the header is a list, with this character between its items | no list |
//! | `key` | of a list of `key=value`, those with this key | |
//! | `or_key` | a second key that counts as well | none |
//! | `between` | what stands between key and value | `=` |
//! | `items` | of a list of values: `all`, `first`, `last` or `rest` (all but the first) | |
//! | `groups` | what stands between one such list and the next | one list |
//! | `spaced` | a blank may stand behind each separator | `false` |
//! | `or_headers` | further headers that may hold a signature | none |
//! | `several_lines` | the header may stand on several lines | `false` |
//!
//! A question of `challenge`, see [`Challenge`](super::Challenge), where fields are `{ header = "…" }`, `{ json = "…" }` or
//! `{ query = "…" }`:
//!
//! | field | | default |
//! |---|---|---|
//! | `asked` | how it comes: unsigned by `get`, `head`, `options` or `post`; `verified`, behind the signature | |
//! | `by`, or `form` | what tells it from all else: a field; or a name, where the body is `name=` and digits, and an empty one where there is no body | the method does |
//! | `is` | the value of that field | any |
//! | `without` | the field that makes it a delivery like others | none |
//! | `verify_token` | the field that must be the verify token | none |
//! | `text`, `characters` | the field that is answered, and what it is made of: `base64`, `hex`, `sentence`, `token` or `uuid` | none |
//! | `answer` | `{ fixed = { status = 200, json = "" } }`; `{ plain = [..] }` or `{ json = [..] }` of `text`, `{ lit = ".." }`, `{ mac = "hex" }`, `key-id`, `sha256-with-token-and-url`; `{ header = ".." }`; `allowed-origin`; `{ secret = { header = ".." } }`; `{ confirm = { host = "begins", ends = [".."] } }` | |

mod challenge;
mod conduct;
mod entry;
mod kept;
mod place;
mod words;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize, Serializer};

use self::entry::Entry;
use super::description::Scheme;
use crate::config_error::{ConfigError, ConfigErrorKind};

/// Bytes of a file.
pub const LONGEST_FILE: usize = 1024 * 1024;
/// Schemes of a file.
pub const MOST_SCHEMES: usize = 1000;

/// Characters of what is said about a file: it may quote any amount of it.
const LONGEST_TEXT: usize = 1000;

/// Many schemes in TOML.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tables {
    #[serde(default)]
    scheme: Vec<Entry>,
}

impl Scheme {
    /// A scheme out of JSON: one object, as [`scheme::data`](super::data) says. What it says is kept for as long as the
    /// process lives, once.
    ///
    /// # Errors
    /// What is no such object; what [`Scheme::problem`] finds; more than 1 MiB.
    pub fn from_json(text: &str) -> Result<Self, ConfigError> {
        kept::keep(json(text)?)
    }

    /// A scheme out of TOML: the fields that [`scheme::data`](super::data) lists, at the root. What it says is kept for
    /// as long as the process lives, once.
    ///
    /// # Errors
    /// As [`from_json`](Self::from_json).
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        kept::keep(toml(text)?)
    }

    /// All schemes of a JSON array, whose names differ; otherwise as [`from_json`](Self::from_json).
    ///
    /// # Errors
    /// As [`from_json`](Self::from_json), for the first that is wrong; a name that comes twice; more than 1000.
    pub fn all_from_json(text: &str) -> Result<Vec<Self>, ConfigError> {
        all(json(text)?)
    }

    /// All schemes of a file of `[[scheme]]` tables, whose names differ; otherwise as [`from_toml`](Self::from_toml).
    ///
    /// # Errors
    /// As [`all_from_json`](Self::all_from_json).
    pub fn all_from_toml(text: &str) -> Result<Vec<Self>, ConfigError> {
        all(toml::<Tables>(text)?.scheme)
    }
}

/// As [`Scheme::from_json`] reads it, and with `facts` that it does not read. A scheme with a rule is written, too, and
/// cannot be read. Tolerance and retries are whole seconds, the deadline whole milliseconds.
impl Serialize for Scheme {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Entry::of(self).serialize(serializer)
    }
}

fn all(entries: Vec<Entry>) -> Result<Vec<Scheme>, ConfigError> {
    if entries.len() > MOST_SCHEMES {
        return Err(error(ConfigErrorKind::Limit, &format!("a file has at most {MOST_SCHEMES} schemes")));
    }
    let mut names = BTreeSet::new();
    if let Some(twice) = entries.iter().map(Entry::name).find(|name| !names.insert(*name)) {
        return Err(error(ConfigErrorKind::Scheme, &format!("two schemes are called `{twice}`")));
    }
    entries.into_iter().map(kept::keep).collect()
}

fn json<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, ConfigError> {
    not_too_long(text)?;
    serde_json::from_str(text).map_err(|wrong| error(ConfigErrorKind::Scheme, &wrong.to_string()))
}

fn toml<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, ConfigError> {
    not_too_long(text)?;
    ::toml::from_str(text).map_err(|wrong: ::toml::de::Error| {
        // Not as it shows itself: that quotes the whole line, and somebody may have put a secret there.
        let before = wrong.span().and_then(|span| text.get(..span.start));
        let line = before.map(|before| format!(" at line {}", before.matches('\n').count() + 1));
        error(ConfigErrorKind::Scheme, &format!("{}{}", wrong.message(), line.unwrap_or_default()))
    })
}

fn not_too_long(text: &str) -> Result<(), ConfigError> {
    if text.len() > LONGEST_FILE {
        return Err(error(ConfigErrorKind::Limit, &format!("a file of schemes has at most {LONGEST_FILE} bytes")));
    }
    Ok(())
}

/// An error whose text is safe to print, whatever the file says.
fn error(kind: ConfigErrorKind, text: &str) -> ConfigError {
    let mut shown = String::new();
    for (at, c) in text.chars().enumerate() {
        match c {
            _ if at == LONGEST_TEXT => {
                shown.push('…');
                break;
            }
            c if c.is_control() => shown.extend(c.escape_default()),
            c => shown.push(c),
        }
    }
    ConfigError::new(kind, shown)
}

#[cfg(test)]
mod tests;
