//! The inbox in a SQLite file.

mod dead;
mod deliveries;
mod events;
mod schema;
mod sweep;
mod writer;

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;

use self::schema::Lock;
use self::writer::{IfFull, Writer};
use super::dead_letter::{DeadLetter, DeadLetterContent, DeadLetterFilter};
use super::engine::{Appended, Call, Counts, Due, Ending, Engine, Found, Lease};
use super::error::{InboxError, InboxErrorKind};
use super::event::Event;
use super::retention::Retention;
use super::subscriber::Filter;
use crate::run_context::Token;

/// One process, one file, one thread that writes.
#[derive(Debug)]
pub(super) struct Sqlite {
    writer: Writer,
    /// Sees what is committed, and waits for no writer.
    reader: Arc<Mutex<Connection>>,
    max_bytes: u64,
    /// How much is in use.
    used: Arc<AtomicU64>,
}

impl Sqlite {
    /// Opens the file, or makes it; takes the lock; makes suspects of what was running; gives new subscribers what was
    /// stored before.
    pub(super) fn open(
        path: &Path,
        queue: usize,
        max_bytes: u64,
        subscribers: &[(Arc<str>, Filter)],
    ) -> Result<Self, InboxError> {
        schema::check_version(rusqlite::version_number())?;
        let lock = Lock::take(path)?;
        let connection = schema::open_writer(path)?;
        let wrong = |error| schema::open_error(path, error);
        deliveries::recover(&connection, subscribers).map_err(wrong)?;
        let used = Arc::new(AtomicU64::new(sweep::used_bytes(&connection).map_err(wrong)?));
        let reader = Arc::new(Mutex::new(schema::open_existing(path)?));
        let writer = Writer::start(connection, lock, path.to_owned(), queue)?;
        Ok(Self { writer, reader, max_bytes, used })
    }

    fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Call<T> {
        let reader = Arc::clone(&self.reader);
        let failed = |text: &str| InboxError::new(InboxErrorKind::Unavailable, text);
        Box::pin(async move {
            let done =
                tokio::task::spawn_blocking(move || work(&reader.lock().unwrap_or_else(PoisonError::into_inner)));
            let done = done.await.map_err(|error| failed("the inbox could not read").because(error))?;
            done.map_err(|error| failed(&format!("the inbox could not read: {error}")).because(error))
        })
    }
}

/// Room for an event, given back where it is not stored: a copy takes none.
#[must_use]
struct Room {
    used: Arc<AtomicU64>,
    bytes: u64,
}

impl Room {
    fn keep_if(mut self, stored: bool) {
        if stored {
            self.bytes = 0;
        }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl Sqlite {
    /// Room for an event, as far as it is known.
    fn reserve(&self, event: &Event) -> Result<(usize, Room), InboxError> {
        let bytes = event.body.len().saturating_add(event.headers.len());
        let room = Room { used: Arc::clone(&self.used), bytes: bytes as u64 };
        if self.used.fetch_add(room.bytes, Ordering::Relaxed).saturating_add(room.bytes) > self.max_bytes {
            return Err(InboxError::new(InboxErrorKind::Full, "the inbox holds as much as it may"));
        }
        Ok((bytes, room))
    }
}

impl Engine for Sqlite {
    fn append(&self, event: Event, subscribers: Vec<Arc<str>>) -> Call<Appended> {
        let (bytes, room) = match self.reserve(&event) {
            Ok(reserved) => reserved,
            Err(full) => return Box::pin(async { Err(full) }),
        };
        let append = move |connection: &_| events::append(connection, &event, &subscribers);
        self.writer.write_then(bytes, IfFull::Refuse, append, |appended| room.keep_if(*appended == Appended::New))
    }

    fn append_begun(&self, event: Event, subscriber: Arc<str>, token: Token) -> Call<Option<Lease>> {
        let (bytes, room) = match self.reserve(&event) {
            Ok(reserved) => reserved,
            Err(full) => return Box::pin(async { Err(full) }),
        };
        let append = move |connection: &_| {
            let seq = events::append_begun(connection, &event, &subscriber)?;
            Ok(seq.map(|seq| Lease { subscriber, seq, token }))
        };
        self.writer.write_then(bytes, IfFull::Refuse, append, |lease| room.keep_if(lease.is_some()))
    }

    fn due(&self, ask: Due) -> Call<Found> {
        self.read(move |connection| deliveries::due(connection, &ask))
    }

    fn begin(&self, lease: Lease) -> Call<Option<u32>> {
        self.writer
            .write(0, IfFull::Wait, move |connection| deliveries::begin(connection, &lease.subscriber, lease.seq))
    }

    fn finish(&self, lease: Lease, ending: Ending) -> Call<()> {
        self.writer.write(0, IfFull::Wait, move |connection| {
            deliveries::finish(connection, &lease.subscriber, lease.seq, &ending)
        })
    }

    fn dead_letters(&self, filter: DeadLetterFilter, limit: u32) -> Call<Vec<DeadLetter>> {
        self.read(move |connection| dead::list(connection, &filter, limit))
    }

    fn requeue(&self, filter: DeadLetterFilter, now: i64) -> Call<u64> {
        self.writer.write(0, IfFull::Wait, move |connection| dead::requeue(connection, &filter, now))
    }

    fn discard(&self, filter: DeadLetterFilter, now: i64) -> Call<u64> {
        self.writer.write(0, IfFull::Wait, move |connection| dead::discard(connection, &filter, now))
    }

    fn counts(&self, subscribers: Vec<Arc<str>>) -> Call<Vec<Counts>> {
        self.read(move |connection| dead::counts(connection, &subscribers))
    }

    fn sweep(&self, retention: Retention, now: i64) -> Call<u64> {
        let used = Arc::clone(&self.used);
        let in_use = used.load(Ordering::Relaxed);
        let sweep = move |connection: &_| sweep::sweep(connection, &retention, in_use, now);
        let swept = self.writer.write_then(0, IfFull::Wait, sweep, move |(_, gone)| {
            used.fetch_sub(*gone, Ordering::Relaxed);
        });
        Box::pin(async move { swept.await.map(|(touched, _)| touched) })
    }

    fn forget_subscriber(&self, name: Arc<str>) -> Call<u64> {
        self.writer.write(0, IfFull::Wait, move |connection| sweep::forget_subscriber(connection, &name))
    }

    fn close(&self) -> Call<()> {
        let writer = self.writer.clone();
        Box::pin(async move { writer.close().await })
    }
}

/// An inbox that another process may be serving: its dead letters alone.
#[derive(Debug)]
pub(super) struct Beside(Connection);

impl Beside {
    pub(super) fn open(path: &Path) -> Result<Self, InboxError> {
        schema::check_version(rusqlite::version_number())?;
        schema::open_existing(path).map(Self)
    }

    pub(super) fn list(&self, filter: &DeadLetterFilter, limit: u32) -> Result<Vec<DeadLetter>, InboxError> {
        dead::list(&self.0, filter, limit).map_err(failed)
    }

    pub(super) fn body(&self, seq: i64) -> Result<Option<DeadLetterContent>, InboxError> {
        events::content(&self.0, seq).map_err(failed)
    }

    pub(super) fn requeue(&self, filter: &DeadLetterFilter, now: i64) -> Result<u64, InboxError> {
        dead::requeue(&self.0, filter, now).map_err(failed)
    }

    pub(super) fn discard(&self, filter: &DeadLetterFilter, now: i64) -> Result<u64, InboxError> {
        dead::discard(&self.0, filter, now).map_err(failed)
    }
}

fn failed(error: rusqlite::Error) -> InboxError {
    InboxError::new(InboxErrorKind::Unavailable, format!("the inbox failed: {error}")).because(error)
}
