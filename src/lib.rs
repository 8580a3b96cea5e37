//! placeholder
#[cfg(feature = "axum")]
pub mod axum;
pub mod body;
pub mod challenge;
pub mod clock;
mod config_error;
pub mod connection;
pub mod crypto;
pub mod danger;
mod delivery;
mod encoding;
mod json_pointer;
pub mod outcome;
pub mod provider;
pub mod raw_body;
pub mod rejection;
pub mod scheme;
pub mod secret;
pub mod signature;
#[cfg(feature = "testing")]
pub mod testing;
mod verifying_key;
pub use body::{RawBody, VerifiedBody};
pub use bytes;
pub use challenge::ChallengeLayer;
pub use config_error::{ConfigError, ConfigErrorKind};
pub use delivery::Delivery;
pub use raw_body::RawBodyLayer;
pub use rejection::{Reason, Rejection};
pub use secret::{Secret, Secrets};
pub use signature::SignatureLayer;
pub use verifying_key::VerifyingKey;
