//! Keys that depend on the request: one ring per tenant, from wherever you keep them.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use http::request::Parts;

use crate::body::BoxError;
use crate::config_error::ConfigError;
use crate::rejection::{Reason, Rejection};
use crate::scheme::{Keyring, Scheme};
use crate::secret::{Secret, Secrets};

/// Finds the keys for a request by its head.
///
/// It is asked only once the head has passed all checks that need no key. Its answers are not kept: cache
/// what is dear to fetch. It has no deadline but its own: while it does not answer, the request waits.
pub trait KeyResolver: Send + Sync + 'static {
    /// The keys for this head; [`Resolved::nobody`] or `None` where there is no such tenant. An unknown tenant is refused
    /// as slowly and with the same answer as a wrong signature, so that tenants cannot be listed.
    ///
    /// # Errors
    /// The source of keys cannot be asked: the sender is told to come back (503).
    fn resolve(&self, head: &Parts) -> impl Future<Output = Result<Option<Resolved>, BoxError>> + Send + 'static;
}

/// The keys of a tenant, cheap to clone. [`Secret`] and [`Secrets`] turn into it where there is but one tenant.
// One pointer, so that it moves in a register. In memory, that took longer for keys that were found than for those of
// nobody: see tests/constant_time.
#[derive(Clone, Debug)]
pub struct Resolved(Arc<Tenant>);

#[derive(Debug)]
struct Tenant {
    secrets: Secrets,
    name: Option<Arc<str>>,
    /// Whatever is signed with these keys is refused.
    is_nobody: bool,
}

impl Resolved {
    /// The keys of `tenant`. Its name keeps delivery ids of different tenants apart, and is in
    /// [`Delivery::tenant`](crate::Delivery::tenant).
    #[must_use]
    pub fn for_tenant(tenant: &str, secrets: impl Into<Secrets>) -> Self {
        Self(Arc::new(Tenant { secrets: secrets.into(), name: Some(tenant.into()), is_nobody: false }))
    }

    /// Stands for tenants that do not exist: new keys, of the kind that this scheme (the layer's) takes, and whatever is
    /// signed with them is refused. `None` says the same, and the layer then takes such keys of its own.
    ///
    /// What differs is how closely a clock can tell who exists. A resolver that keeps these beside the keys of its tenants,
    /// and answers with a clone of the ones or the others, goes one way for both: a million refusals show no difference. One
    /// that answers `None` goes two ways itself: 1 to 6 ns, see `tests/constant_time`.
    ///
    /// ```
    /// use std::collections::HashMap;
    /// use tower_webhook::signature::{Resolved, resolver_fn};
    /// use tower_webhook::{Secret, WebhookLayer, provider};
    ///
    /// let acme = Resolved::for_tenant("acme", Secret::new("the signing secret of acme")?);
    /// let (tenants, nobody) = (HashMap::from([("/acme", acme)]), Resolved::nobody(&provider::GITHUB)?);
    /// let resolver = resolver_fn(move |head: &http::request::Parts| {
    ///     let found = tenants.get(head.uri.path()).unwrap_or(&nobody).clone();
    ///     async { Ok::<_, std::convert::Infallible>(Some(found)) }
    /// });
    /// let layer = WebhookLayer::resolving(provider::GITHUB, resolver)?;
    /// # Ok::<(), tower_webhook::ConfigError>(())
    /// ```
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn nobody(scheme: &Scheme) -> Result<Self, ConfigError> {
        let secrets = scheme.throwaway_keys()?;
        // They are keys, or the start fails: a tenant that does not exist is refused like a forged delivery.
        Keyring::new(scheme, &secrets)?;
        // With a name, as tenants that exist have one: to copy and to drop it takes time.
        Ok(Self(Arc::new(Tenant { secrets, name: Some("".into()), is_nobody: true })))
    }

    pub(super) fn is_nobody(&self) -> bool {
        self.0.is_nobody
    }

    pub(super) fn tenant(&self) -> Option<Arc<str>> {
        self.0.name.clone()
    }

    /// The keys, made ready for a sender's scheme.
    pub(super) fn ring(&self, scheme: &Scheme) -> Result<Arc<Keyring>, Rejection> {
        let refused = |error: ConfigError| Rejection::new(Reason::NotConfigured).with_detail(error.to_string());
        Keyring::new(scheme, &self.0.secrets).map(Arc::new).map_err(refused)
    }
}

impl From<Secrets> for Resolved {
    fn from(secrets: Secrets) -> Self {
        Self(Arc::new(Tenant { secrets, name: None, is_nobody: false }))
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

/// The answer of a resolver that is on its way, as small as goes into two registers.
pub(super) type Resolving = Pin<Box<dyn Future<Output = Result<Resolved, Box<Rejection>>> + Send>>;

/// A resolver without its type.
pub(super) trait ErasedResolver: Send + Sync {
    fn resolve(self: Arc<Self>, head: &Parts) -> Resolving;
}

/// A [`KeyResolver`], and the keys of whom it does not know: from here on, all tenants go one way.
pub(super) struct OrNobody<R> {
    pub(super) resolver: R,
    pub(super) nobody: Resolved,
}

impl<R: KeyResolver> ErasedResolver for OrNobody<R> {
    fn resolve(self: Arc<Self>, head: &Parts) -> Resolving {
        let resolving = self.resolver.resolve(head);
        Box::pin(async move {
            match resolving.await {
                Ok(Some(found)) => Ok(found),
                // As cheap as the copy that the resolver made of keys it found, and in its place.
                Ok(None) => Ok(self.nobody.clone()),
                Err(error) => {
                    let detail = format!("key resolver: {error}");
                    Err(Box::new(Rejection::new(Reason::KeyUnavailable).with_detail(detail)))
                }
            }
        })
    }
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use std::convert::Infallible;

    use http::{Request, Response};
    use http_body_util::Full;
    use tower::service_fn;
    use tower_layer::Layer;

    use super::*;
    use crate::body::VerifiedBody;
    use crate::secret::KeyMaterial;
    use crate::testing::{self, Endpoint};
    use crate::{RawBodyLayer, SignatureLayer, provider};

    #[tokio::test]
    async fn not_even_what_is_signed_with_the_keys_of_nobody_passes() {
        let nobody = Resolved::nobody(&provider::GITHUB).unwrap();
        let [key] = nobody.0.secrets.keys() else { panic!("one key") };
        let KeyMaterial::Shared(secret) = &key.material else { panic!("a shared secret") };
        let delivery = testing::delivery(provider::GITHUB, secret.clone()).json("{}");

        let answer = nobody.clone();
        let resolver = resolver_fn(move |_: &Parts| std::future::ready(Ok::<_, Infallible>(Some(answer.clone()))));
        let layer = SignatureLayer::resolving(provider::GITHUB, resolver).unwrap();
        let head = Request::new(()).into_parts().0;
        assert!(layer.keys_for(&head).await.unwrap().is_none(), "no answer is computed with them");

        let accept =
            |_: Request<VerifiedBody>| async { Ok::<_, Infallible>(Response::new(Full::<bytes::Bytes>::default())) };
        let endpoint = Endpoint::new(RawBodyLayer::new().layer(layer.layer(service_fn(accept))));
        endpoint.send(&delivery).await.assert_rejected(Reason::UnknownKey);
    }
}
