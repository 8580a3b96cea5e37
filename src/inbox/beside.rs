//! The dead letters of an inbox that another process may be serving: for tools.

use std::fmt;

use super::dead_letter::{DeadLetter, DeadLetterContent, DeadLetterFilter};
use super::error::InboxError;
use super::event::millis;
use crate::clock::{Clock, SystemClock};

/// The dead letters of an inbox, whether or not a process is serving it. What is requeued is seen by that process within
/// a second. Its calls block.
pub struct DeadLetters(Beside);

enum Beside {
    #[cfg(feature = "postgres")]
    Postgres(super::postgres::Beside),
    #[cfg(feature = "sqlite")]
    Sqlite(super::sqlite::Beside),
}

/// Asks whichever it is.
macro_rules! ask {
    ($beside:expr, $inbox:ident => $call:expr) => {
        match $beside {
            #[cfg(feature = "postgres")]
            Beside::Postgres($inbox) => $call,
            #[cfg(feature = "sqlite")]
            Beside::Sqlite($inbox) => $call,
        }
    };
}

impl DeadLetters {
    /// Of the inbox in the database at this URL, without TLS, see [`Inbox::postgres`](super::Inbox::postgres).
    ///
    /// # Errors
    /// The database cannot be reached, there is no inbox in it, or one of a newer version.
    #[cfg(feature = "postgres")]
    #[cfg_attr(docsrs, doc(cfg(feature = "postgres")))]
    pub fn postgres(url: &str) -> Result<Self, InboxError> {
        super::postgres::Beside::open(url).map(Beside::Postgres).map(Self)
    }

    /// Opens the file.
    ///
    /// # Errors
    /// There is no such file, it is no inbox, or one of a newer version.
    #[cfg(feature = "sqlite")]
    #[cfg_attr(docsrs, doc(cfg(feature = "sqlite")))]
    pub fn sqlite(path: impl AsRef<std::path::Path>) -> Result<Self, InboxError> {
        super::sqlite::Beside::open(path.as_ref()).map(Beside::Sqlite).map(Self)
    }

    /// Those that died first before the others, at most `limit`.
    ///
    /// # Errors
    /// When the inbox cannot be read.
    pub fn list(&self, filter: &DeadLetterFilter, limit: u32) -> Result<Vec<DeadLetter>, InboxError> {
        ask!(&self.0, inbox => inbox.list(filter, limit))
    }

    /// Headers and body of an event; `None` if there is no such one, or its body is gone.
    ///
    /// # Errors
    /// When the inbox cannot be read.
    pub fn content(&self, seq: i64) -> Result<Option<DeadLetterContent>, InboxError> {
        ask!(&self.0, inbox => inbox.body(seq))
    }

    /// Has them tried again, with all attempts before them. Returns how many.
    ///
    /// # Errors
    /// When that cannot be written.
    pub fn requeue(&self, filter: &DeadLetterFilter) -> Result<u64, InboxError> {
        ask!(&self.0, inbox => inbox.requeue(filter, now()))
    }

    /// Gives them up. Returns how many.
    ///
    /// # Errors
    /// When that cannot be written.
    pub fn discard(&self, filter: &DeadLetterFilter) -> Result<u64, InboxError> {
        ask!(&self.0, inbox => inbox.discard(filter, now()))
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
