//! The service that [`IdempotencyLayer`](super::IdempotencyLayer) makes.

use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::answer;
use super::case::Case;
use super::config::Config;
use super::future::IdempotencyFuture;
use super::run::Run;
use crate::body::{Judged, ResponseBody};
use crate::delivery::Delivery;
use crate::rejection::{Dialect, Reason, Rejection};

/// Runs the inner service once a delivery, see [`IdempotencyLayer`](super::IdempotencyLayer).
///
/// Always ready: the readiness of the inner service is taken after the claim, so that copies, which
/// never reach it, hold no place in it.
#[derive(Clone, Debug)]
pub struct IdempotencyService<S> {
    pub(super) inner: S,
    pub(super) config: Arc<Config>,
}

impl<S, B, R> Service<Request<B>> for IdempotencyService<S>
where
    B: Judged + Send + 'static,
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send + 'static,
    R: Body<Data = Bytes> + Send + 'static,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = IdempotencyFuture<R, S::Error>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let dialect = Dialect::of(request.headers());
        let Some(delivery) = request.extensions().get::<Delivery>() else {
            let missing = Rejection::new(Reason::Misconfigured).with_detail("no `Delivery` in the request extensions");
            return IdempotencyFuture::answered(answer::refuse(&self.config, None, missing, dialect));
        };
        match self.config.plan(&request, delivery) {
            Ok(plan) => {
                let case = Case::new(&self.config, plan, delivery, dialect);
                IdempotencyFuture::run(Run::new(case, self.inner.clone(), request))
            }
            Err(reason) => {
                let refusal = answer::refusal(self.config.profile, reason);
                let response = answer::refuse(&self.config, Some(delivery.route()), refusal, dialect);
                IdempotencyFuture::answered(response)
            }
        }
    }
}
