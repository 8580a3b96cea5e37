//! Refusals: why a delivery was refused, what the sender is told, and what the operator is told.
//!
//! * A [`Reason`] is one of a closed list. It is the metric label, the trace field and the problem
//!   `code` (the 401s share one public code).
//! * A [`Rejection`] is a reason with its status and, for the operator alone, a detail.
//! * A refusal becomes a **response**, never an error: [`application/problem+json`][rfc9457] of at most
//!   512 bytes with `cache-control: no-store`, or a trailers-only `grpc-status` where the request was
//!   gRPC. Nothing that the request contained is echoed.
//! * The `Rejection` also goes into the extensions of the response, where layers further out read it.
//!
//! With the feature `tracing`, each refusal is one event under the target [`TARGET`]: level `warn` for
//! 5xx, `info` for the rest. What a check in report-only mode would have refused is one too, with `report_only` set.
//!
//! ```
//! use tower_webhook::{Reason, Rejection};
//!
//! let rejection = Rejection::new(Reason::SignatureMismatch).with_detail("no secret of 2 matches");
//! let response = rejection.respond();
//!
//! assert_eq!(response.status(), 401);
//! let body = std::str::from_utf8(response.body())?;
//! assert!(body.contains(r#""code":"unauthorized""#)); // the sender learns no more than this
//! assert!(!body.contains("secret"));
//! let seen = response.extensions().get::<Rejection>().expect("outer layers read it");
//! assert_eq!(seen.reason(), Reason::SignatureMismatch);
//! # Ok::<(), std::str::Utf8Error>(())
//! ```
//!
//! # The reasons
//!
//! | reason | status | what the sender should do |
//! |---|---|---|
//! | `missing_signature`, `malformed_signature`, `unsupported_scheme`, `signature_mismatch`, `unknown_key`, `missing_timestamp`, `malformed_timestamp`, `timestamp_too_old`, `timestamp_in_future` | 401, all with the public code <a id="unauthorized"></a>`unauthorized` | not retry |
//! | <a id="key_unavailable"></a>`key_unavailable`, <a id="not_configured"></a>`not_configured` | 503 | retry |
//! | <a id="not_https"></a>`not_https`, <a id="ip_denied"></a>`ip_denied`, <a id="ip_unknown"></a>`ip_unknown` | 403 | not retry |
//! | <a id="method"></a>`method` | 405 | not retry |
//! | <a id="body_timeout"></a>`body_timeout` | 408 | may retry |
//! | <a id="body_too_large"></a>`body_too_large` | 413 | not retry |
//! | <a id="content_type"></a>`content_type`, <a id="content_encoding"></a>`content_encoding` | 415 | not retry |
//! | <a id="body_incomplete"></a>`body_incomplete`, <a id="body_malformed"></a>`body_malformed`, <a id="missing_event_id"></a>`missing_event_id`, <a id="malformed_event_id"></a>`malformed_event_id`, <a id="challenge_malformed"></a>`challenge_malformed` | 400 | not retry |
//! | <a id="idempotency_in_flight"></a>`idempotency_in_flight` | 503 (409 in the IETF profile) | retry |
//! | <a id="idempotency_conflict"></a>`idempotency_conflict` | 422, where a profile asks for it | not retry |
//! | <a id="replayed"></a>`replayed` | 409, where a policy asks for it | not retry |
//! | <a id="idempotency_unavailable"></a>`idempotency_unavailable`, <a id="inbox_unavailable"></a>`inbox_unavailable`, <a id="queue_full"></a>`queue_full`, <a id="over_capacity"></a>`over_capacity`, <a id="draining"></a>`draining` | 503 | retry |
//! | <a id="rate_limited"></a>`rate_limited` | 429 | retry later |
//! | <a id="misconfigured"></a>`misconfigured` | 500 | tell the receiver |
//!
//! [rfc9457]: https://www.rfc-editor.org/rfc/rfc9457

mod detail;
mod log;
mod reason;
mod render;
mod report;

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

use bytes::Bytes;
use http::{Response, StatusCode};

use detail::Detail;
pub use reason::{GrpcCode, Reason};
pub(crate) use render::{Dialect, Refusals};
pub use render::{EmptyBody, ProblemJson, RenderRejection};
pub use report::ReportedOnly;
pub(crate) use report::Reporter;

/// The target of the one event that each refusal is.
pub const TARGET: &str = "tower_webhook::rejection";

/// A status of 4xx or 5xx: a refusal can be no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ErrorStatus(u16);

impl ErrorStatus {
    /// `None` unless `status` lies between 400 and 599.
    #[must_use]
    pub const fn new(status: u16) -> Option<Self> {
        match status {
            400..=599 => Some(Self(status)),
            _ => None,
        }
    }

    /// The number.
    #[must_use]
    pub const fn as_u16(self) -> u16 {
        self.0
    }

    /// 5xx: it is the receiver that failed, and the sender is to come again.
    #[must_use]
    pub const fn is_server_error(self) -> bool {
        self.0 >= 500
    }
}

impl PartialEq<u16> for ErrorStatus {
    fn eq(&self, number: &u16) -> bool {
        self.0 == *number
    }
}

impl PartialEq<ErrorStatus> for u16 {
    fn eq(&self, status: &ErrorStatus) -> bool {
        status == self
    }
}

impl From<ErrorStatus> for StatusCode {
    fn from(status: ErrorStatus) -> Self {
        // 400 to 599 always is a status code; the fallback is an error all the same.
        Self::from_u16(status.0).unwrap_or(Self::INTERNAL_SERVER_ERROR)
    }
}

/// A refusal: the reason, the status, and a detail that only the operator sees.
#[derive(Clone, Debug)]
pub struct Rejection {
    reason: Reason,
    status: ErrorStatus,
    retry_after: Option<u32>,
    linked: bool,
    detail: Option<Detail>,
}

impl Rejection {
    /// A refusal with the status and the `Retry-After` that belong to the reason.
    #[must_use]
    pub const fn new(reason: Reason) -> Self {
        Self { reason, status: reason.status(), retry_after: reason.retry_after(), linked: false, detail: None }
    }

    /// Another status, for senders or profiles that ask for one.
    #[must_use]
    pub const fn with_status(mut self, status: ErrorStatus) -> Self {
        self.status = status;
        self
    }

    /// Seconds of `Retry-After`.
    #[must_use]
    pub const fn with_retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// What the operator should know. It never leaves the process in an answer; keep secrets,
    /// signatures and bodies out of it all the same.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = Some(Detail::Text(detail.into()));
        self
    }

    /// The detail is this client, and what it is said to be.
    pub(crate) fn with_client(mut self, address: IpAddr, says: &'static str) -> Self {
        self.detail = Some(Detail::of_client(address, says));
        self
    }

    /// Adds a `Link` with `rel="describedby"` to the answer, as the IETF draft on idempotency keys asks.
    #[must_use]
    pub const fn with_link(mut self) -> Self {
        self.linked = true;
        self
    }

    /// 503 with `Retry-After`, whatever the reason.
    pub(crate) const fn unavailable(mut self) -> Self {
        self.status = ErrorStatus(503);
        self.retry_after = Some(5);
        self
    }

    /// The reason.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        self.reason
    }

    /// The status that is answered.
    #[must_use]
    pub const fn status(&self) -> ErrorStatus {
        self.status
    }

    /// Seconds of `Retry-After`, if the sender is asked to come back.
    #[must_use]
    pub const fn retry_after(&self) -> Option<u32> {
        self.retry_after
    }

    /// What only the operator sees.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_ref().map(Detail::as_str)
    }

    /// The answer as `application/problem+json`, with the rejection in its extensions.
    #[must_use]
    pub fn respond(self) -> Response<Bytes> {
        Refusals::default().respond(self, Dialect::Http)
    }
}

impl From<Reason> for Rejection {
    fn from(reason: Reason) -> Self {
        Self::new(reason)
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.detail() {
            Some(detail) => write!(f, "{}: {detail}", self.reason),
            None => fmt::Display::fmt(&self.reason, f),
        }
    }
}

impl std::error::Error for Rejection {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detail_that_names_a_client_reads_like_any_other() {
        let address = IpAddr::from([203, 0, 113, 9]);
        let rejection = Rejection::new(Reason::IpDenied).with_client(address, "is not on the list");
        assert_eq!(rejection.detail(), Some("203.0.113.9 is not on the list"));
        assert_eq!(rejection.to_string(), "ip_denied: 203.0.113.9 is not on the list");
        let text = Rejection::new(Reason::IpDenied).with_detail("203.0.113.9 is not on the list");
        assert_eq!(format!("{rejection:?}"), format!("{text:?}"));
        assert_eq!(rejection.with_detail("another").detail(), Some("another"));
    }

    #[test]
    fn a_status_outside_400_to_599_cannot_be_made() {
        for status in [0, 100, 200, 204, 302, 399, 600, u16::MAX] {
            assert_eq!(ErrorStatus::new(status), None);
        }
        assert_eq!(ErrorStatus::new(406).map(ErrorStatus::as_u16), Some(406));
    }

    #[test]
    fn another_status_stands_in_the_problem_too() {
        let rejection = Rejection::new(Reason::SignatureMismatch).with_status(ErrorStatus(406));
        let response = rejection.respond();
        assert_eq!(response.status(), 406);
        let problem: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(problem["status"], 406);
        assert_eq!(problem["code"], "unauthorized");
    }

    #[test]
    fn what_a_refusal_says_is_never_cached_or_sniffed() {
        let response = Rejection::new(Reason::OverCapacity).respond();
        let header = |name| response.headers().get(name).map(|value| value.to_str().unwrap());
        assert_eq!(header("content-type"), Some("application/problem+json"));
        assert_eq!(header("cache-control"), Some("no-store"));
        assert_eq!(header("x-content-type-options"), Some("nosniff"));
        assert_eq!(header("retry-after"), Some("1"));
    }

    #[test]
    fn a_linked_refusal_names_its_documentation() {
        let response = Rejection::new(Reason::IdempotencyConflict).with_link().respond();
        let link = response.headers()["link"].to_str().unwrap();
        assert!(link.ends_with(r#"#idempotency_conflict>; rel="describedby""#), "{link}");
    }
}
