//! What the operator is told when secrets are loaded. Never a secret.

#[cfg(feature = "tracing")]
mod events {
    use std::path::Path;

    const TARGET: &str = "tower_webhook::secrets";

    pub(in super::super) fn line_end(path: &Path) {
        tracing::debug!(target: TARGET, path = %path.display(), "the line end behind a secret was taken off");
    }

    pub(in super::super) fn white_space(path: &Path) {
        tracing::warn!(target: TARGET, path = %path.display(), "a secret has white space at its ends: is it part of it?");
    }
}

#[cfg(not(feature = "tracing"))]
mod events {
    use std::path::Path;

    pub(in super::super) fn line_end(_: &Path) {}

    pub(in super::super) fn white_space(_: &Path) {}
}

pub(super) use events::{line_end, white_space};
