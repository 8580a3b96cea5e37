//! What makes a route less safe. Everything here shows in a review by the word `danger`.

use crate::config_error::ConfigError;
use crate::signature::SignatureLayer;

/// Lets every delivery in, unsigned: for senders that have no signature at all. `name` is the sender's, in
/// lower case.
///
/// [`Delivery::is_verified`](crate::Delivery::is_verified) is `false` behind it,
/// [`Verified`](crate::axum::Verified) refuses, and idempotency passes such deliveries on without touching its
/// store. Put an IP allowlist in front.
///
/// # Errors
/// A name that is none.
///
/// ```
/// use tower_webhook::{WebhookLayer, danger};
///
/// let layer = WebhookLayer::of(danger::accept_unsigned("meraki")?).allow(["203.0.113.0/24"])?;
/// # Ok::<(), tower_webhook::ConfigError>(())
/// ```
pub fn accept_unsigned(name: &'static str) -> Result<SignatureLayer, ConfigError> {
    SignatureLayer::unsigned(name)
}
