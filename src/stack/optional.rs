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
pub struct OptionalService<A, S>(Kind<A, S>);

#[derive(Clone, Debug)]
enum Kind<A, S> {
    With(A),
    Without(S),
}

impl<A, S> OptionalService<A, S> {
    pub(super) fn new<L: Layer<S, Service = A>>(layer: Option<&L>, inner: S) -> Self {
        Self(match layer {
            Some(layer) => Kind::With(layer.layer(inner)),
            None => Kind::Without(inner),
        })
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
        match &mut self.0 {
            Kind::With(layered) => layered.poll_ready(cx),
            Kind::Without(inner) => inner.poll_ready(cx),
        }
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let state = match &mut self.0 {
            Kind::With(layered) => State::With { future: layered.call(request) },
            Kind::Without(inner) => State::Without { future: inner.call(request) },
        };
        OptionalFuture { state }
    }
}

pin_project! {
    /// The future of [`OptionalService`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct OptionalFuture<A, F> {
        #[pin]
        state: State<A, F>,
    }
}

pin_project! {
    #[project = StateProj]
    #[derive(Debug)]
    enum State<A, F> {
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
        match self.project().state.project() {
            StateProj::With { future } => future.poll(cx),
            StateProj::Without { future } => {
                Poll::Ready(ready!(future.poll(cx)).map(|response| response.map(ResponseBody::inner)))
            }
        }
    }
}
