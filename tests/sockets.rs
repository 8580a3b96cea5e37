//! The stack on real servers, over real sockets: accept, refuse, duplicate.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::routing::post;
use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tower::ServiceBuilder;
use tower_webhook::testing::{self, TestDelivery};
use tower_webhook::{
    AllowlistLayer, ChallengeLayer, Delivery, IdempotencyLayer, MetricsLayer, RawBodyLayer, Secret, SignatureLayer,
    VerifiedBody, WebhookLayer, provider,
};

const SECRET: &str = "It's a Secret to Everybody";
/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often the handler ran.
type Runs = Arc<AtomicUsize>;

fn secret() -> Secret {
    Secret::new(SECRET).unwrap()
}

fn stack() -> WebhookLayer {
    WebhookLayer::new(provider::GITHUB, secret()).unwrap()
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// A connection that speaks one version of HTTP.
enum Client {
    H1(hyper::client::conn::http1::SendRequest<Full<Bytes>>),
    H2(hyper::client::conn::http2::SendRequest<Full<Bytes>>),
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Client {
    async fn http_1(address: SocketAddr) -> Self {
        let stream = TokioIo::new(TcpStream::connect(address).await.unwrap());
        let (sender, connection) = hyper::client::conn::http1::handshake(stream).await.unwrap();
        tokio::spawn(connection);
        Self::H1(sender)
    }

    async fn http_2(address: SocketAddr) -> Self {
        let stream = TokioIo::new(TcpStream::connect(address).await.unwrap());
        let (sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.unwrap();
        tokio::spawn(connection);
        Self::H2(sender)
    }

    async fn send(&mut self, delivery: &TestDelivery) -> Answer {
        let mut request: Request<Full<Bytes>> = delivery.to_request();
        let response = match self {
            Self::H1(sender) => {
                request.headers_mut().insert("host", "hooks.example".parse().unwrap());
                sender.ready().await.unwrap();
                sender.send_request(request).await.unwrap()
            }
            Self::H2(sender) => {
                *request.uri_mut() = format!("http://hooks.example{}", request.uri().path()).parse().unwrap();
                sender.send_request(request).await.unwrap()
            }
        };
        let (head, body) = response.into_parts();
        let body: Incoming = body;
        Answer { status: head.status, headers: head.headers, body: body.collect().await.unwrap().to_bytes() }
    }
}

/// One connection: a delivery, its forgeries, its copy, and another one.
async fn accepts_refuses_and_knows_duplicates(client: &mut Client, runs: &Runs) {
    let delivery = |id: &str| testing::delivery(provider::GITHUB, SECRET).to("/hook").id(id).json(r#"{"a":1}"#);
    let talking = async {
        let before = runs.load(Ordering::SeqCst);
        // The same connection goes on after a refusal.
        for forged in [delivery("1").tampered(), delivery("1").unsigned(), delivery("1").signed_with("another secret")]
        {
            let answer = client.send(&forged).await;
            assert_eq!(answer.status, 401);
            assert_eq!(answer.headers["content-type"], "application/problem+json");
        }
        assert_eq!(runs.load(Ordering::SeqCst), before);

        let first = client.send(&delivery("1")).await;
        assert_eq!((first.status.as_u16(), first.body.as_ref()), (200, b"github: 7 bytes".as_slice()));
        assert!(!first.headers.contains_key("idempotent-replayed"));
        let copy = client.send(&delivery("1")).await;
        assert_eq!((copy.status, copy.body), (first.status, first.body));
        assert_eq!(copy.headers["idempotent-replayed"], "true");
        assert_eq!(runs.load(Ordering::SeqCst), before + 1);

        assert_eq!(client.send(&delivery("2")).await.status, 200);
        assert_eq!(runs.load(Ordering::SeqCst), before + 2);
    };
    tokio::time::timeout(PATIENCE, talking).await.expect("answers in time");
}

fn greeting(delivery: &Delivery) -> String {
    format!("{}: {} bytes", delivery.provider(), delivery.body().len())
}

/// The handler as axum has it.
fn handler(runs: &Runs) -> axum::routing::MethodRouter {
    let runs = Arc::clone(runs);
    post(async move |delivery: Delivery, body: Bytes| {
        runs.fetch_add(1, Ordering::SeqCst);
        assert_eq!(body, *delivery.body());
        greeting(&delivery)
    })
}

/// On axum's own server, by HTTP/1 and by HTTP/2.
async fn on_axum(make: impl Fn(&Runs) -> Router) {
    for version in [1, 2] {
        let runs = Runs::default();
        let (listener, address) = listen().await;
        let app = make(&runs).into_make_service_with_connect_info::<SocketAddr>();
        let serving = tokio::spawn(async move { axum::serve(listener, app).await });
        let mut client = if version == 1 { Client::http_1(address).await } else { Client::http_2(address).await };
        accepts_refuses_and_knows_duplicates(&mut client, &runs).await;
        serving.abort();
    }
}

#[tokio::test]
async fn on_axum_as_the_layer_of_a_router() {
    on_axum(|runs| Router::new().route("/hook", handler(runs)).layer(stack())).await;
}

#[tokio::test]
async fn on_axum_as_the_layer_of_a_method() {
    on_axum(|runs| Router::new().route("/hook", handler(runs).layer(stack()))).await;
}

#[tokio::test]
async fn on_axum_as_a_tuple_of_single_layers() {
    on_axum(|runs| {
        let layers = (
            MetricsLayer::new("github"),
            AllowlistLayer::new(["127.0.0.0/8"]).unwrap(),
            RawBodyLayer::new(),
            SignatureLayer::new(provider::GITHUB, secret()).unwrap(),
            ChallengeLayer::new(provider::GITHUB),
            IdempotencyLayer::in_memory(),
        );
        Router::new().route("/hook", handler(runs).layer(layers))
    })
    .await;
}

#[tokio::test]
async fn on_axum_in_a_nested_router() {
    let nested = |runs: &Runs| {
        let inner = Router::new().route("/", handler(runs)).layer(stack());
        Router::new().nest("/hook", inner)
    };
    on_axum(nested).await;
}

/// The function as plain tower has it.
fn service(
    runs: &Runs,
) -> impl tower::Service<
    Request<Incoming>,
    Response = Response<impl http_body::Body<Data = Bytes, Error = Infallible> + Send + 'static>,
    Error = Infallible,
    Future: Send + 'static,
> + Clone
+ Send
+ 'static {
    let runs = Arc::clone(runs);
    ServiceBuilder::new().layer(stack()).service_fn(move |request: Request<VerifiedBody>| {
        let runs = Arc::clone(&runs);
        async move {
            runs.fetch_add(1, Ordering::SeqCst);
            let delivery = request.extensions().get::<Delivery>().unwrap();
            assert_eq!(request.body().bytes(), delivery.body());
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(greeting(delivery))))
        }
    })
}

#[tokio::test]
async fn on_hyper_with_http_1() {
    let runs = Runs::default();
    let (listener, address) = listen().await;
    let service = TowerToHyperService::new(service(&runs));
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.unwrap();
    });
    accepts_refuses_and_knows_duplicates(&mut Client::http_1(address).await, &runs).await;
    // The connection is closed by the client, and not by an error of ours.
    tokio::time::timeout(PATIENCE, serving.join_next()).await.expect("an end in time").unwrap().unwrap();
}

#[tokio::test]
async fn on_hyper_with_http_2() {
    let runs = Runs::default();
    let (listener, address) = listen().await;
    let service = TowerToHyperService::new(service(&runs));
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await.unwrap();
    });
    accepts_refuses_and_knows_duplicates(&mut Client::http_2(address).await, &runs).await;
    tokio::time::timeout(PATIENCE, serving.join_next()).await.expect("an end in time").unwrap().unwrap();
}

#[tokio::test]
async fn on_our_own_accept_loop() {
    let runs = Runs::default();
    let server = tower_webhook::serve::Server::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(server.shutdown_on(stopped).serve(service(&runs)));
    let mut first = Client::http_1(address).await;
    accepts_refuses_and_knows_duplicates(&mut first, &runs).await;
    drop((first, stop));
    let drained = tokio::time::timeout(PATIENCE, serving).await.expect("an end in time").unwrap().unwrap();
    assert_eq!(drained.cut(), 0);
}
