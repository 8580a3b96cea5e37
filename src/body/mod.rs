//! The types of bodies, which carry the proof of what was done to them.
//!
//! ```text
//! any B: http_body::Body ──RawBodyLayer──▶ RawBody<B> ──SignatureLayer──▶ VerifiedBody
//!                                          limits set,                    the bytes, in memory,
//!                                          not read yet                   behind a signature
//! ```
//!
//! A layer that needs raw bytes asks for [`Captured`], one that needs a verified delivery for
//! [`Judged`]. Both are sealed, so a wrong order of layers does not compile, and the compiler says
//! which layer is missing. Behind a signature layer that is only tried out
//! ([`report_only`](crate::SignatureLayer::report_only)) stands an [`ObservedBody`], which proves nothing.
//!
//! Caveat: axum erases body types between two separate `.layer()` calls. Layers that you put together
//! by hand go into one call, as a tuple: `.layer((RawBodyLayer::new(), signature, idempotency))`.

mod budget;
mod collect;
mod observed;
mod proof;
mod raw;
mod response;
mod verified;

pub use budget::BodyBudget;
pub(crate) use collect::Collect;
pub use observed::ObservedBody;
pub use proof::{Captured, Judged};
pub(crate) use raw::{BodyLimits, RawBodyCaptured};
pub use raw::{RawBody, RawBodyError};
pub use response::{HeadFuture, ResponseBody};
pub use verified::VerifiedBody;

/// Any error, as bodies of other crates have it.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
