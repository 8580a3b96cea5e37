//! What the operator is told. Never a body or a secret.

#[cfg(feature = "tracing")]
pub(super) fn not_appended(route: &str, error: &str) {
    tracing::error!(target: "tower_webhook::sink", route, error, "webhook was not appended");
}

#[cfg(not(feature = "tracing"))]
pub(super) const fn not_appended(_: &str, _: &str) {}
