//! What is asked, how often, and what came of it.

use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use super::log;
use super::service::HealthService;
use crate::body::BoxError;
use crate::clock::{Clock, SystemClock};
use crate::telemetry::HealthMetrics;

type Ask = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>> + Send + Sync>;

/// Whether this process can take deliveries. Clones are the same health; see the [module](crate::health).
#[derive(Clone)]
#[must_use]
pub struct Health {
    shared: Arc<Shared>,
    checks: Arc<[Check]>,
    limit: Duration,
    keep: Duration,
    clock: Arc<dyn Clock>,
}

struct Shared {
    draining: AtomicBool,
    /// When it was asked last, on the monotonic clock, and whether all was well.
    last: RwLock<Option<(Duration, bool)>>,
    /// Held by the one who asks.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Clone)]
struct Check {
    name: Arc<str>,
    ask: Ask,
    /// How it ended last, so that a change is told once.
    well: Arc<AtomicBool>,
    metrics: Option<HealthMetrics>,
}

impl Health {
    /// Without a check: ready until it drains.
    pub fn new() -> Self {
        let shared =
            Shared { draining: AtomicBool::new(false), last: RwLock::new(None), asking: tokio::sync::Mutex::new(()) };
        Self {
            shared: Arc::new(shared),
            checks: Arc::new([]),
            limit: Duration::from_secs(2),
            keep: Duration::from_secs(5),
            clock: Arc::new(SystemClock),
        }
    }

    /// One more thing that must be well: a store (`IdempotencyLayer::probe`), an inbox (`Inbox::probe`), anything of
    /// your own. The name is for the log and the metrics. An error, a panic or no answer in time is a failure.
    pub fn check<F, Fut, E>(mut self, name: &str, ask: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<BoxError>,
    {
        let ask: Ask = Arc::new(move || {
            let asked = ask();
            Box::pin(async move { asked.await.map_err(Into::into) })
        });
        let check = Check { name: name.into(), ask, well: Arc::new(AtomicBool::new(true)), metrics: None };
        self.checks = self.checks.iter().cloned().chain([check]).collect();
        self
    }

    /// How long a check may take. Default 2 s.
    pub const fn check_timeout(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// How long an answer holds before the checks are asked again. Default 5 s.
    pub const fn keep_for(mut self, time: Duration) -> Self {
        self.keep = time;
        self
    }

    /// Another clock to tell the age of an answer by.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Shows each check that is there by now in `webhook_health`: 1 or 0, set when it is asked. Install the recorder
    /// first.
    #[cfg(any(feature = "metrics", feature = "otel"))]
    pub fn metrics(mut self) -> Self {
        let counted = |check: &Check| Check { metrics: Some(HealthMetrics::new(&check.name)), ..check.clone() };
        self.checks = self.checks.iter().map(counted).collect();
        self
    }

    /// Answers 200 while deliveries can be taken, else 503.
    #[must_use]
    pub fn ready(&self) -> HealthService {
        HealthService::ready(self.clone())
    }

    /// Answers 200. That it answers is what it says.
    #[must_use]
    pub fn live(&self) -> HealthService {
        HealthService::live()
    }

    /// Whether deliveries can be taken: by the last answer, where that is young enough.
    ///
    /// Needs a tokio runtime with time enabled, if there is a check.
    pub async fn is_ready(&self) -> bool {
        if let Some(known) = self.known() {
            return known;
        }
        // The others wait for the one that asks, no longer than a check may take.
        let _asking = self.shared.asking.lock().await;
        if let Some(known) = self.known() {
            return known;
        }
        let asked: Vec<_> = self.checks.iter().map(|check| (check, tokio::spawn((check.ask)()))).collect();
        let deadline = tokio::time::Instant::now() + self.limit;
        let mut ready = true;
        for (check, mut asked) in asked {
            let failure = match tokio::time::timeout_at(deadline, &mut asked).await {
                Ok(Ok(Ok(()))) => None,
                Ok(Ok(Err(error))) => Some(error),
                Ok(Err(panic)) => Some(panic.into()),
                Err(_) => {
                    asked.abort();
                    Some("no answer in time".into())
                }
            };
            ready &= failure.is_none();
            check.note(failure);
        }
        *self.shared.last.write().unwrap_or_else(PoisonError::into_inner) = Some((self.clock.monotonic(), ready));
        ready && !self.is_draining()
    }

    /// What is known without asking.
    fn known(&self) -> Option<bool> {
        if self.is_draining() {
            return Some(false);
        }
        if self.checks.is_empty() {
            return Some(true);
        }
        let (at, ready) = (*self.shared.last.read().unwrap_or_else(PoisonError::into_inner))?;
        (self.clock.monotonic().saturating_sub(at) < self.keep).then_some(ready)
    }

    /// Not ready from now on, whatever the checks say.
    pub fn drain(&self) {
        if !self.shared.draining.swap(true, Ordering::SeqCst) {
            log::draining();
        }
    }

    /// Whether [`drain`](Self::drain) was called.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.shared.draining.load(Ordering::SeqCst)
    }
}

impl Check {
    fn note(&self, failure: Option<BoxError>) {
        let well = failure.is_none();
        if let Some(metrics) = &self.metrics {
            metrics.is(well);
        }
        match (self.well.swap(well, Ordering::SeqCst), failure) {
            (true, Some(error)) => log::failed(&self.name, &*error),
            (false, None) => log::well_again(&self.name),
            _ => {}
        }
    }
}

impl Default for Health {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.checks.iter().map(|check| &check.name).collect();
        f.debug_struct("Health").field("checks", &names).field("draining", &self.is_draining()).finish_non_exhaustive()
    }
}
