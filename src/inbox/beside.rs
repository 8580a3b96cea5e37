//! The dead letters of an inbox that another process may be serving: for tools.

use std::fmt;
use std::path::Path;

use super::dead_letter::{DeadLetter, DeadLetterContent, DeadLetterFilter};
use super::error::InboxError;
use super::event::millis;
use super::sqlite::Beside;
use crate::clock::{Clock, SystemClock};

/// The dead letters of an inbox file, whether or not a process is serving it. What is requeued is seen by that process
/// within a second. Its calls block.
pub struct DeadLetters(Beside);

impl DeadLetters {
    /// Opens the file.
    ///
    /// # Errors
    /// There is no such file, it is no inbox, or one of a newer version.
    pub fn sqlite(path: impl AsRef<Path>) -> Result<Self, InboxError> {
        Beside::open(path.as_ref()).map(Self)
    }

    /// Those that died first before the others, at most `limit`.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn list(&self, filter: &DeadLetterFilter, limit: u32) -> Result<Vec<DeadLetter>, InboxError> {
        self.0.list(filter, limit)
    }

    /// Headers and body of an event; `None` if there is no such one, or its body is gone.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn content(&self, seq: i64) -> Result<Option<DeadLetterContent>, InboxError> {
        self.0.body(seq)
    }

    /// Has them tried again, with all attempts before them. Returns how many.
    ///
    /// # Errors
    /// When that cannot be written.
    pub fn requeue(&self, filter: &DeadLetterFilter) -> Result<u64, InboxError> {
        self.0.requeue(filter, now())
    }

    /// Gives them up. Returns how many.
    ///
    /// # Errors
    /// When that cannot be written.
    pub fn discard(&self, filter: &DeadLetterFilter) -> Result<u64, InboxError> {
        self.0.discard(filter, now())
    }
}

fn now() -> i64 {
    millis(SystemClock.now().unwrap_or_default())
}

impl fmt::Debug for DeadLetters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadLetters").finish_non_exhaustive()
    }
}
