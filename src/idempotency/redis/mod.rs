//! Claims and finished deliveries in Redis or Valkey, for several processes.

mod connection;
mod scripts;
mod settings;
mod value;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use redis::{RedisError, RedisResult, ScriptInvocation};

use self::connection::Connection;
use self::settings::Settings;
use self::value::{State, decode, encode};
use super::store::{Claim, Claimed, Fenced, Guarantees, Guarded, Store};
use crate::config_error::{ConfigError, ConfigErrorKind};
use crate::delivery_key::Key;
use crate::encoding::Encoding;

/// Keeps claims and finished deliveries in Redis (7.0 or newer) or Valkey, where several processes see them.
///
/// A claim is one `SET … NX GET PX`: the lease is the key's own time to live, judged by the server's clock. A first run
/// costs two round trips, a duplicate one. Calls that are made at the same time share one connection and its pipelines;
/// a call whose answer was lost is repeated once, under the same token, within the budget of the layer.
///
/// What it promises: copies that come at the same time, or later, do not run while the server keeps its data. What it
/// does not: a server that restarts without its append-only file, or a replica that takes over before a claim has
/// reached it, has forgotten, and a copy runs again. Where that must not be, use the key in
/// [`IdempotencyContext`](super::IdempotencyContext) as a unique constraint in the handler's own transaction.
///
/// Deployment caveat: `maxmemory-policy noeviction` and `appendonly yes`. [`connect`](Self::connect) refuses a server that
/// may drop claims; [`warnings`](Self::warnings) says what else was found. Its user needs the commands `SET`, `GET`, `DEL`,
/// `PEXPIRE`, `PTTL`, `EVAL`, `EVALSHA` and `INFO` on the keys `whk:*`.
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
    prefix: Arc<str>,
    settings: Settings,
}

/// How a [`RedisStore`] is reached, and what is asked of its server.
#[derive(Clone, Debug)]
#[must_use]
pub struct RedisOptions {
    prefix: Arc<str>,
    may_evict: bool,
}

impl Default for RedisOptions {
    fn default() -> Self {
        Self { prefix: "whk:1:".into(), may_evict: false }
    }
}

impl RedisOptions {
    /// What stands before each key. Default: `whk:1:`.
    ///
    /// # Errors
    /// More than 64 bytes, or others than printable ASCII; braces, which would tie all keys to one server of a cluster.
    pub fn prefix(mut self, prefix: &str) -> Result<Self, ConfigError> {
        if prefix.len() > 64 || !prefix.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'{' | b'}')) {
            return Err(wrong(String::from("a prefix is at most 64 printable characters without braces")));
        }
        self.prefix = prefix.into();
        Ok(self)
    }

    /// Takes a server that drops keys when its memory is short. Each claim that it drops is a delivery that may run twice.
    pub const fn may_evict(mut self) -> Self {
        self.may_evict = true;
        self
    }

    /// One server, by its URL: `redis://user:password@host:port/database`.
    ///
    /// # Errors
    /// What is no URL, a server that refuses the password, is older than 7.0, or may drop claims. One that does not answer
    /// within a second or so, or is not ready yet, is of the kind
    /// [`StoreUnreachable`](crate::ConfigErrorKind::StoreUnreachable): it can be tried again.
    pub async fn connect(self, url: &str) -> Result<RedisStore, ConfigError> {
        self.check(Connection::single(url).await).await
    }

    /// A cluster, by the URLs of some of its servers.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub async fn connect_cluster<U: Into<String>>(
        self,
        urls: impl IntoIterator<Item = U>,
    ) -> Result<RedisStore, ConfigError> {
        self.check(Connection::cluster(urls.into_iter().map(Into::into).collect()).await).await
    }

    /// The server that the sentinels at these URLs call the master of this name. After a failover it is asked for anew.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub async fn connect_sentinel<U: Into<String>>(
        self,
        urls: impl IntoIterator<Item = U>,
        master: &str,
    ) -> Result<RedisStore, ConfigError> {
        self.check(Connection::sentinel(urls.into_iter().map(Into::into).collect(), master).await).await
    }

    async fn check(self, connection: RedisResult<Connection>) -> Result<RedisStore, ConfigError> {
        // Neither text shows the URL, in which a password may stand.
        let failed = |error: RedisError| {
            let text = format!("Redis cannot be reached: {error}");
            if connection::is_passing(&error) {
                ConfigError::new(ConfigErrorKind::StoreUnreachable, text)
            } else {
                wrong(text)
            }
        };
        let mut connection = connection.map_err(failed)?;
        let info = settings::read(&mut connection).await.map_err(failed)?;
        let settings = settings::judge(&info, self.may_evict)?;
        Ok(RedisStore { connection, prefix: self.prefix, settings })
    }
}

fn wrong(detail: String) -> ConfigError {
    ConfigError::new(ConfigErrorKind::Store, detail)
}

impl RedisStore {
    /// One server, by its URL: `redis://user:password@host:port/database`. [`RedisOptions`] has the other ways.
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

    fn name(&self, key: &Key) -> String {
        format!("{}{}", self.prefix, Encoding::Base64Url.encode(key.as_bytes()))
    }

    /// Calls once more where the answer may have been lost: each call can be repeated under its token.
    async fn call<T, F: Future<Output = RedisResult<T>>>(&self, call: impl Fn(Connection) -> F) -> RedisResult<T> {
        match call(self.connection.clone()).await {
            Err(error) if error.is_io_error() || error.is_timeout() => call(self.connection.clone()).await,
            answer => answer,
        }
    }

    async fn run(&self, script: &ScriptInvocation<'_>) -> RedisResult<Fenced> {
        Ok(if self.verdict(script).await? == 0 { Fenced::Lost } else { Fenced::Ok })
    }

    async fn verdict(&self, script: &ScriptInvocation<'_>) -> RedisResult<u8> {
        self.call(|mut connection| async move { script.invoke_async(&mut connection).await }).await
    }

    /// What stands under a key, and how much of its time is left.
    async fn find(&self, key: &Key) -> RedisResult<(Option<Bytes>, Duration)> {
        let name = self.name(key);
        let (found, left): (Option<Bytes>, i64) = self
            .call(|mut connection| {
                let name = &name;
                async move { redis::pipe().get(name).pttl(name).query_async(&mut connection).await }
            })
            .await?;
        Ok((found, millis(left)))
    }

    async fn take(&self, claimed: &Claimed, lease: Duration) -> RedisResult<Claim> {
        let (name, value) = (self.name(&claimed.key), encode(State::Pending, claimed, b""));
        let (found, left): (Option<Bytes>, i64) = self
            .call(|mut connection| {
                let (name, value) = (&name, value.as_slice());
                async move {
                    let mut pipe = redis::pipe();
                    pipe.cmd("SET").arg(name).arg(value).arg("NX").arg("GET").arg("PX").arg(as_millis(lease));
                    pipe.pttl(name).query_async(&mut connection).await
                }
            })
            .await?;
        Ok(match found {
            None => Claim::Owned { attempt: None },
            Some(found) => decode(&found).answer(claimed, millis(left)),
        })
    }

    /// Writes the guard, where there is none; else says which key it names.
    async fn guard(&self, guard: &Key, key: &Key, lease: Duration) -> RedisResult<Option<Key>> {
        let name = self.name(guard);
        let found: Option<Bytes> = self
            .call(|mut connection| {
                let name = &name;
                async move {
                    let mut set = redis::cmd("SET");
                    set.arg(name).arg(key.as_bytes()).arg("NX").arg("GET").arg("PX").arg(as_millis(lease));
                    set.query_async(&mut connection).await
                }
            })
            .await?;
        let known = found.and_then(|found| <[u8; 32]>::try_from(&*found).ok()).map(Key::from_bytes);
        Ok(known.filter(|known| known != key))
    }

    async fn keep_guard(&self, claimed: &Claimed, time: Duration) -> RedisResult<()> {
        let Some(guard) = &claimed.guard else { return Ok(()) };
        self.take_guard(guard, &claimed.key, &claimed.key, time).await.map(drop)
    }

    async fn take_guard(&self, guard: &Key, from: &Key, to: &Key, time: Duration) -> RedisResult<Fenced> {
        let mut script = scripts::TAKE_GUARD.key(self.name(guard));
        self.run(script.arg(from.as_bytes()).arg(to.as_bytes()).arg(as_millis(time))).await
    }

    async fn claim_guarded(&self, claimed: &Claimed, guard: &Key, lease: Duration) -> RedisResult<Claim> {
        // The claim arrives before the guard, so whoever sees the guard also sees the claim.
        let (claim, known) = if self.connection.keeps_order() {
            let (claim, known) = tokio::join!(self.take(claimed, lease), self.guard(guard, &claimed.key, lease));
            (claim?, known?)
        } else {
            let claim = self.take(claimed, lease).await?;
            (claim, self.guard(guard, &claimed.key, lease).await?)
        };
        let (Claim::Owned { .. }, Some(of)) = (&claim, known) else { return Ok(claim) };
        let (found, left) = self.find(&of).await?;
        let state = match found.as_ref().map(decode) {
            Some(found) if found.state == State::Done => Guarded::Done { record: found.record },
            Some(_) => Guarded::InFlight { retry_in: left },
            None => match self.take_guard(guard, &of, &claimed.key, lease).await? {
                Fenced::Ok => return Ok(claim),
                // A third one has taken it over in between, and is at work.
                Fenced::Lost => Guarded::InFlight { retry_in: lease },
            },
        };
        // Another's by now, or gone: either way it is no longer ours.
        let _: Fenced = self.run(scripts::RELEASE.key(self.name(&claimed.key)).arg(claimed.token.as_bytes())).await?;
        Ok(Claim::Replayed { of, state })
    }
}

/// The longest time to live that is asked for: a hundred years, well within what Redis can count.
const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

fn as_millis(time: Duration) -> u64 {
    u64::try_from(time.min(CENTURY).as_millis()).unwrap_or(u64::MAX).max(1)
}

/// Redis says less than nothing where a key has gone or has no end.
fn millis(left: i64) -> Duration {
    Duration::from_millis(u64::try_from(left).unwrap_or(0))
}

impl Store for RedisStore {
    type Error = RedisError;

    async fn claim(&self, claimed: &Claimed, lease: Duration) -> Result<Claim, RedisError> {
        match &claimed.guard {
            None => self.take(claimed, lease).await,
            Some(guard) => self.claim_guarded(claimed, guard, lease).await,
        }
    }

    async fn complete(&self, claimed: &Claimed, record: Bytes, retain_for: Duration) -> Result<Fenced, RedisError> {
        let mut script = scripts::COMPLETE.key(self.name(&claimed.key));
        let value = encode(State::Done, claimed, &record);
        script.arg(claimed.token.as_bytes()).arg(value).arg(as_millis(retain_for));
        let (fenced, guard) = tokio::join!(self.run(&script), self.keep_guard(claimed, retain_for));
        guard?;
        fenced
    }

    async fn release(&self, claimed: &Claimed) -> Result<Fenced, RedisError> {
        let fenced = self.run(scripts::RELEASE.key(self.name(&claimed.key)).arg(claimed.token.as_bytes())).await?;
        if let (Fenced::Ok, Some(guard)) = (fenced, &claimed.guard)
            && self.find(&claimed.key).await?.0.is_none()
        {
            let _: Fenced = self.run(scripts::DROP_GUARD.key(self.name(guard)).arg(claimed.key.as_bytes())).await?;
        }
        Ok(fenced)
    }

    async fn extend(&self, claimed: &Claimed, lease: Duration) -> Result<Fenced, RedisError> {
        let mut script = scripts::EXTEND.key(self.name(&claimed.key));
        script.arg(claimed.token.as_bytes()).arg(encode(State::Pending, claimed, b"")).arg(as_millis(lease));
        let verdict = self.verdict(&script).await?;
        // The guard of what is done lasts for as long as that does.
        if verdict == 1 {
            self.keep_guard(claimed, lease).await?;
        }
        Ok(if verdict == 0 { Fenced::Lost } else { Fenced::Ok })
    }

    async fn forget(&self, key: &Key) -> Result<bool, RedisError> {
        let name = self.name(key);
        let removed: u64 = self
            .call(|mut connection| {
                let name = &name;
                async move { redis::cmd("DEL").arg(name).query_async(&mut connection).await }
            })
            .await?;
        Ok(removed > 0)
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
