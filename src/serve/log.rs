//! What the accept loop has to say.

use std::fmt::Display;

#[cfg(feature = "tracing")]
const TARGET: &str = "tower_webhook::serve";

#[cfg(feature = "tracing")]
pub(super) fn accept_failed(error: &std::io::Error) {
    tracing::error!(target: TARGET, %error, "no connection can be taken, trying again");
}

#[cfg(not(feature = "tracing"))]
pub(super) fn accept_failed(_: &std::io::Error) {}

#[cfg(feature = "tracing")]
pub(super) fn service_failed(error: &dyn Display) {
    tracing::error!(target: TARGET, %error, "the service failed, answered 500");
}

#[cfg(not(feature = "tracing"))]
pub(super) fn service_failed(_: &dyn Display) {}

#[cfg(feature = "tracing")]
pub(super) fn connection_ended(error: &dyn Display) {
    tracing::debug!(target: TARGET, %error, "connection ended");
}

#[cfg(not(feature = "tracing"))]
pub(super) fn connection_ended(_: &dyn Display) {}

#[cfg(feature = "tracing")]
pub(super) fn panicked() {
    tracing::error!(target: TARGET, "a handler panicked, its connection is lost");
}

#[cfg(not(feature = "tracing"))]
pub(super) fn panicked() {}
