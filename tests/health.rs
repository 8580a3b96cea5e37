//! Probes tell the outside whether deliveries can be taken and nothing more, and cost the store nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use tower::ServiceExt;
use tower_webhook::clock::UnixTime;
use tower_webhook::health::{Health, HealthService, Shutdown};
use tower_webhook::idempotency::{Claim, Claimed, Drain, Fenced, Guarantees, Key, Store};
use tower_webhook::testing::{self, Endpoint, FakeClock};
use tower_webhook::{IdempotencyLayer, Secret, VerifiedBody, WebhookLayer, provider};

async fn ask(service: HealthService, method: &str) -> (StatusCode, String) {
    let response = service.oneshot(Request::builder().method(method).body(()).unwrap()).await.unwrap();
    assert_eq!(response.headers()["cache-control"], "no-store");
    let (head, body) = response.into_parts();
    (head.status, String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap())
}

/// A check that can be turned off, and counts how often it was asked.
#[derive(Clone, Default)]
struct Switch {
    off: Arc<AtomicBool>,
    asked: Arc<AtomicU32>,
}

impl Switch {
    fn watched_by(&self, health: Health) -> Health {
        let this = self.clone();
        health.check("switch", move || {
            this.asked.fetch_add(1, Ordering::Relaxed);
            let off = this.off.load(Ordering::Relaxed);
            async move { if off { Err(io::Error::other("password of 10.1.2.3 is wrong")) } else { Ok(()) } }
        })
    }
}

#[tokio::test]
async fn the_outside_learns_ok_or_unavailable_and_nothing_more() {
    let switch = Switch::default();
    let health = switch.watched_by(Health::new()).keep_for(Duration::ZERO);
    assert_eq!(ask(health.ready(), "GET").await, (StatusCode::OK, "ok\n".to_owned()));
    switch.off.store(true, Ordering::Relaxed);
    assert_eq!(ask(health.ready(), "GET").await, (StatusCode::SERVICE_UNAVAILABLE, "unavailable\n".to_owned()));
    assert_eq!(ask(health.live(), "GET").await.0, 200, "not to be killed for its store");
    switch.off.store(false, Ordering::Relaxed);
    assert_eq!(ask(health.ready(), "HEAD").await.0, 200);
    assert_eq!(ask(health.ready(), "POST").await.0, 405);
}

#[tokio::test]
async fn a_flood_of_probes_asks_once_in_five_seconds() {
    let (switch, clock) = (Switch::default(), FakeClock::at(UnixTime::from_secs(1_700_000_000)));
    let health = switch.watched_by(Health::new()).clock(clock.clone());
    let probes: Vec<_> = (0..1_000).map(|_| tokio::spawn(ask(health.ready(), "GET"))).collect();
    for probe in probes {
        assert_eq!(probe.await.unwrap().0, 200);
    }
    assert_eq!(switch.asked.load(Ordering::Relaxed), 1);
    switch.off.store(true, Ordering::Relaxed);
    clock.advance(Duration::from_millis(4_999));
    assert!(health.is_ready().await, "the answer still holds");
    clock.advance(Duration::from_millis(1));
    assert!(!health.is_ready().await);
    assert_eq!(switch.asked.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn what_does_not_answer_in_time_is_not_well() {
    let health = Health::new().check("stuck", std::future::pending::<Result<(), Infallible>>);
    let began = tokio::time::Instant::now();
    assert!(!health.is_ready().await);
    assert_eq!(began.elapsed(), Duration::from_secs(2));
}

#[tokio::test]
async fn a_check_that_panics_is_not_well_and_hurts_nobody_else() {
    let health =
        Health::new().check("broken", || async { if true { panic!("check") } else { Ok::<_, Infallible>(()) } });
    assert!(!health.is_ready().await);
    assert_eq!(ask(health.ready(), "GET").await.0, 503);
}

/// A store that cannot be reached.
struct Away;

impl Store for Away {
    type Error = io::Error;

    async fn claim(&self, _: &Claimed, _: Duration) -> io::Result<Claim> {
        Err(io::ErrorKind::ConnectionRefused.into())
    }

    async fn complete(&self, _: &Claimed, _: Bytes, _: Duration) -> io::Result<Fenced> {
        Err(io::ErrorKind::ConnectionRefused.into())
    }

    async fn release(&self, _: &Claimed) -> io::Result<Fenced> {
        Err(io::ErrorKind::ConnectionRefused.into())
    }

    async fn extend(&self, _: &Claimed, _: Duration) -> io::Result<Fenced> {
        Err(io::ErrorKind::ConnectionRefused.into())
    }

    async fn forget(&self, _: &Key) -> io::Result<bool> {
        Err(io::ErrorKind::ConnectionRefused.into())
    }

    fn guarantees(&self) -> Guarantees {
        Guarantees::IN_PROCESS
    }
}

#[tokio::test]
async fn a_store_that_is_away_is_found() {
    let watched = |layer: IdempotencyLayer| {
        Health::new().check("store", move || {
            let layer = layer.clone();
            async move { layer.probe().await }
        })
    };
    assert!(watched(IdempotencyLayer::in_memory()).is_ready().await);
    assert!(!watched(IdempotencyLayer::new(Away)).is_ready().await);
}

#[tokio::test(start_paused = true)]
async fn a_process_is_not_ready_before_its_server_closes() {
    let health = Health::new();
    let shutdown = Shutdown::new(&health).unready_for(Duration::from_secs(5)).runs(&Drain::new());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let begun = tokio::spawn(shutdown.begin(stopped));
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(health.is_ready().await && !begun.is_finished());

    stop.send(()).unwrap();
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert!(!health.is_ready().await, "load balancers are told first");
    assert!(!begun.is_finished(), "and connections are still taken");
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(begun.is_finished());
    assert!(shutdown.finish().await.is_clean());
    assert_eq!(shutdown.longest(), Duration::from_secs(15));
}

const SECRET: &str = "It's a Secret to Everybody";

#[tokio::test]
async fn what_a_drain_leaves_behind_is_said() {
    let layer = IdempotencyLayer::in_memory();
    let drain = layer.drain();
    let shutdown = Shutdown::new(&Health::new()).grace(Duration::ZERO).runs(&drain);
    let handler = tower::service_fn(|_: Request<VerifiedBody>| async {
        std::future::pending::<()>().await;
        Ok::<_, Infallible>(Response::new(String::new()))
    });
    let stack = WebhookLayer::new(provider::GITHUB, Secret::new(SECRET).unwrap()).unwrap().idempotency(layer);
    let endpoint = Endpoint::new(tower::Layer::layer(&stack, handler));
    let delivery = testing::delivery(provider::GITHUB, SECRET);
    let delivery = delivery.id("1").json("{}");
    let sent = tokio::spawn(async move { drop(endpoint.send(&delivery).await) });
    while drain.running() == 0 {
        tokio::task::yield_now().await;
    }
    let finished = shutdown.finish().await;
    assert_eq!((finished.runs_left, finished.is_clean()), (1, false));
    sent.abort();
}
