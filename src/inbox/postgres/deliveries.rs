//! The table of deliveries. When a delivery is due says the clock of the inbox; when a lease lapses, that of the
//! database, since several machines have to agree on it.

use std::time::Duration;

use deadpool_postgres::Object;
use tokio_postgres::{Error, Row};

use super::events;
use super::schema::state;
use crate::inbox::engine::{Due, Ending, Found, HeadOfLine, Job, Lease};

/// Takes what is due, suspects first, and lets others look at the rest.
pub(super) async fn due(client: &Object, ask: &Due, lease: Duration) -> Result<Found, Error> {
    let take = client.prepare_cached(&statement(ask.order)).await?;
    let next = client
        .prepare_cached(
            "SELECT min(due_at) FROM webhook_inbox_deliveries WHERE subscriber = $1 AND state = 0 AND due_at > $2",
        )
        .await?;
    let taken: Vec<i64> = ask.taken.iter().copied().collect();
    let limit = i64::try_from(ask.limit).unwrap_or(i64::MAX);
    let (subscriber, token) = (&*ask.subscriber, &ask.token.as_bytes()[..]);
    let (rows, next) = tokio::try_join!(
        async { client.query(&take, &[&subscriber, &ask.now, &taken, &limit, &token, &lease.as_secs_f64()]).await },
        async { client.query_one(&next, &[&subscriber, &ask.now]).await },
    )?;
    let mut jobs = rows.iter().map(|row| job(ask, row)).collect::<Result<Vec<_>, _>>()?;
    jobs.sort_by_key(|job| (!job.1.suspect, job.0, job.1.lease.seq));
    Ok(Found { jobs: jobs.into_iter().map(|(_, job)| job).collect(), next_due: next.try_get(0)? })
}

/// With when it is due.
fn job(ask: &Due, row: &Row) -> Result<(i64, Job), Error> {
    let lease = Lease { subscriber: ask.subscriber.clone(), seq: row.try_get(0)?, token: ask.token };
    let attempts = u32::try_from(row.try_get::<_, i32>(1)?).unwrap_or_default();
    let suspect = row.try_get::<_, i16>(2)? == state::RUNNING;
    Ok((row.try_get(3)?, Job { lease, attempts, suspect, event: events::read(row, 4)? }))
}

/// Subscriber, now, what is taken already, how many, token, seconds.
fn statement(order: Option<HeadOfLine>) -> String {
    // Only what is not finished is in the index of lines. A dead letter holds its line up where it was asked to.
    let blocking = match order {
        None => "",
        Some(HeadOfLine::Block) => "0, 1, 3",
        Some(HeadOfLine::SkipToDlq) => "0, 1",
    };
    let in_order = if blocking.is_empty() {
        String::new()
    } else {
        format!(
            "AND (d.order_key IS NULL OR NOT EXISTS (
                 SELECT 1 FROM webhook_inbox_deliveries p
                 WHERE p.subscriber = $1 AND md5(p.order_key) = md5(d.order_key) AND p.order_key = d.order_key
                   AND p.seq < d.seq AND p.state IN ({blocking})))"
        )
    };
    let free = "d.subscriber = $1 AND d.seq <> ALL ($3)";
    format!(
        "WITH suspects AS (
             SELECT d.seq FROM webhook_inbox_deliveries d
             WHERE {free} AND d.state = 1 AND d.lease_until < clock_timestamp() {in_order}
             ORDER BY d.due_at, d.seq LIMIT $4 FOR UPDATE SKIP LOCKED
         ), pending AS (
             SELECT d.seq FROM webhook_inbox_deliveries d
             WHERE {free} AND d.state = 0 AND d.due_at <= $2
               AND (d.lease_until IS NULL OR d.lease_until < clock_timestamp()) {in_order}
             ORDER BY d.due_at, d.seq LIMIT $4 - (SELECT count(*) FROM suspects) FOR UPDATE SKIP LOCKED
         ), found AS (SELECT seq FROM suspects UNION ALL SELECT seq FROM pending)
         UPDATE webhook_inbox_deliveries d SET token = $5, lease_until = clock_timestamp() + make_interval(secs => $6)
         FROM found JOIN webhook_inbox_events e ON e.seq = found.seq
         WHERE d.subscriber = $1 AND d.seq = found.seq
         RETURNING d.seq, d.attempt, d.state, d.due_at, {columns}",
        columns = events::COLUMNS,
    )
}

/// Counts the attempt of whoever has the lease. Nothing where that has lapsed: another may have it already.
pub(super) async fn begin(client: &Object, lease: &Lease, time: Duration) -> Result<Option<u32>, Error> {
    let update = client
        .prepare_cached(
            "UPDATE webhook_inbox_deliveries SET state = 1, attempt = attempt + 1,
                 lease_until = clock_timestamp() + make_interval(secs => $4)
             WHERE subscriber = $1 AND seq = $2 AND token = $3 AND state IN (0, 1) AND lease_until >= clock_timestamp()
             RETURNING attempt",
        )
        .await?;
    let token = &lease.token.as_bytes()[..];
    let row = client.query_opt(&update, &[&&*lease.subscriber, &lease.seq, &token, &time.as_secs_f64()]).await?;
    let attempt: Option<i32> = row.map(|row| row.try_get(0)).transpose()?;
    Ok(attempt.map(|attempt| u32::try_from(attempt).unwrap_or_default()))
}

/// `false`: the lease is another's by now, or the end was written down by an earlier try whose answer was lost.
pub(super) async fn finish(client: &Object, lease: &Lease, ending: &Ending) -> Result<bool, Error> {
    let update = client
        .prepare_cached(
            "UPDATE webhook_inbox_deliveries SET state = $4, due_at = $5, last_status = $6, last_error = $7,
                 attempt = greatest(attempt - $8, 0), token = NULL, lease_until = NULL
             WHERE subscriber = $1 AND seq = $2 AND token = $3",
        )
        .await?;
    let (to, at, status, error, back) = match ending {
        Ending::Dead { at, status, error } => (state::DEAD, at, *status, Some(error), 0_i32),
        Ending::Done { at, status } => (state::DONE, at, *status, None, 0),
        Ending::Retry { due, status, error } => (state::PENDING, due, *status, Some(error), 0),
        Ending::Returned { due } => (state::PENDING, due, None, None, 1),
    };
    let (status, error) = (status.map(i32::from), error.map(|error| events::text(error)));
    let token = &lease.token.as_bytes()[..];
    let changed =
        client.execute(&update, &[&&*lease.subscriber, &lease.seq, &token, &to, at, &status, &error, &back]).await?;
    Ok(changed > 0)
}

/// Lets all of these leases begin anew, as far as they are still whose they were.
pub(super) async fn extend(client: &Object, held: &[Lease], time: Duration) -> Result<(), Error> {
    let update = format!(
        "UPDATE webhook_inbox_deliveries d SET lease_until = clock_timestamp() + make_interval(secs => $4) {OF}"
    );
    let (subscribers, seqs, tokens) = columns(held);
    let update = client.prepare_cached(&update).await?;
    client.execute(&update, &[&subscribers, &seqs, &tokens, &time.as_secs_f64()]).await?;
    Ok(())
}

/// Ends these leases: what was not begun others may have at once, what did begin and has no end is a suspect.
pub(super) async fn give_back(client: &Object, gone: &[Lease]) -> Result<(), Error> {
    let update = format!("UPDATE webhook_inbox_deliveries d SET lease_until = clock_timestamp(), token = NULL {OF}");
    let (subscribers, seqs, tokens) = columns(gone);
    let update = client.prepare_cached(&update).await?;
    client.execute(&update, &[&subscribers, &seqs, &tokens]).await?;
    Ok(())
}

const OF: &str = "FROM unnest($1::text[], $2::bigint[], $3::bytea[]) AS held (subscriber, seq, token)
    WHERE d.subscriber = held.subscriber AND d.seq = held.seq AND d.token = held.token";

fn columns(leases: &[Lease]) -> (Vec<&str>, Vec<i64>, Vec<&[u8]>) {
    let subscribers = leases.iter().map(|lease| &*lease.subscriber).collect();
    let seqs = leases.iter().map(|lease| lease.seq).collect();
    (subscribers, seqs, leases.iter().map(|lease| &lease.token.as_bytes()[..]).collect())
}
