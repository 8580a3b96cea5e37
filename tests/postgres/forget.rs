//! What an operator does with the tool, so that a delivery runs again.

use std::process::Command;

use tower_webhook::idempotency::{Claim, Claimed, DeliveryName, Fenced, Store};

use super::server::Server;
use super::{KEPT, LEASE, RECORD};

async fn forget(url: String, arguments: &'static [&'static str]) -> (i32, String) {
    let mut tool = Command::new(env!("CARGO_BIN_EXE_tower-webhook"));
    tool.args(["forget", "--postgres-env", "HOOKS_DATABASE"]).args(arguments).env("HOOKS_DATABASE", url);
    let output = tokio::task::spawn_blocking(move || tool.output().unwrap()).await.unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(said).unwrap())
}

#[tokio::test]
async fn what_the_tool_forgets_runs_again() {
    let server = Server::start().await;
    let store = server.store().await;
    let claimed = Claimed::new(DeliveryName::new("stripe", "evt_1").key());
    assert!(matches!(store.claim(&claimed, LEASE).await.unwrap(), Claim::Owned { .. }));
    assert_eq!(store.complete(&claimed, RECORD, KEPT).await.unwrap(), Fenced::Ok);

    let (code, said) = forget(server.url(), &["--provider", "stripe", "--id", "evt_2"]).await;
    assert!(code == 0 && said.contains(r#""forgotten":false"#), "another delivery: {said}");
    let again = Claimed::new(claimed.key);
    assert!(matches!(store.claim(&again, LEASE).await.unwrap(), Claim::Done { .. }));
    let (code, said) = forget(server.url(), &["--provider", "stripe", "--id", "evt_1"]).await;
    assert!(code == 0 && said.contains(r#""forgotten":true"#), "{said}");
    assert!(matches!(store.claim(&again, LEASE).await.unwrap(), Claim::Owned { .. }));
}

#[tokio::test]
async fn the_tool_says_what_is_wrong_without_the_password() {
    let nobody = || String::from("postgres://shop:hunter2@127.0.0.1:1/shop");
    let (code, said) = forget(nobody(), &["--provider", "stripe", "--id", "evt_1"]).await;
    assert!(code == 1 && !said.contains("hunter2"), "{code}: {said}");
    let (code, said) = forget(nobody(), &["--provider", "stripe", "--id", "evt_1", "--cluster"]).await;
    assert_eq!(code, 2, "Redis or PostgreSQL: {said}");
}
