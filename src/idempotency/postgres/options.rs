//! How the store is reached, and what is looked at before it is used.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Client, Pool, PoolError};

use super::schema::{self, quoted, wrong};
use super::statements::Statements;
use super::{PostgresError, PostgresStore};
use crate::config_error::{ConfigError, ConfigErrorKind};
use crate::postgres;

/// How long a caller waits for a connection of the pool.
const WAIT: Duration = Duration::from_millis(250);
/// How often what has ended is deleted.
const PURGE_EVERY: Duration = Duration::from_secs(60);
/// The oldest major version: with `INSERT … ON CONFLICT` and generated plans as they are used here.
const OLDEST: i32 = 12;

/// How a [`PostgresStore`] is reached.
#[derive(Clone, Debug)]
#[must_use]
pub struct PostgresOptions {
    schema: String,
    connections: usize,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self { schema: String::from("public"), connections: 16 }
    }
}

impl PostgresOptions {
    /// In which schema the tables are. It is made where it is missing and the user may. Default: `public`.
    ///
    /// # Errors
    /// Not 1 to 63 letters, digits and underscores.
    pub fn schema(self, schema: &str) -> Result<Self, ConfigError> {
        quoted(schema)?;
        Ok(Self { schema: schema.to_owned(), ..self })
    }

    /// How many connections there are at most, of [`connect`](Self::connect). Default: 16.
    pub fn connections(self, most: usize) -> Self {
        Self { connections: most.max(1), ..self }
    }

    /// The database at this URL, without TLS.
    ///
    /// # Errors
    /// A URL that is none, a server that cannot be reached ([`ConfigErrorKind::StoreUnreachable`]), that stands in
    /// recovery, or is older than 12; tables of another version; a user who may not make them.
    pub async fn connect(self, url: &str) -> Result<PostgresStore, ConfigError> {
        let pool = postgres::pool(postgres::config(url).map_err(wrong)?, self.connections, WAIT).map_err(wrong)?;
        self.with_pool(pool).await
    }

    /// The database of a pool that is there already: with TLS, say. Give it timeouts: a call that waits for a connection
    /// waits for as long as the pool lets it, and for no longer than the layer's budget.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub async fn with_pool(self, pool: Pool) -> Result<PostgresStore, ConfigError> {
        let schema = quoted(&self.schema)?;
        let mut client = pool.get().await.map_err(unreachable)?;
        let warnings = look_at(&client).await.map_err(|error| wrong(error.to_string()))??;
        schema::migrate(&mut client, &schema).await.map_err(|error| wrong(error.to_string()))??;
        drop(client);
        let store = PostgresStore { pool, statements: Arc::new(Statements::of(&schema)), warnings: warnings.into() };
        keep_clean(&store);
        Ok(store)
    }
}

/// Whether the server is there and says no, or may say yes later.
fn unreachable(error: PoolError) -> ConfigError {
    let error = PostgresError::from(error);
    let said = error.database().and_then(tokio_postgres::Error::as_db_error).map(|said| said.code().code().to_owned());
    // Of class 53 it has no room, of class 57 it begins or ends.
    let passes = said.is_none_or(|code| code.starts_with("53") || code.starts_with("57"));
    let kind = if passes { ConfigErrorKind::StoreUnreachable } else { ConfigErrorKind::Store };
    ConfigError::new(kind, error.to_string())
}

/// What the server is set to.
async fn look_at(client: &Client) -> Result<Result<Vec<String>, ConfigError>, PostgresError> {
    let row = client
        .query_one(
            "SELECT current_setting('server_version_num')::integer / 10000, pg_is_in_recovery(),
                    current_setting('synchronous_commit'), current_setting('fsync')",
            &[],
        )
        .await?;
    let (version, in_recovery): (i32, bool) = (row.try_get(0)?, row.try_get(1)?);
    if version < OLDEST {
        return Ok(Err(wrong(format!("PostgreSQL {version} is too old: {OLDEST} or newer is needed"))));
    }
    if in_recovery {
        return Ok(Err(wrong("this server is a standby, which takes no claims: name the primary")));
    }
    let mut warnings = Vec::new();
    if row.try_get::<_, String>(2)? == "off" {
        warnings.push(String::from(
            "`synchronous_commit` is off: a crash of the server may forget the last records, and deliveries run again",
        ));
    }
    if row.try_get::<_, String>(3)? == "off" {
        warnings.push(String::from("`fsync` is off: a crash of the machine may destroy the database"));
    }
    Ok(Ok(warnings))
}

/// Deletes what has ended, for as long as there is a pool to ask.
fn keep_clean(store: &PostgresStore) {
    let (pool, statements) = (store.pool.weak(), Arc::downgrade(&store.statements));
    drop(tokio::spawn(async move {
        loop {
            tokio::time::sleep(PURGE_EVERY).await;
            let (Some(pool), Some(statements)) = (pool.upgrade(), statements.upgrade()) else { return };
            let store = PostgresStore { pool, statements, warnings: [].into() };
            // Until there is no more, or the database is away: then in a minute.
            while store.delete_what_has_ended().await.is_ok_and(|deleted| deleted > 0) {}
        }
    }));
}
