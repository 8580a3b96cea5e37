//! Without axum: each layer in a call of its own keeps the type of the body.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tower::{Service, ServiceBuilder, service_fn};
use tower_webhook::{ConfigError, IdempotencyLayer, RawBodyLayer, Secret, SignatureLayer, VerifiedBody, provider};

fn serve<S: Service<Request<Full<Bytes>>> + Clone + Send + 'static>(_: S) {}

fn app(secret: Secret) -> Result<(), ConfigError> {
    let handler = service_fn(|_: Request<VerifiedBody>| async {
        Ok::<_, std::io::Error>(Response::new(Full::<Bytes>::default()))
    });
    let layers = ServiceBuilder::new()
        .layer(RawBodyLayer::new())
        .layer(SignatureLayer::new(provider::GITHUB, secret)?)
        .layer(IdempotencyLayer::in_memory());
    serve(layers.service(handler));
    Ok(())
}

fn main() {}
