//! What an operator does with the tool, so that a delivery runs again.

use std::convert::Infallible;
use std::process::Command;

use http::{Request, Response};
use http_body_util::Full;
use tower::service_fn;
use tower_layer::Layer;
use tower_webhook::testing::{self, Endpoint};
use tower_webhook::{IdempotencyLayer, Secret, VerifiedBody, WebhookOptions, provider};

use super::server::Server;

/// Exit code, and what was said.
async fn forget(url: String, arguments: &'static [&'static str]) -> (i32, String) {
    let mut tool = Command::new(env!("CARGO_BIN_EXE_tower-webhook"));
    tool.arg("forget").args(arguments).env("REDIS_URL", url);
    let output = tokio::task::spawn_blocking(move || tool.output().unwrap()).await.unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(said).unwrap())
}

#[tokio::test]
async fn what_the_tool_forgets_runs_again() {
    let server = Server::start(&[]).await;
    let secret = Secret::generate().unwrap();
    let layer = WebhookOptions::new().idempotency(IdempotencyLayer::new(server.store().await));
    let layer = layer.layer(provider::STRIPE, secret.clone()).unwrap().route("payments");
    let handler = service_fn(async |_: Request<VerifiedBody>| {
        Ok::<_, Infallible>(Response::new(Full::<bytes::Bytes>::default()))
    });
    let endpoint = Endpoint::new(layer.layer(handler));
    let delivery = testing::delivery(provider::STRIPE, secret).json(r#"{"id":"evt_1"}"#);
    endpoint.send(&delivery).await.assert_accepted();
    endpoint.send(&delivery).await.assert_duplicate();

    let (code, said) = forget(server.url(), &["--provider", "stripe", "--id", "evt_1"]).await;
    assert!(code == 0 && said.contains(r#""forgotten":false"#), "another route: {said}");
    endpoint.send(&delivery).await.assert_duplicate();
    let (code, said) = forget(server.url(), &["--provider", "stripe", "--id", "evt_1", "--route", "payments"]).await;
    assert!(code == 0 && said.contains(r#""forgotten":true"#), "{said}");
    endpoint.send(&delivery).await.assert_accepted();
}

#[tokio::test]
async fn the_tool_says_what_is_wrong() {
    let nobody = || String::from("redis://:hunter2@127.0.0.1:1/");
    let (code, said) = forget(nobody(), &["--provider", "stripe", "--id", "evt_1"]).await;
    assert!(code == 1 && said.contains("cannot be reached") && !said.contains("hunter2"), "{code}: {said}");
    for wrong in [&["--provider", "stripe"][..], &["--id", "evt_1"], &["--key", "abc"], &[]] {
        let (code, said) = forget(nobody(), wrong).await;
        assert_eq!(code, 2, "{said}");
    }
}
