//! The laws of a [`Store`], for whoever writes one.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() {
//! use std::time::Duration;
//!
//! use tower_webhook::idempotency::MemoryStore;
//! use tower_webhook::testing::store_suite;
//!
//! # #[derive(Clone, Debug, Default)]
//! # struct FakeClock(std::sync::Arc<std::sync::Mutex<Duration>>);
//! # impl tower_webhook::clock::Clock for FakeClock {
//! #     fn now(&self) -> Option<tower_webhook::clock::UnixTime> { None }
//! #     fn monotonic(&self) -> Duration { *self.0.lock().unwrap() }
//! # }
//! # impl FakeClock { fn advance(&self, by: Duration) { *self.0.lock().unwrap() += by; } }
//! let clock = FakeClock::default();
//! let store = MemoryStore::new().clock(clock.clone());
//! store_suite::check(&store, async |time: Duration| clock.advance(time)).await;
//! # }
//! ```
#![allow(clippy::expect_used, clippy::panic)] // A test that fails panics.

use std::error::Error;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;

use crate::idempotency::{Claim, Claimed, Fenced, Fingerprint, Guarded, Key, Store, Token};

const RECORD: Bytes = Bytes::from_static(b"record");
/// The lease where no law waits for its end, so that a busy machine breaks none.
const LONG: Duration = Duration::from_secs(60);
/// How often a call is repeated whose outcome is open.
const TRIES: usize = 20;

/// Checks all laws. `wait` lets the time of the store pass: by turning its clock, or by sleeping.
///
/// # Panics
///
/// When a law is broken.
pub async fn check<S: Store>(store: &S, wait: impl AsyncFn(Duration)) {
    check_with_leases_of(Duration::from_secs(30), store, wait).await;
}

/// As [`check`], for a store whose clock cannot be turned: all in all, `wait` is asked for some twelve times `lease`. Calls
/// must not take longer than a third of `lease`.
///
/// # Panics
///
/// When a law is broken.
pub async fn check_with_leases_of<S: Store>(lease: Duration, store: &S, wait: impl AsyncFn(Duration)) {
    let long = lease.max(LONG);
    let calm = &Subject { store, lease: long, kept: long * 3 };
    one_of_many_claims_is_owned(calm).await;
    every_call_may_be_repeated(calm).await;
    who_does_not_own_changes_nothing(calm).await;
    a_released_key_may_be_claimed(calm).await;
    fingerprints_are_compared(calm).await;
    forgotten_keys_run_again(calm).await;
    guards_find_the_same_bytes(calm).await;
    a_call_that_is_dropped_leaves_a_legal_state(calm).await;
    let store = &Subject { store, lease, kept: lease * 3 };
    lapsed_leases_are_taken_over(store, &wait).await;
    extended_leases_do_not_lapse(store, &wait).await;
    work_done_under_a_lapsed_lease_is_recorded(store, &wait).await;
    records_end_in_time(store, &wait).await;
}

/// The store, and for how long things are asked of it.
struct Subject<'s, S> {
    store: &'s S,
    lease: Duration,
    kept: Duration,
}

/// A key that no other call has.
fn fresh() -> Claimed {
    let mut key = [0; 32];
    key.iter_mut().zip(Token::fresh().as_bytes()).for_each(|(to, from)| *to = *from);
    // Spread over shards and slots, as real keys are.
    key.rotate_left(15);
    Claimed::new(Key::from_bytes(key))
}

/// The same delivery, by another owner.
fn copy_of(claimed: &Claimed) -> Claimed {
    Claimed { token: Token::fresh(), ..*claimed }
}

/// An error leaves the outcome open, so the same call may be repeated: here as everywhere.
async fn sure<T, E: Error, F: Future<Output = Result<T, E>>>(call: impl Fn() -> F) -> T {
    for _ in 1..TRIES {
        if let Ok(answer) = call().await {
            return answer;
        }
    }
    call().await.expect("the store answers")
}

async fn claim<S: Store>(store: &Subject<'_, S>, claimed: &Claimed) -> Claim {
    sure(|| store.store.claim(claimed, store.lease)).await
}

async fn owned<S: Store>(store: &Subject<'_, S>, claimed: &Claimed) -> bool {
    matches!(claim(store, claimed).await, Claim::Owned { .. })
}

async fn complete<S: Store>(store: &Subject<'_, S>, claimed: &Claimed) -> Fenced {
    sure(|| store.store.complete(claimed, RECORD, store.kept)).await
}

async fn release<S: Store>(store: &Subject<'_, S>, claimed: &Claimed) -> Fenced {
    sure(|| store.store.release(claimed)).await
}

async fn extend<S: Store>(store: &Subject<'_, S>, claimed: &Claimed) -> Fenced {
    sure(|| store.store.extend(claimed, store.lease)).await
}

/// Awaits all of them, each under way before the first has ended.
async fn at_once<F: Future>(calls: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut calls: Vec<_> = calls.map(|call| (Box::pin(call), None)).collect();
    poll_fn(|cx| {
        for (call, answer) in calls.iter_mut().filter(|(_, answer)| answer.is_none()) {
            if let Poll::Ready(ready) = call.as_mut().poll(cx) {
                *answer = Some(ready);
            }
        }
        if calls.iter().all(|(_, answer)| answer.is_some()) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    calls.into_iter().filter_map(|(_, answer)| answer).collect()
}

/// Drops the call after so many polls, or once it has ended.
async fn dropped_after<F: Future>(polls: usize, call: F) {
    let mut call = pin!(call);
    for _ in 0..polls {
        if poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx).is_ready())).await {
            return;
        }
        // Lets the store go on.
        let mut yielded = false;
        poll_fn(|cx| {
            cx.waker().wake_by_ref();
            if std::mem::replace(&mut yielded, true) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

fn done() -> Claim {
    Claim::Done { record: RECORD, same_fingerprint: true }
}

async fn one_of_many_claims_is_owned<S: Store>(store: &Subject<'_, S>) {
    let first = fresh();
    let copies: Vec<Claimed> = (0..100).map(|_| copy_of(&first)).collect();
    let mut owners = 0;
    for answer in at_once(copies.iter().map(|copy| claim(store, copy))).await {
        match answer {
            Claim::Owned { .. } => owners += 1,
            Claim::InFlight { retry_in, same_fingerprint } => {
                assert!(same_fingerprint && retry_in <= store.lease, "a claim says what is left of the lease");
            }
            other => panic!("a copy of what is being worked on: {other:?}"),
        }
    }
    assert_eq!(owners, 1);
}

async fn every_call_may_be_repeated<S: Store>(store: &Subject<'_, S>) {
    let mine = fresh();
    for _ in 0..2 {
        assert!(owned(store, &mine).await, "the answer to a claim may be lost");
    }
    for _ in 0..2 {
        assert_eq!(extend(store, &mine).await, Fenced::Ok);
    }
    for _ in 0..2 {
        assert_eq!(complete(store, &mine).await, Fenced::Ok);
    }
    assert_eq!(claim(store, &copy_of(&mine)).await, done());
    let _ = extend(store, &mine).await;
    assert_eq!(claim(store, &copy_of(&mine)).await, done(), "a late beat does not reopen what is finished");
    let other = fresh();
    assert!(owned(store, &other).await);
    for _ in 0..2 {
        assert_eq!(release(store, &other).await, Fenced::Ok);
    }
}

async fn who_does_not_own_changes_nothing<S: Store>(store: &Subject<'_, S>) {
    let mine = fresh();
    let other = copy_of(&mine);
    assert!(owned(store, &mine).await);
    assert_eq!(complete(store, &other).await, Fenced::Lost);
    assert_eq!(release(store, &other).await, Fenced::Lost);
    assert_eq!(extend(store, &other).await, Fenced::Lost);
    assert!(matches!(claim(store, &other).await, Claim::InFlight { .. }));
    assert_eq!(complete(store, &mine).await, Fenced::Ok);
    let replaced = sure(|| store.store.complete(&other, Bytes::from_static(b"other"), store.kept)).await;
    assert_eq!(replaced, Fenced::Lost);
    assert_eq!(release(store, &other).await, Fenced::Lost);
    let _ = release(store, &mine).await;
    assert_eq!(claim(store, &other).await, done(), "a finished record is never released");
}

async fn a_released_key_may_be_claimed<S: Store>(store: &Subject<'_, S>) {
    let mine = fresh();
    let next = copy_of(&mine);
    assert!(owned(store, &mine).await);
    assert_eq!(release(store, &mine).await, Fenced::Ok);
    assert!(owned(store, &next).await);
    assert_eq!(release(store, &mine).await, Fenced::Lost);
    assert!(!owned(store, &mine).await);
}

async fn fingerprints_are_compared<S: Store>(store: &Subject<'_, S>) {
    let mine = fresh().with_fingerprint(Fingerprint::from_bytes([1; 16]));
    let same = copy_of(&mine);
    let other = copy_of(&mine).with_fingerprint(Fingerprint::from_bytes([2; 16]));
    assert!(owned(store, &mine).await);
    assert!(matches!(claim(store, &same).await, Claim::InFlight { same_fingerprint: true, .. }));
    assert!(matches!(claim(store, &other).await, Claim::InFlight { same_fingerprint: false, .. }));
    assert_eq!(complete(store, &mine).await, Fenced::Ok);
    assert_eq!(claim(store, &same).await, done());
    assert_eq!(claim(store, &other).await, Claim::Done { record: RECORD, same_fingerprint: false });
    assert_eq!(claim(store, &Claimed { fingerprint: None, ..copy_of(&mine) }).await, done(), "none is like everything");
}

async fn forgotten_keys_run_again<S: Store>(store: &Subject<'_, S>) {
    let mine = fresh();
    assert!(!store.store.forget(&mine.key).await.expect("the store answers"));
    assert!(owned(store, &mine).await);
    assert_eq!(complete(store, &mine).await, Fenced::Ok);
    assert!(store.store.forget(&mine.key).await.expect("the store answers"));
    assert!(owned(store, &copy_of(&mine)).await);
}

async fn guards_find_the_same_bytes<S: Store>(store: &Subject<'_, S>) {
    let guard = fresh().key;
    let first = fresh().guarded_by(guard);
    let second = fresh().guarded_by(guard);
    assert!(owned(store, &first).await);
    assert!(owned(store, &first).await, "one's own guard is no hit");
    match claim(store, &second).await {
        Claim::Replayed { of, state: Guarded::InFlight { retry_in } } => {
            assert!(of == first.key && retry_in <= store.lease);
        }
        other => panic!("the same bytes are being worked on: {other:?}"),
    }
    assert!(owned(store, &Claimed { guard: None, ..copy_of(&second) }).await, "the fresh claim was given back");

    let third = fresh().guarded_by(guard);
    assert_eq!(release(store, &first).await, Fenced::Ok);
    assert!(owned(store, &third).await, "a guard goes with its claim");
    assert_eq!(complete(store, &third).await, Fenced::Ok);
    let hit = Claim::Replayed { of: third.key, state: Guarded::Done { record: RECORD } };
    assert_eq!(claim(store, &fresh().guarded_by(guard)).await, hit);
    assert_eq!(claim(store, &copy_of(&third)).await, done(), "the same id is a plain duplicate");

    assert!(store.store.forget(&third.key).await.expect("the store answers"));
    assert!(owned(store, &fresh().guarded_by(guard)).await, "the guard of an absent key is taken over");
}

/// A call that its caller drops may have happened, may happen later, or never.
async fn a_call_that_is_dropped_leaves_a_legal_state<S: Store>(store: &Subject<'_, S>) {
    for polls in 0..4 {
        let mine = fresh().guarded_by(fresh().key);
        dropped_after(polls, store.store.claim(&mine, store.lease)).await;
        assert!(owned(store, &mine).await, "a claim that was dropped may be repeated");
        dropped_after(polls, store.store.extend(&mine, store.lease)).await;
        dropped_after(polls, store.store.complete(&mine, RECORD, store.kept)).await;
        assert_eq!(complete(store, &mine).await, Fenced::Ok);
        dropped_after(polls, store.store.release(&mine)).await;
        assert_eq!(claim(store, &copy_of(&mine)).await, done(), "nothing that was dropped reopens it");

        let failed = fresh();
        let next = copy_of(&failed);
        assert!(owned(store, &failed).await);
        dropped_after(polls, store.store.release(&failed)).await;
        assert_eq!(release(store, &failed).await, Fenced::Ok);
        assert!(owned(store, &next).await, "it was given back");
        dropped_after(polls, store.store.complete(&failed, RECORD, store.kept)).await;
        dropped_after(polls, store.store.release(&failed)).await;
        assert!(matches!(claim(store, &copy_of(&next)).await, Claim::InFlight { .. }), "another's is left alone");
        assert_eq!(complete(store, &next).await, Fenced::Ok);
    }
}

async fn lapsed_leases_are_taken_over<S: Store>(store: &Subject<'_, S>, wait: &impl AsyncFn(Duration)) {
    let mine = fresh().with_fingerprint(Fingerprint::from_bytes([1; 16]));
    let next = copy_of(&mine).with_fingerprint(Fingerprint::from_bytes([2; 16]));
    assert!(owned(store, &mine).await);
    wait(store.lease * 4 / 3).await;
    assert!(owned(store, &next).await, "whatever the fingerprint");
    assert_eq!(extend(store, &mine).await, Fenced::Lost);
    assert_eq!(complete(store, &mine).await, Fenced::Lost);
    assert_eq!(release(store, &mine).await, Fenced::Lost);
    assert_eq!(complete(store, &next).await, Fenced::Ok);
}

async fn extended_leases_do_not_lapse<S: Store>(store: &Subject<'_, S>, wait: &impl AsyncFn(Duration)) {
    let mine = fresh();
    assert!(owned(store, &mine).await);
    for _ in 0..3 {
        wait(store.lease * 2 / 3).await;
        assert_eq!(extend(store, &mine).await, Fenced::Ok);
    }
    assert!(!owned(store, &copy_of(&mine)).await);
}

async fn work_done_under_a_lapsed_lease_is_recorded<S: Store>(store: &Subject<'_, S>, wait: &impl AsyncFn(Duration)) {
    let (mine, other) = (fresh(), fresh());
    assert!(owned(store, &mine).await);
    assert!(owned(store, &other).await);
    wait(store.lease * 2).await;
    assert_eq!(complete(store, &mine).await, Fenced::Ok);
    assert_eq!(claim(store, &copy_of(&mine)).await, done());
    assert_eq!(extend(store, &other).await, Fenced::Ok);
    assert!(matches!(claim(store, &copy_of(&other)).await, Claim::InFlight { .. }));
}

async fn records_end_in_time<S: Store>(store: &Subject<'_, S>, wait: &impl AsyncFn(Duration)) {
    let guard = fresh().key;
    let mine = fresh().guarded_by(guard);
    assert!(owned(store, &mine).await);
    assert_eq!(complete(store, &mine).await, Fenced::Ok);
    wait(store.kept - store.lease / 3).await;
    let _ = extend(store, &mine).await;
    assert_eq!(claim(store, &copy_of(&mine)).await, done());
    wait(store.lease * 2 / 3).await;
    assert!(owned(store, &fresh().guarded_by(guard)).await, "a guard ends with its record");
    assert!(owned(store, &Claimed { guard: None, ..copy_of(&mine) }).await);
}
