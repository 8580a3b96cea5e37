//! Only listed clients come in, whoever stands between; the rest is refused on the head.
#![allow(clippy::unwrap_used, clippy::panic)]

mod head_layers;

use std::convert::Infallible;
use std::net::SocketAddr;

use axum::Router;
use axum::routing::post;
use http::{Request, Response};
use http_body_util::BodyExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::{Layer, ServiceExt, service_fn};
use tower_test::mock;
use tower_webhook::allowlist::{AllowlistSource, ListFormat};
use tower_webhook::client_ip::{ClientIp, TrustedProxies};
use tower_webhook::connection::PeerAddr;
use tower_webhook::rejection::EmptyBody;
use tower_webhook::{AllowlistLayer, ConfigErrorKind, Reason, Rejection};

use self::head_layers::{Untouchable, works_around_limits_and_queues};

const LISTED: &str = "203.0.113.7:4711";
const PROXY: &str = "10.0.0.2:4711";
const STRANGER: &str = "192.0.2.66:4711";

fn layer() -> AllowlistLayer {
    AllowlistLayer::new(["203.0.113.0/24", "2001:db8:1::/48"]).unwrap()
}

fn behind() -> AllowlistLayer {
    layer().behind(TrustedProxies::from_cidrs(["10.0.0.0/8"]).unwrap())
}

fn from(peer: &str, forwarded_for: &[&'static str]) -> Request<Untouchable> {
    let peer = PeerAddr::new(peer.parse().unwrap());
    let mut request = Request::post("/").extension(peer);
    for line in forwarded_for {
        request = request.header("x-forwarded-for", *line);
    }
    request.body(Untouchable).unwrap()
}

/// The answer; its body is the address of the client where the request was let in.
async fn answer(layer: AllowlistLayer, request: Request<Untouchable>) -> Response<String> {
    let inner = service_fn(|request: Request<Untouchable>| {
        let client = request.extensions().get::<ClientIp>().unwrap().0;
        async move { Ok::<_, Infallible>(Response::new(client.to_string())) }
    });
    let (head, body) = layer.layer(inner).oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Response::from_parts(head, String::from_utf8(body.into()).unwrap())
}

#[tokio::test]
async fn listed_clients_come_in_and_the_handler_knows_them() {
    for (layer, request, client) in [
        (layer(), from(LISTED, &[]), "203.0.113.7"),
        (layer(), from("[::ffff:203.0.113.7]:1", &[]), "203.0.113.7"),
        (layer(), from("[2001:db8:1::9]:1", &["192.0.2.1"]), "2001:db8:1::9"),
        (behind(), from(PROXY, &["203.0.113.7"]), "203.0.113.7"),
        (behind(), from(PROXY, &["192.0.2.1, 203.0.113.7:80", "10.0.0.9"]), "203.0.113.7"),
        (behind(), from(LISTED, &["192.0.2.1"]), "203.0.113.7"),
    ] {
        let response = answer(layer, request).await;
        assert_eq!((response.status().as_u16(), response.body().as_str()), (200, client));
    }
}

#[tokio::test]
async fn strangers_are_refused_without_a_poll_of_their_body() {
    for (layer, request, detail) in [
        (layer(), from(STRANGER, &[]), "192.0.2.66 is not on the list"),
        (
            layer(),
            from(PROXY, &["203.0.113.7"]),
            "10.0.0.2 is not on the list; it is no trusted proxy, so its header is ignored",
        ),
        (
            behind(),
            from(STRANGER, &["203.0.113.7"]),
            "192.0.2.66 is not on the list; it is no trusted proxy, so its header is ignored",
        ),
        (behind(), from(PROXY, &["203.0.113.7, 192.0.2.1"]), "192.0.2.1 is not on the list"),
        (behind(), from(PROXY, &["203.0.113.7", "192.0.2.1, 10.0.0.9"]), "192.0.2.1 is not on the list"),
    ] {
        let response = answer(layer, request).await;
        assert_eq!(response.status(), 403, "{detail}");
        let rejection = response.extensions().get::<Rejection>().unwrap();
        assert_eq!((rejection.reason(), rejection.detail()), (Reason::IpDenied, Some(detail)));
        assert_names_no_address(&response);
    }
}

#[tokio::test]
async fn who_cannot_be_told_is_refused() {
    let mut nobody = from(LISTED, &[]);
    nobody.extensions_mut().clear();
    for request in [
        nobody,
        from(PROXY, &[]),
        from(PROXY, &["10.0.0.9"]),
        from(PROXY, &["203.0.113.7, nope"]),
        from(PROXY, &["203.0.113.7,"]),
        from(PROXY, &["203.0.113.7%1"]),
    ] {
        let response = answer(behind(), request).await;
        assert_eq!(response.status(), 403);
        let rejection = response.extensions().get::<Rejection>().unwrap();
        assert_eq!(rejection.reason(), Reason::IpUnknown);
        assert!(rejection.detail().is_some());
        assert_names_no_address(&response);
    }
}

fn assert_names_no_address(response: &Response<String>) {
    assert!(response.headers().iter().all(|(_, value)| !value.to_str().unwrap().contains("192.0.2")));
    for digits in ["203.", "192.", "10.0", "2001:"] {
        assert!(!response.body().contains(digits), "{}", response.body());
    }
}

#[tokio::test]
async fn a_client_noted_by_somebody_else_is_overwritten() {
    let mut request = from(LISTED, &[]);
    request.extensions_mut().insert(ClientIp::new("192.0.2.1".parse().unwrap()));
    assert_eq!(answer(layer(), request).await.body(), "203.0.113.7");
}

#[test]
fn a_list_that_lets_in_nobody_or_something_unclear_cannot_be_made() {
    let lists: [&[&str]; 5] = [&[], &[""], &["203.0.113.7/24"], &["203.0.113.0/024"], &["github.com"]];
    for list in lists {
        assert_eq!(AllowlistLayer::new(list).unwrap_err().kind(), ConfigErrorKind::Allowlist, "{list:?}");
        assert_eq!(AllowlistSource::new(list).unwrap_err().kind(), ConfigErrorKind::Allowlist, "{list:?}");
    }
}

#[tokio::test]
async fn a_list_replaced_at_run_time_holds_from_the_next_request_on() {
    let source = AllowlistSource::new(["203.0.113.0/24"]).unwrap();
    let layer = AllowlistLayer::from_source(source.clone());
    let inner = service_fn(|_: Request<Untouchable>| async { Ok::<_, Infallible>(Response::new(String::new())) });
    let service = layer.layer(inner);
    let status = async |peer: &str| service.clone().oneshot(from(peer, &[])).await.unwrap().status().as_u16();

    assert_eq!((status(LISTED).await, status(STRANGER).await), (200, 403));
    source.replace(["192.0.2.0/24"]).unwrap();
    assert_eq!((status(LISTED).await, status(STRANGER).await), (403, 200));
    assert!(source.replace(Vec::<String>::new()).is_err());
    assert!(source.replace(["0.0.0.0/0", "broken"]).is_err());
    assert_eq!((status(LISTED).await, status(STRANGER).await), (403, 200));
}

#[tokio::test]
async fn grpc_senders_are_refused_in_their_own_words() {
    let mut request = from(STRANGER, &[]);
    request.headers_mut().insert("content-type", "application/grpc".parse().unwrap());
    let response = answer(layer(), request).await;
    assert_eq!((response.status().as_u16(), &response.headers()["grpc-status"]), (200, &"7".parse().unwrap()));
}

#[tokio::test]
async fn refusals_are_written_as_asked() {
    let response = answer(layer().route("github").render_with(EmptyBody), from(STRANGER, &[])).await;
    assert_eq!((response.status().as_u16(), response.body().as_str()), (403, ""));
}

#[tokio::test]
async fn readiness_and_requests_are_those_of_the_inner_service() {
    let (mut service, mut handle) = mock::spawn_layer::<Request<&str>, Response<&str>, _>(layer());
    handle.allow(0);
    assert!(service.poll_ready().is_pending());
    handle.allow(1);
    assert!(service.poll_ready().is_ready());

    assert_eq!(service.call(Request::new("nobody")).await.unwrap().status(), 403);

    assert!(service.poll_ready().is_ready());
    let listed = PeerAddr::new(LISTED.parse().unwrap());
    let answer = tokio::spawn(service.call(Request::builder().extension(listed).body("listed").unwrap()));
    let (request, respond) = handle.next_request().await.unwrap();
    assert_eq!(request.into_body(), "listed");
    respond.send_error("the inner error");
    assert_eq!(answer.await.unwrap().unwrap_err().to_string(), "the inner error");
}

#[tokio::test]
async fn it_works_around_limits_and_queues() {
    works_around_limits_and_queues(layer(), || from(STRANGER, &[]), || from(LISTED, &[])).await;
}

#[tokio::test]
async fn over_a_socket_all_lines_of_the_header_count() {
    let layer = layer().behind(TrustedProxies::from_cidrs(["127.0.0.0/8"]).unwrap());
    let app = Router::new().route("/in", post(|| async { "passed" })).layer(layer);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    let server = tokio::spawn(async move { axum::serve(listener, service).await });
    for (lines, status) in [
        ("x-forwarded-for: 203.0.113.7\r\n", "200"),
        ("x-forwarded-for: 192.0.2.1\r\nx-forwarded-for: 203.0.113.7\r\n", "200"),
        ("x-forwarded-for: 203.0.113.7\r\nx-forwarded-for: 192.0.2.1\r\n", "403"),
        ("x-forwarded-for: 203.0.113.7\r\nX-Forwarded-For:\r\n", "403"),
        ("x_forwarded_for: 203.0.113.7\r\n", "403"),
        ("", "403"),
    ] {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let request = format!(
            "POST /in HTTP/1.1\r\nhost: x\r\nconnection: close\r\nexpect: 100-continue\r\ncontent-length: 9\r\n{lines}\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{lines}: {answer}");
    }
    server.abort();
}

#[tokio::test]
async fn without_a_list_nobody_comes_in_and_a_bad_list_changes_nothing() {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let source = metrics::with_local_recorder(&recorder, || AllowlistSource::pending().metrics("github"));
    let handler = service_fn(async |_: Request<Untouchable>| Ok::<_, Infallible>(Response::new(String::new())));
    let service = AllowlistLayer::from_source(source.clone()).layer(handler);
    let status = async || service.clone().oneshot(from(LISTED, &[])).await.unwrap().status();
    let count = |series: &str| {
        recorder.handle().render().lines().find_map(|line| line.strip_prefix(series)?.trim().parse::<f64>().ok())
    };
    let (failures, loaded) = (
        r#"webhook_allowlist_refresh_failures_total{list="github"}"#,
        r#"webhook_allowlist_refresh_timestamp_seconds{list="github"}"#,
    );
    assert_eq!((status().await.as_u16(), count(failures)), (503, Some(0.0)), "the sender is to come back");

    let format = ListFormat::json(["/hooks/*"]);
    let fetched = async |text: &'static str| source.refresh(&format, async { Ok::<_, Infallible>(text) }).await;
    assert!(fetched(r#"{"hooks":[]}"#).await.is_err() && status().await == 503);
    fetched(r#"{"hooks":["203.0.113.0/24"]}"#).await.unwrap();
    assert_eq!(status().await, 200);
    assert!(count(loaded).unwrap() > 1_600_000_000.0);

    for bad in ["", "{}", "<html>", r#"{"hooks":["nope"]}"#, r#"{"hooks":["0.0.0.0/0"]}"#] {
        assert!(fetched(bad).await.is_err(), "{bad}");
        assert_eq!(status().await, 200, "the last good list stays");
    }
    assert!(source.refresh(&format, async { Err::<Vec<u8>, _>("unreachable") }).await.is_err());
    assert_eq!(count(failures), Some(7.0));
    assert_eq!(service.clone().oneshot(from(STRANGER, &[])).await.unwrap().status(), 403, "never open");

    let path = std::env::temp_dir().join(format!("tower-webhook-list-{}", std::process::id()));
    std::fs::write(&path, "# ours\n192.0.2.0/24\n").unwrap();
    source.refresh_from_file(&ListFormat::lines(), &path).unwrap();
    assert_eq!(status().await, 403);
    std::fs::remove_file(&path).unwrap();
    assert!(source.refresh_from_file(&ListFormat::lines(), &path).is_err());
    assert_eq!(service.clone().oneshot(from(STRANGER, &[])).await.unwrap().status(), 200);
}
