//! How the layer is set up.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::HeaderName;
use tower_layer::Layer;

use super::config::{Bodies, ClientErrors, Config, Ids};
use super::counted::Counted;
use super::drain::Drain;
use super::erased::StoreError;
use super::memory::erase;
use super::policy::{OnDisconnect, OnStoreFailure, Profile, ReplayGuard};
use super::service::IdempotencyService;
use super::standby::Standby;
use super::store::Store;
use crate::clock::Clock;
use crate::delivery_key::Key;
use crate::rejection::RenderRejection;
use crate::run_context::Token;
use crate::telemetry::IdempotencyMetrics;

/// Runs the handler once for each delivery, see the [module](super).
///
/// Clones, and all services made from them, share one store, one count of runs and one bound on
/// waiters, so one layer serves many routes: the route is part of the key.
#[derive(Clone, Debug)]
#[must_use]
pub struct IdempotencyLayer {
    config: Arc<Config>,
    /// The same with a store that counts its calls, made with the first service; if they are to be counted.
    counted: Option<Arc<OnceLock<Arc<Config>>>>,
}

impl IdempotencyLayer {
    /// With a store of your choice.
    pub fn new(store: impl Store) -> Self {
        Self { config: Arc::new(Config::new(erase(store))), counted: None }
    }

    fn with(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(Arc::make_mut(&mut self.config));
        // What was made from the configuration before is not this one's.
        self.counted = self.counted.map(|_| Arc::default());
        self
    }

    /// Which rules answers follow. Default: [`Profile::Webhook`].
    pub fn profile(self, profile: Profile) -> Self {
        self.with(|config| config.profile = profile)
    }

    /// How long a claim lasts when nothing more is heard of its run: after a crash, the next delivery
    /// runs this much later. While a handler works, its claim is extended every third of it. Default
    /// 30 s; less than 1 s is taken for 1 s.
    pub fn lease(self, lease: Duration) -> Self {
        self.with(|config| config.lease = lease.max(Duration::from_secs(1)))
    }

    /// How long a handler may take. Then it is dropped, the claim released and 503 answered, marked
    /// with [`Outcome::HandlerTimeout`](crate::Outcome::HandlerTimeout). Default 5 min.
    pub fn max_execution(self, limit: Duration) -> Self {
        self.with(|config| config.max_execution = limit)
    }

    /// How long a finished delivery is remembered. Default: as long as the sender goes on with retries
    /// plus a day, and a day where that is not known.
    pub fn retain_for(self, time: Duration) -> Self {
        self.with(|config| config.retain_for = Some(time))
    }

    /// What to do when the same signed bytes come under another id. Default: [`ReplayGuard::Count`].
    pub fn replay_guard(self, guard: ReplayGuard) -> Self {
        self.with(|config| config.replay_guard = guard)
    }

    /// What becomes of a run whose client has gone. Default: [`OnDisconnect::Detach`].
    pub fn on_disconnect(self, policy: OnDisconnect) -> Self {
        self.with(|config| config.on_disconnect = policy)
    }

    /// What to do with a delivery when the store fails. Default: [`OnStoreFailure::FailClosed`].
    pub fn on_store_failure(self, policy: OnStoreFailure) -> Self {
        self.with(|config| {
            config.on_store_failure = policy;
            config.standby = standby(policy);
        })
    }

    /// Refuses another body under the same id with 422 `idempotency_conflict`, as the IETF profile
    /// does. Default: answered as a duplicate.
    pub fn strict_bodies(self) -> Self {
        self.with(|config| config.bodies = Bodies::Strict)
    }

    /// Records the 4xx answers of the handler, but for 408, 425 and 429. By default they are released:
    /// a recorded one would stay even after its cause is mended.
    pub fn cache_client_errors(self) -> Self {
        self.with(|config| config.client_errors = ClientErrors::Record)
    }

    /// Takes the id from a header instead of from the sender's place for it: a string of
    /// [RFC 8941](https://www.rfc-editor.org/rfc/rfc8941#section-3.3.3), quoted or bare, such as
    /// `Idempotency-Key`. It is taken for not signed, so the replay guard watches it.
    pub fn key_header(self, name: HeaderName) -> Self {
        self.with(|config| config.key_header = Some(name))
    }

    /// Makes a header part of the key, such as `X-GitHub-Hook-ID`, where one route takes deliveries of
    /// several accounts whose ids are not unique among them.
    pub fn account_header(self, name: HeaderName) -> Self {
        self.with(|config| config.account_header = Some(name))
    }

    /// Takes the body for the id where a delivery has none. Only for senders that never send the same
    /// body twice on purpose: the second would not run.
    pub fn key_by_body(self) -> Self {
        self.with(|config| config.ids = Ids::ByBody)
    }

    /// Refuses a delivery without an id with 400 `missing_event_id`. By default it runs, joined to the
    /// copies that come while it does.
    pub fn require_id(self) -> Self {
        self.with(|config| config.ids = Ids::Required)
    }

    /// The largest body of an answer that is stored, in bytes. Beyond it, or where the length is not
    /// known, duplicates are answered with status and headers alone. Default 16 KiB.
    pub fn max_stored_body(self, bytes: usize) -> Self {
        self.with(|config| config.max_stored_body = bytes)
    }

    /// Stores one more header of the answer, besides `content-type`, `content-language`,
    /// `content-encoding`, `location`, `etag` and `link`. Cookies, dates, trace and hop-by-hop headers
    /// are never stored, even if named here.
    pub fn store_header(self, name: HeaderName) -> Self {
        self.with(|config| config.stored_headers.push(name))
    }

    /// How long a copy waits at most for the run it is a copy of, before it is answered as in flight.
    /// Default 2 s, and never more than a third of the time that the sender waits for an answer.
    pub fn max_wait(self, limit: Duration) -> Self {
        self.with(|config| config.max_wait = limit)
    }

    /// How many copies of one delivery, and how many in all, may wait. Those beyond are answered as in
    /// flight at once. Default 64 and 4096.
    pub fn max_waiters(self, per_delivery: usize, total: usize) -> Self {
        self.with(|config| {
            config.waiters.per_key = per_delivery;
            config.waiters.total = total;
        })
    }

    /// How long a call to the store may take before it counts as failed. Needs a tokio runtime with
    /// time enabled. Default 250 ms. The store in memory answers at once.
    pub fn store_budget(self, limit: Duration) -> Self {
        self.with(|config| config.store_budget = limit)
    }

    /// Counts the runs of this layer in a [`Drain`] that others share.
    pub fn drained_by(self, drain: &Drain) -> Self {
        self.with(|config| config.drain = drain.clone())
    }

    /// Counts and times the calls of the store. Install the recorder before the layer is put onto a service.
    #[cfg(any(feature = "metrics", feature = "otel"))]
    pub fn metrics(self) -> Self {
        self.counted()
    }

    pub(crate) fn counted(mut self) -> Self {
        self.counted.get_or_insert_default();
        self
    }

    /// Another way to write refusals down.
    pub fn render_with(self, renderer: impl RenderRejection) -> Self {
        self.with(|config| config.refusals = config.refusals.clone().rendered_by(Arc::new(renderer)))
    }

    /// Judges leases and the life of records by this clock, where the store is in memory: one of the same size takes
    /// its place, empty. Other stores have a clock of their own.
    pub fn clock(self, clock: impl Clock) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(clock);
        let by_clock = self.config.store.by_clock(Arc::clone(&clock));
        self.with(|config| {
            config.store = by_clock.unwrap_or_else(|| Arc::clone(&config.store));
            config.standby = config.standby.as_ref().and_then(|standby| standby.by_clock(clock));
        })
    }

    /// Ends the runs of this layer well when the process is to end.
    #[must_use]
    pub fn drain(&self) -> Drain {
        self.config.drain.clone()
    }

    /// Forgets a delivery, so that it runs when it comes again: for the operator who has mended
    /// something and asks the sender to deliver once more. `true` if it was known. A run that is under
    /// way may record its answer afterwards.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn forget(&self, key: &Key) -> Result<bool, StoreError> {
        self.config.forget(key).await
    }

    /// Whether the store can be reached and written, within its [budget](Self::store_budget): forgets a key that nobody
    /// has. For [`Health::check`](crate::health::Health::check).
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn probe(&self) -> Result<(), StoreError> {
        let mut nobodys = [0; 32];
        let halves = [*Token::fresh().as_bytes(), *Token::fresh().as_bytes()];
        nobodys.iter_mut().zip(halves.iter().flatten()).for_each(|(to, from)| *to = *from);
        self.config.forget(&Key::from_bytes(nobodys)).await.map(drop)
    }
}

/// What stands in for the store where it fails.
fn standby(policy: OnStoreFailure) -> Option<Standby> {
    match policy {
        #[cfg(feature = "moka")]
        OnStoreFailure::FailLocal => Some(Standby::new(Arc::new(super::MemoryStore::new()))),
        OnStoreFailure::FailClosed | OnStoreFailure::FailOpen => None,
    }
}

#[cfg(feature = "moka")]
impl IdempotencyLayer {
    /// With a [`MemoryStore`](super::MemoryStore) of its own.
    pub fn in_memory() -> Self {
        Self::new(super::MemoryStore::new())
    }
}

impl<S> Layer<S> for IdempotencyLayer {
    type Service = IdempotencyService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        let Some(counted) = &self.counted else {
            return IdempotencyService { inner, config: Arc::clone(&self.config) };
        };
        let counted = counted.get_or_init(|| {
            let metrics = IdempotencyMetrics::new(self.config.store.backend());
            self.config.drain.counted_by(&metrics);
            let store = Arc::new(Counted::new(Arc::clone(&self.config.store), metrics));
            Arc::new(Config { store, ..(*self.config).clone() })
        });
        IdempotencyService { inner, config: Arc::clone(counted) }
    }
}
