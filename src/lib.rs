//! placeholder
pub mod allowlist;
pub mod body;
pub mod client_ip;
pub mod clock;
pub mod connection;
mod config_error;
mod delivery;
pub mod https_only;
mod json_pointer;
pub mod rejection;
pub use allowlist::AllowlistLayer;
pub use body::{RawBody, VerifiedBody};
pub use config_error::{ConfigError, ConfigErrorKind};
pub use delivery::Delivery;
pub use https_only::HttpsOnlyLayer;
pub use rejection::{Reason, Rejection};
/// x
pub struct RawBodyLayer; /// x
pub struct SignatureLayer; 
