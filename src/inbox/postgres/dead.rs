//! Dead letters.

use std::sync::Arc;

use deadpool_postgres::Object;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row};

use super::schema::{patient, state};
use crate::inbox::dead_letter::{DeadLetter, DeadLetterFilter};
use crate::inbox::engine::Counts;
use crate::inbox::event::time;

/// The condition that every statement here has, and its values.
const WHERE: &str = "d.state = 3 AND ($1::text IS NULL OR d.subscriber = $1) AND ($2::bigint IS NULL OR d.seq = $2)
    AND ($3::text IS NULL OR e.route = $3) AND ($4::text IS NULL OR e.event_type = $4)
    AND ($5::bigint IS NULL OR e.received_at < $5)";

fn values(filter: &DeadLetterFilter) -> [&(dyn ToSql + Sync); 5] {
    [&filter.subscriber, &filter.seq, &filter.route, &filter.event_type, &filter.received_before]
}

pub(super) async fn list(client: &mut Object, filter: &DeadLetterFilter, limit: u32) -> Result<Vec<DeadLetter>, Error> {
    let text = format!(
        "SELECT d.seq, d.subscriber, e.route, e.provider, e.delivery_id, e.event_type, d.attempt, d.last_status,
                d.last_error, e.received_at, d.due_at, coalesce(length(e.body), 0)
         FROM webhook_inbox_deliveries d JOIN webhook_inbox_events e ON e.seq = d.seq
         WHERE {WHERE} ORDER BY d.due_at, d.seq LIMIT $6"
    );
    let limit = i64::from(limit);
    let mut all = values(filter).to_vec();
    all.push(&limit);
    let transaction = patient(client).await?;
    let rows = transaction.query(&text, &all).await?;
    transaction.commit().await?;
    rows.iter().map(letter).collect()
}

fn letter(row: &Row) -> Result<DeadLetter, Error> {
    let status: Option<i32> = row.try_get(7)?;
    Ok(DeadLetter {
        seq: row.try_get(0)?,
        subscriber: row.try_get(1)?,
        route: row.try_get(2)?,
        provider: row.try_get(3)?,
        delivery_id: row.try_get(4)?,
        event_type: row.try_get(5)?,
        attempts: u32::try_from(row.try_get::<_, i32>(6)?).unwrap_or_default(),
        last_status: status.and_then(|status| u16::try_from(status).ok()),
        last_error: row.try_get(8)?,
        received_at: time(row.try_get(9)?),
        died_at: time(row.try_get(10)?),
        body_len: u64::try_from(row.try_get::<_, i32>(11)?).unwrap_or_default(),
    })
}

pub(super) async fn requeue(client: &mut Object, filter: &DeadLetterFilter, now: i64) -> Result<u64, Error> {
    change(client, filter, "state = $6, due_at = $7, attempt = 0", state::PENDING, now).await
}

pub(super) async fn discard(client: &mut Object, filter: &DeadLetterFilter, now: i64) -> Result<u64, Error> {
    change(client, filter, "state = $6, due_at = $7", state::DISCARDED, now).await
}

async fn change(client: &mut Object, filter: &DeadLetterFilter, set: &str, to: i16, now: i64) -> Result<u64, Error> {
    let text = format!(
        "UPDATE webhook_inbox_deliveries d SET {set} FROM webhook_inbox_events e WHERE e.seq = d.seq AND {WHERE}"
    );
    let mut all = values(filter).to_vec();
    all.extend([&to as &(dyn ToSql + Sync), &now]);
    let transaction = patient(client).await?;
    let changed = transaction.execute(&text, &all).await?;
    transaction.commit().await?;
    Ok(changed)
}

pub(super) async fn counts(client: &mut Object, subscribers: &[Arc<str>]) -> Result<Vec<Counts>, Error> {
    let names: Vec<&str> = subscribers.iter().map(|name| &**name).collect();
    let transaction = patient(client).await?;
    let text = "SELECT subscriber, state, count(*), min(due_at) FROM webhook_inbox_deliveries
                WHERE subscriber = ANY ($1) AND state IN (0, 1, 3) GROUP BY subscriber, state";
    let rows = transaction.query(text, &[&names]).await?;
    // Deliveries have the order of their events, so the first that is not finished is the oldest.
    let oldest = "SELECT e.received_at FROM webhook_inbox_deliveries d JOIN webhook_inbox_events e ON e.seq = d.seq
                  WHERE d.subscriber = $1 AND d.state IN (0, 1) ORDER BY d.seq LIMIT 1";
    let mut all = Vec::with_capacity(subscribers.len());
    for (subscriber, name) in subscribers.iter().zip(&names) {
        let row = transaction.query_opt(oldest, &[name]).await?;
        let oldest_pending = row.map(|row| row.try_get(0)).transpose()?.map(time);
        let subscriber = Arc::clone(subscriber);
        all.push(Counts { subscriber, pending: 0, oldest_pending, dead: 0, oldest_dead: None });
    }
    transaction.commit().await?;
    for row in &rows {
        let (name, found): (&str, i16) = (row.try_get(0)?, row.try_get(1)?);
        let (count, since): (i64, i64) = (row.try_get(2)?, row.try_get(3)?);
        let count = u64::try_from(count).unwrap_or_default();
        let Some(one) = all.iter_mut().find(|one| *one.subscriber == *name) else { continue };
        if found == state::DEAD {
            (one.dead, one.oldest_dead) = (count, Some(time(since)));
        } else {
            one.pending += count;
        }
    }
    Ok(all)
}
