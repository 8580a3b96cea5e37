//! The buckets that the histograms want.

use crate::names;

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

/// What OpenTelemetry recommends for durations, and 2, 3, 20 and 30 s.
const SECONDS: &[f64] =
    &[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.0, 2.5, 3.0, 5.0, 7.5, 10.0, 20.0, 30.0];

const BUCKETS: &[(&str, &[f64])] = &[
    (names::REQUEST_DURATION, SECONDS),
    (names::JOB_DURATION, SECONDS),
    (
        names::END_TO_END_DURATION,
        &[0.01, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3_600.0, 14_400.0, 86_400.0, 259_200.0],
    ),
    (
        names::VERIFY_DURATION,
        &[0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.05],
    ),
    (
        names::BODY_BYTES,
        &[256.0, 1_024.0, 4_096.0, 16_384.0, 65_536.0, 262_144.0, 1_048_576.0, 4_194_304.0, 16_777_216.0],
    ),
    (names::SIGNATURE_AGE, &[-300.0, -60.0, -5.0, 0.0, 1.0, 5.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3_600.0, 86_400.0]),
    (names::INBOX_STORE_DURATION, &[0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0]),
    (
        names::IDEMPOTENCY_DURATION,
        &[0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0],
    ),
];

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
