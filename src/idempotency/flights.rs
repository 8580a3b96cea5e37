//! Who in this process waits for whose run.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::sync::oneshot;

use crate::delivery_key::Key;

/// How a run has ended, for those who wait for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// With this record.
    Completed(Bytes),
    /// Without one: the next delivery may run.
    Released,
}

/// How many may wait.
#[derive(Clone, Copy, Debug)]
pub(super) struct WaiterLimits {
    pub(super) per_key: usize,
    pub(super) total: usize,
}

impl Waiter {
    /// Of the run that is waited for.
    pub(super) const fn key(&self) -> &Key {
        &self.key
    }
}

/// The runs that somebody waits for, and those that are entered so that others can find them.
///
/// A run of a store that only this process uses is not entered: whoever waits makes the entry and
/// asks the store once more afterwards, so a run that nobody waits for costs one atomic load.
#[derive(Debug, Default)]
pub(super) struct Flights {
    entries: AtomicUsize,
    waiting: AtomicUsize,
    flights: Mutex<HashMap<Key, Flight>>,
}

#[derive(Debug, Default)]
struct Flight {
    /// Runs that are entered. More than one only where a lease has lapsed.
    runs: usize,
    waiters: Vec<oneshot::Sender<Ended>>,
}

/// Whose run may be waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// Only one that is entered here.
    Entered,
    /// Any: the store has no other users than this process.
    Any,
}

/// The answer to [`Flights::wait`].
pub(super) enum Wait {
    /// No run of this key is entered.
    Elsewhere,
    /// Too many wait already.
    Full,
    /// One more waits.
    Waiter(Waiter),
}

/// The answer to [`Flights::join`].
pub(super) enum Join {
    /// Too many wait already.
    Full,
    /// Nobody runs it: the caller does.
    Lead(Lead),
    /// Somebody runs it.
    Waiter(Waiter),
}

impl Flights {
    /// Enters a run.
    pub(super) fn lead(self: &Arc<Self>, key: Key) -> Lead {
        self.entry(&mut self.lock(), key).runs += 1;
        Lead { flights: Arc::clone(self), key, entered: true }
    }

    /// Enters a run, or waits for the one that is entered.
    pub(super) fn join(self: &Arc<Self>, key: Key, limits: WaiterLimits) -> Join {
        let mut flights = self.lock();
        if flights.get(&key).is_none_or(|flight| flight.runs == 0) {
            self.entry(&mut flights, key).runs += 1;
            return Join::Lead(Lead { flights: Arc::clone(self), key, entered: true });
        }
        match self.admit(&mut flights, key, limits) {
            Some(waiter) => Join::Waiter(waiter),
            None => Join::Full,
        }
    }

    /// Waits for a run.
    pub(super) fn wait(self: &Arc<Self>, key: Key, whose: Whose, limits: WaiterLimits) -> Wait {
        let mut flights = self.lock();
        if whose == Whose::Entered && !flights.contains_key(&key) {
            return Wait::Elsewhere;
        }
        self.admit(&mut flights, key, limits).map_or(Wait::Full, Wait::Waiter)
    }

    fn admit(self: &Arc<Self>, flights: &mut HashMap<Key, Flight>, key: Key, limits: WaiterLimits) -> Option<Waiter> {
        let here = flights.get(&key).map_or(0, |flight| flight.waiters.len());
        let fits = |waiting: usize| (waiting < limits.total).then_some(waiting + 1);
        if here >= limits.per_key || self.waiting.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fits).is_err() {
            return None;
        }
        let (ended, receiver) = oneshot::channel();
        self.entry(flights, key).waiters.push(ended);
        Some(Waiter { flights: Arc::clone(self), key, receiver })
    }

    fn entry<'a>(&self, flights: &'a mut HashMap<Key, Flight>, key: Key) -> &'a mut Flight {
        flights.entry(key).or_insert_with(|| {
            self.entries.fetch_add(1, Ordering::SeqCst);
            Flight::default()
        })
    }

    /// Tells all who wait how a run that is not entered has ended.
    pub(super) fn end(&self, key: &Key, ended: &Ended) {
        if self.entries.load(Ordering::SeqCst) != 0 {
            self.finish(key, ended, 0);
        }
    }

    fn finish(&self, key: &Key, ended: &Ended, runs: usize) {
        let mut flights = self.lock();
        let Some(flight) = flights.get_mut(key) else { return };
        flight.runs = flight.runs.saturating_sub(runs);
        let waiters = std::mem::take(&mut flight.waiters);
        if flight.runs == 0 {
            flights.remove(key);
            self.entries.fetch_sub(1, Ordering::SeqCst);
        }
        drop(flights);
        for waiter in waiters {
            // One that has gone needs no answer.
            let _ = waiter.send(ended.clone());
        }
    }

    /// How many wait at this moment.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Flight>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A run that is entered. One that is lost has released its key.
#[derive(Debug)]
pub(super) struct Lead {
    flights: Arc<Flights>,
    key: Key,
    entered: bool,
}

impl Lead {
    pub(super) fn end(mut self, ended: &Ended) {
        self.entered = false;
        self.flights.finish(&self.key, ended, 1);
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        if self.entered {
            self.flights.finish(&self.key, &Ended::Released, 1);
        }
    }
}

/// Ready when the run has ended. Dropped, it makes room for others.
#[derive(Debug)]
pub(super) struct Waiter {
    flights: Arc<Flights>,
    key: Key,
    receiver: oneshot::Receiver<Ended>,
}

impl Future for Waiter {
    type Output = Ended;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Ended> {
        Poll::Ready(ready!(Pin::new(&mut self.receiver).poll(cx)).unwrap_or(Ended::Released))
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.receiver.close();
        self.flights.waiting.fetch_sub(1, Ordering::SeqCst);
        let mut flights = self.flights.lock();
        let Some(flight) = flights.get_mut(&self.key) else { return };
        flight.waiters.retain(|waiter| !waiter.is_closed());
        if flight.runs == 0 && flight.waiters.is_empty() {
            flights.remove(&self.key);
            self.flights.entries.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio_test::{assert_pending, assert_ready_eq, task};

    use super::*;

    const LIMITS: WaiterLimits = WaiterLimits { per_key: 2, total: 3 };

    fn key(number: u8) -> Key {
        Key::from_bytes([number; 32])
    }

    fn waiter(flights: &Arc<Flights>, number: u8) -> Option<Waiter> {
        match flights.wait(key(number), Whose::Any, LIMITS) {
            Wait::Waiter(waiter) => Some(waiter),
            Wait::Full => None,
            Wait::Elsewhere => panic!("any run may be waited for"),
        }
    }

    #[test]
    fn waiters_are_bounded_by_key_and_in_all_and_freed_when_they_leave() {
        let flights = Arc::new(Flights::default());
        let (first, second) = (waiter(&flights, 1).unwrap(), waiter(&flights, 1).unwrap());
        assert!(waiter(&flights, 1).is_none());
        let third = waiter(&flights, 2).unwrap();
        assert!(waiter(&flights, 3).is_none());
        drop(third);
        assert!(waiter(&flights, 3).is_some());
        drop((first, second));
        assert_eq!((flights.waiting(), flights.lock().len(), flights.entries.load(Ordering::SeqCst)), (0, 0, 0));
    }

    #[test]
    fn all_who_wait_learn_how_it_ended() {
        let flights = Arc::new(Flights::default());
        let mut waiting = task::spawn(waiter(&flights, 1).unwrap());
        assert_pending!(waiting.poll());
        flights.end(&key(2), &Ended::Released);
        assert_pending!(waiting.poll());
        let ended = Ended::Completed(Bytes::from_static(b"r"));
        flights.end(&key(1), &ended);
        assert_ready_eq!(waiting.poll(), ended);
        drop(waiting);
        assert_eq!((flights.waiting(), flights.lock().len()), (0, 0));
    }

    #[test]
    fn copies_are_joined_to_the_one_that_runs() {
        let flights = Arc::new(Flights::default());
        let Join::Lead(lead) = flights.join(key(1), LIMITS) else { panic!("nobody runs") };
        let Join::Waiter(waiter) = flights.join(key(1), LIMITS) else { panic!("somebody runs") };
        let mut waiter = task::spawn(waiter);
        assert_pending!(waiter.poll());
        drop(lead);
        assert_ready_eq!(waiter.poll(), Ended::Released);
        assert!(matches!(flights.join(key(1), LIMITS), Join::Lead(_)));
        assert_eq!(flights.lock().len(), 0);
    }

    #[test]
    fn whoever_leaves_takes_neither_the_run_nor_those_who_still_wait_along() {
        let flights = Arc::new(Flights::default());
        let lead = flights.lead(key(1));
        drop(waiter(&flights, 1).unwrap());
        assert!(matches!(flights.wait(key(1), Whose::Entered, LIMITS), Wait::Waiter(_)), "it still runs");
        lead.end(&Ended::Released);
        let (leaves, mut stays) = (waiter(&flights, 1).unwrap(), task::spawn(waiter(&flights, 1).unwrap()));
        drop(leaves);
        assert_pending!(stays.poll());
    }

    #[test]
    fn where_two_run_the_end_of_one_leaves_the_other_entered() {
        let flights = Arc::new(Flights::default());
        let (late, second) = (flights.lead(key(1)), flights.lead(key(1)));
        late.end(&Ended::Released);
        assert!(matches!(flights.wait(key(1), Whose::Entered, LIMITS), Wait::Waiter(_)));
        second.end(&Ended::Released);
        assert!(matches!(flights.wait(key(1), Whose::Entered, LIMITS), Wait::Elsewhere));
    }

    #[test]
    fn a_run_elsewhere_cannot_be_waited_for() {
        let flights = Arc::new(Flights::default());
        assert!(matches!(flights.wait(key(1), Whose::Entered, LIMITS), Wait::Elsewhere));
        let lead = flights.lead(key(1));
        assert!(matches!(flights.wait(key(1), Whose::Entered, LIMITS), Wait::Waiter(_)));
        lead.end(&Ended::Released);
        assert_eq!(flights.lock().len(), 0);
    }
}
