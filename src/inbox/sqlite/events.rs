//! The table of events.

use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::schema::state;
use crate::inbox::dead_letter::DeadLetterContent;
use crate::inbox::engine::Appended;
use crate::inbox::event::Event;

/// The columns that [`read`] reads.
pub(super) const COLUMNS: &str = "e.key, e.route, e.provider, e.event_type, e.delivery_id, e.order_key, e.meta, e.headers, e.body, e.received_at, e.key_until";

/// How many deliveries are inserted by one statement: it costs more than a row.
const ROWS: usize = 8;

/// Inserts one delivery, two, and so on. `OR FAIL`, as else SQLite notes how to undo the first rows should the last one fail;
/// here the whole transaction is undone.
static INSERTS: LazyLock<[String; ROWS]> = LazyLock::new(|| {
    std::array::from_fn(|last| {
        let rows: Vec<_> = (0..=last).map(|row| format!("(?{}, ?1, ?2, 0, ?3, ?4)", row + 5)).collect();
        format!(
            "INSERT OR FAIL INTO deliveries (subscriber, seq, state, attempt, due_at, order_key) VALUES {}",
            rows.join(", ")
        )
    })
});

/// An event and one row a subscriber; nothing where the key is there already.
pub(super) fn append(connection: &Connection, event: &Event, subscribers: &[Arc<str>]) -> rusqlite::Result<Appended> {
    let Some(seq) = store(connection, event)? else { return Ok(Appended::Duplicate) };
    for subscribers in subscribers.chunks(ROWS) {
        let Some(text) = INSERTS.get(subscribers.len() - 1) else { unreachable!("a chunk has one to ROWS") };
        let mut insert = connection.prepare_cached(text)?;
        insert.raw_bind_parameter(1, seq)?;
        insert.raw_bind_parameter(2, state::PENDING)?;
        insert.raw_bind_parameter(3, event.received_at)?;
        insert.raw_bind_parameter(4, &event.order_key)?;
        for (at, subscriber) in subscribers.iter().enumerate() {
            insert.raw_bind_parameter(at + 5, &**subscriber)?;
        }
        insert.raw_execute()?;
    }
    Ok(Appended::New)
}

/// An event whose first attempt for a subscriber is under way. Returns its number; `None` where the key is there already.
pub(super) fn append_begun(connection: &Connection, event: &Event, subscriber: &str) -> rusqlite::Result<Option<i64>> {
    let Some(seq) = store(connection, event)? else { return Ok(None) };
    let insert = "INSERT INTO deliveries (subscriber, seq, state, attempt, due_at, order_key)
                  VALUES (?1, ?2, ?3, 1, ?4, ?5)";
    let values = params![subscriber, seq, state::RUNNING, event.received_at, event.order_key];
    connection.prepare_cached(insert)?.execute(values)?;
    Ok(Some(seq))
}

/// An event alone.
fn store(connection: &Connection, event: &Event) -> rusqlite::Result<Option<i64>> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO events (key, route, provider, event_type, delivery_id, order_key, meta, headers, body, received_at, key_until)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT (key) DO NOTHING",
    )?;
    let inserted = insert.execute(params![
        event.key,
        event.route,
        event.provider,
        event.event_type,
        event.delivery_id,
        event.order_key,
        event.meta,
        event.headers,
        &event.body[..],
        event.received_at,
        event.key_until,
    ])?;
    Ok((inserted > 0).then(|| connection.last_insert_rowid()))
}

/// An event out of the columns from `first` on.
pub(super) fn read(row: &Row<'_>, first: usize) -> rusqlite::Result<Event> {
    Ok(Event {
        key: row.get(first)?,
        route: row.get(first + 1)?,
        provider: row.get(first + 2)?,
        event_type: row.get(first + 3)?,
        delivery_id: row.get(first + 4)?,
        order_key: row.get(first + 5)?,
        meta: row.get(first + 6)?,
        headers: row.get::<_, Option<Vec<u8>>>(first + 7)?.unwrap_or_default(),
        body: Bytes::from(row.get::<_, Option<Vec<u8>>>(first + 8)?.unwrap_or_default()),
        received_at: row.get(first + 9)?,
        key_until: row.get(first + 10)?,
    })
}

/// Headers and body of an event.
pub(super) fn content(connection: &Connection, seq: i64) -> rusqlite::Result<Option<DeadLetterContent>> {
    connection
        .query_row("SELECT headers, body FROM events WHERE seq = ?1 AND body IS NOT NULL", [seq], |row| {
            Ok(DeadLetterContent { headers: row.get(0)?, body: row.get(1)? })
        })
        .optional()
}
