//! The configuration, and the way in.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use tokio::net::{TcpListener, ToSocketAddrs};
use tower_service::Service;

use super::accept::{self, Shutdown};
use super::limits::Limits;
use super::tls::Tls;
use crate::body::BoxError;

/// A server for HTTP/1 and HTTP/2 on one port, with TLS where it is told so; see the [module](crate::serve).
#[must_use = "a server does nothing until `serve` is awaited"]
pub struct Server {
    listener: TcpListener,
    pub(super) tls: Tls,
    limits: Limits,
    shutdown: Shutdown,
}

/// How a server ended, see [`Server::serve`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drained {
    cut: usize,
}

impl Drained {
    pub(super) const fn new(cut: usize) -> Self {
        Self { cut }
    }

    /// Connections that had not finished when the drain timeout was over.
    #[must_use]
    pub const fn cut(self) -> usize {
        self.cut
    }
}

impl Server {
    /// Listens on that address. Port 0 is any free one, see [`local_addr`](Self::local_addr).
    ///
    /// # Errors
    ///
    /// What the operating system says: the address is in use, or is not ours.
    pub async fn bind(address: impl ToSocketAddrs) -> io::Result<Self> {
        Ok(Self::new(TcpListener::bind(address).await?))
    }

    /// On a listener that is there already, for example one that was handed over by a supervisor.
    pub fn new(listener: TcpListener) -> Self {
        Self { listener, tls: Tls::none(), limits: Limits::default(), shutdown: Box::pin(std::future::pending()) }
    }

    /// The address that the server listens on.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Shuts down once this future is ready, whatever its value: takes no more connections and finishes the
    /// requests in flight. Without it the server runs for ever. Usually `tokio::signal::ctrl_c()`.
    pub fn shutdown_on<F>(mut self, signal: F) -> Self
    where
        F: Future + Send + 'static,
    {
        self.shutdown = Box::pin(async move {
            signal.await;
        });
        self
    }

    /// How long the requests in flight may take after the signal to shut down. Default 30 s; zero cuts at
    /// once.
    pub const fn drain_timeout(mut self, timeout: Duration) -> Self {
        self.limits.drain_timeout = timeout;
        self
    }

    /// How long a head may take: from the connection to its first request, later from the first byte of a
    /// head to its end. Default 10 s: a sender writes a head at once, and a second more is for the network. A handshake
    /// of TLS has the same time, before that.
    pub const fn head_timeout(mut self, timeout: Duration) -> Self {
        self.limits.head_timeout = timeout;
        self
    }

    /// How long a connection is kept between two requests. Default 75 s, so that proxies that give up after
    /// 60 s do so first.
    pub const fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.limits.idle_timeout = timeout;
        self
    }

    /// How long a peer may read nothing while an answer waits for it. Default 30 s. An HTTP/2 connection is closed only
    /// where all its answers wait.
    pub const fn write_timeout(mut self, timeout: Duration) -> Self {
        self.limits.write_timeout = timeout;
        self
    }

    /// How often HTTP/2 peers are asked whether they are still there, and how long they may take to say so.
    /// Default 20 s.
    pub const fn ping_every(mut self, interval: Duration) -> Self {
        self.limits.ping_every = interval;
        self
    }

    /// How many connections there may be at once. Default 8,192. More wait in the kernel's backlog. The
    /// process needs as many file descriptors.
    pub const fn max_connections(mut self, connections: usize) -> Self {
        self.limits.connections = connections;
        self
    }

    /// How many header fields a request may have, repetitions included. Default 100. More are answered 431.
    pub const fn max_header_fields(mut self, fields: usize) -> Self {
        self.limits.fields = fields;
        self
    }

    /// How many bytes a head may have, counted as HTTP/1 writes it. Default 64 KiB, at least 1 KiB, at most
    /// 1 MiB. More are answered 431; a target that is longer than that by itself 414, or 431 where it is so
    /// long that its end was never read.
    pub const fn max_head_bytes(mut self, bytes: usize) -> Self {
        self.limits.head_bytes = bytes;
        self
    }

    /// How many requests an HTTP/2 connection may have in flight. Default 100.
    pub const fn max_concurrent_streams(mut self, streams: u32) -> Self {
        self.limits.streams = streams;
        self
    }

    /// How many HTTP/2 streams a peer may have reset before the connection is closed. Default 20. Counted
    /// while they are not yet cleared away, see
    /// [CVE-2023-44487](https://nvd.nist.gov/vuln/detail/CVE-2023-44487).
    pub const fn max_reset_streams(mut self, streams: usize) -> Self {
        self.limits.resets = streams;
        self
    }

    /// Serves until the shutdown is done.
    ///
    /// Takes any service that answers requests of [`Incoming`]: an axum `Router`, tonic `Routes`, a
    /// `tower::ServiceBuilder` stack. It is cloned for each request and called when it is ready. Where it
    /// fails instead of answering, the sender gets a 500. Dropping the future cuts all connections.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidInput`] with a [`ConfigError`](crate::ConfigError) where a limit makes no
    /// sense. Nothing that happens while serving is an error.
    pub async fn serve<S, B>(self, service: S) -> io::Result<Drained>
    where
        S: Service<Request<Incoming>, Response = Response<B>, Error: Into<BoxError>, Future: Send>
            + Clone
            + Send
            + 'static,
        S::Future: 'static,
        B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        self.limits.check().map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        Ok(accept::run(self.listener, self.tls, service, self.limits, self.shutdown).await)
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("listener", &self.listener).field("limits", &self.limits).finish_non_exhaustive()
    }
}
