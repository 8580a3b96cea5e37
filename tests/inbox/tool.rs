//! `tower-webhook dead-letters`.

use std::process::{Command, Output};

use tower_webhook::inbox::{RetrySchedule, Subscriber};

use crate::site::{Runs, Site, over_both, until};

over_both!(the_tool_lists_shows_requeues_and_discards_beside_a_server_that_runs);

fn tool(place: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tower-webhook"));
    command.arg("dead-letters").args(arguments).arg("--inbox").arg(place).output().unwrap()
}

fn text(output: &[u8]) -> &str {
    std::str::from_utf8(output).unwrap()
}

async fn the_tool_lists_shows_requeues_and_discards_beside_a_server_that_runs(site: Site) {
    let runs = Runs::default();
    let subscriber = Subscriber::new("a", runs.handler(|_, _| 500)).schedule(RetrySchedule::none());
    let inbox = site.options().subscriber(subscriber).open().await.unwrap();
    inbox.start();
    for id in ["msg_1", "msg_2"] {
        site.endpoint(&inbox).send(&site.delivery(id, r#"{"type":"t"}"#)).await.assert_accepted();
    }
    until(&inbox, |counts| counts[0].dead == 2).await;

    let listed = tool(&site.place(), &["list"]);
    let first: serde_json::Value = serde_json::from_str(text(&listed.stdout).lines().next().unwrap()).unwrap();
    assert_eq!((&first["delivery_id"], &first["last_status"]), (&"msg_1".into(), &500.into()));
    let seq = first["seq"].to_string();
    let shown = tool(&site.place(), &["show", &seq]);
    assert!(text(&shown.stdout).ends_with("content-type: application/json\n\n{\"type\":\"t\"}\n"), "{shown:?}");

    assert_eq!(tool(&site.place(), &["discard"]).status.code(), Some(2), "all of them only if that is said");
    assert_eq!(text(&tool(&site.place(), &["discard", "--subscriber", "nobody"]).stdout), "0\n");
    assert_eq!(text(&tool(&site.place(), &["discard", "--seq", &seq]).stdout), "1\n");
    assert_eq!(text(&tool(&site.place(), &["requeue", "--all"]).stdout), "1\n");
    assert_eq!(text(&tool(&site.place(), &["list"]).stdout), "");
    assert_eq!(inbox.counts().await.unwrap()[0].pending, 1);

    let missing = tool("/nowhere/inbox.db", &["list"]);
    assert_eq!((missing.status.code(), text(&missing.stdout)), (Some(1), ""));
}
