//! hyper's own body, by `TowerToHyperService`.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper_util::service::TowerToHyperService;
use tower::{Layer, service_fn};
use tower_webhook::{ConfigError, Delivery, Secret, Secrets, VerifiedBody, WebhookLayer, provider};

fn serve<S>(_: S)
where
    S: hyper::service::Service<Request<hyper::body::Incoming>, Response: Send> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
}

fn app(new: Secret, old: Secret) -> Result<(), ConfigError> {
    let handler = service_fn(|request: Request<VerifiedBody>| async move {
        assert!(request.extensions().get::<Delivery>().is_some());
        Ok::<_, std::io::Error>(Response::new(Full::<Bytes>::default()))
    });
    let twilio = provider::TWILIO.at("https://hooks.example.com/twilio")?;
    let layer = WebhookLayer::new(twilio, Secrets::rotating(new, old))?;
    serve(TowerToHyperService::new(layer.layer(handler)));
    Ok(())
}

fn main() {}
