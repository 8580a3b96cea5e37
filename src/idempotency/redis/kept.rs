//! A connection to one server that is made anew when it breaks.

use std::error::Error;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::sentinel::{SentinelClient, SentinelNodeConnectionInfo, SentinelServerType};
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionInfo, ErrorKind, IntoConnectionInfo, RedisError, RedisResult, Value,
};
use tokio::sync::watch;

use super::pipelines::Pipelines;

/// How long one call waits for its answer. Shorter than the budget of the layer, so that a call whose answer was lost is
/// repeated within it.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_millis(110);
pub(super) const CONNECT_WITHIN: Duration = Duration::from_secs(1);

/// Where the server is.
pub(super) enum Source {
    /// The server that the sentinels call the master, which is asked for anew each time.
    Sentinels(Sentinels),
    Url(Client),
}

impl Source {
    async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        let config = AsyncConnectionConfig::new()
            .set_response_timeout(Some(ANSWER_WITHIN))
            .set_connection_timeout(Some(CONNECT_WITHIN));
        match self {
            Self::Sentinels(sentinels) => sentinels.client()?.get_async_connection_with_config(&config).await,
            Self::Url(client) => client.get_multiplexed_async_connection_with_config(&config).await,
        }
    }
}

/// Where sentinels are, whose master is meant, and how it is reached.
pub(super) struct Sentinels {
    servers: Vec<ConnectionInfo>,
    master: String,
    node: SentinelNodeConnectionInfo,
}

impl Sentinels {
    pub(super) fn new(urls: Vec<String>, master: &str, node: SentinelNodeConnectionInfo) -> RedisResult<Self> {
        let servers = urls.into_iter().map(String::into_connection_info).collect::<RedisResult<_>>()?;
        let sentinels = Self { servers, master: String::from(master), node };
        sentinels.client().map(|_| sentinels)
    }

    /// One for each connection: a sentinel that does not answer takes a second, and one client asks for one thing at a
    /// time.
    fn client(&self) -> RedisResult<SentinelClient> {
        let (servers, node) = (self.servers.clone(), Some(self.node.clone()));
        SentinelClient::build(servers, self.master.clone(), node, SentinelServerType::Master)
    }
}

/// What will come of connecting, or has: nothing yet, a connection that calls share, or an error.
type Attempt = watch::Receiver<Option<RedisResult<Arc<Pipelines>>>>;

/// The connection, whoever asks for it first makes it.
pub(super) struct Kept {
    source: Arc<Source>,
    /// How many replicas must have what is written here.
    replicas: u8,
    attempt: Mutex<Option<Attempt>>,
}

impl Kept {
    pub(super) const fn new(source: Arc<Source>, replicas: u8) -> Self {
        Self { source, replicas, attempt: Mutex::new(None) }
    }

    pub(super) const fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// In a task of its own: a caller that runs out of time does not stop it for those who come after.
    fn attempt(&self) -> Attempt {
        let mut attempt = self.attempt.lock().unwrap_or_else(PoisonError::into_inner);
        attempt
            .get_or_insert_with(|| {
                let (tell, attempt) = watch::channel(None);
                let (source, replicas) = (Arc::clone(&self.source), self.replicas);
                drop(tokio::spawn(async move {
                    let made = source.connect().await;
                    tell.send_replace(Some(made.map(|connection| Pipelines::new(connection, replicas))));
                }));
                attempt
            })
            .clone()
    }

    /// The connection, and by which attempt it was made.
    async fn connection(&self) -> RedisResult<(Arc<Pipelines>, Attempt)> {
        let mut attempt = self.attempt();
        let made = attempt.wait_for(Option::is_some).await.ok().and_then(|made| made.clone());
        // Nobody tells where the runtime ends, and the task with it.
        let made = made.unwrap_or_else(|| Err((ErrorKind::Io, "nobody connects any more").into()));
        let connection = made.inspect_err(|_| self.give_up(&attempt))?;
        Ok((connection, attempt))
    }

    /// What is answered to the commands of one call, in one round trip. After an answer for which the connection may be
    /// to blame, the next call makes another.
    pub(super) async fn run(&self, commands: impl Fn() -> Vec<Cmd>) -> RedisResult<Vec<Value>> {
        loop {
            let (connection, attempt) = self.connection().await?;
            let Some(answer) = connection.ask(commands()).await else {
                self.give_up(&attempt);
                continue;
            };
            if answer.as_ref().is_err_and(may_pass_elsewhere) {
                self.give_up(&attempt);
            }
            return answer;
        }
    }

    fn give_up(&self, this: &Attempt) {
        let mut attempt = self.attempt.lock().unwrap_or_else(PoisonError::into_inner);
        attempt.take_if(|now| now.same_channel(this));
    }
}

/// Whether another connection may do better: this one is broken, or leads to a server that is no master any more.
fn may_pass_elsewhere(error: &RedisError) -> bool {
    error.is_unrecoverable_error() || is_passing(error)
}

/// Whether it may pass by itself: nobody is there, or nobody who is ready.
pub(super) fn is_passing(error: &RedisError) -> bool {
    error.is_io_error()
        || matches!(error.kind(), ErrorKind::ClusterConnectionNotFound | ErrorKind::MasterNameNotFoundBySentinel)
        || matches!(error.code(), Some("CLUSTERDOWN" | "LOADING" | "MASTERDOWN" | "READONLY" | "TRYAGAIN"))
}

/// Whether TLS did not come about, since nobody known vouches for the server.
pub(super) fn is_of_certificates(error: &RedisError) -> bool {
    // The client shares what the system or rustls said.
    let shared = error.source().and_then(|cause| cause.downcast_ref::<Arc<dyn Error + Send + Sync>>());
    let cause = shared.and_then(|cause| cause.downcast_ref::<io::Error>());
    cause.is_some_and(|cause| cause.kind() == io::ErrorKind::InvalidData)
}
