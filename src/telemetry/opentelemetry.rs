//! Handles of OpenTelemetry's API, by the global provider of the moment.
//!
//! Names are those of [`Metric::otel_name`]; the attributes are the labels, but for empty ones, and `error.type` where
//! there is a reason.

use std::sync::{Arc, Mutex, PoisonError};

use ::opentelemetry::metrics as otel;
use ::opentelemetry::{KeyValue, global};

use super::buckets::BUCKETS;
use crate::names::{self, Metric};

pub(super) const IS_THERE: bool = true;

type Attributes = Arc<[KeyValue]>;

#[derive(Clone, Debug)]
pub(super) struct Counter(otel::Counter<u64>, Attributes);

impl Counter {
    pub(super) fn increment(&self, by: u64) {
        self.0.add(by, &self.1);
    }
}

#[derive(Clone, Debug)]
pub(super) enum Gauge {
    /// A value; what it is now is kept here, since the API only takes new ones.
    Value(otel::Gauge<f64>, Attributes, Arc<Mutex<f64>>),
    /// A sum over all who count.
    Sum(otel::UpDownCounter<f64>, Attributes),
}

impl Gauge {
    pub(super) fn increment(&self, by: f64) {
        match self {
            Self::Sum(sum, attributes) => sum.add(by, attributes),
            Self::Value(gauge, attributes, now) => {
                let mut now = now.lock().unwrap_or_else(PoisonError::into_inner);
                *now += by;
                gauge.record(*now, attributes);
            }
        }
    }

    pub(super) fn set(&self, value: f64) {
        // A sum is never set.
        if let Self::Value(gauge, attributes, now) = self {
            let mut now = now.lock().unwrap_or_else(PoisonError::into_inner);
            *now = value;
            gauge.record(value, attributes);
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Histogram(otel::Histogram<f64>, Attributes);

impl Histogram {
    pub(super) fn record(&self, value: f64) {
        self.0.record(value, &self.1);
    }
}

pub(super) fn counter(metric: &Metric, labels: &[(&'static str, &str)]) -> Counter {
    let meter = meter();
    let builder = meter.u64_counter(metric.otel_name()).with_unit(metric.otel_unit());
    Counter(builder.with_description(metric.help).build(), attributes(labels))
}

pub(super) fn gauge(metric: &Metric, labels: &[(&'static str, &str)]) -> Gauge {
    let (name, attributes) = (metric.otel_name(), attributes(labels));
    if metric.name == names::IN_FLIGHT {
        let meter = meter();
        let builder = meter.f64_up_down_counter(name).with_unit(metric.otel_unit());
        return Gauge::Sum(builder.with_description(metric.help).build(), attributes);
    }
    let meter = meter();
    let builder = meter.f64_gauge(name).with_unit(metric.otel_unit());
    Gauge::Value(builder.with_description(metric.help).build(), attributes, Arc::default())
}

pub(super) fn histogram(metric: &Metric, labels: &[(&'static str, &str)]) -> Histogram {
    let buckets = BUCKETS.iter().find(|(name, _)| *name == metric.name).map(|(_, buckets)| buckets.to_vec());
    let meter = meter();
    let builder = meter.f64_histogram(metric.otel_name()).with_unit(metric.otel_unit());
    let builder = builder.with_description(metric.help).with_boundaries(buckets.unwrap_or_default());
    Histogram(builder.build(), attributes(labels))
}

fn meter() -> otel::Meter {
    global::meter("tower_webhook")
}

fn attributes(labels: &[(&'static str, &str)]) -> Attributes {
    let of = |name: &'static str, value: &str| KeyValue::new(name, value.to_owned());
    let given = labels.iter().filter(|(_, value)| !value.is_empty());
    let error = given.clone().find(|(name, _)| *name == names::REASON).map(|(_, reason)| of("error.type", reason));
    given.map(|(name, value)| of(name, value)).chain(error).collect()
}
