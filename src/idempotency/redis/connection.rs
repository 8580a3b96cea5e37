//! The ways to reach Redis.

use std::sync::Arc;
use std::time::Duration;

use redis::aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig, MultiplexedConnection};
use redis::cluster::ClusterClientBuilder;
use redis::cluster_async::ClusterConnection;
use redis::sentinel::{SentinelClient, SentinelServerType};
use redis::{AsyncConnectionConfig, Client, Cmd, ErrorKind, Pipeline, RedisError, RedisFuture, RedisResult, Value};
use tokio::sync::Mutex;

/// How long one call waits for its answer. Shorter than the budget of the layer, so that a call whose answer was lost is
/// repeated within it.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_millis(110);
const CONNECT_WITHIN: Duration = Duration::from_secs(1);

/// A connection that is made anew when it breaks. Clones share it, and calls at the same time share its pipelines.
#[derive(Clone)]
pub(super) enum Connection {
    Cluster(ClusterConnection),
    Sentinel(Arc<Mutex<Master>>),
    Single(ConnectionManager),
}

/// The server that the sentinels call the master.
pub(super) struct Master {
    client: SentinelClient,
    connection: Option<MultiplexedConnection>,
}

impl Connection {
    pub(super) async fn single(url: &str) -> RedisResult<Self> {
        let config = ConnectionManagerConfig::new()
            .set_response_timeout(Some(ANSWER_WITHIN))
            .set_connection_timeout(Some(CONNECT_WITHIN))
            .set_min_delay(Duration::from_millis(20))
            .set_max_delay(Duration::from_secs(1));
        ConnectionManager::new_with_config(Client::open(url)?, config).await.map(Self::Single)
    }

    pub(super) async fn cluster(urls: Vec<String>) -> RedisResult<Self> {
        let client = ClusterClientBuilder::new(urls)
            .response_timeout(ANSWER_WITHIN)
            .connection_timeout(CONNECT_WITHIN)
            .build()?;
        client.get_async_connection().await.map(Self::Cluster)
    }

    pub(super) async fn sentinel(urls: Vec<String>, master: &str) -> RedisResult<Self> {
        let client = SentinelClient::build(urls, master.to_owned(), None, SentinelServerType::Master)?;
        let mut master = Master { client, connection: None };
        master.connected().await?;
        Ok(Self::Sentinel(Arc::new(Mutex::new(master))))
    }

    /// Whether calls arrive in the order in which they were made.
    pub(super) const fn keeps_order(&self) -> bool {
        !matches!(self, Self::Cluster(_))
    }
}

impl Master {
    async fn connected(&mut self) -> RedisResult<MultiplexedConnection> {
        if let Some(connection) = &self.connection {
            return Ok(connection.clone());
        }
        let config = AsyncConnectionConfig::new()
            .set_response_timeout(Some(ANSWER_WITHIN))
            .set_connection_timeout(Some(CONNECT_WITHIN));
        let connection = self.client.get_async_connection_with_config(&config).await?;
        Ok(self.connection.insert(connection).clone())
    }
}

/// After these the master is asked for anew: it may be another server by now.
fn is_over<T>(answer: &RedisResult<T>) -> bool {
    answer.as_ref().is_err_and(|error| {
        error.is_io_error() || error.is_unrecoverable_error() || matches!(error.code(), Some("READONLY" | "LOADING"))
    })
}

/// Whether it may pass by itself: nobody is there, or nobody who is ready.
pub(super) fn is_passing(error: &RedisError) -> bool {
    error.is_io_error()
        || matches!(error.kind(), ErrorKind::ClusterConnectionNotFound | ErrorKind::MasterNameNotFoundBySentinel)
        || matches!(error.code(), Some("CLUSTERDOWN" | "LOADING" | "MASTERDOWN" | "TRYAGAIN"))
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::Cluster(connection) => connection.req_packed_command(cmd),
            Self::Single(connection) => connection.req_packed_command(cmd),
            Self::Sentinel(master) => Box::pin(async move {
                let mut connection = master.lock().await.connected().await?;
                let answer = connection.req_packed_command(cmd).await;
                if is_over(&answer) {
                    master.lock().await.connection = None;
                }
                answer
            }),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::Cluster(connection) => connection.req_packed_commands(pipeline, offset, count),
            Self::Single(connection) => connection.req_packed_commands(pipeline, offset, count),
            Self::Sentinel(master) => Box::pin(async move {
                let mut connection = master.lock().await.connected().await?;
                let answer = connection.req_packed_commands(pipeline, offset, count).await;
                if is_over(&answer) {
                    master.lock().await.connection = None;
                }
                answer
            }),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::Cluster(connection) => connection.get_db(),
            Self::Single(connection) => connection.get_db(),
            Self::Sentinel(_) => 0,
        }
    }
}
