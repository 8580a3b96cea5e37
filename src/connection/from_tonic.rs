//! The peer as tonic's server names it.

use std::net::SocketAddr;

use http::Extensions;
use tonic::transport::server::TcpConnectInfo;

pub(super) fn peer(extensions: &Extensions) -> Option<SocketAddr> {
    extensions.get::<TcpConnectInfo>().and_then(TcpConnectInfo::remote_addr)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::peer_ip;

    #[test]
    fn what_tonic_says_counts_where_nothing_else_does() {
        let mut extensions = Extensions::new();
        let remote: SocketAddr = "[::ffff:192.0.2.9]:1".parse().unwrap();
        extensions.insert(TcpConnectInfo { local_addr: None, remote_addr: Some(remote) });
        assert_eq!(peer_ip(&extensions), Some("192.0.2.9".parse().unwrap()));
    }

    #[test]
    fn a_connection_without_an_address_is_no_peer() {
        let mut extensions = Extensions::new();
        extensions.insert(TcpConnectInfo { local_addr: None, remote_addr: None });
        assert_eq!(peer_ip(&extensions), None);
    }
}
