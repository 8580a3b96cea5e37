//! What the operator is told. Never a header's value or a body.

#[cfg(feature = "tracing")]
pub(super) fn write_failed(error: &std::io::Error) {
    tracing::error!(target: "tower_webhook::journal", %error, "the journal cannot be written; deliveries go on without it");
}

#[cfg(not(feature = "tracing"))]
pub(super) fn write_failed(_: &std::io::Error) {}
