//! What the head of a request decides is refused before anybody looks at the body.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::routing::any;
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body::{Body, Frame};
use http_body_util::Full;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower::{Service, ServiceBuilder, ServiceExt};
use tower_webhook::clock::{Clock, SystemClock, UnixTime};
use tower_webhook::connection::{OverTls, PeerAddr};
use tower_webhook::serve::Server;
use tower_webhook::signature::resolver_fn;
use tower_webhook::testing;
use tower_webhook::{Reason, Rejection, Secret, Secrets, VerifiedBody, WebhookLayer, provider};

const SECRET: &str = "whsec_a secret of at least sixteen bytes";
/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// A body that counts how often it is looked at.
struct Watched {
    polls: Arc<AtomicUsize>,
    bytes: Bytes,
}

impl Body for Watched {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.polls.fetch_add(1, Ordering::SeqCst);
        let bytes = std::mem::take(&mut self.bytes);
        Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
    }
}

fn secret() -> Secret {
    Secret::new(SECRET).unwrap()
}

fn now() -> UnixTime {
    SystemClock::new().now().unwrap()
}

/// Everything that looks at a head, in one layer.
fn strict(keys: impl Into<Secrets>) -> WebhookLayer {
    WebhookLayer::new(provider::STRIPE, keys).unwrap().https_only().allow(["203.0.113.0/24"]).unwrap()
}

/// A delivery that passes, until `spoil` has been at it.
fn delivery(spoil: impl FnOnce(&mut Request<Bytes>)) -> Request<Bytes> {
    let delivery = testing::delivery(provider::STRIPE, SECRET).json(r#"{"id":"evt_1"}"#);
    let mut request = delivery.over_tls().from_peer("203.0.113.7:443").to_request();
    spoil(&mut request);
    request
}

fn with_header(name: &'static str, value: &str) -> Request<Bytes> {
    delivery(|request| _ = request.headers_mut().insert(name, value.parse().unwrap()))
}

/// A well-formed signature is `t=NOW,v1=HEX`.
fn with_signature(line: &str) -> Request<Bytes> {
    let (now, hex) = (now().as_secs().to_string(), "0".repeat(64));
    with_header("stripe-signature", &line.replace("NOW", &now).replace("HEX", &hex))
}

fn signed_at(time: UnixTime) -> Request<Bytes> {
    let late = testing::delivery(provider::STRIPE, SECRET).json("{}").at(time);
    late.over_tls().from_peer("203.0.113.7:443").to_request()
}

/// How it was refused, and how often the body was looked at.
async fn outcome<S, ResBody>(service: S, request: Request<Bytes>) -> (Option<Reason>, usize)
where
    S: Service<Request<Watched>, Response = Response<ResBody>, Error = Infallible>,
{
    let polls = Arc::new(AtomicUsize::new(0));
    let request = request.map(|bytes| Watched { polls: Arc::clone(&polls), bytes });
    let response = tokio::time::timeout(PATIENCE, service.oneshot(request)).await.expect("an answer in time").unwrap();
    let reason = response.extensions().get::<Rejection>().map(Rejection::reason);
    drop(response);
    (reason, polls.load(Ordering::SeqCst))
}

async fn handle(_: Request<VerifiedBody>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::default())
}

/// The same stack on plain tower and as a layer of axum: both, or it panics.
async fn refused(layer: WebhookLayer, request: impl Fn() -> Request<Bytes>) -> Reason {
    let tower = ServiceBuilder::new().layer(layer.clone()).service_fn(handle);
    let (reason, polls) = outcome(tower, request()).await;
    assert_eq!(polls, 0, "{reason:?}");
    let axum = Router::new().route("/", any(async || "handled").layer(layer));
    assert_eq!(outcome(axum, request()).await, (reason, 0));
    reason.expect("a refusal")
}

#[tokio::test]
async fn every_reason_in_the_head_costs_no_look_at_the_body() {
    let no_key_yet = || Secrets::named("next", secret()).not_before(now().saturating_add(Duration::from_secs(3600)));
    type Make = fn() -> Request<Bytes>;
    let cases: [(Make, Reason); 17] = [
        (|| delivery(|request| _ = request.extensions_mut().remove::<OverTls>()), Reason::NotHttps),
        (|| delivery(|request| _ = request.extensions_mut().remove::<PeerAddr>()), Reason::IpUnknown),
        (
            || {
                let peer = PeerAddr::new(([198, 51, 100, 1], 443).into());
                delivery(|request| _ = request.extensions_mut().insert(peer))
            },
            Reason::IpDenied,
        ),
        (|| with_header("content-length", "1048577"), Reason::BodyTooLarge),
        (|| with_header("content-length", "many"), Reason::BodyMalformed),
        (|| with_header("content-encoding", "gzip"), Reason::ContentEncoding),
        (|| delivery(|request| *request.method_mut() = Method::GET), Reason::Method),
        (|| delivery(|request| *request.method_mut() = Method::PUT), Reason::Method),
        (|| delivery(|request| _ = request.headers_mut().remove("stripe-signature")), Reason::MissingSignature),
        (|| with_signature(""), Reason::MalformedSignature),
        (|| with_signature("neither list nor signature"), Reason::MalformedSignature),
        (|| with_signature("t=NOW,v1=not hex"), Reason::MalformedSignature),
        (|| with_signature("t=NOW,v0=HEX"), Reason::UnsupportedScheme),
        (|| with_signature("v1=HEX"), Reason::MissingTimestamp),
        (|| with_signature("t=now,v1=HEX"), Reason::MalformedTimestamp),
        (|| with_signature("t=NOW,t=NOW,v1=HEX"), Reason::MalformedTimestamp),
        (
            || {
                delivery(|request| {
                    let again = request.headers()["stripe-signature"].clone();
                    request.headers_mut().append("stripe-signature", again);
                })
            },
            Reason::MalformedSignature,
        ),
    ];
    for (number, (request, reason)) in cases.into_iter().enumerate() {
        assert_eq!(refused(strict(secret()), request).await, reason, "case {number}");
    }
    let old = now().saturating_sub(Duration::from_secs(301));
    assert_eq!(refused(strict(secret()), || signed_at(old)).await, Reason::TimestampTooOld);
    let early = now().saturating_add(Duration::from_secs(330));
    assert_eq!(refused(strict(secret()), || signed_at(early)).await, Reason::TimestampInFuture);
    assert_eq!(refused(strict(no_key_yet()), || delivery(|_| ())).await, Reason::NotConfigured);

    // What it takes to pass: the counter does count.
    let tower = ServiceBuilder::new().layer(strict(secret())).service_fn(handle);
    let (reason, polls) = outcome(tower, delivery(|_| ())).await;
    assert!(reason.is_none() && polls > 0, "{reason:?} {polls}");
}

#[tokio::test]
async fn keys_that_cannot_be_fetched_cost_no_look_either() {
    let resolver = resolver_fn(|_: &http::request::Parts| async { Err::<Option<Secret>, _>(std::fmt::Error) });
    let layer = WebhookLayer::resolving(provider::STRIPE, resolver).unwrap();
    assert_eq!(refused(layer, || delivery(|_| ())).await, Reason::KeyUnavailable);
}

#[tokio::test]
async fn a_subscription_is_answered_or_refused_without_a_body() {
    let token = || Secret::new("a verify token of ours").unwrap();
    let layer = || WebhookLayer::new(provider::META, secret()).unwrap().verify_token(token());
    let ask = |query: &str| Request::get(format!("/?hub.mode=subscribe&{query}")).body(Bytes::new()).unwrap();
    let malformed = || ask("hub.verify_token=a+verify+token+of+ours&hub.challenge=%3Cscript%3E");
    assert_eq!(refused(layer(), malformed).await, Reason::ChallengeMalformed);
    let right = ask("hub.verify_token=a+verify+token+of+ours&hub.challenge=1");
    assert_eq!(outcome(ServiceBuilder::new().layer(layer()).service_fn(handle), right).await, (None, 0));
}

/// `Expect: 100-continue`: all that the server says until it closes or has refused.
async fn expect_continue(address: std::net::SocketAddr, signature: &str) -> String {
    let talking = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = format!(
            "POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\nconnection: close\r\ncontent-length: 13\r\n{signature}\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut said = Vec::new();
        let mut sent = false;
        while stream.read_buf(&mut said).await.unwrap() > 0 {
            if !sent && said.ends_with(b"\r\n\r\n") && said.starts_with(b"HTTP/1.1 100") {
                stream.write_all(b"Hello, World!").await.unwrap();
                sent = true;
            }
        }
        String::from_utf8(said).unwrap()
    };
    tokio::time::timeout(PATIENCE, talking).await.expect("an answer in time")
}

/// From GitHub's documentation, for `Hello, World!`.
const SIGNATURE: &str =
    "x-hub-signature-256: sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17\r\n";

fn github() -> Router {
    let github = WebhookLayer::new(provider::GITHUB, Secret::new("It's a Secret to Everybody").unwrap()).unwrap();
    Router::new().route("/", any(async || "handled")).layer(github)
}

async fn who_waits_is_refused_at_once(address: std::net::SocketAddr) {
    let refused = expect_continue(address, "").await;
    assert!(refused.starts_with("HTTP/1.1 401") && !refused.contains("HTTP/1.1 100"), "{refused}");
    let compressed = expect_continue(address, &format!("{SIGNATURE}content-encoding: gzip\r\n")).await;
    assert!(compressed.starts_with("HTTP/1.1 415") && !compressed.contains("HTTP/1.1 100"), "{compressed}");
    let accepted = expect_continue(address, SIGNATURE).await;
    assert!(accepted.starts_with("HTTP/1.1 100") && accepted.contains("HTTP/1.1 200"), "{accepted}");
}

#[tokio::test]
async fn who_waits_for_100_continue_gets_the_refusal_from_our_server() {
    let server = Server::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    let serving = tokio::spawn(server.serve(github()));
    who_waits_is_refused_at_once(address).await;
    serving.abort();
}

#[tokio::test]
async fn who_waits_for_100_continue_gets_the_refusal_from_axum() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(async move { axum::serve(listener, github()).await });
    who_waits_is_refused_at_once(address).await;
    serving.abort();
}

#[tokio::test]
async fn an_http_2_sender_is_refused_while_its_body_is_still_to_come() {
    let server = Server::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    let serving = tokio::spawn(server.serve(github()));
    let talking = async {
        let stream = TokioIo::new(TcpStream::connect(address).await.unwrap());
        let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), stream);
        let (mut sender, connection) = handshake.await.unwrap();
        tokio::spawn(connection);
        // Its other half is kept, so it neither goes on nor ends.
        let (_body, unfinished) = http_body_util::channel::Channel::<Bytes, Infallible>::new(1);
        let request = Request::post("http://hooks.example/").body(unfinished).unwrap();
        assert_eq!(sender.send_request(request).await.unwrap().status(), 401);
    };
    tokio::time::timeout(PATIENCE, talking).await.expect("an answer in time");
    serving.abort();
}

#[tokio::test]
async fn bodies_that_nobody_read_do_not_use_up_an_http_2_connection() {
    let server = Server::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    let serving = tokio::spawn(server.serve(github()));
    let talking = async {
        let stream = TokioIo::new(TcpStream::connect(address).await.unwrap());
        let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), stream);
        let (mut sender, connection) = handshake.await.unwrap();
        tokio::spawn(connection);
        let delivery = testing::delivery(provider::GITHUB, "It's a Secret to Everybody");
        let delivery = delivery.body("text/plain", vec![b'x'; 300_000]);
        let request = |delivery: &testing::TestDelivery| {
            let mut request = delivery.to_request::<Full<Bytes>>();
            *request.uri_mut() = http::Uri::from_static("http://hooks.example/");
            request
        };
        // Together far more than the window of the connection.
        for _ in 0..200 {
            assert_eq!(sender.send_request(request(&delivery.unsigned())).await.unwrap().status(), 401);
        }
        assert_eq!(sender.send_request(request(&delivery)).await.unwrap().status(), 200);
    };
    tokio::time::timeout(PATIENCE, talking).await.expect("answers in time");
    serving.abort();
}
