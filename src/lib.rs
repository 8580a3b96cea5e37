//! placeholder
pub mod body;
pub mod clock;
mod config_error;
pub mod connection;
mod delivery;
mod delivery_key;
pub mod idempotency;
mod json_pointer;
mod outcome;
pub mod rejection;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub use body::{RawBody, VerifiedBody};
pub use config_error::{ConfigError, ConfigErrorKind};
pub use delivery::Delivery;
pub use idempotency::IdempotencyLayer;
pub use outcome::Outcome;
pub use rejection::{Reason, Rejection};
/// x
pub struct RawBodyLayer;
/// x
pub struct SignatureLayer;
