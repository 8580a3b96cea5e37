//! The spans of a request and of a run out of the inbox, for builds with the feature `tracing`.
//!
//! Where nobody listens, none is made: that costs the look at an atomic number.

use http::{Extensions, Request, StatusCode};
use tracing::field::Empty;
use tracing::{Instrument, Span};

use super::End;
use super::matched_path::matched_path;
use crate::clock::UnixTime;
use crate::delivery::Delivery;
use crate::redact::untrusted;

const TARGET: &str = "tower_webhook";

/// `webhook.receive`: one request. Also in its extensions, for the layer that learns who sent it.
#[derive(Clone, Debug)]
pub(crate) struct ReceiveSpan(Span);

impl ReceiveSpan {
    /// `None` where nobody listens.
    pub(crate) fn begin(route: &str, provider: &str, extensions: &mut Extensions) -> Option<Self> {
        let span = tracing::info_span!(
            target: TARGET,
            "webhook.receive",
            "webhook.route" = route,
            "webhook.provider" = provider,
            "webhook.event_id" = Empty,
            "webhook.event_type" = Empty,
            "webhook.key_id" = Empty,
            "webhook.outcome" = Empty,
            "webhook.signature_age_ms" = Empty,
            "error.type" = Empty,
            "http.response.status_code" = Empty,
            "http.route" = Empty,
        );
        if span.is_disabled() {
            return None;
        }
        if let Some(path) = matched_path(extensions) {
            span.record("http.route", path);
        }
        let span = Self(span);
        extensions.insert(span.clone());
        Some(span)
    }

    pub(crate) fn in_scope<T>(&self, act: impl FnOnce() -> T) -> T {
        self.0.in_scope(act)
    }

    /// The delivery that this request is, once it is verified. The clock is read only where somebody listens.
    pub(crate) fn verified(extensions: &Extensions, delivery: &Delivery, now: impl FnOnce() -> Option<UnixTime>) {
        let Some(Self(span)) = extensions.get::<Self>() else { return };
        tell(span, delivery);
        if let Some(key_id) = delivery.key_id() {
            span.record("webhook.key_id", key_id);
        }
        if let Some((sent, now)) = delivery.sent_at().zip(now()) {
            let millis = |time: UnixTime| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
            span.record("webhook.signature_age_ms", millis(now).saturating_sub(millis(sent)));
        }
    }

    pub(crate) fn answered(&self, status: StatusCode) {
        self.0.record("http.response.status_code", status.as_u16());
    }

    pub(crate) fn ended(&self, end: End) {
        self.0.record("webhook.outcome", end.outcome());
        if !end.reason().is_empty() {
            self.0.record("error.type", end.reason());
        }
    }
}

/// What the sender says of the delivery: it may hold anything.
fn tell(span: &Span, delivery: &Delivery) {
    if let Some(id) = delivery.id() {
        span.record("webhook.event_id", tracing::field::display(untrusted(&id)));
    }
    if let Some(event_type) = delivery.event_type() {
        span.record("webhook.event_type", tracing::field::display(untrusted(&event_type)));
    }
}

/// `webhook.process`: one run of a subscriber of the inbox.
#[derive(Clone, Debug)]
#[cfg_attr(not(any(feature = "postgres", feature = "sqlite")), allow(dead_code))]
pub(crate) struct ProcessSpan(Span);

#[cfg_attr(not(any(feature = "postgres", feature = "sqlite")), allow(dead_code))]
impl ProcessSpan {
    /// `request` is the one that the run gets; its `traceparent` is that of the request which brought the delivery.
    pub(crate) fn begin<B>(subscriber: &str, attempt: u32, request: &Request<B>) -> Self {
        let span = tracing::info_span!(
            target: TARGET,
            "webhook.process",
            "webhook.subscriber" = subscriber,
            "webhook.attempt" = attempt,
            "webhook.route" = Empty,
            "webhook.provider" = Empty,
            "webhook.event_id" = Empty,
            "webhook.event_type" = Empty,
            "webhook.outcome" = Empty,
            "webhook.traceparent" = Empty,
        );
        if let (false, Some(delivery)) = (span.is_disabled(), request.extensions().get::<Delivery>()) {
            span.record("webhook.route", delivery.route());
            span.record("webhook.provider", delivery.provider());
            tell(&span, delivery);
            if let Some(parent) = super::traceparent::traceparent(request.headers()) {
                span.record("webhook.traceparent", parent);
            }
        }
        Self(span)
    }

    pub(crate) fn around<F: Future>(&self, run: F) -> impl Future<Output = F::Output> + use<F> {
        run.instrument(self.0.clone())
    }

    pub(crate) fn ended(&self, outcome: &'static str) {
        self.0.record("webhook.outcome", outcome);
    }
}
