//! Whether an answer of the handler is recorded.

use http::{HeaderMap, HeaderName, Response, StatusCode};

use super::policy::Directive;
use crate::rejection::Dialect;

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// What becomes of the claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Complete,
    Release,
    /// gRPC says it at the end of the body.
    TrailersTell,
}

/// Judges the head of an answer.
///
/// 2xx is recorded. Everything else is released, 3xx as well (no sender follows it); client errors
/// are recorded only if asked for, and never those that say "later".
pub(super) fn of<B>(response: &Response<B>, cache_client_errors: bool) -> Verdict {
    match response.extensions().get::<Directive>() {
        Some(Directive::Complete) => return Verdict::Complete,
        Some(Directive::Release) => return Verdict::Release,
        None => {}
    }
    let status = response.status();
    if status == StatusCode::OK && Dialect::of(response.headers()) == Dialect::Grpc {
        return match response.headers().get(GRPC_STATUS) {
            Some(_) => of_grpc(Some(response.headers())),
            None => Verdict::TrailersTell,
        };
    }
    match status.as_u16() {
        200..=299 => Verdict::Complete,
        408 | 425 | 429 => Verdict::Release,
        400..=499 if cache_client_errors => Verdict::Complete,
        _ => Verdict::Release,
    }
}

/// Judges by `grpc-status`: only OK is recorded, and what says nothing is no OK.
pub(super) fn of_grpc(said: Option<&HeaderMap>) -> Verdict {
    match said.and_then(|map| map.get(GRPC_STATUS)).map(|status| status.as_bytes()) {
        Some(b"0") => Verdict::Complete,
        _ => Verdict::Release,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &'static str)]) -> Response<()> {
        let builder =
            headers.iter().fold(Response::builder().status(status), |b, (name, value)| b.header(*name, *value));
        builder.body(()).unwrap()
    }

    #[test]
    fn only_success_is_recorded() {
        for status in 200..600 {
            let expected = if status < 300 { Verdict::Complete } else { Verdict::Release };
            assert_eq!(of(&answer(status, &[]), false), expected, "{status}");
        }
    }

    #[test]
    fn client_errors_are_recorded_if_asked_for_but_not_those_that_say_later() {
        for status in 300..600 {
            let final_error = (400..500).contains(&status) && ![408, 425, 429].contains(&status);
            let expected = if final_error { Verdict::Complete } else { Verdict::Release };
            assert_eq!(of(&answer(status, &[]), true), expected, "{status}");
        }
    }

    #[test]
    fn the_handler_has_the_last_word() {
        let mut failed = answer(500, &[]);
        failed.extensions_mut().insert(Directive::Complete);
        assert_eq!(of(&failed, false), Verdict::Complete);
        let mut done = answer(200, &[("content-type", "application/grpc"), ("grpc-status", "0")]);
        done.extensions_mut().insert(Directive::Release);
        assert_eq!(of(&done, false), Verdict::Release);
    }

    #[test]
    fn grpc_is_judged_by_its_own_status() {
        let grpc = ("content-type", "application/grpc+proto");
        assert_eq!(of(&answer(200, &[grpc]), false), Verdict::TrailersTell);
        assert_eq!(of(&answer(200, &[grpc, ("grpc-status", "0")]), false), Verdict::Complete);
        assert_eq!(of(&answer(200, &[grpc, ("grpc-status", "14")]), false), Verdict::Release);
        assert_eq!(of(&answer(503, &[grpc]), false), Verdict::Release);
        assert_eq!(of_grpc(None), Verdict::Release);
        assert_eq!(of_grpc(Some(&HeaderMap::new())), Verdict::Release);
    }
}
