//! How handles come from the backends: a name is described to each of them, and a handle counts into each of them.

use super::facade;
use super::log;
use super::opentelemetry;
use crate::names::{self, CATALOGUE, Metric, MetricKind, MetricUnit};

/// Only grows.
#[derive(Clone, Debug)]
#[must_use = "counters do nothing unless they are counted with"]
pub(super) struct Counter(facade::Counter, opentelemetry::Counter);

impl Counter {
    pub(super) fn increment(&self, by: u64) {
        self.0.increment(by);
        self.1.increment(by);
    }
}

/// Goes up and down.
#[derive(Clone, Debug)]
#[must_use = "gauges do nothing unless they are set"]
pub(super) struct Gauge(facade::Gauge, opentelemetry::Gauge);

impl Gauge {
    pub(super) fn increment(&self, by: f64) {
        self.0.increment(by);
        self.1.increment(by);
    }

    pub(super) fn decrement(&self, by: f64) {
        self.0.decrement(by);
        self.1.increment(-by);
    }

    pub(super) fn set(&self, value: f64) {
        self.0.set(value);
        self.1.set(value);
    }
}

/// Counts values in buckets.
#[derive(Clone, Debug)]
#[must_use = "histograms do nothing unless something is recorded"]
pub(super) struct Histogram(facade::Histogram, opentelemetry::Histogram);

impl Histogram {
    pub(super) fn record(&self, value: f64) {
        self.0.record(value);
        self.1.record(value);
    }
}

/// All series of one name. Made where the name is described.
pub(super) struct Family(&'static Metric);

impl Family {
    /// Describes the metric. Again at each construction: backends take it as the same description, and one that was
    /// installed for one test gets it too.
    pub(super) fn new(name: &'static str) -> Self {
        let metric = CATALOGUE.iter().find(|metric| metric.name == name).unwrap_or(&UNKNOWN);
        facade::describe(metric);
        Self(metric)
    }

    pub(super) fn counter(&self, labels: &[(&'static str, &str)]) -> Counter {
        let counter = Counter(facade::counter(self.0, labels), opentelemetry::counter(self.0, labels));
        // Some recorders show a series only once it was touched.
        counter.increment(0);
        counter
    }

    pub(super) fn gauge(&self, labels: &[(&'static str, &str)]) -> Gauge {
        let gauge = self.unset_gauge(labels);
        // Not set to 0: another layer of the same labels may be counting already.
        gauge.increment(0.0);
        gauge
    }

    pub(super) fn histogram(&self, labels: &[(&'static str, &str)]) -> Histogram {
        Histogram(facade::histogram(self.0, labels), opentelemetry::histogram(self.0, labels))
    }

    /// A gauge without a value until it has one: a time that reads 1970 would raise an alarm.
    pub(super) fn unset_gauge(&self, labels: &[(&'static str, &str)]) -> Gauge {
        Gauge(facade::gauge(self.0, labels), opentelemetry::gauge(self.0, labels))
    }
}

/// Stands for a name that the catalogue does not have, which a test rules out.
static UNKNOWN: Metric = Metric {
    name: "webhook_unknown",
    kind: MetricKind::Counter,
    unit: MetricUnit::Count,
    labels: &[],
    help: "Unknown.",
};

/// Says which version counts, and warns where nobody listens.
pub(super) fn info() {
    let labels = [(names::VERSION, env!("CARGO_PKG_VERSION")), (names::SCHEMA, names::SCHEMA_VERSION)];
    let family = Family::new(names::INFO);
    opentelemetry::gauge(family.0, &labels).set(1.0);
    // Whether OpenTelemetry has a provider cannot be told: who chose that feature is taken to have one.
    if !facade::announced(family.0, &labels) && !opentelemetry::IS_THERE {
        log::no_recorder();
    }
}
