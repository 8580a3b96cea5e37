//! Ids that are missing, odd, forged, or used again.

use crate::message::{Message, fresh, github, now, standard, standard_now};
use crate::server::Receiver;
use crate::{Cases, run};

#[tokio::test]
async fn an_id_is_there_and_is_printable_ascii_of_at_most_255_bytes() {
    let mut cases = Cases::default();
    let with = |id: &str| standard("/idem", id, &now().to_string(), "{}");
    cases.accepted("255 bytes", with(&"x".repeat(255)));
    for (name, id) in [
        ("quoted", "\"msg_q\"".to_owned()),
        ("a path", "/etc/passwd".to_owned()),
        ("SQL", "1'; DROP TABLE deliveries; --".to_owned()),
        ("a Redis command", "* FLUSHALL *".to_owned()),
        ("a format", "%s%n{}${jndi:ldap://x}".to_owned()),
        ("one byte", "1".to_owned()),
        ("blanks inside", "a  b".to_owned()),
        ("capitals", "MSG_CASE".to_owned()),
        ("the same in small letters", "msg_case".to_owned()),
        ("a comma", "a,b".to_owned()),
    ] {
        cases.accepted(format!("an id is only a name: {name}"), with(&id));
    }
    cases.refused("256 bytes", with(&"x".repeat(256)), 400, "malformed_event_id");
    cases.refused("60,000 bytes", with(&"x".repeat(60_000)), 400, "malformed_event_id");
    // A dot, or what is no text, would let one signature stand for two ids.
    cases.refused("no ASCII", with("msg_é"), 401, "malformed_signature");
    cases.refused("dots", with("../msg"), 401, "malformed_signature");
    cases.refused("a tab", with("msg\tx"), 400, "malformed_event_id");
    let github = || github("{\"n\": 1}").target("/idem-github");
    cases.refused("none", github().without("x-github-delivery"), 400, "missing_event_id");
    cases.refused("an empty one", github().with("x-github-delivery", ""), 400, "missing_event_id");
    cases.refused("a long one", github().with("x-github-delivery", "x".repeat(256)), 400, "malformed_event_id");
    cases.refused("no text", github().with("x-github-delivery", b"\xff"), 400, "malformed_event_id");
    cases.refused("two", github().line("x-github-delivery", "other"), 400, "malformed_event_id");
    cases.refused("no signature", standard_now("/idem").without("webhook-signature"), 401, "missing_signature");
    cases.refused("unsigned and no id", Message::post("/idem"), 401, "missing_signature");
    cases.refused("a store that is down", standard_now("/idem-store-down"), 503, "idempotency_unavailable");
    let forged = standard_now("/idem-store-down").body("x");
    cases.refused("forged, and a store that is down", forged, 401, "signature_mismatch");
    run_ids(cases).await;
}

/// Over HTTP/1 alone: the second protocol would find the id used.
async fn run_ids(mut cases: Cases) {
    for case in &mut cases.0 {
        if let crate::Input::Message(message) = &mut case.input {
            *message = message.clone().only(crate::message::Protocol::Http1);
        }
    }
    run(cases).await;
}

fn replayed(answer: &crate::server::Answer) -> bool {
    answer.headers.contains_key("idempotent-replayed")
}

#[tokio::test]
async fn a_forgery_neither_takes_an_id_nor_reads_an_answer() {
    let receiver = Receiver::start().await;
    let before = receiver.counts().await;
    let good = standard_now("/idem");
    for _ in 0..3 {
        assert_eq!(receiver.h2(&good.clone().body("forged")).await.status, 401);
    }
    let first = receiver.h2(&good).await;
    assert!(first.status == 200 && !replayed(&first));
    let forged = receiver.bytes(&good.clone().body("forged").http1()).await;
    assert!(forged.status == 401 && !replayed(&forged));
    let again = receiver.bytes(&good.http1()).await;
    assert!(again.status == 200 && replayed(&again), "{again:?}");
    // Signed again at another time: the same delivery.
    let id = good.value("webhook-id");
    let later = standard("/idem", &id, &(now() - 1).to_string(), good.body.clone());
    assert!(replayed(&receiver.h2(&later).await));
    let other = standard("/idem", &id, &now().to_string(), "another body");
    assert_eq!(receiver.h2(&other).await.status, 422);
    // The other route has ids of its own.
    assert!(!replayed(&receiver.h2(&good.clone().target("/idem2")).await));
    let after = receiver.counts().await;
    assert_eq!(after.runs_since(&before), [("/idem".to_owned(), 1), ("/idem2".to_owned(), 1)]);
    let reasons = [("idempotency_conflict".to_owned(), 1), ("signature_mismatch".to_owned(), 4)];
    assert_eq!(after.reasons_since(&before), reasons);
    receiver.stop().await;
}

#[tokio::test]
async fn signed_bytes_do_not_come_again_under_an_id_that_nobody_signed() {
    let receiver = Receiver::start().await;
    let before = receiver.counts().await;
    let good = github(format!("{{\"n\": \"{}\"}}", fresh("guard-"))).target("/idem-github");
    assert!(!replayed(&receiver.h2(&good).await));
    for id in ["other", "OTHER", "", " "] {
        let message = good.clone().with("x-github-delivery", id);
        let answer = receiver.bytes(&message.http1()).await;
        assert!(answer.status == 400 || replayed(&answer), "{id:?}: {answer:?}");
    }
    // Another spelling of the same signature.
    let signature = good.value("x-hub-signature-256").to_uppercase().replace("SHA256", "sha256");
    let answer =
        receiver.h2(&good.clone().with("x-hub-signature-256", signature).with("x-github-delivery", "third")).await;
    assert!(answer.status == 401 || replayed(&answer), "{answer:?}");
    assert_eq!(receiver.counts().await.runs_since(&before), [("/idem-github".to_owned(), 1)]);
    receiver.stop().await;
}

#[tokio::test]
async fn what_failed_runs_again_and_what_was_large_or_private_is_not_kept() {
    let receiver = Receiver::start().await;
    let failing = standard_now("/idem-fail-once");
    assert_eq!(receiver.h2(&failing).await.status, 500);
    let second = receiver.h2(&failing).await;
    assert!(second.status == 200 && !replayed(&second));
    assert!(replayed(&receiver.h2(&failing).await));
    let cookie = standard_now("/idem-cookie");
    assert!(receiver.h2(&cookie).await.headers.contains_key("set-cookie"));
    let again = receiver.h2(&cookie).await;
    assert!(replayed(&again) && !again.headers.contains_key("set-cookie"));
    let big = standard_now("/idem-big");
    assert_eq!(receiver.h2(&big).await.body.len(), 50 * 1024 * 1024);
    assert_eq!(receiver.h2(&big).await.body.len(), 0);
    receiver.stop().await;
}
