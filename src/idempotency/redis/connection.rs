//! The ways to reach Redis.

use std::sync::Arc;

use redis::cluster::ClusterClientBuilder;
use redis::cluster_async::ClusterConnection;
use redis::sentinel::SentinelNodeConnectionInfo;
use redis::{Client, Cmd, RedisConnectionInfo, RedisResult, TlsMode, Value};

use super::kept::{ANSWER_WITHIN, CONNECT_WITHIN, Kept, Sentinels, Source};
use super::replicas::Replicas;

/// A connection that is made anew when it breaks. Clones share it.
#[derive(Clone)]
pub(super) enum Connection {
    Cluster(ClusterConnection),
    Server(Arc<Kept>),
}

impl Connection {
    pub(super) fn single(url: &str) -> RedisResult<Self> {
        provide_cryptography();
        Ok(Self::server(Source::Url(Client::open(url)?)))
    }

    /// With TLS to the master where the sentinels are reached by TLS.
    pub(super) fn sentinel(urls: Vec<String>, master: &str, login: Option<(&str, &str)>) -> RedisResult<Self> {
        provide_cryptography();
        let mut node = SentinelNodeConnectionInfo::default();
        if urls.iter().any(|url| url.starts_with("rediss:")) {
            node = node.set_tls_mode(TlsMode::Secure);
        }
        if let Some((user, password)) = login {
            let login = RedisConnectionInfo::default().set_username(user).set_password(password);
            node = node.set_redis_connection_info(login);
        }
        Ok(Self::server(Source::Sentinels(Sentinels::new(urls, master, node)?)))
    }

    fn server(source: Source) -> Self {
        Self::Server(Arc::new(Kept::new(Arc::new(source), 0)))
    }

    pub(super) async fn cluster(urls: Vec<String>) -> RedisResult<Self> {
        provide_cryptography();
        let client = ClusterClientBuilder::new(urls)
            .response_timeout(ANSWER_WITHIN)
            .connection_timeout(CONNECT_WITHIN)
            .build()?;
        client.get_async_connection().await.map(Self::Cluster)
    }

    /// Connections to the same server for writes that replicas must have, if they must.
    pub(super) fn replicas(&self, least: u8) -> Option<Replicas> {
        match self {
            Self::Server(kept) if least > 0 => Some(Replicas::new(least, kept.source())),
            Self::Cluster(_) | Self::Server(_) => None,
        }
    }

    /// The answers to the commands of one call, which arrive in this order.
    pub(super) async fn run(&self, commands: impl Fn() -> Vec<Cmd>) -> RedisResult<Vec<Value>> {
        match self {
            // One by one: a pipeline leads to one server, and a slot that moves is followed for single commands only.
            Self::Cluster(cluster) => {
                let (mut cluster, mut values) = (cluster.clone(), Vec::new());
                for command in commands() {
                    values.push(command.query_async(&mut cluster).await?);
                }
                Ok(values)
            }
            Self::Server(kept) => kept.run(commands).await,
        }
    }
}

/// rustls panics where more than one provider was built in and the process has chosen none.
#[cfg(feature = "redis-tls")]
fn provide_cryptography() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Another thread may have been faster.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    }
}

#[cfg(not(feature = "redis-tls"))]
const fn provide_cryptography() {}
