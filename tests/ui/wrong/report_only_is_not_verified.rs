//! A handler that takes verified bodies does not fit behind a signature that is only tried out.
//~ E0599 ObservedBody

use http::{Request, Response};
use http_body_util::Full;
use tower::{ServiceBuilder, ServiceExt};
use tower_webhook::bytes::Bytes;
use tower_webhook::{RawBodyLayer, Secret, SignatureLayer, VerifiedBody, provider};

async fn handle(_: Request<VerifiedBody>) -> Result<Response<()>, std::convert::Infallible> {
    Ok(Response::new(()))
}

fn main() {
    let signature = SignatureLayer::new(provider::GITHUB, Secret::new("a secret of 16 bytes").unwrap()).unwrap();
    let layers = ServiceBuilder::new().layer(RawBodyLayer::new()).layer(signature.report_only());
    let _ = layers.service_fn(handle).oneshot(Request::new(Full::new(Bytes::new())));
}
