//! The same meaning through tonic: a refusal is a `grpc-status`, in an answer of trailers alone, and no call runs.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tonic::Status;
use tonic::server::NamedService;
use tonic::service::{LayerExt, Routes};
use tower::Service;
use tower_webhook::client_ip::TrustedProxies;
use tower_webhook::provider;
use tower_webhook::serve::Server;
use tower_webhook::{
    AllowlistLayer, HttpsOnlyLayer, IdempotencyLayer, RawBodyLayer, Secret, SignatureLayer, VerifiedBody,
};

use crate::message::{Message, github, now, standard, standard_now};
use crate::receiver::STANDARD;

const UNAUTHENTICATED: &str = "16";
const PERMISSION_DENIED: &str = "7";
const INVALID_ARGUMENT: &str = "3";
const RESOURCE_EXHAUSTED: &str = "8";
const UNIMPLEMENTED: &str = "12";

/// Counts its calls and answers nothing more than that it was there.
#[derive(Clone, Debug, Default)]
struct Events(Arc<AtomicUsize>);

impl NamedService for Events {
    const NAME: &'static str = "acme.Events";
}

impl Service<Request<VerifiedBody>> for Events {
    type Response = http::Response<tonic::body::Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<VerifiedBody>) -> Self::Future {
        self.0.fetch_add(1, Ordering::SeqCst);
        Box::pin(std::future::ready(Ok(Status::ok("ran").into_http())))
    }
}

/// The status, and whether the answer had a body.
async fn call(address: std::net::SocketAddr, message: &Message) -> (u16, HeaderMap, Bytes) {
    let stream = TokioIo::new(TcpStream::connect(address).await.unwrap());
    let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut request = Request::builder().method(message.method.as_str()).uri(format!("http://x{}", message.target));
    for (name, value) in &message.lines {
        request = request.header(name.as_str(), value.as_slice());
    }
    let request = request.header("content-type", "application/grpc").header("te", "trailers");
    let response = sender.send_request(request.body(Full::new(Bytes::from(message.body.clone()))).unwrap());
    let response = tokio::time::timeout(Duration::from_secs(20), response).await.expect("an answer in time").unwrap();
    let (head, body) = response.into_parts();
    let collected = body.collect().await.unwrap();
    let mut headers = head.headers;
    headers.extend(collected.trailers().cloned().unwrap_or_default());
    connection.abort();
    (head.status.as_u16(), headers, collected.to_bytes())
}

#[tokio::test]
async fn refusals_of_calls_are_their_status_and_no_call_runs() {
    let events = Events::default();
    let layers = (
        HttpsOnlyLayer::new(TrustedProxies::from_cidrs(["127.0.0.1"]).unwrap()),
        AllowlistLayer::new(["203.0.113.0/24"]).unwrap().behind(TrustedProxies::from_cidrs(["127.0.0.1"]).unwrap()),
        RawBodyLayer::new(),
        SignatureLayer::new(provider::STANDARD_WEBHOOKS, Secret::new(STANDARD).unwrap()).unwrap(),
        IdempotencyLayer::in_memory().require_id(),
    );
    let app = Routes::new(tower::ServiceBuilder::new().layer(layers).named_layer(events.clone()));
    let server = Server::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(server.shutdown_on(stopped).serve(app));

    const ROUTE: &str = "/acme.Events/Paid";
    let from = |message: Message| message.line("x-forwarded-proto", "https").line("x-forwarded-for", "203.0.113.7");
    let good = || from(standard_now(ROUTE));
    let (_, headers, _) = call(address, &good()).await;
    assert_eq!((&headers["grpc-status"], events.0.load(Ordering::SeqCst)), (&"0".parse().unwrap(), 1));

    let at = |time: String| from(standard(ROUTE, "msg_at", &time, "{}"));
    let mut unauthorized = Vec::new();
    for (name, message, status) in [
        ("unsigned", good().without("webhook-signature"), UNAUTHENTICATED),
        ("no time", good().without("webhook-timestamp"), UNAUTHENTICATED),
        ("no id", good().without("webhook-id"), UNAUTHENTICATED),
        ("forged", good().body("other bytes"), UNAUTHENTICATED),
        ("half a signature", good().with("webhook-signature", "v1,AAAA"), UNAUTHENTICATED),
        ("another version", good().with("webhook-signature", "v9,AAAA"), UNAUTHENTICATED),
        ("two signatures", good().line("webhook-signature", "v1,AAAA"), UNAUTHENTICATED),
        ("an old time", at((now() - 400).to_string()), UNAUTHENTICATED),
        ("a time to come", at((now() + 400).to_string()), UNAUTHENTICATED),
        ("not a number", at("NaN".to_owned()), UNAUTHENTICATED),
        ("a sign", at(format!("+{}", now())), UNAUTHENTICATED),
        ("another sender", from(github("{}").target(ROUTE)), UNAUTHENTICATED),
        ("plain", good().with("x-forwarded-proto", "http"), PERMISSION_DENIED),
        ("from elsewhere", good().with("x-forwarded-for", "203.0.113.7, 198.51.100.1"), PERMISSION_DENIED),
        ("from nobody", good().with("x-forwarded-for", "unknown"), PERMISSION_DENIED),
        ("too large", good().body(vec![0; 1024 * 1024 + 1]), RESOURCE_EXHAUSTED),
        ("compressed", good().line("content-encoding", "gzip"), INVALID_ARGUMENT),
        ("a long id", from(standard(ROUTE, &"x".repeat(256), &now().to_string(), "{}")), INVALID_ARGUMENT),
        ("another service", good().target("/acme.Other/Paid"), UNIMPLEMENTED),
    ] {
        let (http, headers, body) = call(address, &message).await;
        assert_eq!((http, headers["grpc-status"].to_str().unwrap()), (200, status), "{name}: {headers:?}");
        assert!(body.is_empty(), "{name}");
        if status == UNAUTHENTICATED {
            let mut headers: Vec<_> =
                headers.iter().filter(|(name, _)| *name != "date").map(|seen| format!("{seen:?}")).collect();
            headers.sort();
            unauthorized.push(headers);
        }
    }
    unauthorized.dedup();
    assert_eq!(unauthorized.len(), 1, "{unauthorized:?}");
    assert_eq!(events.0.load(Ordering::SeqCst), 1);
    drop(stop);
    serving.await.unwrap().unwrap();
}
