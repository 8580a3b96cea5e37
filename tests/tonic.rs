//! The stack around a gRPC service, on tonic's own server and over real sockets: accept, refuse, duplicate.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tonic::server::{Grpc, NamedService};
use tonic::service::{LayerExt, Routes};
use tonic::transport::server::TcpIncoming;
use tonic::{Code, Request, Response, Status};
use tonic_prost::ProstCodec;
use tower::Service;
use tower_webhook::scheme::{Encoding, Part, Place, Scheme, TimestampFormat, header};
use tower_webhook::serve::Server;
use tower_webhook::testing::{self, TestDelivery};
use tower_webhook::{
    AllowlistLayer, IdempotencyLayer, RawBodyLayer, Secret, SignatureLayer, VerifiedBody, WebhookLayer,
};

const SECRET: &str = "a secret of at least sixteen bytes";
/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

const ACME: Scheme = Scheme::hmac_sha256("acme")
    .signature(header("acme-signature"), Encoding::Hex)
    .timestamp(header("acme-time"), TimestampFormat::UnixSeconds)
    .id(Place::Header("acme-id"))
    .signed(&[Part::Id, Part::Lit("."), Part::Timestamp, Part::Lit("."), Part::Body])
    .checked();

#[derive(Clone, PartialEq, prost::Message)]
struct Event {
    #[prost(string, tag = "1")]
    id: String,
}

/// Answers with the id, and fails for the id `fail`.
#[derive(Clone, Debug, Default)]
struct Events {
    runs: Arc<AtomicUsize>,
}

impl NamedService for Events {
    const NAME: &'static str = "acme.Events";
}

impl Service<http::Request<VerifiedBody>> for Events {
    type Response = http::Response<tonic::body::Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<VerifiedBody>) -> Self::Future {
        let runs = Arc::clone(&self.runs);
        let unary = tower::service_fn(move |request: Request<Event>| {
            let runs = Arc::clone(&runs);
            async move {
                runs.fetch_add(1, Ordering::SeqCst);
                let delivery = tower_webhook::tonic::delivery(&request)?;
                assert_eq!((delivery.provider(), delivery.key_id()), ("acme", Some("key")));
                match request.get_ref().id.as_str() {
                    "fail" => Err(Status::unavailable("try again")),
                    _ => Ok(Response::new(request.into_inner())),
                }
            }
        });
        Box::pin(async move { Ok(Grpc::new(ProstCodec::default()).unary(unary, request).await) })
    }
}

fn secret() -> Secret {
    Secret::new(SECRET).unwrap()
}

fn frame(id: &str) -> Vec<u8> {
    let message = Event { id: id.to_owned() }.encode_to_vec();
    [&[0], u32::try_from(message.len()).unwrap().to_be_bytes().as_slice(), &message].concat()
}

fn event(id: &str) -> TestDelivery {
    testing::delivery(ACME, SECRET).to("/acme.Events/Send").body("application/grpc", frame(id))
}

/// What came over the socket.
struct Answer {
    code: Code,
    replayed: bool,
    body: Bytes,
}

struct Client(hyper::client::conn::http2::SendRequest<Full<Bytes>>);

impl Client {
    async fn connect(address: SocketAddr) -> Self {
        let stream = TokioIo::new(TcpStream::connect(address).await.unwrap());
        let (sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.unwrap();
        tokio::spawn(connection);
        Self(sender)
    }

    async fn send(&mut self, delivery: &TestDelivery) -> Answer {
        let talking = async {
            let mut request: http::Request<Full<Bytes>> = delivery.to_request();
            *request.uri_mut() = format!("http://hooks.example{}", request.uri().path()).parse().unwrap();
            request.headers_mut().insert("te", "trailers".parse().unwrap());
            let response = self.0.send_request(request).await.unwrap();
            assert_eq!(response.status(), 200, "gRPC has its status elsewhere");
            let (head, body) = response.into_parts();
            let body = body.collect().await.unwrap();
            let trailers = body.trailers().cloned().unwrap_or_default();
            let code = |headers: &HeaderMap| headers.get("grpc-status").map(|code| Code::from_bytes(code.as_bytes()));
            Answer {
                code: code(&head.headers).or_else(|| code(&trailers)).expect("a status"),
                replayed: head.headers.contains_key("idempotent-replayed"),
                body: body.to_bytes(),
            }
        };
        tokio::time::timeout(PATIENCE, talking).await.expect("an answer in time")
    }
}

async fn accepts_refuses_and_knows_duplicates(address: SocketAddr, events: &Events) {
    let mut client = Client::connect(address).await;
    let delivery = event("evt_1");
    for forged in [delivery.tampered(), delivery.unsigned(), delivery.aged(Duration::from_secs(301))] {
        let answer = client.send(&forged).await;
        assert_eq!((answer.code, answer.body.len()), (Code::Unauthenticated, 0));
    }
    assert_eq!(events.runs.load(Ordering::SeqCst), 0);

    let first = client.send(&delivery).await;
    assert_eq!((first.code, first.replayed, first.body), (Code::Ok, false, frame("evt_1").into()));
    let copy = client.send(&delivery).await;
    assert_eq!((copy.code, copy.replayed, copy.body), (Code::Ok, true, frame("evt_1").into()));
    assert_eq!(events.runs.load(Ordering::SeqCst), 1);

    // A call that failed is not handled, whatever HTTP says of it: it runs again.
    let failing = event("fail");
    for runs in [2, 3] {
        let answer = client.send(&failing).await;
        assert_eq!((answer.code, answer.replayed), (Code::Unavailable, false));
        assert_eq!(events.runs.load(Ordering::SeqCst), runs);
    }
}

/// On tonic's own server.
async fn on_tonic(events: &Events, routes: Routes) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tonic::transport::Server::builder().add_routes(routes);
    let serving = tokio::spawn(server.serve_with_incoming_shutdown(TcpIncoming::from(listener), async {
        drop(stopped.await);
    }));
    accepts_refuses_and_knows_duplicates(address, events).await;
    drop(stop);
    tokio::time::timeout(PATIENCE, serving).await.expect("an end in time").unwrap().unwrap();
}

#[tokio::test]
async fn the_stack_around_one_service_of_tonic_s_server() {
    let events = Events::default();
    let webhook_layer = WebhookLayer::new(ACME, secret()).unwrap().allow(["127.0.0.0/8"]).unwrap();
    on_tonic(&events, Routes::new(webhook_layer.named_layer(events.clone()))).await;
}

#[tokio::test]
async fn a_tuple_of_single_layers_around_one_service_of_tonic_s_server() {
    let events = Events::default();
    let layers = (
        AllowlistLayer::new(["127.0.0.0/8"]).unwrap(),
        RawBodyLayer::new(),
        SignatureLayer::new(ACME, secret()).unwrap(),
        IdempotencyLayer::in_memory(),
    );
    on_tonic(&events, Routes::new(layers.named_layer(events.clone()))).await;
}

#[tokio::test]
async fn the_service_on_our_own_accept_loop() {
    let events = Events::default();
    let layer = WebhookLayer::new(ACME, secret()).unwrap().allow(["127.0.0.0/8"]).unwrap();
    let server = Server::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(server.shutdown_on(stopped).serve(layer.named_layer(events.clone())));
    accepts_refuses_and_knows_duplicates(address, &events).await;
    drop(stop);
    tokio::time::timeout(PATIENCE, serving).await.expect("an end in time").unwrap().unwrap();
}

#[tokio::test]
async fn who_is_not_on_the_list_is_told_so_in_grpc() {
    let events = Events::default();
    let layer = WebhookLayer::new(ACME, secret()).unwrap().allow(["203.0.113.0/24"]).unwrap();
    let server = Server::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    let serving = tokio::spawn(server.serve(layer.named_layer(events.clone())));
    let answer = Client::connect(address).await.send(&event("evt_1")).await;
    assert_eq!(answer.code, Code::PermissionDenied);
    assert_eq!(events.runs.load(Ordering::SeqCst), 0);
    serving.abort();
}
