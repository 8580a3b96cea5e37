//! The accept loop, over real sockets.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod heads;
mod http2;
mod lifecycle;
#[cfg(feature = "rustls")]
mod tls;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::Request;
use axum::routing::{get, post};
use bytes::Bytes;
use http::{Response, StatusCode};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tower_webhook::connection::PeerAddr;
use tower_webhook::serve::{Drained, Server};
use tower_webhook::{ConfigError, ConfigErrorKind};

/// A running server, how to stop it, and what it is waiting for.
struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<std::io::Result<Drained>>,
    started: Arc<AtomicUsize>,
    go_on: Arc<Notify>,
}

impl Running {
    async fn stop(self) -> Drained {
        drop(self.stop);
        self.serving.await.unwrap().unwrap()
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Waits until so many slow requests are in the handler.
    async fn has_started(&self, requests: usize) {
        while self.started.load(Ordering::SeqCst) < requests {
            tokio::task::yield_now().await;
        }
    }
}

async fn start(configure: impl FnOnce(Server) -> Server) -> Running {
    let (stop, stopped) = oneshot::channel::<()>();
    let (started, go_on) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let slow = {
        let (started, go_on) = (Arc::clone(&started), Arc::clone(&go_on));
        move || async move {
            let waiting = go_on.notified();
            started.fetch_add(1, Ordering::SeqCst);
            waiting.await;
            "slow"
        }
    };
    let app = Router::new()
        .route(
            "/peer",
            get(|request: Request| async move { request.extensions().get::<PeerAddr>().unwrap().0.to_string() }),
        )
        .route("/echo", post(|body: Bytes| async move { body }))
        .route("/ignore", post(|| async { StatusCode::PAYLOAD_TOO_LARGE }))
        .route("/panic", get(panics))
        .route("/large", get(|| async { vec![0; 64 * 1024 * 1024] }))
        .route("/slow", get(slow));
    let server = configure(Server::bind("127.0.0.1:0").await.unwrap()).shutdown_on(stopped);
    let address = server.local_addr().unwrap();
    Running { address, stop, serving: tokio::spawn(server.serve(app)), started, go_on }
}

async fn panics() -> StatusCode {
    panic!("handler")
}

fn usual(server: Server) -> Server {
    server
}

/// Sends it and reads until the server closes.
async fn talk(stream: &mut TcpStream, text: &str) -> String {
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

async fn ask(server: &Running, head: &str) -> String {
    talk(&mut server.connect().await, &format!("{head}host: x\r\nconnection: close\r\n\r\n")).await
}

/// Reads one answer with a `content-length` from a connection that stays open.
async fn one_answer(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    loop {
        answer.push(stream.read_u8().await.unwrap());
        let text = String::from_utf8_lossy(&answer);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
            if body.len() == length.parse::<usize>().unwrap() {
                return text.into_owned();
            }
        }
    }
}

type H2 = hyper::client::conn::http2::SendRequest<Full<Bytes>>;

async fn h2(server: &Running) -> H2 {
    let io = TokioIo::new(server.connect().await);
    let (sender, connection) = hyper::client::conn::http2::Builder::new(TokioExecutor::new())
        .max_header_list_size(1024 * 1024)
        .handshake(io)
        .await
        .unwrap();
    tokio::spawn(connection);
    sender
}

fn h2_request(path: &str) -> http::request::Builder {
    http::Request::builder().uri(format!("http://hooks.example{path}"))
}

async fn text(response: Response<Incoming>) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

#[tokio::test]
async fn http_1_and_http_2_are_served_on_one_port_and_the_peer_is_known() {
    let server = start(usual).await;
    let mut stream = server.connect().await;
    let ours = stream.local_addr().unwrap();
    let answer = talk(&mut stream, "GET /peer HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with(&ours.to_string()), "{answer}");

    let mut sender = h2(&server).await;
    let response = sender.send_request(h2_request("/peer").body(Full::default()).unwrap()).await.unwrap();
    assert_eq!(response.version(), http::Version::HTTP_2);
    assert!(text(response).await.starts_with("127.0.0.1:"));
    let echoed = sender.send_request(h2_request("/echo").method("POST").body(Full::from("same")).unwrap()).await;
    assert_eq!(text(echoed.unwrap()).await, "same");
    drop(sender);
    assert_eq!(server.stop().await.cut(), 0);
}

#[tokio::test]
async fn no_header_makes_another_peer() {
    let server = start(usual).await;
    let forged = "GET http://192.0.2.9/peer HTTP/1.1\r\nforwarded: for=192.0.2.9\r\nx-forwarded-for: 192.0.2.9\r\n\
                  x-real-ip: 192.0.2.9\r\npeer-addr: 192.0.2.9:1\r\n";
    let answer = ask(&server, forged).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\r\n\r\n127.0.0.1:"), "{answer}");
    // The PROXY protocol is not guessed at.
    let guessed =
        talk(&mut server.connect().await, "PROXY TCP4 192.0.2.9 192.0.2.1 1 2\r\nGET /peer HTTP/1.1\r\n\r\n").await;
    assert!(guessed.starts_with("HTTP/1.1 400"), "{guessed}");
}

/// How long it took until the server closed, and what it said.
async fn closed_after(stream: &mut TcpStream) -> (Duration, Vec<u8>) {
    let (began, mut said) = (Instant::now(), Vec::new());
    let _ = stream.read_to_end(&mut said).await;
    (began.elapsed(), said)
}
