//! What is done with a request.

use std::sync::Arc;
use std::task::{Context, Poll};

use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::Body;
use tower_service::Service;

use super::layer::Compressed;
use crate::body::{BodyLimits, BoxError, HeadFuture, RawBody, RawBodyCaptured, ResponseBody};
use crate::rejection::{Dialect, Reason, Refusals, Rejection};

/// Hands on requests with a [`RawBody`]. See the [module docs](super).
#[derive(Clone, Debug)]
pub struct RawBodyService<S> {
    inner: S,
    limits: Arc<BodyLimits>,
    compressed: Compressed,
    refusals: Refusals,
}

impl<S> RawBodyService<S> {
    pub(super) const fn new(inner: S, limits: Arc<BodyLimits>, compressed: Compressed, refusals: Refusals) -> Self {
        Self { inner, limits, compressed, refusals }
    }

    fn check(&self, headers: &HeaderMap, at_least: u64) -> Result<(), Rejection> {
        let limit = u64::try_from(self.limits.bytes).unwrap_or(u64::MAX);
        let mut declared = at_least;
        for line in headers.get_all(CONTENT_LENGTH) {
            let Some(length) = content_length(line) else {
                return Err(Rejection::new(Reason::BodyMalformed).with_detail("content-length is no number"));
            };
            declared = declared.max(length);
        }
        if declared > limit {
            return Err(Rejection::new(Reason::BodyTooLarge)
                .with_detail(format!("{declared} bytes are announced, the limit is {limit}")));
        }
        let plain = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
        if self.compressed == Compressed::Refused && !headers.get_all(CONTENT_ENCODING).iter().all(plain) {
            return Err(Reason::ContentEncoding.into());
        }
        Ok(())
    }
}

/// Digits and nothing else ([RFC 9110 §8.6](https://www.rfc-editor.org/rfc/rfc9110#section-8.6)); a number that is
/// too large to be written is the largest.
fn content_length(line: &HeaderValue) -> Option<u64> {
    let digits =
        line.to_str().ok().filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))?;
    Some(digits.parse().unwrap_or(u64::MAX))
}

impl<S, B, ResBody> Service<Request<B>> for RawBodyService<S>
where
    B: Body<Error: Into<BoxError>>,
    S: Service<Request<RawBody<B>>, Response = Response<ResBody>>,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = HeadFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        if let Err(rejection) = self.check(request.headers(), request.body().size_hint().lower()) {
            return HeadFuture::answered(self.refusals.respond(rejection, Dialect::of(request.headers())));
        }
        let mut request = request.map(|body| RawBody::new(body, self.limits.clone()));
        request.extensions_mut().insert(RawBodyCaptured);
        if !self.limits.budget.is_global() {
            request.extensions_mut().insert(self.limits.budget.clone());
        }
        HeadFuture::inner(self.inner.call(request))
    }
}
