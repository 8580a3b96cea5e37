//! The table of events.

use std::time::Duration;

use bytes::Bytes;
use deadpool_postgres::Object;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row};

use crate::inbox::dead_letter::DeadLetterContent;
use crate::inbox::engine::Appended;
use crate::inbox::event::Event;
use crate::run_context::Token;

/// The columns that [`read`] reads.
pub(super) const COLUMNS: &str = "e.key, e.route, e.provider, e.event_type, e.delivery_id, e.order_key, e.meta, e.headers, e.body, e.received_at, e.key_until";

/// Whether the subscriber `s` takes an event of this route and type: as [`Filter::takes`](crate::inbox::subscriber::Filter).
pub(super) fn takes(route: &str, event_type: &str) -> String {
    format!(
        "(s.types IS NULL OR EXISTS (SELECT 1 FROM unnest(s.types) AS pattern WHERE CASE
              WHEN right(pattern, 1) = '*' THEN starts_with(coalesce({event_type}, ''), left(pattern, -1))
              ELSE pattern = coalesce({event_type}, '') END))
         AND (s.routes IS NULL OR {route} = ANY (s.routes))"
    )
}

/// PostgreSQL stores no zero byte in a text.
pub(super) fn text(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// An event alone, as the first part of a statement.
const STORE: &str = "WITH event AS (
             INSERT INTO webhook_inbox_events
                 (key, route, provider, event_type, delivery_id, order_key, meta, headers, body, received_at, key_until, size)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
             ON CONFLICT (key) DO NOTHING RETURNING seq
         )";

/// An event and one row a subscriber, in one statement, which is one transaction; nothing where the key is there
/// already. Returns once that is committed.
pub(super) async fn append(client: &Object, event: &Event) -> Result<Appended, Error> {
    let insert = format!(
        "{STORE}, deliveries AS (
             INSERT INTO webhook_inbox_deliveries (subscriber, seq, state, attempt, due_at, order_key)
             SELECT s.name, event.seq, 0, 0, $10, $6 FROM event, webhook_inbox_subscribers s WHERE {}
         )
         SELECT seq FROM event",
        takes("$2", "$4")
    );
    Ok(if store(client, &insert, event, &[]).await?.is_some() { Appended::New } else { Appended::Duplicate })
}

/// An event whose first attempt for a subscriber is under way, leased. Returns its number; `None` where the key is there
/// already.
pub(super) async fn append_begun(
    client: &Object,
    event: &Event,
    subscriber: &str,
    token: Token,
    lease: Duration,
) -> Result<Option<i64>, Error> {
    let insert = format!(
        "{STORE}, deliveries AS (
             INSERT INTO webhook_inbox_deliveries (subscriber, seq, state, attempt, due_at, order_key, token, lease_until)
             SELECT $13::text, event.seq, 1, 1, $10, $6, $14::bytea, clock_timestamp() + make_interval(secs => $15) FROM event
         )
         SELECT seq FROM event"
    );
    store(client, &insert, event, &[&subscriber, &&token.as_bytes()[..], &lease.as_secs_f64()]).await
}

/// An event, by a statement that has it as its first twelve values. Returns its number.
async fn store(
    client: &Object,
    insert: &str,
    event: &Event,
    more: &[&(dyn ToSql + Sync)],
) -> Result<Option<i64>, Error> {
    let insert = client.prepare_cached(insert).await?;
    let order_key = event.order_key.as_deref().map(text);
    let size = i64::try_from(event.body.len().saturating_add(event.headers.len())).unwrap_or(i64::MAX);
    let (key, body) = (&event.key[..], &event.body[..]);
    let own: [&(dyn ToSql + Sync); 12] = [
        &key,
        &event.route,
        &event.provider,
        &event.event_type,
        &event.delivery_id,
        &order_key,
        &event.meta,
        &event.headers,
        &body,
        &event.received_at,
        &event.key_until,
        &size,
    ];
    let values: Vec<_> = own.iter().chain(more).copied().collect();
    let row = client.query_opt(&insert, &values).await?;
    row.map(|row| row.try_get(0)).transpose()
}

/// An event out of the columns from `first` on.
pub(super) fn read(row: &Row, first: usize) -> Result<Event, Error> {
    let key: Vec<u8> = row.try_get(first)?;
    Ok(Event {
        // It was written with as many.
        key: key.try_into().unwrap_or_default(),
        route: row.try_get(first + 1)?,
        provider: row.try_get(first + 2)?,
        event_type: row.try_get(first + 3)?,
        delivery_id: row.try_get(first + 4)?,
        order_key: row.try_get(first + 5)?,
        meta: row.try_get(first + 6)?,
        headers: row.try_get::<_, Option<Vec<u8>>>(first + 7)?.unwrap_or_default(),
        body: Bytes::from(row.try_get::<_, Option<Vec<u8>>>(first + 8)?.unwrap_or_default()),
        received_at: row.try_get(first + 9)?,
        key_until: row.try_get(first + 10)?,
    })
}

/// Headers and body of an event.
pub(super) async fn content(client: &Object, seq: i64) -> Result<Option<DeadLetterContent>, Error> {
    let find = "SELECT headers, body FROM webhook_inbox_events WHERE seq = $1 AND body IS NOT NULL";
    let row = client.query_opt(find, &[&seq]).await?;
    row.map(|row| Ok(DeadLetterContent { headers: row.try_get(0)?, body: row.try_get(1)? })).transpose()
}
