//! One captured delivery.

use std::fmt;
#[cfg(feature = "cli")]
use std::time::Duration;

use bytes::Bytes;
use http::Uri;
use http::request::Parts;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::line::{self, CaptureError};
use crate::clock::UnixTime;

/// One request as it came, and what is needed to judge it. See the [module docs](super) for its fields.
///
/// `Debug` and [`to_line`](Self::to_line) never show its secrets; `Debug` also shows no header's value and no body.
#[derive(Clone)]
pub struct CapturedDelivery {
    pub(super) id: String,
    pub(super) provider: Option<String>,
    pub(super) received_at: UnixTime,
    pub(super) url: String,
    pub(super) head: Parts,
    pub(super) body: Bytes,
    #[cfg_attr(not(feature = "cli"), allow(dead_code))]
    pub(super) secrets: Option<Vec<Zeroizing<String>>>,
    pub(super) extra: Extra,
    pub(super) redacted: Vec<String>,
    pub(super) other: Map<String, Value>,
}

/// Settings of the sender, as they held when the delivery came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Extra {
    /// How far a timestamp may lie from the time of receipt, each way, in seconds. Default: the sender's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tolerance_s: Option<u64>,
    /// The receiver's own id at the sender, for senders that need it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// The certificate (or public key) in PEM that would be fetched from where the delivery says, or from where the
    /// sender publishes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_pem: Option<String>,
    /// The JSON Web Key Set that the sender publishes, as JSON or as its text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks: Option<Value>,
    /// The URL as the sender knows it, for senders that sign it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_url: Option<String>,
    /// The hash that the account is set to, such as `md5`, for senders of which the catalogue has several: then the one
    /// named `<provider>-<hash>`, or the one named `<provider>` if that is its hash. Default: the one named `<provider>`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// All other settings.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Extra {
    #[cfg(feature = "cli")]
    pub(super) fn tolerance(&self) -> Option<Duration> {
        self.tolerance_s.map(Duration::from_secs)
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl CapturedDelivery {
    /// A delivery that came from the sender `provider` at `received_at`. `url` is the full URL that was called.
    ///
    /// # Errors
    /// A URL that is none.
    pub fn new(
        id: impl Into<String>,
        provider: impl Into<String>,
        received_at: UnixTime,
        url: impl Into<String>,
        mut head: Parts,
        body: Bytes,
    ) -> Result<Self, CaptureError> {
        let url = url.into();
        head.uri = target(&url)?;
        Ok(Self {
            id: id.into(),
            provider: Some(provider.into()),
            received_at,
            url,
            head,
            body,
            secrets: None,
            extra: Extra::default(),
            redacted: Vec::new(),
            other: Map::new(),
        })
    }

    /// Reads one line.
    ///
    /// # Errors
    /// What is no captured delivery.
    pub fn from_line(line: &[u8]) -> Result<Self, CaptureError> {
        line::read(line)
    }

    /// The delivery as one line of JSON, without a line end and without its secrets.
    ///
    /// # Errors
    /// A header whose value is not UTF-8: the format cannot hold it.
    pub fn to_line(&self) -> Result<String, CaptureError> {
        line::write(self)
    }

    /// With these settings of the sender.
    #[must_use]
    pub fn with_extra(self, extra: Extra) -> Self {
        Self { extra, ..self }
    }

    /// Without these headers (and, behind a `?`, query parameters), which the caller has left out.
    #[must_use]
    pub fn with_redacted(self, redacted: Vec<String>) -> Self {
        Self { redacted, ..self }
    }

    /// With one more field that the format does not know.
    #[must_use]
    pub fn with_field(mut self, name: &str, value: Value) -> Self {
        self.other.insert(name.to_owned(), value);
        self
    }

    /// What was left out when it was written down: names of headers and, behind a `?`, of query parameters.
    #[must_use]
    pub fn redacted(&self) -> &[String] {
        &self.redacted
    }

    /// Your name for it.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The sender's name, where the line has one.
    #[must_use]
    pub fn provider(&self) -> Option<&str> {
        self.provider.as_deref()
    }

    /// When it came.
    #[must_use]
    pub const fn received_at(&self) -> UnixTime {
        self.received_at
    }

    /// The full URL that was called.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The head of the request. Its URI is what stands in the request line: path and query.
    #[must_use]
    pub const fn head(&self) -> &Parts {
        &self.head
    }

    /// The body.
    #[must_use]
    pub const fn body(&self) -> &Bytes {
        &self.body
    }

    /// Settings of the sender.
    #[must_use]
    pub const fn extra(&self) -> &Extra {
        &self.extra
    }

    /// The fields that the format does not know.
    #[must_use]
    pub const fn other_fields(&self) -> &Map<String, Value> {
        &self.other
    }
}

impl fmt::Debug for CapturedDelivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CapturedDelivery")
            .field("id", &self.id)
            .field("provider", &self.provider)
            .field("received_at", &self.received_at)
            .field("method", &self.head.method)
            .field("headers", &self.head.headers.len())
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// What stands in the request line for this URL.
pub(super) fn target(url: &str) -> Result<Uri, CaptureError> {
    let uri: Uri = url.parse().map_err(|_| CaptureError::new("`url` is no URL"))?;
    let target = uri.into_parts().path_and_query.map(Uri::from);
    Ok(target.unwrap_or_else(|| Uri::from_static("/")))
}
