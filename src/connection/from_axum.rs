//! The peer as axum's server names it.

use std::net::SocketAddr;

use axum::extract::ConnectInfo;
use axum::extract::connect_info::MockConnectInfo;
use http::Extensions;

/// In the order in which axum's own extractor looks: the mock counts only where there is nothing else.
pub(super) fn peer(extensions: &Extensions) -> Option<SocketAddr> {
    let real = extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
    real.or_else(|| extensions.get::<MockConnectInfo<SocketAddr>>().map(|info| info.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::{PeerAddr, peer_ip};

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn what_axum_says_counts_where_nothing_else_does() {
        let mut extensions = Extensions::new();
        extensions.insert(MockConnectInfo(address("192.0.2.1:1")));
        assert_eq!(peer_ip(&extensions), Some(address("192.0.2.1:1").ip()));
        extensions.insert(ConnectInfo(address("192.0.2.2:1")));
        assert_eq!(peer_ip(&extensions), Some(address("192.0.2.2:1").ip()));
        extensions.insert(PeerAddr::new(address("192.0.2.3:1")));
        assert_eq!(peer_ip(&extensions), Some(address("192.0.2.3:1").ip()));
    }
}
