//! The decision, on the head of each request.

use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use super::AllowlistLayer;
use crate::body::{HeadFuture, ResponseBody};

/// Made by [`AllowlistLayer`](super::AllowlistLayer).
#[derive(Clone, Debug)]
pub struct AllowlistService<S> {
    inner: S,
    layer: AllowlistLayer,
}

impl<S> AllowlistService<S> {
    pub(super) const fn new(inner: S, layer: AllowlistLayer) -> Self {
        Self { inner, layer }
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for AllowlistService<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = HeadFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        match self.layer.refusal(&mut request) {
            Some(refusal) => HeadFuture::answered(refusal),
            None => HeadFuture::inner(self.inner.call(request)),
        }
    }
}
