//! The raw body layer and the challenge layers among tower's limits and queues.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::convert::Infallible;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tower::{BoxError, Service, ServiceBuilder, ServiceExt};
use tower_test::mock;
use tower_webhook::challenge::HandshakeLayer;
use tower_webhook::testing;
use tower_webhook::{ChallengeLayer, RawBody, RawBodyLayer, Secret, SignatureLayer, VerifiedBody, provider};

const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
const SUBSCRIBE: &str = "/?hub.mode=subscribe&hub.challenge=42&hub.verify_token=our-verify-token";

type Body = Full<Bytes>;

fn subscribe() -> HandshakeLayer {
    HandshakeLayer::new(provider::META).verify_token(Secret::new("our-verify-token").unwrap())
}

fn slack() -> SignatureLayer {
    SignatureLayer::new(provider::SLACK, Secret::new(SECRET).unwrap()).unwrap()
}

async fn echo<B: http_body::Body<Data = Bytes, Error: std::fmt::Debug>>(
    request: Request<B>,
) -> Result<Response<Body>, Infallible> {
    Ok(Response::new(Full::new(request.into_body().collect().await.unwrap().to_bytes())))
}

/// Asks each in turn, so that a place that is not given back is missed by the second.
async fn answers<S, B, R>(mut service: S, requests: Vec<Request<B>>) -> Vec<Bytes>
where
    S: Service<Request<B>, Response = Response<R>, Error: Into<BoxError>>,
    R: http_body::Body<Data = Bytes, Error: std::fmt::Debug>,
{
    let mut bodies = Vec::new();
    for request in requests {
        let response =
            service.ready().await.map_err(Into::into).unwrap().call(request).await.map_err(Into::into).unwrap();
        bodies.push(response.into_body().collect().await.unwrap().to_bytes());
    }
    bodies
}

fn posts() -> Vec<Request<Body>> {
    ["one", "two", "three"].map(|body| Request::post("/").body(Full::from(body)).unwrap()).to_vec()
}

fn subscriptions() -> Vec<Request<Body>> {
    vec![Request::get(SUBSCRIBE).body(Full::default()).unwrap(), Request::post("/").body(Full::from("two")).unwrap()]
}

fn questions() -> Vec<Request<Body>> {
    let question = r#"{"type":"url_verification","challenge":"42"}"#;
    [question, "{}"].map(|body| testing::delivery(provider::SLACK, SECRET).json(body).to_request()).to_vec()
}

#[tokio::test]
async fn the_raw_body_layer_works_around_and_inside_of_limits_and_queues() {
    let inside =
        ServiceBuilder::new().layer(RawBodyLayer::new()).concurrency_limit(1).service_fn(echo::<RawBody<Body>>);
    assert_eq!(answers(inside, posts()).await, ["one", "two", "three"]);
    let around =
        ServiceBuilder::new().concurrency_limit(1).layer(RawBodyLayer::new()).service_fn(echo::<RawBody<Body>>);
    assert_eq!(answers(around, posts()).await, ["one", "two", "three"]);
    let shed = ServiceBuilder::new().load_shed().layer(RawBodyLayer::new()).concurrency_limit(1);
    assert_eq!(answers(shed.service_fn(echo::<RawBody<Body>>), posts()).await, ["one", "two", "three"]);
    let buffered = ServiceBuilder::new().buffer(2).layer(RawBodyLayer::new()).service_fn(echo::<RawBody<Body>>);
    assert_eq!(answers(buffered, posts()).await, ["one", "two", "three"]);
    let buffer = ServiceBuilder::new().layer(RawBodyLayer::new()).buffer(2).service_fn(echo::<RawBody<Body>>);
    assert_eq!(answers(buffer, posts()).await, ["one", "two", "three"]);
}

#[tokio::test]
async fn the_handshake_layer_works_around_and_inside_of_limits_and_queues() {
    let raw = RawBodyLayer::new;
    let echo = echo::<RawBody<Body>>;
    let inside = ServiceBuilder::new().layer(raw()).layer(subscribe()).concurrency_limit(1).service_fn(echo);
    assert_eq!(answers(inside, subscriptions()).await, ["42", "two"]);
    let around = ServiceBuilder::new().concurrency_limit(1).layer(raw()).layer(subscribe()).service_fn(echo);
    assert_eq!(answers(around, subscriptions()).await, ["42", "two"]);
    let shed = ServiceBuilder::new().load_shed().layer(raw()).layer(subscribe()).concurrency_limit(1).service_fn(echo);
    assert_eq!(answers(shed, subscriptions()).await, ["42", "two"]);
    let buffer = ServiceBuilder::new().buffer(2).layer(raw()).layer(subscribe()).buffer(2).service_fn(echo);
    assert_eq!(answers(buffer, subscriptions()).await, ["42", "two"]);
}

#[tokio::test]
async fn the_challenge_layer_works_inside_of_a_signature_and_around_limits_and_queues() {
    let verified =
        || ServiceBuilder::new().layer(RawBodyLayer::new()).layer(slack()).layer(ChallengeLayer::new(provider::SLACK));
    let expected = [r#"{"challenge":"42"}"#, "{}"];
    let limited = verified().concurrency_limit(1).service_fn(echo::<VerifiedBody>);
    assert_eq!(answers(limited, questions()).await, expected);
    let shed = verified().load_shed().concurrency_limit(1).service_fn(echo::<VerifiedBody>);
    assert_eq!(answers(shed, questions()).await, expected);
    let buffered = verified().buffer(2).service_fn(echo::<VerifiedBody>);
    assert_eq!(answers(buffered, questions()).await, expected);
    let around = ServiceBuilder::new().buffer(2).concurrency_limit(1).load_shed();
    let around = around.service(verified().service_fn(echo::<VerifiedBody>));
    assert_eq!(answers(around, questions()).await, expected);
}

#[tokio::test]
async fn readiness_is_the_inner_service_s_and_an_answer_of_ours_does_not_call_it() {
    let (mock, mut handle) = mock::pair::<Request<RawBody<Body>>, Response<Body>>();
    let mut service = ServiceBuilder::new().layer(RawBodyLayer::new()).layer(subscribe()).service(mock);
    handle.allow(0);
    let mut cx = Context::from_waker(std::task::Waker::noop());
    assert!(matches!(service.poll_ready(&mut cx), Poll::Pending));
    handle.allow(1);
    assert!(matches!(service.poll_ready(&mut cx), Poll::Ready(Ok(()))));
    let answer = service.call(Request::get(SUBSCRIBE).body(Full::default()).unwrap()).await.unwrap();
    assert_eq!(answer.status(), 200);
    handle.send_error("down");
    assert_eq!(service.ready().await.err().unwrap().to_string(), "down");
}
