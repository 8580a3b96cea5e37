//! A list that is replaced while the service runs.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use crate::client_ip::NetworkSet;
use crate::clock::{Clock, SystemClock};
use crate::config_error::{ConfigError, ConfigErrorKind};
use crate::telemetry::AllowlistMetrics;

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
    /// The name in metrics.
    name: OnceLock<Box<str>>,
}

impl Shared {
    fn count(&self) {
        if let (Some(name), Some(now)) = (self.name.get(), self.clock.now()) {
            AllowlistMetrics::refreshed(name, now);
        }
    }
}

#[derive(Debug)]
struct Current {
    networks: NetworkSet,
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
        let networks = NetworkSet::parse(ConfigErrorKind::Allowlist, networks)?;
        let current = RwLock::new(Current { networks, since: clock.monotonic() });
        Ok(Self { shared: Arc::new(Shared { clock: Arc::new(clock), current, name: OnceLock::new() }) })
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
        let fresh = Current { networks, since: self.shared.clock.monotonic() };
        // A list is replaced as a whole, so that none is half written, not even behind a panic. The old one
        // is dropped when the lock is open again.
        let stale = std::mem::replace(&mut *self.shared.current.write().unwrap_or_else(PoisonError::into_inner), fresh);
        drop(stale);
        self.shared.count();
        Ok(())
    }

    /// Shows in `webhook_allowlist_refresh_timestamp_seconds` when the list was made or last replaced, under this
    /// label `list`. The first name stays. Install the recorder first.
    #[cfg(feature = "metrics")]
    #[must_use]
    pub fn metrics(self, name: &str) -> Self {
        let _ = self.shared.name.set(name.into());
        self.shared.count();
        self
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
        self.shared.current.read().unwrap_or_else(PoisonError::into_inner).networks.contains(ip)
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
