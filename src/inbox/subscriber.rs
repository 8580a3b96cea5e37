//! Who gets the events, which ones, and how.

use std::fmt;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{Request, Response};
use tower_service::Service;

use super::breaker::Breaker;
use super::engine::HeadOfLine;
use super::outcome::InboxOutcome;
use crate::body::VerifiedBody;
use crate::retry_schedule::RetrySchedule;

/// A service that gets each event once, with progress, retries and dead letters of its own.
///
/// The service is the same that stands behind a [`SignatureLayer`](crate::SignatureLayer): it takes a
/// `Request<VerifiedBody>` with a [`Delivery`](crate::Delivery) in its extensions. Which attempt it is, and a key that
/// is the same for each, says [`Delivery::idempotency`](crate::Delivery::idempotency): a process that dies in the
/// middle of a run has the delivery run again.
#[derive(Clone)]
#[must_use]
pub struct Subscriber {
    pub(super) name: Arc<str>,
    pub(super) handler: Arc<dyn Handler>,
    pub(super) filter: Filter,
    pub(super) schedule: RetrySchedule,
    pub(super) timeout: Duration,
    pub(super) concurrency: usize,
    pub(super) order: Option<HeadOfLine>,
    pub(super) breaker: Breaker,
}

impl Subscriber {
    /// A subscriber by this name, under which its progress is stored: a new name begins with the first event.
    pub fn new<S, R>(name: &str, service: S) -> Self
    where
        S: Service<Request<VerifiedBody>, Response = Response<R>> + Clone + Send + 'static,
        S::Future: Send + 'static,
        S::Error: fmt::Display + Send,
        R: Send + 'static,
    {
        Self {
            name: name.into(),
            handler: Arc::new(Handled(Mutex::new(service))),
            filter: Filter::default(),
            schedule: RetrySchedule::default(),
            timeout: Duration::from_secs(60),
            concurrency: 16,
            order: None,
            breaker: Breaker::new(20, Duration::from_secs(30)),
        }
    }

    /// Only events of these types; one that ends in `*` stands for all that begin so. Default: all.
    pub fn events<'a>(mut self, types: impl IntoIterator<Item = &'a str>) -> Self {
        self.filter.types = Some(types.into_iter().map(str::to_owned).collect());
        self
    }

    /// Only events that came by these routes. Default: all.
    pub fn routes<'a>(mut self, routes: impl IntoIterator<Item = &'a str>) -> Self {
        self.filter.routes = Some(routes.into_iter().map(str::to_owned).collect());
        self
    }

    /// When a failed delivery is tried again, and how often. Default: eleven attempts in 18.7 hours.
    pub fn schedule(mut self, schedule: RetrySchedule) -> Self {
        self.schedule = schedule;
        self
    }

    /// How long a run may take; then its future is dropped and it is tried again. Default 60 s.
    pub const fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// How many deliveries run at once. Default 16; 0 is taken for 1.
    pub fn concurrency(mut self, most: usize) -> Self {
        self.concurrency = most.max(1);
        self
    }

    /// One after another those that have the same [order key](super::InboxOptions::order_by), as they arrived, which
    /// need not be the order in which the sender made them. Default: no order.
    pub const fn ordered(mut self, policy: HeadOfLine) -> Self {
        self.order = Some(policy);
        self
    }

    /// After so many failures in a row nothing is tried for so long; what waits keeps its attempts. Then one delivery
    /// at a time is tried, until one succeeds or fails. A delivery's first failure does not count, unless it is the
    /// last: handlers that need a second attempt are no outage. Default: 20 and 30 s.
    pub fn circuit_breaker(mut self, failures: u32, pause: Duration) -> Self {
        self.breaker = Breaker::new(failures.max(1), pause);
        self
    }
}

impl fmt::Debug for Subscriber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscriber")
            .field("name", &self.name)
            .field("filter", &self.filter)
            .field("schedule", &self.schedule)
            .field("timeout", &self.timeout)
            .field("concurrency", &self.concurrency)
            .field("order", &self.order)
            .field("breaker", &self.breaker)
            .finish_non_exhaustive()
    }
}

/// Which events a subscriber gets.
#[derive(Clone, Debug, Default)]
pub(super) struct Filter {
    pub(super) types: Option<Vec<String>>,
    pub(super) routes: Option<Vec<String>>,
}

impl Filter {
    pub(super) fn takes(&self, route: &str, event_type: Option<&str>) -> bool {
        let fits = |pattern: &String, text: &str| match pattern.strip_suffix('*') {
            Some(beginning) => text.starts_with(beginning),
            None => pattern == text,
        };
        let by_route = self.routes.as_ref().is_none_or(|routes| routes.iter().any(|name| name == route));
        let text = event_type.unwrap_or_default();
        by_route && self.types.as_ref().is_none_or(|types| types.iter().any(|pattern| fits(pattern, text)))
    }
}

/// What came of a run.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) outcome: InboxOutcome,
    pub(super) status: Option<u16>,
    pub(super) error: String,
}

impl Ran {
    pub(super) fn failed(error: impl Into<String>) -> Self {
        Self { outcome: InboxOutcome::Retry { after: None }, status: None, error: error.into() }
    }
}

pub(super) type Running = Pin<Box<dyn Future<Output = Ran> + Send>>;

/// A service without its types.
pub(super) trait Handler: Send + Sync {
    fn run(&self, request: Request<VerifiedBody>) -> Running;
}

struct Handled<S>(Mutex<S>);

impl<S, R> Handler for Handled<S>
where
    S: Service<Request<VerifiedBody>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: fmt::Display + Send,
    R: Send + 'static,
{
    fn run(&self, request: Request<VerifiedBody>) -> Running {
        let mut service = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut run: Running = Box::pin(async move {
            let ready = poll_fn(|cx| service.poll_ready(cx)).await;
            if let Err(error) = ready {
                return Ran::failed(format!("the handler failed: {error}"));
            }
            match service.call(request).await {
                Ok(response) => {
                    let status = response.status().as_u16();
                    let outcome = InboxOutcome::of(&response);
                    let error = match &outcome {
                        InboxOutcome::Permanent(why) => why.clone(),
                        InboxOutcome::Done | InboxOutcome::Retry { .. } => format!("the handler answered {status}"),
                    };
                    Ran { outcome, status: Some(status), error }
                }
                Err(error) => Ran::failed(format!("the handler failed: {error}")),
            }
        });
        Box::pin(poll_fn(move |cx| match catch_unwind(AssertUnwindSafe(|| run.as_mut().poll(cx))) {
            Ok(poll) => poll,
            Err(_) => std::task::Poll::Ready(Ran::failed("the handler panicked")),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_knows_names_and_beginnings() {
        let some = |items: &[&str]| Some(items.iter().map(|item| String::from(*item)).collect());
        let filter = Filter { types: some(&["invoice.*", "push"]), routes: some(&["stripe"]) };
        assert!(filter.takes("stripe", Some("invoice.paid")) && filter.takes("stripe", Some("push")));
        assert!(!filter.takes("stripe", Some("pushed")) && !filter.takes("stripe", None));
        assert!(!filter.takes("github", Some("push")));
        assert!(Filter::default().takes("any", None));
    }
}
