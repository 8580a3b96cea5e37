//! What the operator is told. Never a key in full, a token or a body.

#[cfg(feature = "tracing")]
mod events {
    use std::error::Error;

    const TARGET: &str = "tower_webhook::idempotency";

    pub(in super::super) fn store_failed(call: &'static str, route: &str, error: &dyn Error) {
        let cause = error.source().map(ToString::to_string).unwrap_or_default();
        tracing::error!(target: TARGET, route, call, %error, cause, "idempotency store failed");
    }

    pub(in super::super) fn ended(route: &str, outcome: crate::Outcome) {
        tracing::warn!(target: TARGET, route, outcome = outcome.code(), "webhook run ended out of the ordinary");
    }
}

#[cfg(not(feature = "tracing"))]
mod events {
    use std::error::Error;

    pub(in super::super) fn store_failed(_: &'static str, _: &str, _: &dyn Error) {}

    pub(in super::super) fn ended(_: &str, _: crate::Outcome) {}
}

pub(super) use events::{ended, store_failed};
