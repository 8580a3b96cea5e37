//! The way of one delivery: keys, body, verdict, handler.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::ALLOW;
use http::request::Parts;
use http::{HeaderValue, Request, Response, StatusCode};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::handed::Handed;
use super::key_cache::Finding;
use super::layer::{Config, Keys};
use super::resolver::{Resolved, Resolving};
use super::verifying::{Verifying, judged, passes, reported};
use crate::body::{BodyBudget, Captured, Collect, ResponseBody, VerifiedBody};
use crate::clock::UnixTime;
use crate::rejection::{Dialect, Reason, Rejection};
use crate::scheme::{Examined, KeyName, Keyring, examine_without_keys, no_such_key};
use crate::verifying_key::KeyDocument;

pin_project! {
    /// The future of [`SignatureService`](super::SignatureService).
    #[must_use = "futures do nothing unless polled"]
    pub struct SignatureFuture<S, B, F, O = VerifiedBody> {
        inner: S,
        config: Arc<Config>,
        dialect: Dialect,
        #[pin]
        state: State<B, F, O>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<B, F, O> {
        Answered { response: Option<Response<Bytes>> },
        Resolving { keys: Resolving, examined: Examined, now: Option<UnixTime>, request: Option<(Parts, B)> },
        Fetching { finding: Finding, name: KeyName, head: Head, rest: Option<(Parts, Rest<B>)> },
        Reading { head: Option<Parts>, #[pin] body: B, collect: Collect, next: Option<Next> },
        Ready { request: Option<Request<O>> },
        Running { #[pin] future: F },
    }
}

/// What the head has shown, and when.
type Head = (Examined, Option<UnixTime>);

/// The body of a request whose key is being fetched.
enum Rest<B> {
    /// Read, as the key is named in it; it still counts as a body that is held.
    Read {
        bytes: Bytes,
        _held: Collect,
    },
    Unread(B),
}

/// What comes once the body is read.
#[allow(clippy::large_enum_variant, reason = "one a request, and mostly the large one")]
enum Next {
    /// The key is named in the body.
    Fetch(Head),
    Judge(Verifying),
    /// It would be refused, and is let pass.
    Report(Rejection),
}

impl<S, B: Captured, F, O: Handed> SignatureFuture<S, B, F, O> {
    pub(super) fn new(inner: S, config: Arc<Config>, request: Request<B>) -> Self {
        let dialect = Dialect::of(request.headers());
        let (head, body) = request.into_parts();
        let state = State::begin(&config, head, body).unwrap_or_else(|rejection| {
            let mut response = config.refusals.respond(rejection, dialect);
            if response.status() == StatusCode::METHOD_NOT_ALLOWED
                && let Ok(method) = HeaderValue::from_str(config.method.as_str())
            {
                // RFC 9110 §15.5.6 asks for it.
                response.headers_mut().insert(ALLOW, method);
            }
            State::Answered { response: Some(response) }
        });
        Self { inner, config, dialect, state }
    }
}

/// What the head leads to.
#[allow(clippy::large_enum_variant, reason = "one a request, and taken apart at once")]
enum Step {
    Find(Finding, KeyName, Head),
    Read(Next),
    Resolve(Resolving, Head),
}

/// What is decided on the head.
fn first_step(config: &Config, head: &Parts) -> Result<Step, Rejection> {
    let now = config.clock.now();
    match &config.keys {
        Keys::Resolver(resolver) => {
            let examined = examine_without_keys(&config.plan, head, now)?;
            Ok(Step::Resolve(resolver.clone().resolve(head), (examined, now)))
        }
        Keys::Source(_) => {
            let seen = (examine_without_keys(&config.plan, head, now)?, now);
            if config.plan.key_is_in_body() == Some(true) {
                return Ok(Step::Read(Next::Fetch(seen)));
            }
            let (finding, name) = find_key(config, head, &Bytes::new())?;
            Ok(Step::Find(finding, name, seen))
        }
        Keys::Ring(_) | Keys::Watched(_) => {
            let ring = config.keys.ring().ok_or(Reason::Misconfigured)?;
            Verifying::begin(config, ring, |verifier| verifier.into_verification(head, now))
                .map(|verifying| Step::Read(Next::Judge(verifying)))
        }
    }
}

fn find_key(config: &Config, head: &Parts, bytes: &Bytes) -> Result<(Finding, KeyName), Rejection> {
    let Keys::Source(cache) = &config.keys else {
        return Err(Rejection::new(Reason::Misconfigured).with_detail("there is no source of keys"));
    };
    let name = config.plan.key_name(head, bytes)?.ok_or_else(no_such_key)?;
    Ok((cache.find(name.clone(), &config.clock), name))
}

fn resolved(
    config: &Config,
    (examined, now): Head,
    found: Result<Resolved, Box<Rejection>>,
    head: &Parts,
) -> Result<Verifying, Rejection> {
    let keys = found.map_err(|rejection| *rejection)?;
    let ring = keys.ring(config.plan.scheme())?;
    let verifying = Verifying::begin(config, ring, |verifier| verifier.resume(examined, head, now))?;
    Ok(verifying.of(keys.tenant(), keys.is_nobody()))
}

fn fetched(
    config: &Config,
    (examined, now): Head,
    name: &KeyName,
    document: &KeyDocument,
    head: &Parts,
) -> Result<Verifying, Rejection> {
    let ring = Keyring::fetched(config.plan.scheme(), name, document).ok_or_else(no_such_key)?;
    Verifying::begin(config, Arc::new(ring), |verifier| verifier.resume(examined, head, now))
}

impl<B: Captured, F, O: Handed> State<B, F, O> {
    fn begin(config: &Config, head: Parts, body: B) -> Result<Self, Rejection> {
        if head.method != config.method {
            return Err(Rejection::new(Reason::Method).with_detail(format!("the method is not {}", config.method)));
        }
        match first_step(config, &head) {
            Ok(Step::Find(finding, name, seen)) => {
                Ok(Self::Fetching { finding, name, head: seen, rest: Some((head, Rest::Unread(body))) })
            }
            Ok(Step::Read(next)) => Ok(Self::reading(head, body, next)),
            Ok(Step::Resolve(keys, (examined, now))) => {
                Ok(Self::Resolving { keys, examined, now, request: Some((head, body)) })
            }
            Err(rejection) => Self::refused(config, rejection, head, Rest::Unread(body)),
        }
    }

    fn reading(head: Parts, body: B, next: Next) -> Self {
        let collect = Collect::new(body.budget());
        Self::Reading { head: Some(head), body, collect, next: Some(next) }
    }

    /// The keys are known, or cannot be.
    fn go_on(
        config: &Config,
        verifying: Result<Verifying, Rejection>,
        head: Parts,
        rest: Rest<B>,
    ) -> Result<Self, Rejection> {
        match (verifying, rest) {
            (Ok(mut verifying), Rest::Read { bytes, .. }) => {
                judged(config, head, bytes, &mut verifying).map(Self::ready)
            }
            (Ok(verifying), Rest::Unread(body)) => Ok(Self::reading(head, body, Next::Judge(verifying))),
            (Err(rejection), rest) => Self::refused(config, rejection, head, rest),
        }
    }

    const fn ready(request: Request<O>) -> Self {
        Self::Ready { request: Some(request) }
    }

    /// A refusal, unless it is to be reported only: then the body has to be read all the same.
    fn refused(config: &Config, rejection: Rejection, head: Parts, rest: Rest<B>) -> Result<Self, Rejection> {
        let read = if let Rest::Read { bytes, .. } = &rest { Some(bytes) } else { None };
        config.refused(&rejection, &head, read, None);
        if !passes::<O>(config, &rejection) {
            return Err(rejection);
        }
        match rest {
            Rest::Read { bytes, .. } => reported(config, rejection, head, bytes).map(Self::ready),
            Rest::Unread(body) => Ok(Self::reading(head, body, Next::Report(rejection))),
        }
    }
}

/// Calls the inner service; puts the request down where it is not ready, which is seldom.
fn hand_over<S, B, O>(
    inner: &mut S,
    request: Request<O>,
    cx: &mut Context<'_>,
) -> Result<State<B, S::Future, O>, S::Error>
where
    S: Service<Request<O>>,
{
    match inner.poll_ready(cx) {
        Poll::Pending => Ok(State::Ready { request: Some(request) }),
        Poll::Ready(ready) => ready.map(|()| State::Running { future: inner.call(request) }),
    }
}

impl<S, B, O, ResBody> Future for SignatureFuture<S, B, S::Future, O>
where
    B: Captured,
    O: Handed,
    S: Service<Request<O>, Response = Response<ResBody>>,
{
    type Output = Result<Response<ResponseBody<ResBody>>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let next = match this.state.as_mut().project() {
                // Polled again after it was ready: never wakes, as futures may do then.
                StateProj::Answered { response } => match response.take() {
                    Some(response) => return Poll::Ready(Ok(response.map(ResponseBody::own))),
                    None => return Poll::Pending,
                },
                StateProj::Resolving { keys, examined, now, request } => {
                    let found = ready!(keys.as_mut().poll(cx));
                    match request.take() {
                        Some((head, body)) => {
                            let verifying = resolved(this.config, (*examined, *now), found, &head);
                            State::go_on(this.config, verifying, head, Rest::Unread(body))
                        }
                        None => Err(Reason::Misconfigured.into()),
                    }
                }
                StateProj::Fetching { finding, name, head, rest } => {
                    let document = ready!(finding.as_mut().poll(cx));
                    match rest.take() {
                        Some((parts, rest)) => {
                            let verifying =
                                document.and_then(|document| fetched(this.config, *head, name, &document, &parts));
                            State::go_on(this.config, verifying, parts, rest)
                        }
                        None => Err(Reason::Misconfigured.into()),
                    }
                }
                StateProj::Reading { head, body, collect, next } => {
                    let collected = ready!(collect.poll(body, cx, |frame| {
                        if let Some(Next::Judge(verifying)) = next.as_mut() {
                            verifying.verification.update(frame);
                        }
                    }));
                    match (collected, head.take(), next.as_mut()) {
                        (Err(rejection), ..) => Err(rejection),
                        (Ok(bytes), Some(head), Some(Next::Judge(verifying))) => {
                            match judged(this.config, head, bytes, verifying) {
                                Ok(request) => match hand_over(this.inner, request, cx) {
                                    Ok(next) => Ok(next),
                                    Err(error) => return Poll::Ready(Err(error)),
                                },
                                Err(rejection) => Err(rejection),
                            }
                        }
                        (Ok(bytes), Some(head), Some(Next::Fetch(seen))) => {
                            let seen = *seen;
                            let collect = std::mem::replace(collect, Collect::new(&BodyBudget::global()));
                            let rest = Rest::Read { bytes: bytes.clone(), _held: collect };
                            match find_key(this.config, &head, &bytes) {
                                Ok((finding, name)) => {
                                    Ok(State::Fetching { finding, name, head: seen, rest: Some((head, rest)) })
                                }
                                Err(rejection) => State::refused(this.config, rejection, head, rest),
                            }
                        }
                        (Ok(bytes), Some(head), Some(Next::Report(rejection))) => {
                            reported(this.config, rejection.clone(), head, bytes).map(State::ready)
                        }
                        _ => Err(Reason::Misconfigured.into()),
                    }
                }
                StateProj::Ready { request } => match ready!(this.inner.poll_ready(cx)) {
                    Err(error) => return Poll::Ready(Err(error)),
                    Ok(()) => match request.take() {
                        Some(request) => Ok(State::Running { future: this.inner.call(request) }),
                        None => Err(Reason::Misconfigured.into()),
                    },
                },
                StateProj::Running { future } => {
                    return Poll::Ready(ready!(future.poll(cx)).map(|response| response.map(ResponseBody::inner)));
                }
            };
            // The old state, and with it the body, is dropped here.
            this.state.set(next.unwrap_or_else(|rejection| State::Answered {
                response: Some(this.config.refusals.respond(rejection, *this.dialect)),
            }));
        }
    }
}

impl<S: std::fmt::Debug, B, F, O> std::fmt::Debug for SignatureFuture<S, B, F, O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignatureFuture").field("inner", &self.inner).finish_non_exhaustive()
    }
}
