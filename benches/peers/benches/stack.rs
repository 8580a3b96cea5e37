//! What a receiver costs, ours and those that others write, over a service that does nothing and over a route of axum.
//!
//! ```text
//! cargo bench --bench stack                # in benches/peers; all tables
//! cargo bench --bench stack -- axum        # those with this word in their title
//! ```
//!
//! One GitHub delivery of 1 KiB in this process, without a socket. Each row copies the request while the time is taken, so
//! that its memory comes and goes as in a server; that much is in the first row of each table as well. Who verifies
//! first refuses a forged delivery.

#[path = "../../stack/by_hand.rs"]
mod by_hand;
#[path = "../../stack/in_place.rs"]
mod in_place;
#[path = "../../stack/requests.rs"]
mod requests;

use std::cell::Cell;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt::Debug;
use std::future::{Ready, ready};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use axum::body::Body;
use axum::routing::post;
use axum::{Json, Router};
use axum_github_webhook_extract::{GithubEvent, GithubToken};
use axum_prometheus::PrometheusMetricLayer;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::Full;
use tokio::runtime::Runtime;
use tower::layer::util::Identity;
use tower::{Layer, Service};
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::request_id::{MakeRequestUuid, SetRequestIdLayer};
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;
use tower_http::validate_request::ValidateRequestHeaderLayer;
use tower_webhook::client_ip::TrustedProxies;
use tower_webhook::{Secret, Secrets, VerifiedBody, WebhookLayer, WebhookOptions, provider, testing};
use tower_webhook_peers::allocations::Counting;
use tower_webhook_peers::limit;
use tower_webhook_peers::rows::{Batch, Row, asked_for, cpu_time, table, time, timed};

use in_place::{Handler, drive};
use requests::{NETWORKS, OTHER_SECRET, PROXIES, SECRET, accepted, captured, forged, not_allowed, unsigned};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const CALLS: usize = 50;
const ROUNDS: usize = 301;

thread_local! {
    /// As a server has one. Nothing here waits for a turn of it.
    static RUNTIME: Runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
}

/// A row of requests that are answered with this status.
fn row<'a, B, S, R>(name: &'a str, mut service: S, status: u16, request: impl Fn() -> Request<Bytes> + 'a) -> Row<'a>
where
    B: From<Bytes> + 'a,
    S: Service<Request<B>, Response = Response<R>, Error: Debug> + 'a,
{
    Row::new(name, move || {
        RUNTIME.with(|runtime| {
            let requests: Vec<Request<Bytes>> = (0..CALLS).map(|_| request()).collect();
            let _entered = runtime.enter();
            timed(requests.iter().collect(), |request: &Request<Bytes>| {
                assert_eq!(drive(&mut service, request.clone().map(B::from)).status(), status);
            })
        })
    })
}

/// The same of one who verifies: a forged delivery is refused first.
fn receiver<'a, B, S, R>(name: &'a str, mut service: S, refused: StatusCode) -> Row<'a>
where
    B: From<Bytes> + 'a,
    S: Service<Request<B>, Response = Response<R>, Error: Debug> + 'a,
{
    RUNTIME.with(|runtime| {
        let _entered = runtime.enter();
        assert_eq!(drive(&mut service, forged().map(B::from)).status(), refused, "{name} refuses what is forged");
    });
    row(name, service, 200, accepted)
}

fn secret() -> Secret {
    Secret::new(SECRET).unwrap()
}

/// All layers, as [`WebhookLayer`] has them.
fn ours(options: WebhookOptions, keys: impl Into<Secrets>) -> WebhookLayer {
    let options = options.behind(TrustedProxies::from_cidrs([PROXIES]).unwrap()).https_only();
    options.layer(provider::GITHUB, keys).unwrap().allow(NETWORKS).unwrap()
}

fn route<L>(layer: L) -> Router
where
    L: Layer<axum::routing::Route> + Clone + Send + Sync + 'static,
    L::Service: Service<Request<Body>, Error = Infallible> + Clone + Send + Sync + 'static,
    <L::Service as Service<Request<Body>>>::Response: axum::response::IntoResponse + 'static,
    <L::Service as Service<Request<Body>>>::Future: Send + 'static,
{
    let handler = post(async |body: Bytes| drop(std::hint::black_box(body)));
    // As servers do it, so that the layers are put on once and not at each request.
    Router::new().route("/", handler.layer(layer)).with_state(())
}

fn over_a_service() {
    const REFUSED: StatusCode = StatusCode::UNAUTHORIZED;
    let title = "Over a service that does nothing";
    if !asked_for(title) {
        return;
    }
    let without = WebhookOptions::without_idempotency;
    let rotating = Secrets::rotating(Secret::new(OTHER_SECRET).unwrap(), secret());
    let again = captured();
    let five = (
        RequestBodyLimitLayer::new(1 << 20),
        TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, Duration::from_secs(10)),
        SetRequestIdLayer::x_request_id(MakeRequestUuid),
        ValidateRequestHeaderLayer::accept("application/json"),
    );
    let mut rows = [
        row::<Full<Bytes>, _, _>("nothing", Handler, 200, accepted),
        Row::calling("the limit of the processor for the HMAC", CALLS, || limit::run(limit::blocks_of_hmac(1024))),
        row::<Full<Bytes>, _, _>("`tower-http`: limit of the body", five.0.layer(Handler), 200, accepted),
        row::<Full<Bytes>, _, _>("`tower-http`: timeout", five.1.layer(Handler), 200, accepted),
        row::<Full<Bytes>, _, _>("`tower-http`: request id", five.2.layer(Handler), 200, accepted),
        row::<Full<Bytes>, _, _>("`tower-http`: accept header", five.3.layer(Handler), 200, accepted),
        row::<Full<Bytes>, _, _>(
            "`tower-http`: trace, nobody listens",
            TraceLayer::new_for_http().layer(Handler),
            200,
            accepted,
        ),
        receiver::<Full<Bytes>, _, _>(
            "**ours, without idempotency and metrics**",
            ours(without(), secret()).layer(Handler),
            REFUSED,
        ),
        receiver::<Full<Bytes>, _, _>(
            "**… with two secrets, the older one matches**",
            ours(without(), rotating).layer(Handler),
            REFUSED,
        ),
        receiver::<Full<Bytes>, _, _>(
            "**ours, without metrics**",
            ours(WebhookOptions::new(), secret()).layer(Handler),
            REFUSED,
        ),
        receiver::<Full<Bytes>, _, _>(
            "**ours, all of it**",
            ours(WebhookOptions::new().metrics(), secret()).layer(Handler),
            REFUSED,
        ),
        row::<Full<Bytes>, _, _>(
            "**ours: a duplicate**",
            ours(WebhookOptions::new(), secret()).layer(Handler),
            200,
            || again.to_request(),
        ),
        row::<Full<Bytes>, _, _>(
            "**ours: not on the allowlist**",
            ours(WebhookOptions::new(), secret()).layer(Handler),
            403,
            not_allowed,
        ),
        row::<Full<Bytes>, _, _>(
            "**ours: unsigned**",
            ours(WebhookOptions::new(), secret()).layer(Handler),
            401,
            unsigned,
        ),
        row::<Full<Bytes>, _, _>("**ours: forged**", ours(WebhookOptions::new(), secret()).layer(Handler), 401, forged),
    ];
    table(title, ROUNDS, &mut rows);
}

#[derive(serde::Deserialize)]
struct Event {
    #[allow(dead_code, reason = "it is what is read")]
    action: String,
}

/// The handler of somebody who uses `standardwebhooks`.
async fn standard(headers: http::HeaderMap, body: Bytes) -> StatusCode {
    thread_local!(static WEBHOOK: standardwebhooks::Webhook = standardwebhooks::Webhook::new(STANDARD_SECRET).unwrap());
    match WEBHOOK.with(|webhook| webhook.verify(&body, &headers)) {
        Ok(()) => StatusCode::OK,
        Err(_) => StatusCode::UNAUTHORIZED,
    }
}

/// The example of the Standard Webhooks specification.
const STANDARD_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn as_a_layer_of_axum() {
    let title = "Over a route of axum";
    if !asked_for(title) {
        return;
    }
    let without = WebhookOptions::without_idempotency;
    let token = GithubToken(Arc::new(SECRET.to_owned()));
    let extract = Router::new().route("/", post(async |event: GithubEvent<Event>| drop(std::hint::black_box(event))));
    let json = Router::new().route("/", post(async |event: Json<Event>| drop(std::hint::black_box(event))));
    let standard_delivery = testing::delivery(provider::STANDARD_WEBHOOKS, Secret::new(STANDARD_SECRET).unwrap());
    let standard_delivery = standard_delivery.json("x".repeat(1024));
    let mut standardwebhooks = Router::new().route("/", post(standard)).with_state(());
    assert_eq!(drive(&mut standardwebhooks, standard_delivery.tampered().to_request::<Body>()).status(), 401);
    let standard_layer = without().layer(provider::STANDARD_WEBHOOKS, Secret::new(STANDARD_SECRET).unwrap()).unwrap();
    let standard_request = || standard_delivery.to_request();
    const REFUSED: StatusCode = StatusCode::UNAUTHORIZED;
    let mut rows = [
        row::<Body, _, _>("bare", route(Identity::new()), 200, accepted),
        receiver::<Body, _, _>("**ours, without idempotency and metrics**", route(ours(without(), secret())), REFUSED),
        receiver::<Body, _, _>("**ours, without metrics**", route(ours(WebhookOptions::new(), secret())), REFUSED),
        receiver::<Body, _, _>("**ours, all of it**", route(ours(WebhookOptions::new().metrics(), secret())), REFUSED),
        receiver::<Body, _, _>("by hand: HTTPS, allowlist, signature, ids seen", by_hand::app(), REFUSED),
        row::<Body, _, _>("by hand: unsigned", by_hand::app(), 401, unsigned),
        row::<Body, _, _>("**ours: unsigned**", route(ours(WebhookOptions::new(), secret())), 401, unsigned),
        row::<Body, _, _>("JSON alone", json.with_state(()), 200, accepted),
        receiver::<Body, _, _>(
            "`axum-github-webhook-extract`: signature, JSON",
            extract.with_state(token),
            StatusCode::BAD_REQUEST,
        ),
        row::<Body, _, _>("`axum-prometheus`", route(PrometheusMetricLayer::new()), 200, accepted),
        row::<Body, _, _>("`standardwebhooks` in a handler", standardwebhooks, 200, standard_request),
        row::<Body, _, _>("**ours for Standard Webhooks, signature**", route(standard_layer), 200, standard_request),
    ];
    table(title, ROUNDS, &mut rows);
}

/// A body whose last frame waits for leave.
struct Gated {
    frames: VecDeque<Bytes>,
    gate: Arc<Gate>,
}

#[derive(Default)]
struct Gate {
    reached: AtomicBool,
    open: AtomicBool,
}

impl http_body::Body for Gated {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.frames.len() == 1 && !self.gate.open.load(Ordering::Relaxed) {
            self.gate.reached.store(true, Ordering::Relaxed);
            return Poll::Pending;
        }
        Poll::Ready(self.frames.pop_front().map(|frame| Ok(Frame::data(frame))))
    }
}

thread_local! {
    /// When the handler was called, and with what: freeing a body of 1 MiB is no part of the verdict.
    static CALLED: Cell<Option<(Duration, Request<VerifiedBody>)>> = const { Cell::new(None) };
}

/// Says when it is called.
#[derive(Clone, Debug)]
struct Witness;

impl Service<Request<VerifiedBody>> for Witness {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<VerifiedBody>) -> Self::Future {
        CALLED.set(Some((cpu_time(), request)));
        ready(Ok(Response::new(Full::default())))
    }
}

/// From the last frame on, until the handler is called; where that is not known, until it has answered.
fn last_frame<'a, B, S, R>(name: &'a str, mut service: S, frame: usize, wrap: fn(Gated) -> B) -> Row<'a>
where
    S: Service<Request<B>, Response = Response<R>, Error: Debug> + 'a,
    B: 'a,
{
    let body = Bytes::from(format!(r#"{{"action":"{}"}}"#, "x".repeat((1 << 20) - r#"{"action":""}"#.len())));
    Row::new(name, move || {
        RUNTIME.with(|runtime| {
            let delivery = testing::delivery(provider::GITHUB, SECRET).json(body.clone()).from_peer("10.0.0.1:40000");
            let delivery = delivery.header("x-forwarded-for", "192.30.252.44").header("x-forwarded-proto", "https");
            let gate = Arc::new(Gate::default());
            // Frames of their own, as they come from a socket.
            let frames = body.chunks(frame).map(Bytes::copy_from_slice).collect();
            let gated = Gated { frames, gate: gate.clone() };
            let request = delivery.to_request::<Bytes>().map(|_| wrap(gated));
            let _entered = runtime.enter();
            let mut cx = Context::from_waker(Waker::noop());
            assert!(service.poll_ready(&mut cx).is_ready());
            let mut answer = pin!(service.call(request));
            // A long body gives way to others now and then.
            while !gate.reached.load(Ordering::Relaxed) {
                assert!(answer.as_mut().poll(&mut cx).is_pending(), "it waits for the last frame");
            }
            gate.open.store(true, Ordering::Relaxed);
            let begin = cpu_time();
            let answer = loop {
                if let Poll::Ready(answer) = answer.as_mut().poll(&mut cx) {
                    break answer;
                }
            };
            let called = CALLED.take();
            let time = called.as_ref().map_or_else(cpu_time, |(at, _)| *at) - begin;
            assert_eq!(answer.unwrap().status(), 200);
            Batch { time, allocations: 0, calls: 1 }
        })
    })
}

fn from_the_last_byte_to_the_verdict() {
    for (name, frame) in [("1,460 B", 1_460), ("16 KiB", 16 << 10), ("64 KiB", 64 << 10)] {
        let title = format!("From the last frame of 1 MiB to the handler, frames of {name}");
        if !asked_for(&title) {
            continue;
        }
        let last = (1_usize << 20) - ((1 << 20) - 1) / frame * frame;
        let without = ours(WebhookOptions::without_idempotency(), secret());
        let mut rows = [
            Row::calling("the limit of the processor for the last frame", 1, || {
                limit::run(limit::blocks_of_hmac(last as u64))
            }),
            last_frame("**ours, without idempotency**", without.layer(Witness), frame, |body| body),
            last_frame("**ours**", ours(WebhookOptions::new(), secret()).layer(Witness), frame, |body| body),
            last_frame("by hand in axum, until its answer", by_hand::app(), frame, Body::new),
        ];
        let measured = table(&title, 61, &mut rows);
        println!("\nOurs over the limit: {}.", time(measured[2].ns - measured[0].ns));
    }
}

fn main() {
    metrics_exporter_prometheus::PrometheusBuilder::new().install_recorder().unwrap();
    over_a_service();
    as_a_layer_of_axum();
    from_the_last_byte_to_the_verdict();
}
