//! Handlers that panic, fail, or take their time.

use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use tower_webhook::clock::UnixTime;
use tower_webhook::testing::FakeClock;
use tower_webhook::{IdempotencyLayer, Outcome, Reason};

use super::{Runs, delivery, receiver, status};

#[tokio::test]
async fn fault_10_a_handler_that_panics_is_answered_with_500_and_the_next_delivery_runs() {
    let (runs, layer) = (Runs::default(), IdempotencyLayer::in_memory());
    let receiver = receiver(layer.clone(), {
        let runs = runs.clone();
        move |_| {
            let run = runs.add();
            assert!(run != 1, "before its future is made");
            async move {
                tokio::task::yield_now().await;
                assert!(run != 2, "in its future");
                status(200)
            }
        }
    });
    for _ in 0..2 {
        let answer = receiver.send(&delivery("e1")).await;
        assert_eq!((answer.status().as_u16(), answer.outcome()), (500, Some(Outcome::HandlerPanic)));
    }
    receiver.send(&delivery("e1")).await.assert_accepted();
    receiver.send(&delivery("e1")).await.assert_duplicate();
    assert_eq!((layer.drain().running(), layer.drain().abandoned()), (0, 0));
}

#[tokio::test]
async fn fault_11_an_answer_that_is_no_success_releases_the_claim_and_the_next_delivery_runs() {
    let grpc_unavailable = || {
        let builder = Response::builder().header("content-type", "application/grpc").header("grpc-status", "14");
        builder.body(Full::<Bytes>::default()).unwrap()
    };
    type Failure = fn() -> Response<Full<Bytes>>;
    let answers: [(&str, Failure); 4] =
        [("500", || status(500)), ("429", || status(429)), ("400", || status(400)), ("grpc", grpc_unavailable)];
    for (name, failure) in answers {
        let runs = Runs::default();
        let receiver = receiver(IdempotencyLayer::in_memory(), {
            let runs = runs.clone();
            move |_| {
                let answer = if runs.add() == 1 { failure() } else { status(200) };
                async { answer }
            }
        });
        let first = receiver.send(&delivery("e1")).await;
        assert_eq!((first.status(), first.outcome()), (failure().status(), None), "{name}");
        receiver.send(&delivery("e1")).await.assert_accepted();
        receiver.send(&delivery("e1")).await.assert_duplicate();
        assert_eq!(runs.count(), 2, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn fault_12_a_handler_that_takes_three_leases_keeps_its_claim_by_its_heartbeat() {
    let (runs, clock) = (Runs::default(), FakeClock::at(UnixTime::from_secs(1_700_000_000)));
    let layer = IdempotencyLayer::in_memory().clock(clock.clone()).lease(Duration::from_secs(30));
    let receiver = receiver(layer, {
        let (runs, clock) = (runs.clone(), clock.clone());
        move |_| {
            runs.add();
            let clock = clock.clone();
            async move {
                for _ in 0..95 {
                    clock.advance(Duration::from_secs(1));
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                status(200)
            }
        }
    });
    let first = tokio::spawn({
        let receiver = receiver.clone();
        async move { receiver.send(&delivery("e1")).await }
    });
    for _ in 0..9 {
        tokio::time::sleep(Duration::from_secs(8)).await;
        receiver.send(&delivery("e1")).await.assert_rejected(Reason::IdempotencyInFlight);
    }
    first.await.unwrap().assert_accepted();
    receiver.send(&delivery("e1")).await.assert_duplicate();
    assert_eq!(runs.count(), 1);
}
