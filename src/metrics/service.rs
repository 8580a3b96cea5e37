//! The service.

use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use super::{Meter, MetricsFuture};

/// Counts how the requests to the inner service end. Made by [`MetricsLayer`](super::MetricsLayer).
#[derive(Clone, Debug)]
pub struct MetricsService<S> {
    inner: S,
    meter: Meter,
}

impl<S> MetricsService<S> {
    pub(super) const fn new(inner: S, meter: Meter) -> Self {
        Self { inner, meter }
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for MetricsService<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
{
    type Response = Response<ResBody>;
    type Error = S::Error;
    type Future = MetricsFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        // Begun before the call: what the inner service does in it belongs to the request.
        let flight = self.meter.begin();
        MetricsFuture::new(self.inner.call(request), Some(flight))
    }
}
