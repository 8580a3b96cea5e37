//! What the layers say, and to whom.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full};
use metrics_exporter_prometheus::PrometheusBuilder;
use tower::{ServiceBuilder, ServiceExt};
use tower_webhook::body::ObservedBody;
use tower_webhook::clock::{Clock, UnixTime};
use tower_webhook::scheme::{Scheme, Signer};
use tower_webhook::signature::{Explainer, resolver_fn};
use tower_webhook::{RawBodyLayer, Secret, SignatureLayer, VerifiedBody, WebhookOptions, provider};

use crate::events;

const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);
const SENT: &str = r#"{"id": 1, "name": "Zoë"}"#;
const CAME: &str = r#"{"id":1,"name":"Zoë"}"#;

/// A clock that is turned by hand, in seconds.
#[derive(Clone, Debug, Default)]
struct Hand(Arc<AtomicU64>);

impl Clock for Hand {
    fn now(&self) -> Option<UnixTime> {
        Some(NOW.saturating_add(self.monotonic()))
    }

    fn monotonic(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::Relaxed))
    }
}

fn secret(number: u8) -> Secret {
    Secret::new(format!("planted secret number {number}")).unwrap()
}

fn layer(route: &str, scheme: Scheme, number: u8) -> SignatureLayer {
    SignatureLayer::new(scheme, secret(number)).unwrap().clock(Hand::default()).route(route)
}

/// A delivery that was signed over `SENT`, with `body` in its place.
fn delivery(scheme: Scheme, number: u8, body: &str) -> Request<Full<Bytes>> {
    let (mut head, ()) = Request::post("/").header("content-type", "application/json").body(()).unwrap().into_parts();
    Signer::new(scheme, secret(number)).unwrap().sign(&mut head, &Bytes::from(SENT), NOW).unwrap();
    Request::from_parts(head, Full::from(Bytes::copy_from_slice(body.as_bytes())))
}

/// Status, headers and body of the answer.
async fn answer(layer: SignatureLayer, request: Request<Full<Bytes>>) -> String {
    let handler = async |_: Request<VerifiedBody>| Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()));
    let service = ServiceBuilder::new().layer(RawBodyLayer::new()).layer(layer).service_fn(handler);
    let (head, body) = service.oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    format!("{} {:?} {}", head.status, head.headers, String::from_utf8_lossy(&body))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_was_written_again_is_explained_to_the_operator_and_not_to_the_sender() {
    events::listen();
    let plain = answer(layer("plain", provider::STRIPE, 1), delivery(provider::STRIPE, 1, CAME)).await;
    let explained = layer("rewritten", provider::STRIPE, 1).explain(Explainer::new());
    assert_eq!(answer(explained, delivery(provider::STRIPE, 1, CAME)).await, plain);
    assert!(plain.starts_with("401"), "{plain}");

    let event = events::explanations("rewritten", 1).remove(0);
    for text in [
        "WARN",
        "provider=\"stripe\"",
        "reason=\"signature_mismatch\"",
        "cause=\"body_json_rewritten\"",
        "confidence=\"high\"",
        "key_ids=\"key\"",
        "header_names=\"content-type,stripe-signature\"",
        "content_type=\"application/json\"",
        &format!("body_bytes={}", CAME.len()),
        "skew_s=0",
        "troubleshooting/index.html#body_json_rewritten",
    ] {
        assert!(event.contains(text), "{text}: {event}");
    }
    assert!(events::with(&["tower_webhook::explanation", "route=\"plain\""]).is_empty());
    assert!(events::with(&["recorder"]).is_empty(), "nobody asked for metrics");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_does_not_exist_has_no_keys_in_the_log() {
    events::listen();
    let nobody = resolver_fn(|_: &http::request::Parts| async { Ok::<_, Infallible>(None::<Secret>) });
    let layer = SignatureLayer::resolving(provider::GITHUB, nobody).unwrap().route("tenants").explain(Explainer::new());
    assert!(answer(layer, delivery(provider::GITHUB, 1, SENT)).await.starts_with("401"));
    let event = events::explanations("tenants", 1).remove(0);
    for text in ["reason=\"unknown_key\"", "cause=\"unexplained\"", "no such tenant", "key_ids=\"\""] {
        assert!(event.contains(text), "{text}: {event}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_only_reported_is_explained_as_well() {
    events::listen();
    let layer = layer("on-trial", provider::STRIPE, 1).explain(Explainer::new()).report_only();
    let handler = async |_: Request<ObservedBody>| Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()));
    let service = ServiceBuilder::new().layer(RawBodyLayer::new()).layer(layer).service_fn(handler);
    let answer = service.oneshot(delivery(provider::STRIPE, 1, CAME)).await.unwrap();
    assert_eq!(answer.status(), 200, "it passes");
    let event = events::explanations("on-trial", 1).remove(0);
    assert!(event.contains("body_json_rewritten") && event.contains("confidence=\"high\""), "{event}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_secret_of_another_route_is_found_by_its_name() {
    events::listen();
    let explainer = Explainer::new();
    let billing = layer("billing", provider::GITHUB, 1).explain(explainer.clone());
    let shop = layer("shop", provider::GITHUB, 2).explain(explainer);
    let right = answer(billing, delivery(provider::GITHUB, 1, SENT)).await;
    assert!(right.starts_with("200"), "{right}");
    let wrong = answer(shop, delivery(provider::GITHUB, 1, SENT)).await;
    assert!(wrong.starts_with("401") && !wrong.contains("billing"), "{wrong}");
    let event = events::explanations("shop", 1).remove(0);
    assert!(event.contains("secret_of_other_route") && event.contains("`billing`"), "{event}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_on_the_head_is_explained_without_the_body() {
    events::listen();
    let layer = layer("head", provider::STRIPE, 1).explain(Explainer::new());
    let mut request = delivery(provider::GITHUB, 1, SENT);
    request.headers_mut().insert("content-type", HeaderValue::from_bytes(b"a\tb\xff").unwrap());
    let refused = answer(layer, request).await;
    assert!(refused.starts_with("401"), "{refused}");
    let event = events::explanations("head", 1).remove(0);
    for text in ["other_sender", "confidence=\"medium\"", "INFO", "`github`", "content_type=\"a\\\\tb"] {
        assert!(event.contains(text), "{text}: {event}");
    }
    assert!(!event.contains("body_bytes"), "{event}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_matches_is_not_explained() {
    events::listen();
    let layer = layer("right", provider::GITHUB, 1).explain(Explainer::new());
    assert!(answer(layer.clone(), delivery(provider::GITHUB, 1, SENT)).await.starts_with("200"));
    // Neither is what is no matter of signatures.
    let mut get = delivery(provider::GITHUB, 1, SENT);
    *get.method_mut() = http::Method::GET;
    assert!(answer(layer.clone(), get).await.starts_with("405"));
    assert!(answer(layer, delivery(provider::GITHUB, 2, SENT)).await.starts_with("401"));
    assert_eq!(events::explanations("right", 1).len(), 1);
}

/// A thousand forged requests a second buy ten explanations a minute.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_forgeries_buys_no_more_than_the_budget() {
    events::listen();
    let recorder = PrometheusBuilder::new().build_recorder();
    let clock = Hand::default();
    let explaining = SignatureLayer::new(provider::GITHUB, secret(1)).unwrap().route("flood").explain(Explainer::new());
    let handler = async |_: Request<VerifiedBody>| Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()));
    let service = metrics::with_local_recorder(&recorder, || {
        ServiceBuilder::new().layer(RawBodyLayer::new()).layer(explaining.clock(clock.clone())).service_fn(handler)
    });
    let count = |name: &str| {
        let page = recorder.handle().render();
        let lines = page.lines().filter(|line| line.starts_with(name) && line.contains("route=\"flood\""));
        lines.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum::<u64>()
    };
    for minute in 1..=2 {
        for second in 0..3 {
            for _ in 0..1000 {
                let response = service.clone().oneshot(delivery(provider::GITHUB, 9, SENT)).await.unwrap();
                assert_eq!(response.status(), 401);
            }
            clock.0.store((minute - 1) * 60 + second, Ordering::Relaxed);
        }
        clock.0.store(minute * 60, Ordering::Relaxed);
        let explained = events::explanations("flood", 10 * usize::try_from(minute).unwrap());
        assert_eq!(explained.len() as u64, 10 * minute);
        assert!(explained.iter().all(|event| event.contains("unexplained") && event.contains("confidence=\"low\"")));
        assert_eq!(count("webhook_explanations_suppressed_total"), 2990 * minute);
    }
    // The event comes before the counter, and both from another thread.
    let until = std::time::Instant::now() + Duration::from_secs(10);
    while count("webhook_explanations_total") < 20 && std::time::Instant::now() < until {
        tokio::task::yield_now().await;
    }
    assert_eq!(count("webhook_explanations_total"), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_explanation_holds_a_secret_a_signature_or_the_body() {
    events::listen();
    let explainer = Explainer::new().per_minute(1000);
    let mut route = 0;
    for scheme in [provider::GITHUB, provider::STRIPE, provider::SLACK, provider::SHOPIFY, provider::GITLAB] {
        for body in [SENT, CAME, "planted body", "payload=planted+body", ""] {
            for number in [1, 2] {
                route += 1;
                let layer = layer(&format!("planted-{route}"), scheme, 1).explain(explainer.clone());
                assert!(!format!("{layer:?}").contains("planted secret"));
                let mut request = delivery(scheme, number, body);
                for name in ["authorization", "cookie", "x-api-key", "x-planted", "user-agent"] {
                    request.headers_mut().insert(name, HeaderValue::from_static("planted value"));
                }
                let shown: Vec<String> = request
                    .headers()
                    .iter()
                    .filter(|(name, _)| name.as_str().contains("signature") || name.as_str().contains("hmac"))
                    .map(|(_, value)| value.to_str().unwrap().to_owned())
                    .collect();
                let refused = answer(layer, request).await;
                if refused.starts_with("200") {
                    continue;
                }
                for event in events::explanations(&format!("planted-{route}"), 1) {
                    for planted in ["planted secret", "planted value", "planted body", "planted+body", "Zoë"] {
                        assert!(!event.contains(planted), "{planted}: {event}");
                    }
                    for value in &shown {
                        let last = value.rsplit(['=', ',']).find(|part| part.len() > 8).unwrap();
                        assert!(!event.contains(last), "{event}");
                    }
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_finished_stack_explains_too() {
    events::listen();
    let shared = WebhookOptions::new().explain(Explainer::new());
    let layer = shared.layer_for("stack", provider::GITHUB, secret(1)).unwrap();
    let handler = async |_: Request<VerifiedBody>| Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()));
    let service = ServiceBuilder::new().layer(layer).service_fn(handler);
    let response = service.oneshot(delivery(provider::GITHUB, 1, &format!("{SENT}\n"))).await.unwrap();
    assert_eq!(response.status(), 401);
    let event = events::explanations("stack", 1).remove(0);
    assert!(event.contains("body_newline"), "{event}");
    // Each refusal says where to read on.
    let refusals = events::with(&["tower_webhook::rejection", "route=\"stack\"", "#signature_mismatch"]);
    assert_eq!(refusals.len(), 1);
}
