//! What the operator is told about keys: their ids, never a key.

#[cfg(feature = "tracing")]
mod events {
    use crate::config_error::ConfigError;
    use crate::redact::untrusted;

    const TARGET: &str = "tower_webhook::secrets";

    pub(in super::super) fn reload_failed(ring: &str, error: &ConfigError) {
        let error = error.to_string();
        tracing::error!(target: TARGET, ring, error = %untrusted(&error), "secrets were not reloaded: the last good ring is kept");
    }

    pub(in super::super) fn ring_changed<'a>(ring: &str, ids: impl Iterator<Item = &'a str>) {
        let keys = ids.collect::<Vec<_>>().join(", ");
        tracing::info!(target: TARGET, ring, keys = %untrusted(&keys), "secrets were replaced");
    }

    pub(in super::super) fn retired_key(route: &str, key_id: &str) {
        tracing::warn!(target: TARGET, route, key_id, "a delivery was verified with a retired key: the sender still signs with it");
    }
}

#[cfg(not(feature = "tracing"))]
mod events {
    use crate::config_error::ConfigError;

    pub(in super::super) fn reload_failed(_: &str, _: &ConfigError) {}

    pub(in super::super) fn ring_changed<'a>(_: &str, _: impl Iterator<Item = &'a str>) {}

    pub(in super::super) fn retired_key(_: &str, _: &str) {}
}

pub(super) use events::{reload_failed, retired_key, ring_changed};
