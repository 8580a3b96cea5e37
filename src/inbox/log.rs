//! What the operator is told. Never a body, a key or a secret.

#[cfg(feature = "tracing")]
mod events {
    use std::error::Error;
    use std::path::Path;

    const TARGET: &str = "tower_webhook::inbox";

    #[cfg_attr(not(feature = "sqlite"), allow(dead_code))]
    pub(in super::super) fn write_failed(path: &Path, error: &dyn Error) {
        tracing::error!(target: TARGET, path = %path.display(), %error, "inbox could not write; the next write is tried");
    }

    pub(in super::super) fn poisoned(text: &str) {
        tracing::error!(target: TARGET, "{text}");
    }

    pub(in super::super) fn failed(what: &'static str, subscriber: &str, error: &dyn Error) {
        tracing::error!(target: TARGET, what, subscriber, %error, "inbox failed");
    }

    pub(in super::super) fn not_stored(route: &str, error: &dyn Error) {
        tracing::error!(target: TARGET, route, %error, "webhook was not stored");
    }

    pub(in super::super) fn dead(subscriber: &str, seq: i64, attempts: u32, why: &str) {
        tracing::error!(target: TARGET, subscriber, seq, attempts, why = %crate::redact::untrusted(why), "webhook became a dead letter");
    }

    #[cfg_attr(not(feature = "postgres"), allow(dead_code))]
    pub(in super::super) fn lease_lost(subscriber: &str, seq: i64) {
        tracing::warn!(target: TARGET, subscriber, seq, "a run ended that had lost its lease: it may run again");
    }

    pub(in super::super) fn breaker_opened(subscriber: &str) {
        tracing::warn!(target: TARGET, subscriber, "subscriber fails again and again: its deliveries are postponed");
    }
}

#[cfg(not(feature = "tracing"))]
mod events {
    use std::error::Error;
    use std::path::Path;

    #[cfg_attr(not(feature = "sqlite"), allow(dead_code))]
    pub(in super::super) fn write_failed(_: &Path, _: &dyn Error) {}

    pub(in super::super) fn poisoned(_: &str) {}

    pub(in super::super) fn failed(_: &'static str, _: &str, _: &dyn Error) {}

    pub(in super::super) fn not_stored(_: &str, _: &dyn Error) {}

    pub(in super::super) fn dead(_: &str, _: i64, _: u32, _: &str) {}

    #[cfg_attr(not(feature = "postgres"), allow(dead_code))]
    pub(in super::super) fn lease_lost(_: &str, _: i64) {}

    pub(in super::super) fn breaker_opened(_: &str) {}
}

#[cfg(feature = "postgres")]
pub(super) use events::lease_lost;
#[cfg(feature = "sqlite")]
pub(super) use events::write_failed;
pub(super) use events::{breaker_opened, dead, failed, not_stored, poisoned};
