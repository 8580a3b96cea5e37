//! What an idempotency layer is set to, and what it does with a request before the first call to the
//! store.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue, Request};

use super::drain::Drain;
use super::erased::ErasedStore;
use super::flights::{Flights, WaiterLimits};
use super::policy::{OnDisconnect, OnStoreFailure, Profile, ReplayGuard};
use super::standby::Standby;
use super::store::Claimed;
use crate::coverage::Coverage;
use crate::delivery::{Delivery, Facts};
use crate::delivery_key::{self, Fingerprint, Key, MalformedId};
use crate::rejection::{Reason, Refusals};
use crate::run_context::JournalReplay;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Clone)]
pub(super) struct Config {
    pub(super) store: Arc<dyn ErasedStore>,
    /// Other processes use the store as well.
    pub(super) shared: bool,
    pub(super) refusals: Refusals,
    pub(super) flights: Arc<Flights>,
    pub(super) drain: Drain,
    pub(super) profile: Profile,
    pub(super) lease: Duration,
    pub(super) max_execution: Duration,
    pub(super) retain_for: Option<Duration>,
    pub(super) replay_guard: ReplayGuard,
    pub(super) on_disconnect: OnDisconnect,
    pub(super) on_store_failure: OnStoreFailure,
    /// Stands in for the store where the policy says so.
    pub(super) standby: Option<Standby>,
    pub(super) bodies: Bodies,
    pub(super) client_errors: ClientErrors,
    pub(super) ids: Ids,
    pub(super) key_header: Option<HeaderName>,
    pub(super) account_header: Option<HeaderName>,
    pub(super) max_stored_body: usize,
    pub(super) stored_headers: Vec<HeaderName>,
    pub(super) max_wait: Duration,
    pub(super) waiters: WaiterLimits,
    pub(super) store_budget: Duration,
}

/// Another body under the same id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bodies {
    AsTheProfileSays,
    Strict,
}

/// 4xx answers of the handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClientErrors {
    Record,
    Release,
}

/// Deliveries without an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ids {
    AsTheProfileSays,
    ByBody,
    Required,
}

/// What is done with a delivery.
#[derive(Clone, Copy, Debug)]
pub(super) enum Plan {
    /// Claimed in the store.
    Claim(Claimed),
    /// Joined to copies that come at the same time; the store knows nothing of it.
    Join(Key),
    /// Let pass: it carries no proof.
    Open,
}

impl Config {
    pub(super) fn new(store: Arc<dyn ErasedStore>) -> Self {
        Self {
            shared: store.guarantees().shared,
            store,
            refusals: Refusals::default(),
            flights: Arc::default(),
            drain: Drain::new(),
            profile: Profile::default(),
            lease: Duration::from_secs(30),
            max_execution: Duration::from_secs(5 * 60),
            retain_for: None,
            replay_guard: ReplayGuard::default(),
            on_disconnect: OnDisconnect::default(),
            on_store_failure: OnStoreFailure::default(),
            standby: None,
            bodies: Bodies::AsTheProfileSays,
            client_errors: ClientErrors::Release,
            ids: Ids::AsTheProfileSays,
            key_header: None,
            account_header: None,
            max_stored_body: 16 * 1024,
            stored_headers: Vec::new(),
            max_wait: Duration::from_secs(2),
            waiters: WaiterLimits { per_key: 64, total: 4096 },
            store_budget: Duration::from_millis(250),
        }
    }

    pub(super) fn compares_bodies(&self) -> bool {
        self.profile == Profile::Ietf || self.bodies == Bodies::Strict
    }

    /// How long the record of this delivery is kept: as long as its sender goes on with retries, and a
    /// day more.
    pub(super) fn retention(&self, facts: &Facts) -> Duration {
        let horizon = || facts.retry_horizon.map_or(DAY, |horizon| horizon.saturating_add(DAY));
        self.retain_for.unwrap_or_else(horizon)
    }

    /// How long a copy may wait for the run of another: a third of the time that the sender waits.
    pub(super) fn patience(&self, facts: &Facts) -> Duration {
        facts.deadline.map_or(self.max_wait, |deadline| self.max_wait.min(deadline / 3))
    }

    pub(super) fn plan<B>(&self, request: &Request<B>, delivery: &Delivery) -> Result<Plan, Reason> {
        let forced = request.extensions().get::<JournalReplay>().is_some_and(JournalReplay::is_forced);
        if forced || !delivery.is_verified() {
            return Ok(Plan::Open);
        }
        let own = self.account_header.as_ref().and_then(|name| request.headers().get(name));
        let account = own.or(delivery.account.as_ref());
        let account = account.map(HeaderValue::as_bytes).unwrap_or_default();
        let id = match &self.key_header {
            Some(name) => delivery_key::header_id(request.headers(), name),
            None => delivery_key::sender_id(delivery),
        };
        // Where a body is not covered, another one comes with the same signature: no key made of it guards.
        let body_is_signed = delivery.facts.covers == Coverage::Body;
        let (key, signed) = match id {
            Err(MalformedId) => return Err(Reason::MalformedEventId),
            Ok(Some(id)) => {
                (Key::of_id(delivery, account, &id), self.key_header.is_none() && delivery.facts.id_is_signed)
            }
            Ok(None) => match self.ids {
                Ids::Required => return Err(Reason::MissingEventId),
                Ids::ByBody => (Key::of_body(delivery, account), body_is_signed),
                Ids::AsTheProfileSays if self.profile == Profile::Ietf => return Err(Reason::MissingEventId),
                Ids::AsTheProfileSays if delivery.facts.bodies_are_unique => {
                    (Key::of_body(delivery, account), body_is_signed)
                }
                Ids::AsTheProfileSays => return Ok(Plan::Join(Key::of_flight(delivery, account))),
            },
        };
        let mut claimed = Claimed::new(key);
        if !signed {
            claimed.guard = Key::of_signed_material(delivery);
        }
        if self.compares_bodies() {
            claimed.fingerprint = Some(Fingerprint::of(request.method(), delivery));
        }
        Ok(Plan::Claim(claimed))
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("store", &self.store.guarantees())
            .field("profile", &self.profile)
            .field("lease", &self.lease)
            .field("max_execution", &self.max_execution)
            .field("retain_for", &self.retain_for)
            .field("replay_guard", &self.replay_guard)
            .field("on_disconnect", &self.on_disconnect)
            .field("on_store_failure", &self.on_store_failure)
            .field("max_stored_body", &self.max_stored_body)
            .field("max_wait", &self.max_wait)
            .field("waiters", &self.waiters)
            .field("store_budget", &self.store_budget)
            .field("waiting", &self.flights.waiting())
            .field("running", &self.drain.running())
            .finish_non_exhaustive()
    }
}
