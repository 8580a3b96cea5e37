//! The stack as one service.

use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower_layer::Layer;
use tower_service::Service;

use super::WebhookFuture;
use super::order::{Ordered, OrderedBody};
use crate::body::{BoxError, VerifiedBody};
use crate::metrics::{MetricsLayer, MetricsService};

/// All layers of a route around one handler. See the [module docs](super).
#[derive(Clone, Debug)]
pub struct WebhookService<S>(Kind<S>);

#[derive(Clone, Debug)]
enum Kind<S> {
    Counted(MetricsService<Ordered<S>>),
    Plain(Ordered<S>),
}

impl<S> WebhookService<S> {
    pub(super) fn new(ordered: Ordered<S>, metrics: Option<&MetricsLayer>) -> Self {
        Self(match metrics {
            Some(metrics) => Kind::Counted(metrics.layer(ordered)),
            None => Kind::Plain(ordered),
        })
    }
}

impl<S, B, ResBody> Service<Request<B>> for WebhookService<S>
where
    B: Body<Error: Into<BoxError>>,
    S: Service<Request<VerifiedBody>, Response = Response<ResBody>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
    ResBody: Body<Data = Bytes> + Send + 'static,
    ResBody::Error: Into<BoxError>,
{
    type Response = Response<OrderedBody<ResBody>>;
    type Error = S::Error;
    type Future = WebhookFuture<<Ordered<S> as Service<Request<B>>>::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        match &mut self.0 {
            Kind::Counted(service) => service.poll_ready(cx),
            Kind::Plain(service) => service.poll_ready(cx),
        }
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        match &mut self.0 {
            Kind::Counted(service) => WebhookFuture::counted(service.call(request)),
            Kind::Plain(service) => WebhookFuture::plain(service.call(request)),
        }
    }
}
