#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod cancelled;
mod claims;
#[cfg(feature = "metrics")]
mod counted;
mod disconnect;
mod heart;
mod ids;
mod local;
mod outcomes;
mod stores;
mod tower;

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ::tower::{Layer, Service, ServiceExt, service_fn};
use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use tokio::sync::Notify;

use super::*;
use crate::body::VerifiedBody;
use crate::clock::{Clock, UnixTime};
use crate::coverage::Coverage;
use crate::delivery::{Facts, SignedMaterial, Value};
use crate::{Delivery, Outcome, Reason, Rejection};

type Answer = Response<Bytes>;

/// A clock that is turned by hand.
#[derive(Clone, Debug, Default)]
struct Hand(Arc<Mutex<Duration>>);

impl Hand {
    fn turn(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for Hand {
    fn now(&self) -> Option<UnixTime> {
        None
    }

    fn monotonic(&self) -> Duration {
        *self.0.lock().unwrap()
    }
}

/// A request as it comes from behind a signature layer.
fn sent(body: &'static str, change: impl FnOnce(&mut Delivery)) -> Request<VerifiedBody> {
    let bytes = Bytes::from_static(body.as_bytes());
    let mut delivery = Delivery {
        facts: Arc::new(Facts {
            credentials: crate::delivery::Credentials::default(),
            provider: "acme",
            covers: Coverage::Body,
            id_is_signed: true,
            bodies_are_unique: false,
            retry_horizon: None,
            deadline: None,
            success_answer: None,
            takes_202: false,
        }),
        route: Arc::from("acme"),
        tenant: None,
        id: Value::None,
        event_type: Value::None,
        account: None,
        attempt: None,
        sent_at: None,
        key_id: Some(Arc::from("0")),
        proof: Some(SignedMaterial { bytes: [1; 64], len: 32 }),
        run: None,
        body: bytes.clone(),
    };
    change(&mut delivery);
    let mut request = Request::post("/").body(VerifiedBody::new(bytes)).unwrap();
    request.extensions_mut().insert(delivery);
    request
}

/// What is known of its sender.
fn facts(delivery: &mut Delivery) -> &mut Facts {
    Arc::make_mut(&mut delivery.facts)
}

fn delivery(id: &'static str) -> Request<VerifiedBody> {
    sent("{}", |delivery| delivery.id = Value::Header(HeaderValue::from_static(id)))
}

/// Counts how often a handler was started.
#[derive(Clone, Debug, Default)]
struct Runs(Arc<AtomicUsize>);

impl Runs {
    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    fn add(&self) -> usize {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }
}

/// A handler that answers what `answer` makes of the number of its run, from 1.
fn handler<R: Send + 'static>(
    runs: &Runs,
    answer: impl Fn(usize) -> Response<R> + Clone + Send + 'static,
) -> impl Service<
    Request<VerifiedBody>,
    Response = Response<R>,
    Error = Infallible,
    Future = impl Future<Output = Result<Response<R>, Infallible>> + Send,
> + Clone
+ Send
+ 'static {
    let runs = runs.clone();
    service_fn(move |_: Request<VerifiedBody>| {
        let response = answer(runs.add());
        async move { Ok(response) }
    })
}

fn ok() -> Response<Full<Bytes>> {
    Response::new(Full::from("done"))
}

/// A handler that waits until it is let go.
fn gated(
    runs: &Runs,
    gate: &Arc<Notify>,
) -> impl Service<
    Request<VerifiedBody>,
    Response = Response<Full<Bytes>>,
    Error = Infallible,
    Future = impl Future<Output = Result<Response<Full<Bytes>>, Infallible>> + Send + use<>,
>
+ Clone
+ Send
+ 'static
+ use<> {
    let (runs, gate) = (runs.clone(), Arc::clone(gate));
    service_fn(move |_: Request<VerifiedBody>| {
        runs.add();
        let gate = Arc::clone(&gate);
        async move {
            gate.notified().await;
            Ok(ok())
        }
    })
}

async fn read<R>(response: Response<R>) -> Answer
where
    R: Body<Data = Bytes>,
    R::Error: std::fmt::Debug,
{
    let (head, body) = response.into_parts();
    Response::from_parts(head, body.collect().await.unwrap().to_bytes())
}

async fn send<S, R>(service: &S, request: Request<VerifiedBody>) -> Answer
where
    S: Service<Request<VerifiedBody>, Response = Response<R>> + Clone,
    S::Error: std::fmt::Debug,
    R: Body<Data = Bytes>,
    R::Error: std::fmt::Debug,
{
    read(service.clone().oneshot(request).await.unwrap()).await
}

fn outcome(answer: &Answer) -> Option<Outcome> {
    answer.extensions().get().copied()
}

fn reason(answer: &Answer) -> Option<Reason> {
    answer.extensions().get().map(Rejection::reason)
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer.headers().get(name).map(|value| value.to_str().unwrap())
}

/// Lets all other tasks of this thread do what they can.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

fn is_send_and_sync<T: Send + Sync + 'static>(_: &T) {}

#[test]
fn what_is_public_can_be_shared_and_printed() {
    let layer = IdempotencyLayer::in_memory();
    let mut service = layer.layer(handler(&Runs::default(), |_| ok()));
    is_send_and_sync(&layer);
    is_send_and_sync(&layer.drain());
    is_send_and_sync(&MemoryStore::new());
    assert!(format!("{layer:?}").contains("lease: 30s"));
    assert!(format!("{:?}", MemoryStore::new()).contains("in_flight: 0"));
    let future = service.call(delivery("e1"));
    assert!(format!("{future:?}").contains("Idle"));
}
