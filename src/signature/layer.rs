//! The configuration.

use std::fmt;
use std::future::ready;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use http::request::Parts;
use tower_layer::Layer;

use super::SignatureService;
use super::explainer::{Explainer, Explaining};
use super::key_cache::KeyCache;
use super::key_source::KeySource;
use super::report_only::ReportOnlySignatureLayer;
use super::resolver::{ErasedResolver, KeyResolver, OrNobody, Resolved};
use super::watched::{WatchedKeys, WatchedSecrets};
use crate::clock::{Clock, SystemClock, UnixTime};
use crate::config_error::ConfigError;
use crate::rejection::{Reason, Refusals, Rejection, RenderRejection, Reporter};
use crate::scheme::{Keyring, Plan, Scheme, Sender};
use crate::secret::Secrets;
use crate::telemetry::SignatureMetrics;

/// Verifies the sender's signature. See the [module docs](super).
#[derive(Clone, Debug)]
#[must_use]
pub struct SignatureLayer {
    config: Arc<Config>,
}

#[derive(Clone, Debug)]
pub(super) struct Config {
    pub(super) plan: Arc<Plan>,
    pub(super) keys: Keys,
    pub(super) method: Method,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) refusals: Refusals,
    /// Resolved at the first service, when the name of the route is settled.
    metrics: Option<Arc<OnceLock<SignatureMetrics>>>,
    /// What is told of refusals in report-only mode.
    pub(super) reporter: Reporter,
    pub(super) explaining: Option<Arc<Explaining>>,
}

/// What a signature layer refuses that is a matter of signatures and keys: not the method, nor the limits of the body.
const REASONS: &[Reason] = &[
    Reason::KeyUnavailable,
    Reason::MalformedSignature,
    Reason::MalformedTimestamp,
    Reason::MissingSignature,
    Reason::MissingTimestamp,
    Reason::NotConfigured,
    Reason::SignatureMismatch,
    Reason::TimestampInFuture,
    Reason::TimestampTooOld,
    Reason::UnknownKey,
    Reason::UnsupportedScheme,
];

/// Keys that may still be on their way.
type FoundKeys = Pin<Box<dyn Future<Output = Result<Option<(Arc<Keyring>, Option<UnixTime>)>, Rejection>> + Send>>;

/// Where the keys come from.
#[derive(Clone)]
pub(super) enum Keys {
    Resolver(Arc<dyn ErasedResolver>),
    Ring(Arc<Keyring>),
    Source(Arc<KeyCache>),
    Watched(Arc<WatchedKeys>),
}

impl Keys {
    /// The ring that counts now, where it depends on nothing else.
    pub(super) fn ring(&self) -> Option<Arc<Keyring>> {
        match self {
            Self::Ring(ring) => Some(ring.clone()),
            Self::Watched(keys) => Some(keys.ring()),
            Self::Resolver(_) | Self::Source(_) => None,
        }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resolver(_) => f.write_str("Resolver(..)"),
            Self::Source(_) => f.write_str("Source(..)"),
            Self::Ring(ring) => f.debug_list().entries(ring.ids()).finish(),
            Self::Watched(keys) => keys.fmt(f),
        }
    }
}

impl SignatureLayer {
    /// Verifies deliveries of `sender` with these keys: a [`Secret`](crate::Secret), a
    /// [`VerifyingKey`](crate::VerifyingKey), or [`Secrets`] with several of them.
    ///
    /// # Errors
    /// A scheme that contradicts itself, a key that the scheme cannot use.
    pub fn new(sender: impl Into<Sender>, keys: impl Into<Secrets>) -> Result<Self, ConfigError> {
        let plan = Plan::new(sender.into())?;
        let ring = Keyring::new(plan.scheme(), &keys.into())?;
        Ok(Self::of(plan, Keys::Ring(Arc::new(ring))))
    }

    /// Verifies deliveries of `sender` with keys that depend on the request.
    ///
    /// # Errors
    /// A scheme that contradicts itself.
    pub fn resolving(sender: impl Into<Sender>, resolver: impl KeyResolver) -> Result<Self, ConfigError> {
        let plan = Plan::new(sender.into())?;
        let nobody = Resolved::nobody(plan.scheme())?;
        Ok(Self::of(plan, Keys::Resolver(Arc::new(OrNobody { resolver, nobody }))))
    }

    /// Verifies deliveries of `sender` with a ring that is replaced while the service runs.
    ///
    /// # Errors
    /// A scheme that contradicts itself, a key of the ring that the scheme cannot use. A later ring with such a key is
    /// refused when it comes.
    pub fn watching(sender: impl Into<Sender>, secrets: &WatchedSecrets) -> Result<Self, ConfigError> {
        let plan = Plan::new(sender.into())?;
        let keys = secrets.for_route(*plan.scheme())?;
        Ok(Self::of(plan, Keys::Watched(keys)))
    }

    /// Verifies deliveries of `sender` with the sender's public keys, which each delivery names and `source` fetches.
    ///
    /// A name must pass the sender's own rule before anything is fetched. What is fetched is kept: a document for an hour,
    /// unless [it says otherwise](crate::KeyDocument::lasts); that there is none, for a minute; a failure, for 5 seconds.
    /// A set without the key is fetched again once a minute at most. Requests for one document wait for one fetch.
    /// 256 documents are kept. Of names that were never fetched before at most 8 are fetched at once, and at most 32 a
    /// minute come to nothing: with more the answer is 503 for those, and for them alone.
    ///
    /// # Errors
    /// A scheme that contradicts itself, a sender whose deliveries name no key.
    pub fn fetching(sender: impl Into<Sender>, source: impl KeySource) -> Result<Self, ConfigError> {
        let plan = Plan::new(sender.into())?;
        plan.names_keys()?;
        Ok(Self::of(plan, Keys::Source(KeyCache::new(source))))
    }

    /// See [`danger::accept_unsigned`](crate::danger::accept_unsigned).
    pub(crate) fn unsigned(name: &'static str) -> Result<Self, ConfigError> {
        let plan = Plan::new(Scheme::unsigned(name).into())?;
        Ok(Self::of(plan, Keys::Ring(Arc::new(Keyring::none()))))
    }

    fn of(plan: Plan, keys: Keys) -> Self {
        let refusals =
            Refusals::default().for_route(plan.route().clone()).unauthorized_as(plan.scheme().unauthorized_status());
        let (plan, clock) = (Arc::new(plan), Arc::new(SystemClock));
        let (reporter, metrics, explaining) = (Reporter::new(REASONS), None, None);
        let method = Method::POST;
        Self { config: Arc::new(Config { plan, keys, method, clock, refusals, metrics, reporter, explaining }) }
    }

    fn with(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(Arc::make_mut(&mut self.config));
        self
    }

    /// The name of the route: label, part of the idempotency key, name in the log. Default: the sender's
    /// name. Two routes of one sender need names of their own.
    pub fn route(self, name: &str) -> Self {
        let route: Arc<str> = name.into();
        self.with(|config| {
            config.plan = Arc::new(Plan::clone(&config.plan).with_route(route.clone()));
            config.refusals = std::mem::take(&mut config.refusals).for_route(route);
            if config.metrics.take().is_some() {
                config.count();
            }
            config.explaining = config.explaining.take().map(|explaining| Arc::new(explaining.renamed()));
        })
    }

    /// How far a timestamp may lie from now, each way. Default: what the sender documents, or 300 s.
    ///
    /// # Errors
    /// Less than a second or more than an hour (or more than the sender's own, where that is longer).
    pub fn tolerance(self, tolerance: Duration) -> Result<Self, ConfigError> {
        let plan = Plan::clone(&self.config.plan).with_tolerance(tolerance)?;
        Ok(self.with(|config| config.plan = Arc::new(plan)))
    }

    /// The method that deliveries come by. Default: `POST`.
    pub fn method(self, method: Method) -> Self {
        self.with(|config| config.method = method)
    }

    /// Where the time comes from. Default: [`SystemClock`].
    pub fn clock(self, clock: impl Clock) -> Self {
        self.with(|config| config.clock = Arc::new(clock))
    }

    /// How refusals are written; default: `application/problem+json`.
    pub fn render_with(self, renderer: impl RenderRejection) -> Self {
        self.with(|config| config.refusals = std::mem::take(&mut config.refusals).rendered_by(Arc::new(renderer)))
    }

    /// Says in the log why signatures do not match. Default: it does not. See [`Explainer`].
    pub fn explain(self, explainer: Explainer) -> Self {
        self.with(|config| config.explaining = Some(Arc::new(Explaining::new(explainer))))
    }

    /// Counts by which keys deliveries were verified, how old signatures and how large bodies are. Install the
    /// recorder before the layer is put onto a service.
    #[cfg(any(feature = "metrics", feature = "otel"))]
    pub fn metrics(self) -> Self {
        self.counted()
    }

    /// Tries the check out: everything that the limits of the body let through passes, judged.
    ///
    /// What would be refused for its signature, its timestamp or its keys is counted (`webhook_report_only_total`), told
    /// (target [`TARGET`](crate::rejection::TARGET), with `report_only`) and noted in the request
    /// ([`ReportedOnly`](crate::rejection::ReportedOnly)). It passes marked as unverified:
    /// [`Delivery::is_verified`](crate::Delivery::is_verified) is `false`, [`Verified`](crate::axum::Verified) refuses it,
    /// idempotency and inbox let it pass without touching their store. What it tells of itself (id, type) anybody may have
    /// written. The body is an [`ObservedBody`](crate::body::ObservedBody), so a service that takes `Request<VerifiedBody>`
    /// does not fit behind it. Another method, and a body that breaks its limits, are refused as ever.
    pub const fn report_only(self) -> ReportOnlySignatureLayer {
        ReportOnlySignatureLayer::new(self)
    }

    /// With its handles resolved, for a service. Routers make services often: it allocates once.
    pub(super) fn ready(&self) -> Arc<Config> {
        if let Some(metrics) = &self.config.metrics {
            metrics.get_or_init(|| self.config.resolve());
        }
        self.config.reporter.ready(self.config.plan.route());
        if let Some(explaining) = &self.config.explaining {
            let ring = self.config.keys.ring();
            explaining.begin(&self.config.plan, ring.as_ref().and_then(|ring| ring.secrets()));
        }
        self.config.clone()
    }

    pub(crate) fn counted(self) -> Self {
        self.with(|config| {
            if config.metrics.is_none() {
                config.count();
            }
        })
    }

    /// The keys for this head, and the time, for answers that are computed with them; `None` where there is no such
    /// tenant.
    pub(crate) fn keys_for(&self, head: &Parts) -> FoundKeys {
        let now = self.config.clock.now();
        match &self.config.keys {
            Keys::Ring(_) | Keys::Watched(_) => Box::pin(ready(Ok(self.config.keys.ring().map(|ring| (ring, now))))),
            // Public keys: nothing is computed with them.
            Keys::Source(_) => Box::pin(ready(Ok(None))),
            Keys::Resolver(resolver) => {
                let (found, scheme) = (resolver.clone().resolve(head), *self.scheme());
                Box::pin(async move {
                    let keys = found.await.map_err(|rejection| *rejection)?;
                    if keys.is_nobody() { Ok(None) } else { Ok(Some((keys.ring(&scheme)?, now))) }
                })
            }
        }
    }

    /// The scheme and, where it has one, its public URL.
    pub(crate) fn sender(&self) -> Sender {
        self.config.plan.sender().clone()
    }

    /// The scheme.
    #[must_use]
    pub fn scheme(&self) -> &Scheme {
        self.config.plan.scheme()
    }

    /// The name of the route.
    #[must_use]
    pub fn route_name(&self) -> &str {
        self.config.plan.route()
    }
}

impl Config {
    /// A request was refused: what there is to say to the operator is said later, and elsewhere. `ring` is what was
    /// tried, where keys were tried at all.
    pub(super) fn refused(
        &self,
        rejection: &Rejection,
        head: &Parts,
        read: Option<&Bytes>,
        ring: Option<Arc<Keyring>>,
    ) {
        if let Some(explaining) = &self.explaining {
            // Those of nobody are no keys.
            let ring = ring.or_else(|| self.keys.ring()).filter(|_| rejection.reason() != Reason::UnknownKey);
            let keys = ring.as_ref().and_then(|ring| ring.secrets());
            explaining.refused(&self.plan, keys, rejection.reason(), (head, read), &*self.clock);
        }
    }

    /// The handles, once there is a service.
    pub(super) fn metrics(&self) -> Option<&SignatureMetrics> {
        self.metrics.as_ref()?.get()
    }

    fn count(&mut self) {
        self.metrics = Some(Arc::default());
        self.reporter = self.reporter.clone().counted();
    }

    fn resolve(&self) -> SignatureMetrics {
        let (route, provider) = (self.plan.route(), self.plan.scheme().name());
        let Some(ring) = self.keys.ring() else { return SignatureMetrics::new(route, provider, []) };
        let metrics = SignatureMetrics::new(route, provider, ring.ids().map(AsRef::as_ref));
        for (id, end) in ring.ends() {
            metrics.key_expires(id, end);
        }
        if let Keys::Watched(keys) = &self.keys {
            keys.count_in(metrics.clone());
        }
        metrics
    }
}

impl<S> Layer<S> for SignatureLayer {
    type Service = SignatureService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        SignatureService::new(inner, self.ready())
    }
}
