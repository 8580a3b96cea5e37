//! What a source answers, and what becomes of the delivery.

use std::future::{pending, ready};
use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use tower_webhook::scheme::{KeyName, Verifier};
use tower_webhook::signature::{KeySource, MemoryKeySource};
use tower_webhook::{ConfigErrorKind, KeyDocument, Reason, SignatureLayer, WebhookLayer, WebhookOptions, provider};

use crate::deliveries::{ACME, NOW, OF_A_SET, Route, TEXT, delivery, document, is_source, key, whole};
use crate::scripted_body::ScriptedBody;

#[tokio::test]
async fn a_delivery_passes_under_the_key_that_it_names() {
    let source = MemoryKeySource::new().with("k1", document(1)).with("k2", document(2));
    is_source(&source);
    let route = Route::of(SignatureLayer::fetching(ACME, source).unwrap());
    assert_eq!(route.judge(delivery(1, "k1", whole())).await.unwrap(), "k1");
    assert_eq!(route.judge(delivery(2, "k2", whole())).await.unwrap(), "k2");
    assert_eq!(route.reason(delivery(1, "k2", whole())).await, Some(Reason::SignatureMismatch));
}

#[tokio::test]
async fn a_key_that_nobody_knows_is_refused_before_the_body_is_read() {
    let route = Route::new(ACME, |_| ready(Ok(None)));
    let refused = route.judge(delivery(1, "k1", ScriptedBody::untouchable())).await.unwrap_err();
    assert_eq!((refused.reason(), refused.status().as_u16()), (Reason::UnknownKey, 401));
    for id in ["", "a/b", "..", "a b", "a?b"] {
        assert_eq!(route.reason(delivery(1, id, ScriptedBody::untouchable())).await, Some(Reason::UnknownKey), "{id}");
    }
    let mut twice = delivery(1, "k2", ScriptedBody::untouchable());
    twice.headers_mut().append("x-key-id", "k3".parse().unwrap());
    assert_eq!(route.reason(twice).await, Some(Reason::UnknownKey));
    let mut none = delivery(1, "k2", ScriptedBody::untouchable());
    none.headers_mut().remove("x-key-id");
    assert_eq!(route.reason(none).await, Some(Reason::UnknownKey));
    assert_eq!(route.asked(), 1, "only for what is a name");
}

#[tokio::test]
async fn a_head_that_cannot_pass_fetches_nothing() {
    let route = Route::new(ACME, |_| ready(Ok(Some(document(1)))));
    let unsigned = Request::post("/").header("x-key-id", "k1").body(ScriptedBody::untouchable()).unwrap();
    assert_eq!(route.reason(unsigned).await, Some(Reason::MissingSignature));
    assert_eq!(route.asked(), 0);
}

#[tokio::test]
async fn a_source_that_fails_is_our_fault_and_only_the_operator_learns_why() {
    let route = Route::new(ACME, |_| ready(Err(io::Error::other("hunter2 is down"))));
    let refused = route.judge(delivery(1, "k1", ScriptedBody::untouchable())).await.unwrap_err();
    assert_eq!((refused.reason(), refused.status().as_u16()), (Reason::KeyUnavailable, 503));
    assert!(refused.detail().unwrap().contains("hunter2 is down"));
    assert!(!String::from_utf8_lossy(refused.respond().body()).contains("hunter2"));
}

#[tokio::test(start_paused = true)]
async fn a_source_that_does_not_answer_is_given_five_seconds() {
    let route = Route::new(ACME, |_| pending());
    let began = tokio::time::Instant::now();
    assert_eq!(route.reason(delivery(1, "k1", ScriptedBody::untouchable())).await, Some(Reason::KeyUnavailable));
    assert_eq!(began.elapsed().as_secs(), 5);
}

struct Patient;

impl KeySource for Patient {
    fn fetch(
        &self,
        _: &KeyName,
    ) -> impl Future<Output = Result<Option<KeyDocument>, tower_webhook::body::BoxError>> + Send + 'static {
        pending()
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(60)
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_may_take_its_time_if_it_says_so() {
    let route = Route::of(SignatureLayer::fetching(ACME, Patient).unwrap());
    let began = tokio::time::Instant::now();
    assert_eq!(route.reason(delivery(1, "k1", whole())).await, Some(Reason::KeyUnavailable));
    assert_eq!(began.elapsed().as_secs(), 60);
}

#[tokio::test]
async fn a_source_that_panics_is_one_that_fails() {
    let route = Route::new(ACME, |name| {
        assert!(name.document() != "k1", "a source may have its faults");
        ready(Ok(Some(document(1))))
    });
    assert_eq!(route.reason(delivery(1, "k1", whole())).await, Some(Reason::KeyUnavailable));
    assert_eq!(route.reason(delivery(1, "k2", whole())).await, None);
}

#[tokio::test]
async fn a_document_without_a_key_for_the_algorithm_is_an_unknown_key() {
    // P-256, of RFC 7517 appendix A.1.
    let jwk = r#"{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        "y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","use":"sig","kid":"k1"}"#;
    let other_curve = KeyDocument::jwk(jwk).unwrap();
    let route = Route::of(SignatureLayer::fetching(ACME, MemoryKeySource::new().with("k1", other_curve)).unwrap());
    assert_eq!(route.reason(delivery(1, "k1", ScriptedBody::untouchable())).await, Some(Reason::UnknownKey));
}

#[test]
fn a_sender_whose_deliveries_name_no_key_cannot_be_fetched_for() {
    let kind = SignatureLayer::fetching(provider::DISCORD, MemoryKeySource::new()).unwrap_err().kind();
    assert_eq!(kind, ConfigErrorKind::Scheme);
    assert!(WebhookLayer::fetching(provider::GITHUB, MemoryKeySource::new()).is_err());
    assert!(Verifier::fetching(provider::GITHUB).is_err());
    let options = WebhookOptions::new();
    assert!(options.fetching(ACME, MemoryKeySource::new()).is_ok());
    assert!(options.fetching(ACME, MemoryKeySource::new()).is_err(), "a name is given once");
}

#[test]
fn a_source_out_of_a_runtime_is_one_that_fails() {
    let route = Route::new(ACME, |_| ready(Ok(Some(document(1)))));
    let judged = tokio_test::task::spawn(route.reason(delivery(1, "k1", ScriptedBody::untouchable()))).poll();
    assert_eq!(judged, std::task::Poll::Ready(Some(Reason::KeyUnavailable)));
}

#[test]
fn the_pure_form_says_what_to_fetch_and_takes_what_came() {
    let (head, _) = delivery(1, "k1", whole()).into_parts();
    let body = Bytes::from_static(TEXT);
    let verifier = Verifier::fetching(ACME).unwrap();
    assert_eq!(verifier.verify(&head, &body, Some(NOW)).unwrap_err().reason(), Reason::NotConfigured);
    let name = verifier.key_name(&head, &body).unwrap().expect("it names its key");
    assert_eq!((name.document(), name.url()), ("k1", None));
    let ready = verifier.with_document(&name, &document(1)).unwrap();
    assert_eq!(ready.verify(&head, &body, Some(NOW)).unwrap().key_id(), Some("k1"));
    let other = verifier.with_document(&name, &document(2)).unwrap();
    assert_eq!(other.verify(&head, &body, Some(NOW)).unwrap_err().reason(), Reason::SignatureMismatch);

    let in_set = Verifier::fetching(OF_A_SET).unwrap();
    let name = in_set.key_name(&head, &body).unwrap().unwrap();
    assert_eq!((name.url(), name.kid()), (Some("https://acme.example/jwks.json"), Some("k1")));
    let without = KeyDocument::jwks(r#"{"keys":[]}"#).unwrap();
    assert_eq!(in_set.with_document(&name, &without).unwrap_err().reason(), Reason::UnknownKey);
    assert_eq!(key(1).verifying_key(), *document(1).keys()[0].key());
}
