//! Each request is counted once, under the right outcome, whatever stands around the layer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod around;

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{Empty, Full};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusRecorder};
use tower::{Layer, Service, ServiceBuilder, ServiceExt};
use tower_webhook::clock::{Clock, UnixTime};
use tower_webhook::metrics::{MetricsLayer, MetricsService, recommended_buckets};
use tower_webhook::rejection::ErrorStatus;
use tower_webhook::{Outcome, Reason, Rejection};

/// A recorder with our buckets.
fn recorder() -> PrometheusRecorder {
    let mut builder = PrometheusBuilder::new();
    for (name, buckets) in recommended_buckets() {
        builder = builder.set_buckets_for_metric(Matcher::Full((*name).to_owned()), buckets).unwrap();
    }
    builder.build_recorder()
}

/// A service counted by that recorder, under the route `r` of the provider `p`.
fn counted<S>(recorder: &PrometheusRecorder, service: S) -> MetricsService<S> {
    metrics::with_local_recorder(recorder, || MetricsLayer::new("r").provider("p").layer(service))
}

/// The requests that were counted: outcome, reason, number. Zeros are left out.
fn requests(recorder: &PrometheusRecorder) -> Vec<(String, String, u64)> {
    let page = recorder.handle().render();
    page.lines()
        .filter_map(|line| line.strip_prefix(r#"webhook_requests_total{route="r",provider="p",outcome=""#))
        .filter_map(|line| {
            let (outcome, rest) = line.split_once(r#"",reason=""#).unwrap();
            let (reason, count) = rest.split_once(r#""} "#).unwrap();
            let count = count.parse().unwrap();
            (count > 0).then(|| (outcome.to_owned(), reason.to_owned(), count))
        })
        .collect()
}

/// The durations that were recorded, over all outcomes.
fn durations(recorder: &PrometheusRecorder) -> u64 {
    let page = recorder.handle().render();
    page.lines()
        .filter(|line| line.starts_with("webhook_request_duration_seconds_count{"))
        .map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap())
        .sum()
}

fn in_flight(recorder: &PrometheusRecorder) -> f64 {
    let page = recorder.handle().render();
    let line = page.lines().find_map(|line| line.strip_prefix(r#"webhook_in_flight_requests{route="r"} "#));
    line.unwrap().parse().unwrap()
}

fn one(outcome: &str, reason: &str) -> Vec<(String, String, u64)> {
    vec![(outcome.to_owned(), reason.to_owned(), 1)]
}

async fn answered(make: impl Fn() -> Response<Bytes> + Clone) -> PrometheusRecorder {
    let recorder = recorder();
    let service = counted(
        &recorder,
        tower::service_fn(move |_: Request<()>| {
            let response = make();
            async move { Ok::<_, Infallible>(response) }
        }),
    );
    service.oneshot(Request::new(())).await.unwrap();
    recorder
}

fn status(status: u16) -> Response<Bytes> {
    Response::builder().status(status).body(Bytes::new()).unwrap()
}

fn with(outcome: Outcome, code: u16) -> Response<Bytes> {
    let mut response = status(code);
    response.extensions_mut().insert(outcome);
    response
}

#[tokio::test]
async fn each_outcome_is_counted_once_and_only_once() {
    type Case = (fn() -> Response<Bytes>, &'static str, &'static str);
    let cases: [Case; 16] = [
        (|| status(200), "accepted", ""),
        (|| status(202), "accepted", ""),
        (|| status(307), "failed", "handler_4xx"),
        (|| status(404), "failed", "handler_4xx"),
        (|| status(500), "failed", "handler_5xx"),
        (|| with(Outcome::Challenge, 200), "challenge", ""),
        (|| with(Outcome::Duplicate, 200), "duplicate", ""),
        (|| with(Outcome::Duplicate, 500), "duplicate", ""),
        (|| with(Outcome::HandlerPanic, 500), "failed", "handler_panic"),
        (|| with(Outcome::HandlerTimeout, 503), "failed", "handler_timeout"),
        (|| with(Outcome::InFlight, 409), "in_flight", "idempotency_in_flight"),
        (|| Rejection::new(Reason::IdempotencyInFlight).respond(), "in_flight", "idempotency_in_flight"),
        (|| Rejection::new(Reason::Draining).respond(), "rejected", "draining"),
        (|| Rejection::new(Reason::SignatureMismatch).respond(), "rejected", "signature_mismatch"),
        (|| Rejection::new(Reason::IdempotencyUnavailable).respond(), "failed", "idempotency_unavailable"),
        (
            || {
                let status = ErrorStatus::new(503).unwrap();
                Rejection::new(Reason::SignatureMismatch).with_status(status).respond()
            },
            "rejected",
            "signature_mismatch",
        ),
    ];
    for (make, outcome, reason) in cases {
        let recorder = answered(make).await;
        assert_eq!(requests(&recorder), one(outcome, reason));
        assert_eq!(durations(&recorder), 1);
        assert_eq!(in_flight(&recorder), 0.0);
    }
}

#[tokio::test]
async fn every_reason_has_a_counter_that_was_born_at_zero() {
    for reason in Reason::ALL {
        let fresh = recorder();
        let service = counted(&fresh, tower::service_fn(|()| async { Ok::<_, Infallible>(()) }));
        drop(service);
        let zero = format!(r#"reason="{reason}"}} 0"#);
        assert!(fresh.handle().render().lines().any(|line| line.ends_with(&zero)), "{reason}");

        let reason = *reason;
        let recorder = answered(move || Rejection::new(reason).respond()).await;
        let counted = requests(&recorder);
        assert_eq!(counted.len(), 1);
        assert_eq!((counted[0].1.as_str(), counted[0].2), (reason.code(), 1));
    }
}

#[tokio::test]
async fn a_grpc_status_that_is_not_ok_is_a_failure() {
    let grpc = |code: &'static str| {
        move || {
            let mut response = status(200);
            response.headers_mut().insert("grpc-status", HeaderValue::from_static(code));
            response
        }
    };
    assert_eq!(requests(&answered(grpc("0")).await), one("accepted", ""));
    assert_eq!(requests(&answered(grpc("13")).await), one("failed", "handler_5xx"));
    assert_eq!(requests(&answered(grpc("3")).await), one("failed", "handler_4xx"));
    let refused = || {
        let mut response = Rejection::new(Reason::UnknownKey).respond();
        *response.status_mut() = StatusCode::OK;
        response.headers_mut().insert("grpc-status", HeaderValue::from_static("16"));
        response
    };
    assert_eq!(requests(&answered(refused).await), one("rejected", "unknown_key"));
}

#[tokio::test]
async fn an_error_of_the_inner_service_is_a_failure_and_passes_untouched() {
    let recorder = recorder();
    let service = counted(
        &recorder,
        tower::service_fn(|_: Request<()>| async { Err::<Response<()>, _>(std::io::Error::other("no")) }),
    );
    let error: std::io::Error = service.oneshot(Request::new(())).await.unwrap_err();
    assert_eq!(error.to_string(), "no");
    assert_eq!(requests(&recorder), one("failed", "handler_5xx"));
    assert_eq!(in_flight(&recorder), 0.0);
}

#[tokio::test]
async fn a_sender_that_goes_away_is_counted_as_aborted() {
    let recorder = recorder();
    let service = counted(
        &recorder,
        tower::service_fn(|_: Request<()>| std::future::pending::<Result<Response<()>, Infallible>>()),
    );
    let mut polled = tokio_test::task::spawn(service.oneshot(Request::new(())));
    assert!(polled.poll().is_pending());
    assert_eq!(in_flight(&recorder), 1.0);
    assert_eq!(requests(&recorder), []);
    drop(polled);
    assert_eq!(requests(&recorder), one("aborted", "client_disconnected"));
    assert_eq!(in_flight(&recorder), 0.0);
    assert_eq!(durations(&recorder), 1);
}

#[tokio::test]
async fn a_panic_is_the_handlers_and_not_the_senders_fault() {
    let recorder = recorder();
    let in_future = counted(
        &recorder,
        tower::service_fn(|_: Request<()>| async {
            if true { panic!("handler") } else { Ok::<Response<()>, Infallible>(Response::default()) }
        }),
    );
    let mut future = Box::pin(in_future.oneshot(Request::new(())));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    std::panic::catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(&mut context))).unwrap_err();
    // Dropped long after the panic was caught.
    drop(future);
    assert_eq!(requests(&recorder), one("failed", "handler_panic"));

    let mut in_call = counted(
        &recorder,
        tower::service_fn(|_: Request<()>| -> std::future::Ready<Result<Response<()>, Infallible>> { panic!("call") }),
    );
    std::panic::catch_unwind(AssertUnwindSafe(|| drop(in_call.call(Request::new(()))))).unwrap_err();
    assert_eq!(requests(&recorder), [("failed".to_owned(), "handler_panic".to_owned(), 2)]);
    assert_eq!(in_flight(&recorder), 0.0);
}

#[tokio::test]
async fn ten_thousand_different_requests_add_no_series() {
    let recorder = recorder();
    let service = counted(
        &recorder,
        tower::service_fn(|request: Request<()>| async move {
            let n: u16 = request.headers()["x-number"].to_str().unwrap().parse().unwrap();
            let mut response = status(200 + n % 400);
            if n.is_multiple_of(7) {
                let reason = Reason::ALL[usize::from(n) % Reason::ALL.len()];
                response.extensions_mut().insert(Rejection::new(reason).with_detail(format!("number {n}")));
            }
            Ok::<_, Infallible>(response)
        }),
    );
    let series = |recorder: &PrometheusRecorder| {
        let page = recorder.handle().render();
        page.lines()
            .filter(|line| line.starts_with("webhook_") && !line.starts_with("webhook_request_duration"))
            .count()
    };
    let before = series(&recorder);
    for n in 0..10_000 {
        let request = Request::builder()
            .method(Method::from_bytes(format!("M{n}").as_bytes()).unwrap())
            .uri(format!("https://host-{n}.example/path/{n}?id={n}"))
            .header("x-number", n)
            .header("user-agent", format!("agent {n}"))
            .header("webhook-id", format!("msg_{n}"));
        service.clone().oneshot(request.body(()).unwrap()).await.unwrap();
    }
    assert_eq!(series(&recorder), before);
    assert_eq!(requests(&recorder).iter().map(|(.., count)| count).sum::<u64>(), 10_000);
    assert_eq!(durations(&recorder), 10_000);
    // Seven outcomes of 18 bounds, infinity, sum and count.
    let page = recorder.handle().render();
    assert!(page.lines().filter(|line| line.starts_with("webhook_request_duration_seconds_")).count() <= 7 * 21);
}

#[derive(Clone, Debug, Default)]
struct HandClock(Arc<AtomicU64>);

impl Clock for HandClock {
    fn now(&self) -> Option<UnixTime> {
        None
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::Relaxed))
    }
}

#[tokio::test]
async fn the_duration_is_the_time_until_the_head_of_the_answer() {
    let recorder = recorder();
    let clock = HandClock::default();
    let turned = clock.clone();
    let layer = MetricsLayer::new("r").clock(clock);
    let service = metrics::with_local_recorder(&recorder, || {
        layer.layer(tower::service_fn(move |_: Request<()>| {
            turned.0.fetch_add(2_400, Ordering::Relaxed);
            std::future::ready(Ok::<_, Infallible>(status(200)))
        }))
    });
    service.oneshot(Request::new(())).await.unwrap();
    let page = recorder.handle().render();
    let labels = r#"{route="r",provider="r",outcome="accepted""#;
    assert!(page.contains(&format!("webhook_request_duration_seconds_sum{labels}}} 2.4")), "{page}");
    assert!(page.contains(&format!("webhook_request_duration_seconds_bucket{labels},le=\"2\"}} 0")), "{page}");
    assert!(page.contains(&format!("webhook_request_duration_seconds_bucket{labels},le=\"2.5\"}} 1")), "{page}");
}
