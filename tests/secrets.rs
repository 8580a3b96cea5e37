//! Secrets in operation: rotation under load, reloads that must not be taken, races between reloads.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::routing::post;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tower_webhook::serve::Server;
use tower_webhook::signature::{SecretFiles, WatchedSecrets, secret_source_fn};
use tower_webhook::testing::{self, Endpoint, TestDelivery};
use tower_webhook::{ConfigError, Reason, Secret, Secrets, WebhookLayer, provider};

const OLD: &str = "the secret before, of 16 bytes and more";
const NEW: &str = "the secret that follows it, also long";
/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// One recorder for the process: reloads come in tasks of their own.
fn recorder() -> PrometheusHandle {
    static RECORDER: Mutex<Option<PrometheusHandle>> = Mutex::new(None);
    let mut recorder = RECORDER.lock().unwrap_or_else(PoisonError::into_inner);
    recorder.get_or_insert_with(|| PrometheusBuilder::new().install_recorder().unwrap()).clone()
}

fn value(recorder: &PrometheusHandle, series: &str) -> Option<f64> {
    recorder.render().lines().find_map(|line| line.strip_prefix(series)?.trim().parse().ok())
}

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("tower-webhook-{name}-{}", std::process::id()));
        drop(std::fs::remove_dir_all(&path));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// Replaced by a rename, as mounts do it.
    fn put(&self, name: &str, secret: &str) {
        let hidden = self.0.join(format!(".{name}"));
        std::fs::write(&hidden, format!("{secret}\n")).unwrap();
        std::fs::rename(hidden, self.0.join(name)).unwrap();
    }

    fn remove(&self, name: &str) {
        std::fs::remove_file(self.0.join(name)).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn delivery(secret: &str, nth: u64) -> TestDelivery {
    testing::delivery(provider::GITHUB, secret).id(&format!("id-{nth}")).json(format!("{{\"nth\":{nth}}}"))
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let waited = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waited).await.expect(what);
}

/// A sender that never stops: what it signs with can be changed while it sends.
#[derive(Clone)]
struct Sender {
    secret: Arc<Mutex<&'static str>>,
    sent: Arc<AtomicU64>,
    refused: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
}

impl Sender {
    fn switch(&self, secret: &'static str) {
        *self.secret.lock().unwrap() = secret;
    }

    async fn send_on(self, address: SocketAddr) {
        let stream = TokioIo::new(TcpStream::connect(address).await.unwrap());
        let (mut connection, driver) = hyper::client::conn::http1::handshake::<_, Full<Bytes>>(stream).await.unwrap();
        tokio::spawn(driver);
        while !self.over.load(Ordering::Relaxed) {
            let secret = *self.secret.lock().unwrap();
            let nth = self.sent.fetch_add(1, Ordering::Relaxed);
            let mut request = delivery(secret, nth).to_request::<Full<Bytes>>();
            request.headers_mut().insert("host", "hooks.example".parse().unwrap());
            let answer = connection.send_request(request).await.unwrap();
            if !answer.status().is_success() {
                self.refused.fetch_add(1, Ordering::Relaxed);
            }
            answer.into_body().collect().await.unwrap();
        }
    }

    /// So many more have been sent.
    async fn goes_on(&self, more: u64) {
        let from = self.sent.load(Ordering::Relaxed);
        until("the sender goes on", || self.sent.load(Ordering::Relaxed) >= from + more).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_rotation_under_load_refuses_no_delivery_and_shows_when_the_old_secret_can_go() {
    let recorder = recorder();
    let folder = Folder::new("rotation");
    folder.put("2026-10", OLD);
    let secrets = WatchedSecrets::load("rotation", SecretFiles::directory(&folder.0)).await.unwrap().metrics();
    tokio::spawn(secrets.clone().reload_every(Duration::from_millis(100)));
    let layer = WebhookLayer::watching(provider::GITHUB, &secrets).unwrap().route("rotation").metrics();
    let app = Router::new().route("/", post(async || "done").layer(layer));
    let server = Server::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    tokio::spawn(server.serve(app.with_state(())));

    let used = |key: &str| {
        let series = format!(r#"webhook_verified_with_key_total{{route="rotation",key_id="{key}"}}"#);
        value(&recorder, &series)
    };
    let sender = Sender {
        secret: Arc::new(Mutex::new(OLD)),
        sent: Arc::default(),
        refused: Arc::default(),
        over: Arc::default(),
    };
    let connections: Vec<_> = (0..4).map(|_| tokio::spawn(sender.clone().send_on(address))).collect();

    // The old one alone.
    sender.goes_on(200).await;
    assert!(used("2026-10").unwrap() > 0.0);
    assert_eq!(used("2026-11"), None);

    // Both: the new one is there before the sender signs with it, and its counter stands at 0.
    folder.put("2026-11", NEW);
    until("the new key is taken", || secrets.key_ids() == ["2026-10", "2026-11"]).await;
    sender.goes_on(200).await;
    assert_eq!(used("2026-11"), Some(0.0), "no use is a number, and no gap");

    // What must not be taken changes nothing while it lies there.
    let failures = || value(&recorder, r#"webhook_secret_reload_failures_total{ring="rotation"}"#).unwrap();
    assert_eq!(failures(), 0.0);
    folder.put("2026-12", "short");
    until("the weak key is refused", || failures() > 0.0).await;
    sender.goes_on(200).await;
    folder.remove("2026-12");

    // The sender moves on; the old key's counter stands still from then on.
    sender.switch(NEW);
    until("the new key is used", || used("2026-11").unwrap() > 0.0).await;
    sender.goes_on(100).await;
    let (before, last_used) = (used("2026-10"), r#"webhook_key_last_used_timestamp_seconds{route="rotation","#);
    sender.goes_on(400).await;
    assert_eq!(used("2026-10"), before, "nobody signs with the old key any more: it can go");
    let last = |key: &str| value(&recorder, &format!("{last_used}key_id=\"{key}\"}}")).unwrap();
    assert!(last("2026-10") > 1_600_000_000.0 && last("2026-11") >= last("2026-10"));

    // The new one alone.
    folder.remove("2026-10");
    until("the old key is gone", || secrets.key_ids() == ["2026-11"]).await;
    sender.goes_on(200).await;

    sender.over.store(true, Ordering::Relaxed);
    for connection in connections {
        connection.await.unwrap();
    }
    let sent = sender.sent.load(Ordering::Relaxed);
    println!("{sent} deliveries, {} refused", sender.refused.load(Ordering::Relaxed));
    assert!(sent >= 1_300);
    assert_eq!(sender.refused.load(Ordering::Relaxed), 0);
    let loaded = value(&recorder, r#"webhook_secret_reload_timestamp_seconds{ring="rotation"}"#).unwrap();
    assert!(loaded > 1_600_000_000.0);

    // And the old one lets nobody in.
    let layer = WebhookLayer::watching(provider::GITHUB, &secrets).unwrap();
    let endpoint = Endpoint::new(Router::new().route("/", post(async || "done").layer(layer)));
    endpoint.send(&delivery(OLD, 1)).await.assert_rejected(Reason::SignatureMismatch);
    endpoint.send(&delivery(NEW, 2)).await.assert_accepted();
}

fn ring(id: &str, secret: &str) -> Secrets {
    Secrets::named(id, Secret::new(secret).unwrap())
}

fn endpoint(secrets: &WatchedSecrets) -> Endpoint<Router> {
    let layer = WebhookLayer::watching(provider::GITHUB, secrets).unwrap();
    Endpoint::new(Router::new().route("/", post(async || "done").layer(layer)))
}

#[tokio::test]
async fn a_ring_that_protects_nothing_is_refused_and_the_last_good_one_stays() {
    let recorder = recorder();
    let content: Arc<Mutex<Result<Secrets, String>>> = Arc::new(Mutex::new(Ok(ring("a", OLD))));
    let source = {
        let content = content.clone();
        secret_source_fn(move || {
            let now = content.lock().unwrap().clone();
            async move {
                assert!(now.clone().err().as_deref() != Some("panic"), "a source that panics");
                now
            }
        })
    };
    let secrets = WatchedSecrets::load("weak", source).await.unwrap().metrics();
    let endpoint = endpoint(&secrets);
    let past = tower_webhook::clock::UnixTime::from_secs(1_000);
    let expired = ring("a", NEW).not_after(past);
    let bad = [Err("the vault is sealed".to_owned()), Err("panic".to_owned()), Ok(expired)];
    for (nth, bad) in bad.into_iter().enumerate() {
        *content.lock().unwrap() = bad;
        assert!(secrets.reload().await.is_err());
        endpoint.send(&delivery(OLD, nth as u64)).await.assert_accepted();
        let failures = value(&recorder, r#"webhook_secret_reload_failures_total{ring="weak"}"#);
        assert_eq!(failures, Some(nth as f64 + 1.0));
    }
    *content.lock().unwrap() = Ok(ring("b", NEW));
    secrets.reload().await.unwrap();
    endpoint.send(&delivery(NEW, 10)).await.assert_accepted();
    endpoint.send(&delivery(OLD, 11)).await.assert_rejected(Reason::SignatureMismatch);
}

#[tokio::test]
async fn when_a_key_ends_is_told_and_when_the_one_that_follows_it_does() {
    let recorder = recorder();
    let ends = |key: &str| {
        let series = format!(r#"webhook_secret_expiry_timestamp_seconds{{route="ends",key_id="{key}"}}"#);
        value(&recorder, &series)
    };
    let until = tower_webhook::clock::UnixTime::from_secs;
    let secrets = WatchedSecrets::new("ends", ring("a", OLD).not_after(until(4_000_000_000)));
    let layer = WebhookLayer::watching(provider::GITHUB, &secrets).unwrap().route("ends").metrics();
    let endpoint = Endpoint::new(Router::new().route("/", post(async || "done").layer(layer)));
    endpoint.send(&delivery(OLD, 1)).await.assert_accepted();
    assert_eq!((ends("a"), ends("b")), (Some(4e9), None));
    secrets.replace(ring("b", NEW).not_after(until(4_100_000_000))).unwrap();
    assert_eq!(ends("b"), Some(4.1e9));
}

#[tokio::test]
async fn a_ring_counts_for_all_routes_or_for_none() {
    let secrets = WatchedSecrets::new("two routes", ring("a", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
    let github = endpoint(&secrets);
    let _standard = WebhookLayer::watching(provider::STANDARD_WEBHOOKS, &secrets).unwrap();
    // GitHub takes any text, the other one only base64.
    assert!(secrets.replace(ring("b", "no base64 behind the prefix!")).is_err());
    github.send(&delivery("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 1)).await.assert_accepted();
    assert_eq!(secrets.key_ids(), ["a"]);
    assert!(secrets.reload().await.is_err(), "there is nothing to ask");
}

#[tokio::test]
async fn a_service_without_secrets_does_not_start() {
    let empty = Folder::new("none");
    assert!(WatchedSecrets::load("none", SecretFiles::directory(&empty.0)).await.is_err());
    assert!(WatchedSecrets::load("none", SecretFiles::directory("/nowhere")).await.is_err());
    let failing = secret_source_fn(async || Err::<Secrets, _>(ConfigErrorText("sealed")));
    let error = WatchedSecrets::load("none", failing).await.unwrap_err();
    assert!(error.to_string().contains("sealed"));
}

#[derive(Debug)]
struct ConfigErrorText(&'static str);

impl std::fmt::Display for ConfigErrorText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for ConfigErrorText {}

#[tokio::test]
async fn an_answer_that_was_asked_for_before_a_replacement_does_not_undo_it() {
    let (asked, answer) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let first = Arc::new(AtomicBool::new(true));
    let source = {
        let (asked, answer) = (asked.clone(), answer.clone());
        secret_source_fn(move || {
            let (asked, answer, first) = (asked.clone(), answer.clone(), first.swap(false, Ordering::Relaxed));
            async move {
                if !first {
                    asked.notify_one();
                    answer.notified().await;
                }
                Ok::<_, ConfigError>(ring("stale", OLD))
            }
        })
    };
    let secrets = WatchedSecrets::load("race", source).await.unwrap();
    let reloading = tokio::spawn({
        let secrets = secrets.clone();
        async move { secrets.reload().await }
    });
    asked.notified().await;
    secrets.replace(ring("pushed", NEW)).unwrap();
    answer.notify_one();
    reloading.await.unwrap().unwrap();
    assert_eq!(secrets.key_ids(), ["pushed"]);
    endpoint(&secrets).send(&delivery(NEW, 1)).await.assert_accepted();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn reloads_at_once_end_with_the_youngest_ring_and_refuse_nobody() {
    let count = Arc::new(AtomicUsize::new(0));
    let source = {
        let count = count.clone();
        secret_source_fn(move || {
            let nth = count.fetch_add(1, Ordering::SeqCst);
            async move {
                // The later it was asked, the sooner it answers.
                tokio::time::sleep(Duration::from_micros(2_000_u64.saturating_sub(20 * nth as u64))).await;
                Ok::<_, ConfigError>(ring(&nth.to_string(), OLD).and("always", Secret::new(NEW)?))
            }
        })
    };
    let secrets = WatchedSecrets::load("at once", source).await.unwrap();
    let endpoint = endpoint(&secrets);
    let reloads: Vec<_> = (0..64)
        .map(|_| {
            let secrets = secrets.clone();
            tokio::spawn(async move { secrets.reload().await })
        })
        .collect();
    for nth in 0..300 {
        let secret = if nth % 2 == 0 { OLD } else { NEW };
        endpoint.send(&delivery(secret, nth)).await.assert_accepted();
    }
    for reload in reloads {
        reload.await.unwrap().unwrap();
    }
    let youngest = (count.load(Ordering::SeqCst) - 1).to_string();
    assert_eq!(secrets.key_ids(), [youngest.as_str(), "always"]);
}
