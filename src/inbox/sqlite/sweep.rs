//! What need not be kept goes, a little at a time.

use std::time::Duration;

use rusqlite::{Connection, params};

use super::schema::state;
use crate::inbox::retention::{AT_ONCE, Retention};

/// Bytes of the headers and bodies that there are. Pages of the file would not do: of small bodies that went, none is free
/// before the keys that stand in it have gone, too.
pub(super) fn used_bytes(connection: &Connection) -> rusqlite::Result<u64> {
    let sum = "SELECT coalesce(sum(length(body) + coalesce(length(headers), 0)), 0) FROM events WHERE body IS NOT NULL";
    Ok(u64::try_from(connection.query_row(sum, [], |row| row.get::<_, i64>(0))?).unwrap_or_default())
}

/// Returns how many rows were touched, and how many bytes went.
pub(super) fn sweep(
    connection: &Connection,
    retention: &Retention,
    used: u64,
    now: i64,
) -> rusqlite::Result<(u64, u64)> {
    let before = |time: Duration| now.saturating_sub(i64::try_from(time.as_millis()).unwrap_or(i64::MAX));
    let subscribers = subscribers(connection)?;
    let mut touched = 0;

    let mut discard = connection.prepare_cached(
        "UPDATE deliveries SET state = ?1, due_at = ?2 WHERE subscriber = ?3 AND state = ?4 AND due_at < ?5",
    )?;
    for subscriber in &subscribers {
        let dead_before = before(retention.dead);
        touched += discard.execute(params![state::DISCARDED, now, subscriber, state::DEAD, dead_before])?;
    }

    // Bodies first; over the cap also those that are not old yet.
    let over = used > retention.max_bytes / 10 * 9;
    let done_before = if over { i64::MAX } else { before(retention.done) };
    let names = serde_json::to_string(&subscribers).unwrap_or_default();
    let mut done = connection.prepare_cached(
        "SELECT e.seq, length(e.body) + coalesce(length(e.headers), 0) FROM events e
         WHERE e.body IS NOT NULL AND e.received_at < ?1 AND NOT EXISTS (
             SELECT 1 FROM json_each(?2) s JOIN deliveries d ON d.subscriber = s.value AND d.seq = e.seq
             WHERE d.state NOT IN (?3, ?4))
         ORDER BY e.received_at LIMIT ?5",
    )?;
    let values = params![done_before, names, state::DONE, state::DISCARDED, AT_ONCE];
    let done = done.query_map(values, |row| Ok((row.get(0)?, row.get(1)?)))?;
    let done: Vec<(i64, i64)> = done.collect::<rusqlite::Result<_>>()?;
    let mut strip = connection.prepare_cached("UPDATE events SET body = NULL, headers = NULL WHERE seq = ?1")?;
    let mut gone = 0_i64;
    for (seq, bytes) in done {
        touched += strip.execute([seq])?;
        gone = gone.saturating_add(bytes);
    }

    // Then the key, once its sender has long given up.
    let mut old = connection.prepare_cached("SELECT seq FROM events WHERE body IS NULL AND key_until < ?1 LIMIT ?2")?;
    let old: Vec<i64> = old.query_map(params![now, AT_ONCE], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let mut rows = connection.prepare_cached("DELETE FROM deliveries WHERE subscriber = ?1 AND seq = ?2")?;
    let mut event = connection.prepare_cached("DELETE FROM events WHERE seq = ?1")?;
    for seq in old {
        for subscriber in &subscribers {
            rows.execute(params![subscriber, seq])?;
        }
        touched += event.execute([seq])?;
    }
    Ok((touched as u64, u64::try_from(gone).unwrap_or_default()))
}

/// A part of the rows of this subscriber.
pub(super) fn forget_subscriber(connection: &Connection, name: &str) -> rusqlite::Result<u64> {
    let mut delete = connection.prepare_cached(
        "DELETE FROM deliveries WHERE subscriber = ?1 AND seq IN (SELECT seq FROM deliveries WHERE subscriber = ?1 LIMIT ?2)",
    )?;
    Ok(delete.execute(params![name, AT_ONCE])? as u64)
}

/// All subscribers that have rows, those that are no longer there among them: one look at the index for each.
fn subscribers(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare_cached(
        "WITH RECURSIVE names(name) AS (
             SELECT min(subscriber) FROM deliveries
             UNION ALL SELECT (SELECT min(subscriber) FROM deliveries WHERE subscriber > name) FROM names WHERE name IS NOT NULL)
         SELECT name FROM names WHERE name IS NOT NULL",
    )?;
    statement.query_map([], |row| row.get(0))?.collect()
}
