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

use super::key_cache::Finding;
use super::layer::{Config, Keys};
use super::resolver::{Resolved, Resolving};
use crate::body::{BodyBudget, BoxError, Captured, Collect, ResponseBody, VerifiedBody};
use crate::clock::UnixTime;
use crate::delivery::Delivery;
use crate::rejection::{Dialect, Reason, Rejection};
use crate::scheme::{Examined, KeyName, Keyring, Verification, Verifier, examine_without_keys, no_such_key};
use crate::verifying_key::KeyDocument;

pin_project! {
    /// The future of [`SignatureService`](super::SignatureService).
    #[must_use = "futures do nothing unless polled"]
    pub struct SignatureFuture<S, B, F> {
        inner: S,
        config: Arc<Config>,
        dialect: Dialect,
        #[pin]
        state: State<B, F>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<B, F> {
        Answered { response: Option<Response<Bytes>> },
        Resolving { keys: Resolving, examined: Examined, now: Option<UnixTime>, request: Option<(Parts, B)> },
        Fetching { finding: Finding, name: KeyName, head: Head, rest: Option<(Parts, Rest<B>)> },
        Reading { head: Option<Parts>, #[pin] body: B, collect: Collect, next: Option<Next> },
        Ready { request: Option<Request<VerifiedBody>> },
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
}

/// A verification under way, and for whom.
struct Verifying {
    verification: Verification,
    tenant: Option<Arc<str>>,
    /// The tenant does not exist: whatever comes out, it is refused.
    nobody: bool,
}

impl Verifying {
    fn finish(self, config: &Config, head: &Parts, body: Bytes) -> Result<Delivery, Rejection> {
        let began = config.metrics().map(|metrics| (metrics, config.clock.monotonic()));
        let verdict = self.verification.finish(head, body);
        if self.nobody {
            return Err(Rejection::new(Reason::UnknownKey).with_detail("there is no such tenant"));
        }
        let mut delivery = verdict?;
        delivery.tenant = self.tenant;
        if let Some((metrics, began)) = began {
            let took = config.clock.monotonic().saturating_sub(began);
            let age = delivery.sent_at.zip(config.clock.now()).map(|(sent, now)| seconds_between(sent, now));
            metrics.verified(delivery.key_id().unwrap_or_default(), age, delivery.body.len(), took);
        }
        Ok(delivery)
    }
}

/// How old a timestamp is, in seconds; negative where it lies ahead.
fn seconds_between(sent: UnixTime, now: UnixTime) -> f64 {
    now.saturating_since(sent).as_secs_f64() - sent.saturating_since(now).as_secs_f64()
}

impl<S, B: Captured, F> SignatureFuture<S, B, F> {
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

impl<B: Captured, F> State<B, F> {
    fn begin(config: &Config, head: Parts, body: B) -> Result<Self, Rejection> {
        if head.method != config.method {
            return Err(Reason::Method.into());
        }
        let now = config.clock.now();
        match &config.keys {
            Keys::Ring(ring) => {
                let verifier = Verifier::of(config.plan.clone(), ring.clone());
                let verification = verifier.into_verification(&head, now)?;
                Ok(Self::reading(head, body, Verifying { verification, tenant: None, nobody: false }))
            }
            Keys::Resolver { resolver, .. } => {
                let examined = examine_without_keys(&config.plan, &head, now)?;
                Ok(Self::Resolving { keys: resolver.resolve(&head), examined, now, request: Some((head, body)) })
            }
            Keys::Source(_) => {
                let examined = examine_without_keys(&config.plan, &head, now)?;
                if config.plan.key_is_in_body() == Some(true) {
                    let collect = Collect::new(body.budget());
                    return Ok(Self::Reading {
                        head: Some(head),
                        body,
                        collect,
                        next: Some(Next::Fetch((examined, now))),
                    });
                }
                Self::fetching(config, (examined, now), head, &Bytes::new(), Rest::Unread(body))
            }
        }
    }

    fn resolved(
        config: &Config,
        (examined, now): (Examined, Option<UnixTime>),
        found: Result<Option<Resolved>, BoxError>,
        (head, body): (Parts, B),
    ) -> Result<Self, Rejection> {
        let Keys::Resolver { nobody, .. } = &config.keys else {
            return Err(Rejection::new(Reason::Misconfigured).with_detail("there is no resolver"));
        };
        let found = found
            .map_err(|error| Rejection::new(Reason::KeyUnavailable).with_detail(format!("key resolver: {error}")))?;
        let (secrets, tenant, nobody) = match found {
            Some(resolved) => (resolved.secrets, resolved.tenant, false),
            None => (nobody.clone(), None, true),
        };
        let ring = Keyring::new(config.plan.scheme(), &secrets)
            .map_err(|error| Rejection::new(Reason::NotConfigured).with_detail(error.to_string()))?;
        let verification = Verifier::of(config.plan.clone(), Arc::new(ring)).resume(examined, &head, now)?;
        Ok(Self::reading(head, body, Verifying { verification, tenant, nobody }))
    }

    fn reading(head: Parts, body: B, verifying: Verifying) -> Self {
        let collect = Collect::new(body.budget());
        Self::Reading { head: Some(head), body, collect, next: Some(Next::Judge(verifying)) }
    }

    fn fetching(config: &Config, seen: Head, head: Parts, bytes: &Bytes, rest: Rest<B>) -> Result<Self, Rejection> {
        let Keys::Source(cache) = &config.keys else {
            return Err(Rejection::new(Reason::Misconfigured).with_detail("there is no source of keys"));
        };
        let name = config.plan.key_name(&head, bytes)?.ok_or_else(no_such_key)?;
        let finding = cache.find(name.clone(), &config.clock);
        Ok(Self::Fetching { finding, name, head: seen, rest: Some((head, rest)) })
    }

    fn fetched(
        config: &Config,
        (examined, now): Head,
        name: &KeyName,
        document: &KeyDocument,
        (head, rest): (Parts, Rest<B>),
    ) -> Result<Self, Rejection> {
        let ring = Keyring::fetched(config.plan.scheme(), name, document).ok_or_else(no_such_key)?;
        let verification = Verifier::of(config.plan.clone(), Arc::new(ring)).resume(examined, &head, now)?;
        let verifying = Verifying { verification, tenant: None, nobody: false };
        match rest {
            Rest::Read { bytes, .. } => judged(config, head, bytes, verifying),
            Rest::Unread(body) => Ok(Self::reading(head, body, verifying)),
        }
    }
}

impl<S, B, ResBody> Future for SignatureFuture<S, B, S::Future>
where
    B: Captured,
    S: Service<Request<VerifiedBody>, Response = Response<ResBody>>,
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
                        Some(request) => State::resolved(this.config, (*examined, *now), found, request),
                        None => Err(Reason::Misconfigured.into()),
                    }
                }
                StateProj::Fetching { finding, name, head, rest } => {
                    let document = ready!(finding.as_mut().poll(cx));
                    match (document, rest.take()) {
                        (Err(rejection), _) => Err(rejection),
                        (Ok(document), Some(rest)) => State::fetched(this.config, *head, name, &document, rest),
                        (Ok(_), None) => Err(Reason::Misconfigured.into()),
                    }
                }
                StateProj::Reading { head, body, collect, next } => {
                    let collected = ready!(collect.poll(body, cx, |frame| {
                        if let Some(Next::Judge(verifying)) = next.as_mut() {
                            verifying.verification.update(frame);
                        }
                    }));
                    match (collected, head.take(), next.take()) {
                        (Err(rejection), ..) => Err(rejection),
                        (Ok(bytes), Some(head), Some(Next::Judge(verifying))) => {
                            judged(this.config, head, bytes, verifying)
                        }
                        (Ok(bytes), Some(head), Some(Next::Fetch(seen))) => {
                            let collect = std::mem::replace(collect, Collect::new(&BodyBudget::global()));
                            let rest = Rest::Read { bytes: bytes.clone(), _held: collect };
                            State::fetching(this.config, seen, head, &bytes, rest)
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

fn judged<B, F>(
    config: &Config,
    mut head: Parts,
    bytes: Bytes,
    verifying: Verifying,
) -> Result<State<B, F>, Rejection> {
    let delivery = verifying.finish(config, &head, bytes.clone())?;
    head.extensions.insert(delivery);
    Ok(State::Ready { request: Some(Request::from_parts(head, VerifiedBody::new(bytes))) })
}

impl<S: std::fmt::Debug, B, F> std::fmt::Debug for SignatureFuture<S, B, F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignatureFuture").field("inner", &self.inner).finish_non_exhaustive()
    }
}
