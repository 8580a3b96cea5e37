//! The future of one delivery, and what happens when its client goes away.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::Response;
use tokio::runtime::Handle;

use super::policy::OnDisconnect;
use crate::body::ResponseBody;

/// What a run comes to. `None` where nobody is left to be answered.
pub(super) type Answer<R, E> = Option<Result<Response<ResponseBody<R>>, E>>;

/// A run without its types.
pub(super) trait Running: Future {
    /// How far it is.
    fn phase(&self) -> Phase;

    /// What becomes of it when its client goes away.
    fn on_disconnect(&self) -> OnDisconnect;

    /// Nobody waits for the answer any more.
    fn detach(self: Pin<&mut Self>);

    /// Drops the handler and releases the claim.
    fn cancel(self: Pin<&mut Self>);

    /// Goes on with it elsewhere.
    fn hand_over(self: Pin<Box<Self>>, runtime: &Handle);
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing is held: it may be dropped.
    Idle,
    /// A claim is on its way, or held, and the handler has not finished.
    Working,
    /// The handler has finished: what it did is to be recorded.
    Ending,
}

type BoxRun<R, E> = Pin<Box<dyn Running<Output = Answer<R, E>> + Send>>;

/// The future of [`IdempotencyService`](super::IdempotencyService).
///
/// When it is dropped in the middle of a run, because the client has gone, the run is handed to the
/// tokio runtime and goes on there, unless the layer was told otherwise.
#[must_use = "futures do nothing unless polled"]
pub struct IdempotencyFuture<R, E>(State<R, E>);

enum State<R, E> {
    Answered(Option<Response<Bytes>>),
    Run(Option<BoxRun<R, E>>),
}

impl<R, E> IdempotencyFuture<R, E> {
    pub(super) const fn answered(response: Response<Bytes>) -> Self {
        Self(State::Answered(Some(response)))
    }

    pub(super) fn run(run: impl Running<Output = Answer<R, E>> + Send + 'static) -> Self {
        Self(State::Run(Some(Box::pin(run))))
    }
}

impl<R, E> Future for IdempotencyFuture<R, E> {
    type Output = Result<Response<ResponseBody<R>>, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            // Polled again after it was ready: never wakes, as futures may do then.
            State::Answered(response) => match response.take() {
                Some(response) => Poll::Ready(Ok(response.map(ResponseBody::own))),
                None => Poll::Pending,
            },
            State::Run(slot) => {
                let Some(run) = slot else { return Poll::Pending };
                match run.as_mut().poll(cx) {
                    Poll::Ready(Some(answer)) => {
                        *slot = None;
                        Poll::Ready(answer)
                    }
                    // Without an answer only once it was cancelled, which is done by dropping this.
                    Poll::Ready(None) | Poll::Pending => Poll::Pending,
                }
            }
        }
    }
}

impl<R, E> Drop for IdempotencyFuture<R, E> {
    fn drop(&mut self) {
        let State::Run(slot) = &mut self.0 else { return };
        let Some(mut run) = slot.take() else { return };
        let working = match run.phase() {
            Phase::Idle => return,
            Phase::Working => true,
            Phase::Ending => false,
        };
        run.as_mut().detach();
        if working && run.on_disconnect() == OnDisconnect::CancelAndRelease {
            // What the handler drops is code of the user's, and a panic in here would end the process.
            let cancelled = catch_unwind(AssertUnwindSafe(|| run.as_mut().cancel()));
            let released = |run: &mut BoxRun<R, E>| run.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            if cancelled.is_err() || released(&mut run).is_ready() {
                return;
            }
        }
        // Without a runtime there is nobody to hand it to: the lease lapses.
        if let Ok(runtime) = Handle::try_current() {
            run.hand_over(&runtime);
        }
    }
}

impl<R, E> fmt::Debug for IdempotencyFuture<R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let phase = match &self.0 {
            State::Run(Some(run)) => Some(run.phase()),
            State::Answered(_) | State::Run(None) => None,
        };
        f.debug_struct("IdempotencyFuture").field("phase", &phase).finish_non_exhaustive()
    }
}
