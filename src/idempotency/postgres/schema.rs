//! The tables, made where they are missing.

use deadpool_postgres::Client;
use tokio_postgres::error::SqlState;

use super::PostgresError;
use crate::config_error::{ConfigError, ConfigErrorKind};

/// What this version of the crate knows.
const VERSION: i32 = 1;
/// Whoever makes the tables holds this lock meanwhile: the first eight bytes of the SHA-256 of `tower-webhook`.
const LOCK: i64 = 0x2b1c_6d1f_0f52_4c5e;

/// The name of the schema, quoted.
pub(super) fn quoted(schema: &str) -> Result<String, ConfigError> {
    let sound = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if schema.is_empty() || schema.len() > 63 || !schema.bytes().all(sound) {
        return Err(wrong("a schema is at most 63 letters, digits and underscores"));
    }
    Ok(format!("\"{schema}\""))
}

pub(super) fn wrong(what: impl Into<String>) -> ConfigError {
    ConfigError::new(ConfigErrorKind::Store, what.into())
}

/// Makes what is missing, in one transaction, and refuses tables that are newer than this crate.
pub(super) async fn migrate(client: &mut Client, schema: &str) -> Result<Result<(), ConfigError>, PostgresError> {
    let transaction = client.transaction().await?;
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    if let Err(error) = transaction.batch_execute(&format!("CREATE SCHEMA IF NOT EXISTS {schema}")).await {
        // Who may not make schemas may have been given one.
        if error.code() != Some(&SqlState::INSUFFICIENT_PRIVILEGE) {
            return Err(error.into());
        }
        return Ok(Err(wrong(format!("this user may not make the schema {schema}: make it, and let the user own it"))));
    }
    transaction
        .batch_execute(&format!("CREATE TABLE IF NOT EXISTS {schema}.webhook_store (version integer NOT NULL)"))
        .await?;
    let found = transaction.query_opt(&format!("SELECT version FROM {schema}.webhook_store"), &[]).await?;
    match found.map(|row| row.try_get::<_, i32>(0)).transpose()? {
        None => {
            transaction.batch_execute(&tables(schema)).await?;
            transaction.execute(&format!("INSERT INTO {schema}.webhook_store VALUES ($1)"), &[&VERSION]).await?;
        }
        Some(VERSION) => {}
        Some(other) => {
            return Ok(Err(wrong(format!(
                "the tables in {schema} are of version {other}, and this crate knows version {VERSION}: use a newer one"
            ))));
        }
    }
    transaction.commit().await?;
    Ok(Ok(()))
}

/// `until` is the end of a lease, or of a finished record.
fn tables(schema: &str) -> String {
    format!(
        "CREATE TABLE {schema}.webhook_deliveries (
             key bytea PRIMARY KEY,
             fp bytea,
             done boolean NOT NULL,
             token bytea NOT NULL,
             attempt integer NOT NULL,
             until timestamptz NOT NULL,
             record bytea
         );
         CREATE INDEX webhook_deliveries_until ON {schema}.webhook_deliveries (until);
         CREATE TABLE {schema}.webhook_guards (
             guard bytea PRIMARY KEY,
             key bytea NOT NULL,
             until timestamptz NOT NULL
         );
         CREATE INDEX webhook_guards_until ON {schema}.webhook_guards (until);"
    )
}
