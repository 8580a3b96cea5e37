//! A ring of secrets that is replaced while the service runs.

use std::fmt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, Weak};
use std::time::Duration;

use super::log;
use crate::body::BoxError;
use crate::clock::{Clock, SystemClock};
use crate::config_error::ConfigError;
use crate::scheme::{Keyring, Scheme};
use crate::secret::{SecretPaths, Secrets};
use crate::telemetry::{ReloadMetrics, SignatureMetrics};

/// How long a source may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where a ring of secrets comes from, again and again.
pub trait SecretSource: Send + Sync + 'static {
    /// The ring as it is now. The whole of it: what is not in it counts no more.
    ///
    /// # Errors
    /// It cannot be had now. The last good ring stays. The text goes into the log: keep secrets out of it.
    fn load(&self) -> impl Future<Output = Result<Secrets, BoxError>> + Send + 'static;
}

/// Secrets in files, see [`Secrets::from_files`] and [`Secrets::from_directory`]. What changes while it is read is read
/// again; a file that is written in place may still be read half: replace files by a rename, as mounts do.
#[derive(Clone, Debug)]
pub struct SecretFiles(SecretPaths);

impl SecretFiles {
    /// Each file of a directory is a key, its name the key's id.
    #[must_use]
    pub fn directory(path: impl AsRef<Path>) -> Self {
        Self(SecretPaths::Directory(path.as_ref().into()))
    }

    /// These files, each with an id.
    #[must_use]
    pub fn files<N: Into<String>, P: Into<PathBuf>>(files: impl IntoIterator<Item = (N, P)>) -> Self {
        Self(SecretPaths::Files(files.into_iter().map(|(id, path)| (id.into(), path.into())).collect()))
    }
}

impl SecretSource for SecretFiles {
    fn load(&self) -> impl Future<Output = Result<Secrets, BoxError>> + Send + 'static {
        let paths = self.0.clone();
        async move { Ok(tokio::task::spawn_blocking(move || paths.read()).await??) }
    }
}

/// A [`SecretSource`] from a closure: a secret manager, a database.
///
/// ```
/// use tower_webhook::signature::{WatchedSecrets, secret_source_fn};
/// use tower_webhook::{ConfigError, Secret, Secrets, WebhookLayer, provider};
///
/// # tokio_test::block_on(async {
/// let source = secret_source_fn(async || {
///     // Ask your secret manager here.
///     Ok::<_, ConfigError>(Secrets::named("2026-11", Secret::new("a secret of at least sixteen bytes")?))
/// });
/// let secrets = WatchedSecrets::load("stripe", source).await?;
/// let layer = WebhookLayer::watching(provider::STRIPE, &secrets)?;
/// secrets.reload().await?; // or `tokio::spawn(secrets.reload_every(..))`
/// # Ok::<(), ConfigError>(())
/// # }).expect("the example works");
/// ```
pub const fn secret_source_fn<F>(load: F) -> SecretSourceFn<F> {
    SecretSourceFn(load)
}

/// See [`secret_source_fn`].
#[derive(Clone, Copy)]
pub struct SecretSourceFn<F>(F);

impl<F> fmt::Debug for SecretSourceFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretSourceFn(..)")
    }
}

impl<F, Fut, K, E> SecretSource for SecretSourceFn<F>
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<K, E>> + Send + 'static,
    K: Into<Secrets>,
    E: Into<BoxError>,
{
    fn load(&self) -> impl Future<Output = Result<Secrets, BoxError>> + Send + 'static {
        let loading = (self.0)();
        async move { loading.await.map(Into::into).map_err(Into::into) }
    }
}

type Loading = Pin<Box<dyn Future<Output = Result<Secrets, BoxError>> + Send>>;

trait ErasedSource: Send + Sync {
    fn load(&self) -> Loading;
}

impl<S: SecretSource> ErasedSource for S {
    fn load(&self) -> Loading {
        Box::pin(SecretSource::load(self))
    }
}

/// A ring of secrets that is replaced while the service runs. All clones, and all layers made with one, share it.
///
/// Deliveries that are being verified keep the ring that they began with, so none is lost. A new ring counts for all
/// routes or for none: one that is empty or weak, that a route's scheme cannot use, or of which no key counts now, is
/// refused, and the last good one stays. That is an error in the log (`tower_webhook::secrets`) and in
/// `webhook_secret_reload_failures_total`.
///
/// See [the guide](crate::guide::secrets) for where secrets come from and how they are rotated.
#[derive(Clone)]
pub struct WatchedSecrets {
    shared: Arc<Shared>,
}

struct Shared {
    name: Box<str>,
    source: Option<Arc<dyn ErasedSource>>,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    /// One load at a time, so that an older answer never replaces a younger one.
    loading: tokio::sync::Mutex<()>,
    metrics: OnceLock<ReloadMetrics>,
}

struct State {
    ring: Secrets,
    /// Which ring it is, counted from the first.
    nth: u64,
    routes: Vec<Weak<WatchedKeys>>,
}

impl WatchedSecrets {
    /// A ring that you replace yourself. Its name is the label `ring` in metrics, and stands in the log.
    pub fn new(name: &str, secrets: impl Into<Secrets>) -> Self {
        Self::of(name, None, secrets.into())
    }

    /// A ring out of `source`, loaded for the first time.
    ///
    /// # Errors
    /// The source fails, or takes longer than 30 s: a service without secrets does not start.
    pub async fn load(name: &str, source: impl SecretSource) -> Result<Self, ConfigError> {
        let source: Arc<dyn ErasedSource> = Arc::new(source);
        let ring = ask(&source).await?;
        Ok(Self::of(name, Some(source), ring))
    }

    fn of(name: &str, source: Option<Arc<dyn ErasedSource>>, ring: Secrets) -> Self {
        Self {
            shared: Arc::new(Shared {
                name: name.into(),
                source,
                clock: Arc::new(SystemClock),
                state: Mutex::new(State { ring, nth: 0, routes: Vec::new() }),
                loading: tokio::sync::Mutex::new(()),
                metrics: OnceLock::new(),
            }),
        }
    }

    /// Shows in metrics when the ring was loaded, and how often that failed. Install the recorder first.
    #[cfg(any(feature = "metrics", feature = "otel"))]
    #[must_use]
    pub fn metrics(self) -> Self {
        let metrics = self.shared.metrics.get_or_init(|| ReloadMetrics::of_ring(&self.shared.name));
        if let Some(now) = self.shared.clock.now() {
            metrics.loaded(now);
        }
        self
    }

    /// The ids of the keys, in their order.
    #[must_use]
    pub fn key_ids(&self) -> Vec<String> {
        self.shared.state().ring.ids().map(str::to_owned).collect()
    }

    /// Takes this ring from now on.
    ///
    /// # Errors
    /// A ring of which no key counts now, or that a route cannot use. The last good one stays.
    pub fn replace(&self, secrets: impl Into<Secrets>) -> Result<(), ConfigError> {
        self.shared.noted(self.shared.swap(secrets.into(), None))
    }

    /// Asks the source again.
    ///
    /// # Errors
    /// There is no source, it fails (or panics, or takes longer than 30 s), or what it has cannot be taken. The last good
    /// ring stays.
    pub async fn reload(&self) -> Result<(), ConfigError> {
        let Some(source) = &self.shared.source else {
            return Err(ConfigError::secret("these secrets have no source: they are replaced by hand"));
        };
        let _one = self.shared.loading.lock().await;
        let nth = self.shared.state().nth;
        let loaded = ask(source).await;
        self.shared.noted(loaded.and_then(|ring| self.shared.swap(ring, Some(nth))))
    }

    /// Asks the source again and again, for ever: `tokio::spawn(secrets.reload_every(Duration::from_secs(30)))`. What
    /// fails is in log and metrics, and is tried again at the next time. Less than 100 ms is taken for that.
    pub async fn reload_every(self, interval: Duration) {
        loop {
            tokio::time::sleep(interval.max(Duration::from_millis(100))).await;
            if self.reload().await.is_err() && self.shared.source.is_none() {
                return;
            }
        }
    }

    /// The keys of a route, which follow the ring.
    pub(super) fn for_route(&self, scheme: Scheme) -> Result<Arc<WatchedKeys>, ConfigError> {
        let mut state = self.shared.state();
        let ring = Keyring::new(&scheme, &state.ring)?;
        let keys = Arc::new(WatchedKeys { scheme, ring: RwLock::new(Arc::new(ring)), metrics: Mutex::default() });
        state.routes.retain(|route| route.strong_count() > 0);
        state.routes.push(Arc::downgrade(&keys));
        Ok(keys)
    }
}

/// In a task of its own, so that a source that panics ends nothing else.
async fn ask(source: &Arc<dyn ErasedSource>) -> Result<Secrets, ConfigError> {
    let failed = |what: String| ConfigError::secret(format!("the source of secrets {what}"));
    let source = Arc::clone(source);
    let loading = tokio::spawn(async move { source.load().await });
    match tokio::time::timeout(PATIENCE, loading).await {
        Ok(Ok(Ok(ring))) => Ok(ring),
        Ok(Ok(Err(error))) => Err(failed(format!("failed: {error}"))),
        Ok(Err(_)) => Err(failed("panicked".to_owned())),
        Err(_) => Err(failed(format!("took longer than {PATIENCE:?}"))),
    }
}

impl Shared {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // A ring is replaced as a whole, so that none is half there, not even behind a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `instead_of`: only if no other ring has come since.
    fn swap(&self, ring: Secrets, instead_of: Option<u64>) -> Result<(), ConfigError> {
        if !ring.counts(self.clock.now()) {
            return Err(ConfigError::secret("no key of the ring counts at this time"));
        }
        let mut state = self.state();
        if instead_of.is_some_and(|nth| nth != state.nth) {
            return Ok(());
        }
        let routes: Vec<_> = state.routes.iter().filter_map(Weak::upgrade).collect();
        let rings: Result<Vec<_>, _> = routes.iter().map(|keys| Keyring::new(&keys.scheme, &ring)).collect();
        // Before any is changed: all routes follow, or none.
        for (keys, ring) in routes.iter().zip(rings?) {
            keys.follow(ring);
        }
        if !state.ring.ids().eq(ring.ids()) {
            log::ring_changed(&self.name, ring.ids());
        }
        state.ring = ring;
        state.nth += 1;
        Ok(())
    }

    fn noted(&self, result: Result<(), ConfigError>) -> Result<(), ConfigError> {
        match (&result, self.metrics.get()) {
            (Ok(()), Some(metrics)) => {
                if let Some(now) = self.clock.now() {
                    metrics.loaded(now);
                }
            }
            (Err(_), Some(metrics)) => metrics.failed(),
            (_, None) => {}
        }
        if let Err(error) = &result {
            log::reload_failed(&self.name, error);
        }
        result
    }
}

impl fmt::Debug for WatchedSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchedSecrets")
            .field("name", &self.shared.name)
            .field("keys", &self.key_ids())
            .finish_non_exhaustive()
    }
}

/// The keys of one route, replaced as the ring is.
pub(super) struct WatchedKeys {
    scheme: Scheme,
    ring: RwLock<Arc<Keyring>>,
    /// Of the layers of this route, which are told about new keys.
    metrics: Mutex<Vec<SignatureMetrics>>,
}

impl WatchedKeys {
    /// The keys as they are now.
    pub(super) fn ring(&self) -> Arc<Keyring> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Tells these metrics about the keys that come.
    pub(super) fn count_in(&self, metrics: SignatureMetrics) {
        self.metrics.lock().unwrap_or_else(PoisonError::into_inner).push(metrics);
    }

    fn follow(&self, ring: Keyring) {
        for metrics in &*self.metrics.lock().unwrap_or_else(PoisonError::into_inner) {
            metrics.announce(&ring.ids().map(AsRef::as_ref).collect::<Vec<_>>());
            for (id, end) in ring.ends() {
                metrics.key_expires(id, end);
            }
        }
        let stale = std::mem::replace(&mut *self.ring.write().unwrap_or_else(PoisonError::into_inner), Arc::new(ring));
        drop(stale);
    }
}

impl fmt::Debug for WatchedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.ring().ids()).finish()
    }
}
