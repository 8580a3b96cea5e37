//! What the metrics cost per request, ours and those of `axum-prometheus`, over the same route of axum.
//!
//! `cargo bench` in this folder. One recorder for both, with the buckets that each of them recommends.

use std::cell::Cell;
use std::pin::pin;
use std::sync::OnceLock;
use std::task::{Context, Poll, Waker};

use axum::Router;
use axum::body::Body;
use axum::routing::post;
use axum_prometheus::utils::SECONDS_DURATION_BUCKETS;
use axum_prometheus::{AXUM_HTTP_REQUESTS_DURATION_SECONDS, PrometheusMetricLayer};
use bytes::Bytes;
use divan::{AllocProfiler, Bencher, black_box};
use http::{Request, Response};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tower::Service;
use tower_webhook::metrics::recommended_buckets;
use tower_webhook::testing;
use tower_webhook::{MetricsLayer, provider};

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();

fn main() {
    let theirs = [(AXUM_HTTP_REQUESTS_DURATION_SECONDS, &SECONDS_DURATION_BUCKETS[..])];
    let buckets = recommended_buckets().iter().copied().chain(theirs);
    let builder = buckets.fold(PrometheusBuilder::new(), |builder, (name, buckets)| {
        builder.set_buckets_for_metric(Matcher::Full(name.to_owned()), buckets).unwrap()
    });
    RECORDER.set(builder.install_recorder().unwrap()).unwrap();
    divan::main();
}

/// One request, by hand: no runtime's turn is measured with it.
#[inline(never)]
fn drive(router: &mut Router, request: Request<Body>) -> Response<Body> {
    let mut cx = Context::from_waker(Waker::noop());
    let Poll::Ready(answer) = pin!(router.call(request)).poll(&mut cx) else { panic!("it answers at once") };
    answer.unwrap()
}

fn request() -> Request<Bytes> {
    let delivery = testing::delivery(provider::GITHUB, "It's a Secret to Everybody").event_type("pull_request");
    delivery.json("x".repeat(1024)).header("host", "hooks.example.com").to_request()
}

thread_local!(static SENT: Cell<u64> = const { Cell::new(0) });

/// Sends requests, and makes sure that they were counted in a series that begins so: who counts nothing is fast.
///
/// The request is copied while the time is taken, so that its memory comes and goes as in a server: in each row.
fn send(bencher: Bencher<'_, '_>, router: Router, series: Option<&str>) {
    let mut router = router.with_state(());
    let request = request();
    let inputs = || {
        // What a server does every few seconds: the recorder keeps every value until then.
        if SENT.replace(SENT.get() + 1).is_multiple_of(1_000) {
            RECORDER.get().unwrap().run_upkeep();
        }
        request.clone()
    };
    bencher.with_inputs(inputs).bench_local_values(|request| {
        let answer = drive(&mut router, request.clone().map(Body::from));
        assert_eq!(answer.status(), 200);
        request
    });
    if let Some(series) = series {
        let page = RECORDER.get().unwrap().render();
        assert!(page.lines().any(|line| line.starts_with(series) && !line.ends_with(" 0")), "{series}: {page}");
    }
}

fn route() -> Router {
    Router::new().route("/", post(async |body: Bytes| drop(black_box(body))))
}

#[divan::bench]
fn a_bare_axum(bencher: Bencher<'_, '_>) {
    send(bencher, route(), None);
}

#[divan::bench]
fn b_tower_webhook(bencher: Bencher<'_, '_>) {
    let layer = MetricsLayer::new("bench").provider("github");
    send(
        bencher,
        route().layer(layer),
        Some(r#"webhook_requests_total{route="bench",provider="github",outcome="accepted""#),
    );
}

#[divan::bench]
fn c_axum_prometheus(bencher: Bencher<'_, '_>) {
    send(bencher, route().layer(PrometheusMetricLayer::new()), Some("axum_http_requests_total{"));
}

/// For the noise of the run: the first row again.
#[divan::bench]
fn d_bare_axum_again(bencher: Bencher<'_, '_>) {
    send(bencher, route(), None);
}
