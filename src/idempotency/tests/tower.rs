//! In the company of tower's own layers.

use std::task::Poll;

use ::tower::buffer::BufferLayer;
use ::tower::limit::ConcurrencyLimitLayer;
use ::tower::load_shed::LoadShedLayer;
use ::tower::{BoxError, ServiceBuilder};
use tower_test::mock;

use super::*;

#[tokio::test(start_paused = true)]
async fn copies_hold_no_place_in_a_limited_inner_service() {
    let (runs, gate) = (Runs::default(), Arc::new(Notify::new()));
    let inner = ConcurrencyLimitLayer::new(1).layer(gated(&runs, &gate));
    let service = IdempotencyLayer::in_memory().layer(inner);
    let spawn = |id| {
        let service = service.clone();
        tokio::spawn(async move { send(&service, delivery(id)).await.status().as_u16() })
    };
    let tasks: Vec<_> = ["e1", "e1", "e1", "e2", "e2"].into_iter().map(spawn).collect();
    settle().await;
    assert_eq!(runs.count(), 1);
    gate.notify_one();
    settle().await;
    assert_eq!(runs.count(), 2);
    gate.notify_one();
    for task in tasks {
        assert_eq!(task.await.unwrap(), 200);
    }
    assert_eq!(runs.count(), 2);
}

#[tokio::test]
async fn it_works_under_a_limit_a_buffer_and_a_shedder() {
    let runs = Runs::default();
    let service = ServiceBuilder::new()
        .layer(BufferLayer::new(8))
        .layer(LoadShedLayer::new())
        .layer(ConcurrencyLimitLayer::new(1))
        .layer(IdempotencyLayer::in_memory())
        .service(handler(&runs, |_| ok()));
    for _ in 0..3 {
        let response: Result<_, BoxError> = service.clone().oneshot(delivery("e1")).await;
        assert_eq!(response.unwrap().status(), 200);
    }
    assert_eq!(runs.count(), 1);
}

#[tokio::test]
async fn it_works_around_a_buffer_and_a_shedder() {
    let (runs, gate) = (Runs::default(), Arc::new(Notify::new()));
    let inner = ServiceBuilder::new()
        .layer(LoadShedLayer::new())
        .layer(ConcurrencyLimitLayer::new(1))
        .service(gated(&runs, &gate));
    let service = IdempotencyLayer::in_memory().layer(ServiceBuilder::new().layer(BufferLayer::new(8)).service(inner));
    let mut first = tokio_test::task::spawn(service.clone().oneshot(delivery("e1")));
    assert!(first.poll().is_pending());
    settle().await;
    assert!(first.poll().is_pending());
    // What is shed is released, and the error passed on.
    let shed = service.clone().oneshot(delivery("e2")).await;
    assert!(shed.is_err_and(|error| error.is::<::tower::load_shed::error::Overloaded>()));
    gate.notify_one();
    assert_eq!(first.await.unwrap().status(), 200);
    gate.notify_one();
    assert_eq!(service.clone().oneshot(delivery("e2")).await.unwrap().status(), 200);
    assert_eq!(runs.count(), 2);
}

type Mock = mock::Mock<Request<VerifiedBody>, Response<Full<Bytes>>>;
type MockHandle = mock::Handle<Request<VerifiedBody>, Response<Full<Bytes>>>;

fn mocked() -> (IdempotencyService<Mock>, MockHandle) {
    let (inner, handle) = mock::pair();
    (IdempotencyLayer::in_memory().layer(inner), handle)
}

#[tokio::test]
async fn the_inner_service_is_called_only_once_it_is_ready_and_after_the_claim() {
    let (mut service, mut handle) = mocked();
    handle.allow(0);
    let mut cx = tokio_test::task::spawn(());
    cx.enter(|cx, _| assert!(matches!(service.poll_ready(cx), Poll::Ready(Ok(())))));
    let mut first = tokio_test::task::spawn(service.call(delivery("e1")));
    assert!(first.poll().is_pending());
    let mut copy = tokio_test::task::spawn(service.call(delivery("e1")));
    assert!(copy.poll().is_pending());
    handle.allow(1);
    assert!(first.is_woken());
    assert!(first.poll().is_pending());
    let (request, respond) = handle.next_request().await.unwrap();
    assert!(request.extensions().get::<Delivery>().unwrap().idempotency().is_some());
    respond.send_response(ok());
    assert!(matches!(first.poll(), Poll::Ready(Ok(response)) if response.status() == 200));
    assert!(matches!(copy.poll(), Poll::Ready(Ok(response)) if response.status() == 200));
}

/// Ready with an error the first time it is asked.
#[derive(Clone)]
struct Breaks(Runs);

impl Service<Request<VerifiedBody>> for Breaks {
    type Response = Response<Full<Bytes>>;
    type Error = &'static str;
    type Future = std::future::Ready<Result<Response<Full<Bytes>>, &'static str>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> Poll<Result<(), &'static str>> {
        Poll::Ready(if self.0.add() == 1 { Err("broken") } else { Ok(()) })
    }

    fn call(&mut self, _: Request<VerifiedBody>) -> Self::Future {
        std::future::ready(Ok(ok()))
    }
}

#[tokio::test]
async fn an_inner_service_that_cannot_become_ready_releases_the_claim() {
    let service = IdempotencyLayer::in_memory().layer(Breaks(Runs::default()));
    assert_eq!(service.clone().oneshot(delivery("e1")).await.unwrap_err(), "broken");
    assert_eq!(outcome(&send(&service, delivery("e1")).await), None);
    assert_eq!(service.config.drain.running(), 0);
}
