//! What the operator is told of lists.

use crate::config_error::ConfigError;

#[cfg(feature = "tracing")]
pub(super) fn refresh_failed(list: Option<&str>, error: &ConfigError) {
    let (list, error) = (list.unwrap_or_default(), error.to_string());
    tracing::error!(
        target: "tower_webhook::allowlist", list, error = %crate::redact::untrusted(&error),
        "a list of networks was not refreshed: the last good one is kept"
    );
}

#[cfg(not(feature = "tracing"))]
pub(super) fn refresh_failed(_: Option<&str>, _: &ConfigError) {}
