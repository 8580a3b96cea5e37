//! The buckets that the histograms want.

use crate::telemetry::BUCKETS;

/// The upper bounds of the buckets of each histogram, by name.
///
/// Give them to your exporter when it is made, see [the example](crate::metrics#example).
///
/// * Durations of requests and of attempts of an inbox: the bounds that
///   [OpenTelemetry](https://opentelemetry.io/docs/specs/semconv/http/http-metrics/#metric-httpserverrequestduration)
///   recommends, and 2, 3, 20 and 30 seconds, so that the time limits of senders (most of them 3 to 30 s)
///   are bounds or lie between two near ones.
/// * Ages of signatures: negative where the sender's clock is ahead, 300 s where most senders' tolerance
///   ends, hours where a sender keeps the first timestamp over its retries.
/// * From receiving to handling: up to the three days that a schedule of retries may take.
#[must_use]
pub const fn recommended_buckets() -> &'static [(&'static str, &'static [f64])] {
    BUCKETS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::{CATALOGUE, MetricKind};

    #[test]
    fn every_histogram_has_rising_buckets() {
        for metric in CATALOGUE.iter().filter(|metric| metric.kind == MetricKind::Histogram) {
            let (_, buckets) = BUCKETS.iter().find(|(name, _)| *name == metric.name).expect(metric.name);
            assert!(buckets.is_sorted_by(|a, b| a < b), "{}", metric.name);
        }
        assert_eq!(BUCKETS.len(), CATALOGUE.iter().filter(|metric| metric.kind == MetricKind::Histogram).count());
    }
}
