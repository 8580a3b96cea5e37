//! The order in which a process ends.

use std::time::Duration;

use super::check::Health;
use crate::idempotency::{Drain, Drained};
#[cfg(any(feature = "postgres", feature = "sqlite"))]
use crate::inbox::{Inbox, InboxDrained};

/// Takes a process out of service without losing a delivery:
///
/// 1. the signal comes; [`Health::ready`] says 503 from now on, deliveries are still taken;
/// 2. [`unready_for`](Self::unready_for) passes, in which load balancers notice;
/// 3. [`begin`](Self::begin) is done, which tells the server to take no more connections and to finish its requests;
/// 4. [`finish`](Self::finish): no new claims, and the runs that outlive their connections may end;
/// 5. the inbox takes nothing more, its attempts may end or are taken back, its file is closed.
///
/// ```no_run
/// # async fn main_(app: axum::Router, idempotency: tower_webhook::IdempotencyLayer) -> Result<(), Box<dyn std::error::Error>> {
/// use tower_webhook::health::{Health, Shutdown};
/// use tower_webhook::serve::Server;
///
/// let health = Health::new();
/// let shutdown = Shutdown::new(&health).runs(&idempotency.drain());
/// // With axum's own server: `.with_graceful_shutdown(shutdown.begin(signal))`.
/// let server = Server::bind("0.0.0.0:3000").await?.shutdown_on(shutdown.begin(tokio::signal::ctrl_c()));
/// server.serve(app.with_state(())).await?;
/// let finished = shutdown.finish().await;
/// # let _ = finished.is_clean();
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Shutdown {
    health: Health,
    unready: Duration,
    grace: Duration,
    runs: Vec<Drain>,
    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    inboxes: Vec<Inbox>,
}

impl Shutdown {
    /// Of the process whose readiness this is.
    pub fn new(health: &Health) -> Self {
        Self {
            health: health.clone(),
            unready: Duration::from_secs(5),
            grace: Duration::from_secs(10),
            runs: Vec::new(),
            #[cfg(any(feature = "postgres", feature = "sqlite"))]
            inboxes: Vec::new(),
        }
    }

    /// How long "not ready" is said before connections are refused: longer than load balancers take to notice, which
    /// is their interval times the failures they want, and two seconds more than that in Kubernetes. Default 5 s.
    pub const fn unready_for(mut self, time: Duration) -> Self {
        self.unready = time;
        self
    }

    /// How long runs may take after the server has ended, and attempts of an inbox after those. Default 10 s each.
    pub const fn grace(mut self, time: Duration) -> Self {
        self.grace = time;
        self
    }

    /// Waits for the runs of these layers, too.
    pub fn runs(mut self, drain: &Drain) -> Self {
        self.runs.push(drain.clone());
        self
    }

    /// Drains this inbox, too.
    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    pub fn inbox(mut self, inbox: &Inbox) -> Self {
        self.inboxes.push(inbox.clone());
        self
    }

    /// The longest time from the signal to the end, the server's own drain left out (30 s by default): what
    /// `terminationGracePeriodSeconds` or `TimeoutStopSec` must exceed together with it.
    #[must_use]
    pub fn longest(&self) -> Duration {
        let parts = self.runs.len() + self.inboxes();
        self.unready.saturating_add(self.grace.saturating_mul(u32::try_from(parts).unwrap_or(u32::MAX)))
    }

    /// Ready when the server is to take no more connections: waits for `signal`, says "not ready", waits again. Needs
    /// a tokio runtime with time enabled.
    pub fn begin<F>(&self, signal: F) -> impl Future<Output = ()> + Send + use<F>
    where
        F: Future + Send,
    {
        let (health, unready) = (self.health.clone(), self.unready);
        async move {
            drop(signal.await);
            health.drain();
            tokio::time::sleep(unready).await;
        }
    }

    /// Ends what is left, in order. To be called when the server has ended.
    pub async fn finish(&self) -> Finished {
        self.health.drain();
        let mut finished = Finished { runs_left: 0, attempts_taken_back: false, inbox_failed: false };
        for drain in &self.runs {
            let Drained { left, .. } = drain.finish(self.grace).await;
            finished.runs_left += left;
        }
        self.finish_inboxes(&mut finished).await;
        finished
    }

    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    async fn finish_inboxes(&self, finished: &mut Finished) {
        for inbox in &self.inboxes {
            match inbox.drain(self.grace).await {
                Ok(drained) => finished.attempts_taken_back |= drained != InboxDrained::Clean,
                Err(error) => {
                    super::log::failed("inbox", &error);
                    finished.inbox_failed = true;
                }
            }
        }
    }

    #[cfg(not(any(feature = "postgres", feature = "sqlite")))]
    async fn finish_inboxes(&self, _: &mut Finished) {}

    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    fn inboxes(&self) -> usize {
        self.inboxes.len()
    }

    #[cfg(not(any(feature = "postgres", feature = "sqlite")))]
    #[allow(clippy::unused_self, reason = "the same interface as with an inbox")]
    fn inboxes(&self) -> usize {
        0
    }
}

/// What [`Shutdown::finish`] has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
#[non_exhaustive]
pub struct Finished {
    /// Runs that the grace was too short for.
    pub runs_left: usize,
    /// Attempts of an inbox were too slow: they run again at the next start.
    pub attempts_taken_back: bool,
    /// An inbox could not be closed well; the reason is in the log.
    pub inbox_failed: bool,
}

impl Finished {
    /// Whether everything has ended by itself.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.runs_left == 0 && !self.attempts_taken_back && !self.inbox_failed
    }
}
