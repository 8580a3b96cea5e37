//! The recipes: each proxy in front of a receiver that lets one address in, and over HTTPS alone.

use std::net::SocketAddr;

use axum::Router;
use axum::routing::post;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower_webhook::client_ip::TrustedProxies;
use tower_webhook::serve::Server;
use tower_webhook::{AllowlistLayer, HttpsOnlyLayer, RawBodyLayer};

use crate::process::{HAPROXY, NGINX, Running, connect};

const LISTED: [u8; 4] = [127, 0, 0, 9];
const STRANGER: [u8; 4] = [127, 0, 0, 8];
/// Where the recipes hand requests on to.
const UPSTREAM: &str = "127.0.0.1:3000";

async fn receiver() -> SocketAddr {
    let proxy = || TrustedProxies::from_cidrs(["127.0.0.1"]).unwrap();
    let allow = AllowlistLayer::new(["127.0.0.9"]).unwrap().behind(proxy());
    let app = Router::new()
        .route("/webhooks/allow", post(|| async { "in" }).route_layer((allow, RawBodyLayer::new())))
        .route(
            "/webhooks/https",
            post(|| async { "in" }).route_layer((HttpsOnlyLayer::new(proxy()), RawBodyLayer::new())),
        );
    let server = Server::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    tokio::spawn(server.serve(app.with_state(())));
    address
}

async fn ask(proxy: &Running, from: [u8; 4], path: &str, lines: &str) -> u16 {
    let mut stream = connect(proxy.port, Some(from)).await;
    let request = format!("POST {path} HTTP/1.1\r\nhost: x\r\n{lines}connection: close\r\ncontent-length: 0\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer[9..12].parse().unwrap()
}

async fn judges_by_the_socket(proxy: &Running) {
    assert_eq!(ask(proxy, LISTED, "/webhooks/allow", "").await, 200);
    assert_eq!(ask(proxy, STRANGER, "/webhooks/allow", "").await, 403);
    for lie in
        ["x-forwarded-for: 127.0.0.9\r\n", "x-forwarded-for: 127.0.0.9, 127.0.0.1\r\nx-forwarded-for: 127.0.0.9\r\n"]
    {
        assert_eq!(ask(proxy, STRANGER, "/webhooks/allow", lie).await, 403, "{lie}");
    }
    let beside = "x-forwarded-for: 127.0.0.8, nonsense\r\n";
    assert_eq!(ask(proxy, LISTED, "/webhooks/allow", beside).await, 200, "what stands left of it says nothing");
    // The proxy's own port is plain.
    assert_eq!(ask(proxy, LISTED, "/webhooks/https", "").await, 403);
    assert_eq!(ask(proxy, LISTED, "/webhooks/https", "x-forwarded-proto: https\r\n").await, 403);
}

/// The recipe with another address in it.
fn with(recipe: &str, old: &str, new: &str) -> String {
    assert!(recipe.contains(old), "{old}");
    recipe.replace(old, new)
}

#[tokio::test]
async fn behind_nginx() {
    let receiver = receiver().await.to_string();
    let recipe = include_str!("../../examples/behind_proxy/nginx.conf");
    let nginx = NGINX.start(|port| {
        let location = with(recipe, UPSTREAM, &receiver);
        format!("server {{ listen 127.0.0.1:{port}; {location} }}")
    });
    judges_by_the_socket(&nginx).await;
}

#[tokio::test]
async fn behind_haproxy() {
    let receiver = receiver().await.to_string();
    let recipe = include_str!("../../examples/behind_proxy/haproxy.cfg");
    let haproxy = HAPROXY.start(|port| {
        let tls = ":443 ssl crt /etc/haproxy/hooks.pem alpn h2,http/1.1";
        with(&with(recipe, UPSTREAM, &receiver), tls, &format!("127.0.0.1:{port}"))
    });
    judges_by_the_socket(&haproxy).await;
}

#[test]
fn the_guide_shows_these_very_files() {
    let page = include_str!("../../src/guide/proxies.md");
    assert!(page.contains(include_str!("../../examples/behind_proxy/nginx.conf")));
    assert!(page.contains(include_str!("../../examples/behind_proxy/haproxy.cfg")));
}
