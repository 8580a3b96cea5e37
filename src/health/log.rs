//! What the operator is told: once when a check fails, once when it is well again.

#[cfg(feature = "tracing")]
mod events {
    use std::error::Error;

    const TARGET: &str = "tower_webhook::health";

    pub(in super::super) fn failed(check: &str, error: &(dyn Error + Send + Sync)) {
        let mut causes = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            causes = format!("{causes}: {cause}");
            source = cause.source();
        }
        tracing::error!(target: TARGET, check, error = %causes.escape_debug(), "not ready");
    }

    pub(in super::super) fn well_again(check: &str) {
        tracing::info!(target: TARGET, check, "well again");
    }

    pub(in super::super) fn draining() {
        tracing::info!(target: TARGET, "draining: not ready from now on");
    }
}

#[cfg(not(feature = "tracing"))]
mod events {
    use std::error::Error;

    pub(in super::super) const fn failed(_: &str, _: &(dyn Error + Send + Sync)) {}

    pub(in super::super) const fn well_again(_: &str) {}

    pub(in super::super) const fn draining() {}
}

pub(super) use events::{draining, failed, well_again};
