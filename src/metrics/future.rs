//! The future: it counts once, when the answer is there or when it is dropped without one.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::Response;
use pin_project_lite::pin_project;

use crate::clock::Clock;
use crate::telemetry::{End, InFlight, RequestMetrics};

pin_project! {
    /// The future of [`MetricsService`](super::MetricsService).
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct MetricsFuture<F> {
        #[pin]
        inner: F,
        flight: Option<Flight>,
    }
}

impl<F> MetricsFuture<F> {
    pub(crate) fn new(inner: F, mut flight: Option<Flight>) -> Self {
        if let Some(flight) = &mut flight {
            flight.inside = false;
        }
        Self { inner, flight }
    }
}

/// One request on its way. Dropped without an end, it was aborted; dropped while the inner service was
/// at work, that panicked.
#[derive(Debug)]
pub(crate) struct Flight {
    guard: InFlight,
    clock: Arc<dyn Clock>,
    begun: Duration,
    end: Option<End>,
    inside: bool,
}

/// The handles of a route and the clock to measure by.
#[derive(Clone, Debug)]
pub(crate) struct Meter {
    metrics: RequestMetrics,
    clock: Arc<dyn Clock>,
}

impl Meter {
    pub(super) const fn new(metrics: RequestMetrics, clock: Arc<dyn Clock>) -> Self {
        Self { metrics, clock }
    }

    /// A request has come.
    pub(crate) fn begin(&self) -> Flight {
        // Until the future is made, the inner service's `call` is at work.
        let (guard, clock) = (self.metrics.begin(), Arc::clone(&self.clock));
        Flight { guard, begun: clock.monotonic(), clock, end: None, inside: true }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let end = self.end.unwrap_or(if self.inside { End::HandlerPanic } else { End::Aborted });
        self.guard.ended(end, self.clock.monotonic().saturating_sub(self.begun));
    }
}

impl<F, B, E> Future for MetricsFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<B>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Some(flight) = this.flight {
            flight.inside = true;
        }
        let polled = this.inner.poll(cx);
        if let Some(flight) = this.flight {
            flight.inside = false;
        }
        let result = ready!(polled);
        if let Some(mut flight) = this.flight.take() {
            flight.end = Some(result.as_ref().map_or(End::Handler5xx, End::of));
        }
        Poll::Ready(result)
    }
}
