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
use crate::connection::{OverTls, PeerAddr};

/// The service of one connection.
#[derive(Clone, Debug)]
pub(super) struct Entry<S> {
    pub(super) service: S,
    pub(super) peer: SocketAddr,
    pub(super) over_tls: Option<OverTls>,
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
                if let Some(over_tls) = self.over_tls {
                    request.extensions_mut().insert(over_tls);
                }
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
                StateProj::Refused { status } => break problem(*status),
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
        let mut in_flight = this.in_flight.take();
        if let Some(in_flight) = &mut in_flight {
            in_flight.answers(true);
        }
        Poll::Ready(Ok(response.map(|body| ServedBody { body, in_flight })))
    }
}

/// The service has an error instead of an answer: the sender is told to come back.
fn failed<B>(error: &BoxError) -> Response<ResponseBody<B>> {
    log::service_failed(error);
    problem(StatusCode::INTERNAL_SERVER_ERROR)
}

/// A refusal that no layer has a reason for: [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457#section-4.2.1).
fn problem<B>(status: StatusCode) -> Response<ResponseBody<B>> {
    let title = status.canonical_reason().unwrap_or_default();
    let text = format!(r#"{{"type":"about:blank","title":"{title}","status":{}}}"#, status.as_u16());
    let mut response = Response::new(ResponseBody::own(Bytes::from(text)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

pin_project! {
    /// The body of an answer; the request is in flight until it has been sent.
    #[derive(Debug)]
    pub(super) struct ServedBody<B> {
        #[pin]
        body: ResponseBody<B>,
        in_flight: Option<InFlight>,
    }
}

impl<B: Body<Data = Bytes>> Body for ServedBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.project();
        let polled = this.body.poll_frame(cx);
        if let Some(in_flight) = this.in_flight {
            in_flight.answers(polled.is_ready());
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
