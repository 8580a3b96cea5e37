//! What the server knows of a connection and puts into the extensions of each request.
//!
//! The accept loop of the feature `serve` adds both. With another server, add them yourself: a layer
//! that needs to know who is at the other end refuses what it cannot tell.

use std::net::SocketAddr;

/// The address at the other end of the socket. Behind a proxy that is the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct PeerAddr(pub SocketAddr);

impl PeerAddr {
    /// The address at the other end.
    #[must_use]
    pub const fn new(address: SocketAddr) -> Self {
        Self(address)
    }
}

/// Says that this very connection is TLS. Only the code that made the handshake may add it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct OverTls;

impl OverTls {
    /// This connection is TLS.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}
