//! A list that is replaced while the service runs.

use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use super::format::ListFormat;
use super::log;
use crate::body::BoxError;
use crate::client_ip::NetworkSet;
use crate::clock::{Clock, SystemClock};
use crate::config_error::{ConfigError, ConfigErrorKind};
use crate::telemetry::ReloadMetrics;

/// The networks that an [`AllowlistLayer`](super::AllowlistLayer) lets in, replaceable at run time.
///
/// All clones are one list: keep one, give one to each layer. It always holds a list that was sound: what
/// is empty or broken is refused, and the list before it stays.
///
/// ```
/// use tower_webhook::AllowlistLayer;
/// use tower_webhook::allowlist::AllowlistSource;
///
/// let source = AllowlistSource::new(["192.30.252.0/22"])?;
/// let layer = AllowlistLayer::from_source(source.clone());
///
/// source.replace(["192.30.252.0/22", "140.82.112.0/20"])?; // whenever a new list was fetched
/// assert!(source.replace(Vec::<String>::new()).is_err());
/// assert!(source.contains("140.82.112.1".parse()?)); // the last sound list stays
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct AllowlistSource {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    clock: Arc<dyn Clock>,
    current: RwLock<Current>,
    /// The name in metrics and log, and the handles.
    metrics: OnceLock<(Box<str>, ReloadMetrics)>,
}

impl Shared {
    fn count(&self) {
        if let (Some((_, metrics)), Some(now)) = (self.metrics.get(), self.clock.now()) {
            metrics.loaded(now);
        }
    }
}

#[derive(Debug)]
struct Current {
    /// `None`: none was loaded yet, and nobody is let in.
    networks: Option<NetworkSet>,
    /// On the monotonic clock.
    since: Duration,
}

impl AllowlistSource {
    /// Starts with these networks, written as for [`AllowlistLayer::new`](super::AllowlistLayer::new).
    ///
    /// # Errors
    /// As there.
    pub fn new<I>(networks: I) -> Result<Self, ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        Self::with_clock(networks, SystemClock)
    }

    /// As [`new`](Self::new), with another clock to tell the age by.
    ///
    /// # Errors
    /// As there.
    pub fn with_clock<I>(networks: I, clock: impl Clock) -> Result<Self, ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        Ok(Self::of(Some(NetworkSet::parse(ConfigErrorKind::Allowlist, networks)?), clock))
    }

    /// Starts without a list: until the first one comes, everybody is refused with 503 `not_configured`, so that senders
    /// come back.
    #[must_use]
    pub fn pending() -> Self {
        Self::of(None, SystemClock)
    }

    fn of(networks: Option<NetworkSet>, clock: impl Clock) -> Self {
        let current = RwLock::new(Current { networks, since: clock.monotonic() });
        Self { shared: Arc::new(Shared { clock: Arc::new(clock), current, metrics: OnceLock::new() }) }
    }

    /// Replaces the whole list, for requests from now on. The same list again counts as fresh, too.
    ///
    /// # Errors
    /// As in [`new`](Self::new); the list and its age stay as they were.
    pub fn replace<I>(&self, networks: I) -> Result<(), ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        let networks = NetworkSet::parse(ConfigErrorKind::Allowlist, networks)?;
        self.put(networks);
        Ok(())
    }

    fn put(&self, networks: NetworkSet) {
        let fresh = Current { networks: Some(networks), since: self.shared.clock.monotonic() };
        // A list is replaced as a whole, so that none is half written, not even behind a panic. The old one
        // is dropped when the lock is open again.
        let stale = std::mem::replace(&mut *self.shared.current.write().unwrap_or_else(PoisonError::into_inner), fresh);
        drop(stale);
        self.shared.count();
    }

    /// Shows in `webhook_allowlist_refresh_timestamp_seconds` when the list was made or last replaced, and in
    /// `webhook_allowlist_refresh_failures_total` how often a refresh failed, under this label `list`. The first name stays. Install the recorder first.
    #[cfg(any(feature = "metrics", feature = "otel"))]
    #[must_use]
    pub fn metrics(self, name: &str) -> Self {
        self.shared.metrics.get_or_init(|| (name.into(), ReloadMetrics::of_list(name)));
        if !self.is_missing() {
            self.shared.count();
        }
        self
    }

    /// Takes the list that `fetch` brings: the body of a published list, such as
    /// `client.get("https://api.github.com/meta")`.
    ///
    /// # Errors
    /// It fails, or brings what [`ListFormat`] refuses. The last good list stays; log (`tower_webhook::allowlist`) and
    /// `webhook_allowlist_refresh_failures_total` say so.
    pub async fn refresh<T, E>(
        &self,
        format: &ListFormat,
        fetch: impl Future<Output = Result<T, E>>,
    ) -> Result<(), ConfigError>
    where
        T: AsRef<[u8]>,
        E: Into<BoxError>,
    {
        let fetched = fetch.await.map_err(|error| {
            ConfigError::new(ConfigErrorKind::Allowlist, format!("the list cannot be fetched: {}", error.into()))
        });
        let networks = fetched.and_then(|text| format.read(text.as_ref()));
        self.noted(networks)
    }

    /// Takes the list in a file of at most 16 MiB.
    ///
    /// # Errors
    /// It cannot be read, or holds what [`ListFormat`] refuses. The last good list stays, as for
    /// [`refresh`](Self::refresh).
    pub fn refresh_from_file(&self, format: &ListFormat, path: impl AsRef<Path>) -> Result<(), ConfigError> {
        self.noted(format.read_file(path.as_ref()))
    }

    /// Fetches the list again and again, for ever, first at once; what fails is tried again at the next time. Less than a
    /// second is taken for that.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use tower_webhook::allowlist::{AllowlistSource, ListFormat};
    /// # async fn fetch() -> std::io::Result<Vec<u8>> { Ok(Vec::new()) }
    /// # async fn example() {
    /// let source = AllowlistSource::pending();
    /// let github = ListFormat::json(["/hooks/*"]); // as in https://api.github.com/meta
    /// tokio::spawn(source.clone().refresh_every(Duration::from_secs(3600), github, fetch));
    /// # }
    /// ```
    pub async fn refresh_every<F, Fut, T, E>(self, interval: Duration, format: ListFormat, fetch: F)
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        T: AsRef<[u8]>,
        E: Into<BoxError>,
    {
        loop {
            // What fails is counted and told.
            drop(self.refresh(&format, fetch()).await);
            tokio::time::sleep(interval.max(Duration::from_secs(1))).await;
        }
    }

    fn noted(&self, networks: Result<NetworkSet, ConfigError>) -> Result<(), ConfigError> {
        match networks {
            Ok(networks) => {
                self.put(networks);
                Ok(())
            }
            Err(error) => {
                let named = self.shared.metrics.get();
                if let Some((_, metrics)) = named {
                    metrics.failed();
                }
                log::refresh_failed(named.map(|(name, _)| &**name), &error);
                Err(error)
            }
        }
    }

    /// No list was loaded yet.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.shared.current.read().unwrap_or_else(PoisonError::into_inner).networks.is_none()
    }

    /// How long ago the list was made or last replaced.
    #[must_use]
    pub fn age(&self) -> Duration {
        let since = self.shared.current.read().unwrap_or_else(PoisonError::into_inner).since;
        self.shared.clock.monotonic().saturating_sub(since)
    }

    /// Whether this address is on the list now. IPv4-mapped addresses count as IPv4.
    #[must_use]
    pub fn contains(&self, ip: IpAddr) -> bool {
        let current = self.shared.current.read().unwrap_or_else(PoisonError::into_inner);
        current.networks.as_ref().is_some_and(|networks| networks.contains(ip))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::clock::UnixTime;

    #[derive(Clone, Debug, Default)]
    struct Hand(Arc<AtomicU64>);

    impl Clock for Hand {
        fn now(&self) -> Option<UnixTime> {
            None
        }

        fn monotonic(&self) -> Duration {
            Duration::from_secs(self.0.load(Ordering::Relaxed))
        }
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_new_list_holds_for_all_clones() {
        let source = AllowlistSource::new(["192.0.2.0/24"]).unwrap();
        let clone = source.clone();
        source.replace(["203.0.113.0/24"]).unwrap();
        assert!(clone.contains(ip("203.0.113.1")) && !clone.contains(ip("192.0.2.1")));
    }

    #[test]
    fn an_unsound_list_is_refused_and_the_last_sound_one_stays() {
        let clock = Hand::default();
        let source = AllowlistSource::with_clock(["192.0.2.0/24"], clock.clone()).unwrap();
        clock.0.store(60, Ordering::Relaxed);
        let unsound: [&[&str]; 4] = [&[], &[""], &["203.0.113.0/24", "nope"], &["203.0.113.7/24"]];
        for list in unsound {
            assert_eq!(source.replace(list).unwrap_err().kind(), ConfigErrorKind::Allowlist);
            assert!(source.contains(ip("192.0.2.1")) && !source.contains(ip("203.0.113.1")), "{list:?}");
            assert_eq!(source.age(), Duration::from_secs(60), "what was refused does not make the list fresh");
        }
    }

    #[test]
    fn the_age_counts_from_the_last_sound_list() {
        let clock = Hand::default();
        let source = AllowlistSource::with_clock(["192.0.2.0/24"], clock.clone()).unwrap();
        assert_eq!(source.age(), Duration::ZERO);
        clock.0.store(3600, Ordering::Relaxed);
        assert_eq!(source.age(), Duration::from_secs(3600));
        source.replace(["192.0.2.0/24"]).unwrap();
        assert_eq!(source.age(), Duration::ZERO);
    }

    #[test]
    fn a_thread_that_panics_with_the_lock_held_does_not_close_the_door() {
        let source = AllowlistSource::new(["192.0.2.0/24"]).unwrap();
        let broken = source.clone();
        let thread = std::thread::spawn(move || {
            let _held = broken.shared.current.write().unwrap();
            panic!("on purpose");
        });
        assert!(thread.join().is_err());
        assert!(source.contains(ip("192.0.2.1")));
        source.replace(["203.0.113.0/24"]).unwrap();
        assert!(source.contains(ip("203.0.113.1")));
    }
}
