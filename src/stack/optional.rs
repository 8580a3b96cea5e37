//! A layer that may be there or not.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::body::ResponseBody;

/// A service with a layer around it, or without.
#[derive(Clone, Debug)]
pub(super) enum OptionalService<A, S> {
    With(A),
    Without(S),
}

impl<A, S> OptionalService<A, S> {
    pub(super) fn new<L: Layer<S, Service = A>>(layer: Option<&L>, inner: S) -> Self {
        match layer {
            Some(layer) => Self::With(layer.layer(inner)),
            None => Self::Without(inner),
        }
    }
}

impl<A, S, B, ResBody, E> Service<Request<B>> for OptionalService<A, S>
where
    A: Service<Request<B>, Response = Response<ResponseBody<ResBody>>, Error = E>,
    S: Service<Request<B>, Response = Response<ResBody>, Error = E>,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = E;
    type Future = OptionalFuture<A::Future, S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), E>> {
        match self {
            Self::With(layered) => layered.poll_ready(cx),
            Self::Without(inner) => inner.poll_ready(cx),
        }
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        match self {
            Self::With(layered) => OptionalFuture::With { future: layered.call(request) },
            Self::Without(inner) => OptionalFuture::Without { future: inner.call(request) },
        }
    }
}

pin_project! {
    /// The future of whichever service it is.
    #[project = OptionalProj]
    #[derive(Debug)]
    pub(super) enum OptionalFuture<A, F> {
        With { #[pin] future: A },
        Without { #[pin] future: F },
    }
}

impl<A, F, ResBody, E> Future for OptionalFuture<A, F>
where
    A: Future<Output = Result<Response<ResponseBody<ResBody>>, E>>,
    F: Future<Output = Result<Response<ResBody>, E>>,
{
    type Output = Result<Response<ResponseBody<ResBody>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            OptionalProj::With { future } => future.poll(cx),
            OptionalProj::Without { future } => {
                Poll::Ready(ready!(future.poll(cx)).map(|response| response.map(ResponseBody::inner)))
            }
        }
    }
}
