//! Keeps the claim of a run alive while its handler works, and knows when it has worked too long.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{Instant, Sleep, sleep_until};

use super::case::Case;
use super::erased::StoreCall;
use super::store::Fenced;

/// What the pulse has to say.
pub(super) enum Beat {
    /// The handler has taken longer than it may.
    TimedOut,
}

/// Begins when the handler is pending for the first time: one that is ready at once costs no timer.
#[derive(Default)]
pub(super) struct Pulse {
    ends: Option<Instant>,
    extend: Option<StoreCall<Fenced>>,
    /// Another run has the claim: extending is over.
    fenced: bool,
}

impl Pulse {
    pub(super) fn poll(&mut self, mut timer: Pin<&mut Option<Sleep>>, case: &Case, cx: &mut Context<'_>) -> Poll<Beat> {
        // Without a claim there is nothing to keep, and without a runtime no timer to keep it by.
        if case.tracked.is_none() || (self.ends.is_none() && Handle::try_current().is_err()) {
            return Poll::Pending;
        }
        let config = &case.config;
        let beat = config.lease / 3;
        let ends = *self.ends.get_or_insert_with(|| far(Instant::now(), config.max_execution));
        if timer.is_none() {
            timer.set(Some(sleep_until(far(Instant::now(), beat).min(ends))));
        }
        loop {
            if let Some(extend) = &mut self.extend
                && let Poll::Ready(result) = Pin::new(extend).poll(cx)
            {
                self.extend = None;
                match result {
                    Ok(Fenced::Ok) => {}
                    Ok(Fenced::Lost) => self.fenced = true,
                    // The next beat tries again; the lease outlasts two that fail.
                    Err(error) => case.store_failed("extend", &error),
                }
            }
            let Some(mut sleep) = timer.as_mut().as_pin_mut() else { return Poll::Pending };
            if sleep.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            let now = Instant::now();
            if now >= ends {
                return Poll::Ready(Beat::TimedOut);
            }
            if let (Some(claimed), false, true) = (case.claimed(), self.fenced, self.extend.is_none()) {
                self.extend = Some(config.extend(claimed));
            }
            sleep.reset(far(now, beat).min(ends));
        }
    }
}

/// As far ahead as can be told.
fn far(now: Instant, by: Duration) -> Instant {
    const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
    now.checked_add(by.min(CENTURY)).unwrap_or(now)
}
