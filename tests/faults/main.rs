//! What goes wrong, and what becomes of a delivery then: real processes, a real Redis, a network that fails.
//!
//! Each test is named after its number in the table of `guide::idempotency`. In-process faults are driven by clocks that
//! are turned by hand; processes are killed and stopped by their id; `proxy` is the network.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod bodies;
mod clocks;
mod disconnects;
mod handlers;
mod identities;
mod network;
mod partitions;
mod processes;
mod proxy;
#[allow(dead_code, reason = "what the tests of the store need of it")]
#[path = "../redis/server.rs"]
mod server;
mod worker;

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use tower::util::BoxCloneSyncService;
use tower::{BoxError, ServiceBuilder, ServiceExt};
use tower_webhook::body::ResponseBody;
use tower_webhook::testing::{self, Endpoint, TestDelivery};
use tower_webhook::{
    Delivery, IdempotencyLayer, Outcome, RawBodyLayer, Secret, SignatureLayer, VerifiedBody, provider,
};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Longer than anything here takes on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(20);

/// A body behind the three layers.
type Layered<R> = ResponseBody<ResponseBody<ResponseBody<R>>>;
type Service = BoxCloneSyncService<Request<Full<Bytes>>, Response<UnsyncBoxBody<Bytes, BoxError>>, BoxError>;
type Receiver = Endpoint<Service>;

/// A delivery of a sender that signs its ids and tries again.
fn delivery(id: &str) -> TestDelivery {
    testing::delivery(provider::STANDARD_WEBHOOKS, SECRET).id(id).json("{}")
}

fn standard_webhooks() -> SignatureLayer {
    SignatureLayer::new(provider::STANDARD_WEBHOOKS, Secret::new(SECRET).unwrap()).unwrap()
}

/// A receiver of such deliveries around a handler.
fn receiver<H, F, R>(layer: IdempotencyLayer, handler: H) -> Receiver
where
    H: Fn(Delivery) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<R>> + Send + 'static,
    R: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    Endpoint::new(service(standard_webhooks(), layer, || true, handler))
}

/// The layers around a handler, which is `ready` or not yet.
fn service<H, F, R>(signature: SignatureLayer, layer: IdempotencyLayer, ready: fn() -> bool, handler: H) -> Service
where
    H: Fn(Delivery) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<R>> + Send + 'static,
    R: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    let service = ServiceBuilder::new().layer(RawBodyLayer::new()).layer(signature).layer(layer);
    let service = service.service(Handler { ready, handler });
    let boxed = |response: Response<Layered<R>>| response.map(|body| body.map_err(Into::into).boxed_unsync());
    let service = ServiceExt::<Request<Full<Bytes>>>::map_response(service, boxed);
    BoxCloneSyncService::new(ServiceExt::<Request<Full<Bytes>>>::map_err(service, |never| match never {}))
}

#[derive(Clone)]
struct Handler<H> {
    ready: fn() -> bool,
    handler: H,
}

impl<H, F, R> tower::Service<Request<VerifiedBody>> for Handler<H>
where
    H: Fn(Delivery) -> F,
    F: Future<Output = Response<R>> + Send + 'static,
{
    type Response = Response<R>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        if (self.ready)() { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    fn call(&mut self, request: Request<VerifiedBody>) -> Self::Future {
        let answer = (self.handler)(request.extensions().get::<Delivery>().unwrap().clone());
        Box::pin(async move { Ok(answer.await) })
    }
}

/// Counts how often a handler was started.
#[derive(Clone, Debug, Default)]
struct Runs(Arc<AtomicUsize>);

impl Runs {
    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    /// The number of this run, from 1.
    fn add(&self) -> usize {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }
}

fn status(code: u16) -> Response<Full<Bytes>> {
    Response::builder().status(code).body(Full::from("done")).unwrap()
}

/// A receiver whose handler only counts.
fn counting(layer: IdempotencyLayer, runs: &Runs) -> Receiver {
    let runs = runs.clone();
    receiver(layer, move |_| {
        runs.add();
        async { status(200) }
    })
}

/// Sends until the handler has run, as a sender does that tries again.
async fn retry_until_run(receiver: &Receiver, delivery: &TestDelivery) -> testing::Answer {
    let begun = std::time::Instant::now();
    loop {
        let answer = receiver.send(delivery).await;
        if answer.status().is_success() || begun.elapsed() > PATIENCE {
            assert!(answer.status().is_success() && answer.outcome() != Some(Outcome::Duplicate), "{answer:?}");
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Lets all other tasks of this thread do what they can.
async fn settle() {
    for _ in 0..30 {
        tokio::task::yield_now().await;
    }
}
