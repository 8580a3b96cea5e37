//! The closed list of reasons, one row each.

use std::fmt;

use super::ErrorStatus;

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $status:literal, $public:literal, $title:literal, $grpc:ident, $retry:expr;)*) => {
        /// Why a delivery was refused.
        ///
        /// One list everywhere: problem `code` (but for the 401s, which all say `unauthorized`), metric
        /// label, trace field and documentation anchor.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Reason { $($(#[$doc])* $variant,)* }

        impl Reason {
            /// Every reason there is, in alphabetical order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name used in metrics, logs and documentation: lower case with underscores.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// The name that the sender sees. All reasons of status 401 share `unauthorized`, so that a
            /// forger does not learn how far a forgery came.
            #[must_use]
            pub const fn public_code(self) -> &'static str {
                match self { $(Self::$variant => $public,)* }
            }

            /// The section of the troubleshooting page, for operators.
            #[must_use]
            pub const fn docs(self) -> &'static str {
                match self { $(Self::$variant => concat!(
                    "https://docs.rs/tower-webhook/latest/tower_webhook/guide/troubleshooting/index.html#", $code
                ),)* }
            }

            /// The HTTP status of the refusal, where neither a profile nor the sender's data changes it.
            #[must_use]
            pub const fn status(self) -> ErrorStatus {
                match self { $(Self::$variant => ErrorStatus($status),)* }
            }

            /// The gRPC status of the refusal.
            #[must_use]
            pub const fn grpc_code(self) -> GrpcCode {
                match self { $(Self::$variant => GrpcCode::$grpc,)* }
            }

            /// Seconds of `Retry-After`, for refusals that ask the sender to come back.
            #[must_use]
            pub const fn retry_after(self) -> Option<u32> {
                match self { $(Self::$variant => $retry,)* }
            }

            pub(super) const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }

            pub(super) const fn problem(self) -> &'static str {
                match self { $(Self::$variant => concat!(
                    r#"{"type":"https://docs.rs/tower-webhook/latest/tower_webhook/rejection/index.html#"#, $public,
                    r#"","title":""#, $title, r#"","status":"#, $status, r#","code":""#, $public, r#""}"#
                ),)* }
            }
        }
    };
}

reasons! {
    /// The connection ended before the body did.
    BodyIncomplete = "body_incomplete", 400, "body_incomplete", "The body ended early", InvalidArgument, None;
    /// The framing of the body is broken.
    BodyMalformed = "body_malformed", 400, "body_malformed", "The body is malformed", InvalidArgument, None;
    /// The body did not arrive within its deadline.
    BodyTimeout = "body_timeout", 408, "body_timeout", "The body took too long", DeadlineExceeded, None;
    /// The body is larger than the limit.
    BodyTooLarge = "body_too_large", 413, "body_too_large", "The body is too large", ResourceExhausted, None;
    /// A challenge that is none.
    ChallengeMalformed = "challenge_malformed", 400, "challenge_malformed", "The challenge is malformed", InvalidArgument, None;
    /// The body is compressed, but signatures cover the bytes as sent.
    ContentEncoding = "content_encoding", 415, "content_encoding", "Compressed bodies are not taken", InvalidArgument, None;
    /// The content type is not one that this route takes.
    ContentType = "content_type", 415, "content_type", "This content type is not taken", InvalidArgument, None;
    /// The service is shutting down.
    Draining = "draining", 503, "draining", "The service is shutting down", Unavailable, Some(5);
    /// The same id came with another body.
    IdempotencyConflict = "idempotency_conflict", 422, "idempotency_conflict", "This id was used for another body", FailedPrecondition, None;
    /// The same delivery is being worked on.
    IdempotencyInFlight = "idempotency_in_flight", 503, "idempotency_in_flight", "This delivery is being worked on", Unavailable, Some(1);
    /// The store of idempotency keys cannot be asked.
    IdempotencyUnavailable = "idempotency_unavailable", 503, "idempotency_unavailable", "Temporarily unavailable", Unavailable, Some(5);
    /// The inbox cannot store the delivery.
    InboxUnavailable = "inbox_unavailable", 503, "inbox_unavailable", "Temporarily unavailable", Unavailable, Some(5);
    /// The client address is not on the allowlist.
    IpDenied = "ip_denied", 403, "ip_denied", "Not allowed from here", PermissionDenied, None;
    /// The client address cannot be told.
    IpUnknown = "ip_unknown", 403, "ip_unknown", "Not allowed from here", PermissionDenied, None;
    /// The source of keys failed.
    KeyUnavailable = "key_unavailable", 503, "key_unavailable", "Temporarily unavailable", Unavailable, Some(5);
    /// The delivery id is longer than 255 bytes, or is not printable ASCII.
    MalformedEventId = "malformed_event_id", 400, "malformed_event_id", "The delivery id is malformed", InvalidArgument, None;
    /// The signature is there but is not written as the sender writes it.
    MalformedSignature = "malformed_signature", 401, "unauthorized", "Not authorized", Unauthenticated, None;
    /// The timestamp is there but is no timestamp.
    MalformedTimestamp = "malformed_timestamp", 401, "unauthorized", "Not authorized", Unauthenticated, None;
    /// The method is not one that this route takes.
    Method = "method", 405, "method", "This method is not taken", Unimplemented, None;
    /// A layer misses what an outer one must give, or the clock is wrong.
    Misconfigured = "misconfigured", 500, "misconfigured", "Internal error", Internal, None;
    /// A delivery id is required and there is none.
    MissingEventId = "missing_event_id", 400, "missing_event_id", "A delivery id is required", InvalidArgument, None;
    /// There is no signature.
    MissingSignature = "missing_signature", 401, "unauthorized", "Not authorized", Unauthenticated, None;
    /// There is no timestamp.
    MissingTimestamp = "missing_timestamp", 401, "unauthorized", "Not authorized", Unauthenticated, None;
    /// No usable key, or no list of networks, is there for this route at this moment.
    NotConfigured = "not_configured", 503, "not_configured", "Temporarily unavailable", Unavailable, Some(60);
    /// The request did not come over TLS.
    NotHttps = "not_https", 403, "not_https", "HTTPS is required", PermissionDenied, None;
    /// A budget of the process is spent.
    OverCapacity = "over_capacity", 503, "over_capacity", "Temporarily over capacity", Unavailable, Some(1);
    /// The queue behind the endpoint is full.
    QueueFull = "queue_full", 503, "queue_full", "Temporarily over capacity", Unavailable, Some(5);
    /// The rate limit is spent.
    RateLimited = "rate_limited", 429, "rate_limited", "Too many requests", ResourceExhausted, Some(1);
    /// The same signed material came under another id.
    Replayed = "replayed", 409, "replayed", "This delivery was seen before", Aborted, None;
    /// No signature matches.
    SignatureMismatch = "signature_mismatch", 401, "unauthorized", "Not authorized", Unauthenticated, None;
    /// The signed timestamp lies too far ahead.
    TimestampInFuture = "timestamp_in_future", 401, "unauthorized", "Not authorized", Unauthenticated, None;
    /// The signed timestamp lies too far back.
    TimestampTooOld = "timestamp_too_old", 401, "unauthorized", "Not authorized", Unauthenticated, None;
    /// The key id or the tenant is not known.
    UnknownKey = "unknown_key", 401, "unauthorized", "Not authorized", Unauthenticated, None;
    /// Signatures are there, but none of the scheme that is configured.
    UnsupportedScheme = "unsupported_scheme", 401, "unauthorized", "Not authorized", Unauthenticated, None;
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// The gRPC status codes that refusals use, numbered as
/// [gRPC numbers them](https://grpc.github.io/grpc/core/md_doc_statuscodes.html).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GrpcCode {
    /// 10
    Aborted = 10,
    /// 4
    DeadlineExceeded = 4,
    /// 9
    FailedPrecondition = 9,
    /// 13
    Internal = 13,
    /// 3
    InvalidArgument = 3,
    /// 7
    PermissionDenied = 7,
    /// 8
    ResourceExhausted = 8,
    /// 16
    Unauthenticated = 16,
    /// 14
    Unavailable = 14,
    /// 12
    Unimplemented = 12,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_sorted() {
        let codes: Vec<_> = Reason::ALL.iter().map(|reason| reason.code()).collect();
        let mut sorted = codes.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(codes, sorted);
    }

    #[test]
    fn a_refusal_is_never_a_success() {
        for reason in Reason::ALL {
            assert_eq!(ErrorStatus::new(reason.status().as_u16()), Some(reason.status()), "{reason}");
        }
    }

    #[test]
    fn all_refusals_of_401_look_alike() {
        let mut problems: Vec<_> = Reason::ALL.iter().filter(|r| r.status() == 401).map(|r| r.problem()).collect();
        problems.dedup();
        assert_eq!(problems.len(), 1);
    }

    #[test]
    fn problems_are_json_of_at_most_512_bytes_and_say_their_status() {
        for reason in Reason::ALL {
            let problem = reason.problem();
            assert!(problem.len() <= 512, "{reason}");
            let value: serde_json::Value = serde_json::from_str(problem).unwrap();
            assert_eq!(value["status"], reason.status().as_u16());
            assert_eq!(value["code"], reason.public_code());
        }
    }
}
