//! Verifies the sender's signature over the very bytes that came.
//!
//! * Passes: a `POST` whose signature matches under a key that counts now, as `Request<VerifiedBody>` with
//!   a [`Delivery`](crate::Delivery) in its extensions.
//! * Refused on the head alone, before a byte of the body is read: another method (405 with `Allow`), a signature,
//!   timestamp or signed header that is missing, malformed or out of its time (401).
//! * Refused after the body: what does not match (401), what breaks the limits of the
//!   [raw body](crate::raw_body). All 401s look alike to the sender.
//! * Refused because of us: no key that counts now (503 `not_configured`), a source of keys that fails (503
//!   `key_unavailable`).
//!
//! The body is hashed as its frames arrive. Several keys may be valid at once; the one that matched last is
//! tried first. Keys that depend on the request (tenants) come from a [`KeyResolver`]; those that the delivery names and
//! the sender publishes (certificates, JWK Sets) from a [`KeySource`]. A ring that changes while the service runs is
//! [`WatchedSecrets`]. [`report_only`](SignatureLayer::report_only) tries the check out: everything passes, judged.
//!
//! Deployment caveat: nothing outside of this layer may touch the body; a layer that decompresses requests
//! changes the bytes that were signed. The service is always ready: the inner one's readiness is awaited
//! after the verdict, so a slow sender holds none of its places.
//!
//! ```
//! use bytes::Bytes;
//! use http::{Request, Response};
//! use http_body_util::Full;
//! use tower::{ServiceBuilder, ServiceExt};
//! use tower_webhook::{RawBodyLayer, Secret, SignatureLayer, VerifiedBody, provider};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let secret = Secret::new("It's a Secret to Everybody")?;
//! let service = ServiceBuilder::new()
//!     .layer(RawBodyLayer::new())
//!     .layer(SignatureLayer::new(provider::GITHUB, secret)?)
//!     .service_fn(async |request: Request<VerifiedBody>| {
//!         Ok::<_, std::convert::Infallible>(Response::new(Full::new(request.into_body().into_bytes())))
//!     });
//!
//! // From GitHub's documentation.
//! let signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
//! let request = |body| Request::post("/").header("x-hub-signature-256", signature).body(Full::<Bytes>::from(body));
//! assert_eq!(service.clone().oneshot(request("Hello, World!")?).await?.status(), 200);
//! assert_eq!(service.oneshot(request("Hello, World?")?).await?.status(), 401);
//! # Ok(()) }
//! ```

mod explain_log;
mod explainer;
mod future;
mod handed;
mod key_cache;
mod key_source;
mod key_table;
mod layer;
mod log;
mod report_only;
mod resolver;
mod service;
mod verifying;
mod watched;

pub use explainer::Explainer;
pub use future::SignatureFuture;
pub(crate) use handed::Handed;
pub use key_source::{KeySource, KeySourceFn, MemoryKeySource, key_source_fn};
pub use layer::SignatureLayer;
pub use report_only::ReportOnlySignatureLayer;
pub use resolver::{KeyResolver, Resolved, ResolverFn, resolver_fn};
pub use service::SignatureService;
pub use watched::{SecretFiles, SecretSource, SecretSourceFn, WatchedSecrets, secret_source_fn};
