//! What is done with a request.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tokio::time::Instant;
use tower_service::Service;

use super::future::AckDeadlineFuture;
use super::layer::AckDeadlineLayer;
use super::run::Case;
use crate::body::{Judged, ResponseBody};
use crate::delivery::Delivery;
use crate::rejection::{Dialect, Reason, Refusals, Rejection};
use crate::run_context::JournalReplay;

/// Answers in time, see [`AckDeadlineLayer`].
#[derive(Clone, Debug)]
pub struct AckDeadlineService<S> {
    pub(super) inner: S,
    pub(super) layer: Arc<AckDeadlineLayer>,
}

impl<S, B, R> Service<Request<B>> for AckDeadlineService<S>
where
    B: Judged,
    S: Service<Request<B>, Response = Response<R>>,
    S::Future: Send + 'static,
    S::Error: fmt::Display + Send + 'static,
    R: Send + 'static,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = AckDeadlineFuture<R, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let Some(delivery) = request.extensions().get::<Delivery>() else {
            let missing = Rejection::new(Reason::Misconfigured).with_detail("no `Delivery` in the request extensions");
            return AckDeadlineFuture::answered(Refusals::default().respond(missing, Dialect::of(request.headers())));
        };
        let (delivery, arrived) = (delivery.clone(), Instant::now());
        // What was let in unsigned is stored nowhere, so it is acknowledged by its handler alone.
        let case = delivery.is_verified().then(|| {
            let mut head = Request::new(());
            *head.method_mut() = request.method().clone();
            *head.uri_mut() = request.uri().clone();
            *head.headers_mut() = request.headers().clone();
            if let Some(replay) = request.extensions().get::<JournalReplay>() {
                head.extensions_mut().insert(*replay);
            }
            let due = arrived + self.layer.limit(&delivery);
            Case { layer: Arc::clone(&self.layer), head, delivery, due }
        });
        AckDeadlineFuture::new(Box::pin(self.inner.call(request)), case)
    }
}
