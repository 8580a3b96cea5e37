//! What a run knows of its delivery, apart from the futures it drives.

use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Response};
use tokio::runtime::Handle;
use tokio::time::Instant;

use super::answer;
use super::config::{Config, Plan};
use super::drain::Tracked;
use super::erased::StoreError;
use super::flights::{Ended, Join, Lead, Wait, Waiter, Whose};
use super::heart::Beat;
use super::log;
use super::record::{self, StoredBody};
use super::store::Claimed;
use crate::body::ResponseBody;
use crate::delivery::{Delivery, Facts};
use crate::delivery_key::Key;
use crate::outcome::Outcome;
use crate::rejection::{Dialect, Reason, Rejection};
use crate::run_context::IdempotencyContext;

/// How long a copy waits before it looks once more at a run in another process.
const SECOND_LOOK: Duration = Duration::from_millis(250);

pub(super) struct Case {
    pub(super) config: Arc<Config>,
    pub(super) plan: Plan,
    pub(super) dialect: Dialect,
    route: Arc<str>,
    facts: Arc<Facts>,
    pub(super) attempt: Option<u32>,
    pub(super) tracked: Option<Tracked>,
    /// What the answer will be marked with.
    mark: Option<Outcome>,
    lead: Option<Lead>,
    /// Made before the store is asked once more, so that no end is missed.
    waiter: Option<Waiter>,
    /// When waiting ends.
    wait_until: Option<Instant>,
    looked_twice: bool,
    /// What was left of the other's lease.
    retry_in: Duration,
    pub(super) detached: bool,
    pub(super) cancelled: bool,
}

/// What to do about a run of another.
pub(super) enum Waiting {
    /// Say that it is in flight.
    Answer,
    /// Ask the store once more: whoever waits is entered now.
    AskAgain,
    /// Wait until then, for the run where it is known.
    Until(Instant, Option<Waiter>),
}

impl Case {
    pub(super) fn new(config: &Arc<Config>, plan: Plan, delivery: &Delivery, dialect: Dialect) -> Self {
        Self {
            plan,
            dialect,
            route: Arc::clone(&delivery.route),
            facts: Arc::clone(&delivery.facts),
            config: Arc::clone(config),
            attempt: None,
            tracked: None,
            mark: None,
            lead: None,
            waiter: None,
            wait_until: None,
            looked_twice: false,
            retry_in: Duration::ZERO,
            detached: false,
            cancelled: false,
        }
    }

    /// The claim, where there is one.
    pub(super) const fn claimed(&self) -> Option<&Claimed> {
        match &self.plan {
            Plan::Claim(claimed) => Some(claimed),
            Plan::Join(_) | Plan::Open => None,
        }
    }

    /// How long the record is kept.
    pub(super) fn retention(&self) -> Duration {
        self.config.retention(&self.facts)
    }

    pub(super) fn context(&self) -> Option<IdempotencyContext> {
        let claimed = self.claimed()?;
        let context = IdempotencyContext::new(claimed.key, claimed.token).with_attempt(self.attempt);
        Some(match &self.tracked {
            Some(tracked) => context.watched_by(tracked.lost_claims()),
            None => context,
        })
    }

    /// The claim is ours.
    pub(super) fn own(&mut self, attempt: Option<u32>) {
        self.attempt = attempt;
        self.waiter = None;
        if let (true, Plan::Claim(claimed)) = (self.config.shared, &self.plan) {
            self.lead = Some(self.config.flights.lead(claimed.key));
        }
    }

    /// Whether the run is to end. Begins to watch it, where nobody does yet: one that is ready at once costs nothing.
    pub(super) fn poll_beat(&mut self, waker: &Waker) -> Poll<Beat> {
        let claimed = match &self.plan {
            Plan::Claim(claimed) => Some(claimed),
            Plan::Join(_) | Plan::Open => None,
        };
        // Without a runtime there is no timer.
        let (Some(tracked), Ok(_)) = (&mut self.tracked, Handle::try_current()) else { return Poll::Pending };
        tracked.watch(&self.config, &self.route, claimed, waker);
        tracked.poll_beat(waker)
    }

    /// Goes on without a claim.
    pub(super) fn bypass(&mut self) {
        self.plan = Plan::Open;
        self.without_store(Outcome::Bypassed);
    }

    /// Runs although the store has not said that it may.
    pub(super) fn without_store(&mut self, outcome: Outcome) {
        self.mark(outcome);
        if let Some(tracked) = &self.tracked {
            tracked.runs_without_store(outcome);
        }
    }

    pub(super) fn mark(&mut self, outcome: Outcome) {
        log::ended(&self.route, outcome);
        self.mark = Some(outcome);
    }

    /// Joins the copies that are there. `None`: this one runs.
    pub(super) fn join(&mut self, key: Key) -> Option<Waiting> {
        match self.config.flights.join(key, self.config.waiters) {
            Join::Lead(lead) => {
                self.lead = Some(lead);
                None
            }
            Join::Waiter(waiter) => {
                Some(self.until(Duration::MAX).map_or(Waiting::Answer, |until| Waiting::Until(until, Some(waiter))))
            }
            Join::Full => Some(Waiting::Answer),
        }
    }

    /// Another run has the key `of`, and `retry_in` of its lease is left.
    pub(super) fn wait(&mut self, of: Key, retry_in: Duration) -> Waiting {
        self.retry_in = retry_in;
        let Some(until) = self.until(Duration::MAX) else { return Waiting::Answer };
        if let Some(waiter) = self.waiter.take()
            && *waiter.key() == of
        {
            return Waiting::Until(until, Some(waiter));
        }
        let whose = if self.config.shared { Whose::Entered } else { Whose::Any };
        match self.config.flights.wait(of, whose, self.config.waiters) {
            Wait::Waiter(waiter) if self.config.shared => Waiting::Until(until, Some(waiter)),
            Wait::Waiter(waiter) => {
                self.waiter = Some(waiter);
                Waiting::AskAgain
            }
            Wait::Elsewhere if !self.looked_twice => {
                self.looked_twice = true;
                self.until(SECOND_LOOK).map_or(Waiting::Answer, |until| Waiting::Until(until, None))
            }
            Wait::Elsewhere | Wait::Full => Waiting::Answer,
        }
    }

    /// When to stop waiting. `None`: now, or there is no timer to wait by.
    fn until(&mut self, at_most: Duration) -> Option<Instant> {
        Handle::try_current().ok()?;
        let now = Instant::now();
        let until = *self.wait_until.get_or_insert_with(|| now + self.config.patience(&self.facts));
        let soon = now.checked_add(at_most).map_or(until, |soon| soon.min(until));
        (soon > now).then_some(soon)
    }

    /// Tells those who wait how it has ended.
    pub(super) fn ended(&mut self, ended: &Ended) {
        match (self.lead.take(), self.claimed()) {
            (Some(lead), _) => lead.end(ended),
            (None, Some(claimed)) => self.config.flights.end(&claimed.key, ended),
            (None, None) => {}
        }
    }

    pub(super) fn record<B>(&self, response: &Response<B>, trailers: Option<&HeaderMap>, body: &StoredBody) -> Bytes {
        let fits = match body {
            StoredBody::Bytes(bytes) => bytes.len() <= self.config.max_stored_body,
            StoredBody::Omitted => true,
        };
        let body = if fits { body } else { &StoredBody::Omitted };
        record::encode(response.status(), response.headers(), &self.config.stored_headers, trailers, body)
    }

    pub(super) fn store_failed(&self, call: &'static str, error: &StoreError) {
        log::store_failed(call, &self.route, error);
    }

    /// The claim may or may not be there: gives it back, without anybody waiting for it.
    pub(super) fn release_unknown(&self) {
        if let (Some(claimed), Ok(runtime)) = (self.claimed(), Handle::try_current()) {
            let release = self.config.release(claimed);
            drop(runtime.spawn(async move {
                // The store fails already; the lease lapses if this does, too.
                let _ = release.await;
            }));
        }
    }

    pub(super) fn in_flight(&self) -> Rejection {
        answer::in_flight(self.config.profile, self.retry_in)
    }

    pub(super) fn refuse<R>(&self, rejection: Rejection) -> Response<ResponseBody<R>> {
        answer::refuse(&self.config, Some(&self.route), rejection, self.dialect).map(ResponseBody::own)
    }

    pub(super) fn refusal(&self, reason: Reason) -> Rejection {
        answer::refusal(self.config.profile, reason)
    }

    /// The answer as it goes out.
    pub(super) fn marked<R, E>(
        &self,
        mut answer: Result<Response<ResponseBody<R>>, E>,
    ) -> Result<Response<ResponseBody<R>>, E> {
        if let (Ok(response), Some(outcome)) = (&mut answer, self.mark) {
            response.extensions_mut().insert(outcome);
        }
        answer
    }
}
