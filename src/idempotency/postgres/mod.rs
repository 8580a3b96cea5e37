//! Claims and finished deliveries in PostgreSQL, for several processes, and within a transaction of the handler's own.

mod calls;
mod error;
mod options;
mod schema;
mod statements;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use deadpool_postgres::Pool;
use tokio_postgres::Transaction;

pub use self::error::PostgresError;
pub use self::options::PostgresOptions;
use self::statements::Statements;
use super::record::{self, StoredBody};
use super::store::{Claim, Claimed, Fenced, Guarantees, Store, Survives};
use crate::config_error::ConfigError;
use crate::delivery_key::Key;
use crate::run_context::IdempotencyContext;

/// Keeps claims and finished deliveries in PostgreSQL (12 or newer), where several processes see them.
///
/// A claim is one `INSERT … ON CONFLICT`; leases are judged by the database's clock. A first run costs two round trips,
/// a duplicate one; with a [replay guard](super::ReplayGuard) one more for a first run. A claim whose lease has lapsed is
/// taken over with its [attempt](IdempotencyContext::attempt) counted on, for a day.
///
/// What it promises: copies that come at the same time, or later, do not run; what was acknowledged survives a crash of
/// the database where `synchronous_commit` is on. What it does not: effects elsewhere and the record of them are two
/// things. A process that dies between them leaves a claim that lapses, and the delivery runs again. Where the effects are
/// rows of the same database, [`finish_in`](Self::finish_in) makes them one.
///
/// Its tables `webhook_deliveries`, `webhook_guards` and `webhook_store` are made where they are missing, in the schema
/// `public` or [another](PostgresOptions::schema). What has ended is deleted in the background, a thousand rows at a time,
/// each minute.
///
/// ```no_run
/// # async fn connect() -> Result<(), tower_webhook::ConfigError> {
/// use tower_webhook::idempotency::PostgresStore;
/// use tower_webhook::{IdempotencyLayer, Secret, WebhookOptions, provider};
///
/// let store = PostgresStore::connect("postgres://shop@127.0.0.1/shop").await?;
/// let shared = WebhookOptions::new().idempotency(IdempotencyLayer::new(store));
/// let stripe = shared.layer(provider::STRIPE, Secret::from_env("STRIPE_WEBHOOK_SECRET")?)?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct PostgresStore {
    pool: Pool,
    statements: Arc<Statements>,
    warnings: Arc<[String]>,
}

impl PostgresStore {
    /// The database at this URL, without TLS: `postgres://user:password@host:port/database`. With TLS, or a pool that is
    /// there already: [`PostgresOptions::with_pool`].
    ///
    /// # Errors
    /// As [`PostgresOptions::connect`].
    pub async fn connect(url: &str) -> Result<Self, ConfigError> {
        PostgresOptions::default().connect(url).await
    }

    /// Another schema, a pool of your own.
    pub fn options() -> PostgresOptions {
        PostgresOptions::default()
    }

    /// What an operator should know of the server's settings, in sentences.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Records, in the transaction in which the handler does its work, that the delivery of this run is finished, for
    /// `retain_for`. Commit only on [`Fenced::Ok`]; then the effects and the record are one: there is no crash after which
    /// the delivery would run again, and none after which it would not.
    ///
    /// On [`Fenced::Lost`] roll back and answer with an error: the lease had lapsed and another run has the delivery, or
    /// has finished it. The row stays locked until the transaction ends, so two runs never pass here both.
    ///
    /// A copy that comes before the layer has recorded the answer itself gets an empty 200. `transaction` must be one of
    /// the database that this store is in; one of `deadpool_postgres` is given as `&*transaction`.
    ///
    /// # Errors
    /// The database refuses: roll back.
    pub async fn finish_in(
        &self,
        transaction: &Transaction<'_>,
        run: &IdempotencyContext,
        retain_for: Duration,
    ) -> Result<Fenced, PostgresError> {
        let claimed = Claimed { key: *run.key(), guard: None, fingerprint: None, token: *run.token() };
        let body = StoredBody::Bytes(Bytes::new());
        let record = record::encode(http::StatusCode::OK, &http::HeaderMap::new(), &[], None, &body);
        self.write_record(transaction, &claimed, &record, retain_for).await
    }

    /// Deletes up to a thousand rows of each table whose time is up, and says how many. The store does that by itself.
    ///
    /// # Errors
    /// The database cannot be asked.
    pub async fn purge(&self) -> Result<u64, PostgresError> {
        self.delete_what_has_ended().await
    }
}

impl Store for PostgresStore {
    type Error = PostgresError;

    async fn claim(&self, claimed: &Claimed, lease: Duration) -> Result<Claim, PostgresError> {
        let claim = self.take(claimed, lease).await?;
        match (&claim, &claimed.guard) {
            (Claim::Owned { .. }, Some(guard)) => match self.guard(claimed, guard, lease).await? {
                None => Ok(claim),
                Some(replayed) => Ok(replayed),
            },
            _ => Ok(claim),
        }
    }

    async fn complete(&self, claimed: &Claimed, record: Bytes, retain_for: Duration) -> Result<Fenced, PostgresError> {
        self.finish(claimed, &record, retain_for).await
    }

    async fn release(&self, claimed: &Claimed) -> Result<Fenced, PostgresError> {
        self.give_back(claimed).await
    }

    async fn extend(&self, claimed: &Claimed, lease: Duration) -> Result<Fenced, PostgresError> {
        self.prolong(claimed, lease).await
    }

    async fn forget(&self, key: &Key) -> Result<bool, PostgresError> {
        self.remove(key).await
    }

    fn guarantees(&self) -> Guarantees {
        Guarantees::IN_PROCESS.shared().surviving(Survives::Host)
    }

    fn backend(&self) -> &'static str {
        "postgres"
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").finish_non_exhaustive()
    }
}
