//! Four webhook endpoints that protect themselves, and deliveries that try them.
//!
//! ```text
//! cargo run --example quickstart              # shows what happens, then serves until Ctrl-C
//! cargo run --example quickstart -- --once    # ends after the table
//! ```
//!
//! `PORT` (default 3000, 0 for any); `STRIPE_WEBHOOK_SECRET`, `GITHUB_WEBHOOK_SECRET`, `SLACK_SIGNING_SECRET`,
//! `STANDARD_WEBHOOK_SECRET`: generated and printed where they are not set.

#![allow(clippy::print_stdout, reason = "an example that shows something")]

use std::error::Error;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::{Request, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Router, middleware};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpStream;
use tower_webhook::scheme::Scheme;
use tower_webhook::serve::Server;
use tower_webhook::testing::{self, TestDelivery};
use tower_webhook::{ConfigError, Delivery, Outcome, Rejection, Secret, WebhookOptions, provider};

/// Path, sender, environment variable of its secret, a body as it sends them.
const SENDERS: [(&str, Scheme, &str, &str); 4] = [
    ("/webhooks/stripe", provider::STRIPE, "STRIPE_WEBHOOK_SECRET", r#"{"id":"evt_1","type":"invoice.paid"}"#),
    ("/webhooks/github", provider::GITHUB, "GITHUB_WEBHOOK_SECRET", r#"{"ref":"refs/heads/main"}"#),
    ("/webhooks/slack", provider::SLACK, "SLACK_SIGNING_SECRET", r#"{"event_id":"Ev1","event":{"type":"message"}}"#),
    ("/webhooks/standard", provider::STANDARD_WEBHOOKS, "STANDARD_WEBHOOK_SECRET", r#"{"type":"user.created"}"#),
];

/// Your code: it runs once for each delivery, and only for verified ones.
async fn handle(delivery: Delivery) -> String {
    format!("thank you for {}", delivery.event_type().unwrap_or_default())
}

/// The application: one layer a route.
fn app(secrets: &[Secret], metrics: PrometheusHandle) -> Result<Router, ConfigError> {
    let shared = WebhookOptions::new().metrics();
    let mut app = Router::new().route("/metrics", get(async move || metrics.render()));
    for ((path, sender, ..), secret) in SENDERS.iter().zip(secrets) {
        app = app.route(path, post(handle).layer(shared.layer(*sender, secret.clone())?));
    }
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // The recorder comes first: layers look for it when they are built.
    let metrics = metrics_exporter_prometheus::PrometheusBuilder::new();
    let metrics =
        tower_webhook::metrics::recommended_buckets().iter().try_fold(metrics, |builder, (name, buckets)| {
            builder.set_buckets_for_metric(metrics_exporter_prometheus::Matcher::Full((*name).to_owned()), buckets)
        })?;
    let metrics = metrics.install_recorder()?;

    let secrets = secrets()?;
    let reasons = Reasons::default();
    let app = app(&secrets, metrics)?.layer(middleware::map_response_with_state(reasons.clone(), note_reason));

    let port: u16 = std::env::var("PORT").ok().map_or(Ok(3000), |port| port.parse())?;
    let server = Server::bind(SocketAddr::from(([127, 0, 0, 1], port))).await?;
    let address = server.local_addr()?;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(server.shutdown_on(async { drop(stopped.await) }).serve(app.with_state(())));

    let all_right = show(address, &secrets, &reasons).await?;
    if std::env::args().any(|argument| argument == "--once") {
        drop(stop);
        serving.await??;
        return if all_right { Ok(()) } else { Err("an outcome is not the one that was expected".into()) };
    }
    print_curl(address, &secrets);
    println!("\nServing on http://{address} (metrics: http://{address}/metrics). Ctrl-C ends.");
    tokio::signal::ctrl_c().await?;
    drop(stop);
    serving.await??;
    Ok(())
}

/// From the environment, or generated.
fn secrets() -> Result<Vec<Secret>, ConfigError> {
    let mut secrets = Vec::new();
    println!("Secrets:");
    for (_, _, name, _) in SENDERS {
        secrets.push(if std::env::var_os(name).is_some() {
            println!("  {name} is set");
            Secret::from_env(name)?
        } else {
            let secret = Secret::generate()?;
            println!("  {name}={} (generated)", String::from_utf8_lossy(secret.expose()));
            secret
        });
    }
    Ok(secrets)
}

/// What the operator sees and the sender does not: the exact reason, out of the extensions of the answer.
#[derive(Clone, Default)]
struct Reasons(Arc<Mutex<String>>);

async fn note_reason(axum::extract::State(reasons): axum::extract::State<Reasons>, response: Response) -> Response {
    let rejection = response.extensions().get::<Rejection>().map(|rejection| rejection.reason().to_string());
    let outcome = response.extensions().get::<Outcome>().map(|outcome| format!("{outcome:?}").to_lowercase());
    *reasons.0.lock().unwrap_or_else(PoisonError::into_inner) =
        rejection.or(outcome).unwrap_or_else(|| "accepted".to_owned());
    response
}

/// Sends each sender's deliveries over the socket, and prints what happened.
async fn show(address: SocketAddr, secrets: &[Secret], reasons: &Reasons) -> Result<bool, Box<dyn Error>> {
    println!("\n{:<20} {:<10} {:>6}  {:<22} answer", "route", "delivery", "status", "why");
    let mut all_right = true;
    for ((path, sender, _, body), secret) in SENDERS.into_iter().zip(secrets) {
        let valid = testing::delivery(sender, secret.clone()).to(path).event_type("push").json(body);
        let stale = valid.aged(Duration::from_secs(601));
        // GitHub signs no timestamp, so nothing of it is ever stale: what comes late is told by its id.
        let signs_time = sender.name() != "github";
        let deliveries = [
            ("valid", &valid, 200, "accepted"),
            ("repeated", &valid, 200, "duplicate"),
            ("tampered", &valid.tampered(), 401, "signature_mismatch"),
            if signs_time {
                ("stale", &stale, 401, "timestamp_too_old")
            } else {
                ("no time", &stale, 200, "duplicate")
            },
            ("unsigned", &valid.unsigned(), 401, "missing_signature"),
        ];
        for (name, delivery, expected_status, expected) in deliveries {
            let (status, answer) = send(address, delivery).await?;
            let reason = reasons.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let right = status == expected_status && reason == expected;
            all_right &= right;
            let mark = if right { "" } else { "   <- not what was expected" };
            // A refusal is a problem document, and says as little.
            let problem: Option<serde_json::Value> = serde_json::from_str(&answer).ok();
            let answer = problem.as_ref().and_then(|problem| problem.get("title")?.as_str()).unwrap_or(&answer);
            println!("{path:<20} {name:<10} {:>6}  {reason:<22} {answer}{mark}", status.as_u16());
        }
    }
    Ok(all_right)
}

async fn send(address: SocketAddr, delivery: &TestDelivery) -> Result<(StatusCode, String), Box<dyn Error>> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let mut request: Request<Full<Bytes>> = delivery.to_request();
    request.headers_mut().insert("host", address.to_string().parse()?);
    let response = sender.send_request(request).await?;
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}

/// The same by hand. Signed timestamps are good for five minutes.
fn print_curl(address: SocketAddr, secrets: &[Secret]) {
    println!("\nTo paste (the signed timestamps are good for five minutes):");
    for ((path, sender, _, body), secret) in SENDERS.into_iter().zip(secrets) {
        let body = body.replace("_1", "_2").replace("Ev1", "Ev2");
        let delivery = testing::delivery(sender, secret.clone()).to(path).event_type("push").json(body.clone());
        let request: Request<Bytes> = delivery.to_request();
        print!("curl -i http://{address}{path}");
        for (name, value) in request.headers() {
            print!(" -H '{name}: {}'", String::from_utf8_lossy(value.as_bytes()));
        }
        println!(" --data-raw '{body}'");
    }
}

#[cfg(test)]
mod tests {
    use tower_webhook::Reason;
    use tower_webhook::testing::Endpoint;

    use super::*;

    #[tokio::test]
    async fn each_route_takes_its_own_sender_and_no_other() {
        let secrets: Vec<_> = SENDERS.iter().map(|_| Secret::generate().unwrap()).collect();
        let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
        let endpoint = Endpoint::new(app(&secrets, recorder.handle()).unwrap());
        for ((path, sender, _, body), secret) in SENDERS.into_iter().zip(&secrets) {
            let delivery = testing::delivery(sender, secret.clone()).to(path).json(body);
            endpoint.send(&delivery).await.assert_accepted();
            endpoint.send(&delivery).await.assert_duplicate();
            endpoint
                .send(&delivery.signed_with("whsec_bm90IHRoZSByaWdodCBzZWNyZXQ="))
                .await
                .assert_rejected(Reason::SignatureMismatch);
        }
    }
}
