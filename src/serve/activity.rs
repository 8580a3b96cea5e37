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
    /// Those of them whose answer waits for the peer to read.
    with_peer: usize,
    /// When an answer last went on.
    moved: Instant,
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
pub(super) struct InFlight {
    activity: Arc<Activity>,
    with_peer: bool,
}

impl Activity {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        let state =
            State { in_flight: 0, with_peer: 0, moved: now, fresh: true, idle_since: now, head_since: None, h2: false };
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
        InFlight { activity: Arc::clone(self), with_peer: false }
    }

    /// When the connection is to be closed, as things stand; `None` while a request of it is worked on.
    pub(super) fn deadline(&self, limits: &Limits) -> Option<Instant> {
        let state = self.state();
        if state.in_flight > 0 {
            // HTTP/1 is timed by its socket. In HTTP/2 a peer can read all that we write and still let an answer wait,
            // by giving its stream no window.
            let stalled = state.h2 && state.with_peer == state.in_flight;
            return stalled.then(|| state.moved + limits.write_timeout);
        }
        // A new connection has one time for everything up to its first request. Nothing that it sends
        // makes that longer.
        Some(match state.head_since {
            _ if state.fresh => state.idle_since + limits.head_timeout,
            Some(began) => began + limits.head_timeout,
            None => state.idle_since + limits.idle_timeout,
        })
    }

    /// Whether it is a head that is awaited: a peer that owes one is owed no goodbye.
    pub(super) fn owes_a_head(&self) -> bool {
        let state = self.state();
        state.fresh || state.head_since.is_some()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing above panics while it holds the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl InFlight {
    /// A part of the answer is there and the peer is to take it, or there is none yet.
    pub(super) fn answers(&mut self, ready: bool) {
        let mut state = self.activity.state();
        match (self.with_peer, ready) {
            (false, true) => state.with_peer += 1,
            (true, false) => state.with_peer = state.with_peer.saturating_sub(1),
            (false, false) | (true, true) => {}
        }
        state.moved = Instant::now();
        self.with_peer = ready;
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.answers(false);
        let mut state = self.activity.state();
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
    async fn an_answer_over_http_2_that_nobody_reads_has_the_time_of_a_write() {
        let (limits, activity) = (Limits::default(), Arc::new(Activity::new()));
        let (mut first, mut second) = (activity.begin(Version::HTTP_2), activity.begin(Version::HTTP_2));
        first.answers(true);
        assert_eq!(activity.deadline(&limits), None, "the second is worked on");
        advance(Duration::from_secs(20)).await;
        second.answers(true);
        assert_eq!(activity.deadline(&limits), Some(Instant::now() + limits.write_timeout));
        second.answers(false);
        assert_eq!(activity.deadline(&limits), None, "its body is not there yet");
        drop(second);
        assert!(activity.deadline(&limits).is_some());
        drop(first);
        let mut http1 = activity.begin(Version::HTTP_11);
        http1.answers(true);
        assert_eq!(activity.deadline(&limits), None);
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
