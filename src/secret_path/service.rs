//! The decision, on the head of each request.

use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use super::SecretPathLayer;
use crate::body::{HeadFuture, ResponseBody};

/// Made by [`SecretPathLayer`](super::SecretPathLayer).
#[derive(Clone, Debug)]
pub struct SecretPathService<S> {
    inner: S,
    layer: SecretPathLayer,
}

impl<S> SecretPathService<S> {
    pub(super) const fn new(inner: S, layer: SecretPathLayer) -> Self {
        Self { inner, layer }
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for SecretPathService<S>
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
