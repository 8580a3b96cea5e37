//! What is done with a request.

use std::convert::Infallible;
use std::fmt;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LANGUAGE, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, Request, Response};
use http_body_util::Full;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::event::{Event, Receipt};
use super::layer::SinkLayer;
use super::log;
use crate::body::{HeadFuture, Judged, ResponseBody};
use crate::delivery::Delivery;
use crate::delivery_key::{self, MalformedId};
use crate::rejection::{Dialect, Reason, Rejection};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Appends and acknowledges, see [`SinkLayer`]. Always ready.
#[derive(Clone, Debug)]
pub struct SinkService<S> {
    pub(super) inner: S,
    pub(super) layer: Arc<SinkLayer>,
}

impl SinkLayer {
    fn event<B>(&self, request: &Request<B>, delivery: &Delivery) -> Result<Event, Reason> {
        let key = delivery_key::of(delivery).map_err(|MalformedId| Reason::MalformedEventId)?;
        let mut headers = HeaderMap::new();
        for name in [CONTENT_TYPE, CONTENT_LANGUAGE, USER_AGENT] {
            if let Some(value) = request.headers().get(&name) {
                headers.insert(name, value.clone());
            }
        }
        Ok(Event {
            delivery: delivery.clone(),
            key,
            retain: delivery.facts.retry_horizon.map_or(DAY, |horizon| horizon.saturating_add(DAY)),
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            headers,
            received_at: self.clock.now().ok_or(Reason::Misconfigured)?,
        })
    }

    fn refuse(&self, rejection: Rejection, route: Option<&Arc<str>>, dialect: Dialect) -> Response<Bytes> {
        match route {
            Some(route) => self.refusals.clone().for_route(Arc::clone(route)).respond(rejection, dialect),
            None => self.refusals.respond(rejection, dialect),
        }
    }
}

impl<S, B, R> Service<Request<B>> for SinkService<S>
where
    B: Judged,
    S: Service<Request<B>, Response = Response<R>> + Clone,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = SinkFuture<S::Future>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let dialect = Dialect::of(request.headers());
        let answered = |response| SinkFuture { state: State::Head { future: HeadFuture::answered(response) } };
        let Some(delivery) = request.extensions().get::<Delivery>() else {
            let missing = Rejection::new(Reason::Misconfigured).with_detail("no `Delivery` in the request extensions");
            return answered(self.layer.refuse(missing, None, dialect));
        };
        if !delivery.is_verified() {
            // It carries no proof of what it is: the sink never hears of it.
            return SinkFuture { state: State::Head { future: HeadFuture::inner(self.inner.clone().call(request)) } };
        }
        let event = match self.layer.event(&request, delivery) {
            Ok(event) => event,
            Err(reason) => return answered(self.layer.refuse(reason.into(), Some(&delivery.route), dialect)),
        };
        let (layer, delivery) = (Arc::clone(&self.layer), delivery.clone());
        let appending = async move {
            let appended = tokio::time::timeout(layer.timeout, Arc::clone(&layer.sink).append(event)).await;
            let error = match appended {
                Ok(Ok(Receipt::Appended)) => return layer.acknowledgement.first(&delivery.facts),
                Ok(Ok(Receipt::Known)) => return layer.acknowledgement.copy(&delivery.facts),
                Ok(Err(error)) => error.to_string(),
                Err(_) => format!("the sink took longer than {:?}", layer.timeout),
            };
            log::not_appended(delivery.route(), &error);
            let rejection = Rejection::new(Reason::InboxUnavailable).with_detail(error);
            layer.refuse(rejection, Some(&delivery.route), dialect)
        };
        SinkFuture { state: State::Appending { appending: Box::pin(appending) } }
    }
}

pin_project! {
    /// The future of [`SinkService`].
    #[must_use = "futures do nothing unless polled"]
    pub struct SinkFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F> {
        Head { #[pin] future: HeadFuture<F> },
        Appending { appending: Pin<Box<dyn Future<Output = Response<Bytes>> + Send>> },
        Over,
    }
}

impl<F, R, E> Future for SinkFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = Result<Response<ResponseBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let answer = match this.state.as_mut().project() {
            StateProj::Head { future } => return future.poll(cx),
            StateProj::Appending { appending } => ready!(appending.as_mut().poll(cx)),
            // Polled again after it was ready: never wakes, as futures may do then.
            StateProj::Over => return Poll::Pending,
        };
        this.state.set(State::Over);
        Poll::Ready(Ok(answer.map(ResponseBody::own)))
    }
}

impl<F> fmt::Debug for SinkFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SinkFuture").finish_non_exhaustive()
    }
}

/// The last service of a stack: appends and acknowledges. Made by [`SinkLayer::endpoint`].
pub type SinkEndpoint = SinkService<NoSink>;

/// Refuses what was let in unsigned.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct NoSink;

impl<B> Service<Request<B>> for NoSink {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        let rejection = Rejection::new(Reason::Misconfigured).with_detail("a sink takes only what is verified");
        ready(Ok(rejection.respond().map(Full::new)))
    }
}
