//! What goes on in a connection, and until when that is fine.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::limits::Limits;

/// Shared by the socket, which sees bytes, by the requests, and by the one who watches.
#[derive(Debug)]
pub(super) struct Activity(Mutex<State>);

#[derive(Debug)]
struct State {
    in_flight: usize,
    /// No request has come yet.
    fresh: bool,
    /// When there was last a request, or when the connection began.
    idle_since: Instant,
    /// When the first bytes came that are no request yet.
    head_since: Option<Instant>,
    h2: bool,
}

/// A request from its head to the end of its answer's body.
#[derive(Debug)]
pub(super) struct InFlight(Arc<Activity>);

impl Activity {
    pub(super) fn new() -> Self {
        let state = State { in_flight: 0, fresh: true, idle_since: Instant::now(), head_since: None, h2: false };
        Self(Mutex::new(state))
    }

    /// Bytes were received.
    pub(super) fn received(&self) {
        let mut state = self.state();
        // Between two requests, HTTP/2 has frames that are no heads: they do not count.
        if state.in_flight == 0 && !state.h2 && state.head_since.is_none() {
            state.head_since = Some(Instant::now());
        }
    }

    /// A whole head was received.
    pub(super) fn begin(self: &Arc<Self>, version: http::Version) -> InFlight {
        let mut state = self.state();
        state.in_flight += 1;
        state.fresh = false;
        state.head_since = None;
        state.h2 = version == http::Version::HTTP_2;
        InFlight(Arc::clone(self))
    }

    /// When the connection is to be closed, as things stand; `None` while it has a request.
    pub(super) fn deadline(&self, limits: &Limits) -> Option<Instant> {
        let state = self.state();
        if state.in_flight > 0 {
            return None;
        }
        // A new connection has one time for everything up to its first request. Nothing that it sends
        // makes that longer.
        Some(match state.head_since {
            _ if state.fresh => state.idle_since + limits.head_timeout,
            Some(began) => began + limits.head_timeout,
            None => state.idle_since + limits.idle_timeout,
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing above panics while it holds the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.in_flight = state.in_flight.saturating_sub(1);
        state.idle_since = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::Version;
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn dripping_bytes_buys_no_time() {
        let (limits, activity, start) = (Limits::default(), Arc::new(Activity::new()), Instant::now());
        for _ in 0..5 {
            advance(Duration::from_secs(1)).await;
            activity.received();
        }
        assert_eq!(activity.deadline(&limits), Some(start + limits.head_timeout));
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_has_no_deadline_here_and_an_idle_connection_has_a_longer_one() {
        let (limits, activity) = (Limits::default(), Arc::new(Activity::new()));
        let (first, second) = (activity.begin(Version::HTTP_2), activity.begin(Version::HTTP_2));
        drop(first);
        assert_eq!(activity.deadline(&limits), None);
        advance(Duration::from_secs(100)).await;
        drop(second);
        assert_eq!(activity.deadline(&limits), Some(Instant::now() + limits.idle_timeout));
    }

    #[tokio::test(start_paused = true)]
    async fn the_second_head_on_a_connection_is_timed_from_its_first_byte() {
        let (limits, activity) = (Limits::default(), Arc::new(Activity::new()));
        drop(activity.begin(Version::HTTP_11));
        advance(Duration::from_secs(50)).await;
        activity.received();
        let began = Instant::now();
        advance(Duration::from_secs(1)).await;
        activity.received();
        assert_eq!(activity.deadline(&limits), Some(began + limits.head_timeout));
    }

    #[tokio::test(start_paused = true)]
    async fn frames_between_two_requests_are_no_head() {
        let (limits, activity) = (Limits::default(), Arc::new(Activity::new()));
        drop(activity.begin(Version::HTTP_2));
        let idle = Instant::now();
        advance(Duration::from_secs(20)).await;
        activity.received();
        assert_eq!(activity.deadline(&limits), Some(idle + limits.idle_timeout));
    }
}
