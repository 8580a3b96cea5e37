//! stub
use crate::body::{HeadFuture, Judged, ResponseBody};
use http::{Request, Response};
use std::task::{Context, Poll};
use tower_layer::Layer;
use tower_service::Service;
/// x
#[derive(Clone, Debug)]
pub struct IdempotencyLayer;
impl IdempotencyLayer {
    /// x
    pub fn in_memory() -> Self {
        Self
    }
    /// x
    pub fn clock(self, _: impl crate::clock::Clock) -> Self {
        self
    }
    /// x
    pub fn render_with(self, _: impl crate::rejection::RenderRejection) -> Self {
        self
    }
}
impl<S> Layer<S> for IdempotencyLayer {
    type Service = IdempotencyService<S>;
    fn layer(&self, inner: S) -> Self::Service {
        IdempotencyService(inner)
    }
}
/// x
#[derive(Clone, Debug)]
pub struct IdempotencyService<S>(S);
impl<S, B, ResBody> Service<Request<B>> for IdempotencyService<S>
where
    B: Judged,
    S: Service<Request<B>, Response = Response<ResBody>>,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = HeadFuture<S::Future>;
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }
    fn call(&mut self, request: Request<B>) -> Self::Future {
        HeadFuture::inner(self.0.call(request))
    }
}
