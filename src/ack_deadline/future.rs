//! The wait for the handler, or for the deadline.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Response;
use tokio::sync::oneshot;
use tokio::time::{Sleep, sleep_until};

use super::run::{BoxRun, Case, supervise};
use crate::body::ResponseBody;

/// The future of [`AckDeadlineService`](super::AckDeadlineService).
///
/// Dropped before the deadline, it drops the handler, as if the layer were not there; from the deadline on the handler
/// goes on without it.
#[must_use = "futures do nothing unless polled"]
pub struct AckDeadlineFuture<R, E>(State<R, E>);

enum State<R, E> {
    Answered(Option<Response<Bytes>>),
    /// Without a case there is no deadline.
    Running {
        run: BoxRun<R, E>,
        case: Option<Box<Case>>,
        timer: Option<Pin<Box<Sleep>>>,
    },
    /// The handler runs in a task of its own.
    Supervised(oneshot::Receiver<Result<Response<ResponseBody<R>>, E>>),
    Over,
}

impl<R, E> AckDeadlineFuture<R, E> {
    pub(super) const fn answered(response: Response<Bytes>) -> Self {
        Self(State::Answered(Some(response)))
    }

    pub(super) fn new(run: BoxRun<R, E>, case: Option<Case>) -> Self {
        Self(State::Running { run, case: case.map(Box::new), timer: None })
    }
}

impl<R, E> Future for AckDeadlineFuture<R, E>
where
    R: Send + 'static,
    E: fmt::Display + Send + 'static,
{
    type Output = Result<Response<ResponseBody<R>>, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            match &mut self.0 {
                // Polled again after it was ready: never wakes, as futures may do then.
                State::Answered(response) => match response.take() {
                    Some(response) => return Poll::Ready(Ok(response.map(ResponseBody::own))),
                    None => return Poll::Pending,
                },
                State::Running { run, case, timer } => {
                    if let Poll::Ready(result) = run.as_mut().poll(cx) {
                        self.0 = State::Over;
                        return Poll::Ready(result.map(|response| response.map(ResponseBody::inner)));
                    }
                    let Some(due) = case.as_ref().map(|case| case.due) else { return Poll::Pending };
                    // Most handlers are faster than this: no timer is made before the first time.
                    let timer = timer.get_or_insert_with(|| Box::pin(sleep_until(due)));
                    if timer.as_mut().poll(cx).is_pending() {
                        return Poll::Pending;
                    }
                    if let State::Running { run, case: Some(case), .. } = std::mem::replace(&mut self.0, State::Over) {
                        let (reply, answer) = oneshot::channel();
                        tokio::spawn(supervise(*case, run, reply));
                        self.0 = State::Supervised(answer);
                    }
                }
                State::Supervised(answer) => {
                    return match Pin::new(answer).poll(cx) {
                        Poll::Ready(Ok(result)) => {
                            self.0 = State::Over;
                            Poll::Ready(result)
                        }
                        // Without an answer only when the runtime ends, and this with it.
                        Poll::Ready(Err(_)) | Poll::Pending => Poll::Pending,
                    };
                }
                State::Over => return Poll::Pending,
            }
        }
    }
}

impl<R, E> fmt::Debug for AckDeadlineFuture<R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AckDeadlineFuture").finish_non_exhaustive()
    }
}
