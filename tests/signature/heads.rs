//! What the head decides.

use http::{HeaderValue, Method, Request};
use http_body_util::BodyExt;
use tower::{ServiceBuilder, ServiceExt};
use tower_layer::Layer;
use tower_webhook::{RawBodyLayer, Reason, Rejection, SignatureLayer, provider};

use crate::deliveries::{At, NOW, TEXT, answer, echo, github, reason, secret, signed, stripe};
use crate::scripted_body::ScriptedBody;

type Change = fn(&mut Request<ScriptedBody>);

fn put(request: &mut Request<ScriptedBody>, name: &'static str, value: &'static str) {
    request.headers_mut().insert(name, HeaderValue::from_static(value));
}

#[tokio::test]
async fn each_refusal_that_the_head_decides_leaves_the_body_alone() {
    let changes: [(Change, Reason); 12] = [
        (|request| *request.method_mut() = Method::GET, Reason::Method),
        (|request| drop(request.headers_mut().remove("stripe-signature")), Reason::MissingSignature),
        (|request| put(request, "stripe-signature", ""), Reason::MalformedSignature),
        (|request| put(request, "stripe-signature", "t=1700000000,v1=00"), Reason::MalformedSignature),
        (|request| put(request, "stripe-signature", "t=1700000000,v0=00"), Reason::UnsupportedScheme),
        (
            |request| {
                let line = request.headers()["stripe-signature"].clone();
                request.headers_mut().append("stripe-signature", line);
            },
            Reason::MalformedSignature,
        ),
        (|request| change_time(request, "t=1699999699"), Reason::TimestampTooOld),
        (|request| change_time(request, "t=1700000301"), Reason::TimestampInFuture),
        (|request| change_time(request, "t=+1700000000"), Reason::MalformedTimestamp),
        (|request| change_time(request, "x=1"), Reason::MissingTimestamp),
        (|request| put(request, "content-length", "1048577"), Reason::BodyTooLarge),
        (|request| put(request, "content-encoding", "gzip"), Reason::ContentEncoding),
    ];
    for (change, expected) in changes {
        let mut request = signed(provider::STRIPE, TEXT, ScriptedBody::untouchable());
        change(&mut request);
        let (body, polled) = (request.body().dropped(), request.body().polled());
        let refused = answer(RawBodyLayer::new(), stripe(), request).await;
        assert_eq!(reason(&refused), Some(expected));
        assert_eq!(refused.status().as_u16(), expected.status().as_u16());
        use std::sync::atomic::Ordering::SeqCst;
        assert_eq!((polled.load(SeqCst), body.load(SeqCst)), (0, 1), "{expected}");
    }
}

fn change_time(request: &mut Request<ScriptedBody>, to: &str) {
    let line = request.headers()["stripe-signature"].to_str().unwrap().replace("t=1700000000", to);
    request.headers_mut().insert("stripe-signature", line.try_into().unwrap());
}

#[tokio::test]
async fn another_method_is_told_which_one_is_taken() {
    for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE, Method::OPTIONS] {
        let mut request = github(ScriptedBody::untouchable());
        *request.method_mut() = method;
        let layer = SignatureLayer::new(provider::GITHUB, secret()).unwrap();
        let refused = answer(RawBodyLayer::new(), layer, request).await;
        assert_eq!(refused.status(), 405);
        assert_eq!(refused.headers()["allow"], "POST");
    }
    let layer = || SignatureLayer::new(provider::GITHUB, secret()).unwrap().method(Method::PUT);
    let refused = answer(RawBodyLayer::new(), layer(), github(ScriptedBody::untouchable())).await;
    assert_eq!((refused.status().as_u16(), &refused.headers()["allow"]), (405, &HeaderValue::from_static("PUT")));
    let mut request = github(ScriptedBody::whole(TEXT));
    *request.method_mut() = Method::PUT;
    assert_eq!(answer(RawBodyLayer::new(), layer(), request).await.status(), 200);
}

#[tokio::test]
async fn a_clock_before_1970_is_our_fault_and_may_be_put_right() {
    let request = || signed(provider::STRIPE, TEXT, ScriptedBody::untouchable());
    let refused = answer(RawBodyLayer::new(), stripe().clock(At(None)), request()).await;
    assert_eq!((reason(&refused), refused.status().as_u16()), (Some(Reason::Misconfigured), 503));
    assert!(refused.headers().contains_key("retry-after"));
    // Who signs no time needs no clock.
    let layer = SignatureLayer::new(provider::GITHUB, secret()).unwrap().clock(At(None));
    assert_eq!(answer(RawBodyLayer::new(), layer, github(ScriptedBody::whole(TEXT))).await.status(), 200);
}

#[tokio::test]
async fn a_refusal_of_grpc_is_a_grpc_status() {
    for (change, status) in [
        ((|request| put(request, "x-hub-signature-256", "sha256=00")) as Change, "16"),
        (|request| *request.method_mut() = Method::GET, "12"),
    ] {
        let mut request = github(ScriptedBody::untouchable());
        put(&mut request, "content-type", "application/grpc+proto");
        change(&mut request);
        let layer = SignatureLayer::new(provider::GITHUB, secret()).unwrap();
        let refused = answer(RawBodyLayer::new(), layer, request).await;
        assert_eq!((refused.status().as_u16(), &refused.headers()["grpc-status"]), (200, &status.parse().unwrap()));
        assert!(refused.into_body().collect().await.unwrap().to_bytes().is_empty());
    }
}

#[tokio::test]
async fn all_that_is_not_authorized_is_answered_alike() {
    let changes: [Change; 4] = [
        |request| drop(request.headers_mut().remove("stripe-signature")),
        |request| change_time(request, "t=1"),
        |request| change_time(request, "t=1700000001"),
        |request| put(request, "stripe-signature", "nonsense"),
    ];
    let mut answers = Vec::new();
    for change in changes {
        let mut request = signed(provider::STRIPE, TEXT, ScriptedBody::whole(TEXT));
        change(&mut request);
        let refused = answer(RawBodyLayer::new(), stripe(), request).await;
        assert_eq!(refused.extensions().get::<Rejection>().unwrap().reason().status(), 401);
        let (head, body) = refused.into_parts();
        answers.push((head.status, head.headers, body.collect().await.unwrap().to_bytes()));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
}

#[tokio::test]
async fn a_sender_that_wants_another_status_gets_it_for_what_cannot_be_verified() {
    let wants_406 = provider::GITHUB.unauthorized_as(406);
    let mut request = signed(provider::GITHUB, TEXT, ScriptedBody::whole(TEXT));
    put(&mut request, "x-hub-signature-256", "nonsense");
    let layer = SignatureLayer::new(wants_406, secret()).unwrap();
    let refused = answer(RawBodyLayer::new(), layer.clone(), request).await;
    assert_eq!(refused.status(), 406);

    let mut request = signed(provider::GITHUB, TEXT, ScriptedBody::whole(TEXT));
    *request.method_mut() = http::Method::PUT;
    assert_eq!(answer(RawBodyLayer::new(), layer, request).await.status(), 405);
}

#[tokio::test]
async fn nothing_shows_the_secret_the_signature_or_the_body() {
    let layer = SignatureLayer::new(provider::GITHUB, secret()).unwrap().clock(At(Some(NOW)));
    let request = github(ScriptedBody::whole(TEXT));
    let signature = request.headers()["x-hub-signature-256"].to_str().unwrap()[7..].to_owned();
    let service = ServiceBuilder::new().layer(RawBodyLayer::new()).layer(layer.clone()).service(Unshown);
    let shown = format!("{layer:?} {service:?}");
    let future = service.oneshot(request);
    let shown = format!("{shown} {future:?}");
    let delivery = future.await.unwrap().into_body().collect().await.unwrap().to_bytes();
    let shown = format!("{shown} {}", String::from_utf8_lossy(&delivery));
    for secret in ["hunter2", "evt_1\",", signature.as_str(), "104, 117, 110, 116, 101, 114"] {
        assert!(!shown.contains(secret), "{secret}: {shown}");
    }
    assert!(shown.contains("SignatureLayer") && shown.contains("Delivery"), "{shown}");
}

/// Answers with what `Debug` shows of the delivery.
#[derive(Clone, Debug)]
struct Unshown;

impl tower::Service<Request<tower_webhook::VerifiedBody>> for Unshown {
    type Response = http::Response<http_body_util::Full<bytes::Bytes>>;
    type Error = std::convert::Infallible;
    type Future = std::future::Ready<Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Self::Error>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<tower_webhook::VerifiedBody>) -> Self::Future {
        let delivery = request.extensions().get::<tower_webhook::Delivery>().unwrap();
        let shown = format!("{delivery:?} {:?}", request.body());
        std::future::ready(Ok(http::Response::new(http_body_util::Full::from(shown))))
    }
}

#[test]
fn a_layer_knows_its_scheme_and_its_route() {
    let layer = stripe();
    assert_eq!((layer.scheme().name(), layer.route_name()), ("stripe", "stripe"));
    let layer = layer.route("billing");
    assert_eq!((layer.scheme().name(), layer.route_name()), ("stripe", "billing"));
    let _ = layer.layer(tower::service_fn(echo));
}
