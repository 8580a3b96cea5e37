//! Report-only mode: what would be refused is counted and told, passes, and is verified nowhere.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::routing::post;
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::Full;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};
use tower::{Layer, ServiceBuilder, service_fn};
use tower_webhook::axum::Verified;
use tower_webhook::body::ObservedBody;
use tower_webhook::client_ip::{ClientIp, TrustedProxies};
use tower_webhook::rejection::ReportedOnly;
use tower_webhook::signature::{key_source_fn, resolver_fn};
use tower_webhook::testing::{self, Endpoint, TestDelivery};
use tower_webhook::{
    AllowlistLayer, Delivery, HttpsOnlyLayer, IdempotencyLayer, RawBodyLayer, Reason, Secret, SignatureLayer,
    WebhookLayer, provider,
};

const SECRET: &str = "It's a Secret to Everybody";

fn secret() -> Secret {
    Secret::new(SECRET).unwrap()
}

fn github() -> TestDelivery {
    testing::delivery(provider::GITHUB, SECRET).id("id-1").json("{}")
}

fn count(recorder: &PrometheusRecorder, reason: &str) -> Option<u64> {
    let page = recorder.handle().render();
    let series = format!(r#"webhook_report_only_total{{route="github",reason="{reason}"}} "#);
    page.lines().find_map(|line| line.strip_prefix(&series)?.parse().ok())
}

/// What the handler saw: is it verified, and what would it have been refused for.
fn seen<B>(request: &Request<B>) -> String {
    let delivery = request.extensions().get::<Delivery>().expect("a delivery");
    let reported = request.extensions().get::<ReportedOnly>();
    let reasons = reported.map(|all| all.refusals().iter().map(|one| one.reason().code()).collect::<Vec<_>>());
    format!("{} {}", delivery.is_verified(), reasons.unwrap_or_default().join(","))
}

#[tokio::test]
async fn what_the_signature_would_refuse_passes_unverified_and_is_counted_by_reason() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let app = metrics::with_local_recorder(&recorder, || {
        let layer = WebhookLayer::new(provider::GITHUB, secret()).unwrap().metrics().report_only_signature();
        Router::new().route("/", post(async |request: axum::extract::Request| seen(&request)).layer(layer))
    });
    for reason in ["signature_mismatch", "missing_signature", "timestamp_too_old", "key_unavailable"] {
        assert_eq!(count(&recorder, reason), Some(0), "born at 0");
    }
    let endpoint = Endpoint::new(app);
    assert_eq!(endpoint.send(&github()).await.body(), "true ");
    for _ in 0..3 {
        assert_eq!(endpoint.send(&github().tampered()).await.body(), "false signature_mismatch");
    }
    assert_eq!(endpoint.send(&github().unsigned()).await.body(), "false missing_signature");
    assert_eq!((count(&recorder, "signature_mismatch"), count(&recorder, "missing_signature")), (Some(3), Some(1)));
    let page = recorder.handle().render();
    let accepted = r#"webhook_requests_total{route="github",provider="github",outcome="accepted",reason=""} 5"#;
    assert!(page.contains(accepted), "{page}");
    assert!(page.contains(r#"webhook_verified_with_key_total{route="github",key_id="key"} 1"#));
    assert!(
        page.contains(r#"webhook_idempotency_operations_total{backend="memory",op="claim",result="new"} 1"#),
        "{page}"
    );
}

#[tokio::test]
async fn verified_extractors_refuse_what_is_only_reported() {
    let layer = WebhookLayer::new(provider::GITHUB, secret()).unwrap().report_only_signature();
    let handler = async |Verified(body): Verified<Bytes>| body;
    let endpoint = Endpoint::new(Router::new().route("/", post(handler).layer(layer)));
    endpoint.send(&github()).await.assert_accepted();
    assert_eq!(endpoint.send(&github().tampered()).await.status(), 500);
    assert_eq!(endpoint.send(&github().unsigned()).await.status(), 500);
}

#[tokio::test]
async fn limits_methods_and_other_checks_are_never_report_only() {
    let layer = WebhookLayer::new(provider::GITHUB, secret()).unwrap().body_limit(100).unwrap();
    let layer = layer.allow(["192.0.2.0/24"]).unwrap().report_only_signature();
    let endpoint = Endpoint::new(Router::new().route("/", axum::routing::any(async || "ran").layer(layer)));
    let large = testing::delivery(provider::GITHUB, SECRET).json(vec![b' '; 101]).from_peer("192.0.2.1:1");
    endpoint.send(&large).await.assert_rejected(Reason::BodyTooLarge);
    endpoint.send(&large.unsigned()).await.assert_rejected(Reason::BodyTooLarge);
    let small = github().from_peer("192.0.2.1:1");
    endpoint.send(&small.method(Method::PUT)).await.assert_rejected(Reason::Method);
    endpoint.send(&small.from_peer("203.0.113.1:1")).await.assert_rejected(Reason::IpDenied);
    endpoint.send(&small.tampered()).await.assert_accepted();
}

#[tokio::test]
async fn idempotency_lets_it_pass_without_touching_its_store() {
    let runs = Arc::new(AtomicU64::new(0));
    let counted = runs.clone();
    let handler = service_fn(move |request: Request<ObservedBody>| {
        counted.fetch_add(1, Ordering::Relaxed);
        assert!(
            request.extensions().get::<Delivery>().unwrap().idempotency().is_some()
                == request.extensions().get::<ReportedOnly>().is_none()
        );
        async { Ok::<_, Infallible>(Response::new(Full::new(Bytes::new()))) }
    });
    let layers = (
        RawBodyLayer::new(),
        SignatureLayer::new(provider::GITHUB, secret()).unwrap().report_only(),
        IdempotencyLayer::in_memory(),
    );
    let endpoint = Endpoint::new(ServiceBuilder::new().layer(layers).service(handler));
    // A forged delivery with the id of a genuine one takes nothing away from it.
    endpoint.send(&github().tampered()).await.assert_accepted();
    endpoint.send(&github().tampered()).await.assert_accepted();
    endpoint.send(&github()).await.assert_accepted();
    endpoint.send(&github()).await.assert_duplicate();
    endpoint.send(&github().tampered()).await.assert_accepted();
    assert_eq!(runs.load(Ordering::Relaxed), 4);
}

#[tokio::test]
async fn keys_that_cannot_be_had_are_reported_too() {
    let handler = || {
        service_fn(async |request: Request<ObservedBody>| {
            assert_eq!(request.body().bytes(), "{}");
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(seen(&request)))))
        })
    };
    let failing = resolver_fn(|_: &http::request::Parts| async { Err::<Option<Secret>, _>("sealed") });
    let signature = SignatureLayer::resolving(provider::GITHUB, failing).unwrap().report_only();
    let endpoint = Endpoint::new(ServiceBuilder::new().layer((RawBodyLayer::new(), signature)).service(handler()));
    assert_eq!(endpoint.send(&github()).await.body(), "false key_unavailable");

    let nobody = resolver_fn(|_: &http::request::Parts| async { Ok::<Option<Secret>, Infallible>(None) });
    let signature = SignatureLayer::resolving(provider::GITHUB, nobody).unwrap().report_only();
    let endpoint = Endpoint::new(ServiceBuilder::new().layer((RawBodyLayer::new(), signature)).service(handler()));
    assert_eq!(endpoint.send(&github()).await.body(), "false unknown_key");

    let none = key_source_fn(|_: &tower_webhook::scheme::KeyName| async {
        Ok::<Option<tower_webhook::KeyDocument>, Infallible>(None)
    });
    let signature = SignatureLayer::fetching(provider::AWS_SNS, none).unwrap().report_only();
    let endpoint = Endpoint::new(ServiceBuilder::new().layer((RawBodyLayer::new(), signature)).service(handler()));
    assert!(endpoint.send(&github()).await.body().starts_with(b"false "), "a key that the body does not name");
}

#[tokio::test]
async fn a_list_and_https_can_be_tried_out_and_what_is_signed_stays_verified() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let app = metrics::with_local_recorder(&recorder, || {
        let layer = WebhookLayer::new(provider::GITHUB, secret()).unwrap().metrics();
        let layer = layer.allow(["192.0.2.0/24"]).unwrap().report_only_allowlist().report_only_https();
        let handler = async |request: axum::extract::Request| {
            let client = request.extensions().get::<ClientIp>().map(|client| client.0.to_string());
            format!("{} {}", seen(&request), client.unwrap_or_default())
        };
        Router::new().route("/", post(handler).layer(layer.behind(TrustedProxies::none())))
    });
    assert_eq!((count(&recorder, "ip_denied"), count(&recorder, "not_https")), (Some(0), Some(0)));
    let endpoint = Endpoint::new(app);
    let known = github().from_peer("192.0.2.1:1").over_tls();
    assert_eq!(endpoint.send(&known).await.body(), "true  192.0.2.1");
    let other = testing::delivery(provider::GITHUB, SECRET).id("id-2").json("{}").from_peer("203.0.113.9:1");
    assert_eq!(endpoint.send(&other).await.body(), "true not_https,ip_denied 203.0.113.9");
    let unknown = testing::delivery(provider::GITHUB, SECRET).id("id-3").json("{}");
    assert_eq!(endpoint.send(&unknown).await.body(), "true not_https,ip_unknown ");
    // The signature is enforced all the same.
    endpoint.send(&other.tampered()).await.assert_rejected(Reason::SignatureMismatch);
    assert_eq!((count(&recorder, "ip_denied"), count(&recorder, "not_https")), (Some(2), Some(3)));
    assert_eq!(count(&recorder, "ip_unknown"), Some(1));
}

#[tokio::test]
async fn single_head_layers_report_too() {
    let handler = || {
        service_fn(async |request: Request<Full<Bytes>>| {
            let reported = request.extensions().get::<ReportedOnly>().map(|all| all.refusals()[0].reason());
            assert!(reported.is_some());
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::new())))
        })
    };
    let https = HttpsOnlyLayer::new(TrustedProxies::none()).report_only();
    Endpoint::new(https.layer(handler())).send(&github()).await.assert_accepted();
    let list = AllowlistLayer::new(["192.0.2.0/24"]).unwrap().report_only();
    Endpoint::new(list.layer(handler())).send(&github()).await.assert_accepted();
}

#[tokio::test]
async fn stale_timestamps_are_reported_with_their_reason() {
    let layer = WebhookLayer::new(provider::STRIPE, Secret::short("whsec_test").unwrap()).unwrap();
    let app = Router::new()
        .route("/", post(async |request: axum::extract::Request| seen(&request)).layer(layer.report_only_signature()));
    let delivery = testing::delivery(provider::STRIPE, "whsec_test").json(r#"{"id":"evt_1"}"#);
    let stale = delivery.aged(Duration::from_secs(4000));
    assert_eq!(Endpoint::new(app).send(&stale).await.body(), "false timestamp_too_old");
}
