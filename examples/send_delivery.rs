//! Sends one webhook, signed as Standard Webhooks says, to a receiver that fails twice; it comes again until it arrives.
//! An attempt has five seconds, all of them together have a minute, and the pauses between them double.
//!
//! ```text
//! cargo run --example send_delivery --features send
//! ```
//!
//! `URL` (default: a receiver of its own on a free port), `STANDARD_WEBHOOK_SECRET` (default: generated). With a `URL`
//! of yours only public addresses are connected to, and by `http` alone: for `https` put a connector of TLS around
//! `PublicConnector::new().under_tls()`, such as hyper-rustls'.

#![allow(clippy::print_stdout, reason = "an example that shows something")]

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::{Request, Response, StatusCode};
use axum::routing::post;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tower::{Layer, Service, ServiceExt};
use tower_webhook::body::BoxError;
use tower_webhook::bytes::Bytes;
use tower_webhook::send::{Answered, PublicConnector, RetryPolicy, RetrySchedule, SendLayer};
use tower_webhook::serve::Server;
use tower_webhook::{ConfigError, Delivery, Secret, WebhookLayer, provider};

/// The receiver: fails twice, then takes the delivery, once.
fn app(secret: Secret) -> Result<Router, ConfigError> {
    let attempts = Arc::new(AtomicU32::new(0));
    let take = async move |delivery: Delivery| {
        let attempt = attempts.fetch_add(1, Ordering::Relaxed) + 1;
        println!("  attempt {attempt} of {}", delivery.id().unwrap_or_default());
        if attempt < 3 { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }
    };
    Ok(Router::new().route("/webhooks", post(take).layer(WebhookLayer::new(provider::STANDARD_WEBHOOKS, secret)?)))
}

/// The sender, around any tower HTTP client.
fn sender<C>(
    client: C,
    secret: Secret,
    first_wait: Duration,
) -> Result<impl Service<Request<Full<Bytes>>, Response = C::Response, Error = BoxError>, ConfigError>
where
    C: Service<Request<Full<Bytes>>, Response = Response<Incoming>, Error: Into<BoxError>> + Clone,
{
    let schedule = RetrySchedule::exponential(first_wait, Duration::from_secs(10), 5)?;
    let policy = RetryPolicy::new(schedule).total_deadline(Duration::from_secs(60));
    let layer = SendLayer::new(provider::STANDARD_WEBHOOKS, secret)?.attempt_timeout(Duration::from_secs(5));
    Ok(layer.retry(policy).layer(client))
}

async fn send(url: &str, own: Option<SocketAddr>, secret: Secret, wait: Duration) -> Result<Answered, Box<dyn Error>> {
    let connector = PublicConnector::new();
    // Its own receiver is at no public address, and is let through by name.
    let connector = own.map_or(Ok(connector.clone()), |own| connector.and_network(&own.ip().to_string()))?;
    let client = Client::builder(TokioExecutor::new()).build(connector);
    let event = Bytes::from_static(br#"{"type":"user.created","data":{"id":"u_1"}}"#);
    let request = Request::post(url).header("content-type", "application/json").body(Full::new(event))?;
    let answer = sender(client, secret, wait)?.oneshot(request).await.map_err(|error| error.to_string())?;
    println!("{}", answer.status());
    Ok(Answered::by(answer.status()))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let secret = match std::env::var_os("STANDARD_WEBHOOK_SECRET") {
        Some(_) => Secret::from_env("STANDARD_WEBHOOK_SECRET")?,
        None => Secret::generate()?,
    };
    let wait = Duration::from_millis(200);
    let answered = if let Ok(url) = std::env::var("URL") {
        send(&url, None, secret, wait).await?
    } else {
        let server = Server::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        let address = server.local_addr()?;
        tokio::spawn(server.serve(app(secret.clone())?.with_state(())));
        send(&format!("http://{address}/webhooks"), Some(address), secret, wait).await?
    };
    match answered {
        Answered::Delivered => Ok(()),
        other => Err(format!("not delivered: {other:?}").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_delivery_that_fails_twice_arrives_at_the_third_attempt() {
        let secret = Secret::generate().unwrap();
        let server = Server::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let address = server.local_addr().unwrap();
        let serving = tokio::spawn(server.serve(app(secret.clone()).unwrap().with_state(())));
        let url = format!("http://{address}/webhooks");
        let wait = Duration::from_millis(1);
        assert_eq!(send(&url, Some(address), secret.clone(), wait).await.unwrap(), Answered::Delivered);
        assert!(send(&url, None, secret, wait).await.is_err(), "a private address is refused unless it is named");
        serving.abort();
    }
}
