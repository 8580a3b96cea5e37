//! Who is answerable for a delivery that was acknowledged before its handler had finished.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use tokio::sync::watch;

use crate::delivery::Delivery;

/// What becomes of a delivery whose handler has not finished when it is acknowledged: for
/// [`AckDeadlineLayer`](crate::ack_deadline::AckDeadlineLayer).
///
/// An inbox gives one (`Inbox::takeover`, features `sqlite` or `postgres`): it stores the delivery before the answer goes
/// out, and runs it again if this run fails or the process dies. The other one is
/// [`danger::acknowledge_unfinished`](crate::danger::acknowledge_unfinished).
#[derive(Clone)]
pub struct Takeover(pub(crate) Arc<dyn TakesOver>);

impl fmt::Debug for Takeover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Takeover").field(&self.0.is_durable()).finish()
    }
}

pub(crate) type Taking = Pin<Box<dyn Future<Output = Result<Box<dyn Taken>, NotTaken>> + Send>>;
pub(crate) type Doing = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Why a delivery was not taken over: it must not be acknowledged before its handler has finished.
#[derive(Clone, Debug)]
pub(crate) struct NotTaken(pub(crate) String);

/// See [`Takeover`].
pub(crate) trait TakesOver: Send + Sync {
    /// Whether what fails later is run again.
    fn is_durable(&self) -> bool;
    /// Writes down that this delivery runs here. Resolves once that is on the disk.
    fn take(&self, request: Request<()>, delivery: Delivery) -> Taking;
    /// The runs that go on after their answer.
    fn runs(&self) -> &Runs;
}

/// A delivery that was taken over and still runs here.
pub(crate) trait Taken: Send {
    /// Whether it is run again if this run fails.
    fn is_kept(&self) -> bool;
    /// When the run is to be given up: it takes too long, or everything ends.
    fn cut_off(&mut self) -> Pin<Box<dyn Future<Output = CutOff> + Send>>;
    /// Writes down how the run has ended.
    fn end(self: Box<Self>, ended: Ended) -> Doing;
}

/// Why a run was given up in the middle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CutOff {
    /// The process ends.
    #[cfg_attr(not(any(feature = "postgres", feature = "sqlite")), allow(dead_code))]
    Stopping,
    #[cfg_attr(not(any(feature = "postgres", feature = "sqlite")), allow(dead_code))]
    TooLong(Duration),
}

/// How a run has ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// The head of the handler's answer.
    Answered(Box<Response<()>>),
    CutOff(CutOff),
    Failed(String),
}

impl Ended {
    /// Whether the handler says that it is done.
    pub(crate) fn is_success(&self) -> bool {
        matches!(self, Self::Answered(head) if head.status().is_success())
    }
}

/// Counts runs, and waits for them.
#[derive(Clone, Debug)]
pub(crate) struct Runs(Arc<watch::Sender<usize>>);

impl Default for Runs {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }
}

impl Runs {
    /// One more, for as long as what is returned lives.
    pub(crate) fn begin(&self) -> OneRun {
        self.0.send_modify(|count| *count = count.saturating_add(1));
        OneRun(self.clone())
    }

    pub(crate) fn count(&self) -> usize {
        *self.0.borrow()
    }

    /// Until there is none.
    pub(crate) async fn idle(&self) {
        // The sender lives in this.
        drop(self.0.subscribe().wait_for(|count| *count == 0).await);
    }
}

/// A run that is counted.
#[derive(Debug)]
pub(crate) struct OneRun(Runs);

impl Drop for OneRun {
    fn drop(&mut self) {
        self.0.0.send_modify(|count| *count = count.saturating_sub(1));
    }
}

/// Nobody takes over: what fails after its answer is lost.
#[derive(Debug, Default)]
pub(crate) struct Nobody(Runs);

impl TakesOver for Nobody {
    fn is_durable(&self) -> bool {
        false
    }

    fn take(&self, _: Request<()>, _: Delivery) -> Taking {
        let taken: Box<dyn Taken> = Box::new(Unkept);
        Box::pin(std::future::ready(Ok(taken)))
    }

    fn runs(&self) -> &Runs {
        &self.0
    }
}

struct Unkept;

impl Taken for Unkept {
    fn is_kept(&self) -> bool {
        false
    }

    fn cut_off(&mut self) -> Pin<Box<dyn Future<Output = CutOff> + Send>> {
        Box::pin(std::future::pending())
    }

    fn end(self: Box<Self>, _: Ended) -> Doing {
        Box::pin(std::future::ready(()))
    }
}
