//! Keys that depend on the request: one ring per tenant, from wherever you keep them.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use http::request::Parts;

use crate::body::BoxError;
use crate::secret::{Secret, Secrets};

/// Finds the keys for a request by its head.
///
/// It is asked only once the head has passed all checks that need no key. Its answers are not kept: cache
/// what is dear to fetch. It has no deadline but its own: while it does not answer, the request waits.
pub trait KeyResolver: Send + Sync + 'static {
    /// The keys for this head; `None` where there is no such tenant. An unknown tenant is refused as slowly
    /// and with the same answer as a wrong signature, so that tenants cannot be listed.
    ///
    /// # Errors
    /// The source of keys cannot be asked: the sender is told to come back (503).
    fn resolve(&self, head: &Parts) -> impl Future<Output = Result<Option<Resolved>, BoxError>> + Send + 'static;
}

/// The keys of a tenant. [`Secret`] and [`Secrets`] turn into it where there is but one tenant.
#[derive(Clone, Debug)]
pub struct Resolved {
    pub(super) secrets: Secrets,
    pub(super) tenant: Option<Arc<str>>,
}

impl Resolved {
    /// The keys of `tenant`. Its name keeps delivery ids of different tenants apart, and is in
    /// [`Delivery::tenant`](crate::Delivery::tenant).
    #[must_use]
    pub fn for_tenant(tenant: &str, secrets: impl Into<Secrets>) -> Self {
        Self { secrets: secrets.into(), tenant: Some(tenant.into()) }
    }
}

impl From<Secrets> for Resolved {
    fn from(secrets: Secrets) -> Self {
        Self { secrets, tenant: None }
    }
}

impl From<Secret> for Resolved {
    fn from(secret: Secret) -> Self {
        Secrets::from(secret).into()
    }
}

/// A [`KeyResolver`] from a closure over the head.
///
/// ```
/// use tower_webhook::signature::{Resolved, resolver_fn};
/// use tower_webhook::{Secret, WebhookLayer, provider};
///
/// let resolver = resolver_fn(|head: &http::request::Parts| {
///     let tenant = head.uri.path().rsplit('/').next().map(str::to_owned);
///     async move {
///         // Ask your database here; its failure is an error, an unknown tenant is `None`.
///         Ok::<_, std::io::Error>(match tenant.as_deref() {
///             Some("acme") => Secret::new("the signing secret of acme").ok().map(|s| Resolved::for_tenant("acme", s)),
///             _ => None,
///         })
///     }
/// });
/// let layer = WebhookLayer::resolving(provider::STRIPE, resolver)?;
/// # Ok::<(), tower_webhook::ConfigError>(())
/// ```
pub const fn resolver_fn<F>(resolve: F) -> ResolverFn<F> {
    ResolverFn(resolve)
}

/// See [`resolver_fn`].
#[derive(Clone, Copy)]
pub struct ResolverFn<F>(F);

impl<F> fmt::Debug for ResolverFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResolverFn(..)")
    }
}

impl<F, Fut, R, E> KeyResolver for ResolverFn<F>
where
    F: Fn(&Parts) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Option<R>, E>> + Send + 'static,
    R: Into<Resolved>,
    E: Into<BoxError>,
{
    fn resolve(&self, head: &Parts) -> impl Future<Output = Result<Option<Resolved>, BoxError>> + Send + 'static {
        let resolving = (self.0)(head);
        async move {
            match resolving.await {
                Ok(found) => Ok(found.map(Into::into)),
                Err(error) => Err(error.into()),
            }
        }
    }
}

/// What a resolver found, or what stands in for it.
pub(super) struct Found {
    pub(super) keys: Resolved,
    /// There is no such tenant.
    pub(super) is_nobody: bool,
}

/// The answer of a resolver that is on its way.
pub(super) type Resolving = Pin<Box<dyn Future<Output = Result<Found, BoxError>> + Send>>;

/// A [`KeyResolver`] without its type.
pub(super) trait ErasedResolver: Send + Sync {
    /// `nobody` are the keys of a tenant that does not exist.
    fn resolve(&self, head: &Parts, nobody: &Arc<Resolved>) -> Resolving;
}

impl<R: KeyResolver> ErasedResolver for R {
    fn resolve(&self, head: &Parts, nobody: &Arc<Resolved>) -> Resolving {
        let (resolving, nobody) = (KeyResolver::resolve(self, head), Arc::clone(nobody));
        Box::pin(async move {
            let found = resolving.await?;
            let is_nobody = found.is_none();
            // As cheap as the copy that the resolver made of keys it has, and in its place: both go the same way from here.
            let keys = found.unwrap_or_else(|| Resolved::clone(&nobody));
            Ok(Found { keys, is_nobody })
        })
    }
}
