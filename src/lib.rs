//! placeholder
pub mod body;
pub mod clock;
mod config_error;
pub mod connection;
pub mod crypto;
mod delivery;
mod encoding;
mod json_pointer;
pub mod provider;
pub mod rejection;
pub mod scheme;
pub mod secret;
mod verifying_key;
pub use body::{RawBody, VerifiedBody};
pub use bytes;
pub use config_error::{ConfigError, ConfigErrorKind};
pub use delivery::Delivery;
pub use rejection::{Reason, Rejection};
pub use secret::{Secret, Secrets};
pub use verifying_key::VerifyingKey;
/// x
pub struct RawBodyLayer;
/// x
pub struct SignatureLayer;
