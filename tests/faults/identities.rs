//! Deliveries that are alike, and those that only look so.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tower_webhook::idempotency::{Claim, Claimed, Fenced, Guarantees, Key, MemoryStore, ReplayGuard, Store};
use tower_webhook::testing::{self, Endpoint, TestDelivery};
use tower_webhook::{IdempotencyLayer, Outcome, Reason, Secret, SignatureLayer, provider};

use super::{Receiver, Runs, SECRET, counting, delivery, service, status};

/// A store in memory whose calls are counted.
#[derive(Clone, Default)]
struct Asked {
    inner: MemoryStore,
    calls: Arc<AtomicUsize>,
}

impl Asked {
    fn once_more(&self) {
        self.calls.fetch_add(1, Ordering::SeqCst);
    }
}

impl Store for Asked {
    type Error = Infallible;

    async fn claim(&self, claimed: &Claimed, lease: Duration) -> Result<Claim, Infallible> {
        self.once_more();
        Store::claim(&self.inner, claimed, lease).await
    }

    async fn complete(&self, claimed: &Claimed, record: Bytes, retain_for: Duration) -> Result<Fenced, Infallible> {
        self.once_more();
        Store::complete(&self.inner, claimed, record, retain_for).await
    }

    async fn release(&self, claimed: &Claimed) -> Result<Fenced, Infallible> {
        self.once_more();
        Store::release(&self.inner, claimed).await
    }

    async fn extend(&self, claimed: &Claimed, lease: Duration) -> Result<Fenced, Infallible> {
        self.once_more();
        Store::extend(&self.inner, claimed, lease).await
    }

    async fn forget(&self, key: &Key) -> Result<bool, Infallible> {
        self.once_more();
        Store::forget(&self.inner, key).await
    }

    fn guarantees(&self) -> Guarantees {
        Guarantees::IN_PROCESS
    }
}

#[tokio::test]
async fn fault_28_another_body_under_the_same_id_is_a_duplicate_or_a_conflict_where_that_is_asked_for() {
    let other = testing::delivery(provider::STANDARD_WEBHOOKS, SECRET).id("e1").json(r#"{"pending_webhooks":0}"#);
    let runs = Runs::default();
    let receiver = counting(IdempotencyLayer::in_memory(), &runs);
    receiver.send(&delivery("e1")).await.assert_accepted();
    receiver.send(&other).await.assert_duplicate();
    assert_eq!(runs.count(), 1);

    let strict = counting(IdempotencyLayer::in_memory().strict_bodies(), &runs);
    strict.send(&delivery("e1")).await.assert_accepted();
    let refused = strict.send(&other).await;
    assert_eq!(refused.status(), 422);
    refused.assert_rejected(Reason::IdempotencyConflict);
    strict.send(&delivery("e1")).await.assert_duplicate();
    assert_eq!(runs.count(), 2);
}

/// A sender that does not sign its ids.
fn github(id: &str) -> TestDelivery {
    testing::delivery(provider::GITHUB, "a secret of github").id(id).json(r#"{"action":"opened"}"#)
}

fn from_github(guard: ReplayGuard, runs: &Runs) -> Receiver {
    let secret = Secret::new("a secret of github").unwrap();
    let (layer, runs) = (IdempotencyLayer::in_memory().replay_guard(guard), runs.clone());
    let signature = SignatureLayer::new(provider::GITHUB, secret).unwrap();
    let answer = move |_| {
        runs.add();
        async { status(200) }
    };
    Endpoint::new(service(signature, layer, || true, answer))
}

#[tokio::test]
async fn fault_28_the_same_signed_bytes_under_another_id_hit_the_replay_guard() {
    for (guard, code, outcome, expected) in [
        (ReplayGuard::Count, 200, Some(Outcome::ReplayCounted), 2),
        (ReplayGuard::Duplicate, 200, Some(Outcome::Duplicate), 1),
        (ReplayGuard::Reject, 409, None, 1),
    ] {
        let runs = Runs::default();
        let receiver = from_github(guard, &runs);
        receiver.send(&github("e1")).await.assert_accepted();
        let replayed = receiver.send(&github("e2")).await;
        assert_eq!((replayed.status().as_u16(), replayed.outcome()), (code, outcome), "{guard:?}");
        let reason = replayed.rejection().map(tower_webhook::Rejection::reason);
        assert_eq!(reason, (guard == ReplayGuard::Reject).then_some(Reason::Replayed));
        assert_eq!(runs.count(), expected, "{guard:?}");
        receiver.send(&github("e1")).await.assert_duplicate();
    }
}

#[tokio::test]
async fn fault_28_a_known_id_with_a_wrong_signature_is_refused_without_a_call_to_the_store() {
    let (runs, store) = (Runs::default(), Asked::default());
    let receiver = counting(IdempotencyLayer::new(store.clone()), &runs);
    receiver.send(&delivery("e1")).await.assert_accepted();
    assert_eq!(store.calls.swap(0, Ordering::SeqCst), 2);
    for forged in [
        delivery("e1").tampered(),
        delivery("e1").unsigned(),
        delivery("e1").signed_with("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
    ] {
        let refused = receiver.send(&forged).await;
        assert_eq!(refused.status(), 401, "{refused:?}");
        assert!(refused.outcome().is_none() && !refused.headers().contains_key("idempotent-replayed"));
    }
    assert_eq!(store.calls.load(Ordering::SeqCst), 0);
    receiver.send(&delivery("e1")).await.assert_duplicate();
    assert_eq!(runs.count(), 1);
}
