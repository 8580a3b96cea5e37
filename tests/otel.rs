//! A request through the stack is seen by OpenTelemetry, under the names of the catalogue.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeMap;
use std::convert::Infallible;

use http::{Request, Response};
use opentelemetry::global;
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, Metric, MetricData};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, SdkMeterProvider};
use tower::Layer;
use tower_webhook::metrics::recommended_buckets;
use tower_webhook::names::{self, CATALOGUE};
use tower_webhook::testing::{self, Endpoint};
use tower_webhook::{Reason, Secret, VerifiedBody, WebhookOptions, provider};

const SECRET: &str = "It's a Secret to Everybody";

/// The values of a sum of whole numbers, by their attributes in the order of the alphabet.
fn sums(metric: &Metric) -> BTreeMap<String, u64> {
    let AggregatedMetrics::U64(MetricData::Sum(sum)) = metric.data() else { panic!("{}", metric.name()) };
    assert!(sum.is_monotonic());
    let text = |attributes: Vec<_>| {
        let mut attributes = attributes;
        attributes.sort();
        attributes.join(",")
    };
    sum.data_points()
        .map(|point| {
            (text(point.attributes().map(|one| format!("{}={}", one.key, one.value)).collect()), point.value())
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_counted_under_the_names_of_the_catalogue() {
    let exporter = InMemoryMetricExporter::default();
    let provider = SdkMeterProvider::builder().with_periodic_exporter(exporter.clone()).build();
    global::set_meter_provider(provider.clone());

    let layer = WebhookOptions::new().metrics().layer(provider::GITHUB, Secret::new(SECRET).unwrap()).unwrap();
    let handler =
        tower::service_fn(|_: Request<VerifiedBody>| async { Ok::<_, Infallible>(Response::new(String::new())) });
    let endpoint = Endpoint::new(layer.layer(handler));
    let delivery = testing::delivery(provider::GITHUB, SECRET).id("1").json("{}");
    endpoint.send(&delivery).await.assert_accepted();
    endpoint.send(&delivery.tampered()).await.assert_rejected(Reason::SignatureMismatch);

    provider.force_flush().unwrap();
    let finished = exporter.get_finished_metrics().unwrap();
    let last = finished.last().unwrap();
    let scopes: Vec<_> = last.scope_metrics().collect();
    assert_eq!(scopes.len(), 1);
    assert_eq!(scopes[0].scope().name(), "tower_webhook");
    let metrics: BTreeMap<&str, &Metric> = scopes[0].metrics().map(|metric| (metric.name(), metric)).collect();

    for name in [
        names::REQUESTS,
        names::REQUEST_DURATION,
        names::IN_FLIGHT,
        names::VERIFY_DURATION,
        names::BODY_BYTES,
        names::VERIFIED_WITH_KEY,
        names::IDEMPOTENCY_OPERATIONS,
        names::IDEMPOTENCY_ERRORS,
        names::IDEMPOTENCY_DURATION,
        names::IDEMPOTENCY_ENTRIES,
        names::INFO,
    ] {
        let row = CATALOGUE.iter().find(|metric| metric.name == name).unwrap();
        let metric = metrics.get(row.otel_name().as_str()).unwrap_or_else(|| panic!("{name}: {:?}", metrics.keys()));
        assert_eq!((metric.unit(), metric.description()), (row.otel_unit(), row.help), "{name}");
        assert!(!metric.name().ends_with("_total"));
    }

    let requests = sums(metrics["webhook.requests"]);
    assert_eq!(requests["outcome=accepted,provider=github,route=github"], 1);
    let refused =
        "error.type=signature_mismatch,outcome=rejected,provider=github,reason=signature_mismatch,route=github";
    assert_eq!(requests[refused], 1);
    let unsigned = refused.replace("signature_mismatch", "missing_signature");
    assert_eq!(requests[unsigned.as_str()], 0, "born at zero");

    let AggregatedMetrics::F64(MetricData::Histogram(durations)) = metrics["webhook.request.duration"].data() else {
        panic!("seconds are a histogram")
    };
    let (_, bounds) = recommended_buckets().iter().find(|(name, _)| *name == names::REQUEST_DURATION).unwrap();
    for point in durations.data_points() {
        assert_eq!(point.bounds().collect::<Vec<_>>(), *bounds);
        assert_eq!(point.count(), 1);
    }
    let AggregatedMetrics::F64(MetricData::Sum(in_flight)) = metrics["webhook.in_flight_requests"].data() else {
        panic!("what is in flight is a sum")
    };
    assert!(!in_flight.is_monotonic());
    assert!(in_flight.data_points().all(|point| point.value() == 0.0));
}
