//! What the server knows of a connection and puts into the extensions of each request.
//!
//! The accept loop of the feature `serve` adds [`PeerAddr`] and [`OverTls`]. With another server, add
//! them yourself: a layer that needs to know who is at the other end refuses what it cannot tell.
//!
//! [`peer_ip`] also understands what two servers say in their own words:
//!
//! * axum (feature `axum`): `ConnectInfo<SocketAddr>`, which
//!   `into_make_service_with_connect_info::<SocketAddr>()` adds, and `MockConnectInfo<SocketAddr>`.
//! * tonic (feature `tonic`): `TcpConnectInfo`, which its server adds for connections without TLS. With
//!   TLS by tonic itself, add [`PeerAddr`] and [`OverTls`] by an interceptor or a layer of your own.

#[cfg(feature = "axum")]
mod from_axum;
#[cfg(not(feature = "axum"))]
#[path = "from_axum_off.rs"]
mod from_axum;
#[cfg(feature = "tonic")]
mod from_tonic;
#[cfg(not(feature = "tonic"))]
#[path = "from_tonic_off.rs"]
mod from_tonic;

use std::net::{IpAddr, SocketAddr};

use http::Extensions;

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

/// The IP address at the other end of the socket, an IPv4-mapped one as the IPv4 address that it is.
///
/// [`PeerAddr`] goes before what axum and tonic say. `None` where nobody said anything, and for
/// connections without an address, such as Unix sockets.
#[must_use]
pub fn peer_ip(extensions: &Extensions) -> Option<IpAddr> {
    let peer = extensions.get::<PeerAddr>().map(|peer| peer.0);
    let peer = peer.or_else(|| from_axum::peer(extensions)).or_else(|| from_tonic::peer(extensions))?;
    Some(peer.ip().to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_said_anything_is_no_peer() {
        assert_eq!(peer_ip(&Extensions::new()), None);
    }

    #[test]
    fn a_mapped_peer_is_the_ipv4_address_that_it_is() {
        let mut extensions = Extensions::new();
        extensions.insert(PeerAddr::new("[::ffff:192.0.2.7]:443".parse().unwrap()));
        assert_eq!(peer_ip(&extensions), Some("192.0.2.7".parse().unwrap()));
    }
}
