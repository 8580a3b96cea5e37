//! Sender and receiver of this crate, and between them a proxy that loses requests, loses answers, delays and duplicates.
//!
//! `EVENTS=10000 cargo test --release --all-features --test send every_event` is the long run.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::routing::post;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tower::{Layer, ServiceExt};
use tower_webhook::body::BoxError;
use tower_webhook::bytes::Bytes;
use tower_webhook::send::{RetryPolicy, RetrySchedule, SendLayer};
use tower_webhook::serve::Server;
use tower_webhook::{Delivery, Secret, WebhookLayer, provider};

type Pool = Client<HttpConnector, Full<Bytes>>;

fn pool() -> Pool {
    Client::builder(TokioExecutor::new()).build_http()
}

/// What the proxy did, by kind.
#[derive(Debug, Default)]
struct Done {
    requests: AtomicU64,
    lost_requests: AtomicU64,
    lost_answers: AtomicU64,
    duplicated: AtomicU64,
    delayed: AtomicU64,
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Which fault the request with this number meets: the same in each run.
fn dice(number: u64) -> u64 {
    // SplitMix64.
    let mut x = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (x ^ (x >> 31)) % 100
}

async fn meddle(
    request: Request<Incoming>,
    receiver: SocketAddr,
    pool: Pool,
    done: Arc<Done>,
) -> Result<Response<Full<Bytes>>, BoxError> {
    let (mut head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    head.uri = format!("http://{receiver}{}", head.uri.path()).parse()?;
    let number = done.requests.fetch_add(1, Ordering::Relaxed);
    let fault = dice(number);
    let forward = || pool.request(Request::from_parts(head.clone(), Full::new(body.clone())));
    match fault {
        0..10 => {
            count(&done.lost_requests);
            return Err("lost on the way there".into());
        }
        10..25 => {
            count(&done.delayed);
            tokio::time::sleep(Duration::from_millis(fault)).await;
        }
        25..40 => {
            count(&done.duplicated);
            let (_, copy) = tokio::join!(forward(), forward());
            drop(copy);
        }
        _ => {}
    }
    let (head, body) = forward().await?.into_parts();
    let body = body.collect().await?.to_bytes();
    if fault >= 90 {
        count(&done.lost_answers);
        return Err("lost on the way back".into());
    }
    Ok(Response::from_parts(head, Full::new(body)))
}

async fn proxy(receiver: SocketAddr, done: Arc<Done>, listener: TcpListener) {
    let pool = pool();
    while let Ok((stream, _)) = listener.accept().await {
        let (pool, done) = (pool.clone(), done.clone());
        // What the service fails with closes the connection: the sender gets no answer.
        let service = service_fn(move |request| meddle(request, receiver, pool.clone(), done.clone()));
        tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_event_arrives_and_is_handled_once() {
    let events: usize = std::env::var("EVENTS").map_or(1000, |events| events.parse().unwrap());
    let secret = Secret::generate().unwrap();
    let handled = Arc::new(Mutex::new(HashMap::<String, u32>::new()));
    let counts = handled.clone();
    let handler = async move |delivery: Delivery| {
        let id = delivery.id().expect("an id").into_owned();
        *counts.lock().unwrap().entry(id).or_default() += 1;
    };
    let layer = WebhookLayer::new(provider::STANDARD_WEBHOOKS, secret.clone()).unwrap();
    let app: Router = Router::new().route("/", post(handler).layer(layer));
    let server = Server::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let receiver = server.local_addr().unwrap();
    let serving = tokio::spawn(server.serve(app));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let done = Arc::new(Done::default());
    let proxying = tokio::spawn(proxy(receiver, done.clone(), listener));

    let ms = Duration::from_millis;
    let policy = RetryPolicy::new(RetrySchedule::exponential(ms(2), ms(50), 20).unwrap());
    // What the receiver asks for in whole seconds would make the run long.
    let policy = policy.longest_retry_after(ms(20));
    let sender = SendLayer::new(provider::STANDARD_WEBHOOKS, secret).unwrap().retry(policy).layer(pool());
    let mut sending = JoinSet::new();
    for event in 0..events {
        while sending.len() >= 64 {
            sending.join_next().await.unwrap().unwrap();
        }
        let body = Bytes::from(format!(r#"{{"type":"event","data":{event}}}"#));
        let request = Request::post(&url).header("webhook-id", format!("msg_{event}")).body(Full::new(body)).unwrap();
        let sender = sender.clone();
        sending.spawn(async move {
            let answer = sender.oneshot(request).await.expect("it arrives");
            assert!(answer.status().is_success(), "{}", answer.status());
        });
    }
    while let Some(sent) = sending.join_next().await {
        sent.unwrap();
    }
    serving.abort();
    proxying.abort();

    let handled = handled.lock().unwrap();
    assert_eq!(handled.len(), events);
    assert!((0..events).all(|event| handled[&format!("msg_{event}")] == 1), "each once");
    for faults in [&done.lost_requests, &done.lost_answers, &done.duplicated, &done.delayed] {
        assert!(faults.load(Ordering::Relaxed) > events as u64 / 20, "{done:?}");
    }
}
