//! The configuration of one route.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use http::request::Parts;
use tower_layer::Layer;

use super::WebhookService;
use super::order::{Head, signed};
use crate::allowlist::AllowlistLayer;
use crate::body::BodyBudget;
use crate::body::BoxError;
use crate::challenge::{ChallengeLayer, Handshake, HandshakeLayer, Taken, Taker};
use crate::client_ip::TrustedProxies;
use crate::clock::Clock;
use crate::config_error::ConfigError;
use crate::https_only::HttpsOnlyLayer;
use crate::idempotency::IdempotencyLayer;
use crate::metrics::MetricsLayer;
use crate::raw_body::RawBodyLayer;
use crate::rejection::RenderRejection;
use crate::secret::Secret;
use crate::signature::{Explainer, SignatureLayer};
use crate::trace::TraceLayer;
#[cfg(feature = "moka")]
use crate::{
    scheme::Sender,
    secret::Secrets,
    signature::{KeyResolver, KeySource, WatchedSecrets},
};

/// The finished stack for one route: every layer in its place. See the [module docs](super).
#[derive(Clone, Debug)]
#[must_use]
pub struct WebhookLayer {
    pub(super) metrics: Option<MetricsLayer>,
    pub(super) head: Head,
    pub(super) signature: SignatureLayer,
    pub(super) handshake: HandshakeLayer,
    pub(super) challenge: ChallengeLayer,
    pub(super) idempotency: Option<IdempotencyLayer>,
    pub(super) https_reported: bool,
    proxies: TrustedProxies,
    /// What each part gets, also one that is added later.
    renderer: Option<Arc<dyn RenderRejection>>,
    clock: Option<Arc<dyn Clock>>,
}

impl WebhookLayer {
    /// Deliveries of `sender`, signed with these keys, each handled once (remembered in memory).
    ///
    /// # Errors
    /// A scheme that contradicts itself, a key that it cannot use.
    #[cfg(feature = "moka")]
    pub fn new(sender: impl Into<Sender>, keys: impl Into<Secrets>) -> Result<Self, ConfigError> {
        Ok(Self::of(SignatureLayer::new(sender, keys)?).idempotency(IdempotencyLayer::in_memory()))
    }

    /// As [`WebhookLayer::new`], with keys that depend on the request: one ring per tenant.
    ///
    /// # Errors
    /// A scheme that contradicts itself.
    #[cfg(feature = "moka")]
    pub fn resolving(sender: impl Into<Sender>, resolver: impl KeyResolver) -> Result<Self, ConfigError> {
        Ok(Self::of(SignatureLayer::resolving(sender, resolver)?).idempotency(IdempotencyLayer::in_memory()))
    }

    /// As [`WebhookLayer::new`], with a ring of secrets that is replaced while the service runs.
    ///
    /// # Errors
    /// A scheme that contradicts itself, a key that it cannot use.
    #[cfg(feature = "moka")]
    pub fn watching(sender: impl Into<Sender>, secrets: &WatchedSecrets) -> Result<Self, ConfigError> {
        Ok(Self::of(SignatureLayer::watching(sender, secrets)?).idempotency(IdempotencyLayer::in_memory()))
    }

    /// As [`WebhookLayer::new`], with the sender's public keys, which each delivery names and `source` fetches; see
    /// [`SignatureLayer::fetching`].
    ///
    /// # Errors
    /// A scheme that contradicts itself, a sender whose deliveries name no key.
    #[cfg(feature = "moka")]
    pub fn fetching(sender: impl Into<Sender>, source: impl KeySource) -> Result<Self, ConfigError> {
        Ok(Self::of(SignatureLayer::fetching(sender, source)?).idempotency(IdempotencyLayer::in_memory()))
    }

    /// The stack around a signature layer of your own; without idempotency, until you give it one.
    pub fn of(signature: SignatureLayer) -> Self {
        let scheme = *signature.scheme();
        let raw_body = RawBodyLayer::new().route(signature.route_name());
        Self {
            metrics: None,
            head: Head {
                https_only: None,
                allowlist: None,
                // That the scheme's limit is one was checked with the scheme.
                raw_body: raw_body.clone().limit(scheme.max_body()).unwrap_or(raw_body),
            },
            handshake: HandshakeLayer::new(signature.sender()).route(signature.route_name()),
            challenge: ChallengeLayer::new(signature.sender()).route(signature.route_name()),
            signature,
            idempotency: None,
            https_reported: false,
            proxies: TrustedProxies::none(),
            renderer: None,
            clock: None,
        }
    }

    /// The name of the route: label of its metrics, part of its idempotency keys, name in the log. Default: the
    /// sender's name. Two routes of one sender need names of their own.
    pub fn route(mut self, name: &str) -> Self {
        self.signature = self.signature.route(name);
        self.head.raw_body = self.head.raw_body.route(name);
        self.challenge = self.challenge.route(name);
        self.head.https_only = self.head.https_only.map(|layer| layer.route(name));
        self.head.allowlist = self.head.allowlist.map(|layer| layer.route(name));
        self.handshake = self.handshake.route(name);
        if self.metrics.is_some() {
            self = self.counted();
        }
        self
    }

    /// How far a timestamp may lie from now, each way. Default: what the sender documents, or 300 s.
    ///
    /// # Errors
    /// Zero, or more than an hour (or more than the sender's own, where that is longer).
    pub fn tolerance(mut self, tolerance: Duration) -> Result<Self, ConfigError> {
        self.signature = self.signature.tolerance(tolerance)?;
        Ok(self)
    }

    /// The method that deliveries come by. Default: `POST`.
    pub fn method(mut self, method: Method) -> Self {
        self.signature = self.signature.method(method);
        self
    }

    /// The largest body, in bytes. Default: 1 MiB, or what the sender sends.
    ///
    /// # Errors
    /// 0 or `usize::MAX`.
    pub fn body_limit(mut self, bytes: usize) -> Result<Self, ConfigError> {
        self.head.raw_body = self.head.raw_body.limit(bytes)?;
        Ok(self)
    }

    /// The longest time that a body may take. Default: 10 s.
    ///
    /// # Errors
    /// Zero, or more than an hour.
    pub fn body_deadline(mut self, deadline: Duration) -> Result<Self, ConfigError> {
        self.head.raw_body = self.head.raw_body.deadline(deadline)?;
        Ok(self)
    }

    /// Another budget of not yet authenticated bytes than the process-wide one.
    pub fn body_budget(mut self, budget: BodyBudget) -> Self {
        self.head.raw_body = self.head.raw_body.budget(budget);
        self
    }

    /// Lets compressed bodies pass, compressed as they are: for senders that sign the compressed bytes.
    pub fn take_compressed(mut self) -> Self {
        self.head.raw_body = self.head.raw_body.take_compressed();
        self
    }

    /// The proxies in front of this server: the only ones whose forwarded headers are believed, by both
    /// [`https_only`](Self::https_only) and [`allow`](Self::allow). Default: none.
    pub fn behind(mut self, proxies: TrustedProxies) -> Self {
        self.head.allowlist = self.head.allowlist.map(|layer| layer.behind(proxies.clone()));
        self.proxies = proxies;
        if self.head.https_only.is_some() { self.https_only() } else { self }
    }

    /// Refuses what did not come over TLS.
    pub fn https_only(mut self) -> Self {
        let layer = HttpsOnlyLayer::new(self.proxies.clone()).route(self.signature.route_name());
        let layer = if self.metrics.is_some() { layer.counted() } else { layer };
        self.head.https_only = Some(if self.https_reported { layer.report_only() } else { layer });
        self.rendered()
    }

    /// Refuses clients outside of these networks, such as `192.0.2.0/24` or `2001:db8::/32`.
    ///
    /// # Errors
    /// No network at all, or one that is none.
    pub fn allow<I>(self, networks: I) -> Result<Self, ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        Ok(self.allowlist(AllowlistLayer::new(networks)?))
    }

    /// An allowlist of your own making, for lists that change at run time.
    pub fn allowlist(mut self, allowlist: AllowlistLayer) -> Self {
        let allowlist = allowlist.behind(self.proxies.clone()).route(self.signature.route_name());
        self.head.allowlist = Some(if self.metrics.is_some() { allowlist.counted() } else { allowlist });
        self.rendered()
    }

    /// The token that you gave to the sender when you set the endpoint up, which its challenge shows (Meta, `WhatsApp`).
    pub fn verify_token(mut self, token: Secret) -> Self {
        self.handshake = self.handshake.verify_token(token);
        self
    }

    /// An origin that may send (`CloudEvents`), such as `eventgrid.azure.net`. Default: none.
    pub fn allow_origin(mut self, origin: &str) -> Self {
        self.handshake = self.handshake.allow_origin(origin);
        self
    }

    /// Takes what a [`Handshake`] brings: the first secret of Asana, Clio and Notion. Without it they are refused.
    ///
    /// A secret is offered only while the route has no keys for the head: make the layer with
    /// [`resolving`](Self::resolving), by a resolver that finds what is stored here.
    pub fn on_handshake<F, Fut, E>(mut self, take: F) -> Self
    where
        F: Fn(Handshake, &Parts) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Taken, E>> + Send + 'static,
        E: Into<BoxError>,
    {
        let taker = Taker::new(take);
        self.handshake = self.handshake.taken_by(taker.clone());
        self.challenge = self.challenge.taken_by(taker);
        self
    }

    /// How each delivery is handled once.
    pub fn idempotency(mut self, idempotency: IdempotencyLayer) -> Self {
        self.idempotency = Some(if self.metrics.is_some() { idempotency.counted() } else { idempotency });
        self.rendered()
    }

    /// Lets the handler run for each delivery, however often it comes.
    pub fn without_idempotency(mut self) -> Self {
        self.idempotency = None;
        self
    }

    /// Says in the log why signatures do not match. Default: it does not. See [`Explainer`].
    pub fn explain(mut self, explainer: Explainer) -> Self {
        self.signature = self.signature.explain(explainer);
        self
    }

    /// Counts how requests end. Install the recorder before the layer is put onto a service.
    #[cfg(any(feature = "metrics", feature = "otel"))]
    pub fn metrics(self) -> Self {
        self.counted()
    }

    pub(super) fn counted(mut self) -> Self {
        self.signature = self.signature.counted();
        self.head.https_only = self.head.https_only.map(HttpsOnlyLayer::counted);
        self.head.allowlist = self.head.allowlist.map(AllowlistLayer::counted);
        self.idempotency = self.idempotency.map(IdempotencyLayer::counted);
        let layer = MetricsLayer::new(self.signature.route_name()).provider(self.signature.scheme().name());
        self.metrics = Some(match self.clock.clone() {
            Some(clock) => layer.clock(clock),
            None => layer,
        });
        self
    }

    /// Where the time comes from. Default: [`SystemClock`](crate::clock::SystemClock). A store in memory that is there
    /// by now is replaced by an empty one; an idempotency layer that is given later keeps its own clock.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(clock);
        self.signature = self.signature.clock(clock.clone());
        self.idempotency = self.idempotency.map(|layer| layer.clock(clock.clone()));
        self.metrics = self.metrics.map(|layer| layer.clock(clock.clone()));
        self.clock = Some(clock);
        self
    }

    /// How refusals are written, by every layer of the stack; default: `application/problem+json`.
    pub fn render_with(mut self, renderer: impl RenderRejection) -> Self {
        self.renderer = Some(Arc::new(renderer));
        self.rendered()
    }

    /// Gives the renderer to every part that is there.
    fn rendered(mut self) -> Self {
        let Some(renderer) = self.renderer.clone() else { return self };
        self.head.https_only = self.head.https_only.map(|layer| layer.render_with(renderer.clone()));
        self.head.allowlist = self.head.allowlist.map(|layer| layer.render_with(renderer.clone()));
        self.handshake = self.handshake.render_with(renderer.clone());
        self.head.raw_body = self.head.raw_body.render_with(renderer.clone());
        self.idempotency = self.idempotency.map(|layer| layer.render_with(renderer.clone()));
        self.challenge = self.challenge.render_with(renderer.clone());
        self.signature = self.signature.render_with(renderer);
        self
    }

    pub(super) fn trace(&self) -> TraceLayer {
        TraceLayer::new(self.signature.route_name()).provider(self.signature.scheme().name())
    }

    /// The name of the route.
    #[must_use]
    pub fn route_name(&self) -> &str {
        self.signature.route_name()
    }
}

impl<S: Clone> Layer<S> for WebhookLayer {
    type Service = WebhookService<S>;

    fn layer(&self, handler: S) -> Self::Service {
        let meter = self.metrics.as_ref().map(MetricsLayer::meter);
        WebhookService::new(Arc::new(self.head.ready()), signed(self, &self.signature, handler), meter, self.trace())
    }
}
