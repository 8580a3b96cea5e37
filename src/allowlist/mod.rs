//! Lets only the networks of the sender in.
//!
//! * **Passes** requests whose client is on the list, with [`ClientIp`] added to their extensions. Who the
//!   client is where proxies stand between: [`TrustedProxies`].
//! * **Refuses** on the head alone, so that no byte of the body is read: 403 `ip_denied` where the client is
//!   not on the list, 403 `ip_unknown` where it cannot be told. The answer names no address; the detail for
//!   the operator does.
//!
//! The list is fixed, or an [`AllowlistSource`] that is replaced while the service runs, for senders that
//! publish their networks: out of a file, or fetched, in the [format](ListFormat) that they have. An empty or broken list
//! is never taken, nor one that lets everybody in. While none has come yet, the answer is 503 `not_configured`.
//!
//! Deployment caveat: behind a proxy, say [`behind`](AllowlistLayer::behind), or every client is the proxy.
//! Networks of senders change: keep the list fresh, and watch its [`age`](AllowlistSource::age). An
//! allowlist is no proof of who sent something; signatures are.
//!
//! ```
//! use std::convert::Infallible;
//!
//! use http::{Request, Response};
//! use tower::{Layer, ServiceExt, service_fn};
//! use tower_webhook::AllowlistLayer;
//! use tower_webhook::client_ip::TrustedProxies;
//! use tower_webhook::connection::PeerAddr;
//!
//! # tokio_test::block_on(async {
//! let layer = AllowlistLayer::new(["192.30.252.0/22", "2a0a:a440::/29"])?
//!     .behind(TrustedProxies::from_cidrs(["10.0.0.0/8"])?);
//! let service = layer.layer(service_fn(|_: Request<()>| async { Ok::<_, Infallible>(Response::new(())) }));
//!
//! let forwarded = |client: &str| {
//!     let proxy = PeerAddr::new(([10, 0, 0, 2], 4711).into());
//!     Request::post("/").extension(proxy).header("x-forwarded-for", client).body(()).expect("a request")
//! };
//! assert_eq!(service.clone().oneshot(forwarded("192.30.252.7")).await?.status(), 200);
//! assert_eq!(service.oneshot(forwarded("192.30.252.7, 203.0.113.9")).await?.status(), 403);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).expect("the example works");
//! ```
//!
//! [`ClientIp`]: crate::client_ip::ClientIp
//! [`TrustedProxies`]: crate::client_ip::TrustedProxies

mod format;
mod layer;
mod log;
mod service;
mod source;

pub use format::ListFormat;
pub use layer::AllowlistLayer;
pub use service::AllowlistService;
pub use source::AllowlistSource;
