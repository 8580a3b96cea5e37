//! Handles of the `metrics` facade.

use std::cell::Cell;

use ::metrics::{IntoF64, Key, Label, Level, Metadata, Unit, with_recorder};

use crate::names::{Metric, MetricKind, MetricUnit};

pub(super) use ::metrics::{Counter, Gauge, Histogram};

static METADATA: Metadata<'static> = Metadata::new("tower_webhook", Level::INFO, Some("tower_webhook"));

pub(super) fn counter(metric: &Metric, labels: &[(&'static str, &str)]) -> Counter {
    with_recorder(|recorder| recorder.register_counter(&key(metric, labels), &METADATA))
}

pub(super) fn gauge(metric: &Metric, labels: &[(&'static str, &str)]) -> Gauge {
    with_recorder(|recorder| recorder.register_gauge(&key(metric, labels), &METADATA))
}

pub(super) fn histogram(metric: &Metric, labels: &[(&'static str, &str)]) -> Histogram {
    with_recorder(|recorder| recorder.register_histogram(&key(metric, labels), &METADATA))
}

fn key(metric: &Metric, labels: &[(&'static str, &str)]) -> Key {
    let labels: Vec<Label> = labels.iter().map(|(name, value)| Label::new(*name, (*value).to_owned())).collect();
    Key::from_parts(metric.name, labels)
}

pub(super) fn describe(metric: &Metric) {
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

/// Sets the gauge to 1, and tells whether a recorder took it; one that is missing did not.
pub(super) fn announced(metric: &Metric, labels: &[(&'static str, &str)]) -> bool {
    let asked = Cell::new(false);
    gauge(metric, labels).set(Probe(&asked));
    asked.get()
}

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::*;
    use crate::names::{CATALOGUE, INFO};

    #[test]
    fn a_missing_recorder_is_noticed_and_an_installed_one_is_told_the_version() {
        let info = CATALOGUE.iter().find(|metric| metric.name == INFO).unwrap();
        let announced = || announced(info, &[("version", "1.2.3"), ("schema", "1")]);
        assert!(!announced());
        let recorder = PrometheusBuilder::new().build_recorder();
        assert!(::metrics::with_local_recorder(&recorder, announced));
        let series = r#"webhook_info{version="1.2.3",schema="1"} 1"#;
        assert!(recorder.handle().render().lines().any(|line| line == series));
        assert!(!announced());
    }
}
