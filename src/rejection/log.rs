//! The one event that a refusal is.

use super::Rejection;

#[cfg(feature = "tracing")]
mod events {
    use super::Rejection;
    use crate::redact::untrusted;
    use crate::rejection::TARGET;

    pub(in super::super) fn refused(rejection: &Rejection, route: Option<&str>) {
        let (reason, docs) = (rejection.reason().code(), rejection.reason().docs());
        let status = rejection.status().as_u16();
        let route = route.unwrap_or_default();
        // Written in place, so that it is put together only if somebody listens.
        if status >= 500 {
            tracing::warn!(target: TARGET, route, reason, status, detail = %detail(rejection), docs, "webhook refused");
        } else {
            tracing::info!(target: TARGET, route, reason, status, detail = %detail(rejection), docs, "webhook refused");
        }
    }

    pub(in super::super) fn reported(rejection: &Rejection, route: Option<&str>) {
        let (reason, docs) = (rejection.reason().code(), rejection.reason().docs());
        let status = rejection.status().as_u16();
        let route = route.unwrap_or_default();
        tracing::warn!(
            target: TARGET, route, reason, status, detail = %detail(rejection), docs, report_only = true,
            "webhook would be refused, and passes: the check is in report-only mode"
        );
    }

    fn detail(rejection: &Rejection) -> impl std::fmt::Display + '_ {
        untrusted(rejection.detail().unwrap_or_default())
    }
}

#[cfg(not(feature = "tracing"))]
mod events {
    use super::Rejection;

    pub(in super::super) fn refused(_: &Rejection, _: Option<&str>) {}

    pub(in super::super) fn reported(_: &Rejection, _: Option<&str>) {}
}

pub(super) use events::{refused, reported};
