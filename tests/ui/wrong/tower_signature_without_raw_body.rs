//! The same without axum.
//~ E0277 this layer needs the raw bytes of the body

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tower::{Service, ServiceBuilder, service_fn};
use tower_webhook::{ConfigError, Secret, SignatureLayer, VerifiedBody, provider};

fn serve<S: Service<Request<Full<Bytes>>>>(_: S) {}

fn app(secret: Secret) -> Result<(), ConfigError> {
    let handler = service_fn(async |_: Request<VerifiedBody>| Ok::<_, std::io::Error>(Response::new(Full::<Bytes>::default())));
    serve(ServiceBuilder::new().layer(SignatureLayer::new(provider::GITHUB, secret)?).service(handler));
    Ok(())
}

fn main() {}
