//! Many at once.

use std::sync::Arc;

use tokio::io::AsyncWriteExt;
use tokio::task::JoinSet;

use crate::message::{Message, github, standard_now};
use crate::server::Receiver;

async fn at_once(receiver: &Arc<Receiver>, messages: impl IntoIterator<Item = Message>) -> Vec<u16> {
    let mut all = JoinSet::new();
    for (number, message) in messages.into_iter().enumerate() {
        let receiver = Arc::clone(receiver);
        all.spawn(async move {
            if number % 2 == 0 {
                receiver.h2(&message).await.status
            } else {
                receiver.bytes(&message.http1()).await.status
            }
        });
    }
    all.join_all().await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_delivery_that_comes_a_hundred_times_at_once_runs_once() {
    let receiver = Arc::new(Receiver::start().await);
    for route in ["/idem", "/idem-cookie"] {
        let before = receiver.counts().await;
        let delivery = standard_now(route);
        let statuses = at_once(&receiver, vec![delivery; 100]).await;
        assert!(statuses.contains(&200) && statuses.iter().all(|status| [200, 409].contains(status)), "{statuses:?}");
        assert_eq!(receiver.counts().await.runs_since(&before), [(route.to_owned(), 1)]);
    }
    let before = receiver.counts().await;
    let github = github("{\"at\": \"once\"}").target("/idem-github");
    let copies = (0..100).map(|id| github.clone().with("x-github-delivery", format!("at-once-{id}")));
    let statuses = at_once(&receiver, copies).await;
    assert!(statuses.contains(&200) && statuses.iter().all(|status| [200, 503].contains(status)), "{statuses:?}");
    assert_eq!(receiver.counts().await.runs_since(&before), [("/idem-github".to_owned(), 1)]);
    Arc::into_inner(receiver).unwrap().stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_bodies_under_one_id_at_once_run_one_of_them() {
    let receiver = Arc::new(Receiver::start().await);
    let before = receiver.counts().await;
    let first = standard_now("/idem");
    let id = first.value("webhook-id");
    let second = crate::message::standard("/idem", &id, &crate::message::now().to_string(), "another");
    let statuses =
        at_once(&receiver, (0..60).map(|number| if number % 3 == 0 { &second } else { &first }.clone())).await;
    assert!(statuses.iter().all(|status| [200, 409, 422].contains(status)), "{statuses:?}");
    assert_eq!(receiver.counts().await.runs_since(&before), [("/idem".to_owned(), 1)]);
    Arc::into_inner(receiver).unwrap().stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forgeries_among_honest_deliveries_change_nothing_for_them() {
    let receiver = Arc::new(Receiver::start().await);
    let before = receiver.counts().await;
    let honest = (0..50).map(|_| github("{}"));
    let forged = (0..150).map(|_| github("{}").body("{ }"));
    let statuses = at_once(&receiver, honest.chain(forged)).await;
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 50);
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 150);
    let after = receiver.counts().await;
    assert_eq!(after.runs_since(&before), [("/github".to_owned(), 50)]);
    assert_eq!(after.reasons_since(&before), [("signature_mismatch".to_owned(), 150)]);
    Arc::into_inner(receiver).unwrap().stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_that_goes_away_at_any_byte_leaves_the_id_free_or_done() {
    let receiver = Receiver::start().await;
    let before = receiver.counts().await;
    let mut deliveries = Vec::new();
    let length = standard_now("/idem").http1().len();
    for cut in (1..length).step_by(7).chain([length]) {
        let delivery = standard_now("/idem");
        let bytes = delivery.http1();
        let mut stream = receiver.connect().await;
        stream.write_all(&bytes[..cut.min(bytes.len())]).await.unwrap();
        drop(stream);
        deliveries.push(delivery);
    }
    let count = deliveries.len();
    for delivery in deliveries {
        let mut status = 409;
        // It may still run.
        for _ in 0..100 {
            status = receiver.h2(&delivery).await.status;
            if status != 409 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        assert_eq!(status, 200);
    }
    assert_eq!(receiver.counts().await.runs_since(&before), [("/idem".to_owned(), count as u64)]);
    receiver.stop().await;
}
