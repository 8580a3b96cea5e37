//! The file: its lock, its settings, its tables.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::inbox::error::{InboxError, InboxErrorKind};

/// SQLite 3.51.3 mended a race that could corrupt a database in WAL mode, <https://sqlite.org/wal.html#walresetbug>.
const OLDEST: i32 = 3_051_003;
/// Says that a file is an inbox: `twhk`.
const APPLICATION: i32 = 0x7477_686b;
/// The version of the tables below.
const VERSION: i32 = 2;

/// Numbers grow, and begin again only once every event is gone: `AUTOINCREMENT` would be a second table to write.
const TABLES: &str = "
CREATE TABLE events (
    seq INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, route TEXT NOT NULL, provider TEXT NOT NULL,
    event_type TEXT, delivery_id TEXT, order_key TEXT, meta TEXT NOT NULL, headers BLOB, body BLOB,
    received_at INTEGER NOT NULL, key_until INTEGER NOT NULL
);
CREATE TABLE deliveries (
    subscriber TEXT NOT NULL, seq INTEGER NOT NULL, state INTEGER NOT NULL, attempt INTEGER NOT NULL,
    due_at INTEGER NOT NULL, lease_until INTEGER, token BLOB, last_status INTEGER, last_error TEXT, order_key TEXT,
    PRIMARY KEY (subscriber, seq)
) WITHOUT ROWID;
CREATE INDEX deliveries_due ON deliveries (subscriber, state, due_at);
CREATE INDEX deliveries_line ON deliveries (subscriber, order_key, seq)
    WHERE order_key IS NOT NULL AND state IN (0, 1, 3, 4);
CREATE INDEX events_bodies ON events (received_at) WHERE body IS NOT NULL;
CREATE INDEX events_keys ON events (key_until) WHERE body IS NULL;
";

/// From version 1, which looked for the head of a line among all that was ever in it.
const FROM_1: &str = "
ALTER TABLE deliveries ADD COLUMN order_key TEXT;
UPDATE deliveries SET order_key = (SELECT e.order_key FROM events e WHERE e.seq = deliveries.seq);
CREATE INDEX deliveries_line ON deliveries (subscriber, order_key, seq)
    WHERE order_key IS NOT NULL AND state IN (0, 1, 3, 4);
DROP INDEX events_order;
";

/// What the column `state` says.
pub(super) mod state {
    pub(crate) const PENDING: i64 = 0;
    pub(crate) const RUNNING: i64 = 1;
    pub(crate) const DONE: i64 = 2;
    pub(crate) const DEAD: i64 = 3;
    /// It was running when the process ended.
    pub(crate) const SUSPECT: i64 = 4;
    pub(crate) const DISCARDED: i64 = 5;
}

/// A lock that this process holds for as long as this lives, and that ends with the process however that ends: a
/// transaction in a database of its own, so that others can still read the inbox.
#[derive(Debug)]
pub(super) struct Lock(#[allow(dead_code, reason = "held, not read")] Connection);

impl Lock {
    pub(super) fn take(inbox: &Path) -> Result<Self, InboxError> {
        let mut path = inbox.as_os_str().to_owned();
        path.push(".lock");
        let path = PathBuf::from(path);
        let taken = Connection::open(&path).and_then(|connection| {
            connection.busy_timeout(Duration::ZERO)?;
            connection.execute_batch("BEGIN EXCLUSIVE")?;
            Ok(connection)
        });
        taken.map(Self).map_err(|error| match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => InboxError::new(
                InboxErrorKind::Locked,
                format!("the inbox {} is held by another process: it can be served by one at a time", inbox.display()),
            ),
            _ => open_error(&path, error),
        })
    }
}

pub(super) fn open_error(path: &Path, error: rusqlite::Error) -> InboxError {
    let text = format!("the inbox {} cannot be opened: {error}", path.display());
    InboxError::new(InboxErrorKind::Open, text).because(error)
}

/// The version of SQLite that is linked.
pub(super) fn check_version(number: i32) -> Result<(), InboxError> {
    if number >= OLDEST {
        return Ok(());
    }
    let text =
        format!("SQLite 3.51.3 or newer is needed, this is {}: older ones can corrupt an inbox", rusqlite::version());
    Err(InboxError::new(InboxErrorKind::Open, text))
}

/// Opens the file for writing, with all of its settings, and makes its tables if it is new.
pub(super) fn open_writer(path: &Path) -> Result<Connection, InboxError> {
    let connection = Connection::open(path).map_err(|error| open_error(path, error))?;
    prepare(&connection, path)?;
    Ok(connection)
}

/// Opens an inbox that is there already.
pub(super) fn open_existing(path: &Path) -> Result<Connection, InboxError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|error| open_error(path, error))?;
    connection.busy_timeout(Duration::from_secs(5)).map_err(|error| open_error(path, error))?;
    let version = identify(&connection, path)?;
    if version == 0 {
        return Err(InboxError::new(InboxErrorKind::Open, format!("{} is no inbox", path.display())));
    }
    Ok(connection)
}

fn prepare(connection: &Connection, path: &Path) -> Result<(), InboxError> {
    let wrong = |error| open_error(path, error);
    connection.busy_timeout(Duration::from_secs(5)).map_err(wrong)?;
    let version = identify(connection, path)?;
    let mode: String = connection.query_row("PRAGMA journal_mode=WAL", [], |row| row.get(0)).map_err(wrong)?;
    if mode != "wal" {
        let text =
            format!("{} cannot be in WAL mode (it is `{mode}`): is it on a network file system?", path.display());
        return Err(InboxError::new(InboxErrorKind::Open, text));
    }
    // Checkpoints are ours, so that a failed one is noticed. On macOS only F_FULLFSYNC reaches the disk. A cache of 4 MiB:
    // SQLite looks all of it through whenever a commit has moved pages about.
    let settings = "PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0; PRAGMA fullfsync=1; \
                    PRAGMA checkpoint_fullfsync=1; PRAGMA cache_size=-4096; PRAGMA temp_store=MEMORY;";
    connection.execute_batch(settings).map_err(wrong)?;
    let missing = match version {
        0 => TABLES,
        1 => FROM_1,
        _ => return Ok(()),
    };
    let text =
        format!("BEGIN IMMEDIATE;{missing}PRAGMA application_id={APPLICATION};PRAGMA user_version={VERSION};COMMIT;");
    connection.execute_batch(&text).map_err(wrong)
}

/// The version of the tables; 0 for a new file.
fn identify(connection: &Connection, path: &Path) -> Result<i32, InboxError> {
    let number = |pragma: &str| connection.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get::<_, i32>(0));
    let wrong = |error| open_error(path, error);
    let (application, version) = (number("application_id").map_err(wrong)?, number("user_version").map_err(wrong)?);
    let tables: i32 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(wrong)?;
    if tables == 0 && application == 0 {
        return Ok(0);
    }
    if application != APPLICATION {
        let text = format!("{} is a database of something else, and no inbox", path.display());
        return Err(InboxError::new(InboxErrorKind::Open, text));
    }
    if version > VERSION {
        let text = format!(
            "the inbox {} has version {version}, and this version of tower-webhook knows {VERSION}: use a newer one",
            path.display()
        );
        return Err(InboxError::new(InboxErrorKind::Newer, text));
    }
    Ok(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_sqlite_is_refused_and_the_linked_one_is_not() {
        assert!(check_version(3_051_002).is_err());
        check_version(rusqlite::version_number()).unwrap();
    }
}
