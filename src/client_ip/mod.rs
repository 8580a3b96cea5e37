//! Who sent a request, and whether over TLS, where proxies stand between.
//!
//! Anybody can write `X-Forwarded-For`. [`TrustedProxies`] says whose word counts, and one rule holds for
//! all forwarded headers: the peer of the socket is looked at first, and what a stranger sends is ignored.
//!
//! * The list is walked **from the right**, over all lines of the header: the last entry is what the proxy
//!   next to us saw. Trusted proxies are passed over; the first address that is none is the client.
//! * What stands left of it was written by the client or by strangers, and never changes the answer.
//! * Nothing is guessed: a trusted proxy that sends no header, an entry that is no address, a list of
//!   nothing but proxies are each a [`ClientIpError`].
//! * Addresses are compared as numbers. `::ffff:192.0.2.1` is `192.0.2.1`, in headers, peers and networks.
//!
//! Deployment caveat: list every proxy that stands between you and the sender, and nothing else. A network
//! that senders can also be in lets them write their own address. A proxy must append to the list (or
//! overwrite the header), which the common ones do.
//!
//! ```
//! use http::{HeaderMap, HeaderValue};
//! use tower_webhook::client_ip::{ClientIpError, TrustedProxies};
//!
//! let proxies = TrustedProxies::from_cidrs(["10.0.0.0/8"])?;
//! let mut headers = HeaderMap::new();
//! headers.append("x-forwarded-for", HeaderValue::from_static("198.51.100.1")); // by the client itself
//! headers.append("x-forwarded-for", HeaderValue::from_static("203.0.113.7, 10.0.0.9"));
//!
//! let proxy = "10.0.0.2".parse().ok();
//! assert_eq!(proxies.client_ip(proxy, &headers)?.to_string(), "203.0.113.7");
//! assert_eq!(proxies.client_ip(proxy, &HeaderMap::new()), Err(ClientIpError::HeaderMissing));
//!
//! let stranger = "192.0.2.66".parse().ok();
//! assert_eq!(proxies.client_ip(stranger, &headers)?.to_string(), "192.0.2.66");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Used by [`AllowlistLayer`](crate::AllowlistLayer) and [`HttpsOnlyLayer`](crate::HttpsOnlyLayer). Sources:
//! [RFC 7239](https://www.rfc-editor.org/rfc/rfc7239) (`Forwarded`),
//! [MDN](https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/X-Forwarded-For)
//! (`X-Forwarded-For`).

mod address;
mod error;
mod forwarded;
mod network_set;
#[cfg(test)]
mod tests;
mod trusted_proxies;
mod walk;

use std::net::IpAddr;

pub use error::{ClientIpError, HttpsEvidence, NotHttps};
pub(crate) use network_set::NetworkSet;
pub use trusted_proxies::TrustedProxies;

/// How many entries of a header are looked at, at most. Real requests pass a handful of proxies.
pub const MAX_ENTRIES: u8 = 32;

/// The address of the client, in the extensions of each request that
/// [`AllowlistLayer`](crate::AllowlistLayer) let pass. Never IPv4-mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ClientIp(pub IpAddr);

impl ClientIp {
    /// The address of the client.
    #[must_use]
    pub const fn new(ip: IpAddr) -> Self {
        Self(ip.to_canonical())
    }
}
