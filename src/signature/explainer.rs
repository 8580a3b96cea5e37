//! Explanations of refusals, beside the way of the request.

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http::request::Parts;
use tokio::runtime::Handle;

use super::explain_log;
use crate::clock::{Clock, UnixTime};
use crate::explain::{Cause, LARGEST_BODY, Refused, Route, explain};
use crate::rejection::Reason;
use crate::scheme::Plan;
use crate::secret::Secrets;
use crate::telemetry::ExplainMetrics;

/// How many explanations a route gets in a minute, unless it is told otherwise.
const PER_MINUTE: u32 = 10;

const WINDOW: Duration = Duration::from_secs(60);

/// Says in the log why signatures do not match, for operators alone. Without it nothing is explained.
///
/// Give the same one to all routes: an explanation then also says whose secret fits. After a refusal with status 401
/// was decided, a copy of the request goes to a blocking thread, where [`explain`](crate::explain::explain) looks for
/// the cause; the answer neither waits for it nor says anything of it. Each explanation is one `tracing` event under the
/// target `tower_webhook::explanation`, with the cause, what to do and a link; it holds no secret, no signature, no value
/// of a header but content type and encoding, and of the body its length and the start of its SHA-256.
///
/// Forged requests buy no more of it than the budget: 10 explanations a minute for each route, bodies up to 256 KiB; what
/// is beyond is counted as suppressed (`webhook_explanations_suppressed_total`). What is refused on the head alone is
/// explained by its head alone, and thus never with high confidence: its body was not read.
///
/// Deployment caveat: the secrets of all routes that share an explainer are tried against what any of them refuses. That
/// a secret of another route fits shows in the log, by the route's name.
///
/// ```
/// use tower_webhook::signature::Explainer;
/// use tower_webhook::{Secret, WebhookOptions, provider};
///
/// let shared = WebhookOptions::new().explain(Explainer::new());
/// let github = shared.layer(provider::GITHUB, Secret::new("a secret of at least sixteen bytes")?)?;
/// # Ok::<(), tower_webhook::ConfigError>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct Explainer {
    routes: Arc<RwLock<Vec<Route>>>,
    per_minute: u32,
}

impl Explainer {
    /// With a budget of 10 explanations a minute for each route.
    pub fn new() -> Self {
        Self { routes: Arc::default(), per_minute: PER_MINUTE }
    }

    /// Another budget. Default: 10 explanations a minute for each route.
    pub fn per_minute(self, explanations: u32) -> Self {
        Self { per_minute: explanations, ..self }
    }

    fn routes(&self) -> Vec<Route> {
        self.routes.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn register(&self, route: Route) {
        let mut routes = self.routes.write().unwrap_or_else(PoisonError::into_inner);
        routes.retain(|known| known.name() != route.name());
        routes.push(route);
    }
}

impl Default for Explainer {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Explainer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Explainer").field("per_minute", &self.per_minute).finish_non_exhaustive()
    }
}

/// The explainer of one route.
#[derive(Debug)]
pub(super) struct Explaining {
    explainer: Explainer,
    /// Resolved at the first service, when the name of the route is settled.
    metrics: OnceLock<ExplainMetrics>,
    /// Since when explanations are counted, and how many there were.
    spent: Mutex<(Duration, u32)>,
}

impl Explaining {
    pub(super) fn new(explainer: Explainer) -> Self {
        Self { explainer, metrics: OnceLock::new(), spent: Mutex::default() }
    }

    /// The same explainer for a route of another name.
    pub(super) fn renamed(&self) -> Self {
        Self::new(self.explainer.clone())
    }

    /// The route serves from now on.
    pub(super) fn begin(&self, plan: &Plan, keys: Option<&Secrets>) {
        self.metrics.get_or_init(|| {
            if let Some(keys) = keys {
                self.explainer.register(route(plan, keys));
            }
            ExplainMetrics::new(plan.route(), Cause::ALL.iter().map(|cause| cause.code()))
        });
    }

    /// A request was refused: explains it later, and elsewhere, where the budget has room for it.
    pub(super) fn refused(
        &self,
        plan: &Arc<Plan>,
        keys: Option<&Secrets>,
        reason: Reason,
        (head, body): (&Parts, Option<&Bytes>),
        clock: &dyn Clock,
    ) {
        if reason.status() != 401 {
            return;
        }
        let metrics = self.metrics.get().cloned();
        let runtime = Handle::try_current().ok().filter(|_| self.has_room(clock.monotonic()));
        let Some(runtime) = runtime else {
            if let Some(metrics) = metrics {
                metrics.suppressed();
            }
            return;
        };
        let (plan, keys, explainer, now) = (plan.clone(), keys.cloned(), self.explainer.clone(), clock.now());
        let (head, body) = (copy(head), body.filter(|body| body.len() <= LARGEST_BODY).cloned());
        // Nobody waits for it.
        drop(runtime.spawn_blocking(move || {
            let cause = report(&plan, keys, reason, &head, body.as_ref(), now, &explainer.routes());
            if let (Some(metrics), Some(at)) = (metrics, Cause::ALL.iter().position(|known| *known == cause)) {
                metrics.explained(at);
            }
        }));
    }

    fn has_room(&self, now: Duration) -> bool {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        if spent.1 == 0 || now.saturating_sub(spent.0) >= WINDOW {
            *spent = (now, 0);
        }
        let room = spent.1 < self.explainer.per_minute;
        spent.1 += u32::from(room);
        room
    }
}

fn route(plan: &Plan, keys: &Secrets) -> Route {
    Route::new(plan.route(), plan.sender().clone(), keys.clone()).tolerance(plan.tolerance())
}

/// What is needed of a head, without its extensions.
fn copy(head: &Parts) -> Parts {
    let mut request = Request::new(());
    request.method_mut().clone_from(&head.method);
    request.uri_mut().clone_from(&head.uri);
    *request.version_mut() = head.version;
    request.headers_mut().clone_from(&head.headers);
    request.into_parts().0
}

fn report(
    plan: &Plan,
    keys: Option<Secrets>,
    reason: Reason,
    head: &Parts,
    body: Option<&Bytes>,
    now: Option<UnixTime>,
    others: &[Route],
) -> Cause {
    let own = keys.is_some();
    // Without keys of its own, nothing can match: those of nobody stand in their place.
    let keys = keys.or_else(|| plan.scheme().throwaway_keys().ok());
    let Some(keys) = keys else { return Cause::Unexplained };
    let route = route(plan, &keys);
    let mut refused = Refused::new(head, reason);
    if let Some(body) = body {
        refused = refused.body(body);
    }
    if let Some(now) = now {
        refused = refused.at(now);
    }
    let explanation = explain(&route, others, &refused);
    let key_ids = if own { route.key_ids().collect::<Vec<_>>().join(",") } else { String::new() };
    explain_log::explained(&route, &key_ids, &refused, &explanation);
    explanation.cause()
}
