//! The journal and the thread that writes it.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::log;
use super::record::Record;
use super::rotation::Rotating;

/// What a delivery counts in the queue besides its body, in bytes.
const HEAD: usize = 2048;

/// When what is written is forced onto the disk. A delivery never waits for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fsync {
    /// After each delivery.
    Each,
    /// Once in this time, if there is something new.
    Every(Duration),
    /// Left to the operating system: what it has not written yet is lost with the machine, not with the process.
    #[default]
    Never,
}

/// How many deliveries the journal has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct JournalStats {
    /// Written down.
    pub written: u64,
    /// Not written down, as the queue was full.
    pub dropped: u64,
    /// Not written down, as writing failed.
    pub failed: u64,
}

#[derive(Debug, Default)]
struct Counts {
    written: AtomicU64,
    dropped: AtomicU64,
    failed: AtomicU64,
}

/// How a journal is set up, see [`Journal::at`].
#[derive(Clone, Debug)]
#[must_use]
pub struct JournalOptions {
    path: PathBuf,
    largest: u64,
    files: u32,
    fsync: Fsync,
    queue: usize,
}

impl JournalOptions {
    /// Begins a new file when this one would become larger, in bytes. Default: 256 MiB.
    pub fn rotate_at(self, bytes: u64) -> Self {
        Self { largest: bytes, ..self }
    }

    /// How many files are kept besides the current one; `.1` is the youngest of them. Default: 4.
    pub fn keep_files(self, files: u32) -> Self {
        Self { files, ..self }
    }

    /// When what is written is forced onto the disk. Default: [`Fsync::Never`].
    pub fn fsync(self, fsync: Fsync) -> Self {
        Self { fsync, ..self }
    }

    /// How much may wait for the writer, in bytes of bodies, plus 2 KiB a delivery. Default: 64 MiB; at most 1 GiB. A body that is
    /// larger than all of it waits alone.
    pub fn queue(self, bytes: usize) -> Self {
        Self { queue: bytes.clamp(HEAD, 1 << 30), ..self }
    }

    /// Opens the file, which is made if it is not there, and starts the writer.
    ///
    /// # Errors
    /// A file that cannot be opened, a thread that cannot be started.
    pub fn open(self) -> io::Result<Journal> {
        let file = Rotating::open(self.path, self.largest, self.files)?;
        let (sender, receiver) = channel();
        let counts = Arc::new(Counts::default());
        let writer = Writer { file, fsync: self.fsync, counts: counts.clone(), failing: Failing::No, unsynced: None };
        thread::Builder::new().name(String::from("webhook-journal")).spawn(move || writer.run(&receiver))?;
        let room = Arc::new(Semaphore::new(self.queue));
        Ok(Journal { sender, counts, room, queue: self.queue })
    }
}

/// A journal that is open. Clones are the same one; with the last of them the writer ends, once all is written.
#[derive(Clone)]
pub struct Journal {
    sender: Sender<Order>,
    counts: Arc<Counts>,
    room: Arc<Semaphore>,
    queue: usize,
}

enum Order {
    Flush(oneshot::Sender<()>),
    Write(Box<Record>, OwnedSemaphorePermit),
}

impl Journal {
    /// A journal in this file.
    pub fn at(path: impl Into<PathBuf>) -> JournalOptions {
        JournalOptions { path: path.into(), largest: 256 << 20, files: 4, fsync: Fsync::Never, queue: 64 << 20 }
    }

    /// How many deliveries it has seen.
    #[must_use]
    pub fn stats(&self) -> JournalStats {
        JournalStats {
            written: self.counts.written.load(Ordering::Relaxed),
            dropped: self.counts.dropped.load(Ordering::Relaxed),
            failed: self.counts.failed.load(Ordering::Relaxed),
        }
    }

    /// Waits until everything that was handed in before is written and forced onto the disk. For the end of a program.
    pub async fn flush(&self) {
        let (done, waiting) = oneshot::channel();
        if self.sender.send(Order::Flush(done)).is_ok() {
            drop(waiting.await);
        }
    }

    fn size(&self, body: usize) -> u32 {
        u32::try_from(body.saturating_add(HEAD).min(self.queue)).unwrap_or(u32::MAX)
    }

    /// Hands a record in, if there is room.
    pub(super) fn offer(&self, record: Record) {
        let size = self.size(record.delivery.body().len());
        match Arc::clone(&self.room).try_acquire_many_owned(size) {
            Ok(room) => self.hand_in(record, room),
            Err(_) => drop(self.counts.dropped.fetch_add(1, Ordering::Relaxed)),
        }
    }

    /// Hands a record in once there is room.
    pub(super) async fn write(self, record: Record) {
        let size = self.size(record.delivery.body().len());
        if let Ok(room) = Arc::clone(&self.room).acquire_many_owned(size).await {
            self.hand_in(record, room);
        }
    }

    fn hand_in(&self, record: Record, room: OwnedSemaphorePermit) {
        if self.sender.send(Order::Write(Box::new(record), room)).is_err() {
            self.counts.failed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

/// Whether the last attempt to write has failed: only the first of a row is logged.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Failing {
    No,
    Yes,
}

struct Writer {
    file: Rotating,
    fsync: Fsync,
    counts: Arc<Counts>,
    failing: Failing,
    /// Since when there is something that is not forced onto the disk.
    unsynced: Option<Instant>,
}

impl Writer {
    fn run(mut self, orders: &Receiver<Order>) {
        loop {
            let order = match (self.fsync, self.unsynced) {
                (Fsync::Every(time), Some(since)) => orders.recv_timeout(time.saturating_sub(since.elapsed())),
                _ => orders.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match order {
                Ok(Order::Flush(done)) => {
                    self.sync();
                    let _ = done.send(());
                }
                Ok(Order::Write(record, room)) => {
                    self.write(*record);
                    drop(room);
                    let due = match (self.fsync, self.unsynced) {
                        (Fsync::Each, Some(_)) => true,
                        (Fsync::Every(time), Some(since)) => since.elapsed() >= time,
                        _ => false,
                    };
                    if due {
                        self.sync();
                    }
                }
                Err(RecvTimeoutError::Timeout) => self.sync(),
                Err(RecvTimeoutError::Disconnected) => return self.sync(),
            }
        }
    }

    fn write(&mut self, record: Record) {
        let line = record.line().map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error));
        let written = line.and_then(|mut line| {
            line.push('\n');
            self.file.write(line.as_bytes())
        });
        match written {
            Ok(()) => {
                self.failing = Failing::No;
                self.unsynced.get_or_insert_with(Instant::now);
                self.counts.written.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) => {
                self.failed(&error);
                self.counts.failed.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    fn sync(&mut self) {
        if self.unsynced.take().is_some()
            && let Err(error) = self.file.sync()
        {
            self.failed(&error);
        }
    }

    fn failed(&mut self, error: &io::Error) {
        if self.failing == Failing::No {
            log::write_failed(error);
        }
        self.failing = Failing::Yes;
    }
}
