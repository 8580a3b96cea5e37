//! The future of the stack.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Response;
use pin_project_lite::pin_project;

use crate::body::{HeadFuture, ResponseBody};
use crate::metrics::{Flight, MetricsFuture};
use crate::telemetry::ReceiveSpan;
use crate::trace::TraceFuture;

pin_project! {
    /// The future of [`WebhookService`](super::WebhookService).
    #[must_use = "futures do nothing unless polled"]
    pub struct WebhookFuture<F> {
        #[pin]
        inner: TraceFuture<MetricsFuture<HeadFuture<F>>>,
    }
}

impl<F> WebhookFuture<F> {
    /// `call` is made inside of the span.
    pub(super) fn new(span: Option<ReceiveSpan>, flight: Option<Flight>, call: impl FnOnce() -> HeadFuture<F>) -> Self {
        Self { inner: TraceFuture::new(span, || MetricsFuture::new(call(), flight)) }
    }
}

impl<F, B, E> Future for WebhookFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().inner.poll(cx)
    }
}

impl<F> fmt::Debug for WebhookFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookFuture").finish_non_exhaustive()
    }
}
