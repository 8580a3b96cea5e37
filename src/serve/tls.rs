//! The handshake, where the server speaks TLS.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tower_service::Service;

use super::drive::{Shared, drive};
use super::log;
use super::server::Server;
use crate::body::BoxError;
use crate::connection::OverTls;

/// What a connection has to go through before it is served.
#[derive(Clone)]
pub(super) struct Tls(Option<TlsAcceptor>);

impl Tls {
    pub(super) const fn none() -> Self {
        Self(None)
    }

    pub(super) async fn drive<T, S, B>(self, stream: T, peer: SocketAddr, service: S, shared: Shared)
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
        S: Service<Request<Incoming>, Response = Response<B>, Error: Into<BoxError>, Future: Send>
            + Clone
            + Send
            + 'static,
        S::Future: 'static,
        B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        let Some(acceptor) = self.0 else { return drive(stream, peer, None, service, shared).await };
        match timeout(shared.limits.head_timeout, acceptor.accept(stream)).await {
            // Apart, so that plain connections need not have room for it.
            Ok(Ok(stream)) => Box::pin(drive(stream, peer, Some(OverTls::new()), service, shared)).await,
            Ok(Err(error)) => log::connection_ended(&error),
            Err(late) => log::connection_ended(&late),
        }
    }
}

impl Server {
    /// Speaks TLS, and nothing else on this port. Every request then carries
    /// [`OverTls`](crate::connection::OverTls). The handshake has the time of a head.
    ///
    /// What certificates there are, and which versions and suites are spoken, is what this configuration says; to change
    /// certificates while the server runs, give it a `ResolvesServerCert` of your own that looks them up. Where it names
    /// no protocols for ALPN, `h2` and `http/1.1` are offered.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use rustls::ServerConfig;
    /// use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
    /// use tower_webhook::serve::Server;
    ///
    /// # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
    /// let chain = CertificateDer::pem_file_iter("chain.pem")?.collect::<Result<_, _>>()?;
    /// let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, PrivateKeyDer::from_pem_file("key.pem")?)?;
    /// let server = Server::bind("0.0.0.0:443").await?.tls(Arc::new(config));
    /// # Ok(()) }
    /// ```
    pub fn tls(mut self, mut config: Arc<ServerConfig>) -> Self {
        if config.alpn_protocols.is_empty() {
            Arc::make_mut(&mut config).alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        }
        self.tls = Tls(Some(TlsAcceptor::from(config)));
        self
    }
}
