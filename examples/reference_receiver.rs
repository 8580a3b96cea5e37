//! Every kind of route on one server: a map of the crate for readers, and something to aim hostile input at.
//!
//! | route | stack |
//! |---|---|
//! | `/github`, `/stripe`, `/slack`, `/sw` | raw body, signature (tolerance 300 s each way), challenge |
//! | `/allow`, `/direct`, `/hops1`, `/hops2`, `/fwd` | allowlist, and who the client is: five ways to tell |
//! | `/https`, `/https-direct` | HTTPS only, behind a proxy on 127.0.0.1 and without one |
//! | `/raw` | raw body alone: 1 MiB, 5 s |
//! | `/idem`, `/idem2` | Standard Webhooks, idempotency in the IETF profile; two routes, one store |
//! | `/idem-github` | GitHub, whose ids are not signed: the same bytes under another id are a duplicate |
//! | `/idem-fail-once`, `/idem-cookie`, `/idem-big` | handlers that fail once an id, set a cookie, answer 50 MiB |
//! | `/idem-store-down` | a store that cannot be reached |
//!
//! All take `POST` alone, any content type, bodies of at most 1 MiB, none compressed. `GET /runs` tells how often each
//! handler was started, `GET /metrics` is for Prometheus. The secrets are published ones: not for your own use.
//!
//! ```text
//! cargo run --example reference_receiver     # PORT: default 3000
//!
//! hex=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17    # from GitHub's documentation
//! curl -i http://127.0.0.1:3000/github -H "x-hub-signature-256: sha256=$hex" --data-raw 'Hello, World!'
//! curl http://127.0.0.1:3000/runs
//! ```

#![allow(clippy::print_stdout, reason = "an example that shows something")]

use std::collections::{BTreeMap, HashSet};
use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{MatchedPath, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, SET_COOKIE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderName, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tower_webhook::axum::RawBytes;
use tower_webhook::client_ip::TrustedProxies;
use tower_webhook::idempotency::{Claim, Claimed, Drain, Fenced, Guarantees, Key, Profile, ReplayGuard, Store};
use tower_webhook::metrics::recommended_buckets;
use tower_webhook::scheme::Scheme;
use tower_webhook::serve::Server;
use tower_webhook::{
    AllowlistLayer, ChallengeLayer, ConfigError, Delivery, HttpsOnlyLayer, IdempotencyLayer, MetricsLayer,
    RawBodyLayer, Reason, Rejection, Secret, SignatureLayer, provider,
};

pub(crate) const GITHUB: &str = "It's a Secret to Everybody";
pub(crate) const STRIPE: &str = "whsec_test_secret";
pub(crate) const SLACK: &str = "8f742231b10e8888abcd99yyyzzz85a5";
pub(crate) const STANDARD: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

#[rustfmt::skip]
const ROUTES: [&str; 19] = [
    "/allow", "/direct", "/fwd", "/github", "/hops1", "/hops2", "/https", "/https-direct", "/idem", "/idem-big",
    "/idem-cookie", "/idem-fail-once", "/idem-github", "/idem-store-down", "/idem2", "/raw", "/slack", "/stripe", "/sw",
];

/// What the handlers share.
#[derive(Clone, Debug)]
struct Runs {
    started: Arc<BTreeMap<&'static str, AtomicU64>>,
    /// Ids whose first run has failed and whose second is to come.
    failed: Arc<Mutex<HashSet<String>>>,
}

impl Runs {
    fn new() -> Self {
        let started = ROUTES.into_iter().map(|route| (route, AtomicU64::new(0))).collect();
        Self { started: Arc::new(started), failed: Arc::default() }
    }

    fn started(&self, path: &MatchedPath) {
        if let Some(count) = self.started.get(path.as_str()) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

async fn count(State(runs): State<Runs>, path: MatchedPath) {
    runs.started(&path);
}

/// Behind a bare `RawBodyLayer`: the extractor reads the body under its limits, before the handler starts.
async fn count_raw(State(runs): State<Runs>, path: MatchedPath, _: RawBytes) {
    runs.started(&path);
}

async fn fail_once(State(runs): State<Runs>, path: MatchedPath, delivery: Delivery) -> StatusCode {
    runs.started(&path);
    let id = delivery.id().unwrap_or_default();
    let mut failed = runs.failed.lock().unwrap_or_else(PoisonError::into_inner);
    if failed.remove(id.as_ref()) {
        return StatusCode::OK;
    }
    // Ids that never come again must not fill the memory.
    if failed.len() >= 10_000 {
        failed.clear();
    }
    failed.insert(id.into_owned());
    StatusCode::INTERNAL_SERVER_ERROR
}

async fn set_cookie(State(runs): State<Runs>, path: MatchedPath) -> [(HeaderName, &'static str); 1] {
    runs.started(&path);
    [(SET_COOKIE, "session=of-the-first-sender; HttpOnly")]
}

async fn answer_big(State(runs): State<Runs>, path: MatchedPath) -> Body {
    runs.started(&path);
    Body::new(Big { left: 50 * 1024 * 1024 })
}

/// A large answer that needs no memory.
struct Big {
    left: usize,
}

impl http_body::Body for Big {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        static CHUNK: [u8; 16 * 1024] = [b'.'; 16 * 1024];
        let chunk = Bytes::from_static(&CHUNK).split_to(self.left.min(CHUNK.len()));
        self.left -= chunk.len();
        Poll::Ready((!chunk.is_empty()).then(|| Ok(Frame::data(chunk))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left as u64)
    }
}

/// A store that cannot be reached, as it looks to the layer.
#[derive(Debug)]
struct Unreachable;

impl Unreachable {
    fn error<T>(&self) -> io::Result<T> {
        Err(io::Error::new(io::ErrorKind::ConnectionRefused, "the store cannot be reached"))
    }
}

impl Store for Unreachable {
    type Error = io::Error;

    async fn claim(&self, _: &Claimed, _: Duration) -> io::Result<Claim> {
        self.error()
    }

    async fn complete(&self, _: &Claimed, _: Bytes, _: Duration) -> io::Result<Fenced> {
        self.error()
    }

    async fn release(&self, _: &Claimed) -> io::Result<Fenced> {
        self.error()
    }

    async fn extend(&self, _: &Claimed, _: Duration) -> io::Result<Fenced> {
        self.error()
    }

    async fn forget(&self, _: &Key) -> io::Result<bool> {
        self.error()
    }

    fn guarantees(&self) -> Guarantees {
        Guarantees::IN_PROCESS
    }
}

type Signed = (MetricsLayer, RawBodyLayer, SignatureLayer);

/// A signed route: 1 MiB, 5 s between two frames, 10 s in all, nothing compressed, which are the defaults of
/// `RawBodyLayer`. The name is the label in metrics and keeps delivery ids of different routes apart.
fn signed(route: &str, sender: Scheme, secret: &str) -> Result<Signed, ConfigError> {
    let signature = SignatureLayer::new(sender, Secret::new(secret)?)?.route(route);
    let signature = signature.tolerance(Duration::from_secs(300))?;
    Ok((MetricsLayer::new(route).provider(sender.name()), RawBodyLayer::new().route(route), signature))
}

/// The application, and what waits for its runs. The recorder of `prometheus` must be installed by now.
///
/// Layers go onto the method (`route_layer`), so that another method is told 405 whatever else is wrong with it.
pub(crate) fn app(prometheus: PrometheusHandle) -> Result<(Router, Drain), ConfigError> {
    let github = |route| signed(route, provider::GITHUB, GITHUB);
    let stripe = signed("stripe", provider::STRIPE, STRIPE)?;
    let slack = (signed("slack", provider::SLACK, SLACK)?, ChallengeLayer::new(provider::SLACK).route("slack"));
    let sw = |route| signed(route, provider::STANDARD_WEBHOOKS, STANDARD);

    let listed = |route: &str, proxies| {
        let allow = AllowlistLayer::new(["203.0.113.0/24", "2001:db8:1::/48"])?.behind(proxies).route(route);
        Ok::<_, ConfigError>((MetricsLayer::new(route), allow, RawBodyLayer::new().route(route)))
    };
    let https = |route: &str, proxies| {
        (MetricsLayer::new(route), HttpsOnlyLayer::new(proxies).route(route), RawBodyLayer::new().route(route))
    };
    let proxies = TrustedProxies::from_cidrs(["127.0.0.0/8", "10.0.0.0/8"])?;
    let forwarded = proxies.clone().list_header("Forwarded")?;
    let raw = RawBodyLayer::new().route("raw").limit(1024 * 1024)?.deadline(Duration::from_secs(5))?;

    // Clones share one store.
    let drain = Drain::new();
    let idem = IdempotencyLayer::in_memory().profile(Profile::Ietf).drained_by(&drain);
    let guarded = IdempotencyLayer::in_memory().replay_guard(ReplayGuard::Duplicate).require_id().drained_by(&drain);
    let down = IdempotencyLayer::new(Unreachable).profile(Profile::Ietf).drained_by(&drain);
    let once = |route| Ok::<_, ConfigError>((sw(route)?, idem.clone()));

    let app = Router::new()
        .route("/github", post(count).route_layer(github("github")?))
        .route("/stripe", post(count).route_layer(stripe))
        .route("/slack", post(count).route_layer(slack))
        .route("/sw", post(count).route_layer(sw("sw")?))
        .route("/allow", post(count_raw).route_layer(listed("allow", proxies)?))
        .route("/direct", post(count_raw).route_layer(listed("direct", TrustedProxies::none())?))
        .route("/hops1", post(count_raw).route_layer(listed("hops1", TrustedProxies::hops(1)?)?))
        .route("/hops2", post(count_raw).route_layer(listed("hops2", TrustedProxies::hops(2)?)?))
        .route("/fwd", post(count_raw).route_layer(listed("fwd", forwarded)?))
        .route("/https", post(count_raw).route_layer(https("https", TrustedProxies::from_cidrs(["127.0.0.1"])?)))
        .route("/https-direct", post(count_raw).route_layer(https("https-direct", TrustedProxies::none())))
        .route("/raw", post(count_raw).route_layer((MetricsLayer::new("raw"), raw)))
        .route("/idem", post(count).route_layer(once("idem")?))
        .route("/idem2", post(count).route_layer(once("idem2")?))
        .route("/idem-github", post(count).route_layer((github("idem-github")?, guarded)))
        .route("/idem-fail-once", post(fail_once).route_layer(once("idem-fail-once")?))
        .route("/idem-cookie", post(set_cookie).route_layer(once("idem-cookie")?))
        .route("/idem-big", post(answer_big).route_layer(once("idem-big")?))
        .route("/idem-store-down", post(count).route_layer((sw("idem-store-down")?, down)))
        .route("/runs", get(tell_runs))
        .route("/metrics", get(async move || prometheus.render()))
        .fallback(not_found)
        .method_not_allowed_fallback(async || Rejection::from(Reason::Method))
        .with_state(Runs::new());
    Ok((app, drain))
}

/// A problem like those of the layers.
async fn not_found() -> (StatusCode, [(HeaderName, &'static str); 3], &'static str) {
    let headers =
        [(CONTENT_TYPE, "application/problem+json"), (CACHE_CONTROL, "no-store"), (X_CONTENT_TYPE_OPTIONS, "nosniff")];
    (StatusCode::NOT_FOUND, headers, r#"{"type":"about:blank","title":"Not Found","status":404}"#)
}

async fn tell_runs(State(runs): State<Runs>) -> Json<BTreeMap<&'static str, u64>> {
    Json(runs.started.iter().map(|(route, count)| (*route, count.load(Ordering::Relaxed))).collect())
}

/// The recorder, with the buckets that the alerts need. Before the layers: they look for it when they are built.
pub(crate) fn recorder() -> Result<PrometheusHandle, Box<dyn Error + Send + Sync>> {
    let builder = recommended_buckets().iter().try_fold(PrometheusBuilder::new(), |builder, (name, buckets)| {
        builder.set_buckets_for_metric(Matcher::Full((*name).to_owned()), buckets)
    })?;
    Ok(builder.install_recorder()?)
}

/// Serves until `stop` is ready, then lets requests and runs end.
///
/// What never becomes a request is answered by hyper, with an empty body: 431 to the 101st field of an HTTP/1 head and
/// to heads that outgrow the read buffer (72 KiB), 414 to targets of more than 65,534 bytes, 400 to what is no HTTP; in
/// HTTP/2, 431 to heads of more than 68,736 bytes as RFC 9113 §6.5.2 counts them, and the end of the connection to
/// floods of continuations. What lies between those numbers and ours, `Server` answers.
pub(crate) async fn serve(
    server: Server,
    (app, drain): (Router, Drain),
    stop: impl Future + Send + 'static,
) -> io::Result<()> {
    let server = server.head_timeout(Duration::from_secs(10)).max_header_fields(100).max_head_bytes(64 * 1024);
    server.shutdown_on(stop).serve(app.with_state(())).await?;
    // A run outlives its connection.
    let drained = drain.finish(Duration::from_secs(10)).await;
    if !drained.is_complete() {
        println!("{} runs were left", drained.left);
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    // The memory of ten thousand connections at once is not needed for ever.
    give_back::from_time_to_time()?;
    let app = app(recorder()?)?;
    let port: u16 = std::env::var("PORT").ok().map_or(Ok(3000), |port| port.parse())?;
    let server = Server::bind(SocketAddr::from(([127, 0, 0, 1], port))).await?;
    println!("Serving on http://{}. Ctrl-C ends.", server.local_addr()?);
    serve(server, app, tokio::signal::ctrl_c()).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use tower_webhook::testing::{self, Endpoint};

    use super::*;

    /// The rest, over sockets, is in `tests/reference_receiver.rs`.
    #[tokio::test]
    async fn a_signed_delivery_is_counted_and_a_forged_one_is_not() {
        let (app, _) = app(PrometheusBuilder::new().build_recorder().handle()).unwrap();
        let endpoint = Endpoint::new(app);
        let delivery = testing::delivery(provider::GITHUB, GITHUB).to("/github").json("{}");
        endpoint.send(&delivery).await.assert_accepted();
        endpoint.send(&delivery.tampered()).await.assert_rejected(Reason::SignatureMismatch);
        let ask = testing::delivery(provider::GITHUB, GITHUB).to("/runs").json("").method(Method::GET);
        let runs: BTreeMap<String, u64> = serde_json::from_slice(endpoint.send(&ask).await.body()).unwrap();
        assert_eq!((runs.len(), runs["/github"]), (ROUTES.len(), 1));
    }
}
