//! The names of all metrics and of their labels, in one file.
//!
//! Rules for alerts, dashboards and recorders can be checked against [`CATALOGUE`]: it holds each
//! metric that this crate counts, with its kind, its unit, its labels and its help text. The names are
//! those that Prometheus shows; the counters end in `_total`, times are seconds, sizes are bytes.
//! OpenTelemetry has them by [`Metric::otel_name`].
//!
//! ```
//! use tower_webhook::names::{self, MetricKind};
//!
//! let requests = names::CATALOGUE.iter().find(|metric| metric.name == names::REQUESTS).expect("counted");
//! assert_eq!(requests.kind, MetricKind::Counter);
//! assert_eq!(requests.labels, ["route", "provider", "outcome", "reason"]);
//! ```

mod otel;

/// Refusals that were explained to the operator, by cause.
pub const EXPLANATIONS: &str = "webhook_explanations_total";
/// Refusals that were not explained, as the budget was spent.
pub const EXPLANATIONS_SUPPRESSED: &str = "webhook_explanations_suppressed_total";
/// Answered and broken off requests, by outcome and reason.
pub const REQUESTS: &str = "webhook_requests_total";
/// How long a request took, from its head to the head of its answer.
pub const REQUEST_DURATION: &str = "webhook_request_duration_seconds";
/// Requests that have no answer yet.
pub const IN_FLIGHT: &str = "webhook_in_flight_requests";
/// How long the judgement of a signature took, without waiting for the body.
pub const VERIFY_DURATION: &str = "webhook_verify_duration_seconds";
/// The size of verified bodies.
pub const BODY_BYTES: &str = "webhook_request_body_bytes";
/// How old the signed timestamp of a verified delivery was.
pub const SIGNATURE_AGE: &str = "webhook_signature_age_seconds";
/// Verified deliveries by the key that matched.
pub const VERIFIED_WITH_KEY: &str = "webhook_verified_with_key_total";
/// When a key last verified a delivery.
pub const KEY_LAST_USED: &str = "webhook_key_last_used_timestamp_seconds";
/// What checks in report-only mode would have refused.
pub const REPORT_ONLY: &str = "webhook_report_only_total";
/// Reloads of a ring of secrets that were refused or failed.
pub const SECRET_RELOAD_FAILURES: &str = "webhook_secret_reload_failures_total";
/// When a ring of secrets was last loaded.
pub const SECRET_RELOAD: &str = "webhook_secret_reload_timestamp_seconds";
/// When a key stops being taken.
pub const SECRET_EXPIRY: &str = "webhook_secret_expiry_timestamp_seconds";
/// Decisions of the allowlist.
pub const ALLOWLIST_DECISIONS: &str = "webhook_allowlist_decisions_total";
/// When a list of networks was last fetched.
pub const ALLOWLIST_REFRESH: &str = "webhook_allowlist_refresh_timestamp_seconds";
/// Refreshes of a list of networks that were refused or failed.
pub const ALLOWLIST_REFRESH_FAILURES: &str = "webhook_allowlist_refresh_failures_total";
/// What the idempotency store was asked, and its answer.
pub const IDEMPOTENCY_OPERATIONS: &str = "webhook_idempotency_operations_total";
/// Operations of the idempotency store that failed.
pub const IDEMPOTENCY_ERRORS: &str = "webhook_idempotency_errors_total";
/// How long the idempotency store took.
pub const IDEMPOTENCY_DURATION: &str = "webhook_idempotency_duration_seconds";
/// Ids that the idempotency store holds.
pub const IDEMPOTENCY_ENTRIES: &str = "webhook_idempotency_entries";
/// Ids that were pushed out before their time.
pub const IDEMPOTENCY_EARLY_EVICTIONS: &str = "webhook_idempotency_early_evictions_total";
/// Runs of a handler that ended without a result.
pub const IDEMPOTENCY_ABANDONED_RUNS: &str = "webhook_idempotency_abandoned_runs_total";
/// Deliveries with a new id around signed material that was seen before.
pub const REPLAY_GUARD_HITS: &str = "webhook_idempotency_replay_guard_hits_total";
/// Runs that the idempotency store was not there for.
pub const IDEMPOTENCY_WITHOUT_STORE: &str = "webhook_idempotency_runs_without_store_total";
/// How long an inbox took to store a delivery durably.
pub const INBOX_STORE_DURATION: &str = "webhook_inbox_store_duration_seconds";
/// Deliveries that a queue has not finished.
pub const QUEUE_DEPTH: &str = "webhook_queue_depth";
/// How long the oldest of them has been there.
pub const QUEUE_OLDEST_AGE: &str = "webhook_queue_oldest_age_seconds";
/// How many deliveries a queue holds at most, where there is a limit.
pub const QUEUE_CAPACITY: &str = "webhook_queue_capacity";
/// Attempts of an inbox's subscribers, by how they ended.
pub const JOBS: &str = "webhook_jobs_total";
/// How long an attempt took.
pub const JOB_DURATION: &str = "webhook_job_duration_seconds";
/// How long it took from receiving a delivery until it was handled.
pub const END_TO_END_DURATION: &str = "webhook_end_to_end_duration_seconds";
/// Deliveries that were given up, by route and reason.
pub const DEAD_LETTERS_TOTAL: &str = "webhook_dead_letters_total";
/// Deliveries that were given up and are neither requeued nor discarded.
pub const DEAD_LETTERS: &str = "webhook_dead_letters";
/// Deliveries that were taken out of a journal to be handled again.
pub const REPLAYS: &str = "webhook_replays_total";
/// Whether a check of health passed when it was last asked.
pub const HEALTH: &str = "webhook_health";
/// Deliveries whose handler had not finished at the deadline of their sender.
pub const ACK_DEADLINE: &str = "webhook_ack_deadline_total";
/// Always 1; its labels say what is running.
pub const INFO: &str = "webhook_info";

/// Label: the name of the idempotency store.
pub const BACKEND: &str = "backend";
/// Label: why a signature does not match.
pub const CAUSE: &str = "cause";
/// Label: the name of a check of health.
pub const CHECK: &str = "check";
/// Label: the id of a key.
pub const KEY_ID: &str = "key_id";
/// Label: the name of a list of networks.
pub const LIST: &str = "list";
/// Label: what the store was asked.
pub const OP: &str = "op";
/// Label: how a request ended.
pub const OUTCOME: &str = "outcome";
/// Label: the sender.
pub const PROVIDER: &str = "provider";
/// Label: why it ended so; empty where the outcome says it all.
pub const REASON: &str = "reason";
/// Label: the answer of a store, the decision of an allowlist.
pub const RESULT: &str = "result";
/// Label: the name of a ring of secrets.
pub const RING: &str = "ring";
/// Label: the route, as configured.
pub const ROUTE: &str = "route";
/// Label: the subscriber of an inbox, or [`INTAKE`].
pub const QUEUE: &str = "queue";
/// Label: the version of these names. A number that grows when a name changes its meaning.
pub const SCHEMA: &str = "schema";
/// Label: the version of this crate.
pub const VERSION: &str = "version";

/// The value of a label for what is beyond a closed list.
pub const OTHER: &str = "_OTHER";
/// The value of the label `queue` for what waits to be stored in an inbox.
pub const INTAKE: &str = "_intake";
/// The version of the names in this file.
pub const SCHEMA_VERSION: &str = "1";

/// What sort of metric it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MetricKind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts values in buckets.
    Histogram,
}

/// The unit of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MetricUnit {
    /// Bytes.
    Bytes,
    /// A number of things.
    Count,
    /// Seconds, of a duration or since 1970.
    Seconds,
}

/// One row of the [`CATALOGUE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Metric {
    /// The name, as Prometheus shows it.
    pub name: &'static str,
    /// What sort of metric it is.
    pub kind: MetricKind,
    /// Its unit.
    pub unit: MetricUnit,
    /// Its labels.
    pub labels: &'static [&'static str],
    /// Its help text.
    pub help: &'static str,
}

const fn counter(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind: MetricKind::Counter, unit: MetricUnit::Count, labels, help }
}

const fn gauge(name: &'static str, unit: MetricUnit, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind: MetricKind::Gauge, unit, labels, help }
}

const fn histogram(
    name: &'static str,
    unit: MetricUnit,
    labels: &'static [&'static str],
    help: &'static str,
) -> Metric {
    Metric { name, kind: MetricKind::Histogram, unit, labels, help }
}

/// Every metric that this crate counts.
pub const CATALOGUE: &[Metric] = &[
    counter(REQUESTS, &[ROUTE, PROVIDER, OUTCOME, REASON], "Webhook requests by outcome and reason."),
    histogram(
        REQUEST_DURATION,
        MetricUnit::Seconds,
        &[ROUTE, PROVIDER, OUTCOME],
        "Time from the head of a webhook request to the head of its answer.",
    ),
    gauge(IN_FLIGHT, MetricUnit::Count, &[ROUTE], "Webhook requests that have no answer yet."),
    histogram(
        VERIFY_DURATION,
        MetricUnit::Seconds,
        &[ROUTE, PROVIDER],
        "Time that the judgement of a signature took, without the wait for the body.",
    ),
    histogram(BODY_BYTES, MetricUnit::Bytes, &[ROUTE, PROVIDER], "Size of the bodies of verified webhooks."),
    histogram(
        SIGNATURE_AGE,
        MetricUnit::Seconds,
        &[ROUTE, PROVIDER],
        "Age of the signed timestamp of verified webhooks; negative where the sender's clock is ahead.",
    ),
    counter(VERIFIED_WITH_KEY, &[ROUTE, KEY_ID], "Verified webhooks by the key that matched."),
    gauge(
        KEY_LAST_USED,
        MetricUnit::Seconds,
        &[ROUTE, KEY_ID],
        "Unix time at which a key last verified a webhook; absent until it has.",
    ),
    counter(REPORT_ONLY, &[ROUTE, REASON], "Webhooks that a check in report-only mode would have refused, by reason."),
    counter(SECRET_RELOAD_FAILURES, &[RING], "Reloads of a ring of secrets that failed: the last good ring is kept."),
    gauge(SECRET_RELOAD, MetricUnit::Seconds, &[RING], "Unix time at which a ring of secrets was last loaded."),
    gauge(
        SECRET_EXPIRY,
        MetricUnit::Seconds,
        &[ROUTE, KEY_ID],
        "Unix time at which a key stops being taken, for keys with an end.",
    ),
    counter(ALLOWLIST_DECISIONS, &[ROUTE, RESULT], "Decisions of the IP allowlist."),
    gauge(ALLOWLIST_REFRESH, MetricUnit::Seconds, &[LIST], "Unix time at which a list of networks was last fetched."),
    counter(
        ALLOWLIST_REFRESH_FAILURES,
        &[LIST],
        "Refreshes of a list of networks that failed: the last good list is kept.",
    ),
    counter(IDEMPOTENCY_OPERATIONS, &[BACKEND, OP, RESULT], "Operations of the idempotency store and what they found."),
    counter(IDEMPOTENCY_ERRORS, &[BACKEND], "Operations of the idempotency store that failed."),
    histogram(
        IDEMPOTENCY_DURATION,
        MetricUnit::Seconds,
        &[BACKEND, OP],
        "Time that operations of the idempotency store took.",
    ),
    gauge(IDEMPOTENCY_ENTRIES, MetricUnit::Count, &[BACKEND], "Ids that the idempotency store holds."),
    counter(
        IDEMPOTENCY_EARLY_EVICTIONS,
        &[BACKEND],
        "Ids that were pushed out before their time: their duplicates run again.",
    ),
    counter(IDEMPOTENCY_ABANDONED_RUNS, &[BACKEND], "Runs of a handler that ended without a result."),
    counter(REPLAY_GUARD_HITS, &[BACKEND], "Webhooks with a new id around signed material that was seen before."),
    counter(
        IDEMPOTENCY_WITHOUT_STORE,
        &[BACKEND, OUTCOME],
        "Runs while the idempotency store failed: without a claim, or under one that only this process sees.",
    ),
    counter(EXPLANATIONS, &[ROUTE, CAUSE], "Refused webhooks that were explained in the log, by cause."),
    counter(EXPLANATIONS_SUPPRESSED, &[ROUTE], "Refused webhooks that were not explained, as the budget was spent."),
    histogram(INBOX_STORE_DURATION, MetricUnit::Seconds, &[], "Time that an inbox took to store a webhook durably."),
    gauge(
        QUEUE_DEPTH,
        MetricUnit::Count,
        &[QUEUE],
        "Webhooks that a subscriber of an inbox has not finished; _intake: those that wait to be stored.",
    ),
    gauge(
        QUEUE_OLDEST_AGE,
        MetricUnit::Seconds,
        &[QUEUE],
        "Time since the oldest webhook that a subscriber has not finished was received; 0 where there is none.",
    ),
    gauge(
        QUEUE_CAPACITY,
        MetricUnit::Count,
        &[QUEUE],
        "Webhooks that may wait to be stored (_intake); one more is refused. What is stored is limited in bytes.",
    ),
    counter(JOBS, &[QUEUE, OUTCOME], "Attempts of the subscribers of an inbox, by how they ended."),
    histogram(
        JOB_DURATION,
        MetricUnit::Seconds,
        &[QUEUE, OUTCOME],
        "Time that attempts of the subscribers of an inbox took.",
    ),
    histogram(
        END_TO_END_DURATION,
        MetricUnit::Seconds,
        &[QUEUE],
        "Time from receiving a webhook until a subscriber of an inbox had handled it, with all its attempts.",
    ),
    counter(DEAD_LETTERS_TOTAL, &[ROUTE, REASON], "Webhooks that a subscriber of an inbox gave up."),
    gauge(DEAD_LETTERS, MetricUnit::Count, &[QUEUE], "Dead letters of a subscriber of an inbox at this moment."),
    counter(REPLAYS, &[ROUTE, RESULT], "Webhooks that were taken out of a journal to be handled again."),
    gauge(HEALTH, MetricUnit::Count, &[CHECK], "1 where a check of health passed when it was last asked, else 0."),
    counter(
        ACK_DEADLINE,
        &[RESULT],
        "Webhooks whose handler had not finished at the deadline of their sender, and what became of them.",
    ),
    gauge(INFO, MetricUnit::Count, &[VERSION, SCHEMA], "Always 1; the labels say which version counts."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_conventions_of_prometheus() {
        for metric in CATALOGUE {
            let Metric { name, kind, unit, help, .. } = metric;
            assert!(name.starts_with("webhook_"), "{name}");
            assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{name}");
            assert_eq!(name.ends_with("_total"), *kind == MetricKind::Counter, "{name}");
            assert_eq!(name.ends_with("_seconds"), *unit == MetricUnit::Seconds, "{name}");
            assert_eq!(name.ends_with("_bytes"), *unit == MetricUnit::Bytes, "{name}");
            assert!(help.ends_with('.'), "{name}");
        }
    }

    #[test]
    fn no_name_is_used_twice() {
        let mut names: Vec<_> = CATALOGUE.iter().map(|metric| metric.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), CATALOGUE.len());
    }
}
