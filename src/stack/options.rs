//! What several routes share.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::WebhookLayer;
use crate::body::BodyBudget;
use crate::client_ip::TrustedProxies;
use crate::config_error::{ConfigError, ConfigErrorKind};
use crate::idempotency::IdempotencyLayer;
use crate::rejection::RenderRejection;
use crate::scheme::Sender;
use crate::secret::Secrets;
use crate::signature::{Explainer, KeyResolver, KeySource, SignatureLayer, WatchedSecrets};

/// What several routes share: proxies, budget, idempotency store, metrics. It makes a [`WebhookLayer`] for each.
///
/// Clones share the names of the routes, each of which can be given once. Without
/// [`idempotency`](Self::idempotency) all routes share one store in memory (feature `moka`).
///
/// ```
/// use tower_webhook::client_ip::TrustedProxies;
/// use tower_webhook::{Secret, Secrets, WebhookOptions, provider};
///
/// let secret = |text: &str| Secret::new(text);
/// let shared = WebhookOptions::new().behind(TrustedProxies::from_cidrs(["10.0.0.0/8"])?).https_only().metrics();
///
/// let keys = Secrets::rotating(secret("the new one, of 16 bytes")?, secret("the old one, of 16 bytes")?);
/// let stripe = shared.layer(provider::STRIPE, keys)?;
/// let github = shared.layer(provider::GITHUB, secret("one for GitHub alone")?)?.allow(["192.30.252.0/22"])?;
/// let second = shared.layer_for("github-org-2", provider::GITHUB, secret("one for another org")?)?;
/// assert!(shared.layer(provider::GITHUB, secret("a second `github`")?).is_err()); // a name is given once
/// # Ok::<(), tower_webhook::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct WebhookOptions {
    proxies: TrustedProxies,
    https_only: bool,
    metrics: bool,
    budget: Option<BodyBudget>,
    body_deadline: Option<Duration>,
    explainer: Option<Explainer>,
    renderer: Option<Arc<dyn RenderRejection>>,
    idempotency: Option<IdempotencyLayer>,
    routes: Arc<Mutex<BTreeSet<String>>>,
}

impl WebhookOptions {
    /// No proxies, HTTPS not demanded, no metrics; idempotency in memory, shared by all routes.
    #[cfg(feature = "moka")]
    pub fn new() -> Self {
        Self::without_idempotency().idempotency(IdempotencyLayer::in_memory())
    }

    /// As `new`, but without idempotency.
    pub fn without_idempotency() -> Self {
        Self {
            proxies: TrustedProxies::none(),
            https_only: false,
            metrics: false,
            budget: None,
            body_deadline: None,
            explainer: None,
            renderer: None,
            idempotency: None,
            routes: Arc::default(),
        }
    }

    /// The proxies in front of this server: the only ones whose forwarded headers are believed.
    pub fn behind(mut self, proxies: TrustedProxies) -> Self {
        self.proxies = proxies;
        self
    }

    /// Refuses what did not come over TLS.
    pub fn https_only(mut self) -> Self {
        self.https_only = true;
        self
    }

    /// Counts how requests end. Install the recorder first.
    #[cfg(any(feature = "metrics", feature = "otel"))]
    pub fn metrics(mut self) -> Self {
        self.metrics = true;
        self
    }

    /// Another budget of not yet authenticated bytes than the process-wide one.
    pub fn body_budget(mut self, budget: BodyBudget) -> Self {
        self.budget = Some(budget);
        self
    }

    /// The longest time that a body may take. Default: 10 s.
    pub fn body_deadline(mut self, deadline: Duration) -> Self {
        self.body_deadline = Some(deadline);
        self
    }

    /// Says in the log why signatures do not match, on all routes: one then also knows the secret of another. Default:
    /// it does not.
    pub fn explain(mut self, explainer: Explainer) -> Self {
        self.explainer = Some(explainer);
        self
    }

    /// Another way to write refusals down, on all routes. Default: problem documents.
    pub fn render_with(mut self, renderer: impl RenderRejection) -> Self {
        self.renderer = Some(Arc::new(renderer));
        self
    }

    /// How each delivery is handled once, on all routes: one store, in which the routes are kept apart.
    pub fn idempotency(mut self, idempotency: IdempotencyLayer) -> Self {
        self.idempotency = Some(idempotency);
        self
    }

    /// The layer of a route that is named after its sender.
    ///
    /// # Errors
    /// What [`WebhookLayer::new`] refuses, and a name that was given before.
    pub fn layer(&self, sender: impl Into<Sender>, keys: impl Into<Secrets>) -> Result<WebhookLayer, ConfigError> {
        self.layer_of(SignatureLayer::new(sender, keys)?)
    }

    /// The layer of a route with a name of its own: for several routes of one sender.
    ///
    /// # Errors
    /// What [`WebhookLayer::new`] refuses, and a name that was given before.
    pub fn layer_for(
        &self,
        route: &str,
        sender: impl Into<Sender>,
        keys: impl Into<Secrets>,
    ) -> Result<WebhookLayer, ConfigError> {
        self.layer_of(SignatureLayer::new(sender, keys)?.route(route))
    }

    /// The layer of a route whose keys depend on the request.
    ///
    /// # Errors
    /// What [`WebhookLayer::resolving`] refuses, and a name that was given before: a second route of one sender has one of its own by
    /// [`layer_of`](Self::layer_of) and [`SignatureLayer::route`].
    pub fn resolving(
        &self,
        sender: impl Into<Sender>,
        resolver: impl KeyResolver,
    ) -> Result<WebhookLayer, ConfigError> {
        self.layer_of(SignatureLayer::resolving(sender, resolver)?)
    }

    /// The layer of a route whose ring of secrets is replaced while the service runs.
    ///
    /// # Errors
    /// What [`WebhookLayer::watching`] refuses, and a name that was given before: a second route of one sender has one of its own by
    /// [`layer_of`](Self::layer_of) and [`SignatureLayer::route`].
    pub fn watching(&self, sender: impl Into<Sender>, secrets: &WatchedSecrets) -> Result<WebhookLayer, ConfigError> {
        self.layer_of(SignatureLayer::watching(sender, secrets)?)
    }

    /// The layer of a route whose keys are fetched.
    ///
    /// # Errors
    /// What [`WebhookLayer::fetching`] refuses, and a name that was given before: a second route of one sender has one of its own by
    /// [`layer_of`](Self::layer_of) and [`SignatureLayer::route`].
    pub fn fetching(&self, sender: impl Into<Sender>, source: impl KeySource) -> Result<WebhookLayer, ConfigError> {
        self.layer_of(SignatureLayer::fetching(sender, source)?)
    }

    /// The layer around a signature layer of your own.
    ///
    /// # Errors
    /// A route name that was given before, or a deadline that is none.
    pub fn layer_of(&self, signature: SignatureLayer) -> Result<WebhookLayer, ConfigError> {
        let route = signature.route_name().to_owned();
        if !self.routes.lock().unwrap_or_else(PoisonError::into_inner).insert(route.clone()) {
            return Err(ConfigError::new(
                ConfigErrorKind::DuplicateRoute,
                format!(
                    "there is a route `{route}` already: give this one a name with `layer_for`, or with \
                     `SignatureLayer::route` and `layer_of`"
                ),
            ));
        }
        let mut layer = WebhookLayer::of(signature).behind(self.proxies.clone());
        if self.https_only {
            layer = layer.https_only();
        }
        if self.metrics {
            layer = layer.counted();
        }
        if let Some(explainer) = &self.explainer {
            layer = layer.explain(explainer.clone());
        }
        if let Some(budget) = &self.budget {
            layer = layer.body_budget(budget.clone());
        }
        if let Some(deadline) = self.body_deadline {
            layer = layer.body_deadline(deadline)?;
        }
        if let Some(idempotency) = &self.idempotency {
            layer = layer.idempotency(idempotency.clone());
        }
        if let Some(renderer) = &self.renderer {
            layer = layer.render_with(renderer.clone());
        }
        Ok(layer)
    }
}

#[cfg(feature = "moka")]
impl Default for WebhookOptions {
    fn default() -> Self {
        Self::new()
    }
}
