//! salvo: the tower layer goes around a service, and the service becomes the handler of a route.
//!
//! ```text
//! export GITHUB_WEBHOOK_SECRET=a-secret-of-at-least-sixteen-bytes
//! cargo run --manifest-path examples/frameworks/Cargo.toml --bin salvo
//! ```

use std::convert::Infallible;
use std::error::Error;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use salvo::conn::TcpListener;
use salvo::http::ReqBody;
use salvo::prelude::TowerServiceCompat;
use salvo::{Listener, Router, Server};
use tower::ServiceBuilder;
use tower_webhook::{ConfigError, Delivery, Secret, VerifiedBody, WebhookLayer, provider};

/// Your code: it runs once for each delivery, and only for verified ones.
async fn handle(request: Request<VerifiedBody>) -> Result<Response<Full<Bytes>>, Infallible> {
    let event = request.extensions().get::<Delivery>().and_then(Delivery::event_type).unwrap_or_default();
    Ok(Response::new(format!("{event}: {} verified bytes", request.body().bytes().len()).into()))
}

fn app(secret: Secret) -> Result<Router, ConfigError> {
    let github = ServiceBuilder::new().layer(WebhookLayer::new(provider::GITHUB, secret)?).service_fn(handle);
    Ok(Router::with_path("webhooks/github").goal(TowerServiceCompat::<ReqBody, _, _, _>::compat(github)))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let app = app(Secret::from_env("GITHUB_WEBHOOK_SECRET")?)?;
    Server::new(TcpListener::new("127.0.0.1:3000").bind().await).serve(app).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use salvo::Service;
    use salvo::test::{ResponseExt, TestClient};
    use tower_webhook::testing::{self, TestDelivery};

    use super::*;

    const SECRET: &str = "It's a Secret to Everybody";
    /// JSON that no serialiser writes so.
    const BODY: &str = r#"{ "ref": "refs\/heads/main", "n": 1.0 }"#;

    /// Status and body of the answer.
    async fn send(app: &Service, delivery: &TestDelivery) -> (u16, String) {
        let (head, body) = delivery.to_request::<Bytes>().into_parts();
        let mut request = TestClient::post(format!("http://127.0.0.1{}", head.uri)).body(body);
        for (name, value) in &head.headers {
            request = request.add_header(name, value, true);
        }
        let mut response = request.send(app).await;
        (response.status_code.unwrap().as_u16(), response.take_string().await.unwrap())
    }

    #[tokio::test]
    async fn a_signed_delivery_passes_as_it_was_sent_and_no_other() {
        let app = Service::new(app(Secret::new(SECRET).unwrap()).unwrap());
        let signed = testing::delivery(provider::GITHUB, SECRET).to("/webhooks/github").event_type("push").json(BODY);
        assert_eq!(send(&app, &signed).await, (200, format!("push: {} verified bytes", BODY.len())));
        assert_eq!(send(&app, &signed.tampered()).await.0, 401);
        assert_eq!(send(&app, &signed.unsigned()).await.0, 401);
    }
}
