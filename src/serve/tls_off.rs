//! Without the feature `rustls` every connection is served as it comes.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use tokio::io::{AsyncRead, AsyncWrite};
use tower_service::Service;

use super::drive::{Shared, drive};
use crate::body::BoxError;

/// What a connection has to go through before it is served: nothing.
#[derive(Clone)]
pub(super) struct Tls;

impl Tls {
    pub(super) const fn none() -> Self {
        Self
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
        drive(stream, peer, None, service, shared).await;
    }
}
