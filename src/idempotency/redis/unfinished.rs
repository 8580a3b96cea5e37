//! Records that could not be written when their runs ended.
//!
//! The work of such a run is done, and its sender is answered; were its claim to lapse, the next copy would run it again.
//! So the record is tried to be written until the server takes it, as after an outage.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};

use super::RedisStore;
use crate::delivery_key::Key;
use crate::idempotency::store::Claimed;

/// How long a record is tried, and the pauses in between: the first, and the longest.
const WITHIN: Duration = Duration::from_secs(10 * 60);
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
/// How many records are kept for it. The claims of those beyond lapse.
const MOST: usize = 1024;

/// The tokens of the runs whose records are tried in the background, and their keys.
#[derive(Debug, Default)]
pub(super) struct Unfinished(Mutex<HashMap<[u8; 16], Key>>);

impl Unfinished {
    fn entries(&self) -> MutexGuard<'_, HashMap<[u8; 16], Key>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `false` where it is tried already, or too many are.
    fn begin(&self, claimed: &Claimed) -> bool {
        let mut entries = self.entries();
        entries.len() < MOST && entries.insert(*claimed.token.as_bytes(), claimed.key).is_none()
    }

    fn is_wanted(&self, claimed: &Claimed) -> bool {
        self.entries().contains_key(claimed.token.as_bytes())
    }

    /// The run is finished, or given back.
    pub(super) fn end(&self, claimed: &Claimed) {
        self.entries().remove(claimed.token.as_bytes());
    }

    /// An operator wants the delivery to run again.
    pub(super) fn forget(&self, key: &Key) {
        self.entries().retain(|_, unfinished| unfinished != key);
    }
}

/// A record that is being written. Dropped before that has succeeded, since the time was up or the server is away, it
/// goes on in the background.
pub(super) struct Finishing<'s> {
    store: &'s RedisStore,
    claimed: Claimed,
    record: Bytes,
    retain_for: Duration,
    finished: bool,
}

impl<'s> Finishing<'s> {
    pub(super) const fn new(store: &'s RedisStore, claimed: Claimed, record: Bytes, retain_for: Duration) -> Self {
        Self { store, claimed, record, retain_for, finished: false }
    }

    pub(super) fn finished(mut self) {
        self.finished = true;
        self.store.unfinished.end(&self.claimed);
    }
}

impl Drop for Finishing<'_> {
    fn drop(&mut self) {
        let Ok(runtime) = Handle::try_current() else { return };
        if self.finished || !self.store.unfinished.begin(&self.claimed) {
            return;
        }
        let (store, claimed) = (self.store.clone(), self.claimed);
        let (record, retain_for) = (std::mem::take(&mut self.record), self.retain_for);
        drop(runtime.spawn(async move {
            let (begin, mut pause) = (Instant::now(), FIRST_PAUSE);
            while begin.elapsed() < WITHIN {
                sleep(pause).await;
                if !store.unfinished.is_wanted(&claimed) || store.finish(&claimed, &record, retain_for).await.is_ok() {
                    break;
                }
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            store.unfinished.end(&claimed);
        }));
    }
}
