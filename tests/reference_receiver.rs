//! Every route of the reference receiver, over real sockets: what passes, what is refused, what is counted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[allow(dead_code, reason = "its `main` is not called here")]
#[path = "../examples/reference_receiver.rs"]
mod receiver;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tower_webhook::Reason;
use tower_webhook::clock::{Clock, SystemClock};
use tower_webhook::provider;
use tower_webhook::scheme::Scheme;
use tower_webhook::serve::Server;
use tower_webhook::testing::{self, DeliveryBuilder, Endpoint, TestDelivery};

use self::receiver::{GITHUB, SLACK, STANDARD, STRIPE};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);
const MIB: usize = 1024 * 1024;

/// The recorder is one for the process, as in a real one.
fn prometheus() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| receiver::recorder().unwrap()).clone()
}

struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<std::io::Result<()>>,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    fn code(&self) -> String {
        let problem: serde_json::Value = serde_json::from_slice(&self.body).unwrap();
        problem["code"].as_str().unwrap().to_owned()
    }

    /// Whether it is the answer of an earlier run.
    fn is_replayed(&self) -> bool {
        self.headers.get("idempotent-replayed").is_some_and(|value| value == "true" || value == "true; body=omitted")
    }
}

async fn start() -> Running {
    let server = Server::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let app = receiver::app(prometheus()).unwrap();
    Running { address, stop, serving: tokio::spawn(receiver::serve(server, app, stopped)) }
}

impl Running {
    async fn send(&self, request: Request<Full<Bytes>>) -> Answer {
        tokio::time::timeout(PATIENCE, async {
            let stream = TokioIo::new(TcpStream::connect(self.address).await.unwrap());
            let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await.unwrap();
            tokio::spawn(connection);
            let (mut head, body) = request.into_parts();
            head.headers.insert("host", self.address.to_string().parse().unwrap());
            let response = sender.send_request(Request::from_parts(head, body)).await.unwrap();
            let (head, body) = response.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            Answer { status: head.status, headers: head.headers, body }
        })
        .await
        .expect("an answer in time")
    }

    async fn deliver(&self, delivery: &TestDelivery) -> Answer {
        self.send(delivery.to_request()).await
    }

    /// Posts three bytes, with these headers, to a route without a signature.
    async fn post(&self, path: &str, headers: &[(&str, &str)]) -> u16 {
        let mut request = Request::post(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Full::from("{ }")).unwrap()).await.status.as_u16()
    }

    /// Sends these bytes and reads until the server closes.
    async fn talk(&self, text: &str) -> String {
        let talking = async {
            let mut stream = TcpStream::connect(self.address).await.unwrap();
            stream.write_all(text.as_bytes()).await.unwrap();
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await.unwrap();
            String::from_utf8(answer).unwrap()
        };
        tokio::time::timeout(PATIENCE, talking).await.expect("an answer in time")
    }

    /// What `/runs` counts, without the zeros.
    async fn runs(&self) -> BTreeMap<String, u64> {
        let answer = self.send(Request::get("/runs").body(Full::default()).unwrap()).await;
        let mut runs: BTreeMap<String, u64> = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(runs.len(), 19);
        runs.retain(|_, count| *count > 0);
        runs
    }

    async fn ran(&self, route: &str) -> u64 {
        self.runs().await.get(route).copied().unwrap_or_default()
    }

    async fn stop(self) {
        drop(self.stop);
        tokio::time::timeout(PATIENCE, self.serving).await.expect("an end in time").unwrap().unwrap();
    }
}

fn at(path: &str, sender: Scheme, secret: &str) -> DeliveryBuilder {
    testing::delivery(sender, secret).to(path)
}

fn standard(path: &str, id: &str) -> TestDelivery {
    at(path, provider::STANDARD_WEBHOOKS, STANDARD).id(id).json(r#"{"type":"a"}"#)
}

#[tokio::test]
async fn signed_routes_take_what_is_signed_each_time_it_comes() {
    let server = start().await;
    for (path, delivery) in [
        ("/github", at("/github", provider::GITHUB, GITHUB).json("{}")),
        ("/stripe", at("/stripe", provider::STRIPE, STRIPE).json(r#"{"id":"evt_1"}"#)),
        ("/slack", at("/slack", provider::SLACK, SLACK).body("text/plain", "any content type")),
        ("/sw", standard("/sw", "msg_1")),
    ] {
        // No idempotency here.
        for _ in 0..2 {
            assert_eq!(server.deliver(&delivery).await.status, 200, "{path}");
        }
        for refused in [delivery.tampered(), delivery.unsigned(), delivery.signed_with("whsec_b3RoZXI=")] {
            let answer = server.deliver(&refused).await;
            assert_eq!((answer.status.as_u16(), answer.code().as_str()), (401, "unauthorized"), "{path}");
        }
        assert_eq!(server.ran(path).await, 2, "{path}");
    }
    let mut without_id = at("/github", provider::GITHUB, GITHUB).json("{}").to_request();
    without_id.headers_mut().remove("x-github-delivery").unwrap();
    assert_eq!(server.send(without_id).await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn timestamps_are_good_for_300_seconds_each_way() {
    let server = start().await;
    let now = SystemClock::new().now().unwrap();
    for delivery in [
        at("/stripe", provider::STRIPE, STRIPE).json("{}"),
        at("/slack", provider::SLACK, SLACK).json("{}"),
        standard("/sw", "msg_1"),
    ] {
        // Ten seconds for a slow machine.
        for (offset, status) in [(290, 200), (301, 401)] {
            let offset = Duration::from_secs(offset);
            assert_eq!(server.deliver(&delivery.at(now.saturating_sub(offset))).await.status, status);
        }
        for (offset, status) in [(290, 200), (330, 401)] {
            let offset = Duration::from_secs(offset);
            assert_eq!(server.deliver(&delivery.at(now.saturating_add(offset))).await.status, status);
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn slack_s_question_is_answered_and_not_counted() {
    let server = start().await;
    let question = at("/slack", provider::SLACK, SLACK).json(r#"{"type":"url_verification","challenge":"abc"}"#);
    let answer = server.deliver(&question).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_ref()), (200, br#"{"challenge":"abc"}"#.as_slice()));
    assert_eq!(server.deliver(&question.tampered()).await.status, 401);
    assert_eq!(server.ran("/slack").await, 0);
    server.stop().await;
}

#[tokio::test]
async fn only_post_is_taken_and_unknown_paths_are_not_found() {
    let server = start().await;
    let runs = server.send(Request::get("/runs").body(Full::default()).unwrap()).await;
    let routes: BTreeMap<String, u64> = serde_json::from_slice(&runs.body).unwrap();
    for path in routes.keys() {
        for method in [Method::GET, Method::PUT, Method::HEAD, Method::DELETE] {
            let request = Request::builder().method(method).uri(path).body(Full::default()).unwrap();
            assert_eq!(server.send(request).await.status, 405, "{path}");
        }
    }
    for path in ["/", "/githu", "/github/", "/GITHUB", "//github", "/%67ithub", "/runs/x"] {
        assert_eq!(server.post(path, &[]).await, 404, "{path}");
    }
    assert_eq!(server.post("/runs", &[]).await, 405);
    assert_eq!(server.post("/metrics", &[]).await, 405);
    assert_eq!(server.runs().await, BTreeMap::new());
    server.stop().await;
}

#[tokio::test]
async fn the_allowlists_tell_the_client_each_in_its_way() {
    let server = start().await;
    let (listed, stranger, proxy) = ("203.0.113.7", "198.51.100.1", "10.0.0.3");
    let list = |entries: &[&str]| entries.join(", ");
    for (path, forwarded_for, status) in [
        ("/allow", list(&[listed]), 200),
        ("/allow", list(&["2001:db8:1::5"]), 200),
        ("/allow", list(&[stranger, listed, proxy]), 200),
        ("/allow", list(&[listed, stranger]), 403),
        ("/allow", list(&[listed, "no address"]), 403),
        ("/direct", list(&[listed]), 403),
        ("/hops1", list(&[stranger, listed]), 200),
        ("/hops1", list(&[listed, stranger]), 403),
        ("/hops2", list(&[stranger, listed, stranger]), 200),
        ("/hops2", list(&[listed]), 403),
        ("/fwd", list(&[listed]), 403),
    ] {
        let got = server.post(path, &[("x-forwarded-for", &forwarded_for)]).await;
        assert_eq!(got, status, "{path} {forwarded_for}");
    }
    assert_eq!(server.post("/allow", &[]).await, 403);
    assert_eq!(server.post("/fwd", &[("forwarded", "for=203.0.113.7;proto=http")]).await, 200);
    assert_eq!(server.post("/fwd", &[("forwarded", "for=\"[2001:db8:1::5]:443\"")]).await, 200);
    assert_eq!(server.post("/fwd", &[("forwarded", "for=203.0.113.7, for=198.51.100.1")]).await, 403);
    let counted = [("/allow", 3), ("/fwd", 2), ("/hops1", 1), ("/hops2", 1)];
    assert_eq!(server.runs().await, counted.map(|(path, count)| (path.to_owned(), count)).into());
    server.stop().await;
}

#[tokio::test]
async fn https_is_believed_of_the_proxy_alone() {
    let server = start().await;
    let said = [("x-forwarded-proto", "https")];
    assert_eq!(server.post("/https", &said).await, 200);
    assert_eq!(server.post("/https", &[]).await, 403);
    assert_eq!(server.post("/https", &[("x-forwarded-proto", "https, http")]).await, 403);
    assert_eq!(server.post("/https-direct", &said).await, 403);
    assert_eq!(server.runs().await, [("/https".to_owned(), 1)].into());
    server.stop().await;
}

/// What no socket of this machine can show.
#[tokio::test]
async fn the_direct_routes_pass_what_comes_from_the_list_or_over_tls() {
    let (app, _) = receiver::app(prometheus()).unwrap();
    let endpoint = Endpoint::new(app);
    let direct = at("/direct", provider::GITHUB, GITHUB).json("{}");
    endpoint.send(&direct.from_peer("203.0.113.9:443")).await.assert_accepted();
    endpoint.send(&direct.from_peer("198.51.100.1:443")).await.assert_rejected(Reason::IpDenied);
    let https = at("/https-direct", provider::GITHUB, GITHUB).json("{}");
    endpoint.send(&https.over_tls()).await.assert_accepted();
    endpoint.send(&https).await.assert_rejected(Reason::NotHttps);
}

#[tokio::test]
async fn bodies_of_one_mebibyte_pass_and_larger_or_compressed_ones_do_not() {
    let server = start().await;
    let post = |path: &str, bytes: usize| Request::post(path).body(Full::from(vec![b'x'; bytes])).unwrap();
    let from_the_list = |mut request: Request<Full<Bytes>>| {
        request.headers_mut().insert("x-forwarded-for", "203.0.113.7".parse().unwrap());
        request
    };
    for path in ["/raw", "/allow"] {
        assert_eq!(server.send(from_the_list(post(path, MIB))).await.status, 200, "{path}");
    }
    let github = |bytes| at("/github", provider::GITHUB, GITHUB).body("text/plain", vec![b'x'; bytes]);
    assert_eq!(server.deliver(&github(MIB)).await.status, 200);

    let chunk = |bytes: usize| format!("{bytes:x}\r\n{}\r\n", "x".repeat(bytes));
    let signed = "x-hub-signature-256: sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17\r\n";
    for path in ["/raw", "/allow", "/github"] {
        // Announced, and not: the answer comes before the body is sent, or in the middle of it.
        let head =
            format!("POST {path} HTTP/1.1\r\nhost: x\r\nx-forwarded-for: 203.0.113.7\r\n{signed}connection: close\r\n");
        let announced = server.talk(&format!("{head}content-length: {}\r\n\r\n", MIB + 1)).await;
        assert!(announced.starts_with("HTTP/1.1 413"), "{path}: {announced}");
        let chunked = format!("{head}transfer-encoding: chunked\r\n\r\n{}{}", chunk(MIB), chunk(1));
        let chunked = server.talk(&chunked).await;
        assert!(chunked.starts_with("HTTP/1.1 413"), "{path}: {chunked}");
        let compressed = server.talk(&format!("{head}content-encoding: gzip\r\ncontent-length: 3\r\n\r\nabc")).await;
        assert!(compressed.starts_with("HTTP/1.1 415"), "{path}: {compressed}");
    }
    let counted = [("/allow", 1), ("/github", 1), ("/raw", 1)];
    assert_eq!(server.runs().await, counted.map(|(path, count)| (path.to_owned(), count)).into());
    server.stop().await;
}

#[tokio::test]
async fn a_body_that_does_not_end_is_given_up_after_five_seconds() {
    let server = start().await;
    let dripping = async {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let head = "POST /raw HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 1000\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        let (mut read, mut write) = stream.into_split();
        // A byte a second: only the total deadline ends it.
        let drip = tokio::spawn(async move {
            while write.write_all(b"x").await.is_ok() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        let began = std::time::Instant::now();
        let mut answer = [0; 12];
        read.read_exact(&mut answer).await.unwrap();
        drip.abort();
        (answer, began.elapsed())
    };
    let (answer, took) = tokio::time::timeout(PATIENCE, dripping).await.expect("an answer in time");
    assert_eq!(&answer, b"HTTP/1.1 408");
    assert!(took >= Duration::from_secs(4) && took < Duration::from_secs(8), "{took:?}");
    assert_eq!(server.ran("/raw").await, 0);
    server.stop().await;
}

#[tokio::test]
async fn each_delivery_is_handled_once_and_the_routes_are_kept_apart() {
    let server = start().await;
    for path in ["/idem", "/idem2"] {
        let delivery = standard(path, "msg_1");
        let first = server.deliver(&delivery).await;
        assert!(first.status == 200 && !first.is_replayed(), "{path}");
        let again = server.deliver(&delivery).await;
        assert!(again.status == 200 && again.is_replayed(), "{path}");
        let other = at(path, provider::STANDARD_WEBHOOKS, STANDARD).id("msg_1").json(r#"{"type":"b"}"#);
        let conflict = server.deliver(&other).await;
        assert_eq!((conflict.status.as_u16(), conflict.code().as_str()), (422, "idempotency_conflict"), "{path}");
        assert_eq!(server.deliver(&delivery.tampered()).await.status, 401, "{path}");
    }
    let counted = [("/idem", 1), ("/idem2", 1)];
    assert_eq!(server.runs().await, counted.map(|(path, count)| (path.to_owned(), count)).into());
    server.stop().await;
}

#[tokio::test]
async fn signed_bytes_under_another_id_are_a_duplicate() {
    let server = start().await;
    let delivery = |id: &str| at("/idem-github", provider::GITHUB, GITHUB).id(id).json("{}");
    assert!(!server.deliver(&delivery("1")).await.is_replayed());
    for id in ["1", "2"] {
        let answer = server.deliver(&delivery(id)).await;
        assert!(answer.status == 200 && answer.is_replayed(), "{id}");
    }
    let mut without_id = delivery("3").to_request();
    without_id.headers_mut().remove("x-github-delivery").unwrap();
    let answer = server.send(without_id).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, "missing_event_id"));
    assert_eq!(server.deliver(&delivery(&"x".repeat(256))).await.code(), "malformed_event_id");
    assert_eq!(server.deliver(&delivery("4").tampered()).await.status, 401);
    assert_eq!(server.ran("/idem-github").await, 1);
    server.stop().await;
}

#[tokio::test]
async fn a_run_that_failed_is_run_again() {
    let server = start().await;
    let delivery = standard("/idem-fail-once", "msg_1");
    assert_eq!(server.deliver(&delivery).await.status, 500);
    let second = server.deliver(&delivery).await;
    assert!(second.status == 200 && !second.is_replayed());
    assert!(server.deliver(&delivery).await.is_replayed());
    assert_eq!(server.deliver(&delivery.unsigned()).await.status, 401);
    assert_eq!(server.ran("/idem-fail-once").await, 2);
    server.stop().await;
}

#[tokio::test]
async fn a_cookie_is_for_the_first_answer_alone() {
    let server = start().await;
    let delivery = standard("/idem-cookie", "msg_1");
    assert!(server.deliver(&delivery).await.headers.contains_key("set-cookie"));
    let again = server.deliver(&delivery).await;
    assert!(again.is_replayed() && !again.headers.contains_key("set-cookie"));
    assert_eq!(server.deliver(&delivery.unsigned()).await.status, 401);
    assert_eq!(server.ran("/idem-cookie").await, 1);
    server.stop().await;
}

#[tokio::test]
async fn an_answer_of_50_mebibytes_passes_whole_and_is_not_stored() {
    let server = start().await;
    let delivery = standard("/idem-big", "msg_1");
    assert_eq!(server.deliver(&delivery).await.body.len(), 50 * MIB);
    let again = server.deliver(&delivery).await;
    assert_eq!((again.status.as_u16(), again.body.len()), (200, 0));
    assert_eq!(again.headers["idempotent-replayed"], "true; body=omitted");
    assert_eq!(server.deliver(&delivery.unsigned()).await.status, 401);
    assert_eq!(server.ran("/idem-big").await, 1);
    server.stop().await;
}

#[tokio::test]
async fn no_handler_runs_without_the_store() {
    let server = start().await;
    let delivery = standard("/idem-store-down", "msg_1");
    let answer = server.deliver(&delivery).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (503, "idempotency_unavailable"));
    assert!(answer.headers.contains_key("retry-after"));
    assert_eq!(server.deliver(&delivery.unsigned()).await.status, 401);
    assert_eq!(server.runs().await, BTreeMap::new());
    server.stop().await;
}

#[tokio::test]
async fn heads_have_100_fields_and_64_kibibytes() {
    let server = start().await;
    let ask = async |lines: String| {
        let answer = server.talk(&format!("GET /runs HTTP/1.1\r\n{lines}connection: close\r\n\r\n")).await;
        answer[..12].to_owned()
    };
    assert_eq!(ask("x: y\r\n".repeat(99)).await, "HTTP/1.1 200");
    assert_eq!(ask("x: y\r\n".repeat(100)).await, "HTTP/1.1 431");
    let filler = |bytes| format!("x: {}\r\n", "y".repeat(bytes));
    assert_eq!(ask(filler(65_000)).await, "HTTP/1.1 200");
    for bytes in [66_000, 70_000, 200_000] {
        assert_eq!(ask(filler(bytes)).await, "HTTP/1.1 431", "{bytes}");
    }
    for (bytes, answer) in [(65_000, "HTTP/1.1 404"), (65_600, "HTTP/1.1 414"), (70_000, "HTTP/1.1 414")] {
        let target = format!("GET /{} HTTP/1.1\r\nconnection: close\r\n\r\n", "a".repeat(bytes));
        assert_eq!(&server.talk(&target).await[..12], answer, "{bytes}");
    }
    server.stop().await;
}

#[tokio::test]
async fn http_2_is_spoken_on_the_same_port_and_metrics_count_both() {
    let server = start().await;
    let talking = async {
        let stream = TokioIo::new(TcpStream::connect(server.address).await.unwrap());
        let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), stream);
        let (mut sender, connection) = handshake.await.unwrap();
        tokio::spawn(connection);
        let delivery = at("/github", provider::GITHUB, GITHUB).json("{}");
        for (delivery, status) in [(delivery.clone(), 200), (delivery.tampered(), 401)] {
            let mut request = delivery.to_request::<Full<Bytes>>();
            *request.uri_mut() = "http://hooks.example/github".parse().unwrap();
            assert_eq!(sender.send_request(request).await.unwrap().status(), status);
        }
    };
    tokio::time::timeout(PATIENCE, talking).await.expect("answers in time");
    assert_eq!(server.ran("/github").await, 1);
    let metrics = server.send(Request::get("/metrics").body(Full::default()).unwrap()).await;
    let metrics = String::from_utf8(metrics.body.to_vec()).unwrap();
    for part in [r#"route="github""#, r#"outcome="accepted""#, r#"reason="signature_mismatch""#] {
        let counted = |line: &str| line.starts_with("webhook_requests_total{") && line.contains(part);
        assert!(metrics.lines().any(counted), "{part} is not in {metrics}");
    }
    server.stop().await;
}
