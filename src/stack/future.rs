//! The future of the stack.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Response;
use pin_project_lite::pin_project;

use crate::metrics::MetricsFuture;

pin_project! {
    /// The future of [`WebhookService`](super::WebhookService).
    #[must_use = "futures do nothing unless polled"]
    pub struct WebhookFuture<F> {
        #[pin]
        kind: Kind<F>,
    }
}

pin_project! {
    #[project = KindProj]
    enum Kind<F> {
        Counted { #[pin] future: MetricsFuture<F> },
        Plain { #[pin] future: F },
    }
}

impl<F> WebhookFuture<F> {
    pub(super) const fn counted(future: MetricsFuture<F>) -> Self {
        Self { kind: Kind::Counted { future } }
    }

    pub(super) const fn plain(future: F) -> Self {
        Self { kind: Kind::Plain { future } }
    }
}

impl<F, B, E> Future for WebhookFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<B>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().kind.project() {
            KindProj::Counted { future } => future.poll(cx),
            KindProj::Plain { future } => future.poll(cx),
        }
    }
}

impl<F> fmt::Debug for WebhookFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookFuture").finish_non_exhaustive()
    }
}
