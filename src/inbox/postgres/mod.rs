//! The inbox in PostgreSQL, for any number of processes.

mod beside;
mod dead;
mod deliveries;
mod events;
mod rounds;
mod schema;
mod sweep;

use std::collections::HashSet;
use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use deadpool_postgres::{Object, Pool, PoolError};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::task::AbortHandle;
use tokio::time::timeout;

pub(super) use self::beside::Beside;
use super::dead_letter::{DeadLetter, DeadLetterFilter};
use super::engine::{Appended, Call, Counts, Due, Ending, Engine, Found, Lease};
use super::error::{InboxError, InboxErrorKind};
use super::event::Event;
use super::retention::Retention;
use super::subscriber::Filter;
use crate::postgres;
use crate::run_context::Token;

/// How long a call may take, with the wait for a connection: a database that stalls is one that is not there.
const BUDGET: Duration = Duration::from_secs(3);
/// How long what nobody waits for may take: making tables, giving a new subscriber what is stored, cleaning up.
const LONG: Duration = Duration::from_secs(600);
/// How many connections there are at most, besides the one that listens.
const CONNECTIONS: usize = 16;

/// How the database is reached.
pub(super) enum Reach {
    Pool(Pool),
    Url(String),
}

impl fmt::Debug for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A URL may hold a password.
        f.write_str("Postgres(..)")
    }
}

/// What an engine is opened with.
pub(super) struct Settings<'a> {
    pub(super) queue: usize,
    pub(super) max_bytes: u64,
    pub(super) lease: Duration,
    pub(super) subscribers: &'a [(Arc<str>, Filter)],
    /// Told when another process may have left something to do.
    pub(super) wake: Vec<Arc<Notify>>,
}

/// The tables of one database. Several processes may hold them, each with subscribers of its own.
pub(super) struct Postgres {
    shared: Arc<Shared>,
    max_bytes: u64,
    room: Arc<Semaphore>,
    rounds: Vec<AbortHandle>,
}

/// What the engine and its rounds share.
struct Shared {
    pool: Pool,
    lease: Duration,
    /// What this process has, and keeps alive.
    held: Mutex<HashSet<Lease>>,
    /// What it has no longer, and has yet to give back.
    gone: Mutex<Vec<Lease>>,
    /// How many bytes there are, as it was seen last.
    used: AtomicU64,
    /// Something was stored that other processes may work on.
    stored: Notify,
}

/// What is done on one connection.
type Work<'a, T> = Pin<Box<dyn Future<Output = Result<T, tokio_postgres::Error>> + Send + 'a>>;

impl Postgres {
    /// Makes the tables or brings them up to date; gives new subscribers what was stored before.
    pub(super) async fn open(reach: Reach, settings: Settings<'_>) -> Result<Self, InboxError> {
        let (pool, listen) = match reach {
            Reach::Pool(pool) => (pool, None),
            Reach::Url(url) => {
                let config = postgres::config(&url).map_err(wrong)?;
                (postgres::pool(config.clone(), CONNECTIONS, BUDGET).map_err(wrong)?, Some(config))
            }
        };
        let mut client = pool.get().await.map_err(|error| unreachable(&error))?;
        schema::look_at(&client).await?;
        schema::migrate(&mut client).await?;
        let failed = |error| failed(error, InboxErrorKind::Open);
        schema::register(&mut client, settings.subscribers).await.map_err(failed)?;
        let used = AtomicU64::new(sweep::used_bytes(&client).await.map_err(failed)?);
        drop(client);
        let (held, gone, stored) = (Mutex::default(), Mutex::default(), Notify::new());
        let shared = Arc::new(Shared { pool, lease: settings.lease, held, gone, used, stored });
        let rounds = rounds::start(&shared, listen, settings.wake);
        let room = Arc::new(Semaphore::new(settings.queue.clamp(1, Semaphore::MAX_PERMITS)));
        Ok(Self { shared, max_bytes: settings.max_bytes, room, rounds })
    }

    fn call<T: Send + 'static>(
        &self,
        budget: Duration,
        work: impl for<'a> FnOnce(&'a mut Object) -> Work<'a, T> + Send + 'static,
    ) -> Call<T> {
        self.shared.call(budget, work)
    }
}

impl Postgres {
    /// Room for an event, as far as it is known, and a place among those that wait.
    fn reserve(&self, event: &Event) -> Result<(u64, OwnedSemaphorePermit), InboxError> {
        let full = |text: &str| InboxError::new(InboxErrorKind::Full, text);
        let bytes = (event.body.len().saturating_add(event.headers.len())) as u64;
        if self.shared.used.load(Ordering::Relaxed).saturating_add(bytes) > self.max_bytes {
            return Err(full("the inbox holds as much as it may"));
        }
        let place = Arc::clone(&self.room).try_acquire_owned();
        Ok((bytes, place.map_err(|_| full("too much waits to be stored"))?))
    }
}

impl Shared {
    /// Does this on a connection, and goes on with it even if the caller does not.
    fn call<T: Send + 'static>(
        &self,
        budget: Duration,
        work: impl for<'a> FnOnce(&'a mut Object) -> Work<'a, T> + Send + 'static,
    ) -> Call<T> {
        let pool = self.pool.clone();
        let task = tokio::spawn(async move {
            let slow = || InboxError::new(InboxErrorKind::Unavailable, "the database takes too long");
            let began = Instant::now();
            let client = timeout(budget, pool.get()).await.map_err(|_| slow())?;
            let mut client = client.map_err(|error| unavailable(&error))?;
            match timeout(budget.saturating_sub(began.elapsed()), work(&mut client)).await {
                Ok(done) => done.map_err(|error| failed(error, InboxErrorKind::Unavailable)),
                Err(_) => {
                    // Whatever comes next on this connection would wait for what was given up.
                    drop(Object::take(client));
                    Err(slow())
                }
            }
        });
        let lost = |error| InboxError::new(InboxErrorKind::Unavailable, "a call was lost").because(error);
        Box::pin(async move { task.await.map_err(lost)? })
    }

    fn held(&self) -> std::sync::MutexGuard<'_, HashSet<Lease>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives back what is no longer held. What cannot be given back lapses.
    fn give_back(&self) -> Call<()> {
        let gone = std::mem::take(&mut *self.gone.lock().unwrap_or_else(PoisonError::into_inner));
        if gone.is_empty() {
            return Box::pin(async { Ok(()) });
        }
        self.call(BUDGET, move |client| Box::pin(async move { deliveries::give_back(client, &gone).await }))
    }
}

impl Engine for Postgres {
    fn append(&self, event: Event, _: Vec<Arc<str>>) -> Call<Appended> {
        let (bytes, place) = match self.reserve(&event) {
            Ok(room) => room,
            Err(full) => return Box::pin(async { Err(full) }),
        };
        let shared = Arc::clone(&self.shared);
        // Whose the rows are says the database: it knows the subscribers of every process.
        self.call(BUDGET, move |client| {
            Box::pin(async move {
                let _place = place;
                let appended = events::append(client, &event).await?;
                if appended == Appended::New {
                    shared.used.fetch_add(bytes, Ordering::Relaxed);
                    shared.stored.notify_one();
                }
                Ok(appended)
            })
        })
    }

    fn append_begun(&self, event: Event, subscriber: Arc<str>, token: Token) -> Call<Option<Lease>> {
        let (bytes, place) = match self.reserve(&event) {
            Ok(room) => room,
            Err(full) => return Box::pin(async { Err(full) }),
        };
        let shared = Arc::clone(&self.shared);
        self.call(BUDGET, move |client| {
            Box::pin(async move {
                let _place = place;
                let Some(seq) = events::append_begun(client, &event, &subscriber, token, shared.lease).await? else {
                    return Ok(None);
                };
                shared.used.fetch_add(bytes, Ordering::Relaxed);
                let lease = Lease { subscriber, seq, token };
                shared.held().insert(lease.clone());
                Ok(Some(lease))
            })
        })
    }

    fn due(&self, ask: Due) -> Call<Found> {
        let shared = Arc::clone(&self.shared);
        self.call(BUDGET, move |client| {
            Box::pin(async move {
                let found = deliveries::due(client, &ask, shared.lease).await?;
                shared.held().extend(found.jobs.iter().map(|job| job.lease.clone()));
                Ok(found)
            })
        })
    }

    fn begin(&self, lease: Lease) -> Call<Option<u32>> {
        let time = self.shared.lease;
        self.call(BUDGET, move |client| Box::pin(async move { deliveries::begin(client, &lease, time).await }))
    }

    fn finish(&self, lease: Lease, ending: Ending) -> Call<()> {
        let shared = Arc::clone(&self.shared);
        self.call(BUDGET, move |client| {
            Box::pin(async move {
                if !deliveries::finish(client, &lease, &ending).await? {
                    super::log::lease_lost(&lease.subscriber, lease.seq);
                }
                shared.held().remove(&lease);
                Ok(())
            })
        })
    }

    fn let_go(&self, lease: &Lease) {
        if self.shared.held().remove(lease) {
            self.shared.gone.lock().unwrap_or_else(PoisonError::into_inner).push(lease.clone());
        }
    }

    fn dead_letters(&self, filter: DeadLetterFilter, limit: u32) -> Call<Vec<DeadLetter>> {
        self.call(LONG, move |client| Box::pin(async move { dead::list(client, &filter, limit).await }))
    }

    fn requeue(&self, filter: DeadLetterFilter, now: i64) -> Call<u64> {
        let shared = Arc::clone(&self.shared);
        self.call(LONG, move |client| {
            Box::pin(async move {
                let requeued = dead::requeue(client, &filter, now).await?;
                shared.stored.notify_one();
                Ok(requeued)
            })
        })
    }

    fn discard(&self, filter: DeadLetterFilter, now: i64) -> Call<u64> {
        // One event takes no time: who asks for it asks whether the inbox writes.
        let budget = if filter.seq.is_some() { BUDGET } else { LONG };
        self.call(budget, move |client| Box::pin(async move { dead::discard(client, &filter, now).await }))
    }

    fn counts(&self, subscribers: Vec<Arc<str>>) -> Call<Vec<Counts>> {
        self.call(LONG, move |client| Box::pin(async move { dead::counts(client, &subscribers).await }))
    }

    fn sweep(&self, retention: Retention, now: i64) -> Call<u64> {
        let shared = Arc::clone(&self.shared);
        self.call(LONG, move |client| {
            Box::pin(async move {
                let touched = sweep::sweep(client, &retention, now).await?;
                shared.used.store(sweep::used_bytes(client).await?, Ordering::Relaxed);
                Ok(touched)
            })
        })
    }

    fn forget_subscriber(&self, name: Arc<str>) -> Call<u64> {
        self.call(LONG, move |client| Box::pin(async move { sweep::forget_subscriber(client, &name).await }))
    }

    fn close(&self) -> Call<()> {
        self.rounds.iter().for_each(AbortHandle::abort);
        // What was found and not begun need not wait until its lease lapses.
        let given_back = self.shared.give_back();
        Box::pin(async move {
            if let Err(error) = given_back.await {
                // It lapses, then.
                super::log::failed("close", "", &error);
            }
            Ok(())
        })
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.rounds.iter().for_each(AbortHandle::abort);
    }
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres").finish_non_exhaustive()
    }
}

fn wrong(text: impl Into<String>) -> InboxError {
    InboxError::new(InboxErrorKind::Config, text)
}

fn failed(error: tokio_postgres::Error, kind: InboxErrorKind) -> InboxError {
    InboxError::new(kind, postgres::said(&error)).because(error)
}

fn said(error: &PoolError) -> String {
    match error {
        PoolError::Backend(error) => postgres::said(error),
        _ => "there is no connection to the database".to_owned(),
    }
}

fn unreachable(error: &PoolError) -> InboxError {
    InboxError::new(InboxErrorKind::Open, said(error))
}

fn unavailable(error: &PoolError) -> InboxError {
    InboxError::new(InboxErrorKind::Unavailable, said(error))
}
