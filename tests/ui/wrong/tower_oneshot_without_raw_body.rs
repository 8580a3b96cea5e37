//! A method of `ServiceExt` asks for the same.
//~ E0277 this layer needs the raw bytes of the body

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tower::{ServiceBuilder, ServiceExt, service_fn};
use tower_webhook::{Secret, SignatureLayer, VerifiedBody, provider};

async fn send(secret: Secret, request: Request<Full<Bytes>>) -> Result<(), Box<dyn std::error::Error>> {
    let handler = service_fn(async |_: Request<VerifiedBody>| Ok::<_, std::io::Error>(Response::new(Full::<Bytes>::default())));
    let service = ServiceBuilder::new().layer(SignatureLayer::new(provider::GITHUB, secret)?).service(handler);
    service.oneshot(request).await?;
    Ok(())
}

fn main() {}
