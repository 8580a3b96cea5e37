//! An inbox: how it is set up, opened, worked and closed.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::HeaderName;
use tokio::sync::{Notify, RwLock, watch};
use tokio::task::JoinHandle;

use super::dead_letter::{DeadLetter, DeadLetterFilter};
use super::engine::{Counts, Engine};
use super::error::{InboxError, InboxErrorKind};
use super::event::millis;
use super::housekeeping::housekeeping;
use super::layer::{Answering, InboxLayer};
use super::retention::Retention;
use super::service::{InboxEndpoint, Intake};
use super::subscriber::Subscriber;
use super::worker::{self, Phase, Workshop};
use crate::clock::{Clock, SystemClock};
use crate::delivery::Delivery;
use crate::redact;
use crate::takeover::Runs;
use crate::telemetry::InboxMetrics;

/// How long a process may be silent before others take over what it had.
const LEASE: Duration = Duration::from_secs(15);

pub(super) type OrderKey = Arc<dyn Fn(&Delivery) -> Option<String> + Send + Sync>;

/// The settings of an [`Inbox`].
#[must_use]
pub struct InboxOptions {
    place: Place,
    subscribers: Vec<Subscriber>,
    queue: usize,
    #[cfg_attr(not(feature = "postgres"), allow(dead_code))]
    lease: Duration,
    retention: Retention,
    clock: Arc<dyn Clock>,
    order_key: Option<OrderKey>,
    headers: Vec<HeaderName>,
    counted: Counted,
    wrong: Option<String>,
}

/// Where the inbox is.
#[derive(Debug)]
enum Place {
    #[cfg(feature = "postgres")]
    Postgres(super::postgres::Reach),
    #[cfg(feature = "sqlite")]
    Sqlite(std::path::PathBuf),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counted {
    No,
    #[cfg_attr(not(any(feature = "metrics", feature = "otel")), allow(dead_code))]
    Yes,
}

impl InboxOptions {
    fn new(place: Place) -> Self {
        Self {
            place,
            subscribers: Vec::new(),
            queue: 4096,
            lease: LEASE,
            retention: Retention::default(),
            clock: Arc::new(SystemClock),
            order_key: None,
            headers: ["content-type", "content-language", "user-agent"].map(HeaderName::from_static).to_vec(),
            counted: Counted::No,
            wrong: None,
        }
    }

    /// One more subscriber. One that was not there before gets what is stored already, too.
    pub fn subscriber(mut self, subscriber: Subscriber) -> Self {
        if subscriber.name.is_empty() || self.subscribers.iter().any(|other| other.name == subscriber.name) {
            self.wrong = Some(format!("a subscriber is named `{}`: names are unique and not empty", subscriber.name));
        }
        self.subscribers.push(subscriber);
        self
    }

    /// How many deliveries may wait to be stored; one more is refused with 503 `queue_full`. Default 4096.
    pub const fn queue(mut self, deliveries: usize) -> Self {
        self.queue = deliveries;
        self
    }

    /// In PostgreSQL: how long a delivery belongs to a process that gives no sign of life, before another takes it over.
    /// Signs are given three times as often. Shorter than a stall of the process or the database, and a delivery runs
    /// twice. Default 15 s; no less than 1 s. A file has no need of it: one process holds it.
    #[cfg(feature = "postgres")]
    #[cfg_attr(docsrs, doc(cfg(feature = "postgres")))]
    pub fn lease(mut self, time: Duration) -> Self {
        self.lease = time.max(Duration::from_secs(1));
        self
    }

    /// How long what is finished is kept.
    pub const fn retention(mut self, retention: Retention) -> Self {
        self.retention = retention;
        self
    }

    /// What tells which deliveries are of one line, such as the id of a customer: for subscribers that are
    /// [`ordered`](Subscriber::ordered). Default: nothing.
    pub fn order_by(mut self, key: impl Fn(&Delivery) -> Option<String> + Send + Sync + 'static) -> Self {
        self.order_key = Some(Arc::new(key));
        self
    }

    /// Keeps one more header of the request, besides `content-type`, `content-language` and `user-agent`. Cookies,
    /// credentials and signatures are never kept, even if named here.
    pub fn keep_header(mut self, name: HeaderName) -> Self {
        if redact::is_credential(name.as_str()) {
            self.wrong = Some(format!("the header `{name}` is never kept: it may hold a secret"));
        } else {
            self.headers.push(name);
        }
        self
    }

    /// Where the time comes from. Default: [`SystemClock`].
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Counts what is stored, tried and dead. Install the recorder first.
    #[cfg(any(feature = "metrics", feature = "otel"))]
    pub const fn metrics(mut self) -> Self {
        self.counted = Counted::Yes;
        self
    }

    /// Opens the inbox, or makes it. Nothing is worked on before [`Inbox::start`].
    ///
    /// # Errors
    /// Another process holds the file; it is no inbox, or one of a newer version; the database cannot be reached, or not
    /// keep what is promised; a setting contradicts itself; there is no subscriber.
    pub async fn open(self) -> Result<Inbox, InboxError> {
        let wrong =
            if self.subscribers.is_empty() { Some("an inbox needs a subscriber".to_owned()) } else { self.wrong };
        if let Some(wrong) = wrong {
            return Err(InboxError::new(InboxErrorKind::Config, wrong));
        }
        let names: Vec<_> = self.subscribers.iter().map(|one| (Arc::clone(&one.name), one.filter.clone())).collect();
        let subscribers: Vec<_> = self.subscribers.into_iter().map(|one| (one, Arc::new(Notify::new()))).collect();
        let (queue, max_bytes) = (self.queue, self.retention.max_bytes);
        let engine: Arc<dyn Engine> = match self.place {
            #[cfg(feature = "postgres")]
            Place::Postgres(reach) => {
                let wake = subscribers.iter().map(|(_, wake)| Arc::clone(wake)).collect();
                let settings =
                    super::postgres::Settings { queue, max_bytes, lease: self.lease, subscribers: &names, wake };
                Arc::new(super::postgres::Postgres::open(reach, settings).await?)
            }
            #[cfg(feature = "sqlite")]
            Place::Sqlite(path) => {
                let open = move || super::sqlite::Sqlite::open(&path, queue, max_bytes, &names);
                let failed =
                    |error| InboxError::new(InboxErrorKind::Open, "the inbox could not be opened").because(error);
                Arc::new(tokio::task::spawn_blocking(open).await.map_err(failed)??)
            }
        };
        let metrics = match self.counted {
            Counted::No => None,
            Counted::Yes => Some(InboxMetrics::new(subscribers.iter().map(|(one, _)| &*one.name), queue)),
        };
        let shop = Workshop {
            engine,
            clock: self.clock,
            phase: watch::Sender::new(Phase::Serving),
            metrics,
            alone: Arc::new(RwLock::new(())),
            direct: Runs::default(),
        };
        let intake = Intake { shop: Arc::new(shop), subscribers, order_key: self.order_key, headers: self.headers };
        Ok(Inbox { intake: Arc::new(intake), retention: self.retention, tasks: Arc::default() })
    }
}

impl fmt::Debug for InboxOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InboxOptions")
            .field("place", &self.place)
            .field("subscribers", &self.subscribers)
            .field("queue", &self.queue)
            .field("lease", &self.lease)
            .field("retention", &self.retention)
            .finish_non_exhaustive()
    }
}

/// A durable inbox, see the [module docs](super). Clones are the same inbox.
#[derive(Clone, Debug)]
pub struct Inbox {
    pub(super) intake: Arc<Intake>,
    retention: Retention,
    tasks: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

/// How a [`drain`](Inbox::drain) ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InboxDrained {
    /// Every run has ended.
    Clean,
    /// The grace was too short for some: they were taken back, and run again at the next start.
    TakenBack,
}

impl Inbox {
    /// An inbox in a SQLite file: for one process, on a local disk. Beside it lie the files that SQLite makes
    /// (`-wal`, `-shm`) and a lock (`.lock`).
    #[cfg(feature = "sqlite")]
    #[cfg_attr(docsrs, doc(cfg(feature = "sqlite")))]
    pub fn sqlite(path: impl AsRef<std::path::Path>) -> InboxOptions {
        InboxOptions::new(Place::Sqlite(path.as_ref().to_owned()))
    }

    /// An inbox in PostgreSQL (12 or newer), for any number of processes on any number of machines, each with the
    /// subscribers that it names: `postgres://user:password@host:port/database`, without TLS. With TLS:
    /// [`postgres_pool`](Self::postgres_pool). Its tables, `webhook_inbox` and those whose names begin so, are made where
    /// the `search_path` of the user leads (`?options=-c%20search_path%3Dhooks` sets it).
    #[cfg(feature = "postgres")]
    #[cfg_attr(docsrs, doc(cfg(feature = "postgres")))]
    pub fn postgres(url: &str) -> InboxOptions {
        InboxOptions::new(Place::Postgres(super::postgres::Reach::Url(url.to_owned())))
    }

    /// The same on a pool that is there already: with TLS, say. Give it timeouts. A pool does not hear of what other
    /// processes have stored, so workers look once a second.
    #[cfg(feature = "postgres")]
    #[cfg_attr(docsrs, doc(cfg(feature = "postgres")))]
    pub fn postgres_pool(pool: deadpool_postgres::Pool) -> InboxOptions {
        InboxOptions::new(Place::Postgres(super::postgres::Reach::Pool(pool)))
    }

    /// The layer that stores and acknowledges, for any number of routes. It stands behind a
    /// [`SignatureLayer`](crate::SignatureLayer); the service behind it gets only what was let in unsigned.
    pub fn layer(&self) -> InboxLayer {
        InboxLayer { intake: Arc::clone(&self.intake), answering: Answering::default() }
    }

    /// The same as the last service of a stack: what was let in unsigned is refused with 500 `misconfigured`.
    #[must_use]
    pub fn endpoint(&self) -> InboxEndpoint {
        tower_layer::Layer::layer(&self.layer(), super::service::NotVerified)
    }

    /// Begins to work on what is stored, in tasks of this runtime. Once: a second call does nothing.
    pub fn start(&self) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        if !tasks.is_empty() {
            return;
        }
        for (subscriber, wake) in &self.intake.subscribers {
            let shop = Arc::clone(&self.intake.shop);
            tasks.push(tokio::spawn(worker::work(shop, subscriber.clone(), Arc::clone(wake))));
        }
        tasks.push(tokio::spawn(housekeeping(Arc::clone(&self.intake), self.retention)));
    }

    /// Looks for what is due now, rather than within the second: for a clock that is turned by hand.
    pub fn wake(&self) {
        self.intake.wake();
    }

    /// Ends well: from now on deliveries are refused with 503 `draining`; runs may end within `grace`; what has not
    /// is dropped and taken back without counting the attempt. Then the file is written up and closed.
    ///
    /// # Errors
    /// When the inbox is poisoned.
    pub async fn drain(&self, grace: Duration) -> Result<InboxDrained, InboxError> {
        let shop = &self.intake.shop;
        shop.phase.send_replace(Phase::Draining);
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        let direct = shop.direct.clone();
        let mut all = tokio::spawn(async move {
            for task in tasks {
                // A worker that panicked has nothing left to end.
                let _ = task.await;
            }
            direct.idle().await;
        });
        let clean = tokio::time::timeout(grace, &mut all).await.is_ok();
        if !clean {
            shop.phase.send_replace(Phase::Stopping);
            let _ = all.await;
        }
        shop.engine.close().await?;
        Ok(if clean { InboxDrained::Clean } else { InboxDrained::TakenBack })
    }

    /// Whether the inbox takes deliveries: it is not draining, and its engine writes (nothing). For
    /// [`Health::check`](crate::health::Health::check).
    ///
    /// # Errors
    /// Where it does not.
    pub async fn probe(&self) -> Result<(), InboxError> {
        if self.intake.shop.phase() != Phase::Serving {
            return Err(InboxError::new(InboxErrorKind::Draining, "the inbox is draining"));
        }
        // No event has this number.
        self.intake.shop.engine.discard(DeadLetterFilter::all().seq(-1), self.now()).await.map(drop)
    }

    /// How each subscriber stands.
    ///
    /// # Errors
    /// When the inbox cannot be read.
    pub async fn counts(&self) -> Result<Vec<Counts>, InboxError> {
        self.intake.counts().await
    }

    /// Dead letters, those that died first before the others, at most `limit`.
    ///
    /// # Errors
    /// When the inbox cannot be read.
    pub async fn dead_letters(&self, filter: DeadLetterFilter, limit: u32) -> Result<Vec<DeadLetter>, InboxError> {
        self.intake.shop.engine.dead_letters(filter, limit).await
    }

    /// Has dead letters tried again, now and with all attempts before them. Returns how many.
    ///
    /// # Errors
    /// When that cannot be written.
    pub async fn requeue(&self, filter: DeadLetterFilter) -> Result<u64, InboxError> {
        let count = self.intake.shop.engine.requeue(filter, self.now()).await?;
        self.wake();
        Ok(count)
    }

    /// Gives dead letters up: they count as finished. Returns how many.
    ///
    /// # Errors
    /// When that cannot be written.
    pub async fn discard(&self, filter: DeadLetterFilter) -> Result<u64, InboxError> {
        let count = self.intake.shop.engine.discard(filter, self.now()).await?;
        self.wake();
        Ok(count)
    }

    /// Takes away what need not be kept, a part of it; the inbox does so by itself once a minute. Returns how many rows
    /// it touched.
    ///
    /// # Errors
    /// When that cannot be written.
    pub async fn sweep(&self) -> Result<u64, InboxError> {
        self.intake.shop.engine.sweep(self.retention, self.now()).await
    }

    fn now(&self) -> i64 {
        millis(self.intake.shop.clock.now().unwrap_or_default())
    }
}
