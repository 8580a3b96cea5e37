//! The tables, made where they are missing, and who gets the events.

use std::sync::Arc;

use deadpool_postgres::{Object, Transaction};
use tokio_postgres::Error;

use super::{events, failed, wrong};
use crate::inbox::error::{InboxError, InboxErrorKind};
use crate::inbox::subscriber::Filter;

/// The version of the tables below.
const VERSION: i32 = 2;
/// Whoever makes the tables holds this lock meanwhile: the first eight bytes of the SHA-256 of `tower-webhook inbox`.
const LOCK: i64 = 0x07b3_70ae_91b4_5c0d;
/// The oldest major version: with generated columns, covering indexes and `starts_with` as they are used here.
const OLDEST: i32 = 12;
/// For what takes long because there is much of it. A lock is waited for as long as deliveries may take.
const PATIENT: &str = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '30s'";

const TABLES: &str = "
CREATE TABLE webhook_inbox_events (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key bytea NOT NULL UNIQUE, route text NOT NULL,
    provider text NOT NULL, event_type text, delivery_id text, order_key text, meta text NOT NULL, headers bytea,
    body bytea, size bigint NOT NULL, received_at bigint NOT NULL, key_until bigint NOT NULL
);
CREATE TABLE webhook_inbox_deliveries (
    subscriber text NOT NULL, seq bigint NOT NULL, state smallint NOT NULL, attempt integer NOT NULL,
    due_at bigint NOT NULL, lease_until timestamptz, token bytea, last_status integer, last_error text, order_key text,
    PRIMARY KEY (subscriber, seq)
);
CREATE TABLE webhook_inbox_subscribers (name text PRIMARY KEY, types text[], routes text[]);
CREATE INDEX webhook_inbox_due ON webhook_inbox_deliveries (subscriber, state, due_at, seq);
CREATE INDEX webhook_inbox_line ON webhook_inbox_deliveries (subscriber, md5(order_key), seq)
    WHERE order_key IS NOT NULL AND state IN (0, 1, 3);
CREATE INDEX webhook_inbox_bodies ON webhook_inbox_events (received_at) INCLUDE (size) WHERE body IS NOT NULL;
CREATE INDEX webhook_inbox_keys ON webhook_inbox_events (key_until) WHERE body IS NULL;
";

/// From version 1, which looked for the head of a line among all that was ever in it.
const FROM_1: &str = "
ALTER TABLE webhook_inbox_deliveries ADD COLUMN order_key text;
UPDATE webhook_inbox_deliveries d SET order_key = e.order_key FROM webhook_inbox_events e
    WHERE e.seq = d.seq AND e.order_key IS NOT NULL;
CREATE INDEX webhook_inbox_line ON webhook_inbox_deliveries (subscriber, md5(order_key), seq)
    WHERE order_key IS NOT NULL AND state IN (0, 1, 3);
DROP INDEX webhook_inbox_order;
";

/// What the column `state` says. A suspect is one that runs, and whose lease has lapsed.
pub(super) mod state {
    pub(crate) const PENDING: i16 = 0;
    pub(crate) const RUNNING: i16 = 1;
    pub(crate) const DONE: i16 = 2;
    pub(crate) const DEAD: i16 = 3;
    pub(crate) const DISCARDED: i16 = 5;
}

/// Whether the server can keep what is promised.
pub(super) async fn look_at(client: &Object) -> Result<(), InboxError> {
    let unreadable = |error| failed(error, InboxErrorKind::Open);
    let row = client
        .query_one(
            "SELECT current_setting('server_version_num')::integer / 10000, pg_is_in_recovery(),
                    current_setting('synchronous_commit'), current_setting('fsync'), current_setting('server_encoding')",
            &[],
        )
        .await
        .map_err(unreadable)?;
    let text = |column: usize| row.try_get::<_, String>(column).map_err(unreadable);
    let version: i32 = row.try_get(0).map_err(unreadable)?;
    if version < OLDEST {
        return Err(wrong(format!("PostgreSQL {version} is too old: {OLDEST} or newer is needed")));
    }
    if row.try_get(1).map_err(unreadable)? {
        return Err(wrong("this server is a standby, which stores nothing: name the primary"));
    }
    if text(2)? == "off" {
        return Err(wrong(
            "`synchronous_commit` is off: a crash would lose what was acknowledged. Set it on for this user or database",
        ));
    }
    if text(4)? != "UTF8" {
        return Err(wrong("the encoding of the database is not UTF8, so not every text can be stored"));
    }
    if text(3)? == "off" {
        crate::inbox::log::poisoned("`fsync` is off in PostgreSQL: a crash of the machine loses what was acknowledged");
    }
    Ok(())
}

/// The version of the tables; `None` where there are none.
pub(super) async fn version(client: &Transaction<'_>) -> Result<Option<i32>, InboxError> {
    let unreadable = |error| failed(error, InboxErrorKind::Open);
    let there = client.query_one("SELECT to_regclass('webhook_inbox') IS NOT NULL", &[]).await.map_err(unreadable)?;
    if !there.try_get::<_, bool>(0).map_err(unreadable)? {
        return Ok(None);
    }
    let row = client.query_opt("SELECT version FROM webhook_inbox", &[]).await.map_err(unreadable)?;
    let version: Option<i32> = row.map(|row| row.try_get(0)).transpose().map_err(unreadable)?;
    match version {
        Some(version) if version > VERSION => Err(InboxError::new(
            InboxErrorKind::Newer,
            format!(
                "the inbox in this database has version {version}, and this version of tower-webhook knows {VERSION}: use a newer one"
            ),
        )),
        version => Ok(version),
    }
}

/// Makes what is missing, in one transaction.
pub(super) async fn migrate(client: &mut Object) -> Result<(), InboxError> {
    let refused = |error| failed(error, InboxErrorKind::Open);
    let transaction = client.transaction().await.map_err(refused)?;
    transaction.batch_execute(PATIENT).await.map_err(refused)?;
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await.map_err(refused)?;
    let missing = match version(&transaction).await? {
        None => format!(
            "CREATE TABLE webhook_inbox (version integer NOT NULL); INSERT INTO webhook_inbox VALUES ({VERSION}); {TABLES}"
        ),
        Some(1) => format!("{FROM_1} UPDATE webhook_inbox SET version = {VERSION}"),
        Some(_) => String::new(),
    };
    transaction.batch_execute(&missing).await.map_err(refused)?;
    transaction.commit().await.map_err(refused)
}

/// Writes down who gets which events, and gives one that is new what was stored before, as far as its body is.
///
/// Whatever stores an event reads this table, in the statement that stores it. So nothing is stored while the table is
/// locked, and what is stored afterwards sees it: no event falls between.
pub(super) async fn register(client: &mut Object, subscribers: &[(Arc<str>, Filter)]) -> Result<(), Error> {
    let transaction = client.transaction().await?;
    transaction.batch_execute(PATIENT).await?;
    let mut others = Vec::new();
    for one in subscribers {
        let same = "SELECT 1 FROM webhook_inbox_subscribers
                    WHERE name = $1 AND types IS NOT DISTINCT FROM $2 AND routes IS NOT DISTINCT FROM $3";
        let (name, filter) = (&*one.0, &one.1);
        if transaction.query_opt(same, &[&name, &filter.types, &filter.routes]).await?.is_none() {
            others.push(one);
        }
    }
    if others.is_empty() {
        return transaction.commit().await;
    }
    transaction.commit().await?;
    let transaction = client.transaction().await?;
    transaction.batch_execute(PATIENT).await?;
    transaction.batch_execute("LOCK TABLE webhook_inbox_subscribers IN ACCESS EXCLUSIVE MODE").await?;
    for (name, filter) in others {
        let name = &**name;
        let known = "SELECT 1 FROM webhook_inbox_subscribers WHERE name = $1";
        let is_new = transaction.query_opt(known, &[&name]).await?.is_none();
        let write = "INSERT INTO webhook_inbox_subscribers VALUES ($1, $2, $3)
                     ON CONFLICT (name) DO UPDATE SET types = excluded.types, routes = excluded.routes";
        transaction.execute(write, &[&name, &filter.types, &filter.routes]).await?;
        if is_new {
            let fill = format!(
                "INSERT INTO webhook_inbox_deliveries (subscriber, seq, state, attempt, due_at, order_key)
                 SELECT s.name, e.seq, 0, 0, e.received_at, e.order_key
                 FROM webhook_inbox_events e, webhook_inbox_subscribers s
                 WHERE s.name = $1 AND e.body IS NOT NULL AND {} ON CONFLICT DO NOTHING",
                events::takes("e.route", "e.event_type")
            );
            transaction.execute(&fill, &[&name]).await?;
        }
    }
    transaction.commit().await
}

/// In a transaction of its own: what may take long.
pub(super) async fn patient(client: &mut Object) -> Result<Transaction<'_>, Error> {
    let transaction = client.transaction().await?;
    transaction.batch_execute(PATIENT).await?;
    Ok(transaction)
}
