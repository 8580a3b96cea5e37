//! One loop a subscriber: takes what is due, runs it, and waits.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, RwLock, watch};
use tokio::task::JoinSet;

use super::engine::{Due, Ending, Engine, Job, Lease};
use super::error::InboxErrorKind;
use super::event::{millis, time};
use super::log;
use super::outcome::InboxOutcome;
use super::subscriber::{Ran, Subscriber};
use crate::clock::{Clock, UnixTime};
use crate::run_context::Token;
use crate::takeover::Runs;
use crate::telemetry::{Attempted, Death, InboxMetrics, ProcessSpan};

/// The longest time without a look: by then, what somebody else has requeued is seen too.
const LOOK: Duration = Duration::from_secs(1);
/// How often the end of a run is tried to be written down, and how often when the inbox stops.
const TRIES: u32 = 300;
const LAST_TRIES: u32 = 3;
/// Between two of these tries: the first time, and the longest.
const PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How far the inbox is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    Serving,
    /// Nothing new is taken.
    Draining,
    /// What still runs is taken back.
    Stopping,
}

/// What all workers of an inbox share.
#[derive(Debug)]
pub(super) struct Workshop {
    pub(super) engine: Arc<dyn Engine>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) phase: watch::Sender<Phase>,
    pub(super) metrics: Option<InboxMetrics>,
    /// A suspect runs while nobody else does: what it does to the process, it does alone.
    pub(super) alone: Arc<RwLock<()>>,
    /// Runs that began in their request.
    pub(super) direct: Runs,
}

impl Workshop {
    pub(super) fn phase(&self) -> Phase {
        *self.phase.borrow()
    }

    /// A clock before 1970 is no time: nothing is due then, and nothing is lost.
    fn now(&self) -> UnixTime {
        self.clock.now().unwrap_or_default()
    }
}

/// What a run tells its worker.
struct Over {
    seq: i64,
    /// `None`: it says nothing about the subscriber.
    well: Option<bool>,
}

pub(super) async fn work(shop: Arc<Workshop>, mut subscriber: Subscriber, wake: Arc<Notify>) {
    let mut phase = shop.phase.subscribe();
    let (mut running, mut taken) = (JoinSet::new(), HashSet::new());
    loop {
        if *phase.borrow_and_update() != Phase::Serving {
            break;
        }
        let most = subscriber.breaker.allows(shop.clock.monotonic(), subscriber.concurrency);
        let room = most.saturating_sub(taken.len());
        let mut pause = LOOK;
        if room > 0 {
            let now = millis(shop.now());
            // Of one line at most one runs, so several rounds may be needed.
            let ask = Due {
                subscriber: Arc::clone(&subscriber.name),
                now,
                limit: room,
                order: subscriber.order,
                taken: taken.clone(),
                token: Token::fresh(),
            };
            match shop.engine.due(ask).await {
                Ok(found) => {
                    if let Some(due) = found.next_due {
                        pause = pause
                            .min(Duration::from_millis(u64::try_from(due.saturating_sub(now)).unwrap_or_default()));
                    }
                    for job in found.jobs {
                        taken.insert(job.lease.seq);
                        running.spawn(run(Arc::clone(&shop), subscriber.clone(), job));
                    }
                }
                Err(error) => log::failed("due", &subscriber.name, &error),
            }
        }
        tokio::select! {
            Some(over) = running.join_next() => note(&shop, &mut subscriber, &mut taken, over),
            // Without room it is not woken: the next run that ends makes it look.
            () = wake.notified(), if room > 0 => {}
            () = tokio::time::sleep(pause.max(Duration::from_millis(1))) => {}
            _ = phase.changed() => {}
        }
        while let Some(over) = running.try_join_next() {
            note(&shop, &mut subscriber, &mut taken, over);
        }
    }
    while running.join_next().await.is_some() {}
}

fn note(
    shop: &Workshop,
    subscriber: &mut Subscriber,
    taken: &mut HashSet<i64>,
    over: Result<Over, tokio::task::JoinError>,
) {
    // A run catches the panics of its handler, so this is none of ours to lose.
    let Ok(over) = over else { return };
    taken.remove(&over.seq);
    match over.well {
        Some(true) => subscriber.breaker.succeeded(),
        Some(false) if subscriber.breaker.failed(shop.clock.monotonic()) => log::breaker_opened(&subscriber.name),
        Some(false) | None => {}
    }
}

async fn run(shop: Arc<Workshop>, subscriber: Subscriber, job: Job) -> Over {
    let well = attempt(&shop, &subscriber, &job).await;
    shop.engine.let_go(&job.lease);
    Over { seq: job.lease.seq, well }
}

/// Whether the subscriber is well, as far as this says anything about it.
async fn attempt(shop: &Workshop, subscriber: &Subscriber, job: &Job) -> Option<bool> {
    // Guards of both kinds: only one of them is ever held.
    let (_alone, _along) = if job.suspect {
        (Some(Arc::clone(&shop.alone).write_owned().await), None)
    } else {
        (None, Some(Arc::clone(&shop.alone).read_owned().await))
    };
    let (name, lease) = (&subscriber.name, &job.lease);
    if shop.phase() != Phase::Serving {
        return None;
    }
    if job.attempts > 0 && subscriber.schedule.nominal(job.attempts).is_none() {
        let error = "the process ended while the handler ran".to_owned();
        log::dead(name, lease.seq, job.attempts, &error);
        if let Some(metrics) = &shop.metrics {
            metrics.died(&job.event.route, Death::Crashed);
        }
        finish(shop, lease, Ending::Dead { at: millis(shop.now()), status: None, error }).await;
        return None;
    }
    let attempt = match shop.engine.begin(lease.clone()).await {
        Ok(attempt) => attempt?,
        Err(error) => {
            log::failed("begin", name, &error);
            // Not again at once: the disk may be full.
            tokio::time::sleep(LOOK).await;
            return None;
        }
    };
    let under_way = Attempt {
        lease: lease.clone(),
        count: attempt,
        route: job.event.route.clone(),
        received_at: time(job.event.received_at),
        began: shop.clock.monotonic(),
    };
    let request = job.event.request(Token::fresh(), attempt);
    let span = ProcessSpan::begin(name, attempt, &request);
    let running = span.around(subscriber.handler.run(request));
    let mut stopping = shop.phase.subscribe();
    let ran = tokio::select! {
        ran = tokio::time::timeout(subscriber.timeout, running) => ran,
        () = stopped(&mut stopping) => {
            span.ended("returned");
            finish(shop, lease, Ending::Returned { due: millis(shop.now()) }).await;
            return None;
        }
    };
    let limit = subscriber.timeout;
    let ran = ran.unwrap_or_else(|_| Ran::failed(format!("the handler took longer than {limit:?}")));
    let (attempted, well) = end(shop, subscriber, &under_way, ran).await;
    span.ended(attempted.outcome());
    well
}

/// An attempt that is counted and under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attempt {
    pub(super) lease: Lease,
    /// The first is 1.
    pub(super) count: u32,
    pub(super) route: String,
    pub(super) received_at: UnixTime,
    /// Monotonic.
    pub(super) began: Duration,
}

/// Writes down how an attempt has ended, and says whether the subscriber is well.
pub(super) async fn end(
    shop: &Workshop,
    subscriber: &Subscriber,
    attempt: &Attempt,
    ran: Ran,
) -> (Attempted, Option<bool>) {
    let name = &subscriber.name;
    let took = shop.clock.monotonic().saturating_sub(attempt.began);
    let permanent = matches!(ran.outcome, InboxOutcome::Permanent(_));
    let (ending, well) = judge(shop, subscriber, attempt.count, ran);
    let attempted = match &ending {
        Ending::Dead { error, .. } => {
            log::dead(name, attempt.lease.seq, attempt.count, error);
            Attempted::Dead
        }
        Ending::Done { .. } => Attempted::Done,
        Ending::Retry { .. } | Ending::Returned { .. } => Attempted::Retry,
    };
    if let Some(metrics) = &shop.metrics {
        metrics.attempted(name, attempted, took);
        match attempted {
            Attempted::Dead => {
                metrics.died(&attempt.route, if permanent { Death::Permanent } else { Death::Exhausted })
            }
            Attempted::Done => metrics.handled(name, shop.now().saturating_since(attempt.received_at)),
            Attempted::Retry => {}
        }
    }
    finish(shop, &attempt.lease, ending).await;
    (attempted, well)
}

pub(super) async fn stopped(phase: &mut watch::Receiver<Phase>) {
    // The sender lives in the workshop, which the run holds.
    drop(phase.wait_for(|phase| *phase == Phase::Stopping).await);
}

/// What is written down, and whether the subscriber is well. A delivery that failed once says nothing about that yet:
/// its next attempt may succeed.
fn judge(shop: &Workshop, subscriber: &Subscriber, attempt: u32, ran: Ran) -> (Ending, Option<bool>) {
    let now = shop.now();
    let (at, status) = (millis(now), ran.status);
    match ran.outcome {
        InboxOutcome::Done => (Ending::Done { at, status }, Some(true)),
        InboxOutcome::Permanent(_) => (Ending::Dead { at, status, error: ran.error }, Some(true)),
        InboxOutcome::Retry { after } => match subscriber.schedule.wait(attempt) {
            Some(delay) => {
                let due = millis(now.saturating_add(delay.max(after.unwrap_or_default())));
                (Ending::Retry { due, status, error: ran.error }, (attempt > 1).then_some(false))
            }
            None => (Ending::Dead { at, status, error: ran.error }, Some(false)),
        },
    }
}

/// A run that is over is over, so its end is written down as soon as that can be done: what is not written down runs
/// again. Given up when the inbox is poisoned, when it stops, and after some ten minutes; then the row says that it
/// runs, and becomes a suspect at the next start or when its lease has lapsed.
pub(super) async fn finish(shop: &Workshop, lease: &Lease, ending: Ending) {
    for tried in 1..=TRIES {
        let Err(error) = shop.engine.finish(lease.clone(), ending.clone()).await else { return };
        log::failed("finish", &lease.subscriber, &error);
        let last = shop.phase() == Phase::Stopping && tried >= LAST_TRIES;
        if error.kind() == InboxErrorKind::Poisoned || last {
            return;
        }
        tokio::time::sleep(PAUSE.saturating_mul(tried).min(LONGEST_PAUSE)).await;
    }
}
