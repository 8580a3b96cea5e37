//! What the operator is told. Never a body or a secret.

#[cfg(feature = "tracing")]
mod events {
    const TARGET: &str = "tower_webhook::ack_deadline";

    pub(in super::super) fn acknowledged(route: &str, id: &str) {
        tracing::debug!(target: TARGET, route, id, "webhook was acknowledged before its handler had finished");
    }

    pub(in super::super) fn not_stored(route: &str, id: &str, why: &str) {
        tracing::error!(target: TARGET, route, id, why, "webhook could not be stored at its deadline: its sender waits for the handler");
    }

    pub(in super::super) fn failed(route: &str, id: &str, why: &str) {
        tracing::warn!(target: TARGET, route, id, why, "webhook failed after it was acknowledged: the inbox tries it again");
    }

    pub(in super::super) fn lost(route: &str, id: &str, why: &str) {
        tracing::error!(target: TARGET, route, id, why, "webhook failed after it was acknowledged, and nothing tries it again");
    }
}

#[cfg(not(feature = "tracing"))]
mod events {
    pub(in super::super) fn acknowledged(_: &str, _: &str) {}

    pub(in super::super) fn not_stored(_: &str, _: &str, _: &str) {}

    pub(in super::super) fn failed(_: &str, _: &str, _: &str) {}

    pub(in super::super) fn lost(_: &str, _: &str, _: &str) {}
}

pub(super) use events::{acknowledged, failed, lost, not_stored};
