//! Without axum: a tower stack around a plain function, over any HTTP server that takes tower services.
//!
//! The function takes `Request<VerifiedBody>`: there is no other way to get one than a signature that matched. Served
//! by `serve::Server`, which has the limits and timeouts that an open port needs; the tests show it on bare hyper,
//! through `TowerToHyperService`.
//!
//! ```text
//! export GITHUB_WEBHOOK_SECRET=a-secret-of-at-least-sixteen-bytes     # PORT: default 3000
//! cargo run --example hyper_server
//!
//! body='{"ref":"refs/heads/main"}'
//! hex=$(printf %s "$body" | openssl dgst -sha256 -hmac "$GITHUB_WEBHOOK_SECRET" -r | cut -d' ' -f1)
//! curl -i http://127.0.0.1:3000/ -H "x-hub-signature-256: sha256=$hex" -H 'x-github-event: push' --data-raw "$body"
//! curl -i http://127.0.0.1:3000/ --http2-prior-knowledge --data-raw "$body"    # unsigned: 401
//! ```

#![allow(clippy::print_stdout, reason = "an example that shows something")]

use std::convert::Infallible;
use std::error::Error;
use std::net::SocketAddr;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::Full;
use tower::{Service, ServiceBuilder};
use tower_webhook::body::BoxError;
use tower_webhook::serve::Server;
use tower_webhook::{ConfigError, Delivery, Secret, VerifiedBody, WebhookLayer, provider};

/// Your code: it runs once for each delivery, and only for verified ones.
async fn handle(request: Request<VerifiedBody>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    // The signature layer put it there.
    let Some(delivery) = head.extensions.get::<Delivery>() else {
        return Ok(status(StatusCode::INTERNAL_SERVER_ERROR));
    };
    let event = delivery.event_type().unwrap_or_default();
    Ok(Response::new(Full::from(format!("{event}: {} verified bytes", body.bytes().len()))))
}

fn status(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

/// The application, for request bodies of any server.
fn app<B>(
    secret: Secret,
) -> Result<
    impl Service<
        Request<B>,
        Response = Response<impl Body<Data = Bytes, Error = Infallible> + Send + 'static>,
        Error = Infallible,
        Future: Send + 'static,
    > + Clone
    + Send
    + 'static,
    ConfigError,
>
where
    B: Body<Error: Into<BoxError>> + Send + 'static,
{
    Ok(ServiceBuilder::new().layer(WebhookLayer::new(provider::GITHUB, secret)?).service_fn(handle))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let app = app(Secret::from_env("GITHUB_WEBHOOK_SECRET")?)?;
    let port: u16 = std::env::var("PORT").ok().map_or(Ok(3000), |port| port.parse())?;
    let server = Server::bind(SocketAddr::from(([127, 0, 0, 1], port))).await?;
    println!("Serving on http://{}. Ctrl-C ends.", server.local_addr()?);
    server.shutdown_on(tokio::signal::ctrl_c()).serve(app).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use hyper::server::conn::http1;
    use hyper_util::rt::{TokioExecutor, TokioIo};
    use hyper_util::server::conn::auto;
    use hyper_util::service::TowerToHyperService;
    use tower_webhook::Reason;
    use tower_webhook::testing::{self, Endpoint, TestDelivery};

    use super::*;

    const SECRET: &str = "It's a Secret to Everybody";

    fn delivery() -> TestDelivery {
        testing::delivery(provider::GITHUB, SECRET).json("{}").header("x-github-event", "push")
    }

    fn secret() -> Secret {
        Secret::new(SECRET).unwrap()
    }

    #[tokio::test]
    async fn a_signed_delivery_reaches_the_function_once() {
        let endpoint = Endpoint::new(app(secret()).unwrap());
        let delivery = delivery();
        let answer = endpoint.send(&delivery).await;
        assert_eq!(answer.body(), "push: 2 verified bytes");
        endpoint.send(&delivery).await.assert_duplicate();
        endpoint.send(&delivery.tampered()).await.assert_rejected(Reason::SignatureMismatch);
    }

    #[tokio::test]
    async fn it_runs_on_bare_hyper_with_http_1() {
        let (client, server) = tokio::io::duplex(64 * 1024);
        let service = TowerToHyperService::new(app(secret()).unwrap());
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(server), service));

        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(client)).await.unwrap();
        tokio::spawn(connection);
        for (delivery, status) in [(delivery(), 200), (delivery().unsigned(), 401)] {
            let response = sender.send_request(delivery.to_request::<Full<Bytes>>()).await.unwrap();
            assert_eq!(response.status(), status);
            response.into_body().collect().await.unwrap();
        }
    }

    #[tokio::test]
    async fn it_runs_on_bare_hyper_with_http_2() {
        let (client, server) = tokio::io::duplex(64 * 1024);
        let service = TowerToHyperService::new(app(secret()).unwrap());
        tokio::spawn(async move {
            // `auto` tells HTTP/1 from HTTP/2 by the first bytes.
            auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(server), service).await
        });

        let executor = TokioExecutor::new();
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(executor, TokioIo::new(client)).await.unwrap();
        tokio::spawn(connection);
        for (delivery, status) in [(delivery(), 200), (delivery().tampered(), 401)] {
            let mut request = delivery.to_request::<Full<Bytes>>();
            *request.uri_mut() = "http://hooks.example/".parse().unwrap();
            assert_eq!(sender.send_request(request).await.unwrap().status(), status);
        }
    }
}
