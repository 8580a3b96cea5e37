//! `tower-webhook replay`, of a journal of ten senders into a fresh server.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::routing::post;
use serde_json::Value;
use tower_webhook::journal::{Journal, JournalLayer};
use tower_webhook::scheme::{Place, Scheme};
use tower_webhook::serve::Server;
use tower_webhook::testing::{self, Endpoint};
use tower_webhook::{
    Delivery, IdempotencyLayer, RawBodyLayer, Secret, SignatureLayer, WebhookLayer, bytes::Bytes, provider,
};

use super::Folder;

const SENDERS: [Scheme; 10] = [
    provider::STRIPE,
    provider::GITHUB,
    provider::SLACK,
    provider::STANDARD_WEBHOOKS,
    provider::SHOPIFY,
    provider::RESEND,
    provider::GITEA,
    provider::GITLAB,
    provider::SVIX,
    provider::CLERK,
];

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn replay(folder: &Path, to: &str, arguments: &[&str]) -> (i32, Vec<Value>, String) {
    let output: Output = Command::new(env!("CARGO_BIN_EXE_tower-webhook"))
        .arg("replay")
        .arg(folder.join("deliveries.jsonl"))
        .args(["--to", to])
        .args(arguments)
        .output()
        .unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    let lines = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (output.status.code().unwrap(), lines, String::from_utf8(output.stderr).unwrap())
}

/// Writes deliveries of all senders into a journal, by the layers that a receiver has.
async fn record(folder: &Folder, each: u64) {
    let journal = Journal::at(folder.file()).open().unwrap();
    for sender in SENDERS {
        let signature = SignatureLayer::new(sender, Secret::new(SECRET).unwrap()).unwrap();
        let stack = (RawBodyLayer::new(), signature, JournalLayer::new(&journal).wait_for_room());
        let path = format!("/{}", sender.name());
        let endpoint = Endpoint::new(Router::<()>::new().route(&path, post(async || "thanks").layer(stack)));
        for number in 0..each {
            let body = match sender.id_place() {
                Place::Json(pointer) => {
                    let id = Value::from(format!("{}-{number}", sender.name()));
                    let nested = pointer.split('/').skip(1).collect::<Vec<_>>();
                    nested.iter().rev().fold(id, |inner, name| serde_json::json!({ *name: inner })).to_string()
                }
                _ => format!(r#"{{"number":{number}}}"#),
            };
            // A timestamp in the body is a part of it; it is left out here.
            endpoint.send(&testing::delivery(sender, SECRET).to(&path).json(body)).await.assert_accepted();
        }
    }
    journal.flush().await;
    assert_eq!(journal.stats().written, each * SENDERS.len() as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_deliveries_of_ten_senders_are_accepted_and_known_the_second_time() {
    let folder = Folder::new("thousand");
    record(&folder, 100).await;
    let secrets: BTreeMap<_, _> = SENDERS.iter().map(|sender| (sender.name(), SECRET)).collect();
    std::fs::write(folder.0.join("secrets.toml"), toml::to_string(&secrets).unwrap()).unwrap();

    let runs = Arc::new(AtomicU64::new(0));
    let mut app: Router = Router::new();
    for sender in SENDERS {
        let count = runs.clone();
        let handler = async move |_: Delivery, _: Bytes| {
            count.fetch_add(1, Ordering::Relaxed);
        };
        let layer = WebhookLayer::new(sender, Secret::new(SECRET).unwrap()).unwrap();
        let layer = layer.idempotency(IdempotencyLayer::in_memory().require_id());
        app = app.route(&format!("/{}", sender.name()), post(handler).layer(layer));
    }
    let server = Server::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let to = format!("http://{}", server.local_addr().unwrap());
    let serving = tokio::spawn(server.serve(app));
    let path = folder.0.clone();
    let file = path.join("secrets.toml").display().to_string();
    let all = tokio::task::spawn_blocking(move || {
        let signed = ["--secrets", file.as_str()];
        let first = replay(&path, &to, &signed);
        let dry = replay(&path, &to, &[&signed[..], &["--dry-run", "--provider", "github"]].concat());
        let second = replay(&path, &to, &signed);
        let forced = replay(&path, &to, &[&signed[..], &["--force", "--provider", "github"]].concat());
        let unsigned = replay(&path, &to, &["--provider", "github"]);
        let other = replay(&path, "http://192.0.2.1/", &["--provider", "github"]);
        [first, dry, second, forced, unsigned, other]
    });
    let [first, dry, second, forced, unsigned, other] = all.await.unwrap();
    serving.abort();
    for (name, (code, lines, errors)) in [("first", &first), ("second", &second)] {
        let wrong = lines.iter().find(|line| line["status"] != 200);
        assert_eq!((*code, lines.len(), wrong), (0, 1000, None), "{name}: {errors}");
    }
    assert_eq!((dry.0, dry.1.len()), (0, 100));
    assert!(dry.1.iter().all(|line| line["outcome"] == "dry_run"));
    assert_eq!((forced.0, forced.1.len()), (0, 100));
    assert_eq!(runs.load(Ordering::Relaxed), 1000 + 100, "known the second time, unless forced");
    assert_eq!(unsigned.0, 1);
    assert!(unsigned.1.iter().all(|line| line["status"] == 401), "what was left out does not verify");
    assert_eq!((other.0, other.1.len()), (2, 0));
    assert!(other.2.contains("--allow-host"), "{}", other.2);
}
