//! The futures of both layers.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::Response;
use http::request::Parts;
use pin_project_lite::pin_project;

use super::settings::{Answered, Settings, Working};
use super::unsigned::judge_body;
use crate::body::{Captured, Collect, ResponseBody};
use crate::rejection::{Dialect, Reason, Rejection};

pin_project! {
    /// The future of [`ChallengeService`](super::ChallengeService).
    #[must_use = "futures do nothing unless polled"]
    pub struct ChallengeFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F> {
        Answered { response: Option<Response<Bytes>> },
        Inner { #[pin] future: F },
        Working { working: Working, settings: Arc<Settings>, dialect: Dialect },
    }
}

impl<F> ChallengeFuture<F> {
    pub(super) const fn inner(future: F) -> Self {
        Self { state: State::Inner { future } }
    }

    pub(super) fn answered(settings: &Arc<Settings>, dialect: Dialect, answered: Result<Answered, Rejection>) -> Self {
        Self {
            state: match answered {
                Ok(Answered::At(response)) => State::Answered { response: Some(response) },
                Ok(Answered::Later(working)) => State::Working { working, settings: settings.clone(), dialect },
                Err(rejection) => State::Answered { response: Some(settings.refusals.respond(rejection, dialect)) },
            },
        }
    }
}

impl<F, B, E> Future for ChallengeFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let response = match this.state.as_mut().project() {
                // Polled again after it was ready: never wakes, as futures may do then.
                StateProj::Answered { response } => match response.take() {
                    Some(response) => return Poll::Ready(Ok(response.map(ResponseBody::own))),
                    None => return Poll::Pending,
                },
                StateProj::Inner { future } => {
                    return Poll::Ready(ready!(future.poll(cx)).map(|response| response.map(ResponseBody::inner)));
                }
                StateProj::Working { working, settings, dialect } => match ready!(working.as_mut().poll(cx)) {
                    Ok(response) => response,
                    Err(rejection) => settings.refusals.respond(rejection, *dialect),
                },
            };
            this.state.set(State::Answered { response: Some(response) });
        }
    }
}

impl<F> fmt::Debug for ChallengeFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChallengeFuture").finish_non_exhaustive()
    }
}

pin_project! {
    /// The future of [`HandshakeService`](super::HandshakeService).
    #[must_use = "futures do nothing unless polled"]
    pub struct HandshakeFuture<B, F> {
        #[pin]
        state: Step<B, F>,
    }
}

pin_project! {
    #[project = StepProj]
    enum Step<B, F> {
        Reading { head: Option<Parts>, #[pin] body: B, collect: Collect, settings: Arc<Settings> },
        Rest { #[pin] future: ChallengeFuture<F> },
    }
}

impl<B: Captured, F> HandshakeFuture<B, F> {
    pub(super) const fn rest(future: ChallengeFuture<F>) -> Self {
        Self { state: Step::Rest { future } }
    }

    pub(super) fn reading(settings: Arc<Settings>, head: Parts, body: B) -> Self {
        let collect = Collect::new(body.budget());
        Self { state: Step::Reading { head: Some(head), body, collect, settings } }
    }
}

impl<B, F, R, E> Future for HandshakeFuture<B, F>
where
    B: Captured,
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = Result<Response<ResponseBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let next = match this.state.as_mut().project() {
                StepProj::Reading { head, body, collect, settings } => {
                    let collected = ready!(collect.poll(body, cx, |_| ()));
                    let Some(head) = head.take() else { return Poll::Pending };
                    let answered = match collected {
                        Ok(bytes) => judge_body(settings, &head, &bytes).unwrap_or_else(|| {
                            Err(Rejection::new(Reason::MissingSignature).with_detail("there is no signature header"))
                        }),
                        Err(rejection) => Err(rejection),
                    };
                    ChallengeFuture::answered(settings, Dialect::of(&head.headers), answered)
                }
                StepProj::Rest { future } => return future.poll(cx),
            };
            // The body is dropped here.
            this.state.set(Step::Rest { future: next });
        }
    }
}

impl<B, F> fmt::Debug for HandshakeFuture<B, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandshakeFuture").finish_non_exhaustive()
    }
}
