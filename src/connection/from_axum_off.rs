//! Without the feature `axum` nothing is known of its servers.

use std::net::SocketAddr;

use http::Extensions;

pub(super) const fn peer(_: &Extensions) -> Option<SocketAddr> {
    None
}
