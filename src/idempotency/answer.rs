//! The answers that are not the handler's own.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Response, StatusCode};

use super::config::Config;
use super::policy::Profile;
use super::record::{self, StoredBody};
use crate::body::ResponseBody;
use crate::outcome::Outcome;
use crate::rejection::{Dialect, ErrorStatus, GrpcCode, Reason, Rejection};

/// Says that an answer is that of an earlier run.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

const PANICKED: &[u8] = br#"{"type":"about:blank","title":"Internal Server Error","status":500}"#;
const TIMED_OUT: &[u8] = br#"{"type":"about:blank","title":"Service Unavailable","status":503}"#;

/// The answer of an earlier run, once more.
pub(super) fn replay<R>(record: Bytes) -> Response<ResponseBody<R>> {
    let stored = record::decode(record);
    let (body, says) = match stored.body {
        StoredBody::Bytes(bytes) => (bytes, HeaderValue::from_static("true")),
        StoredBody::Omitted => (Bytes::new(), HeaderValue::from_static("true; body=omitted")),
    };
    let mut response = Response::new(ResponseBody::held(body, stored.trailers));
    *response.status_mut() = stored.status;
    *response.headers_mut() = stored.headers;
    response.headers_mut().insert(REPLAYED, says);
    response.extensions_mut().insert(Outcome::Duplicate);
    response
}

/// The same delivery is being worked on.
pub(super) fn in_flight(profile: Profile, retry_in: Duration) -> Rejection {
    let seconds = retry_in.as_secs().saturating_add(u64::from(retry_in.subsec_nanos() > 0)).clamp(1, 30);
    let rejection = Rejection::new(Reason::IdempotencyInFlight);
    let rejection = rejection.with_retry_after(u32::try_from(seconds).unwrap_or(30));
    match (profile, ErrorStatus::new(409)) {
        (Profile::Ietf, Some(conflict)) => rejection.with_status(conflict).with_link(),
        _ => rejection,
    }
}

/// A refusal; the draft wants its documentation linked.
pub(super) fn refusal(profile: Profile, reason: Reason) -> Rejection {
    match profile {
        Profile::Ietf => Rejection::new(reason).with_link(),
        Profile::Webhook => Rejection::new(reason),
    }
}

/// Writes a refusal down.
pub(super) fn refuse(config: &Config, route: Option<&str>, rejection: Rejection, dialect: Dialect) -> Response<Bytes> {
    let in_flight = rejection.reason() == Reason::IdempotencyInFlight;
    let mut response = match route {
        Some(route) => config.refusals.clone().for_route(route.into()).respond(rejection, dialect),
        None => config.refusals.respond(rejection, dialect),
    };
    if in_flight {
        response.extensions_mut().insert(Outcome::InFlight);
    }
    response
}

/// The handler panicked. Nothing of the panic is said.
pub(super) fn panicked(dialect: Dialect) -> Response<Bytes> {
    match dialect {
        Dialect::Grpc => grpc(GrpcCode::Internal),
        Dialect::Http => problem(StatusCode::INTERNAL_SERVER_ERROR, PANICKED),
    }
}

/// The handler took too long.
pub(super) fn timed_out(dialect: Dialect) -> Response<Bytes> {
    match dialect {
        Dialect::Grpc => grpc(GrpcCode::Unavailable),
        Dialect::Http => {
            let mut response = problem(StatusCode::SERVICE_UNAVAILABLE, TIMED_OUT);
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
            response
        }
    }
}

fn problem(status: StatusCode, body: &'static [u8]) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn grpc(code: GrpcCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    let code = if code == GrpcCode::Internal { "13" } else { "14" };
    response.headers_mut().insert(HeaderName::from_static("grpc-status"), HeaderValue::from_static(code));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_comes_again_after_whole_seconds_of_what_is_left() {
        for (left, seconds) in
            [(0, 1), (1, 1), (999, 1), (1_000, 1), (1_001, 2), (2_000, 2), (29_001, 30), (90_000, 30)]
        {
            let rejection = in_flight(Profile::Webhook, Duration::from_millis(left));
            assert_eq!(rejection.retry_after(), Some(seconds), "{left} ms");
        }
    }
}
