//! Around one service of tonic.

use std::convert::Infallible;
use std::task::{Context, Poll};

use http::{Request, Response};
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::service::LayerExt;
use tower::Service;
use tower_webhook::{ConfigError, Secret, VerifiedBody, WebhookLayer, provider};

/// Stands for the server that tonic makes of a `.proto`.
#[derive(Clone)]
struct Events;

impl NamedService for Events {
    const NAME: &'static str = "acme.Events";
}

impl Service<Request<VerifiedBody>> for Events {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<VerifiedBody>) -> Self::Future {
        std::future::ready(Ok(Response::default()))
    }
}

/// What tonic's `Routes::add_service` asks for.
fn add<S>(_: S)
where
    S: Service<Request<Body>, Error = Infallible, Response: axum::response::IntoResponse>,
    S: NamedService + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
}

fn app(secret: Secret) -> Result<(), ConfigError> {
    add(WebhookLayer::new(provider::STANDARD_WEBHOOKS, secret)?.named_layer(Events));
    Ok(())
}

fn main() {}
