//! How handles come from the recorder.

use std::cell::Cell;

use ::metrics::{Counter, Gauge, Histogram, IntoF64, Key, Label, Level, Metadata, Unit, with_recorder};

use super::log;
use crate::names::{self, CATALOGUE, Metric, MetricKind, MetricUnit};

static METADATA: Metadata<'static> = Metadata::new("tower_webhook", Level::INFO, Some("tower_webhook"));

/// All series of one name. Made where the name is described to the recorder.
pub(super) struct Family(&'static str);

impl Family {
    /// Describes the metric. Again at each construction: recorders take it as the same description, and
    /// a recorder that was installed for one test gets it too.
    pub(super) fn new(name: &'static str) -> Self {
        if let Some(metric) = CATALOGUE.iter().find(|metric| metric.name == name) {
            describe(metric);
        }
        Self(name)
    }

    pub(super) fn counter(&self, labels: &[(&'static str, &str)]) -> Counter {
        let counter = with_recorder(|recorder| recorder.register_counter(&self.key(labels), &METADATA));
        // Some recorders show a series only once it was touched.
        counter.increment(0);
        counter
    }

    pub(super) fn gauge(&self, labels: &[(&'static str, &str)]) -> Gauge {
        let gauge = with_recorder(|recorder| recorder.register_gauge(&self.key(labels), &METADATA));
        // Not set to 0: another layer of the same labels may be counting already.
        gauge.increment(0.0);
        gauge
    }

    pub(super) fn histogram(&self, labels: &[(&'static str, &str)]) -> Histogram {
        with_recorder(|recorder| recorder.register_histogram(&self.key(labels), &METADATA))
    }

    /// A gauge without a value until it has one: a time that reads 1970 would raise an alarm.
    pub(super) fn unset_gauge(&self, labels: &[(&'static str, &str)]) -> Gauge {
        with_recorder(|recorder| recorder.register_gauge(&self.key(labels), &METADATA))
    }

    fn key(&self, labels: &[(&'static str, &str)]) -> Key {
        let labels: Vec<Label> = labels.iter().map(|(name, value)| Label::new(*name, (*value).to_owned())).collect();
        Key::from_parts(self.0, labels)
    }
}

fn describe(metric: &Metric) {
    let unit = match metric.unit {
        MetricUnit::Bytes => Unit::Bytes,
        MetricUnit::Count => Unit::Count,
        MetricUnit::Seconds => Unit::Seconds,
    };
    let (name, help) = (metric.name.into(), metric.help.into());
    with_recorder(|recorder| match metric.kind {
        MetricKind::Counter => recorder.describe_counter(name, Some(unit), help),
        MetricKind::Gauge => recorder.describe_gauge(name, Some(unit), help),
        MetricKind::Histogram => recorder.describe_histogram(name, Some(unit), help),
    });
}

/// A 1 that knows whether somebody has asked for it. Handles of a missing recorder never do.
struct Probe<'a>(&'a Cell<bool>);

impl IntoF64 for Probe<'_> {
    fn into_f64(self) -> f64 {
        self.0.set(true);
        1.0
    }
}

/// Says which version counts, and warns where nobody listens.
pub(super) fn info() {
    if !announced() {
        log::no_recorder();
    }
}

/// Whether the recorder took the version; one that is missing did not.
fn announced() -> bool {
    let asked = Cell::new(false);
    Family::new(names::INFO)
        .unset_gauge(&[(names::VERSION, env!("CARGO_PKG_VERSION")), (names::SCHEMA, names::SCHEMA_VERSION)])
        .set(Probe(&asked));
    asked.get()
}

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::*;

    #[test]
    fn a_missing_recorder_is_noticed_and_an_installed_one_is_told_the_version() {
        assert!(!announced());
        let recorder = PrometheusBuilder::new().build_recorder();
        assert!(::metrics::with_local_recorder(&recorder, announced));
        let series = format!(r#"webhook_info{{version="{}",schema="1"}} 1"#, env!("CARGO_PKG_VERSION"));
        assert!(recorder.handle().render().lines().any(|line| line == series));
        assert!(!announced());
    }
}
