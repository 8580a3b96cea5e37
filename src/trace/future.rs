//! The future: polled inside of the span, which learns how it ended.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use pin_project_lite::pin_project;

use crate::telemetry::{End, ReceiveSpan};

pin_project! {
    /// The future of [`TraceService`](super::TraceService).
    #[must_use = "futures do nothing unless polled"]
    pub struct TraceFuture<F> {
        #[pin]
        inner: F,
        open: Option<Open>,
    }
}

/// A span, and whether its end is known. Dropped before, the request was aborted.
struct Open {
    span: ReceiveSpan,
    end: Option<End>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.span.ended(self.end.unwrap_or(End::Aborted));
    }
}

impl<F> TraceFuture<F> {
    /// `call` makes the future, inside of the span.
    pub(crate) fn new(span: Option<ReceiveSpan>, call: impl FnOnce() -> F) -> Self {
        match span {
            Some(span) => {
                let open = Open { span, end: None };
                Self { inner: open.span.in_scope(call), open: Some(open) }
            }
            None => Self { inner: call(), open: None },
        }
    }
}

impl<F, B, E> Future for TraceFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<B>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Some(open) = this.open else { return this.inner.poll(cx) };
        let result = ready!(open.span.in_scope(|| this.inner.poll(cx)));
        if let Ok(response) = &result {
            open.span.answered(response.status());
        }
        open.end = Some(result.as_ref().map_or(End::Handler5xx, End::of));
        *this.open = None;
        Poll::Ready(result)
    }
}

impl<F> fmt::Debug for TraceFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TraceFuture").finish_non_exhaustive()
    }
}
