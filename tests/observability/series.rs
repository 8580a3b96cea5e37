//! Nothing that a stranger or a sender chooses becomes a series.

use super::*;

/// Every series of a page, without its value.
fn series(page: &str) -> BTreeSet<String> {
    page.lines()
        .filter(|line| line.starts_with("webhook_"))
        .filter_map(|line| line.rsplit_once(' '))
        .map(|(series, _)| series.to_owned())
        .collect()
}

/// One round: forged and honest, each with a method, path, type, agent and id of its own.
async fn round(running: &Running, number: usize) {
    let body = format!(r#"{{"type":"event.{number}","id":"evt_{number}"}}"#);
    let honest = github().id(&format!("id-{number}")).event_type(&format!("event_{number}")).json(body.clone());
    let honest = near(&honest).header("user-agent", &format!("agent/{number}"));
    let endpoint = &running.endpoint;
    match number % 5 {
        0 => endpoint.send(&honest).await.assert_accepted(),
        1 => endpoint.send(&honest.tampered()).await.assert_rejected(Reason::SignatureMismatch),
        2 => endpoint.send(&honest.unsigned()).await.assert_rejected(Reason::MissingSignature),
        3 => {
            let method = Method::from_bytes(format!("M{number}").as_bytes()).unwrap();
            assert!(!endpoint.send(&honest.method(method)).await.status().is_success());
        }
        _ => {
            let elsewhere = standard(&format!("msg_{number}")).to(&format!("/webhooks/standard?n={number}"));
            drop(
                endpoint.send(&elsewhere.json(body).tampered().header("user-agent", &format!("agent/{number}"))).await,
            );
            let lost = near(&github().to(&format!("/webhooks/github/{number}")).json("{}"));
            assert_eq!(endpoint.send(&lost).await.status(), 404);
        }
    }
}

#[tokio::test]
async fn ten_thousand_different_deliveries_add_no_series() {
    let running = Running::start("series").await;
    traffic(&running).await;
    for number in 0..50 {
        round(&running, number).await;
    }
    let before = series(&running.get("/metrics").await);
    for number in 50..10_050 {
        round(&running, number).await;
    }
    let after = series(&running.get("/metrics").await);
    let new: Vec<_> = after.difference(&before).collect();
    assert!(new.is_empty(), "{new:?}");
    assert!(before.len() > 100 && before.len() < 1_500, "{} series", before.len());
    running.end().await;
}
