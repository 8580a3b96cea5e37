//! The spans: their fields, what stands inside of them, and what a sender cannot write into them.

use std::time::Duration;

use axum::Router;
use axum::routing::post;
use http::{Request, Response};
use http_body_util::Full;
use tower::{Layer, ServiceExt, service_fn};
use tower_webhook::inbox::{Inbox, RetrySchedule, Subscriber};
use tower_webhook::testing::{self, Endpoint};
use tower_webhook::{RawBodyLayer, Reason, Secret, SignatureLayer, TraceLayer, VerifiedBody, WebhookLayer, provider};

use super::listener::{Listener, Seen};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn field<'s>(seen: &'s Seen, name: &str) -> &'s str {
    seen.fields.get(name).map(String::as_str).unwrap_or_default()
}

fn stripe() -> Router {
    let layer = WebhookLayer::new(provider::STRIPE, Secret::short("whsec_test").unwrap()).unwrap().route("payments");
    Router::new().route("/hooks/{tenant}", post(async || "done").layer(layer))
}

#[tokio::test]
async fn a_span_says_who_sent_what_when_and_how_it_ended() {
    let listener = Listener::default();
    let _listening = tracing::subscriber::set_default(listener.clone());
    let body = r#"{"id":"evt_1","type":"invoice.paid"}"#;
    let delivery = testing::delivery(provider::STRIPE, "whsec_test").to("/hooks/acme").json(body);
    let endpoint = Endpoint::new(stripe());
    endpoint.send(&delivery.aged(Duration::from_secs(7))).await.assert_accepted();
    endpoint.send(&delivery.tampered()).await.assert_rejected(Reason::SignatureMismatch);

    let spans = listener.spans_of("webhook.receive");
    assert_eq!(spans.len(), 2);
    for (name, value) in [
        ("webhook.route", "payments"),
        ("webhook.provider", "stripe"),
        ("webhook.event_id", "evt_1"),
        ("webhook.event_type", "invoice.paid"),
        ("webhook.key_id", "key"),
        ("webhook.outcome", "accepted"),
        ("http.response.status_code", "200"),
        ("http.route", "/hooks/{tenant}"),
        ("error.type", ""),
    ] {
        assert_eq!(field(&spans[0], name), value, "{name}");
    }
    let age: i64 = field(&spans[0], "webhook.signature_age_ms").parse().unwrap();
    assert!((7_000..60_000).contains(&age), "{age}");

    // Nobody vouches for what a forged delivery says of itself.
    assert_eq!(field(&spans[1], "webhook.event_id"), "");
    assert_eq!(
        (field(&spans[1], "webhook.outcome"), field(&spans[1], "error.type")),
        ("rejected", "signature_mismatch")
    );
    assert_eq!(field(&spans[1], "http.response.status_code"), "401");

    // The refusal stands inside of its span, under the one target.
    let refusals = listener.events_of("tower_webhook::rejection");
    assert_eq!(refusals.len(), 1);
    assert_eq!(field(&refusals[0], "reason"), "signature_mismatch");
    let within = listener.spans.lock().unwrap()[&refusals[0].within.unwrap()].clone();
    assert_eq!((within.name.as_str(), field(&within, "error.type")), ("webhook.receive", "signature_mismatch"));
    assert_eq!(field(&within, "http.route"), "/hooks/{tenant}");
}

#[tokio::test]
async fn an_aborted_request_and_a_report_have_their_span_too() {
    let listener = Listener::default();
    let _listening = tracing::subscriber::set_default(listener.clone());
    let never = TraceLayer::new("r")
        .provider("p")
        .layer(service_fn(|_: Request<()>| std::future::pending::<Result<Response<()>, std::convert::Infallible>>()));
    let mut waiting = Box::pin(never.oneshot(Request::new(())));
    assert!(futures_poll(&mut waiting).await.is_none());
    drop(waiting);
    let span = &listener.spans_of("webhook.receive")[0];
    assert_eq!((field(span, "webhook.outcome"), field(span, "error.type")), ("aborted", "client_disconnected"));

    let layer = WebhookLayer::new(provider::GITHUB, Secret::new("It's a Secret to Everybody").unwrap()).unwrap();
    let app = Router::new().route("/", post(async || "done").layer(layer.report_only_signature()));
    let delivery = testing::delivery(provider::GITHUB, "It's a Secret to Everybody").json("{}");
    Endpoint::new(app).send(&delivery.unsigned()).await.assert_accepted();
    let events = listener.events_of("tower_webhook::rejection");
    assert_eq!((field(&events[0], "report_only"), field(&events[0], "reason")), ("true", "missing_signature"));
}

/// Polls once.
async fn futures_poll<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    std::future::poll_fn(|cx| {
        std::task::Poll::Ready(match std::pin::Pin::new(&mut *future).poll(cx) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        })
    })
    .await
}

#[tokio::test]
async fn what_a_sender_writes_stays_on_one_line_and_short() {
    let listener = Listener::default();
    let _listening = tracing::subscriber::set_default(listener.clone());
    let body = format!(r#"{{"id":"evt_1\n2026 ERROR forged\u001b[2J\u202e","type":"{}"}}"#, "x".repeat(20_000));
    let delivery = testing::delivery(provider::STRIPE, "whsec_test").to("/hooks/acme").json(body);
    let answer = Endpoint::new(stripe()).send(&delivery).await;
    assert!(answer.status().is_client_error() || answer.status().is_success());
    let span = &listener.spans_of("webhook.receive")[0];
    assert_eq!(field(span, "webhook.event_id"), r"evt_1\n2026 ERROR forged\u{1b}[2J\u{202e}");
    assert_eq!(field(span, "webhook.event_type").chars().count(), 257);
    assert!(!listener.text().contains('\u{1b}') && !listener.text().contains('\u{202e}'));
}

#[tokio::test]
async fn a_run_out_of_the_inbox_carries_the_trace_of_its_request() {
    let listener = Listener::default();
    let _listening = tracing::subscriber::set_default(listener.clone());
    let path = std::env::temp_dir().join(format!("tower-webhook-traces-{}.db", std::process::id()));
    drop(std::fs::remove_file(&path));
    let (told, mut tells) = tokio::sync::mpsc::unbounded_channel();
    let handler = service_fn(move |request: Request<VerifiedBody>| {
        told.send(request.headers().get("traceparent").cloned()).unwrap();
        async { Ok::<_, std::convert::Infallible>(Response::new(())) }
    });
    let subscriber = Subscriber::new("billing", handler).schedule(RetrySchedule::none());
    let inbox = Inbox::sqlite(&path).subscriber(subscriber).open().await.unwrap();
    inbox.start();
    let layers = (
        TraceLayer::new("github"),
        RawBodyLayer::new(),
        SignatureLayer::new(provider::GITHUB, Secret::new("It's a Secret to Everybody").unwrap()).unwrap(),
    );
    let service = tower::ServiceBuilder::new().layer(layers).service(inbox.endpoint());
    let delivery = testing::delivery(provider::GITHUB, "It's a Secret to Everybody").id("id-1").event_type("push");
    let delivery = delivery.json("{}").header("traceparent", PARENT);
    let request = delivery.to_request::<Full<bytes::Bytes>>();
    assert_eq!(service.oneshot(request).await.unwrap().status(), 202);
    let header = tokio::time::timeout(Duration::from_secs(30), tells.recv()).await.unwrap().unwrap();
    assert_eq!(header.unwrap(), PARENT);
    inbox.drain(Duration::from_secs(10)).await.unwrap();

    let run = &listener.spans_of("webhook.process")[0];
    for (name, value) in [
        ("webhook.traceparent", PARENT),
        ("webhook.subscriber", "billing"),
        ("webhook.event_id", "id-1"),
        ("webhook.event_type", "push"),
        ("webhook.attempt", "1"),
        ("webhook.outcome", "ok"),
    ] {
        assert_eq!(field(run, name), value, "{name}");
    }
    for end in ["", "-wal", "-shm", ".lock"] {
        drop(std::fs::remove_file(format!("{}{end}", path.display())));
    }
}
