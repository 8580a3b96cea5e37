//! What is done with a request.

use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use super::SignatureFuture;
use super::layer::Config;
use crate::body::{Captured, ResponseBody, VerifiedBody};

/// Hands on verified deliveries. See the [module docs](super).
#[derive(Clone, Debug)]
pub struct SignatureService<S> {
    inner: S,
    config: Arc<Config>,
}

impl<S> SignatureService<S> {
    pub(super) const fn new(inner: S, config: Arc<Config>) -> Self {
        Self { inner, config }
    }
}

impl<S, B, ResBody> Service<Request<B>> for SignatureService<S>
where
    B: Captured,
    S: Service<Request<VerifiedBody>, Response = Response<ResBody>> + Clone,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = SignatureFuture<S, B, S::Future>;

    /// Always ready: the inner service's readiness is awaited after the verdict.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        SignatureFuture::new(self.inner.clone(), self.config.clone(), request)
    }
}
