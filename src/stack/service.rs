//! The stack as one service.

use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::WebhookFuture;
use super::order::{Head, Signed};
use crate::body::{BoxError, HeadFuture, Judged, RawBody, ResponseBody, VerifiedBody};
use crate::metrics::Meter;
use crate::signature::Handed;
use crate::trace::TraceLayer;

/// All layers of a route around one handler. See the [module docs](super).
#[derive(Clone, Debug)]
pub struct WebhookService<S, O = VerifiedBody> {
    head: Arc<Head>,
    signed: Signed<S, O>,
    meter: Option<Meter>,
    trace: TraceLayer,
}

impl<S, O> WebhookService<S, O> {
    pub(super) const fn new(head: Arc<Head>, signed: Signed<S, O>, meter: Option<Meter>, trace: TraceLayer) -> Self {
        Self { head, signed, meter, trace }
    }
}

/// The handler's body inside of what handshake, signature, challenge and idempotency may answer, and the head.
type StackBody<B> = ResponseBody<ResponseBody<ResponseBody<ResponseBody<ResponseBody<B>>>>>;

impl<S, O, B, ResBody> Service<Request<B>> for WebhookService<S, O>
where
    B: Body<Error: Into<BoxError>>,
    O: Handed + Judged + Send + 'static,
    S: Service<Request<O>, Response = Response<ResBody>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
    ResBody: Body<Data = Bytes> + Send + 'static,
    ResBody::Error: Into<BoxError>,
{
    type Response = Response<StackBody<ResBody>>;
    type Error = S::Error;
    type Future = WebhookFuture<<Signed<S, O> as Service<Request<RawBody<B>>>>::Future>;

    /// Always ready: the handler's readiness is awaited once a delivery is verified and claimed.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let flight = self.meter.as_ref().map(Meter::begin);
        let span = self.trace.begin(request.extensions_mut());
        WebhookFuture::new(span, flight, || match self.head.judge(request) {
            Ok(request) => HeadFuture::inner(self.signed.call(request)),
            Err(answer) => HeadFuture::answered(answer),
        })
    }
}
