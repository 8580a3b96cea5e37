//! The one thing that the metrics have to say in the log.

use std::sync::Once;

static WARNED: Once = Once::new();

/// Warns that nothing will be counted; once in the life of the process.
pub(super) fn no_recorder() {
    WARNED.call_once(warn);
}

#[cfg(feature = "tracing")]
fn warn() {
    tracing::warn!(
        target: "tower_webhook::metrics",
        "no metrics recorder is installed, so the layers built now will never count anything: \
         install the recorder first, then build the layers"
    );
}

#[cfg(not(feature = "tracing"))]
const fn warn() {}
