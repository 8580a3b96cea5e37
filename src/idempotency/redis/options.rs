//! How the store is reached, and what is asked of its server.

use std::sync::Arc;
#[cfg(feature = "moka")]
use std::time::Duration;

use redis::{RedisError, RedisResult};

use super::connection::Connection;
use super::recent::Recent;
use super::{RedisStore, kept, settings};
use crate::config_error::{ConfigError, ConfigErrorKind};
use crate::secret::Secret;

/// How a [`RedisStore`] is reached, and what is asked of its server.
#[derive(Clone, Debug)]
#[must_use]
pub struct RedisOptions {
    prefix: Arc<str>,
    may_evict: bool,
    min_replicas: u8,
    login: Option<(Arc<str>, Secret)>,
    /// Bytes, and how long.
    #[cfg(feature = "moka")]
    recent: Option<(u64, Duration)>,
}

impl Default for RedisOptions {
    fn default() -> Self {
        Self {
            prefix: "whk:1:".into(),
            may_evict: false,
            min_replicas: 0,
            login: None,
            #[cfg(feature = "moka")]
            recent: None,
        }
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

    /// How many replicas must have a claim before its handler runs, and a record before its sender is answered. Default:
    /// none.
    ///
    /// Each of these calls ends with `WAIT`, on one of eight connections of their own. Where fewer replicas say within
    /// 90 ms that they have it, the call has failed and its outcome is open, which
    /// [`OnStoreFailure`](crate::idempotency::OnStoreFailure) decides upon: by default 503. It narrows the gap that a
    /// failover leaves, and does not close it: the replica that is made the master need not be one of those.
    pub const fn min_replicas(mut self, least: u8) -> Self {
        self.min_replicas = least;
        self
    }

    /// Keeps finished deliveries in memory as well, so that a duplicate of one that this process finished, or has asked
    /// for, needs no round trip: in about `max_bytes` bytes, the least used go first, and each for `at_most`, or until its
    /// time is up. Default: none is kept. Claims never are.
    ///
    /// [`forget`](crate::idempotency::Store::forget) empties the entry of this process. Other processes keep theirs: what
    /// is forgotten here, or by the tool, may be answered there as a duplicate for up to `at_most`. So choose about as
    /// long as senders take to come again, such as a minute, and wait as long before you ask one to deliver again.
    #[cfg(feature = "moka")]
    pub const fn keep_finished(mut self, max_bytes: u64, at_most: Duration) -> Self {
        self.recent = Some((max_bytes, at_most));
        self
    }

    /// Who logs in at the master that sentinels name, which need not be who logs in at the sentinels. Elsewhere user and
    /// password stand in the URL.
    pub fn login(mut self, user: &str, password: Secret) -> Self {
        self.login = Some((user.into(), password));
        self
    }

    /// One server, by its URL: `redis://user:password@host:port/database`, or `rediss://…` for TLS (feature `redis-tls`),
    /// where the system's certificates vouch for the server (`SSL_CERT_FILE` names others).
    ///
    /// # Errors
    /// What is no URL, a server that refuses the password, is older than 7.0, or may drop claims. One that does not answer
    /// within a second or so, is not ready yet, or is a replica, is of the kind
    /// [`StoreUnreachable`](crate::ConfigErrorKind::StoreUnreachable): it can be tried again.
    pub async fn connect(self, url: &str) -> Result<RedisStore, ConfigError> {
        self.check(Connection::single(url)).await
    }

    /// A cluster, by the URLs of some of its servers. Each of its masters is asked for its settings.
    ///
    /// # Errors
    /// As [`connect`](Self::connect); and with [`min_replicas`](Self::min_replicas).
    pub async fn connect_cluster<U: Into<String>>(
        self,
        urls: impl IntoIterator<Item = U>,
    ) -> Result<RedisStore, ConfigError> {
        if self.min_replicas > 0 {
            return Err(wrong(String::from(
                "a cluster cannot be asked to wait for replicas: leave `min_replicas` out",
            )));
        }
        self.check(Connection::cluster(urls.into_iter().map(Into::into).collect()).await).await
    }

    /// The server that the sentinels at these URLs call the master of this name. After a failover it is asked for anew. It
    /// is reached by TLS where they are. See [`login`](Self::login).
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub async fn connect_sentinel<U: Into<String>>(
        self,
        urls: impl IntoIterator<Item = U>,
        master: &str,
    ) -> Result<RedisStore, ConfigError> {
        let login = self.login.as_ref().map(|(user, password)| (&**user, password.expose()));
        let login = login.map(|(user, password)| str::from_utf8(password).map(|password| (user, password)));
        let login = login.transpose().map_err(|_| wrong(String::from("the password is no text")))?;
        let connection = Connection::sentinel(urls.into_iter().map(Into::into).collect(), master, login);
        self.check(connection).await
    }

    async fn check(self, connection: RedisResult<Connection>) -> Result<RedisStore, ConfigError> {
        // Neither text shows the URL, in which a password may stand.
        let failed = |error: RedisError| {
            let text = format!("Redis cannot be reached: {error}");
            if kept::is_passing(&error) && !kept::is_of_certificates(&error) {
                ConfigError::new(ConfigErrorKind::StoreUnreachable, text)
            } else {
                wrong(text)
            }
        };
        let connection = connection.map_err(failed)?;
        let servers = settings::read(&connection).await.map_err(failed)?;
        let settings = settings::judge(&servers, self.may_evict)?;
        let replicas = connection.replicas(self.min_replicas).map(Arc::new);
        #[cfg(feature = "moka")]
        let recent = self.recent.map(|(max_bytes, at_most)| Recent::new(max_bytes, at_most)).unwrap_or_default();
        #[cfg(not(feature = "moka"))]
        let recent = Recent::default();
        Ok(RedisStore { connection, replicas, prefix: self.prefix, settings, unfinished: Arc::default(), recent })
    }
}

fn wrong(detail: String) -> ConfigError {
    ConfigError::new(ConfigErrorKind::Store, detail)
}
