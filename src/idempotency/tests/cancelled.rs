//! The layer's future dropped at each of its awaits.

use super::stores::Shaky;
use super::*;

const STEP: Duration = Duration::from_millis(10);

/// Drops the future after `polls` polls. `true` if it was still under way.
async fn dropped_after(polls: usize, policy: OnDisconnect, fails_once: &'static str) -> bool {
    let (runs, ended, store) = (Runs::default(), Runs::default(), Shaky::default());
    store.hangs_ms.store(10, Ordering::SeqCst);
    store.fail(fails_once, 1);
    let layer = IdempotencyLayer::new(store.clone()).on_disconnect(policy).lease(Duration::from_secs(1));
    let service = layer.layer(service_fn({
        let (runs, ended) = (runs.clone(), ended.clone());
        move |_: Request<VerifiedBody>| {
            runs.add();
            let ended = ended.clone();
            async move {
                for _ in 0..3 {
                    tokio::time::sleep(STEP).await;
                }
                ended.add();
                Ok::<_, Infallible>(ok())
            }
        }
    }));
    let mut connection = tokio_test::task::spawn(service.clone().oneshot(delivery("e1")));
    let mut under_way = true;
    for _ in 0..polls {
        under_way = under_way && connection.poll().is_pending();
        tokio::time::advance(STEP).await;
    }
    drop(connection);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let which = format!("{polls} polls, {policy:?}, {fails_once}");
    assert_eq!((layer.drain().running(), layer.drain().abandoned()), (0, 0), "{which}");
    // Nothing stays claimed, and what ended is known.
    let recorded = ended.count();
    assert!(recorded <= 1, "{which}");
    assert_eq!(store.inner.in_flight(), 0, "{which}");
    let retry = send(&service, delivery("e1")).await;
    let retry = if retry.status() == 503 { send(&service, delivery("e1")).await } else { retry };
    assert_eq!(retry.status(), 200, "{which}");
    assert_eq!(outcome(&retry) == Some(Outcome::Duplicate), recorded == 1, "{which}");
    assert_eq!(outcome(&send(&service, delivery("e1")).await), Some(Outcome::Duplicate), "{which}");
    assert_eq!(ended.count(), 1, "{which}: no completion was lost");
    under_way
}

#[tokio::test(start_paused = true)]
async fn dropped_at_any_await_it_leaves_a_legal_state() {
    for policy in [OnDisconnect::Detach, OnDisconnect::CancelAndRelease] {
        for fails_once in ["nothing", "complete"] {
            let mut polls = 0;
            while dropped_after(polls, policy, fails_once).await {
                polls += 1;
                assert!(polls < 100);
            }
            assert!(polls > 4, "every await was met: {polls}");
        }
    }
}
