//! The handles, for builds with the feature `metrics` or `otel`.

use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use super::register::{self, Counter, Family, Gauge, Histogram};
use super::{Decision, End, Operation, Seen};
use crate::clock::UnixTime;
use crate::names;
use crate::outcome::Outcome;

/// Distinct key ids that a route has in its metrics; what is beyond is counted as `_OTHER`.
const MAX_KEY_IDS: usize = 32;

/// What the outermost layer counts.
#[derive(Clone, Debug)]
pub(crate) struct RequestMetrics(Arc<Requests>);

#[derive(Debug)]
struct Requests {
    ends: Box<[Counter]>,
    durations: [Histogram; End::OUTCOMES.len()],
    in_flight: Gauge,
}

impl RequestMetrics {
    pub(crate) fn new(route: &str, provider: &str) -> Self {
        use names::{IN_FLIGHT, OUTCOME, PROVIDER, REASON, REQUEST_DURATION, REQUESTS, ROUTE};

        register::info();
        // A route whose first dead letter is still to come is known by now.
        #[cfg(any(feature = "postgres", feature = "sqlite"))]
        drop(super::inbox::dead_letters_of(route));
        #[cfg(feature = "journal")]
        ReplayMetrics::none_yet(route);
        let (requests, durations) = (Family::new(REQUESTS), Family::new(REQUEST_DURATION));
        let counter = |end: End| {
            requests.counter(&[(ROUTE, route), (PROVIDER, provider), (OUTCOME, end.outcome()), (REASON, end.reason())])
        };
        Self(Arc::new(Requests {
            ends: End::all().map(counter).collect(),
            durations: End::OUTCOMES
                .map(|outcome| durations.histogram(&[(ROUTE, route), (PROVIDER, provider), (OUTCOME, outcome)])),
            in_flight: Family::new(IN_FLIGHT).gauge(&[(ROUTE, route)]),
        }))
    }

    /// One more request in flight, until the guard is dropped.
    pub(crate) fn begin(&self) -> InFlight {
        self.0.in_flight.increment(1.0);
        InFlight(self.clone())
    }
}

/// A request in flight.
#[derive(Debug)]
#[must_use = "the request is in flight for as long as this lives"]
pub(crate) struct InFlight(RequestMetrics);

impl InFlight {
    /// Counts how it ended. To be called once.
    pub(crate) fn ended(&self, end: End, took: Duration) {
        let Requests { ends, durations, .. } = &*self.0.0;
        if let Some(counter) = ends.get(end.index()) {
            counter.increment(1);
        }
        if let Some(histogram) = durations.get(end.outcome_index()) {
            histogram.record(took.as_secs_f64());
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.0.in_flight.decrement(1.0);
    }
}

/// What a signature layer counts of the deliveries that it lets through.
#[derive(Clone, Debug)]
pub(crate) struct SignatureMetrics(Arc<Signatures>);

#[derive(Debug)]
struct Signatures {
    route: Box<str>,
    named: Box<[KeyHandles]>,
    /// Keys that a resolver gave later, or a reload.
    found: RwLock<Vec<KeyHandles>>,
    other: Counter,
    age: Histogram,
    body: Histogram,
    took: Histogram,
}

/// What is counted of one key.
#[derive(Debug)]
struct KeyHandles {
    id: Box<str>,
    count: Counter,
    /// There from the first use on.
    used: OnceLock<Gauge>,
}

impl KeyHandles {
    fn new(route: &str, id: &str) -> Self {
        let labels = [(names::ROUTE, route), (names::KEY_ID, id)];
        Self { id: id.into(), count: Family::new(names::VERIFIED_WITH_KEY).counter(&labels), used: OnceLock::new() }
    }

    fn used(&self, route: &str, now: Option<UnixTime>) {
        self.count.increment(1);
        if let Some(now) = now {
            let labels = [(names::ROUTE, route), (names::KEY_ID, &*self.id)];
            let used = self.used.get_or_init(|| Family::new(names::KEY_LAST_USED).unset_gauge(&labels));
            used.set(now.as_secs() as f64);
        }
    }
}

impl SignatureMetrics {
    pub(crate) fn new<'a>(route: &str, provider: &str, key_ids: impl IntoIterator<Item = &'a str>) -> Self {
        use names::{BODY_BYTES, KEY_ID, OTHER, PROVIDER, ROUTE, SIGNATURE_AGE, VERIFIED_WITH_KEY, VERIFY_DURATION};

        register::info();
        let keys = Family::new(VERIFIED_WITH_KEY);
        let mut named: Vec<KeyHandles> = Vec::new();
        for key_id in key_ids {
            if named.len() < MAX_KEY_IDS && !named.iter().any(|known| *known.id == *key_id) {
                named.push(KeyHandles::new(route, key_id));
            }
        }
        let labels = [(ROUTE, route), (PROVIDER, provider)];
        Self(Arc::new(Signatures {
            route: route.into(),
            named: named.into(),
            found: RwLock::default(),
            other: keys.counter(&[(ROUTE, route), (KEY_ID, OTHER)]),
            age: Family::new(SIGNATURE_AGE).histogram(&labels),
            body: Family::new(BODY_BYTES).histogram(&labels),
            took: Family::new(VERIFY_DURATION).histogram(&labels),
        }))
    }

    /// A delivery was let through. `took` is the time of the judgement alone.
    pub(crate) fn verified(&self, key_id: &str, seen: Seen, took: Duration) {
        self.0.count_key(key_id, seen.now);
        if let Some(age) = seen.age_s {
            self.0.age.record(age);
        }
        self.0.body.record(seen.body_len as f64);
        self.0.took.record(took.as_secs_f64());
    }

    /// These keys are there from now on: their counters begin at 0.
    pub(crate) fn announce(&self, key_ids: &[&str]) {
        for key_id in key_ids {
            self.0.with_key(key_id, |_| {});
        }
    }

    /// A key of this route has an end. Only for keys that were named when the layer was built, or announced.
    pub(crate) fn key_expires(&self, key_id: &str, at: UnixTime) {
        if self.0.knows(key_id) {
            Family::new(names::SECRET_EXPIRY)
                .unset_gauge(&[(names::ROUTE, &self.0.route), (names::KEY_ID, key_id)])
                .set(at.as_secs() as f64);
        }
    }
}

impl Signatures {
    fn count_key(&self, key_id: &str, now: Option<UnixTime>) {
        if !self.with_key(key_id, |key| key.used(&self.route, now)) {
            self.other.increment(1);
        }
    }

    fn knows(&self, key_id: &str) -> bool {
        let found = self.found.read().unwrap_or_else(PoisonError::into_inner);
        self.named.iter().chain(&*found).any(|known| *known.id == *key_id)
    }

    /// `false` where there are too many keys to tell them apart.
    fn with_key(&self, key_id: &str, act: impl Fn(&KeyHandles)) -> bool {
        if let Some(key) = self.named.iter().find(|known| *known.id == *key_id) {
            act(key);
            return true;
        }
        // No code that holds the lock can panic half-way through a change.
        let found = self.found.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = found.iter().find(|known| *known.id == *key_id) {
            act(key);
            return true;
        }
        if self.named.len() + found.len() >= MAX_KEY_IDS {
            return false;
        }
        drop(found);
        self.with_new_key(key_id, act)
    }

    #[cold]
    fn with_new_key(&self, key_id: &str, act: impl Fn(&KeyHandles)) -> bool {
        let mut found = self.found.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = found.iter().find(|known| *known.id == *key_id) {
            act(key);
            return true;
        }
        if self.named.len() + found.len() >= MAX_KEY_IDS {
            return false;
        }
        let key = KeyHandles::new(&self.route, key_id);
        act(&key);
        found.push(key);
        true
    }
}

/// What an allowlist counts.
#[derive(Clone, Debug)]
pub(crate) struct AllowlistMetrics(Arc<[Counter; Decision::ALL.len()]>);

impl AllowlistMetrics {
    pub(crate) fn new(route: &str) -> Self {
        register::info();
        let decisions = Family::new(names::ALLOWLIST_DECISIONS);
        Self(Arc::new(
            Decision::ALL
                .map(|decision| decisions.counter(&[(names::ROUTE, route), (names::RESULT, decision.label())])),
        ))
    }

    pub(crate) fn decided(&self, decision: Decision) {
        if let Some(counter) = self.0.get(decision as usize) {
            counter.increment(1);
        }
    }
}

/// What is counted of deliveries out of a journal. Asks the recorder that is there at this moment: they are rare.
#[derive(Debug)]
pub(crate) struct ReplayMetrics;

impl ReplayMetrics {
    /// The delivery enters behind the signature again.
    #[cfg_attr(not(feature = "journal"), allow(dead_code))]
    pub(crate) fn entered(route: &str) {
        Self::count(route, "entered");
    }

    /// The line is none that may enter on this sender's route.
    #[cfg_attr(not(feature = "journal"), allow(dead_code))]
    pub(crate) fn refused(route: &str) {
        Self::count(route, "refused");
    }

    #[cfg_attr(not(feature = "journal"), allow(dead_code))]
    fn none_yet(route: &str) {
        for result in ["entered", "refused"] {
            drop(Self::counter(route, result));
        }
    }

    fn count(route: &str, result: &str) {
        Self::counter(route, result).increment(1);
    }

    fn counter(route: &str, result: &str) -> Counter {
        Family::new(names::REPLAYS).counter(&[(names::ROUTE, route), (names::RESULT, result)])
    }
}

/// How a check of health stands.
#[derive(Clone, Debug)]
pub(crate) struct HealthMetrics(Gauge);

impl HealthMetrics {
    pub(crate) fn new(check: &str) -> Self {
        register::info();
        Self(Family::new(names::HEALTH).unset_gauge(&[(names::CHECK, check)]))
    }

    pub(crate) fn is(&self, well: bool) {
        self.0.set(if well { 1.0 } else { 0.0 });
    }
}

/// What an idempotency store counts.
#[derive(Clone, Debug)]
pub(crate) struct IdempotencyMetrics(Arc<Idempotency>);

#[derive(Debug)]
struct Idempotency {
    operations: [Counter; Operation::ALL.len()],
    durations: [Histogram; Operation::OPS.len()],
    errors: Counter,
    entries: Gauge,
    early_evictions: Counter,
    abandoned_runs: Counter,
    replay_guard_hits: Counter,
    bypassed: Counter,
    local: Counter,
}

impl IdempotencyMetrics {
    pub(crate) fn new(backend: &str) -> Self {
        use names::{BACKEND, OP, OUTCOME, RESULT};

        register::info();
        let operations = Family::new(names::IDEMPOTENCY_OPERATIONS);
        let durations = Family::new(names::IDEMPOTENCY_DURATION);
        let only_backend = [(BACKEND, backend)];
        let runs = Family::new(names::IDEMPOTENCY_WITHOUT_STORE);
        let without_store = |outcome: Outcome| runs.counter(&[(BACKEND, backend), (OUTCOME, outcome.code())]);
        Self(Arc::new(Idempotency {
            operations: Operation::ALL.map(|operation| {
                operations.counter(&[(BACKEND, backend), (OP, operation.op()), (RESULT, operation.result())])
            }),
            durations: Operation::OPS.map(|op| durations.histogram(&[(BACKEND, backend), (OP, op)])),
            errors: Family::new(names::IDEMPOTENCY_ERRORS).counter(&only_backend),
            entries: Family::new(names::IDEMPOTENCY_ENTRIES).gauge(&only_backend),
            early_evictions: Family::new(names::IDEMPOTENCY_EARLY_EVICTIONS).counter(&only_backend),
            abandoned_runs: Family::new(names::IDEMPOTENCY_ABANDONED_RUNS).counter(&only_backend),
            replay_guard_hits: Family::new(names::REPLAY_GUARD_HITS).counter(&only_backend),
            bypassed: without_store(Outcome::Bypassed),
            local: without_store(Outcome::Local),
        }))
    }

    /// The store was asked and answered, or failed to.
    pub(crate) fn operation(&self, operation: Operation, took: Duration) {
        if let Some(counter) = self.0.operations.get(operation.index()) {
            counter.increment(1);
        }
        if let Some(histogram) = self.0.durations.get(operation.op_index()) {
            histogram.record(took.as_secs_f64());
        }
        if operation.is_error() {
            self.0.errors.increment(1);
        }
    }

    /// How many ids the store holds now.
    pub(crate) fn entries(&self, count: u64) {
        self.0.entries.set(count as f64);
    }

    /// So many ids were pushed out before their time.
    pub(crate) fn evicted_early(&self, count: u64) {
        self.0.early_evictions.increment(count);
    }

    /// A run of a handler ended without a result: its runtime went away.
    pub(crate) fn run_abandoned(&self) {
        self.0.abandoned_runs.increment(1);
    }

    /// Signed material came again under another id.
    pub(crate) fn replay_guard_hit(&self) {
        self.0.replay_guard_hits.increment(1);
    }

    /// A run goes on although the store failed.
    pub(crate) fn ran_without_store(&self, outcome: Outcome) {
        let counter = if outcome == Outcome::Local { &self.0.local } else { &self.0.bypassed };
        counter.increment(1);
    }
}
