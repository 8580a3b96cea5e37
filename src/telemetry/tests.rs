//! Counted into a real recorder.

use std::time::Duration;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};

use super::*;
use crate::clock::UnixTime;
use crate::outcome::Outcome;
use crate::rejection::Reason;

fn seen(age_s: Option<f64>, body_len: usize) -> Seen {
    Seen { age_s, body_len, now: Some(UnixTime::from_secs(1_700_000_000)) }
}

fn recorder() -> PrometheusRecorder {
    PrometheusBuilder::new().build_recorder()
}

fn page<T>(recorder: &PrometheusRecorder, make: impl FnOnce() -> T) -> (T, String) {
    let made = ::metrics::with_local_recorder(recorder, make);
    let page = recorder.handle().render();
    (made, page)
}

/// The value of the series whose text begins so.
fn value(page: &str, series: &str) -> f64 {
    let value = page.lines().find_map(|line| line.strip_prefix(series)?.trim().parse().ok());
    assert!(value.is_some(), "{series}\n{page}");
    value.unwrap_or_default()
}

#[test]
fn every_counter_is_born_at_zero() {
    let recorder = recorder();
    let (_, page) = page(&recorder, || {
        (
            RequestMetrics::new("r", "p"),
            SignatureMetrics::new("r", "p", ["k1", "k2"]),
            AllowlistMetrics::new("r"),
            IdempotencyMetrics::new("moka"),
        )
    });
    let counters: Vec<_> =
        page.lines().filter(|line| line.starts_with("webhook_") && line.contains("_total")).collect();
    // Ends of requests, two keys and the rest, decisions, operations, six of the store, three ways to die, two to replay.
    let dead = if cfg!(any(feature = "postgres", feature = "sqlite")) { 3 } else { 0 }
        + if cfg!(feature = "journal") { 2 } else { 0 };
    assert_eq!(counters.len(), End::all().count() + 3 + Decision::ALL.len() + Operation::ALL.len() + 6 + dead);
    for counter in counters {
        assert!(counter.ends_with(" 0"), "{counter}");
    }
    assert_eq!(value(&page, r#"webhook_in_flight_requests{route="r"}"#), 0.0);
    assert_eq!(value(&page, r#"webhook_idempotency_entries{backend="moka"}"#), 0.0);
}

#[test]
fn every_metric_of_the_catalogue_is_counted_and_described() {
    let recorder = recorder();
    let ((), page) = page(&recorder, || {
        RequestMetrics::new("r", "p").begin().ended(End::Accepted, Duration::from_millis(1));
        let signature = SignatureMetrics::new("r", "p", ["k"]);
        signature.verified("k", seen(Some(-1.5), 1024), Duration::from_micros(3));
        signature.key_expires("k", UnixTime::from_secs(2_000_000_000));
        HealthMetrics::new("store").is(true);
        AllowlistMetrics::new("r").decided(Decision::Denied);
        ReloadMetrics::of_list("github").loaded(UnixTime::from_secs(1_900_000_000));
        ReloadMetrics::of_ring("stripe").loaded(UnixTime::from_secs(1_900_000_000));
        ReportMetrics::new("r", &[Reason::IpDenied]).reported(Reason::IpDenied);
        IdempotencyMetrics::new("moka").operation(Operation::Claim(Claimed::New), Duration::from_micros(1));
        let explain = ExplainMetrics::new("r", ["url_host"]);
        explain.explained(0);
        explain.suppressed();
        #[cfg(any(feature = "postgres", feature = "sqlite"))]
        {
            let inbox = InboxMetrics::new(["billing"], 16);
            inbox.stored(Duration::from_millis(1));
            inbox.attempted("billing", Attempted::Done, Duration::from_millis(1));
            inbox.handled("billing", Duration::from_secs(1));
            inbox.died("r", Death::Permanent);
        }
        super::enabled::ReplayMetrics::entered("r");
        super::UnfinishedMetrics::new().count(super::Unfinished::Done);
    });
    for metric in crate::names::CATALOGUE {
        let name = metric.name;
        let of_inbox = ["webhook_inbox_", "webhook_queue_", "webhook_job", "webhook_end_", "webhook_dead_"];
        if cfg!(not(any(feature = "postgres", feature = "sqlite")))
            && of_inbox.iter().any(|prefix| name.starts_with(prefix))
        {
            continue;
        }
        assert!(page.contains(&format!("# HELP {name} {}", metric.help)), "{name}");
        let series = page
            .lines()
            .find(|line| line.starts_with(&format!("{name}{{")) || line.starts_with(&format!("{name}_sum{{")));
        let series = series.unwrap_or_else(|| panic!("{name}"));
        for label in metric.labels {
            assert!(series.contains(&format!("{label}=\"")), "{name} has no label {label}: {series}");
        }
    }
    assert_eq!(value(&page, r#"webhook_secret_expiry_timestamp_seconds{route="r",key_id="k"}"#), 2_000_000_000.0);
    assert_eq!(value(&page, r#"webhook_allowlist_refresh_timestamp_seconds{list="github"}"#), 1_900_000_000.0);
    assert_eq!(value(&page, r#"webhook_signature_age_seconds_sum{route="r",provider="p"}"#), -1.5);
}

#[test]
fn ten_thousand_keys_are_thirty_two_series_and_one() {
    let recorder = recorder();
    let ((), page) = page(&recorder, || {
        let metrics = SignatureMetrics::new("r", "p", ["primary"]);
        for round in 0..2 {
            for key in 0..10_000 {
                metrics.verified(&format!("tenant-{key}"), seen(None, round), Duration::ZERO);
            }
        }
        metrics.verified("primary", seen(None, 0), Duration::ZERO);
    });
    let series = page.lines().filter(|line| line.starts_with("webhook_verified_with_key_total{")).count();
    assert_eq!(series, 33);
    assert_eq!(value(&page, r#"webhook_verified_with_key_total{route="r",key_id="primary"}"#), 1.0);
    assert_eq!(value(&page, r#"webhook_verified_with_key_total{route="r",key_id="tenant-30"}"#), 2.0);
    assert_eq!(value(&page, r#"webhook_verified_with_key_total{route="r",key_id="_OTHER"}"#), 2.0 * 9_969.0);
}

#[test]
fn keys_that_several_threads_find_at_once_are_counted_once_each() {
    let recorder = recorder();
    let (metrics, _) = page(&recorder, || SignatureMetrics::new("r", "p", []));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                ::metrics::with_local_recorder(&recorder, || {
                    for key in 0..1_000 {
                        metrics.verified(&format!("k{}", key % 40), seen(None, 0), Duration::ZERO);
                    }
                });
            });
        }
    });
    let page = recorder.handle().render();
    let counts: Vec<f64> = page
        .lines()
        .filter(|line| line.starts_with("webhook_verified_with_key_total{"))
        .map(|line| line.rsplit(' ').next().unwrap().parse().unwrap())
        .collect();
    assert_eq!(counts.len(), 33);
    assert_eq!(counts.iter().sum::<f64>(), 4_000.0);
}

#[test]
fn a_store_that_fails_is_counted_as_an_error_too() {
    let recorder = recorder();
    let ((), page) = page(&recorder, || {
        let metrics = IdempotencyMetrics::new("redis");
        metrics.operation(Operation::Claim(Claimed::Error), Duration::from_millis(250));
        metrics.operation(Operation::Complete(Written::Fenced), Duration::ZERO);
        metrics.operation(Operation::Release(Written::Done), Duration::ZERO);
        metrics.entries(7);
        metrics.evicted_early(1);
        metrics.run_abandoned();
        metrics.replay_guard_hit();
        metrics.ran_without_store(Outcome::Bypassed);
        metrics.ran_without_store(Outcome::Local);
        metrics.ran_without_store(Outcome::Local);
    });
    let operation = |op, result| {
        value(&page, &format!(r#"webhook_idempotency_operations_total{{backend="redis",op="{op}",result="{result}"}}"#))
    };
    assert_eq!(operation("claim", "error"), 1.0);
    assert_eq!(operation("complete", "fenced"), 1.0);
    assert_eq!(operation("release", "ok"), 1.0);
    assert_eq!(operation("claim", "new"), 0.0);
    for (name, count) in [
        ("webhook_idempotency_errors_total", 1.0),
        ("webhook_idempotency_entries", 7.0),
        ("webhook_idempotency_early_evictions_total", 1.0),
        ("webhook_idempotency_abandoned_runs_total", 1.0),
        ("webhook_idempotency_replay_guard_hits_total", 1.0),
    ] {
        assert_eq!(value(&page, &format!(r#"{name}{{backend="redis"}}"#)), count, "{name}");
    }
    let alone = |outcome| {
        value(&page, &format!(r#"webhook_idempotency_runs_without_store_total{{backend="redis",outcome="{outcome}"}}"#))
    };
    assert_eq!((alone("bypassed"), alone("local")), (1.0, 2.0));
}

#[test]
fn decisions_are_counted_by_what_they_were() {
    let recorder = recorder();
    let ((), page) = page(&recorder, || {
        let metrics = AllowlistMetrics::new("r");
        for (times, decision) in Decision::ALL.into_iter().enumerate() {
            (0..=times).for_each(|_| metrics.decided(decision));
        }
    });
    for (times, label) in ["allowed", "denied", "no_ip", "untrusted_peer"].into_iter().enumerate() {
        let series = format!(r#"webhook_allowlist_decisions_total{{route="r",result="{label}"}}"#);
        assert_eq!(value(&page, &series), times as f64 + 1.0);
    }
}

#[test]
fn a_key_without_a_name_has_no_expiry() {
    let recorder = recorder();
    let ((), page) = page(&recorder, || {
        SignatureMetrics::new("r", "p", ["k"]).key_expires("of-a-tenant", UnixTime::from_secs(1));
    });
    assert!(!page.contains("expiry"), "{page}");
}

#[test]
fn without_a_recorder_everything_still_works() {
    let metrics = SignatureMetrics::new("r", "p", ["k"]);
    metrics.verified("k", seen(Some(1.0), 1), Duration::ZERO);
    metrics.verified("later", seen(None, 1), Duration::ZERO);
    RequestMetrics::new("r", "p").begin().ended(End::Aborted, Duration::ZERO);
}

#[test]
fn handles_are_cheap_to_share() {
    fn shared<T: Clone + std::fmt::Debug + Send + Sync + 'static>() {}
    shared::<RequestMetrics>();
    shared::<SignatureMetrics>();
    shared::<AllowlistMetrics>();
    shared::<IdempotencyMetrics>();
}

#[cfg(any(feature = "postgres", feature = "sqlite"))]
#[test]
fn the_first_dead_letter_of_a_route_is_an_increase() {
    let recorder = recorder();
    let ((requests, inbox), page_before) =
        page(&recorder, || (RequestMetrics::new("r", "p"), InboxMetrics::new(["billing"], 16)));
    for death in Death::ALL {
        let series = format!(r#"webhook_dead_letters_total{{route="r",reason="{}"}}"#, death.label());
        assert_eq!(value(&page_before, &series), 0.0);
    }
    let ((), page) = page(&recorder, || inbox.died("r", Death::Exhausted));
    assert_eq!(value(&page, r#"webhook_dead_letters_total{route="r",reason="exhausted"}"#), 1.0);
    drop(requests);
}

#[cfg(any(feature = "postgres", feature = "sqlite"))]
#[test]
fn routes_that_are_stored_without_end_are_no_series_without_end() {
    let recorder = recorder();
    let ((), page) = page(&recorder, || {
        let inbox = InboxMetrics::new(["billing"], 16);
        (0..10_000).for_each(|route| inbox.died(&format!("r{route}"), Death::Permanent));
    });
    assert_eq!(page.lines().filter(|line| line.starts_with("webhook_dead_letters_total{")).count(), 3 * 257);
}

#[cfg(any(feature = "postgres", feature = "sqlite"))]
#[test]
fn what_waits_to_be_stored_is_counted_while_it_waits() {
    let recorder = recorder();
    let (inbox, _) = page(&recorder, || InboxMetrics::new(["billing"], 16));
    let waiting = inbox.waits();
    let depth =
        |recorder: &PrometheusRecorder| value(&recorder.handle().render(), r#"webhook_queue_depth{queue="_intake"}"#);
    assert_eq!(depth(&recorder), 1.0);
    drop(waiting);
    assert_eq!(depth(&recorder), 0.0);
    assert_eq!(value(&recorder.handle().render(), r#"webhook_queue_capacity{queue="_intake"}"#), 16.0);
}
