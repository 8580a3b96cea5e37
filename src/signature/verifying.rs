//! A verification under way, and what comes of it.

use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use http::request::Parts;

use super::handed::Handed;
use super::layer::Config;
use super::log;
use crate::clock::UnixTime;
use crate::delivery::Delivery;
use crate::rejection::{Reason, Rejection};
use crate::scheme::{Keyring, Verification, Verifier, VerifyError};
use crate::telemetry::{ReceiveSpan, Seen};

/// A verification under way, and for whom.
pub(super) struct Verifying {
    pub(super) verification: Verification,
    tenant: Option<Arc<str>>,
    /// The tenant does not exist: whatever comes out, it is refused.
    nobody: bool,
    /// The ring, where a key of it is retired.
    retired: Option<Arc<Keyring>>,
}

impl Verifying {
    pub(super) fn begin(
        config: &Config,
        ring: Arc<Keyring>,
        resume: impl FnOnce(Verifier) -> Result<Verification, VerifyError>,
    ) -> Result<Self, Rejection> {
        let retired = ring.has_retired().then(|| ring.clone());
        let verification = resume(Verifier::of(config.plan.clone(), ring))?;
        Ok(Self { verification, tenant: None, nobody: false, retired })
    }

    /// The same, for a tenant; `nobody` where there is no such tenant.
    pub(super) fn of(self, tenant: Option<Arc<str>>, nobody: bool) -> Self {
        Self { tenant, nobody, ..self }
    }

    /// The verdict, once.
    fn finish(&mut self, config: &Config, head: &Parts, body: Bytes) -> Result<Delivery, Rejection> {
        let began = config.metrics().map(|metrics| (metrics, config.clock.monotonic()));
        let verdict = self.verification.verdict(head, body);
        let mut delivery = verdict.map_err(|error| error.replaced_if(self.nobody, &NO_SUCH_TENANT))?;
        if self.nobody {
            return Err(NO_SUCH_TENANT.into());
        }
        delivery.tenant = self.tenant.take();
        let key_id = delivery.key_id().unwrap_or_default();
        if let Some((metrics, began)) = began {
            let took = config.clock.monotonic().saturating_sub(began);
            let now = config.clock.now();
            let age_s = delivery.sent_at.zip(now).map(|(sent, now)| seconds_between(sent, now));
            metrics.verified(key_id, Seen { age_s, body_len: delivery.body.len(), now }, took);
        }
        if let Some(ring) = &self.retired
            && let Some(now) = config.clock.now()
            && ring.is_news_that_retired(key_id, now)
        {
            log::retired_key(&delivery.route, key_id);
        }
        Ok(delivery)
    }
}

const NO_SUCH_TENANT: VerifyError = VerifyError::new(Reason::UnknownKey, "there is no such tenant");

/// How old a timestamp is, in seconds; negative where it lies ahead.
fn seconds_between(sent: UnixTime, now: UnixTime) -> f64 {
    now.saturating_since(sent).as_secs_f64() - sent.saturating_since(now).as_secs_f64()
}

/// The request behind its verdict.
pub(super) fn judged<O: Handed>(
    config: &Config,
    mut head: Parts,
    bytes: Bytes,
    verifying: &mut Verifying,
) -> Result<Request<O>, Rejection> {
    let ring = config.explaining.is_some().then(|| verifying.verification.ring().clone());
    match verifying.finish(config, &head, bytes.clone()) {
        Ok(delivery) => {
            ReceiveSpan::verified(&head.extensions, &delivery, || config.clock.now());
            let body = O::verified(&delivery);
            head.extensions.insert(delivery);
            Ok(Request::from_parts(head, body))
        }
        Err(rejection) => {
            config.refused(&rejection, &head, Some(&bytes), ring);
            if passes::<O>(config, &rejection) { reported(config, rejection, head, bytes) } else { Err(rejection) }
        }
    }
}

/// Whether what would be refused is reported only.
pub(super) fn passes<O: Handed>(config: &Config, rejection: &Rejection) -> bool {
    O::LETS_PASS && config.reporter.takes(rejection.reason())
}

/// A refused delivery that is let pass.
pub(super) fn reported<O: Handed>(
    config: &Config,
    rejection: Rejection,
    mut head: Parts,
    bytes: Bytes,
) -> Result<Request<O>, Rejection> {
    let (rejection, body) = O::refused(rejection, &bytes)?;
    config.reporter.report(&config.refusals, rejection, &mut head.extensions);
    let delivery = config.plan.unverified_delivery(&head, bytes);
    head.extensions.insert(delivery);
    Ok(Request::from_parts(head, body))
}
