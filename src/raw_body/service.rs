//! What is done with a request.

use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::RawBodyLayer;
use crate::body::{BoxError, HeadFuture, RawBody, ResponseBody};

/// Hands on requests with a [`RawBody`]. See the [module docs](super).
#[derive(Clone, Debug)]
pub struct RawBodyService<S> {
    inner: S,
    layer: RawBodyLayer,
}

impl<S> RawBodyService<S> {
    pub(super) const fn new(inner: S, layer: RawBodyLayer) -> Self {
        Self { inner, layer }
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
        match self.layer.refusal(&request) {
            Some(refusal) => HeadFuture::answered(refusal),
            None => HeadFuture::inner(self.inner.call(self.layer.capture(request))),
        }
    }
}
