//! What `examples/observability` promises holds against the metrics that the example really shows.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod dashboard;
mod rules;
mod series;

#[allow(dead_code, reason = "its `main` is not called here")]
#[path = "../../examples/prometheus.rs"]
mod example;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use axum::Router;
use http::Method;
use metrics_exporter_prometheus::PrometheusHandle;
use tower_webhook::testing::{self, DeliveryBuilder, Endpoint, TestDelivery};
use tower_webhook::{Reason, Secret, provider};

use self::example::{App, CURRENT, GITHUB, PREVIOUS};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples/observability")
}

fn read(file: &str) -> String {
    std::fs::read_to_string(folder().join(file)).unwrap()
}

/// What `promtool` says, and that it says so with success.
fn promtool(arguments: &[&str], input: &str) -> String {
    let started = Command::new("promtool")
        .args(arguments)
        .current_dir(folder())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child =
        started.expect("promtool is needed: it comes with the package `prometheus` (tests/run.sh installs it)");
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "promtool {arguments:?}: {said}");
    said
}

/// Names of metrics in a text: `webhook_…`, without the endings that Prometheus adds to histograms.
fn names_in(text: &str) -> BTreeSet<String> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    text.split(|c| !word(c))
        .filter(|name| name.starts_with("webhook_"))
        .map(|name| ["_bucket", "_count", "_sum"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name))
        .map(str::to_owned)
        .collect()
}

/// The recorder is one for the process, as in a real one.
fn prometheus() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| example::recorder().unwrap()).clone()
}

struct Running {
    app: App,
    endpoint: Endpoint<Router>,
    folder: PathBuf,
}

impl Running {
    /// The example's application, with an inbox of its own.
    async fn start(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("tower-webhook-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let secrets = [GITHUB, CURRENT].map(|text| Secret::new(text).unwrap());
        let app = example::app(prometheus(), folder.join("inbox.db").to_str().unwrap(), secrets).await.unwrap();
        let endpoint = Endpoint::new(app.router.clone());
        Self { app, endpoint, folder }
    }

    async fn get(&self, path: &str) -> String {
        let probe = testing::delivery(provider::GITHUB, GITHUB).to(path).json("").method(Method::GET);
        String::from_utf8(self.endpoint.send(&probe).await.body().to_vec()).unwrap()
    }

    async fn end(self) {
        self.app.inbox.drain(std::time::Duration::from_secs(5)).await.unwrap();
        std::fs::remove_dir_all(self.folder).unwrap();
    }
}

fn github() -> DeliveryBuilder {
    testing::delivery(provider::GITHUB, GITHUB).to("/webhooks/github")
}

fn standard(id: &str) -> DeliveryBuilder {
    testing::delivery(provider::STANDARD_WEBHOOKS, CURRENT).to("/webhooks/standard").id(id)
}

fn near(delivery: &TestDelivery) -> TestDelivery {
    delivery.from_peer("127.0.0.1:50000")
}

/// A bit of everything.
async fn traffic(running: &Running) {
    let endpoint = &running.endpoint;
    let delivery = near(&github().id("1").json("{}"));
    endpoint.send(&delivery).await.assert_accepted();
    endpoint.send(&delivery).await.assert_duplicate();
    endpoint.send(&delivery.tampered()).await.assert_rejected(Reason::SignatureMismatch);
    endpoint.send(&delivery.unsigned()).await.assert_rejected(Reason::MissingSignature);
    endpoint.send(&delivery.from_peer("198.51.100.1:443")).await.assert_rejected(Reason::IpDenied);
    let stored = standard("msg_1").json(r#"{"type":"crm.unknown"}"#);
    assert_eq!(endpoint.send(&stored).await.status(), 202);
    let by_the_old = standard("msg_2").json(r#"{"type":"invoice.paid"}"#).signed_with(PREVIOUS);
    assert_eq!(endpoint.send(&by_the_old).await.status(), 202);
    running.app.inbox.start();
    assert_eq!(running.get("/health/ready").await, "ok\n");
    while running.app.inbox.counts().await.unwrap().iter().any(|one| one.pending > 0) {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}
