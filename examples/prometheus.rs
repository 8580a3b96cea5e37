//! Everything that can be seen of webhooks: metrics for the rules and the dashboard of `examples/observability`, probes,
//! and a shutdown in order.
//!
//! ```text
//! cargo run --features sqlite --example prometheus
//! ```
//!
//! | route | what |
//! |---|---|
//! | `POST /webhooks/github` | allowlist (private networks), signature, idempotency in memory; HTTPS only is tried out |
//! | `POST /webhooks/standard` | Standard Webhooks by two secrets, the older one with an end; a durable inbox |
//! | `GET /metrics` | for Prometheus |
//! | `GET /health/live`, `GET /health/ready` | for whoever restarts the process, and for the load balancer |
//!
//! Two subscribers work on the inbox: `billing`, and `crm`, which gives up what has the type `crm.unknown` and fails each
//! other event's first attempt. `PORT` (default 3000, 0 for any), `HOST` (default 127.0.0.1); `INBOX`: the file (default
//! `inbox.db`); `UNREADY_S`: seconds between "not ready" and the end (default 5); `GITHUB_WEBHOOK_SECRET`,
//! `STANDARD_WEBHOOK_SECRET`. The default secrets are published ones.

#![allow(clippy::print_stdout, reason = "an example that shows something")]

use std::convert::Infallible;
use std::env;
use std::error::Error;
use std::future::ready;
use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use axum::Router;
use axum::handler::HandlerWithoutStateExt;
use axum::http::StatusCode;
use axum::routing::{get, post};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tower::Layer;
use tower_webhook::allowlist::{AllowlistSource, ListFormat};
use tower_webhook::clock::{Clock, SystemClock};
use tower_webhook::health::{Health, Shutdown};
use tower_webhook::inbox::{Inbox, RetrySchedule, Subscriber};
use tower_webhook::metrics::recommended_buckets;
use tower_webhook::serve::Server;
use tower_webhook::signature::{Explainer, WatchedSecrets, secret_source_fn};
use tower_webhook::{
    AllowlistLayer, ConfigError, Delivery, IdempotencyLayer, Secret, Secrets, SignatureLayer, WebhookOptions, provider,
};

pub(crate) const GITHUB: &str = "It's a Secret to Everybody";
pub(crate) const CURRENT: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
pub(crate) const PREVIOUS: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const NETWORKS: [&str; 5] = ["127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];

type Failure = Box<dyn Error + Send + Sync>;

/// The recorder, with the buckets that the alerts need. Before the layers: they look for it when they are built.
pub(crate) fn recorder() -> Result<PrometheusHandle, Failure> {
    let builder = recommended_buckets().iter().try_fold(PrometheusBuilder::new(), |builder, (name, buckets)| {
        builder.set_buckets_for_metric(Matcher::Full((*name).to_owned()), buckets)
    })?;
    Ok(builder.install_recorder()?)
}

async fn billing(delivery: Delivery) -> StatusCode {
    println!("billing: {}", delivery.id().unwrap_or_default());
    StatusCode::OK
}

async fn crm(delivery: Delivery) -> StatusCode {
    match delivery.idempotency().and_then(|run| run.attempt()) {
        // Whoever knows that no attempt will ever succeed says so.
        _ if delivery.event_type().as_deref() == Some("crm.unknown") => StatusCode::UNPROCESSABLE_ENTITY,
        Some(1) => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::OK,
    }
}

/// What is served, and what has to be ended.
pub(crate) struct App {
    pub(crate) router: Router,
    pub(crate) inbox: Inbox,
    pub(crate) shutdown: Shutdown,
}

/// The recorder of `prometheus` must be installed by now.
pub(crate) async fn app(prometheus: PrometheusHandle, inbox: &str, secrets: [Secret; 2]) -> Result<App, Failure> {
    let [github, current] = secrets;
    let schedule = || RetrySchedule::custom([1, 5, 30, 120].map(Duration::from_secs));
    let inbox = Inbox::sqlite(inbox)
        .subscriber(Subscriber::new("billing", billing.into_service()).schedule(schedule()?))
        .subscriber(Subscriber::new("crm", crm.into_service()).schedule(schedule()?))
        .metrics()
        .open()
        .await?;

    let idempotency = IdempotencyLayer::in_memory();
    let shared = WebhookOptions::new().idempotency(idempotency.clone()).explain(Explainer::new()).metrics();
    let networks = AllowlistSource::new(NETWORKS)?.metrics("private");
    let allowlist = AllowlistLayer::from_source(networks.clone());
    // A real list is the sender's, and is asked for there.
    let fetch = async || Ok::<_, Infallible>(NETWORKS.join("\n"));
    tokio::spawn(networks.refresh_every(Duration::from_secs(3600), ListFormat::lines(), fetch));
    let github = shared.layer(provider::GITHUB, github)?.allowlist(allowlist).report_only_https();

    let month = Duration::from_secs(30 * 86_400);
    let end = SystemClock::new().now().unwrap_or_default().saturating_add(month);
    let keys = Secrets::named("current", current).and("previous", Secret::new(PREVIOUS)?).not_after(end);
    // Real ones come from mounted files or from a secret manager, and are read again.
    let source = secret_source_fn(move || ready(Ok::<_, Infallible>(keys.clone())));
    let secrets = WatchedSecrets::load("standard", source).await?.metrics();
    tokio::spawn(secrets.clone().reload_every(Duration::from_secs(30)));
    // The inbox recognises copies by itself.
    let signature = SignatureLayer::watching(provider::STANDARD_WEBHOOKS, &secrets)?.route("standard");
    let standard = shared.layer_of(signature)?.without_idempotency();

    let (store, writes) = (idempotency.clone(), inbox.clone());
    let health = Health::new()
        .check("store", move || {
            let store = store.clone();
            async move { store.probe().await }
        })
        .check("inbox", move || {
            let writes = writes.clone();
            async move { writes.probe().await }
        })
        .metrics();

    let router = Router::new()
        .route("/webhooks/github", post(async || StatusCode::OK).layer(github))
        .route_service("/webhooks/standard", standard.layer(inbox.endpoint()))
        .route("/metrics", get(async move || prometheus.render()))
        .route_service("/health/live", health.live())
        .route_service("/health/ready", health.ready());
    let shutdown = Shutdown::new(&health).runs(&idempotency.drain()).inbox(&inbox);
    Ok(App { router, inbox, shutdown })
}

fn secret(name: &str, default: &str) -> Result<Secret, ConfigError> {
    if env::var_os(name).is_some() { Secret::from_env(name) } else { Secret::new(default) }
}

fn number<T: std::str::FromStr<Err: Error + Send + Sync + 'static>>(name: &str, default: T) -> Result<T, Failure> {
    Ok(env::var(name).ok().map_or(Ok(default), |text| text.parse())?)
}

/// Ctrl-C, or what a supervisor sends.
async fn asked_to_stop() {
    #[cfg(unix)]
    if let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        return tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        };
    }
    drop(tokio::signal::ctrl_c().await);
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let secrets = [secret("GITHUB_WEBHOOK_SECRET", GITHUB)?, secret("STANDARD_WEBHOOK_SECRET", CURRENT)?];
    let path = env::var("INBOX").unwrap_or_else(|_| "inbox.db".to_owned());
    let App { router, inbox, shutdown } = app(recorder()?, &path, secrets).await?;
    let shutdown = shutdown.unready_for(Duration::from_secs(number("UNREADY_S", 5)?));
    inbox.start();

    let host: IpAddr = number("HOST", IpAddr::from([127, 0, 0, 1]))?;
    let server = Server::bind(SocketAddr::from((host, number("PORT", 3000)?))).await?;
    println!("Serving on http://{}. Ctrl-C ends.", server.local_addr()?);
    io::stdout().flush()?;
    server.shutdown_on(shutdown.begin(asked_to_stop())).serve(router.with_state(())).await?;
    println!("Ended: {:?}", shutdown.finish().await);
    Ok(())
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use tower_webhook::testing::{self, Endpoint};

    use super::*;

    /// The rest is in `tests/observability`.
    #[tokio::test]
    async fn it_is_ready_until_it_is_told_to_end() {
        let folder = env::temp_dir().join(format!("tower-webhook-prometheus-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let secrets = [GITHUB, CURRENT].map(|text| Secret::new(text).unwrap());
        let handle = PrometheusBuilder::new().build_recorder().handle();
        let app = app(handle, folder.join("inbox.db").to_str().unwrap(), secrets).await.unwrap();
        let endpoint = Endpoint::new(app.router);
        let probe = |path| testing::delivery(provider::GITHUB, GITHUB).to(path).json("").method(Method::GET);
        assert_eq!(endpoint.send(&probe("/health/ready")).await.status(), 200);
        app.shutdown.clone().unready_for(Duration::ZERO).begin(std::future::ready(())).await;
        assert_eq!(endpoint.send(&probe("/health/ready")).await.status(), 503);
        assert_eq!(endpoint.send(&probe("/health/live")).await.status(), 200);
        assert!(app.shutdown.finish().await.is_clean());
        std::fs::remove_dir_all(folder).unwrap();
    }
}
