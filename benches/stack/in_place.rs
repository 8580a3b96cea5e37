//! The service that does nothing, one request through a service, and a future that is ready at once.

use std::convert::Infallible;
use std::fmt::Debug;
use std::future::{Ready, ready};
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tower::Service;

/// Answers at once, and does nothing else.
#[derive(Clone, Debug)]
pub(crate) struct Handler;

impl<B> Service<Request<B>> for Handler {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        drop(black_box(request));
        ready(Ok(Response::new(Full::default())))
    }
}

/// By hand: no runtime's turn is measured with it.
pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    let Poll::Ready(value) = pin!(future).poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("it answers at once")
    };
    value
}

/// One request.
#[inline(never)]
pub(crate) fn drive<S, B, ResBody>(service: &mut S, request: Request<B>) -> Response<ResBody>
where
    S: Service<Request<B>, Response = Response<ResBody>, Error: Debug>,
{
    assert!(service.poll_ready(&mut Context::from_waker(Waker::noop())).is_ready(), "it is ready at once");
    now(service.call(request)).unwrap()
}
