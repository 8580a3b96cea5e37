//! Whose places are taken, and when; and what is left behind.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use http_body_util::Full;
use tokio_test::task::spawn;
use tokio_test::{assert_pending, assert_ready};
use tower::load_shed::error::Overloaded;
use tower::{Service, ServiceBuilder, ServiceExt};
use tower_test::mock;
use tower_webhook::body::BodyBudget;
use tower_webhook::signature::resolver_fn;
use tower_webhook::{RawBodyLayer, Reason, Rejection, SignatureLayer, VerifiedBody, provider};

use crate::deliveries::{TEXT, echo, github, reason, secret};
use crate::scripted_body::{ScriptedBody, Step};

fn layer() -> SignatureLayer {
    SignatureLayer::new(provider::GITHUB, secret()).unwrap()
}

/// The service itself, as a server that keeps it calls it.
async fn ready<S>(service: &mut S) -> &mut S
where
    S: Service<Request<ScriptedBody>, Error: std::fmt::Debug>,
{
    service.ready().await.unwrap()
}

fn stalled() -> ScriptedBody {
    ScriptedBody::of([Step::Data(Bytes::from_static(b"x"))]).then_for_ever(Step::Never)
}

#[tokio::test]
async fn a_dripper_does_not_block_an_honest_delivery() {
    let mut service =
        ServiceBuilder::new().layer(RawBodyLayer::new()).layer(layer()).concurrency_limit(1).service_fn(echo);
    let mut drippers: Vec<_> = Vec::new();
    for _ in 0..10 {
        let mut dripper = spawn(ready(&mut service).await.call(github(stalled())));
        assert_pending!(dripper.poll());
        drippers.push(dripper);
    }
    let honest = ready(&mut service).await.call(github(ScriptedBody::whole(TEXT))).await.unwrap();
    assert_eq!(honest.status(), 200);
    assert!(drippers.iter_mut().all(|dripper| dripper.poll().is_pending()));
}

#[tokio::test]
async fn one_place_is_given_to_one_delivery_after_the_other() {
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counted = (running.clone(), most.clone());
    let handler = tower::service_fn(move |_: Request<VerifiedBody>| {
        let (running, most) = counted.clone();
        async move {
            most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(1)).await;
            running.fetch_sub(1, Ordering::SeqCst);
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::new())))
        }
    });
    let service = ServiceBuilder::new().layer(RawBodyLayer::new()).layer(layer()).concurrency_limit(1).service(handler);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..20 {
        tasks.spawn(service.clone().oneshot(github(ScriptedBody::whole(TEXT))));
    }
    while let Some(answer) = tasks.join_next().await {
        assert_eq!(answer.unwrap().unwrap().status(), 200);
    }
    assert_eq!(most.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_queue_may_stand_before_or_behind() {
    let outside = ServiceBuilder::new().buffer(4).layer(RawBodyLayer::new()).layer(layer()).service_fn(echo);
    assert_eq!(outside.oneshot(github(ScriptedBody::whole(TEXT))).await.unwrap().status(), 200);
    let inside = ServiceBuilder::new().layer(RawBodyLayer::new()).layer(layer()).buffer(4).service_fn(echo);
    assert_eq!(inside.clone().oneshot(github(ScriptedBody::whole(TEXT))).await.unwrap().status(), 200);
    let forged = inside.oneshot(github(ScriptedBody::whole(b"forged"))).await.unwrap();
    assert_eq!(reason(&forged), Some(Reason::SignatureMismatch));
}

#[tokio::test]
async fn the_error_of_a_service_that_sheds_load_comes_out_untouched() {
    let (mock, mut handle) = mock::pair::<Request<VerifiedBody>, Response<Full<Bytes>>>();
    let service =
        ServiceBuilder::new().layer(RawBodyLayer::new()).layer(layer()).load_shed().concurrency_limit(1).service(mock);
    handle.allow(2);
    let mut first = spawn(service.clone().oneshot(github(ScriptedBody::whole(TEXT))));
    assert_pending!(first.poll());
    let shed = service.clone().oneshot(github(ScriptedBody::whole(TEXT))).await.unwrap_err();
    assert!(shed.is::<Overloaded>(), "{shed}");
    // A forged one is refused all the same, and takes no place.
    let forged = service.oneshot(github(ScriptedBody::whole(b"forged"))).await.unwrap();
    assert_eq!(reason(&forged), Some(Reason::SignatureMismatch));
    handle.next_request().await.unwrap().1.send_response(Response::default());
    assert_ready!(first.poll()).unwrap();
}

#[tokio::test]
async fn the_inner_service_is_asked_whether_it_is_ready_after_the_verdict() {
    let (mock, mut handle) = mock::pair::<Request<VerifiedBody>, Response<Full<Bytes>>>();
    handle.allow(0);
    let mut service = ServiceBuilder::new().layer(RawBodyLayer::new()).layer(layer()).service(mock);
    // Nobody behind is ready, but a forged delivery needs nobody.
    let forged = ready(&mut service).await.call(github(ScriptedBody::whole(b"forged"))).await.unwrap();
    assert_eq!(reason(&forged), Some(Reason::SignatureMismatch));

    let mut honest = spawn(ready(&mut service).await.call(github(ScriptedBody::whole(TEXT))));
    assert_pending!(honest.poll());
    assert_pending!(spawn(handle.next_request()).poll(), "it is not called before it is ready");
    handle.allow(1);
    assert!(honest.is_woken());
    assert_pending!(honest.poll());
    let (request, respond) = handle.next_request().await.unwrap();
    assert_eq!(request.body().bytes(), TEXT);
    respond.send_response(Response::default());
    let answer = assert_ready!(honest.poll()).unwrap();
    assert!(answer.extensions().get::<Rejection>().is_none());
}

#[tokio::test]
async fn errors_of_the_inner_service_are_its_own() {
    let (mock, mut handle) = mock::pair::<Request<VerifiedBody>, Response<Full<Bytes>>>();
    let service = ServiceBuilder::new().layer(RawBodyLayer::new()).layer(layer()).service(mock);
    let mut delivery = spawn(service.clone().oneshot(github(ScriptedBody::whole(TEXT))));
    assert_pending!(delivery.poll());
    handle.next_request().await.unwrap().1.send_error("the handler's own");
    assert_eq!(assert_ready!(delivery.poll()).unwrap_err().to_string(), "the handler's own");
    // One that is never ready again says so itself.
    handle.send_error("gone for good");
    let error = service.oneshot(github(ScriptedBody::whole(TEXT))).await.unwrap_err();
    assert_eq!(error.to_string(), "gone for good");
}

/// Drops the future at each place where it waits, and looks at what is left.
#[tokio::test]
async fn a_delivery_that_is_given_up_leaves_nothing_behind() {
    let budget = BodyBudget::new(1 << 20);
    let raw = || RawBodyLayer::new().budget(budget.clone());
    let alive = Arc::new(());

    // While its keys are looked up.
    let guard = alive.clone();
    let never = resolver_fn(move |_: &Parts| {
        let guard = guard.clone();
        async move {
            std::future::pending::<()>().await;
            drop(guard);
            Ok::<_, std::io::Error>(Some(secret()))
        }
    });
    let resolving = SignatureLayer::resolving(provider::GITHUB, never).unwrap();
    let body = ScriptedBody::untouchable();
    let dropped = body.dropped();
    let service = ServiceBuilder::new().layer(raw()).layer(resolving).service_fn(echo);
    let mut future = spawn(service.oneshot(github(body)));
    assert_pending!(future.poll());
    assert_eq!(Arc::strong_count(&alive), 3);
    drop(future);
    assert_eq!((Arc::strong_count(&alive), dropped.load(Ordering::SeqCst), budget.used()), (1, 1, 0));

    // While its body is read.
    let body = ScriptedBody::frames(TEXT.chunks(1)).then_for_ever(Step::Never);
    let dropped = body.dropped();
    let service = ServiceBuilder::new().layer(raw()).layer(layer()).service_fn(echo);
    let mut future = spawn(service.oneshot(github(body)));
    assert_pending!(future.poll());
    assert!(budget.used() >= TEXT.len());
    drop(future);
    assert_eq!((dropped.load(Ordering::SeqCst), budget.used()), (1, 0));

    // While the inner service is not ready: it is verified, and counts no more.
    let (mock, mut handle) = mock::pair::<Request<VerifiedBody>, Response<Full<Bytes>>>();
    handle.allow(0);
    let service = ServiceBuilder::new().layer(raw()).layer(layer()).service(mock);
    let body = ScriptedBody::whole(TEXT);
    let dropped = body.dropped();
    let mut future = spawn(service.clone().oneshot(github(body)));
    assert_pending!(future.poll());
    assert_eq!((dropped.load(Ordering::SeqCst), budget.used()), (1, 0), "the connection's body is let go at once");
    drop(future);

    // While the handler runs.
    handle.allow(1);
    let mut future = spawn(service.oneshot(github(ScriptedBody::whole(TEXT))));
    assert_pending!(future.poll());
    let (_, respond) = handle.next_request().await.unwrap();
    drop(future);
    respond.send_response(Response::default());
    assert_eq!(budget.used(), 0);
}
