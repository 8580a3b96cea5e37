//! What need not be kept goes, a little at a time. Several processes may sweep at once: none waits for another.

use std::time::Duration;

use deadpool_postgres::Object;
use tokio_postgres::Error;

use super::schema::patient;
use crate::inbox::retention::{AT_ONCE, Retention};

/// Bytes of the headers and bodies that there are.
pub(super) async fn used_bytes(client: &Object) -> Result<u64, Error> {
    let sum = "SELECT coalesce(sum(size), 0)::bigint FROM webhook_inbox_events WHERE body IS NOT NULL";
    Ok(u64::try_from(client.query_one(sum, &[]).await?.try_get::<_, i64>(0)?).unwrap_or_default())
}

pub(super) async fn sweep(client: &mut Object, retention: &Retention, now: i64) -> Result<u64, Error> {
    let before = |time: Duration| now.saturating_sub(i64::try_from(time.as_millis()).unwrap_or(i64::MAX));
    let over = used_bytes(client).await? > retention.max_bytes / 10 * 9;
    let transaction = patient(client).await?;

    // By index: one look for each subscriber.
    let discard = "UPDATE webhook_inbox_deliveries d SET state = 5, due_at = $1 FROM webhook_inbox_subscribers s
                   WHERE d.subscriber = s.name AND d.state = 3 AND d.due_at < $2";
    let mut touched = transaction.execute(discard, &[&now, &before(retention.dead)]).await?;

    // Bodies first; over the cap also those that are not old yet. The table of subscribers is read so that none is given
    // what loses its body here.
    let done_before = if over { i64::MAX } else { before(retention.done) };
    let strip = "UPDATE webhook_inbox_events SET body = NULL, headers = NULL WHERE seq IN (
                     SELECT e.seq FROM webhook_inbox_events e
                     WHERE e.body IS NOT NULL AND e.received_at < $1 AND NOT EXISTS (
                         SELECT 1 FROM webhook_inbox_subscribers s
                         JOIN webhook_inbox_deliveries d ON d.subscriber = s.name AND d.seq = e.seq
                         WHERE d.state NOT IN (2, 5))
                     ORDER BY e.received_at LIMIT $2 FOR UPDATE OF e SKIP LOCKED)";
    touched += transaction.execute(strip, &[&done_before, &i64::from(AT_ONCE)]).await?;

    // Then the key, once its sender has long given up.
    let forget = "WITH old AS (
                      SELECT seq FROM webhook_inbox_events WHERE body IS NULL AND key_until < $1
                      LIMIT $2 FOR UPDATE SKIP LOCKED
                  ), gone AS (
                      DELETE FROM webhook_inbox_deliveries d USING old, webhook_inbox_subscribers s
                      WHERE d.subscriber = s.name AND d.seq = old.seq
                  )
                  DELETE FROM webhook_inbox_events e USING old WHERE e.seq = old.seq";
    touched += transaction.execute(forget, &[&now, &i64::from(AT_ONCE)]).await?;
    transaction.commit().await?;
    Ok(touched)
}

/// The name and a part of the rows of this subscriber.
pub(super) async fn forget_subscriber(client: &mut Object, name: &str) -> Result<u64, Error> {
    let transaction = patient(client).await?;
    let known = "SELECT 1 FROM webhook_inbox_subscribers WHERE name = $1";
    if transaction.query_opt(known, &[&name]).await?.is_some() {
        // As when it was written down: whatever is being stored is stored before, and what comes later sees that it is gone.
        transaction.batch_execute("LOCK TABLE webhook_inbox_subscribers IN ACCESS EXCLUSIVE MODE").await?;
        transaction.execute("DELETE FROM webhook_inbox_subscribers WHERE name = $1", &[&name]).await?;
    }
    let delete = "DELETE FROM webhook_inbox_deliveries WHERE subscriber = $1
                  AND seq IN (SELECT seq FROM webhook_inbox_deliveries WHERE subscriber = $1 LIMIT $2)";
    let deleted = transaction.execute(delete, &[&name, &i64::from(AT_ONCE)]).await?;
    transaction.commit().await?;
    Ok(deleted)
}
