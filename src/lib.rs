//! placeholder
pub mod body;
pub mod clock;
pub mod connection;
mod config_error;
mod delivery;
mod json_pointer;
pub mod rejection;
pub use body::{RawBody, VerifiedBody};
pub use config_error::{ConfigError, ConfigErrorKind};
pub use delivery::Delivery;
pub use rejection::{Reason, Rejection};
/// x
pub struct RawBodyLayer; /// x
pub struct SignatureLayer; 
