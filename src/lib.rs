//! placeholder
pub mod body;
pub mod clock;
mod config_error;
pub mod connection;
mod delivery;
mod json_pointer;
#[cfg(feature = "metrics")]
pub mod metrics;
pub mod names;
mod outcome;
pub mod rejection;
#[cfg(feature = "serve")]
pub mod serve;
mod telemetry;
pub use body::{RawBody, VerifiedBody};
pub use config_error::{ConfigError, ConfigErrorKind};
pub use delivery::Delivery;
#[cfg(feature = "metrics")]
pub use metrics::MetricsLayer;
pub use outcome::Outcome;
pub use rejection::{Reason, Rejection};
/// x
pub struct RawBodyLayer;
/// x
pub struct SignatureLayer;
