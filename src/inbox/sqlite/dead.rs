//! Dead letters.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use super::schema::state;
use crate::inbox::dead_letter::{DeadLetter, DeadLetterFilter};
use crate::inbox::engine::Counts;
use crate::inbox::event::time;

/// The condition that every statement here has.
const WHERE: &str = "d.state = :dead AND (:subscriber IS NULL OR d.subscriber = :subscriber)
    AND (:seq IS NULL OR d.seq = :seq) AND (:route IS NULL OR e.route = :route)
    AND (:event_type IS NULL OR e.event_type = :event_type) AND (:before IS NULL OR e.received_at < :before)";

pub(super) fn list(
    connection: &Connection,
    filter: &DeadLetterFilter,
    limit: u32,
) -> rusqlite::Result<Vec<DeadLetter>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT d.seq, d.subscriber, e.route, e.provider, e.delivery_id, e.event_type, d.attempt, d.last_status,
                d.last_error, e.received_at, d.due_at, coalesce(length(e.body), 0)
         FROM deliveries d JOIN events e ON e.seq = d.seq WHERE {WHERE} ORDER BY d.due_at, d.seq LIMIT :limit"
    ))?;
    let rows = statement.query_map(
        named_params! {
            ":dead": state::DEAD, ":subscriber": filter.subscriber, ":seq": filter.seq, ":route": filter.route,
            ":event_type": filter.event_type, ":before": filter.received_before, ":limit": limit,
        },
        letter,
    )?;
    rows.collect()
}

fn letter(row: &Row<'_>) -> rusqlite::Result<DeadLetter> {
    Ok(DeadLetter {
        seq: row.get(0)?,
        subscriber: row.get(1)?,
        route: row.get(2)?,
        provider: row.get(3)?,
        delivery_id: row.get(4)?,
        event_type: row.get(5)?,
        attempts: row.get(6)?,
        last_status: row.get(7)?,
        last_error: row.get(8)?,
        received_at: time(row.get(9)?),
        died_at: time(row.get(10)?),
        body_len: row.get::<_, i64>(11).map(|len| u64::try_from(len).unwrap_or_default())?,
    })
}

pub(super) fn requeue(connection: &Connection, filter: &DeadLetterFilter, now: i64) -> rusqlite::Result<u64> {
    // What has lost its body cannot be tried again.
    change(connection, filter, "state = :to, attempt = 0, due_at = :now", state::PENDING, now)
}

pub(super) fn discard(connection: &Connection, filter: &DeadLetterFilter, now: i64) -> rusqlite::Result<u64> {
    change(connection, filter, "state = :to, due_at = :now", state::DISCARDED, now)
}

fn change(connection: &Connection, filter: &DeadLetterFilter, set: &str, to: i64, now: i64) -> rusqlite::Result<u64> {
    let text = format!(
        "UPDATE deliveries SET {set} WHERE (subscriber, seq) IN
         (SELECT d.subscriber, d.seq FROM deliveries d JOIN events e ON e.seq = d.seq WHERE {WHERE})"
    );
    let changed = connection.prepare_cached(&text)?.execute(named_params! {
        ":dead": state::DEAD, ":subscriber": filter.subscriber, ":seq": filter.seq, ":route": filter.route,
        ":event_type": filter.event_type, ":before": filter.received_before, ":to": to, ":now": now,
    })?;
    Ok(changed as u64)
}

pub(super) fn counts(connection: &Connection, subscribers: &[Arc<str>]) -> rusqlite::Result<Vec<Counts>> {
    let mut statement = connection
        .prepare_cached("SELECT count(*), min(due_at) FROM deliveries WHERE subscriber = ?1 AND state = ?2")?;
    let mut count = |subscriber: &str, state: i64| {
        statement.query_row(params![subscriber, state], |row| {
            Ok((
                row.get::<_, i64>(0).map(|count| u64::try_from(count).unwrap_or_default())?,
                row.get::<_, Option<i64>>(1)?,
            ))
        })
    };
    // Deliveries have the order of their events, so the first that is not finished is the oldest.
    let mut oldest = connection.prepare_cached(
        "SELECT e.received_at FROM deliveries d JOIN events e ON e.seq = d.seq
         WHERE d.subscriber = ?1 AND d.state IN (?2, ?3, ?4) ORDER BY d.seq LIMIT 1",
    )?;
    let mut all = Vec::new();
    for subscriber in subscribers {
        let mut pending = 0;
        for waiting in [state::PENDING, state::RUNNING, state::SUSPECT] {
            pending += count(subscriber, waiting)?.0;
        }
        let (dead, since) = count(subscriber, state::DEAD)?;
        let unfinished = params![&**subscriber, state::PENDING, state::RUNNING, state::SUSPECT];
        let oldest_pending = match pending {
            0 => None,
            _ => oldest.query_row(unfinished, |row| row.get(0)).optional()?.map(time),
        };
        let oldest_dead = since.map(time);
        all.push(Counts { subscriber: Arc::clone(subscriber), pending, oldest_pending, dead, oldest_dead });
    }
    Ok(all)
}
