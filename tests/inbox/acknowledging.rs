//! What is answered, and what is stored by then.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tower::{Layer, service_fn};
use tower_webhook::inbox::{InboxDrained, InboxErrorKind, Subscriber};
use tower_webhook::testing::Endpoint;
use tower_webhook::{Reason, Secret, SignatureLayer, VerifiedBody, WebhookLayer, provider};

use crate::site::{Runs, SECRET, Site, over_both, until};

over_both!(
    a_delivery_is_stored_once_answered_202_and_run_with_what_it_was,
    what_is_stored_is_answered_as_configured_and_with_nothing_but_a_2xx,
    what_is_not_verified_is_not_stored,
    a_drained_inbox_refuses_and_takes_back_what_does_not_end_without_counting_it,
);

async fn a_delivery_is_stored_once_answered_202_and_run_with_what_it_was(site: Site) {
    let runs = Runs::default();
    let inbox = site.options().subscriber(Subscriber::new("a", runs.handler(|_, _| 200))).open().await.unwrap();
    let endpoint = site.endpoint(&inbox);
    let delivery = site.delivery("msg_1", r#"{"type":"a.b"}"#);
    let first = endpoint.send(&delivery).await;
    assert_eq!(first.status(), 202);
    first.assert_accepted();
    let copy = endpoint.send(&delivery).await;
    assert_eq!((copy.status().as_u16(), copy.headers()["idempotent-replayed"].to_str().unwrap()), (202, "true"));
    copy.assert_duplicate();
    assert_eq!(inbox.counts().await.unwrap()[0].pending, 1);
    assert!(runs.all().is_empty(), "nothing runs before it is started");
    inbox.start();
    until(&inbox, |counts| counts[0].pending == 0).await;
    assert_eq!(runs.all(), ["msg_1#1"]);
    endpoint.send(&delivery).await.assert_duplicate();
    inbox.drain(Duration::from_secs(5)).await.unwrap();
    assert_eq!(runs.all().len(), 1);
}

async fn what_is_stored_is_answered_as_configured_and_with_nothing_but_a_2xx(site: Site) {
    let runs = Runs::default();
    let inbox = site.options().subscriber(Subscriber::new("a", runs.handler(|_, _| 200))).open().await.unwrap();
    for status in [199, 302, 404, 500] {
        assert!(inbox.layer().status(status).is_err(), "{status}");
    }
    let layer = inbox.layer().status(201).unwrap().answer("stored");
    let inner = service_fn(|_: Request<VerifiedBody>| async {
        Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::default()))
    });
    let signature = SignatureLayer::new(provider::STANDARD_WEBHOOKS, Secret::new(SECRET).unwrap()).unwrap();
    let stack = WebhookLayer::of(signature).clock(site.clock.clone()).layer(layer.layer(inner));
    let (endpoint, delivery) = (Endpoint::new(stack), site.delivery("msg_1", "{}"));
    for outcome in ["stored", "stored before"] {
        let answer = endpoint.send(&delivery).await;
        assert_eq!((answer.status().as_u16(), &answer.body()[..]), (201, &b"stored"[..]), "{outcome}");
    }
    assert_eq!(inbox.counts().await.unwrap()[0].pending, 1);
}

async fn what_is_not_verified_is_not_stored(site: Site) {
    let runs = Runs::default();
    let inbox = site.options().subscriber(Subscriber::new("a", runs.handler(|_, _| 200))).open().await.unwrap();
    let endpoint = site.endpoint(&inbox);
    let delivery = site.delivery("msg_1", "{}");
    endpoint.send(&delivery.tampered()).await.assert_rejected(Reason::SignatureMismatch);
    endpoint.send(&delivery.unsigned()).await.assert_rejected(Reason::MissingSignature);
    assert_eq!(inbox.counts().await.unwrap()[0].pending, 0);
}

async fn a_drained_inbox_refuses_and_takes_back_what_does_not_end_without_counting_it(site: Site) {
    let runs = Runs::default();
    let never = service_fn(async |_| {
        std::future::pending::<()>().await;
        Ok::<_, std::convert::Infallible>(http::Response::new(()))
    });
    let inbox = site.options().subscriber(Subscriber::new("a", never)).open().await.unwrap();
    let endpoint = site.endpoint(&inbox);
    endpoint.send(&site.delivery("msg_1", "{}")).await.assert_accepted();
    inbox.start();
    let attempts = "SELECT attempt FROM deliveries";
    while site.ask(attempts).await == 0 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert_eq!(inbox.drain(Duration::ZERO).await.unwrap(), InboxDrained::TakenBack);
    assert_eq!(site.ask(attempts).await, 0);
    endpoint.send(&site.delivery("msg_2", "{}")).await.assert_rejected(Reason::Draining);

    let inbox = site.options().subscriber(Subscriber::new("a", runs.handler(|_, _| 200))).open().await.unwrap();
    inbox.start();
    until(&inbox, |counts| counts[0].pending == 0).await;
    assert_eq!(runs.all(), ["msg_1#1"]);
}

#[tokio::test]
async fn neither_signature_nor_query_are_stored() {
    let (site, runs) = (Site::new(), Runs::default());
    let inbox = site.options().subscriber(Subscriber::new("a", runs.handler(|_, _| 200))).open().await.unwrap();
    let delivery = site.delivery("msg_1", r#"{"body":"stands there"}"#);
    site.endpoint(&inbox).send(&delivery).await.assert_accepted();
    let signature = delivery.to_request::<bytes::Bytes>().headers()["webhook-signature"].to_str().unwrap().to_owned();
    inbox.drain(Duration::from_secs(5)).await.unwrap();
    let file = String::from_utf8_lossy(&std::fs::read(site.path()).unwrap()).into_owned();
    assert!(file.contains("stands there") && file.contains("application/json"));
    assert!(!file.contains(&signature) && !file.contains("webhook-signature"));
    let wrong = site.options().keep_header("x-hub-signature".parse().unwrap());
    let wrong = wrong.subscriber(Subscriber::new("a", runs.handler(|_, _| 200))).open().await.unwrap_err();
    assert_eq!(wrong.kind(), InboxErrorKind::Config);
}

#[tokio::test]
async fn an_inbox_is_held_by_one_and_free_once_it_is_drained() {
    let (site, runs) = (Site::new(), Runs::default());
    let open = || site.options().subscriber(Subscriber::new("a", runs.handler(|_, _| 200))).open();
    let inbox = open().await.unwrap();
    let second = open().await.unwrap_err();
    assert_eq!(second.kind(), InboxErrorKind::Locked);
    assert!(second.to_string().contains("held by another process"), "{second}");
    inbox.drain(Duration::ZERO).await.unwrap();
    open().await.unwrap();
}

#[tokio::test]
async fn a_file_of_something_else_or_of_a_newer_version_is_refused() {
    let (site, runs) = (Site::new(), Runs::default());
    let open = || site.options().subscriber(Subscriber::new("a", runs.handler(|_, _| 200))).open();
    open().await.unwrap().drain(Duration::ZERO).await.unwrap();
    let pragma = |text: &str| rusqlite::Connection::open(site.path()).unwrap().execute_batch(text).unwrap();
    pragma("PRAGMA user_version = 99");
    assert_eq!(open().await.unwrap_err().kind(), InboxErrorKind::Newer);
    pragma("PRAGMA user_version = 1; PRAGMA application_id = 7");
    assert_eq!(open().await.unwrap_err().kind(), InboxErrorKind::Open);
    std::fs::write(site.path(), "no database at all, but long enough to be looked at").unwrap();
    assert_eq!(open().await.unwrap_err().kind(), InboxErrorKind::Open);
}
