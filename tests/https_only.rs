//! What comes in plain is refused on the head; what came over TLS passes untouched.
#![allow(clippy::unwrap_used, clippy::panic)]

mod head_layers;

use std::convert::Infallible;
use std::net::SocketAddr;

use axum::Router;
use axum::routing::post;
use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::BodyExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::{Layer, ServiceExt, service_fn};
use tower_test::mock;
use tower_webhook::client_ip::TrustedProxies;
use tower_webhook::connection::{OverTls, PeerAddr};
use tower_webhook::rejection::RenderRejection;
use tower_webhook::{HttpsOnlyLayer, Reason, Rejection};

use self::head_layers::{Untouchable, works_around_limits_and_queues};

const PROXY: &str = "10.0.0.2:4711";
const STRANGER: &str = "192.0.2.66:4711";

fn layer() -> HttpsOnlyLayer {
    HttpsOnlyLayer::new(TrustedProxies::from_cidrs(["10.0.0.0/8"]).unwrap())
}

fn plain(peer: &str) -> Request<Untouchable> {
    let peer = PeerAddr::new(peer.parse().unwrap());
    Request::post("https://hooks.example.com/in?a=b").extension(peer).body(Untouchable).unwrap()
}

fn forwarded(peer: &str, proto: &'static str) -> Request<Untouchable> {
    let mut request = plain(peer);
    request.headers_mut().insert("x-forwarded-proto", proto.parse().unwrap());
    request
}

fn over_tls() -> Request<Untouchable> {
    let mut request = plain(STRANGER);
    request.extensions_mut().insert(OverTls::new());
    request
}

async fn answer(layer: HttpsOnlyLayer, request: Request<Untouchable>) -> Response<Bytes> {
    let inner =
        service_fn(|_: Request<Untouchable>| async { Ok::<_, Infallible>(Response::new(String::from("inner"))) });
    let response = layer.layer(inner).oneshot(request).await.unwrap();
    let (head, body) = response.into_parts();
    Response::from_parts(head, body.collect().await.unwrap().to_bytes())
}

#[tokio::test]
async fn requests_over_tls_pass_and_their_body_is_not_touched() {
    for request in [over_tls(), forwarded(PROXY, "https")] {
        let response = answer(layer(), request).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.body(), "inner");
        assert!(response.extensions().get::<Rejection>().is_none());
    }
}

#[tokio::test]
async fn plain_requests_are_refused_without_a_poll_of_their_body() {
    // The request line of each says https://, which is no evidence.
    let unknown = Request::post("https://x/").header("x-forwarded-proto", "https").body(Untouchable).unwrap();
    for (request, detail) in [
        (plain(STRANGER), "the connection is plain, and its peer is no trusted proxy"),
        (
            forwarded(STRANGER, "https"),
            "the connection is plain; its peer is no trusted proxy, so its header is ignored",
        ),
        (unknown, "the connection is plain, and the server did not say who is at the other end of it"),
        (plain(PROXY), "a trusted proxy sent no header with the protocol of the client"),
        (forwarded(PROXY, "http"), "a trusted proxy says that the client did not use https"),
        (forwarded(PROXY, "https, http"), "a trusted proxy says that the client did not use https"),
    ] {
        let response = answer(layer(), request).await;
        assert_eq!(response.status(), 403);
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        assert_eq!(response.headers()["cache-control"], "no-store");
        let rejection = response.extensions().get::<Rejection>().unwrap();
        assert_eq!(rejection.reason(), Reason::NotHttps);
        assert_eq!(rejection.detail(), Some(detail));
        assert!(!String::from_utf8_lossy(response.body()).contains("proxy"));
    }
}

#[tokio::test]
async fn believing_nobody_means_the_connection_alone() {
    let nobody = || HttpsOnlyLayer::new(TrustedProxies::none());
    assert_eq!(answer(nobody(), over_tls()).await.status(), 200);
    assert_eq!(answer(nobody(), forwarded(PROXY, "https")).await.status(), 403);
}

#[tokio::test]
async fn a_redirect_is_answered_only_where_asked_for_and_leads_to_the_configured_host() {
    let redirecting = || layer().redirect("https://hooks.example.com/base/").unwrap();
    let mut request = plain(STRANGER);
    request.headers_mut().insert("host", "evil.example".parse().unwrap());
    let response = answer(redirecting(), request).await;
    assert_eq!(response.status(), StatusCode::PERMANENT_REDIRECT);
    assert_eq!(response.headers()["location"], "https://hooks.example.com/base/in?a=b");
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert!(response.body().is_empty() && !response.headers().contains_key("content-type"));
    assert_eq!(response.extensions().get::<Rejection>().unwrap().reason(), Reason::NotHttps);

    assert_eq!(answer(redirecting(), over_tls()).await.status(), 200);

    let mut odd = plain(STRANGER);
    *odd.uri_mut() = "/{evil}".parse().unwrap();
    assert_eq!(answer(redirecting(), odd).await.status(), 403);

    let mut grpc = plain(STRANGER);
    grpc.headers_mut().insert("content-type", "application/grpc".parse().unwrap());
    let response = answer(redirecting(), grpc).await;
    assert_eq!(response.headers()["grpc-status"], "7");
    assert!(!response.headers().contains_key("location"));
}

#[derive(Debug)]
struct Short;

impl RenderRejection for Short {
    fn render(&self, rejection: &Rejection, _: &mut HeaderMap) -> Bytes {
        Bytes::from_static(rejection.reason().code().as_bytes())
    }
}

#[tokio::test]
async fn refusals_are_written_as_asked() {
    let response = answer(layer().route("stripe").render_with(Short), plain(STRANGER)).await;
    assert_eq!((response.status().as_u16(), &response.body()[..]), (403, &b"not_https"[..]));
}

#[tokio::test]
async fn readiness_and_errors_are_those_of_the_inner_service() {
    let (mut service, mut handle) = mock::spawn_layer::<Request<&str>, Response<&str>, _>(layer());
    handle.allow(0);
    assert!(service.poll_ready().is_pending());
    handle.allow(1);
    assert!(service.poll_ready().is_ready());

    let refused = service.call(Request::new("plain")).await.unwrap();
    assert_eq!(refused.status(), 403);

    // The place that was given for the refused request is still there for the next one.
    assert!(service.poll_ready().is_ready());
    let answer = tokio::spawn(service.call(Request::builder().extension(OverTls::new()).body("tls").unwrap()));
    let (request, respond) = handle.next_request().await.unwrap();
    assert_eq!(request.into_body(), "tls");
    respond.send_error("the inner error");
    assert_eq!(answer.await.unwrap().unwrap_err().to_string(), "the inner error");
}

#[tokio::test]
async fn it_works_around_limits_and_queues() {
    works_around_limits_and_queues(layer(), || plain(STRANGER), over_tls).await;
}

async fn over_a_socket(app: Router, request: &str) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    let server = tokio::spawn(async move { axum::serve(listener, service).await });
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    server.abort();
    answer
}

#[tokio::test]
async fn over_a_socket_an_absolute_request_line_is_no_evidence() {
    let app = || Router::new().route("/in", post(|| async { "passed" }));
    let believing = HttpsOnlyLayer::new(TrustedProxies::from_cidrs(["127.0.0.1"]).unwrap());
    let request = "POST https://hooks.example.com/in HTTP/1.1\r\nhost: hooks.example.com\r\nconnection: close\r\n\
                   content-length: 0\r\n";
    let plain = format!("{request}\r\n");
    let says_https = format!("{request}x-forwarded-proto: https\r\n\r\n");

    let answer = over_a_socket(app().layer(HttpsOnlyLayer::new(TrustedProxies::none())), &says_https).await;
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    let answer = over_a_socket(app().layer(believing.clone()), &plain).await;
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    let answer = over_a_socket(app().layer(believing), &says_https).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("passed"), "{answer}");
}

#[tokio::test]
async fn over_a_socket_a_sender_that_waits_for_100_gets_the_refusal() {
    let app = Router::new().route("/in", post(|_: Bytes| async { "passed" }));
    let request =
        "POST /in HTTP/1.1\r\nhost: x\r\nconnection: close\r\nexpect: 100-continue\r\ncontent-length: 9\r\n\r\n";
    let answer = over_a_socket(app.layer(HttpsOnlyLayer::new(TrustedProxies::none())), request).await;
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
}
