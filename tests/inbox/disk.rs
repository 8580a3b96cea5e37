//! A disk that takes no more.

use std::time::Duration;

use crate::server::{Client, Example};
use crate::site::Site;

/// Writes beyond the limit fail with an error of the system, in the middle of a commit.
#[tokio::test(flavor = "multi_thread")]
async fn after_a_write_that_failed_all_is_refused_and_what_was_acknowledged_is_there() {
    let site = Site::new();
    // A file of at most 600 KiB.
    let mut example = Example::start(&site.folder, 60_000, Some(1200));
    let mut client = Client::connect(example.address).await.unwrap();
    let body = format!(r#"{{"x":"{}"}}"#, "y".repeat(4000));
    let mut acknowledged = Vec::new();
    loop {
        let id = format!("msg_{}", acknowledged.len());
        let (status, headers) = client.send(&id, &body).await.unwrap();
        if status != 202 {
            assert_eq!((status, headers["retry-after"].to_str().unwrap()), (503, "5"));
            break;
        }
        acknowledged.push(id);
        assert!(acknowledged.len() < 1000, "the limit was never met");
    }
    assert!(acknowledged.len() > 10);
    for n in 0..20 {
        let (status, _) = client.send(&format!("after_{n}"), "{}").await.unwrap();
        assert_eq!(status, 503, "nothing is stored any more, small as it may be");
    }
    example.kill();

    // With room again, and begun anew.
    let example = Example::start(&site.folder, 0, None);
    let mut client = Client::connect(example.address).await.unwrap();
    for id in &acknowledged {
        let (status, headers) = client.send(id, &body).await.unwrap();
        assert_eq!((status, headers.contains_key("idempotent-replayed")), (202, true), "{id} was lost");
    }
    let lines = async {
        loop {
            let log = std::fs::read_to_string(site.folder.join("events.log")).unwrap_or_default();
            let found = |id: &String| log.lines().any(|line| line == format!("billing {id}"));
            if acknowledged.iter().all(found) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), lines).await.unwrap();
}
