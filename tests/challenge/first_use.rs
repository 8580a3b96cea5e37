//! Secrets that come by a handshake: the first is taken, and no other.

use std::sync::{Arc, Mutex};

use base64ct::{Base64, Encoding as _};
use http::Method;
use http::request::Parts;
use serde_json::Value;
use tower_webhook::challenge::{Handshake, Taken};
use tower_webhook::clock::UnixTime;
use tower_webhook::scheme::Scheme;
use tower_webhook::signature::resolver_fn;
use tower_webhook::testing::FakeClock;
use tower_webhook::{Reason, Secret, VerifyingKey, WebhookLayer, provider};

use crate::asking::{ask, request, signed};
use crate::{SECRET, layer};

const FIRST: &str = "b537207f20cbfa02357cf448134da559e8bd39d61597dcd5631b8012eae53e81";
const SECOND: &str = "ffeeddccbbaa99887766554433221100";

type Store = Arc<Mutex<Option<Secret>>>;

/// A route whose secret is what a handshake brought.
fn learning(scheme: Scheme) -> (WebhookLayer, Store) {
    let store = Store::default();
    let (found, kept) = (store.clone(), store.clone());
    let keys = resolver_fn(move |_: &Parts| {
        let found = found.lock().unwrap().clone();
        async move { Ok::<_, std::io::Error>(found) }
    });
    let layer = WebhookLayer::resolving(scheme, keys).unwrap().on_handshake(move |handshake, _: &Parts| {
        let Handshake::Secret(secret) = handshake else { panic!("{handshake:?}") };
        let taken = kept.lock().unwrap().replace(secret).is_none();
        async move { Ok::<_, std::io::Error>(if taken { Taken::Stored } else { Taken::Refused }) }
    });
    (layer, store)
}

fn offered(scheme: &Scheme, secret: &str) -> http::Request<http_body_util::Full<bytes::Bytes>> {
    match scheme.name() {
        "notion" => request(Method::POST, "/", &[], &format!(r#"{{"verification_token":"{secret}"}}"#)),
        _ => request(Method::POST, "/", &[("x-hook-secret", secret)], ""),
    }
}

fn stored(store: &Store) -> Vec<u8> {
    store.lock().unwrap().as_ref().map(|secret| secret.expose().to_vec()).unwrap_or_default()
}

#[tokio::test]
async fn the_first_secret_is_taken_and_a_second_one_is_not() {
    for scheme in [provider::ASANA, provider::CLIO, provider::NOTION] {
        let (layer, store) = learning(scheme);
        let event = || signed(scheme, FIRST, &[], r#"{"events":[]}"#);
        ask(&layer, event()).await.assert_refused(Reason::UnknownKey);

        let answer = ask(&layer, offered(&scheme, FIRST)).await;
        answer.assert_answered(200, "");
        let shown = answer.headers.get("x-hook-secret").map(|value| value.to_str().unwrap());
        assert_eq!(shown, (scheme.name() != "notion").then_some(FIRST));
        assert_eq!(stored(&store), FIRST.as_bytes());
        assert_eq!(ask(&layer, event()).await.runs, 1);

        for secret in [SECOND, FIRST] {
            let answer = ask(&layer, offered(&scheme, secret)).await;
            answer.assert_refused(Reason::UnknownKey);
            assert!(!answer.headers.contains_key("x-hook-secret"));
        }
        assert_eq!(stored(&store), FIRST.as_bytes());
    }
}

#[tokio::test]
async fn a_route_that_has_its_secret_is_offered_none() {
    let layer = layer(provider::ASANA).on_handshake(|_, _: &Parts| async { Ok::<_, std::io::Error>(Taken::Stored) });
    let answer = ask(&layer, offered(&provider::ASANA, SECOND)).await;
    answer.assert_refused(Reason::UnknownKey);
    assert!(answer.detail.contains("already"), "{answer:?}");
    assert_eq!(ask(&layer, signed(provider::ASANA, SECRET, &[], "{}")).await.runs, 1);
}

#[tokio::test]
async fn what_is_no_secret_is_not_offered() {
    let (layer, store) = learning(provider::ASANA);
    for secret in ["short", "changeme", "aaaaaaaaaaaaaaaaaaaaaaaa", "a secret with blanks in it", &"a1".repeat(129)] {
        ask(&layer, offered(&provider::ASANA, secret)).await.assert_refused(Reason::ChallengeMalformed);
    }
    assert!(stored(&store).is_empty());
}

#[tokio::test]
async fn a_callback_that_fails_or_refuses_leaves_the_sender_unanswered() {
    let nobody = || resolver_fn(|_: &Parts| async { Ok::<_, std::io::Error>(None::<Secret>) });
    let unwanted = WebhookLayer::resolving(provider::ASANA, nobody())
        .unwrap()
        .on_handshake(|_, _: &Parts| async { Ok::<_, std::io::Error>(Taken::Refused) });
    ask(&unwanted, offered(&provider::ASANA, FIRST)).await.assert_refused(Reason::UnknownKey);
    let failing = WebhookLayer::resolving(provider::ASANA, nobody())
        .unwrap()
        .on_handshake(|_, _: &Parts| async { Err::<Taken, _>(std::io::Error::other("the database is gone")) });
    ask(&failing, offered(&provider::ASANA, FIRST)).await.assert_refused(Reason::KeyUnavailable);
}

/// The confirmation of `tests/vectors/aws-sns.json`.
#[tokio::test]
async fn the_url_that_confirms_a_subscription_is_handed_over_once_it_was_verified() {
    let vectors: Vec<Value> = serde_json::from_str(include_str!("../vectors/aws-sns.json")).unwrap();
    let vector = vectors.iter().find(|vector| vector["id"] == "aws-sns-confirmation").unwrap();
    let body = String::from_utf8(Base64::decode_vec(vector["body_b64"].as_str().unwrap()).unwrap()).unwrap();
    let key = VerifyingKey::from_base64(vector["secret"].as_str().unwrap()).unwrap();
    let now = UnixTime::from_secs(vector["received_at"].as_u64().unwrap());
    let sent = |body: &str| request(Method::POST, "/", &[("content-type", "text/plain; charset=UTF-8")], body);

    let plain = WebhookLayer::new(provider::AWS_SNS, key).unwrap().clock(FakeClock::at(now));
    ask(&plain, sent(&body)).await.assert_refused(Reason::NotConfigured);

    let called = Arc::new(Mutex::new(Vec::new()));
    let taken = called.clone();
    let layer = plain.on_handshake(move |handshake, _: &Parts| {
        let Handshake::Confirm(url) = handshake else { panic!("{handshake:?}") };
        taken.lock().unwrap().push(url.to_string());
        async { Ok::<_, std::io::Error>(Taken::Stored) }
    });
    ask(&layer, sent(&body.replace("SubscribeURL\": \"https://sns", "SubscribeURL\": \"https://evil")))
        .await
        .assert_refused(Reason::SignatureMismatch);
    assert_eq!(called.lock().unwrap().len(), 0);
    ask(&layer, sent(&body)).await.assert_answered(200, "");
    let url = serde_json::from_str::<Value>(&body).unwrap()["SubscribeURL"].as_str().unwrap().to_owned();
    assert_eq!(*called.lock().unwrap(), [url]);
}
