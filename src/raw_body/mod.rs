//! Sets limits on the body of a request, of bytes and of time, before anybody reads it.
//!
//! * Passes: every request, its body as a [`RawBody`](crate::RawBody) of which nothing has been read yet.
//! * Refused before a byte is read: a `Content-Length` over the limit (413 `body_too_large`), a
//!   compressed body (415 `content_encoding`: signatures cover the bytes as they were sent, and a small
//!   body can unpack to a huge one).
//! * Refused while it is read, by whoever reads it: more bytes than the limit (413), a frame that does not
//!   come in time or a body that is not complete in time (408 `body_timeout`), a body that breaks off (400
//!   `body_incomplete`) or is badly framed (400 `body_malformed`), and, where it is collected, a
//!   process-wide budget that is spent (503 `over_capacity`).
//!
//! Deployment caveat: a layer sees a request once its head is there. That heads come in time is the
//! server's business: see the feature `serve`.
//!
//! ```
//! use bytes::Bytes;
//! use http::{Request, Response};
//! use http_body_util::{BodyExt, Full};
//! use tower::{ServiceBuilder, ServiceExt};
//! use tower_webhook::{RawBody, RawBodyLayer};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let service = ServiceBuilder::new().layer(RawBodyLayer::new().limit(8)?).service_fn(
//!     async |request: Request<RawBody<Full<Bytes>>>| {
//!         let bytes = request.into_body().collect().await?.to_bytes();
//!         Ok::<_, tower_webhook::body::RawBodyError>(Response::new(Full::new(bytes)))
//!     },
//! );
//!
//! let answer = service.clone().oneshot(Request::post("/").body(Full::from("8 bytes!"))?).await?;
//! assert_eq!(answer.status(), 200);
//!
//! let announced = Request::post("/").header("content-length", "9").body(Full::from("9 bytes!!"))?;
//! assert_eq!(service.oneshot(announced).await?.status(), 413);
//! # Ok(()) }
//! ```

mod layer;
mod service;

pub use layer::RawBodyLayer;
pub use service::RawBodyService;
