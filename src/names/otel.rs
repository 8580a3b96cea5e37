//! The names and units by which OpenTelemetry has the metrics.

use super::*;

/// What stands before a dot; the rest of a name is one word to OpenTelemetry.
const PARTS: [&str; 10] =
    ["allowlist", "end_to_end", "idempotency", "inbox", "job", "queue", "request", "secret", "signature", "verify"];

impl Metric {
    /// The name by which OpenTelemetry has it (feature `otel`), such as `webhook.request.duration`: dots between the
    /// parts, neither `_total` nor the unit. The usual translation to Prometheus makes [`name`](Self::name) of it
    /// again; the one exception is `webhook.dead_letters.held`, the gauge beside the counter `webhook.dead_letters`.
    #[must_use]
    pub fn otel_name(&self) -> String {
        if self.name == DEAD_LETTERS {
            return "webhook.dead_letters.held".to_owned();
        }
        let without = |name: &'static str, end| name.strip_suffix(end).unwrap_or(name);
        let name = match self.unit {
            MetricUnit::Bytes => without(self.name, "_bytes"),
            MetricUnit::Count => without(self.name, "_total"),
            MetricUnit::Seconds => without(self.name, "_seconds"),
        };
        let name = name.strip_prefix("webhook_").unwrap_or(name);
        let part = PARTS.iter().find_map(|part| Some((part, name.strip_prefix(part)?.strip_prefix('_')?)));
        part.map_or_else(|| format!("webhook.{name}"), |(part, rest)| format!("webhook.{part}.{rest}"))
    }

    /// Its unit in [UCUM](https://ucum.org), as OpenTelemetry wants it: `s`, `By`, or `{…}` for a number of things.
    /// Never `1`, of which Prometheus makes the ending `_ratio`.
    #[must_use]
    pub fn otel_unit(&self) -> &'static str {
        match self.unit {
            MetricUnit::Bytes => "By",
            MetricUnit::Seconds => "s",
            MetricUnit::Count => match self.name {
                REQUESTS | IN_FLIGHT | VERIFIED_WITH_KEY | REPORT_ONLY => "{request}",
                ALLOWLIST_DECISIONS => "{decision}",
                ALLOWLIST_REFRESH_FAILURES | SECRET_RELOAD_FAILURES => "{failure}",
                EXPLANATIONS | EXPLANATIONS_SUPPRESSED => "{report}",
                IDEMPOTENCY_OPERATIONS => "{operation}",
                IDEMPOTENCY_ERRORS => "{error}",
                IDEMPOTENCY_ENTRIES | IDEMPOTENCY_EARLY_EVICTIONS => "{entry}",
                IDEMPOTENCY_ABANDONED_RUNS | IDEMPOTENCY_WITHOUT_STORE => "{run}",
                JOBS | QUEUE_DEPTH | QUEUE_CAPACITY => "{job}",
                HEALTH => "{check}",
                INFO => "{version}",
                _ => "{event}",
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_opentelemetry_translate_back() {
        for metric in CATALOGUE.iter().filter(|metric| metric.name != DEAD_LETTERS) {
            let mut translated = metric.otel_name().replace('.', "_");
            translated += match (metric.unit, metric.kind) {
                (MetricUnit::Bytes, _) => "_bytes",
                (MetricUnit::Seconds, _) => "_seconds",
                (_, MetricKind::Counter) => "_total",
                _ => "",
            };
            assert_eq!(translated, metric.name);
        }
    }

    #[test]
    fn names_of_opentelemetry_have_dots_between_their_parts() {
        let name = |name| CATALOGUE.iter().find(|metric| metric.name == name).map(Metric::otel_name).unwrap();
        for (ours, theirs) in [
            (REQUESTS, "webhook.requests"),
            (REQUEST_DURATION, "webhook.request.duration"),
            (BODY_BYTES, "webhook.request.body"),
            (IN_FLIGHT, "webhook.in_flight_requests"),
            (END_TO_END_DURATION, "webhook.end_to_end.duration"),
            (QUEUE_OLDEST_AGE, "webhook.queue.oldest_age"),
            (SECRET_RELOAD_FAILURES, "webhook.secret.reload_failures"),
            (ALLOWLIST_REFRESH, "webhook.allowlist.refresh_timestamp"),
            (REPORT_ONLY, "webhook.report_only"),
            (EXPLANATIONS, "webhook.explanations"),
            (DEAD_LETTERS, "webhook.dead_letters.held"),
            (DEAD_LETTERS_TOTAL, "webhook.dead_letters"),
        ] {
            assert_eq!(name(ours), theirs);
        }
        let names: std::collections::BTreeSet<_> = CATALOGUE.iter().map(Metric::otel_name).collect();
        assert_eq!(names.len(), CATALOGUE.len());
    }

    #[test]
    fn a_number_of_things_says_of_what() {
        for metric in CATALOGUE {
            let unit = metric.otel_unit();
            let annotated = unit.starts_with('{') && unit.ends_with('}');
            assert_eq!(annotated, metric.unit == MetricUnit::Count, "{}: {unit}", metric.name);
        }
    }
}
