//! The one event that a refusal is.

use super::Rejection;

#[cfg(feature = "tracing")]
pub(super) fn refused(rejection: &Rejection, route: Option<&str>) {
    let reason = rejection.reason().code();
    let status = rejection.status().as_u16();
    let detail = rejection.detail().unwrap_or_default();
    let route = route.unwrap_or_default();
    if status >= 500 {
        tracing::warn!(target: super::TARGET, route, reason, status, detail, "webhook refused");
    } else {
        tracing::info!(target: super::TARGET, route, reason, status, detail, "webhook refused");
    }
}

#[cfg(not(feature = "tracing"))]
pub(super) fn refused(_: &Rejection, _: Option<&str>) {}
