//! Several receivers, one Redis: each delivery runs once, whichever of them it reaches.
//!
//! `PORT` (default 3000, 0 for any); `REDIS_URL` (default `redis://127.0.0.1:6379/`); `STANDARD_WEBHOOK_SECRET`
//! (default: the published one of the Standard Webhooks specification, not for your own use); `HANDLER_MS`, how long the
//! handler works (default 100); `LEASE_MS`, how long a claim outlives a receiver that was killed (default 30000, at least
//! 1000); `EVENTS_LOG`, a file to which the handler appends `main <delivery id>` when it has finished.
//!
//! Ctrl-C and SIGTERM end it: deliveries that run are finished, or given back after ten seconds. A kill leaves claims that
//! lapse after `LEASE_MS`.
//!
//! Nothing runs unclaimed. While Redis is away, deliveries are answered with 503, and their sender comes again. Where
//! Redis is away at the start, the receiver says so, tries for 30 s and then ends, so that whoever supervises it is told.
//! Where Redis may drop claims (`maxmemory-policy`), the receiver says so and does not begin to serve.
//!
//! ```text
//! redis-server --appendonly yes --appendfsync always &
//! for port in 3001 3002; do PORT=$port cargo run --features redis --example redis_idempotency & done
//!
//! key=$(printf %s MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw | openssl base64 -A -d | od -An -tx1 | tr -d ' \n')
//! id=msg_1 now=$(date +%s) body='{"type":"user.created"}'
//! mac=$(printf %s "$id.$now.$body" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64)
//! for port in 3001 3002; do    # the second answers with what the first has recorded
//!     curl -i "http://127.0.0.1:$port/webhooks/standard" --data-raw "$body" \
//!         -H "webhook-id: $id" -H "webhook-timestamp: $now" -H "webhook-signature: v1,$mac"
//! done
//! ```

#![allow(clippy::print_stdout, reason = "an example that shows something")]

use std::error::Error;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::time::{Instant, sleep};
use tower_webhook::idempotency::{Drain, RedisStore, Store};
use tower_webhook::metrics::recommended_buckets;
use tower_webhook::serve::Server;
use tower_webhook::{ConfigError, ConfigErrorKind, Delivery, IdempotencyLayer, Secret, WebhookOptions, provider};

/// For how long Redis may be away when the receiver starts, and how often it is tried.
const REDIS_WITHIN: Duration = Duration::from_secs(30);
const TRY_EVERY: Duration = Duration::from_millis(500);
const DRAIN_WITHIN: Duration = Duration::from_secs(10);

/// What the handler works with.
#[derive(Clone, Debug)]
struct Work {
    takes: Duration,
    log: Option<Arc<File>>,
}

impl Work {
    fn new(takes: Duration, log: Option<&str>) -> std::io::Result<Self> {
        let open = |path| OpenOptions::new().append(true).create(true).open(path).map(Arc::new);
        Ok(Self { takes, log: log.map(open).transpose()? })
    }
}

/// Your code. What cannot be written down has not been done: 500, the claim is given back, the sender comes again.
async fn handle(State(work): State<Work>, delivery: Delivery) -> StatusCode {
    sleep(work.takes).await;
    let Some(log) = &work.log else { return StatusCode::NO_CONTENT };
    // In one write, so that lines of several receivers never mix.
    let line = format!("main {}\n", delivery.id().unwrap_or_default());
    match log.as_ref().write(line.as_bytes()) {
        Ok(written) if written == line.len() => StatusCode::NO_CONTENT,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The application over a store, and what waits for its runs. The recorder of `prometheus` must be installed by now.
fn app(
    store: impl Store,
    lease: Duration,
    secret: Secret,
    work: Work,
    prometheus: PrometheusHandle,
) -> Result<(Router, Drain), ConfigError> {
    let idempotency = IdempotencyLayer::new(store).lease(lease);
    let drain = idempotency.drain();
    let layer = WebhookOptions::new().metrics().idempotency(idempotency);
    let layer = layer.layer(provider::STANDARD_WEBHOOKS, secret)?.route("standard");
    let app = Router::new()
        .route("/webhooks/standard", post(handle).layer(layer))
        .route("/metrics", get(async move || prometheus.render()))
        .with_state(work);
    Ok((app, drain))
}

/// The store. A receiver that starts together with its Redis waits for it.
async fn store(url: &str) -> Result<RedisStore, ConfigError> {
    let until = Instant::now() + REDIS_WITHIN;
    loop {
        match RedisStore::connect(url).await {
            Err(error) if error.kind() == ConfigErrorKind::StoreUnreachable && Instant::now() < until => {
                eprintln!("redis_idempotency: {error}; trying again");
                sleep(TRY_EVERY).await;
            }
            result => return result,
        }
    }
}

fn setting<T: FromStr<Err: Error + 'static>>(name: &str, default: T) -> Result<T, Box<dyn Error>> {
    let Ok(text) = std::env::var(name) else { return Ok(default) };
    text.parse().map_err(|error| format!("`{name}` is {text:?}: {error}").into())
}

fn recorder() -> Result<PrometheusHandle, Box<dyn Error>> {
    let builder = recommended_buckets().iter().try_fold(PrometheusBuilder::new(), |builder, (name, buckets)| {
        builder.set_buckets_for_metric(Matcher::Full((*name).to_owned()), buckets)
    })?;
    Ok(builder.install_recorder()?)
}

/// Ready when the process is to end: by Ctrl-C, or by the signal that supervisors send.
async fn ended() {
    #[cfg(unix)]
    if let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        return;
    }
    let _ = tokio::signal::ctrl_c().await;
}

async fn run() -> Result<(), Box<dyn Error>> {
    let prometheus = recorder()?;
    let log = std::env::var("EVENTS_LOG").ok();
    let work = Work::new(Duration::from_millis(setting("HANDLER_MS", 100)?), log.as_deref())?;
    let lease = Duration::from_millis(setting("LEASE_MS", 30_000)?);
    let secret: String = setting("STANDARD_WEBHOOK_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned())?;
    let address = SocketAddr::from(([127, 0, 0, 1], setting("PORT", 3000)?));

    let store = store(&setting("REDIS_URL", "redis://127.0.0.1:6379/".to_owned())?).await?;
    for warning in store.warnings() {
        eprintln!("redis_idempotency: {warning}");
    }
    let (app, drain) = app(store, lease, Secret::new(secret)?, work, prometheus)?;
    let server = Server::bind(address).await?;
    println!("Serving on http://{}. Ctrl-C ends.", server.local_addr()?);
    server.shutdown_on(ended()).serve(app.with_state(())).await?;
    // A run outlives its connection.
    let drained = drain.finish(DRAIN_WITHIN).await;
    if !drained.is_complete() {
        eprintln!("redis_idempotency: {} runs were stopped and given back", drained.left);
    }
    Ok(())
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("redis_idempotency: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use tower_webhook::Reason;
    use tower_webhook::idempotency::MemoryStore;
    use tower_webhook::testing::{self, Endpoint};

    use super::*;

    /// Several of them on a real Redis, killed in their work, are in `tests/receivers.rs`.
    #[tokio::test]
    async fn a_delivery_runs_once_and_is_written_down_when_it_has() {
        let log = std::env::temp_dir().join(format!("redis_idempotency-{}.log", std::process::id()));
        let work = Work::new(Duration::ZERO, log.to_str()).unwrap();
        let secret = Secret::generate().unwrap();
        let metrics = PrometheusBuilder::new().build_recorder().handle();
        let lease = Duration::from_secs(30);
        let (app, _) = app(MemoryStore::new(), lease, secret.clone(), work, metrics).unwrap();
        let endpoint = Endpoint::new(app);
        let delivery =
            testing::delivery(provider::STANDARD_WEBHOOKS, secret).to("/webhooks/standard").id("msg_1").json("{}");
        endpoint.send(&delivery.tampered()).await.assert_rejected(Reason::SignatureMismatch);
        endpoint.send(&delivery).await.assert_accepted();
        endpoint.send(&delivery).await.assert_duplicate();
        assert_eq!(std::fs::read_to_string(&log).unwrap(), "main msg_1\n");
        std::fs::remove_file(log).unwrap();
    }
}
