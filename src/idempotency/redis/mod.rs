//! Claims and finished deliveries in Redis or Valkey, for several processes.

mod calls;
mod connection;
mod kept;
mod options;
mod pipelines;
#[cfg(feature = "moka")]
mod recent;
#[cfg(not(feature = "moka"))]
#[path = "recent_disabled.rs"]
mod recent;
mod replicas;
mod scripts;
mod settings;
mod unfinished;
mod value;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use redis::RedisError;

use self::connection::Connection;
pub use self::options::RedisOptions;
use self::recent::Recent;
use self::replicas::Replicas;
use self::settings::Settings;
use self::unfinished::{Finishing, Unfinished};
use self::value::{State, encode};
use super::store::{Claim, Claimed, Fenced, Guarantees, Store};
use crate::config_error::ConfigError;
use crate::delivery_key::Key;

/// Keeps claims and finished deliveries in Redis (7.0 or newer) or Valkey, where several processes see them.
///
/// A claim is one `SET … NX GET PX`: the lease is the key's own time to live, judged by the server's clock. A first run
/// costs two round trips and a duplicate one; a copy of what is in flight two, since it is told how much of the lease is
/// left. Calls that are made at the same time share one connection, and what is asked for while a round trip is under
/// way shares the next one. In a cluster each command is sent by itself, to the server that has its slot. A call whose
/// answer was lost is repeated once, under the same token, within the budget of the layer.
///
/// What it promises: copies that come at the same time, or later, do not run while the server keeps its data. What it
/// does not: a server that restarts without its append-only file, or a replica that takes over before a claim has
/// reached it, has forgotten, and a copy runs again; with `appendfsync everysec` the last second or two before a crash of
/// the server may be forgotten, with `always` nothing that was acknowledged.
/// [`min_replicas`](RedisOptions::min_replicas) narrows what a failover forgets. Where a second run must not be, use the
/// key in [`IdempotencyContext`](super::IdempotencyContext) as a unique constraint in the handler's own transaction.
///
/// A record that the server does not take when its run ends, since it is away or full, is tried in the background until
/// it does, for ten minutes at most and 1024 records at a time: an outage that is shorter than the lease makes no
/// finished delivery run again. A process that ends meanwhile leaves a claim that lapses.
///
/// Deployment caveat: `maxmemory-policy noeviction`, `appendonly yes` and `appendfsync always`.
/// [`connect`](Self::connect) refuses a server that may drop claims; [`warnings`](Self::warnings) says what else was
/// found. Its user needs the commands `SET`, `GET`, `DEL`, `PEXPIRE`, `PTTL`, `EVAL`, `EVALSHA` and `INFO` on the keys
/// `whk:*`; where the URL names a database `SELECT` as well, with sentinels `ROLE`, in a cluster `CLUSTER SLOTS` and
/// `PING`, with `min_replicas` `WAIT`.
///
/// ```no_run
/// # async fn connect() -> Result<(), tower_webhook::ConfigError> {
/// use tower_webhook::idempotency::RedisStore;
/// use tower_webhook::{IdempotencyLayer, Secret, WebhookOptions, provider};
///
/// let store = RedisStore::connect("redis://127.0.0.1:6379/").await?;
/// let shared = WebhookOptions::new().idempotency(IdempotencyLayer::new(store));
/// let stripe = shared.layer(provider::STRIPE, Secret::from_env("STRIPE_WEBHOOK_SECRET")?)?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct RedisStore {
    connection: Connection,
    /// For what replicas must have, where the options say so.
    replicas: Option<Arc<Replicas>>,
    prefix: Arc<str>,
    settings: Settings,
    unfinished: Arc<Unfinished>,
    recent: Recent,
}

impl RedisStore {
    /// One server, by its URL: `redis://user:password@host:port/database`, or `rediss://…` for TLS (feature `redis-tls`).
    /// [`RedisOptions`] has the other ways.
    ///
    /// # Errors
    /// As [`RedisOptions::connect`].
    pub async fn connect(url: &str) -> Result<Self, ConfigError> {
        RedisOptions::default().connect(url).await
    }

    /// Another prefix, a cluster, sentinels.
    pub fn options() -> RedisOptions {
        RedisOptions::default()
    }

    /// What an operator should know of the server's settings, in sentences.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.settings.warnings
    }
}

impl Store for RedisStore {
    type Error = RedisError;

    async fn claim(&self, claimed: &Claimed, lease: Duration) -> Result<Claim, RedisError> {
        if let Some(done) = self.recent.find(claimed) {
            return Ok(done);
        }
        match &claimed.guard {
            None => self.take(claimed, lease).await,
            Some(guard) => self.claim_guarded(claimed, guard, lease).await,
        }
    }

    /// Goes on in the background where it fails, for ten minutes at most, until it is written, released or forgotten.
    async fn complete(&self, claimed: &Claimed, record: Bytes, retain_for: Duration) -> Result<Fenced, RedisError> {
        let finishing = Finishing::new(self, *claimed, record.clone(), retain_for);
        let fenced = self.finish(claimed, &record, retain_for).await?;
        finishing.finished();
        if fenced == Fenced::Ok {
            self.recent.keep(claimed.key, || encode(State::Done, claimed, &record).into(), retain_for);
        }
        Ok(fenced)
    }

    async fn release(&self, claimed: &Claimed) -> Result<Fenced, RedisError> {
        self.unfinished.end(claimed);
        let fenced = self.give_back(claimed).await?;
        if fenced == Fenced::Ok {
            self.drop_guard(claimed).await?;
        }
        Ok(fenced)
    }

    async fn extend(&self, claimed: &Claimed, lease: Duration) -> Result<Fenced, RedisError> {
        self.prolong(claimed, lease).await
    }

    async fn forget(&self, key: &Key) -> Result<bool, RedisError> {
        self.unfinished.forget(key);
        let removed = self.remove(key).await;
        // Afterwards, or a claim at the same time would bring it back.
        self.recent.forget(key);
        removed
    }

    fn guarantees(&self) -> Guarantees {
        self.settings.guarantees
    }

    fn backend(&self) -> &'static str {
        "redis"
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("prefix", &self.prefix)
            .field("guarantees", &self.settings.guarantees)
            .finish_non_exhaustive()
    }
}
