//! Captured deliveries from lines of JSON and into them.

use std::error::Error;
use std::fmt;

use base64ct::{Base64, Encoding as _};
use http::{HeaderName, HeaderValue, Method, Request};
use serde::{Deserialize, Serialize};
use serde_json::error::Category;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::delivery::{CapturedDelivery, Extra, target};
use crate::clock::UnixTime;

/// Why a line is no captured delivery, or a delivery no line. It shows nothing of the values.
#[derive(Clone, Debug)]
pub struct CaptureError {
    id: Option<String>,
    detail: String,
}

impl CaptureError {
    pub(super) fn new(detail: impl Into<String>) -> Self {
        Self { id: None, detail: detail.into() }
    }

    /// The id of the line, where it can be read all the same.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }
}

impl fmt::Display for CaptureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl Error for CaptureError {}

/// The format as it is read.
#[derive(Deserialize)]
struct Incoming {
    id: String,
    provider: Option<String>,
    #[serde(alias = "now")]
    received_at: u64,
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body_b64: String,
    secret: Option<String>,
    secrets: Option<Vec<String>>,
    extra: Option<Extra>,
    #[serde(default)]
    redacted: Vec<String>,
    #[serde(flatten)]
    other: Map<String, Value>,
}

/// The format as it is written: without secrets.
#[derive(Serialize)]
struct Outgoing<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<&'a str>,
    received_at: u64,
    method: &'a str,
    url: &'a str,
    headers: Vec<(&'a str, &'a str)>,
    body_b64: String,
    #[serde(skip_serializing_if = "Extra::is_empty")]
    extra: &'a Extra,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    redacted: &'a [String],
    #[serde(flatten)]
    other: &'a Map<String, Value>,
}

#[derive(Deserialize)]
struct OnlyId {
    id: String,
}

pub(super) fn read(line: &[u8]) -> Result<CapturedDelivery, CaptureError> {
    if line.trim_ascii().is_empty() {
        return Err(CaptureError::new("the line is empty"));
    }
    match serde_json::from_slice::<Incoming>(line) {
        Ok(incoming) => {
            let id = incoming.id.clone();
            delivery(incoming).map_err(|error| CaptureError { id: Some(id), ..error })
        }
        Err(error) => {
            let id = serde_json::from_slice::<OnlyId>(line).ok().map(|only| only.id);
            Err(CaptureError { id, detail: why(&error) })
        }
    }
}

/// What is wrong, without the values that serde would show: one of them may be a secret.
fn why(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match error.classify() {
        Category::Data if text.starts_with("missing field") || text.starts_with("duplicate field") => {
            text.split(" at line ").next().unwrap_or_default().to_owned()
        }
        Category::Data => format!("column {}: a value is not of the type that its field has", error.column()),
        Category::Eof => String::from("this is not JSON: it ends early"),
        Category::Io | Category::Syntax => format!("column {}: this is not JSON", error.column()),
    }
}

fn delivery(incoming: Incoming) -> Result<CapturedDelivery, CaptureError> {
    let (mut head, ()) = Request::new(()).into_parts();
    head.method =
        Method::from_bytes(incoming.method.as_bytes()).map_err(|_| CaptureError::new("`method` is no method"))?;
    head.uri = target(&incoming.url)?;
    head.headers.reserve(incoming.headers.len().min(64));
    for (at, (name, value)) in incoming.headers.iter().enumerate() {
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| CaptureError::new(format!("`headers[{at}]`: the name is none that a header has")))?;
        let value = HeaderValue::from_bytes(value.as_bytes())
            .map_err(|_| CaptureError::new(format!("`headers[{at}]`: no header can have this value")))?;
        head.headers.try_append(name, value).map_err(|_| CaptureError::new("`headers` are too many"))?;
    }
    let body = Base64::decode_vec(&incoming.body_b64)
        .map_err(|_| CaptureError::new("`body_b64` is not base64 with its padding"))?;
    let secrets = match (incoming.secret, incoming.secrets) {
        (None, None) => None,
        (Some(secret), None) => Some(vec![Zeroizing::new(secret)]),
        (None, Some(secrets)) => Some(secrets.into_iter().map(Zeroizing::new).collect()),
        (Some(_), Some(_)) => return Err(CaptureError::new("there is `secret` and there are `secrets`")),
    };
    Ok(CapturedDelivery {
        id: incoming.id,
        provider: incoming.provider,
        received_at: UnixTime::from_secs(incoming.received_at),
        url: incoming.url,
        head,
        body: body.into(),
        secrets,
        extra: incoming.extra.unwrap_or_default(),
        redacted: incoming.redacted,
        other: incoming.other,
    })
}

pub(super) fn write(delivery: &CapturedDelivery) -> Result<String, CaptureError> {
    let mut headers = Vec::with_capacity(delivery.head.headers.len());
    for (name, value) in &delivery.head.headers {
        let text = std::str::from_utf8(value.as_bytes())
            .map_err(|_| CaptureError::new(format!("the header `{name}` is not UTF-8")))?;
        headers.push((name.as_str(), text));
    }
    let outgoing = Outgoing {
        id: &delivery.id,
        provider: delivery.provider.as_deref(),
        received_at: delivery.received_at.as_secs(),
        method: delivery.head.method.as_str(),
        url: &delivery.url,
        headers,
        body_b64: Base64::encode_string(&delivery.body),
        extra: &delivery.extra,
        redacted: &delivery.redacted,
        other: &delivery.other,
    };
    serde_json::to_string(&outgoing).map_err(|_| CaptureError::new("it cannot be written as JSON"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"id":"a","provider":"github","now":7,"method":"POST","url":"https://h.example/x?y=1","headers":[["X-A","1"],["x-b","é"],["x-a","2"]],"body_b64":"AQI=","secret":"hunter2","colour":"blue","extra":{"tolerance_s":9,"shape":"round"}}"#;

    #[test]
    fn a_line_is_read_and_written_again_without_its_secret() {
        let delivery = read(LINE.as_bytes()).unwrap();
        assert_eq!(delivery.received_at(), UnixTime::from_secs(7));
        assert_eq!(delivery.head().uri, "/x?y=1");
        assert_eq!(delivery.head().headers.get_all("x-a").iter().count(), 2);
        assert_eq!(delivery.body().as_ref(), [1, 2]);
        assert!(!format!("{delivery:?}").contains("hunter2"));

        let line = delivery.to_line().unwrap();
        assert!(!line.contains("hunter2"));
        let again = read(line.as_bytes()).unwrap();
        assert_eq!(again.other_fields()["colour"], "blue");
        assert_eq!(again.extra(), delivery.extra());
        assert_eq!(again.extra().other["shape"], "round");
        assert_eq!(again.head().headers, delivery.head().headers);
        assert_eq!(again.to_line().unwrap(), line);
    }

    #[test]
    fn what_is_no_delivery_says_why_and_shows_no_value() {
        for (from, to, word) in [
            ("\"POST\"", "\"PO ST\"", "method"),
            ("https://h.example/x?y=1", "https://h example", "url"),
            ("X-A", "X A", "headers[0]"),
            ("\"1\"", "\"1\\n\"", "headers[0]"),
            ("AQI=", "AQI", "body_b64"),
            ("\"now\":7", "\"now\":-7", "column"),
            ("\"now\":7", "\"now\":\"hunter3\"", "column"),
            ("\"now\":7,", "", "missing field `received_at`"),
            ("\"hunter2\"", "{\"hunter2\":1}", "column"),
            ("\"secret\":\"hunter2\"", "\"secret\":\"hunter2\",\"secrets\":[\"hunter3\"]", "`secrets`"),
        ] {
            assert!(LINE.contains(from), "{from}");
            let error = read(LINE.replacen(from, to, 1).as_bytes()).unwrap_err();
            assert!(error.to_string().contains(word), "{word}: {error}");
            assert!(!error.to_string().contains("hunter"), "{error}");
            assert_eq!(error.id(), Some("a"), "{to}");
        }
        let nested = "[".repeat(100_000);
        for line in ["", " \t", "{", "null", "[]", "hunter2", "\u{feff}{}", nested.as_str()] {
            let error = read(line.as_bytes()).unwrap_err();
            assert_eq!(error.id(), None);
            assert!(!error.to_string().contains("hunter"), "{error}");
        }
        assert!(read(b"{\"id\":\"\xff\"}").is_err());
    }
}
