//! What the metrics of a route's idempotency count.

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};
use tokio_test::task;

use super::stores::Shaky;
use super::*;
use crate::telemetry::IdempotencyMetrics;

fn value(recorder: &PrometheusRecorder, series: &str) -> Option<f64> {
    recorder.handle().render().lines().find_map(|line| line.strip_prefix(series)?.trim().parse().ok())
}

#[tokio::test(start_paused = true)]
async fn claims_completions_and_what_the_store_holds_are_counted() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let runs = Runs::default();
    let service = ::metrics::with_local_recorder(&recorder, || {
        IdempotencyLayer::in_memory().metrics().layer(handler(&runs, |_| ok()))
    });
    for id in ["e1", "e2", "e1"] {
        assert_eq!(send(&service, delivery(id)).await.status(), 200);
    }
    let operations = |op: &str, result: &str| {
        let series = format!(r#"webhook_idempotency_operations_total{{backend="memory",op="{op}",result="{result}"}}"#);
        value(&recorder, &series)
    };
    assert_eq!((operations("claim", "new"), operations("claim", "duplicate")), (Some(2.0), Some(1.0)));
    assert_eq!(operations("complete", "ok"), Some(2.0));
    assert_eq!(value(&recorder, r#"webhook_idempotency_entries{backend="memory"}"#), Some(2.0));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_goes_on_without_the_store_is_counted() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let (runs, store) = (Runs::default(), Shaky::default());
    let layer = IdempotencyLayer::new(store.clone()).on_store_failure(OnStoreFailure::FailOpen).metrics();
    let service = ::metrics::with_local_recorder(&recorder, || layer.layer(handler(&runs, |_| ok())));
    store.fail("claim", 1);
    assert_eq!(outcome(&send(&service, delivery("e1")).await), Some(Outcome::Bypassed));
    let page = recorder.handle().render();
    let bypassed = page.lines().find(|line| {
        line.starts_with("webhook_idempotency_runs_without_store_total{") && line.contains(r#"outcome="bypassed""#)
    });
    assert!(bypassed.is_some_and(|line| line.ends_with(" 1")), "{page}");
}

#[test]
fn a_store_that_is_counted_goes_by_its_own_name() {
    let store = Arc::new(erased::Boxed::new(Shaky::default()));
    let counted = crate::idempotency::counted::Counted::new(store, IdempotencyMetrics::new("of the layer"));
    assert_eq!(erased::ErasedStore::backend(&counted), "other");
}

#[test]
fn a_run_that_is_lost_is_counted() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let (runs, gate) = (Runs::default(), Arc::new(Notify::new()));
    let layer = IdempotencyLayer::in_memory().metrics();
    let service = ::metrics::with_local_recorder(&recorder, || layer.layer(gated(&runs, &gate)));
    let mut connection = task::spawn(service.oneshot(delivery("e1")));
    assert!(connection.poll().is_pending());
    drop(connection);
    assert_eq!(value(&recorder, r#"webhook_idempotency_abandoned_runs_total{backend="memory"}"#), Some(1.0));
}
