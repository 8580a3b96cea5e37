//! Ends well: takes no new deliveries, and waits for those that run.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Poll, Waker};
use std::time::Duration;

use tokio::sync::Notify;

use super::config::Config;
use super::heart::{Beat, Heart};
use super::store::Claimed;
use crate::outcome::Outcome;
use crate::run_context::LostClaims;
use crate::telemetry::IdempotencyMetrics;

/// How long the runs that are stopped have to give their claims back.
const STOPPED_WITHIN: Duration = Duration::from_secs(1);

/// Counts the runs of one or more layers, and lets them end before the process does.
///
/// A run can outlive its connection, so a server that has closed its last connection may still have
/// work to do. Clones share one count.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use std::time::Duration;
///
/// use tower_webhook::idempotency::IdempotencyLayer;
///
/// let layer = IdempotencyLayer::in_memory();
/// let drain = layer.drain();
/// // … serve until a signal comes, then:
/// let drained = drain.finish(Duration::from_secs(10)).await;
/// assert!(drained.is_complete());
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Drain(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    draining: AtomicBool,
    running: AtomicUsize,
    abandoned: AtomicU64,
    changed: Notify,
    metrics: OnceLock<IdempotencyMetrics>,
    heart: Arc<Heart>,
}

impl Drain {
    /// A count of its own, to be shared by several layers.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes no new deliveries from now on (they are refused with 503 `draining`), and waits at most
    /// `grace` for those that run. Those that are left then are stopped: their handlers are dropped, their claims given
    /// back so that the next delivery runs, and whoever still waits is refused with 503 `draining`. That may take a
    /// second more. What cannot be stopped, such as a handler that blocks its thread, goes on for as long as its runtime
    /// does, and is seen in [`running`](Self::running).
    ///
    /// Needs a tokio runtime with time enabled.
    pub async fn finish(&self, grace: Duration) -> Drained {
        self.0.draining.store(true, Ordering::SeqCst);
        if tokio::time::timeout(grace, self.idle()).await.is_ok() {
            return Drained { left: 0, abandoned: self.abandoned() };
        }
        let left = self.running();
        self.0.heart.stop();
        let _ = tokio::time::timeout(STOPPED_WITHIN, self.idle()).await;
        Drained { left, abandoned: self.abandoned() }
    }

    async fn idle(&self) {
        loop {
            let changed = self.0.changed.notified();
            tokio::pin!(changed);
            // Listens from here on, so that no change between the look and the wait is missed.
            changed.as_mut().enable();
            if self.running() == 0 {
                return;
            }
            changed.await;
        }
    }

    /// Whether [`finish`](Self::finish) was called.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.0.draining.load(Ordering::SeqCst)
    }

    /// How many deliveries are being worked on at this moment.
    #[must_use]
    pub fn running(&self) -> usize {
        self.0.running.load(Ordering::SeqCst)
    }

    /// How many runs were lost since the count began: ended in the middle, together with their runtime,
    /// or with a connection where there was no runtime to hand them to. Their claims lapse.
    #[must_use]
    pub fn abandoned(&self) -> u64 {
        self.0.abandoned.load(Ordering::SeqCst)
    }

    /// Has lost runs counted by the metrics, too.
    pub(super) fn counted_by(&self, metrics: &IdempotencyMetrics) {
        let _ = self.0.metrics.set(metrics.clone());
    }

    /// Counts one more run, unless this is draining.
    pub(super) fn begin(&self) -> Option<Tracked> {
        self.0.running.fetch_add(1, Ordering::SeqCst);
        let tracked = Tracked { counts: Arc::clone(&self.0), lost: false, watched: None };
        // Asked after counting: `finish` either sees this run or refuses it.
        (!self.is_draining()).then_some(tracked)
    }
}

/// What [`Drain::finish`] has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
#[non_exhaustive]
pub struct Drained {
    /// Runs that the grace was too short for: they were stopped.
    pub left: usize,
    /// Runs that were lost before, see [`Drain::abandoned`].
    pub abandoned: u64,
}

impl Drained {
    /// Whether all runs have ended.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.left == 0
    }
}

/// One run, counted while it lives.
#[derive(Debug)]
pub(super) struct Tracked {
    counts: Arc<Counts>,
    lost: bool,
    /// By the heart.
    watched: Option<u64>,
}

impl Tracked {
    /// Whether this run counts as abandoned if it is dropped now.
    pub(super) const fn set_lost(&mut self, lost: bool) {
        self.lost = lost;
    }

    /// From here on its claim is kept alive, and its time counts.
    pub(super) fn watch(&mut self, config: &Arc<Config>, route: &Arc<str>, claimed: Option<&Claimed>, waker: &Waker) {
        if self.watched.is_none() {
            self.watched = Some(self.counts.heart.watch(config, route, claimed.copied(), waker));
            self.counts.heart.start();
        }
    }

    /// Whether it is to end.
    pub(super) fn poll_beat(&self, waker: &Waker) -> Poll<Beat> {
        self.watched.map_or(Poll::Pending, |id| self.counts.heart.poll(id, waker))
    }

    /// Extends the claim no more. Where that is being done at this moment: what waits until it is over.
    pub(super) fn hush(&self) -> Option<impl Future<Output = ()> + Send + use<>> {
        let id = self.watched.filter(|id| self.counts.heart.hush(*id))?;
        let heart = Arc::clone(&self.counts.heart);
        Some(async move { heart.quiet(id).await })
    }

    /// Which claims were lost, for the handler.
    pub(super) fn lost_claims(&self) -> &Arc<LostClaims> {
        &self.counts.heart.lost
    }

    /// Counts that this run goes on without the store.
    pub(super) fn runs_without_store(&self, outcome: Outcome) {
        if let Some(metrics) = self.counts.metrics.get() {
            metrics.ran_without_store(outcome);
        }
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        if let Some(id) = self.watched {
            self.counts.heart.leave(id);
        }
        if self.lost {
            self.counts.abandoned.fetch_add(1, Ordering::SeqCst);
            if let Some(metrics) = self.counts.metrics.get() {
                metrics.run_abandoned();
            }
        }
        if self.counts.running.fetch_sub(1, Ordering::SeqCst) == 1 && self.counts.draining.load(Ordering::SeqCst) {
            self.counts.changed.notify_waiters();
        }
    }
}
