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

/// A delivery out of a [journal](crate::journal), as a request that enters a stack behind its signature layer: whoever can
/// write the file is believed to be the sender. Call the service that stands behind the signature with it, such as
/// `IdempotencyLayer` around your handler.
///
/// Its [`Delivery`](crate::Delivery) is what it was: route, tenant, id, time of signing and key id are those of the
/// journal, so its idempotency key is the same. [`JournalReplay`](crate::journal::JournalReplay) in the extensions says
/// that it comes from there and when it was received. With [`Again::Forced`] idempotency lets it run though it has run
/// before. Counted in `webhook_replays_total`, as `entered` or `refused`.
///
/// # Errors
/// A line of another sender, or of no journal; one that was let in unsigned; a scheme that contradicts itself.
#[cfg(feature = "journal")]
pub fn replay_journaled(
    captured: &crate::capture::CapturedDelivery,
    sender: impl Into<crate::scheme::Sender>,
    again: Again,
) -> Result<http::Request<crate::body::VerifiedBody>, ConfigError> {
    let sender = sender.into();
    let scheme = *sender.scheme();
    let replayed = crate::journal::replayed(captured, sender, again == Again::Forced);
    match replayed.as_ref().map(|request| request.extensions().get::<crate::Delivery>()) {
        Ok(Some(delivery)) => crate::telemetry::ReplayMetrics::entered(delivery.route()),
        // What a broken line says of its route is no label.
        Ok(None) | Err(_) => crate::telemetry::ReplayMetrics::refused(scheme.name()),
    }
    replayed
}

/// Whether a delivery out of a journal runs once more, see [`replay_journaled`].
#[cfg(feature = "journal")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Again {
    /// It runs in any case, without a claim.
    Forced,
    /// Idempotency decides.
    IfNew,
}
