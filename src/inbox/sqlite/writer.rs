//! The one thread that writes: what arrives during an fsync shares the next one.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::thread;

use rusqlite::{Connection, ErrorCode};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

use super::schema::Lock;
use crate::inbox::engine::Call;
use crate::inbox::error::{InboxError, InboxErrorKind};
use crate::inbox::log;

/// How many jobs share one commit at most.
const BATCH: usize = 512;
/// How many pages are written, at a guess, before they move from the log to the database: about 32 MiB. A log that has
/// moved is written over, which costs the disk less than a log that grows.
const CHECKPOINT: usize = 8192;
/// Pages of a transaction of one event: a page of each table and index, and two where each subscriber has its own.
const PAGES_OF_COMMIT: usize = 7;
/// Pages of each further event: its key's in the index, and its row's.
const PAGES_OF_EVENT: usize = 2;

/// Called once the commit has returned.
type Reply = Box<dyn FnOnce() + Send>;
/// Part of a transaction. Dropped without a reply, it has failed.
type Work = Box<dyn FnOnce(&Connection) -> rusqlite::Result<Reply> + Send>;

enum Job {
    Close(oneshot::Sender<()>),
    /// With about how many bytes it writes.
    Write(usize, Work),
}

/// The writing end of the inbox. Clones are the same.
#[derive(Clone)]
pub(super) struct Writer {
    jobs: mpsc::Sender<Job>,
    poison: Arc<OnceLock<String>>,
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("poisoned", &self.poison.get()).finish_non_exhaustive()
    }
}

/// What to do when there is no room for one more job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IfFull {
    Refuse,
    Wait,
}

impl Writer {
    /// Starts the thread. It ends when it is told to, or when nobody is left who could tell it anything.
    pub(super) fn start(connection: Connection, lock: Lock, path: PathBuf, queue: usize) -> Result<Self, InboxError> {
        let (jobs, inbox) = mpsc::channel(queue.max(1));
        let poison = Arc::new(OnceLock::new());
        let state = Thread { connection, _lock: lock, path, poison: Arc::clone(&poison), pages: 0 };
        let started = thread::Builder::new().name("tower-webhook-inbox".into()).spawn(move || state.run(inbox));
        let failed = |error| InboxError::new(InboxErrorKind::Open, "the inbox cannot start its thread").because(error);
        started.map_err(failed)?;
        Ok(Self { jobs, poison })
    }

    /// Does this in the next transaction. Resolves once its commit has returned.
    pub(super) fn write<T: Send + 'static>(
        &self,
        bytes: usize,
        if_full: IfFull,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Call<T> {
        self.write_then(bytes, if_full, work, |_| ())
    }

    /// As [`write`](Self::write), and `committed` once it is stored, whether or not somebody waits for it.
    pub(super) fn write_then<T: Send + 'static>(
        &self,
        bytes: usize,
        if_full: IfFull,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
        committed: impl FnOnce(&T) + Send + 'static,
    ) -> Call<T> {
        let (reply, replied) = oneshot::channel();
        let work: Work = Box::new(move |connection| {
            let value = work(connection)?;
            let reply: Reply = Box::new(move || {
                committed(&value);
                drop(reply.send(value));
            });
            Ok(reply)
        });
        let writer = self.clone();
        // Handed over at once: what the caller drops later is written all the same.
        let sent = if writer.poison.get().is_none() { writer.jobs.try_send(Job::Write(bytes, work)) } else { Ok(()) };
        Box::pin(async move {
            writer.sound()?;
            match sent {
                Ok(()) => {}
                Err(TrySendError::Full(job)) if if_full == IfFull::Wait => {
                    writer.jobs.send(job).await.map_err(|_| writer.closed())?;
                }
                Err(TrySendError::Full(_)) => {
                    return Err(InboxError::new(InboxErrorKind::Full, "too much waits to be stored"));
                }
                Err(TrySendError::Closed(_)) => return Err(writer.closed()),
            }
            replied.await.map_err(|_| writer.closed())
        })
    }

    /// Writes what was handed over, moves it into the database and ends the thread.
    pub(super) async fn close(&self) -> Result<(), InboxError> {
        let (reply, replied) = oneshot::channel();
        if self.jobs.send(Job::Close(reply)).await.is_ok() {
            // The thread may have ended for another reason: then there is nothing to wait for.
            let _ = replied.await;
        }
        self.sound()
    }

    fn sound(&self) -> Result<(), InboxError> {
        match self.poison.get() {
            Some(why) => Err(InboxError::new(InboxErrorKind::Poisoned, why.clone())),
            None => Ok(()),
        }
    }

    fn closed(&self) -> InboxError {
        let lost = || InboxError::new(InboxErrorKind::Unavailable, "the inbox could not write");
        self.sound().err().unwrap_or_else(lost)
    }
}

struct Thread {
    connection: Connection,
    _lock: Lock,
    path: PathBuf,
    poison: Arc<OnceLock<String>>,
    pages: usize,
}

impl Thread {
    fn run(mut self, mut inbox: mpsc::Receiver<Job>) {
        while let Some(first) = inbox.blocking_recv() {
            let (mut next, mut replies, mut close) = (Some(first), Vec::new(), None);
            let mut failed = self.connection.execute_batch("BEGIN IMMEDIATE").err();
            let mut count = 0;
            self.pages = self.pages.saturating_add(PAGES_OF_COMMIT);
            while let Some(job) = next {
                match job {
                    Job::Close(reply) => {
                        close = Some(reply);
                        break;
                    }
                    // Dropped, it tells its caller.
                    Job::Write(..) if failed.is_some() => {}
                    Job::Write(bytes, work) => {
                        self.pages = self.pages.saturating_add(PAGES_OF_EVENT).saturating_add(bytes / 4096);
                        match work(&self.connection) {
                            Ok(reply) => replies.push(reply),
                            Err(error) => failed = Some(error),
                        }
                    }
                }
                count += 1;
                next = if count < BATCH && failed.is_none() { inbox.try_recv().ok() } else { None };
            }
            let committed = match failed {
                Some(error) => Err((error, false)),
                None => self.connection.execute_batch("COMMIT").map_err(|error| (error, true)),
            };
            match committed {
                Ok(()) => replies.into_iter().for_each(|reply| reply()),
                Err((error, at_commit)) => {
                    // Nothing of it is told to be stored: the callers are dropped.
                    drop(replies);
                    self.failed(&error, at_commit);
                }
            }
            if self.poison.get().is_none() && (self.pages >= CHECKPOINT || close.is_some()) {
                self.checkpoint(if close.is_some() { "TRUNCATE" } else { "PASSIVE" });
            }
            if self.poison.get().is_some() {
                // Everything that waits is refused, and what comes later finds nobody.
                if let Some(reply) = close {
                    let _ = reply.send(());
                }
                return;
            }
            if let Some(reply) = close {
                inbox.close();
                // The lock and the file are let go of before the caller goes on.
                drop(self);
                let _ = reply.send(());
                return;
            }
        }
    }

    fn failed(&self, error: &rusqlite::Error, at_commit: bool) {
        if !self.connection.is_autocommit() {
            // It may be rolled back already.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        let busy = matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked));
        if (at_commit && !busy) || is_fatal(error) {
            self.poison(error);
        } else {
            log::write_failed(&self.path, error);
        }
    }

    /// Whatever could not be brought to the disk may be lost in memory too: an fsync that is tried again succeeds
    /// without having written anything. So nothing is stored any more.
    fn poison(&self, error: &rusqlite::Error) {
        let text = format!(
            "the inbox {} could not write ({error}): it stores nothing more until the process is started again",
            self.path.display()
        );
        log::poisoned(&text);
        // It is set once.
        let _ = self.poison.set(text);
    }

    fn checkpoint(&mut self, how: &str) {
        self.pages = 0;
        let done = self.connection.query_row(&format!("PRAGMA wal_checkpoint({how})"), [], |_| Ok(()));
        if let Err(error) = done {
            self.failed(&error, false);
        }
    }
}

/// Errors after which nobody knows what is on the disk.
fn is_fatal(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::CannotOpen
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::DiskFull
                | ErrorCode::NotADatabase
                | ErrorCode::ReadOnly
                | ErrorCode::SystemIoFailure
        )
    )
}
