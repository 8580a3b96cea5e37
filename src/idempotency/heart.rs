//! The one task that keeps the claims of runs alive, and says when one has worked for too long.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Poll, Waker};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::config::Config;
use super::erased::StoreError;
use super::log;
use super::store::{Claimed, Fenced};
use crate::clock::CENTURY;
use crate::run_context::{LostClaims, Token};

/// What a run is told: it is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beat {
    /// The grace of the drain is over.
    Draining,
    /// The handler has taken longer than it may.
    TimedOut,
}

/// One for all runs of a [`Drain`](super::Drain).
///
/// Its task begins with the first run that is not done at once, sleeps until something is due, and ends with the heart.
/// When its runtime ends before, a run in another one begins it anew.
#[derive(Default)]
pub(super) struct Heart {
    runs: Mutex<Runs>,
    beating: AtomicBool,
    /// Something is due before the task would look.
    changed: Arc<Notify>,
    pub(super) lost: Arc<LostClaims>,
}

#[derive(Default)]
struct Runs {
    last: u64,
    watched: HashMap<u64, Watched>,
    due: BTreeSet<(Instant, u64)>,
    /// When the task looks next.
    armed: Option<Instant>,
    stopped: bool,
}

struct Watched {
    config: Arc<Config>,
    route: Arc<str>,
    /// What is extended: `None` where there is no claim, and once it is lost or to be given back.
    claimed: Option<Claimed>,
    lost: Option<Token>,
    extending: bool,
    due: Instant,
    ends: Instant,
    told: Option<Beat>,
    waker: Waker,
}

impl Heart {
    /// Watches one more run.
    pub(super) fn watch(
        self: &Arc<Self>,
        config: &Arc<Config>,
        route: &Arc<str>,
        claimed: Option<Claimed>,
        waker: &Waker,
    ) -> u64 {
        let now = Instant::now();
        let ends = far(now, config.max_execution);
        let due = far(now, config.lease / 3).min(ends);
        let (config, route) = (Arc::clone(config), Arc::clone(route));
        let mut guard = self.lock();
        let runs = &mut *guard;
        runs.last += 1;
        let told = runs.stopped.then_some(Beat::Draining);
        let run =
            Watched { config, route, claimed, lost: None, extending: false, due, ends, told, waker: waker.clone() };
        runs.watched.insert(runs.last, run);
        runs.due.insert((due, runs.last));
        let (id, sooner) = (runs.last, runs.armed.is_none_or(|armed| due < armed));
        drop(guard);
        if sooner {
            self.changed.notify_one();
        }
        id
    }

    /// Whether the run is to end; wakes it when it is.
    pub(super) fn poll(self: &Arc<Self>, id: u64, waker: &Waker) -> Poll<Beat> {
        if !self.beating.load(Ordering::Acquire) {
            self.start();
        }
        let mut runs = self.lock();
        let Some(run) = runs.watched.get_mut(&id) else { return Poll::Pending };
        if let Some(beat) = run.told {
            return Poll::Ready(beat);
        }
        if !run.waker.will_wake(waker) {
            let old = std::mem::replace(&mut run.waker, waker.clone());
            // Whatever a waker drops may end a run, which asks for the lock.
            drop(runs);
            drop(old);
        }
        Poll::Pending
    }

    /// Extends the claim no more. `true` where a call that does is under way.
    pub(super) fn hush(&self, id: u64) -> bool {
        self.lock().watched.get_mut(&id).is_some_and(|run| {
            run.claimed = None;
            run.extending
        })
    }

    /// Ready when no call to extend the claim is under way.
    pub(super) async fn quiet(&self, id: u64) {
        std::future::poll_fn(|cx| {
            let mut runs = self.lock();
            let Some(run) = runs.watched.get_mut(&id).filter(|run| run.extending) else { return Poll::Ready(()) };
            let old = std::mem::replace(&mut run.waker, cx.waker().clone());
            drop(runs);
            drop(old);
            Poll::Pending
        })
        .await;
    }

    /// The run has ended.
    pub(super) fn leave(&self, id: u64) {
        let mut runs = self.lock();
        let Some(run) = runs.watched.remove(&id) else { return };
        runs.due.remove(&(run.due, id));
        drop(runs);
        if let Some(token) = &run.lost {
            self.lost.remove(token);
        }
    }

    /// Tells all runs to end, those to come among them.
    pub(super) fn stop(&self) {
        let mut runs = self.lock();
        runs.stopped = true;
        let told = runs.watched.values_mut().map(|run| {
            run.told.get_or_insert(Beat::Draining);
            run.waker.clone()
        });
        let wakers: Vec<Waker> = told.collect();
        drop(runs);
        wakers.into_iter().for_each(Waker::wake);
    }

    pub(super) fn start(self: &Arc<Self>) {
        let Ok(runtime) = Handle::try_current() else { return };
        if !self.beating.swap(true, Ordering::AcqRel) {
            drop(runtime.spawn(beat(Beating(Arc::downgrade(self)), Arc::clone(&self.changed))));
        }
    }

    /// Does what is due, and says when to look again.
    fn sweep(self: &Arc<Self>) -> Option<Instant> {
        let now = Instant::now();
        let (mut ended, mut extended) = (Vec::new(), Vec::new());
        let mut guard = self.lock();
        let runs = &mut *guard;
        while let Some(&(at, id)) = runs.due.first()
            && at <= now
        {
            runs.due.pop_first();
            let Some(run) = runs.watched.get_mut(&id) else { continue };
            if run.ends <= now {
                run.told.get_or_insert(Beat::TimedOut);
                ended.push(run.waker.clone());
                continue;
            }
            if let (Some(claimed), false) = (run.claimed, run.extending) {
                run.extending = true;
                extended.push((Extending { heart: Arc::clone(self), id }, Arc::clone(&run.config), claimed));
            }
            run.due = far(now, run.config.lease / 3).min(run.ends);
            runs.due.insert((run.due, id));
        }
        runs.armed = runs.due.first().map(|(at, _)| *at);
        drop(guard);
        ended.into_iter().for_each(Waker::wake);
        for (extending, config, claimed) in extended {
            let mut call = config.extend(&claimed);
            match call.take_answer() {
                Some(answer) => extending.ended(&claimed, Ok(answer)),
                None => drop(tokio::spawn(async move {
                    let answer = call.await;
                    extending.ended(&claimed, answer);
                })),
            }
        }
        // Calls that were answered at once may have changed it.
        self.lock().armed
    }

    fn lock(&self) -> MutexGuard<'_, Runs> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Heart {
    fn drop(&mut self) {
        self.changed.notify_one();
    }
}

impl fmt::Debug for Heart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Heart").field("beating", &self.beating).finish_non_exhaustive()
    }
}

/// A call that extends a claim, under way while this lives.
struct Extending {
    heart: Arc<Heart>,
    id: u64,
}

impl Extending {
    fn ended(self, claimed: &Claimed, answer: Result<Fenced, StoreError>) {
        let mut runs = self.heart.lock();
        let Some(run) = runs.watched.get_mut(&self.id) else { return };
        match answer {
            Ok(Fenced::Ok) => {}
            Ok(Fenced::Lost) => {
                run.claimed = None;
                run.lost = Some(claimed.token);
                drop(runs);
                self.heart.lost.add(claimed.token);
                if !self.heart.lock().watched.contains_key(&self.id) {
                    self.heart.lost.remove(&claimed.token);
                }
            }
            // Sooner than the next beat: when the store is back, the claim is to be there before another's.
            Err(error) => {
                let (was, again) = (run.due, far(Instant::now(), run.config.lease / 12).min(run.due));
                run.due = again;
                let route = Arc::clone(&run.route);
                runs.due.remove(&(was, self.id));
                runs.due.insert((again, self.id));
                let sooner = runs.armed.is_none_or(|armed| again < armed);
                if sooner {
                    runs.armed = Some(again);
                }
                drop(runs);
                if sooner {
                    self.heart.changed.notify_one();
                }
                log::store_failed("extend", &route, &error);
            }
        }
    }
}

impl Drop for Extending {
    fn drop(&mut self) {
        let mut runs = self.heart.lock();
        let Some(run) = runs.watched.get_mut(&self.id) else { return };
        run.extending = false;
        // Whoever waits for quiet; otherwise it is woken for nothing, once a beat.
        let waker = run.claimed.is_none().then(|| run.waker.clone());
        drop(runs);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// While it lives, a heart beats.
struct Beating(Weak<Heart>);

impl Drop for Beating {
    fn drop(&mut self) {
        let Some(heart) = self.0.upgrade() else { return };
        heart.beating.store(false, Ordering::Release);
        // Its runtime ends. A run in another one begins anew.
        let wakers: Vec<Waker> = heart.lock().watched.values().map(|run| run.waker.clone()).collect();
        wakers.into_iter().for_each(Waker::wake);
    }
}

async fn beat(beating: Beating, changed: Arc<Notify>) {
    loop {
        let Some(heart) = beating.0.upgrade() else { return };
        let next = heart.sweep();
        drop(heart);
        match next {
            Some(at) => drop(timeout_at(at, changed.notified()).await),
            None => changed.notified().await,
        }
    }
}

/// As far ahead as can be told.
fn far(now: Instant, by: Duration) -> Instant {
    now.checked_add(by.min(CENTURY)).unwrap_or(now)
}
