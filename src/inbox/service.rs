//! What is done with a request.

use std::convert::Infallible;
use std::fmt;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, Request, Response};
use http_body_util::Full;
use pin_project_lite::pin_project;
use tokio::sync::Notify;
use tower_service::Service;

use super::engine::{Appended, Call, Counts};
use super::error::{InboxError, InboxErrorKind};
use super::event::{Event, Kept, write_headers};
use super::handle::OrderKey;
use super::layer::Answering;
use super::log;
use super::subscriber::Subscriber;
use super::worker::{Phase, Workshop};
use crate::body::{HeadFuture, Judged, ResponseBody};
use crate::delivery::{Delivery, Facts};
use crate::delivery_key::{self, Key, MalformedId};
use crate::rejection::{Dialect, Reason, Rejection};
use crate::run_context::{JournalReplay, Token};
use crate::telemetry::{InboxMetrics, Waiting, traceparent};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What takes deliveries in.
pub(super) struct Intake {
    pub(super) shop: Arc<Workshop>,
    pub(super) subscribers: Vec<(Subscriber, Arc<Notify>)>,
    pub(super) order_key: Option<OrderKey>,
    pub(super) headers: Vec<HeaderName>,
}

impl Intake {
    pub(super) fn wake(&self) {
        self.subscribers.iter().for_each(|(_, wake)| wake.notify_one());
    }

    pub(super) fn counts(&self) -> Call<Vec<Counts>> {
        self.shop.engine.counts(self.subscribers.iter().map(|(one, _)| Arc::clone(&one.name)).collect())
    }

    /// The delivery, as it is stored.
    pub(super) fn event<B>(
        &self,
        request: &Request<B>,
        delivery: &Delivery,
        retain: Option<Duration>,
    ) -> Result<Event, Reason> {
        if self.shop.phase() != Phase::Serving {
            return Err(Reason::Draining);
        }
        let now = self.shop.clock.now().ok_or(Reason::InboxUnavailable)?;
        let forced = request.extensions().get::<JournalReplay>().is_some_and(JournalReplay::is_forced);
        let key = match delivery_key::of(delivery) {
            // It is to run though it has run before.
            _ if forced => fresh_key(),
            Err(MalformedId) => return Err(Reason::MalformedEventId),
            Ok(key) => key.unwrap_or_else(fresh_key),
        };
        let horizon = delivery.facts.retry_horizon.map_or(DAY, |horizon| horizon.saturating_add(DAY));
        let kept = Kept {
            key,
            order_key: self.order_key.as_ref().and_then(|order_key| order_key(delivery)),
            headers: write_headers(request.headers(), &self.headers),
            now,
            retain: retain.unwrap_or(horizon),
            traceparent: traceparent(request.headers()).map(str::to_owned),
        };
        Ok(Event::new(request.method(), request.uri(), delivery, kept))
    }

    /// Hands a delivery over to be stored.
    fn store<B>(
        &self,
        request: &Request<B>,
        delivery: &Delivery,
        retain: Option<Duration>,
    ) -> Result<Call<Appended>, Reason> {
        let event = self.event(request, delivery, retain)?;
        let takes = |one: &Subscriber| one.filter.takes(&event.route, event.event_type.as_deref());
        let subscribers = self.subscribers.iter().filter(|(one, _)| takes(one)).map(|(one, _)| Arc::clone(&one.name));
        let subscribers = subscribers.collect();
        Ok(self.shop.engine.append(event, subscribers))
    }
}

/// A key that nothing else has.
fn fresh_key() -> Key {
    let mut bytes = [0; 32];
    let halves = [*Token::fresh().as_bytes(), *Token::fresh().as_bytes()];
    bytes.iter_mut().zip(halves.iter().flatten()).for_each(|(to, from)| *to = *from);
    Key::from_bytes(bytes)
}

impl fmt::Debug for Intake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.subscribers.iter().map(|(one, _)| &one.name).collect();
        f.debug_struct("Intake").field("shop", &self.shop).field("subscribers", &names).finish_non_exhaustive()
    }
}

/// Stores deliveries, see [`InboxLayer`](super::InboxLayer). Always ready.
#[derive(Clone, Debug)]
pub struct InboxService<S> {
    inner: S,
    intake: Arc<Intake>,
    answering: Arc<Answering>,
}

impl<S> InboxService<S> {
    pub(super) const fn new(inner: S, intake: Arc<Intake>, answering: Arc<Answering>) -> Self {
        Self { inner, intake, answering }
    }

    fn refuse(&self, rejection: Rejection, route: Option<&Arc<str>>, dialect: Dialect) -> Response<Bytes> {
        match route {
            Some(route) => self.answering.refusals.clone().for_route(Arc::clone(route)).respond(rejection, dialect),
            None => self.answering.refusals.respond(rejection, dialect),
        }
    }
}

impl<S, B, R> Service<Request<B>> for InboxService<S>
where
    B: Judged,
    S: Service<Request<B>, Response = Response<R>> + Clone,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = InboxFuture<S::Future>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let dialect = Dialect::of(request.headers());
        let answered = |response| InboxFuture { state: State::Head { future: HeadFuture::answered(response) } };
        let Some(delivery) = request.extensions().get::<Delivery>() else {
            let missing = Rejection::new(Reason::Misconfigured).with_detail("no `Delivery` in the request extensions");
            return answered(self.refuse(missing, None, dialect));
        };
        if !delivery.is_verified() {
            // It carries no proof of what it is: the store never hears of it.
            return InboxFuture { state: State::Head { future: HeadFuture::inner(self.inner.clone().call(request)) } };
        }
        match self.intake.store(&request, delivery, self.answering.retain) {
            Ok(call) => {
                let storing = Storing {
                    call,
                    began: self.intake.shop.clock.monotonic(),
                    _waiting: self.intake.shop.metrics.as_ref().map(InboxMetrics::waits),
                    route: Arc::clone(&delivery.route),
                    sender: Arc::clone(&delivery.facts),
                    dialect,
                    intake: Arc::clone(&self.intake),
                    answering: Arc::clone(&self.answering),
                };
                InboxFuture { state: State::Storing { storing } }
            }
            Err(reason) => answered(self.refuse(reason.into(), Some(&delivery.route), dialect)),
        }
    }
}

/// A delivery on its way to the disk.
struct Storing {
    call: Call<Appended>,
    began: Duration,
    _waiting: Option<Waiting>,
    route: Arc<str>,
    sender: Arc<Facts>,
    dialect: Dialect,
    intake: Arc<Intake>,
    answering: Arc<Answering>,
}

impl Storing {
    fn answer(&self, stored: Result<Appended, InboxError>) -> Response<Bytes> {
        let shop = &self.intake.shop;
        if let (Some(metrics), Ok(_)) = (&shop.metrics, &stored) {
            metrics.stored(shop.clock.monotonic().saturating_sub(self.began));
        }
        let appended = match stored {
            Ok(appended) => appended,
            Err(error) => {
                log::not_stored(&self.route, &error);
                let reason = match error.kind() {
                    InboxErrorKind::Draining => Reason::Draining,
                    InboxErrorKind::Full => Reason::QueueFull,
                    _ => Reason::InboxUnavailable,
                };
                let rejection = Rejection::new(reason).with_detail(error.to_string());
                return self
                    .answering
                    .refusals
                    .clone()
                    .for_route(Arc::clone(&self.route))
                    .respond(rejection, self.dialect);
            }
        };
        let acknowledgement = &self.answering.acknowledgement;
        match appended {
            Appended::Duplicate => acknowledgement.copy(&self.sender),
            Appended::New => {
                self.intake.wake();
                acknowledgement.first(&self.sender)
            }
        }
    }
}

pin_project! {
    /// The future of [`InboxService`]. Dropped, the delivery is stored all the same.
    #[must_use = "futures do nothing unless polled"]
    pub struct InboxFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F> {
        Head { #[pin] future: HeadFuture<F> },
        Storing { storing: Storing },
        Over,
    }
}

impl<F, R, E> Future for InboxFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = Result<Response<ResponseBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let answer = match this.state.as_mut().project() {
            StateProj::Head { future } => return future.poll(cx),
            StateProj::Storing { storing } => match storing.call.as_mut().poll(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(stored) => storing.answer(stored),
            },
            // Polled again after it was ready: never wakes, as futures may do then.
            StateProj::Over => return Poll::Pending,
        };
        this.state.set(State::Over);
        Poll::Ready(Ok(answer.map(ResponseBody::own)))
    }
}

impl<F> fmt::Debug for InboxFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InboxFuture").finish_non_exhaustive()
    }
}

/// The last service of a stack: stores and acknowledges. Made by [`Inbox::endpoint`](super::Inbox::endpoint).
pub type InboxEndpoint = InboxService<NotVerified>;

/// Refuses what was let in unsigned.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct NotVerified;

impl<B> Service<Request<B>> for NotVerified {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        let rejection = Rejection::new(Reason::Misconfigured).with_detail("an inbox takes only what is verified");
        ready(Ok(rejection.respond().map(Full::new)))
    }
}
