//! Refuses what did not come over TLS.
//!
//! * **Passes** unchanged: requests of a connection that is TLS itself, and requests of which a trusted
//!   proxy says that the client used `https`. How that is told: [`TrustedProxies::https`].
//! * **Refuses** everything else with 403 `not_https`, on the head alone: no byte of the body is read. With
//!   [`redirect`](HttpsOnlyLayer::redirect) the answer is a 308 instead.
//!
//! Deployment caveat: behind a proxy that ends TLS, name the proxy, or every request is refused. What a
//! request says of itself (an `https://` request line, `:scheme` in HTTP/2) is never evidence. A server that
//! ends TLS in this process adds [`OverTls`] to each request.
//!
//! ```
//! use std::convert::Infallible;
//!
//! use http::{Request, Response};
//! use tower::{Layer, ServiceExt, service_fn};
//! use tower_webhook::HttpsOnlyLayer;
//! use tower_webhook::client_ip::TrustedProxies;
//! use tower_webhook::connection::PeerAddr;
//!
//! # tokio_test::block_on(async {
//! let layer = HttpsOnlyLayer::new(TrustedProxies::from_cidrs(["10.0.0.0/8"])?);
//! let service = layer.layer(service_fn(|_: Request<()>| async { Ok::<_, Infallible>(Response::new(())) }));
//!
//! let from = |peer: &str| {
//!     let peer = PeerAddr::new(peer.parse().expect("an address"));
//!     Request::post("/").extension(peer).header("x-forwarded-proto", "https").body(()).expect("a request")
//! };
//! assert_eq!(service.clone().oneshot(from("10.0.0.2:4711")).await?.status(), 200);
//! assert_eq!(service.oneshot(from("192.0.2.66:4711")).await?.status(), 403); // no proxy of ours
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).expect("the example works");
//! ```
//!
//! [`OverTls`]: crate::connection::OverTls
//! [`TrustedProxies::https`]: crate::client_ip::TrustedProxies::https

mod layer;
mod redirect;
mod service;

pub use layer::HttpsOnlyLayer;
pub use service::HttpsOnlyService;
