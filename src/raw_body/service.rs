//! What is done with a request.

use std::sync::Arc;
use std::task::{Context, Poll};

use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, Request, Response};
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
        let declared = match headers.get(CONTENT_LENGTH) {
            None => at_least,
            Some(value) => match value.to_str().ok().and_then(|text| text.parse::<u64>().ok()) {
                Some(length) => length.max(at_least),
                None => return Err(Rejection::new(Reason::BodyMalformed).with_detail("content-length is no number")),
            },
        };
        if declared > limit {
            return Err(Rejection::new(Reason::BodyTooLarge)
                .with_detail(format!("{declared} bytes are announced, the limit is {limit}")));
        }
        let plain = |value: &http::HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
        if self.compressed == Compressed::Refused && !headers.get_all(CONTENT_ENCODING).iter().all(plain) {
            return Err(Reason::ContentEncoding.into());
        }
        Ok(())
    }
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
