//! One run: claim, handler, record. It belongs to the delivery, not to the connection.

mod ending;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tokio::runtime::Handle;
use tokio::time::{Sleep, sleep_until};
use tower_service::Service;

use super::answer;
use super::case::{Case, Waiting};
use super::config::Plan;
use super::erased::{StoreCall, StoreError};
use super::flights::{Ended, Waiter};
use super::future::{Answer, Phase, Running};
use super::heart::Beat;
use super::held::{Held, Source};
use super::policy::{OnDisconnect, OnStoreFailure, ReplayGuard};
use super::store::{Claim, Claimed, Fenced, Guarded};
use crate::body::ResponseBody;
use crate::delivery::Delivery;
use crate::outcome::Outcome;
use crate::rejection::{Reason, Rejection};

pin_project! {
    #[project = RunProj]
    pub(super) struct Run<S, F, B, R, E> {
        case: Case,
        service: S,
        request: Option<Request<B>>,
        #[pin]
        stage: Stage<F, R, E>,
        #[pin]
        timer: Option<Sleep>,
    }
}

pin_project! {
    #[project = StageProj]
    enum Stage<F, R, E> {
        Begin,
        Claim { call: StoreCall<Claim> },
        /// For a run of another.
        Wait { waiter: Option<Waiter>, same_delivery: bool },
        /// For the inner service to be ready.
        Ready,
        Handle { #[pin] handler: F },
        Body { head: Option<Response<()>>, #[pin] body: Source<R>, held: Held },
        End { call: StoreCall<Fenced>, ended: Ended, tries: u32, answer: Answer<R, E> },
        Over,
    }
}

/// What comes of a step: the answer, or the next one.
type Step<R, E> = Poll<Answer<R, E>>;

impl<S, B, R> Run<S, S::Future, B, R, S::Error>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    pub(super) fn new(case: Case, service: S, request: Request<B>) -> Self {
        Self { case, service, request: Some(request), stage: Stage::Begin, timer: None }
    }
}

impl<S, B, R> RunProj<'_, S, S::Future, B, R, S::Error>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Body<Data = Bytes>,
{
    fn step(&mut self, cx: &mut Context<'_>) -> Poll<Option<Answer<R, S::Error>>> {
        match self.stage.as_mut().project() {
            StageProj::Begin => Poll::Ready(self.begin()),
            StageProj::Claim { call } => {
                let claim = ready!(Pin::new(call).poll(cx));
                Poll::Ready(self.claimed(claim))
            }
            StageProj::Wait { waiter, same_delivery } => {
                let same_delivery = *same_delivery;
                let ended = waiter.as_mut().map_or(Poll::Pending, |waiter| Pin::new(waiter).poll(cx));
                match ended {
                    Poll::Ready(Ended::Completed(record)) if same_delivery => {
                        Poll::Ready(self.answer(answer::replay(record)))
                    }
                    Poll::Ready(_) => Poll::Ready(self.ask()),
                    Poll::Pending => {
                        let alone = waiter.is_none();
                        match self.timer.as_mut().as_pin_mut() {
                            Some(timer) => ready!(timer.poll(cx)),
                            None => return Poll::Pending,
                        }
                        Poll::Ready(if alone { self.ask() } else { self.refuse(self.case.in_flight()) })
                    }
                }
            }
            StageProj::Ready => match catch_unwind(AssertUnwindSafe(|| self.service.poll_ready(cx))) {
                Ok(Poll::Pending) => self.keep_alive(cx),
                Ok(Poll::Ready(Ok(()))) => Poll::Ready(self.call()),
                Ok(Poll::Ready(Err(error))) => Poll::Ready(self.release(Some(Err(error)))),
                Err(_) => Poll::Ready(self.panicked()),
            },
            StageProj::Handle { handler } => match catch_unwind(AssertUnwindSafe(|| handler.poll(cx))) {
                Ok(Poll::Pending) => self.keep_alive(cx),
                Ok(Poll::Ready(Ok(response))) => Poll::Ready(self.handled(response)),
                Ok(Poll::Ready(Err(error))) => Poll::Ready(self.release(Some(Err(error)))),
                Err(_) => Poll::Ready(self.panicked()),
            },
            StageProj::Body { body, held, head } => match catch_unwind(AssertUnwindSafe(|| held.poll(body, cx))) {
                Ok(Poll::Pending) => self.keep_alive(cx),
                Ok(Poll::Ready(read)) => {
                    let head = head.take();
                    Poll::Ready(head.and_then(|head| self.read(head, read)))
                }
                Err(_) => Poll::Ready(self.panicked()),
            },
            StageProj::End { call, ended, tries, .. } => {
                if let Some(timer) = self.timer.as_mut().as_pin_mut() {
                    ready!(timer.poll(cx));
                    self.timer.set(None);
                }
                let result = ready!(Pin::new(call).poll(cx));
                let (ended, tries) = (ended.clone(), *tries);
                Poll::Ready(self.ended(result, &ended, tries))
            }
            StageProj::Over => Poll::Pending,
        }
    }

    fn begin(&mut self) -> Option<Answer<R, S::Error>> {
        if matches!(self.case.plan, Plan::Open) {
            self.stage.set(Stage::Ready);
            return None;
        }
        match self.case.config.drain.begin() {
            Some(tracked) => self.case.tracked = Some(tracked),
            None => return self.refuse(Reason::Draining.into()),
        }
        self.ask()
    }

    /// Asks for the claim, or joins.
    fn ask(&mut self) -> Option<Answer<R, S::Error>> {
        match self.case.plan {
            Plan::Claim(claimed) => {
                self.lost_if_dropped();
                let call = self.case.config.claim(&claimed);
                self.stage.set(Stage::Claim { call });
                None
            }
            Plan::Join(key) => match self.case.join(key) {
                None => self.run(),
                Some(waiting) => self.wait(waiting, true),
            },
            Plan::Open => self.run(),
        }
    }

    fn run(&mut self) -> Option<Answer<R, S::Error>> {
        self.lost_if_dropped();
        self.timer.set(None);
        self.stage.set(Stage::Ready);
        None
    }

    fn lost_if_dropped(&mut self) {
        if let Some(tracked) = &mut self.case.tracked {
            tracked.set_lost(true);
        }
    }

    fn claimed(&mut self, claim: Result<Claim, StoreError>) -> Option<Answer<R, S::Error>> {
        let (claim, Plan::Claim(claimed)) = (claim, self.case.plan) else { return self.over(None) };
        match claim {
            Ok(Claim::Owned { attempt }) => {
                self.case.own(attempt);
                if self.case.cancelled { self.release(None) } else { self.run() }
            }
            Err(error) => self.store_failed(&claimed, &error),
            Ok(_) if self.case.detached => self.over(None),
            Ok(Claim::Done { same_fingerprint: false, .. } | Claim::InFlight { same_fingerprint: false, .. })
                if self.case.config.compares_bodies() =>
            {
                self.refuse(self.case.refusal(Reason::IdempotencyConflict))
            }
            Ok(Claim::Done { record, .. }) => self.answer(answer::replay(record)),
            Ok(Claim::InFlight { retry_in, .. }) => {
                let waiting = self.case.wait(claimed.key, retry_in);
                self.wait(waiting, true)
            }
            Ok(Claim::Replayed { of, state: Guarded::InFlight { retry_in } }) => {
                let waiting = self.case.wait(of, retry_in);
                self.wait(waiting, false)
            }
            Ok(Claim::Replayed { state: Guarded::Done { record }, .. }) => match self.case.config.replay_guard {
                ReplayGuard::Count => {
                    self.case.mark(Outcome::ReplayCounted);
                    self.case.plan = Plan::Claim(Claimed { guard: None, ..claimed });
                    self.ask()
                }
                ReplayGuard::Duplicate => self.answer(answer::replay(record)),
                ReplayGuard::Reject => self.refuse(self.case.refusal(Reason::Replayed)),
            },
            Ok(Claim::OverCapacity) => self.refuse(Reason::OverCapacity.into()),
        }
    }

    /// Whether the claim is there or not cannot be told.
    fn store_failed(&mut self, claimed: &Claimed, error: &StoreError) -> Option<Answer<R, S::Error>> {
        self.case.store_failed("claim", error);
        if !self.case.detached
            && let Some(claim) = self.case.config.claim_alone(claimed)
        {
            if matches!(claim, Claim::Owned { .. }) {
                self.case.without_store(Outcome::Local);
            }
            return self.claimed(Ok(claim));
        }
        self.case.release_unknown();
        match self.case.config.on_store_failure {
            _ if self.case.detached => self.over(None),
            OnStoreFailure::FailClosed => self.refuse(Reason::IdempotencyUnavailable.into()),
            #[cfg(feature = "moka")]
            OnStoreFailure::FailLocal => self.refuse(Reason::IdempotencyUnavailable.into()),
            OnStoreFailure::FailOpen => {
                self.case.bypass();
                self.run()
            }
        }
    }

    fn wait(&mut self, waiting: Waiting, same_delivery: bool) -> Option<Answer<R, S::Error>> {
        match waiting {
            Waiting::Answer => self.refuse(self.case.in_flight()),
            Waiting::AskAgain => self.ask(),
            Waiting::Until(until, waiter) => {
                if let Some(tracked) = &mut self.case.tracked {
                    tracked.set_lost(false);
                }
                self.timer.set(Some(sleep_until(until)));
                self.stage.set(Stage::Wait { waiter, same_delivery });
                None
            }
        }
    }

    fn call(&mut self) -> Option<Answer<R, S::Error>> {
        let Some(mut request) = self.request.take() else { return self.over(None) };
        if let Some(delivery) = request.extensions_mut().get_mut::<Delivery>() {
            delivery.run = self.case.context();
        }
        match catch_unwind(AssertUnwindSafe(|| self.service.call(request))) {
            Ok(handler) => {
                self.stage.set(Stage::Handle { handler });
                None
            }
            Err(_) => self.panicked(),
        }
    }

    /// The handler, or what stands before it, is not done yet. From the first time on its lease is extended, and what
    /// takes too long is ended.
    fn keep_alive(&mut self, cx: &mut Context<'_>) -> Poll<Option<Answer<R, S::Error>>> {
        let response = match ready!(self.case.poll_beat(cx.waker())) {
            Beat::Draining => self.case.refuse(Reason::Draining.into()),
            Beat::TimedOut => {
                self.case.mark(Outcome::HandlerTimeout);
                answer::timed_out(self.case.dialect).map(ResponseBody::own)
            }
        };
        Poll::Ready(self.release(Some(Ok(response))))
    }

    fn answer(&mut self, response: Response<ResponseBody<R>>) -> Option<Answer<R, S::Error>> {
        self.over(Some(Ok(response)))
    }

    fn refuse(&mut self, rejection: Rejection) -> Option<Answer<R, S::Error>> {
        let response = self.case.refuse(rejection);
        self.over(Some(Ok(response)))
    }

    fn over(&mut self, answer: Answer<R, S::Error>) -> Option<Answer<R, S::Error>> {
        self.set_stage(Stage::Over);
        if let Some(mut tracked) = self.case.tracked.take() {
            tracked.set_lost(false);
        }
        Some(answer.map(|answer| self.case.marked(answer)))
    }

    /// Drops what the stage held, which may be the user's code and panic.
    fn set_stage(&mut self, next: Stage<S::Future, R, S::Error>) {
        // What is set stands, even where dropping what was there before panics.
        let _ = catch_unwind(AssertUnwindSafe(|| self.stage.set(Stage::Over)));
        self.stage.set(next);
    }
}

impl<S, B, R> Future for Run<S, S::Future, B, R, S::Error>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Body<Data = Bytes>,
{
    type Output = Answer<R, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Step<R, S::Error> {
        let mut this = self.project();
        loop {
            if let Some(answer) = ready!(this.step(cx)) {
                return Poll::Ready(answer);
            }
        }
    }
}

impl<S, B, R> Running for Run<S, S::Future, B, R, S::Error>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Body<Data = Bytes>,
    Self: Send + 'static,
{
    fn phase(&self) -> Phase {
        // Without a claim only what was joined is worth going on: others wait for it.
        let open = matches!(self.case.plan, Plan::Open) && self.case.tracked.is_none();
        match &self.stage {
            Stage::Begin | Stage::Wait { .. } | Stage::Over => Phase::Idle,
            Stage::Claim { .. } | Stage::Ready | Stage::Handle { .. } if open => Phase::Idle,
            Stage::Claim { .. } | Stage::Ready | Stage::Handle { .. } => Phase::Working,
            Stage::Body { .. } | Stage::End { .. } => Phase::Ending,
        }
    }

    fn on_disconnect(&self) -> OnDisconnect {
        self.case.config.on_disconnect
    }

    fn detach(self: Pin<&mut Self>) {
        self.project().case.detached = true;
    }

    fn cancel(self: Pin<&mut Self>) {
        let mut this = self.project();
        this.case.cancelled = true;
        if matches!(this.stage.as_mut().project(), StageProj::Ready | StageProj::Handle { .. }) {
            let _ = this.release(None);
        }
    }

    fn hand_over(self: Pin<Box<Self>>, runtime: &Handle) {
        drop(runtime.spawn(async move {
            self.await;
        }));
    }
}
