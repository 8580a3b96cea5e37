//! What is done with a request.

use std::marker::PhantomData;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use super::SignatureFuture;
use super::handed::Handed;
use super::layer::Config;
use crate::body::{Captured, ResponseBody, VerifiedBody};

/// Hands on verified deliveries; in report-only mode, with an [`ObservedBody`](crate::body::ObservedBody), all of them. See
/// the [module docs](super).
#[derive(Clone, Debug)]
pub struct SignatureService<S, O = VerifiedBody> {
    inner: S,
    config: Arc<Config>,
    handed: PhantomData<fn() -> O>,
}

impl<S, O> SignatureService<S, O> {
    pub(super) const fn new(inner: S, config: Arc<Config>) -> Self {
        Self { inner, config, handed: PhantomData }
    }
}

impl<S, O, B, ResBody> Service<Request<B>> for SignatureService<S, O>
where
    B: Captured,
    O: Handed,
    S: Service<Request<O>, Response = Response<ResBody>> + Clone,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = SignatureFuture<S, B, S::Future, O>;

    /// Always ready: the inner service's readiness is awaited after the verdict.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        SignatureFuture::new(self.inner.clone(), self.config.clone(), request)
    }
}
