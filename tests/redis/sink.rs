//! Deliveries into a Redis stream, and what is answered when it cannot be.

use std::collections::HashMap;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use tower::Layer;
use tower_webhook::sink::{RedisStreamSink, SinkEndpoint, SinkLayer};
use tower_webhook::stack::WebhookService;
use tower_webhook::testing::{self, Endpoint, TestDelivery};
use tower_webhook::{Reason, Secret, SignatureLayer, WebhookLayer, provider};

use super::server::Server;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

async fn connect(url: &str) -> MultiplexedConnection {
    redis::Client::open(url).unwrap().get_multiplexed_async_connection().await.unwrap()
}

fn endpoint(sink: RedisStreamSink<MultiplexedConnection>) -> Endpoint<WebhookService<SinkEndpoint>> {
    let signature = SignatureLayer::new(provider::STANDARD_WEBHOOKS, Secret::new(SECRET).unwrap()).unwrap();
    Endpoint::new(WebhookLayer::of(signature).layer(SinkLayer::new(sink).timeout(Duration::from_secs(1)).endpoint()))
}

fn delivery(id: &str) -> TestDelivery {
    testing::delivery(provider::STANDARD_WEBHOOKS, SECRET).to("/in?token=1").id(id).json(r#"{"type":"a.b","data":1}"#)
}

type Entries = Vec<(String, HashMap<String, String>)>;

async fn entries(server: &Server) -> Entries {
    server.ask(&["XRANGE", "events", "-", "+"]).await
}

#[tokio::test]
async fn a_delivery_is_appended_once_and_is_there_after_a_crash() {
    let mut server = Server::start(&[]).await;
    let endpoint = endpoint(RedisStreamSink::new(connect(&server.url()).await, "events"));
    assert_eq!(endpoint.send(&delivery("msg_1")).await.status(), 202);
    endpoint.send(&delivery("msg_1")).await.assert_duplicate();
    endpoint.send(&delivery("msg_2")).await.assert_accepted();
    endpoint.send(&delivery("msg_3").tampered()).await.assert_rejected(Reason::SignatureMismatch);
    server.crash_and_restart().await;
    let entries = entries(&server).await;
    let ids: Vec<_> = entries.iter().map(|(_, fields)| fields["id"].as_str()).collect();
    assert_eq!(ids, ["msg_1", "msg_2"]);
    let first = &entries[0].1;
    assert_eq!(first["body"], r#"{"type":"a.b","data":1}"#);
    assert_eq!((first["provider"].as_str(), first["path"].as_str()), ("standard-webhooks", "/in"));
    assert_eq!((first["event_type"].as_str(), first["content_type"].as_str()), ("a.b", "application/json"));
    assert!(!format!("{first:?}").contains("token"));
    let keys: Vec<String> = server.ask(&["KEYS", "events:seen:*"]).await;
    let left: i64 = server.ask(&["TTL", &keys[0]]).await;
    assert!(keys.len() == 2 && left > 24 * 3600, "{left}");
}

#[tokio::test]
async fn what_is_appended_is_answered_as_configured_and_with_nothing_but_a_2xx() {
    let server = Server::start(&[]).await;
    let layer = SinkLayer::new(RedisStreamSink::new(connect(&server.url()).await, "events"));
    for status in [199, 302, 404, 500] {
        assert!(layer.clone().status(status).is_err(), "{status}");
    }
    let layer = layer.status(201).unwrap().answer("appended");
    let signature = SignatureLayer::new(provider::STANDARD_WEBHOOKS, Secret::new(SECRET).unwrap()).unwrap();
    let endpoint = Endpoint::new(WebhookLayer::of(signature).layer(layer.endpoint()));
    for outcome in ["appended", "appended before"] {
        let answer = endpoint.send(&delivery("msg_1")).await;
        assert_eq!((answer.status().as_u16(), &answer.body()[..]), (201, &b"appended"[..]), "{outcome}");
    }
    assert_eq!(entries(&server).await.len(), 1);
}

#[tokio::test]
async fn nothing_is_acknowledged_without_the_server() {
    let mut server = Server::start(&[]).await;
    let endpoint = endpoint(RedisStreamSink::new(connect(&server.url()).await, "events"));
    endpoint.send(&delivery("msg_1")).await.assert_accepted();
    // Full: it refuses to write.
    let _: String = server.ask(&["CONFIG", "SET", "maxmemory", "1"]).await;
    endpoint.send(&delivery("msg_2")).await.assert_rejected(Reason::InboxUnavailable);
    server.kill();
    let refused = endpoint.send(&delivery("msg_3")).await;
    assert!(refused.headers().contains_key("retry-after"));
    refused.assert_rejected(Reason::InboxUnavailable);
}

#[tokio::test]
async fn fewer_replicas_than_asked_for_are_no_acknowledgement() {
    let master = Server::start(&[]).await;
    let sink = |connection| RedisStreamSink::new(connection, "events").min_replicas(1, Duration::from_millis(450));
    let endpoint = endpoint(sink(connect(&master.url()).await));
    endpoint.send(&delivery("msg_1")).await.assert_rejected(Reason::InboxUnavailable);
    let port = master.port().to_string();
    let replica = Server::start(&["--replicaof", "127.0.0.1", &port]).await;
    for _ in 0..500 {
        let role: String = master.ask(&["INFO", "replication"]).await;
        if role.contains("state=online") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // It is known by now, and the replica has it.
    endpoint.send(&delivery("msg_1")).await.assert_duplicate();
    endpoint.send(&delivery("msg_2")).await.assert_accepted();
    assert_eq!((entries(&master).await.len(), entries(&replica).await.len()), (2, 2));
}
