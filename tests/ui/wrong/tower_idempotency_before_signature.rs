//! The order of a `ServiceBuilder` is the order of the request.
//~ E0277 this layer works on verified deliveries only

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tower::{Service, ServiceBuilder, service_fn};
use tower_webhook::{ConfigError, IdempotencyLayer, RawBodyLayer, Secret, SignatureLayer, VerifiedBody, provider};

fn serve<S: Service<Request<Full<Bytes>>>>(_: S) {}

fn app(secret: Secret) -> Result<(), ConfigError> {
    let handler = service_fn(async |_: Request<VerifiedBody>| Ok::<_, std::io::Error>(Response::new(Full::<Bytes>::default())));
    let layers = ServiceBuilder::new()
        .layer(RawBodyLayer::new())
        .layer(IdempotencyLayer::in_memory())
        .layer(SignatureLayer::new(provider::GITHUB, secret)?);
    serve(layers.service(handler));
    Ok(())
}

fn main() {}
