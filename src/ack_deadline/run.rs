//! A run that has come to its deadline: stored, acknowledged, and seen to its end.

use std::fmt;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::layer::AckDeadlineLayer;
use super::log;
use crate::body::ResponseBody;
use crate::delivery::Delivery;
use crate::outcome::Outcome;
use crate::takeover::{Ended, Taken};
use crate::telemetry::Unfinished;

/// The handler, under way.
pub(super) type BoxRun<R, E> = Pin<Box<dyn Future<Output = Result<Response<R>, E>> + Send>>;

/// What is known of the delivery while its handler runs.
pub(super) struct Case {
    pub(super) layer: Arc<AckDeadlineLayer>,
    pub(super) head: Request<()>,
    pub(super) delivery: Delivery,
    pub(super) due: Instant,
}

impl Case {
    fn count(&self, unfinished: Unfinished) {
        if let Some(metrics) = &self.layer.metrics {
            metrics.count(unfinished);
        }
    }

    fn id(&self) -> std::borrow::Cow<'_, str> {
        self.delivery.id().unwrap_or_default()
    }

    fn early<R>(&self) -> Response<ResponseBody<R>> {
        self.layer.early(&self.delivery).map(ResponseBody::own)
    }

    /// The run has ended after its answer.
    async fn ended(&self, taken: Box<dyn Taken>, ended: Ended) {
        let why = match &ended {
            ended if ended.is_success() => None,
            Ended::Answered(head) => Some(format!("the handler answered {}", head.status().as_u16())),
            Ended::CutOff(why) => Some(format!("the handler was given up: {why:?}")),
            Ended::Failed(why) => Some(why.clone()),
        };
        match why {
            None => self.count(Unfinished::Done),
            Some(why) if taken.is_kept() => {
                log::failed(self.delivery.route(), &self.id(), &why);
                self.count(Unfinished::Failed);
            }
            Some(why) => {
                log::lost(self.delivery.route(), &self.id(), &why);
                self.count(Unfinished::Lost);
            }
        }
        taken.end(ended).await;
    }
}

/// What came of the handler.
type Finished<R, E> = Result<Result<Response<R>, E>, Panicked>;

struct Panicked;

/// Polls the handler on, and catches its panic: nobody above this does.
fn poll_run<R, E>(run: &mut BoxRun<R, E>, cx: &mut Context<'_>) -> Poll<Finished<R, E>> {
    match catch_unwind(AssertUnwindSafe(|| run.as_mut().poll(cx))) {
        Ok(poll) => poll.map(Ok),
        Err(_) => Poll::Ready(Err(Panicked)),
    }
}

fn ending<R, E: fmt::Display>(finished: &Finished<R, E>) -> Ended {
    match finished {
        Ok(Ok(response)) => {
            let mut head = Response::new(());
            *head.status_mut() = response.status();
            *head.extensions_mut() = response.extensions().clone();
            Ended::Answered(Box::new(head))
        }
        Ok(Err(error)) => Ended::Failed(format!("the handler failed: {error}")),
        Err(Panicked) => Ended::Failed(String::from("the handler panicked")),
    }
}

/// The handler's own answer.
fn own<R, E>(finished: Finished<R, E>) -> Result<Response<ResponseBody<R>>, E> {
    match finished {
        Ok(result) => result.map(|response| response.map(ResponseBody::inner)),
        Err(Panicked) => {
            let mut response = Response::new(ResponseBody::own(Bytes::new()));
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            response.extensions_mut().insert(Outcome::HandlerPanic);
            Ok(response)
        }
    }
}

/// Has the delivery stored, answers, and stays with the handler to its end. The answer goes out only once somebody is
/// answerable for what comes after it.
pub(super) async fn supervise<R, E>(
    mut case: Case,
    mut run: BoxRun<R, E>,
    mut reply: oneshot::Sender<Result<Response<ResponseBody<R>>, E>>,
) where
    R: Send + 'static,
    E: fmt::Display + Send + 'static,
{
    let takeover = Arc::clone(&case.layer.takeover.0);
    let _counted = takeover.runs().begin();
    let mut taking = takeover.take(std::mem::take(&mut case.head), case.delivery.clone());
    let mut finished = None;
    let taken = poll_fn(|cx| {
        if let Poll::Ready(taken) = taking.as_mut().poll(cx) {
            return Poll::Ready(taken);
        }
        if finished.is_none()
            && let Poll::Ready(end) = poll_run(&mut run, cx)
        {
            finished = Some(end);
        }
        Poll::Pending
    })
    .await;
    let mut taken = match taken {
        Ok(taken) => taken,
        Err(why) => {
            // It goes on as if there were no deadline: the handler's answer, or none if the sender goes before.
            log::not_stored(case.delivery.route(), &case.id(), &why.0);
            case.count(Unfinished::NotStored);
            let goes_on = |cx: &mut Context<'_>| match poll_run(&mut run, cx) {
                Poll::Ready(end) => Poll::Ready(Some(end)),
                Poll::Pending => reply.poll_closed(cx).map(|()| None),
            };
            let finished = match finished {
                Some(finished) => Some(finished),
                None => poll_fn(goes_on).await,
            };
            let Some(finished) = finished else { return };
            // Nobody may be left to hear it.
            drop(reply.send(own(finished)));
            return;
        }
    };
    if let Some(finished) = finished {
        // In the very time that storing took. A failure is stored by now, and tried again.
        let ended = ending(&finished);
        let answer = if ended.is_success() { own(finished) } else { Ok(case.early()) };
        case.ended(taken, ended).await;
        drop(reply.send(answer));
        return;
    }
    log::acknowledged(case.delivery.route(), &case.id());
    drop(reply.send(Ok(case.early())));
    let mut cut_off = taken.cut_off();
    let ended = poll_fn(|cx| match poll_run(&mut run, cx) {
        Poll::Ready(finished) => Poll::Ready(ending(&finished)),
        Poll::Pending => cut_off.as_mut().poll(cx).map(Ended::CutOff),
    })
    .await;
    // What the handler holds is let go of before its end is written down.
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(run)));
    drop(dropped);
    case.ended(taken, ended).await;
}
