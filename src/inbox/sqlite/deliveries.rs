//! The table of deliveries.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};

use super::events;
use super::schema::state;
use crate::inbox::engine::{Due, Ending, Found, HeadOfLine, Job, Lease};
use crate::inbox::subscriber::Filter;

/// Once, when the inbox is opened: nobody else holds it, so whatever was leased is free, and what was running is what
/// the process may have died of.
pub(super) fn recover(connection: &Connection, subscribers: &[(Arc<str>, Filter)]) -> rusqlite::Result<()> {
    let transaction = connection.unchecked_transaction()?;
    for (subscriber, filter) in subscribers {
        let suspects =
            "UPDATE deliveries SET state = ?1, lease_until = NULL, token = NULL WHERE subscriber = ?2 AND state = ?3";
        transaction.execute(suspects, params![state::SUSPECT, &**subscriber, state::RUNNING])?;
        let known = "SELECT 1 FROM deliveries WHERE subscriber = ?1 LIMIT 1";
        if transaction.query_row(known, [&**subscriber], |_| Ok(())).optional()?.is_none() {
            back_fill(&transaction, subscriber, filter)?;
        }
    }
    transaction.commit()
}

/// What was stored before the subscriber was there, as far as its body is.
fn back_fill(connection: &Connection, subscriber: &str, filter: &Filter) -> rusqlite::Result<()> {
    let mut select = connection.prepare(
        "SELECT seq, route, event_type, received_at, order_key FROM events WHERE body IS NOT NULL ORDER BY seq",
    )?;
    let mut insert = connection.prepare(
        "INSERT INTO deliveries (subscriber, seq, state, attempt, due_at, order_key) VALUES (?1, ?2, ?3, 0, ?4, ?5)",
    )?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let (route, event_type): (String, Option<String>) = (row.get(1)?, row.get(2)?);
        if filter.takes(&route, event_type.as_deref()) {
            let (seq, due, order_key): (i64, i64, Option<String>) = (row.get(0)?, row.get(3)?, row.get(4)?);
            insert.execute(params![subscriber, seq, state::PENDING, due, order_key])?;
        }
    }
    Ok(())
}

pub(super) fn due(connection: &Connection, ask: &Due) -> rusqlite::Result<Found> {
    let mut found = Found::default();
    // Suspects first: they run alone.
    for (wanted, until) in [(state::SUSPECT, i64::MAX), (state::PENDING, ask.now)] {
        select(connection, ask, wanted, until, &mut found.jobs)?;
    }
    if found.jobs.len() < ask.limit {
        let next = "SELECT min(due_at) FROM deliveries WHERE subscriber = ?1 AND state = ?2 AND due_at > ?3";
        let mut next = connection.prepare_cached(next)?;
        found.next_due = next.query_row(params![&*ask.subscriber, state::PENDING, ask.now], |row| row.get(0))?;
    }
    Ok(found)
}

fn select(connection: &Connection, ask: &Due, wanted: i64, until: i64, jobs: &mut Vec<Job>) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(&statement(ask.order))?;
    let mut rows = statement.query(params![&*ask.subscriber, wanted, until])?;
    while jobs.len() < ask.limit {
        let Some(row) = rows.next()? else { break };
        let seq = row.get(0)?;
        if !ask.taken.contains(&seq) {
            let suspect = wanted == state::SUSPECT;
            let lease = Lease { subscriber: Arc::clone(&ask.subscriber), seq, token: ask.token };
            jobs.push(Job { lease, attempts: row.get(1)?, suspect, event: events::read(row, 2)? });
        }
    }
    Ok(())
}

/// Subscriber, state, until when.
fn statement(order: Option<HeadOfLine>) -> String {
    // Only what is not finished is in the index of lines: its states are written as there, so that it can be used, and it is
    // named, since the table's own key looks as good to the planner. A dead letter holds its line up where it was asked to.
    let in_order = order.map_or(String::new(), |order| {
        let passed = if order == HeadOfLine::SkipToDlq { "AND p.state <> 3" } else { "" };
        format!(
            "AND (d.order_key IS NULL OR NOT EXISTS (SELECT 1 FROM deliveries p INDEXED BY deliveries_line
             WHERE p.subscriber = ?1 AND p.order_key = d.order_key AND p.seq < d.seq AND p.state IN (0, 1, 3, 4) {passed}))"
        )
    });
    format!(
        "SELECT d.seq, d.attempt, {columns} FROM deliveries d JOIN events e ON e.seq = d.seq
         WHERE d.subscriber = ?1 AND d.state = ?2 AND d.due_at <= ?3 {in_order} ORDER BY d.due_at, d.seq",
        columns = events::COLUMNS,
    )
}

pub(super) fn begin(connection: &Connection, subscriber: &str, seq: i64) -> rusqlite::Result<Option<u32>> {
    let update = "UPDATE deliveries SET state = ?1, attempt = attempt + 1
                  WHERE subscriber = ?2 AND seq = ?3 AND state IN (?4, ?5) RETURNING attempt";
    let values = params![state::RUNNING, subscriber, seq, state::PENDING, state::SUSPECT];
    connection.prepare_cached(update)?.query_row(values, |row| row.get(0)).optional()
}

pub(super) fn finish(connection: &Connection, subscriber: &str, seq: i64, ending: &Ending) -> rusqlite::Result<()> {
    let update = "UPDATE deliveries SET state = ?1, due_at = ?2, last_status = ?3, last_error = ?4, attempt = max(attempt - ?5, 0)
                  WHERE subscriber = ?6 AND seq = ?7 AND state IN (?8, ?9)";
    let (to, at, status, error, back) = match ending {
        Ending::Dead { at, status, error } => (state::DEAD, at, status, Some(error), 0),
        Ending::Done { at, status } => (state::DONE, at, status, None, 0),
        Ending::Retry { due, status, error } => (state::PENDING, due, status, Some(error), 0),
        Ending::Returned { due } => (state::PENDING, due, &None, None, 1),
    };
    // A suspect that has no attempt left dies without having been running again.
    let values = params![to, at, status, error, back, subscriber, seq, state::RUNNING, state::SUSPECT];
    connection.prepare_cached(update)?.execute(values)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::schema;
    use super::*;

    #[test]
    fn the_head_of_a_line_is_looked_for_among_what_is_not_finished() {
        let folder = std::env::temp_dir().join(format!("tower-webhook-plan-{}", std::process::id()));
        let connection = schema::open_writer(&folder).unwrap();
        for order in [HeadOfLine::Block, HeadOfLine::SkipToDlq] {
            let text = format!("EXPLAIN QUERY PLAN {}", statement(Some(order)));
            let mut plan = connection.prepare(&text).unwrap();
            let steps = plan.query_map(params!["one", 0, 0], |row| row.get::<_, String>(3)).unwrap();
            let steps: Vec<_> = steps.map(Result::unwrap).collect();
            let line = "SEARCH p USING INDEX deliveries_line (subscriber=? AND order_key=? AND seq<?)";
            assert!(steps.iter().any(|step| step == line), "{steps:#?}");
            assert!(!steps.iter().any(|step| step.starts_with("SCAN")), "{steps:#?}");
        }
        drop(connection);
        for end in ["", "-wal", "-shm"] {
            let mut path = folder.clone().into_os_string();
            path.push(end);
            let _ = std::fs::remove_file(path);
        }
    }
}
