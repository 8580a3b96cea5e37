//! Where a request enters: its head is measured, it is told who sent it, and the service takes it when it
//! is ready.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::activity::{Activity, InFlight};
use super::limits::Limits;
use super::log;
use crate::body::{BoxError, ResponseBody};
use crate::connection::PeerAddr;

/// The service of one connection.
#[derive(Clone, Debug)]
pub(super) struct Entry<S> {
    pub(super) service: S,
    pub(super) peer: SocketAddr,
    pub(super) limits: Arc<Limits>,
    pub(super) activity: Arc<Activity>,
}

impl<S, B> hyper::service::Service<Request<Incoming>> for Entry<S>
where
    S: Service<Request<Incoming>, Response = Response<B>, Error: Into<BoxError>> + Clone,
{
    type Response = Response<ServedBody<B>>;
    type Error = Infallible;
    type Future = Serving<S, S::Future>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        let in_flight = Some(self.activity.begin(request.version()));
        let state = match self.limits.refuse(&request) {
            Some(status) => State::Refused { status },
            None => {
                // The extensions are new and ours: a request cannot bring any.
                request.extensions_mut().insert(PeerAddr::new(self.peer));
                State::Waiting { service: self.service.clone(), request: Some(request) }
            }
        };
        Serving { state, in_flight }
    }
}

pin_project! {
    #[must_use = "futures do nothing unless polled"]
    pub(super) struct Serving<S, F> {
        #[pin]
        state: State<S, F>,
        in_flight: Option<InFlight>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<S, F> {
        Refused { status: StatusCode },
        Waiting { service: S, request: Option<Request<Incoming>> },
        Running { #[pin] future: F },
    }
}

impl<S, B> Future for Serving<S, S::Future>
where
    S: Service<Request<Incoming>, Response = Response<B>, Error: Into<BoxError>>,
{
    type Output = Result<Response<ServedBody<B>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let response = loop {
            let next = match this.state.as_mut().project() {
                StateProj::Refused { status } => break empty(*status),
                StateProj::Waiting { service, request } => match ready!(service.poll_ready(cx)) {
                    // The request is there until the service is called, and then this state is left.
                    Ok(()) => match request.take() {
                        Some(request) => State::Running { future: service.call(request) },
                        None => return Poll::Pending,
                    },
                    Err(error) => break failed(&error.into()),
                },
                StateProj::Running { future } => match ready!(future.poll(cx)) {
                    Ok(response) => break response.map(ResponseBody::inner),
                    Err(error) => break failed(&error.into()),
                },
            };
            this.state.set(next);
        };
        let in_flight = this.in_flight.take();
        Poll::Ready(Ok(response.map(|body| ServedBody { body, _in_flight: in_flight })))
    }
}

/// The service has an error instead of an answer: the sender is told to come back.
fn failed<B>(error: &BoxError) -> Response<ResponseBody<B>> {
    log::service_failed(error);
    empty(StatusCode::INTERNAL_SERVER_ERROR)
}

fn empty<B>(status: StatusCode) -> Response<ResponseBody<B>> {
    let mut response = Response::new(ResponseBody::own(Bytes::new()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

pin_project! {
    /// The body of an answer; the request is in flight until it has been sent.
    #[derive(Debug)]
    pub(super) struct ServedBody<B> {
        #[pin]
        body: ResponseBody<B>,
        _in_flight: Option<InFlight>,
    }
}

impl<B: Body<Data = Bytes>> Body for ServedBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        self.project().body.poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
