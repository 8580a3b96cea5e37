//! Keys that depend on the request.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use http_body_util::BodyExt;
use tower::{ServiceBuilder, ServiceExt};
use tower_webhook::clock::UnixTime;
use tower_webhook::crypto::SigningKey;
use tower_webhook::scheme::Signer;
use tower_webhook::signature::{Resolved, resolver_fn};
use tower_webhook::{
    Delivery, RawBodyLayer, Reason, Rejection, Secret, Secrets, SignatureLayer, VerifiedBody, provider,
};

use crate::deliveries::{At, NOW, TEXT, answer, reason, secret, signed_under};
use crate::scripted_body::{ScriptedBody, Step};

/// Knows `/acme` (a secret), `/expired` (a secret of the past), `/public` (a public key), `/weird` (a secret that the
/// scheme cannot use) and `/left`, who is nobody any more; `/down` is out of order. Counts how often it is asked.
fn layer(asked: &Arc<AtomicUsize>) -> SignatureLayer {
    let asked = asked.clone();
    let resolver = resolver_fn(move |head: &Parts| {
        asked.fetch_add(1, Ordering::SeqCst);
        let path = head.uri.path().to_owned();
        async move {
            tokio::task::yield_now().await;
            let text = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
            Ok::<_, std::io::Error>(match path.as_str() {
                "/acme" => Some(Resolved::for_tenant("acme", Secret::new(text).unwrap())),
                "/expired" => {
                    let ring = Secrets::named("old", Secret::new(text).unwrap()).not_after(UnixTime::from_secs(1));
                    Some(Resolved::for_tenant("expired", ring))
                }
                "/public" => Some(Resolved::for_tenant("public", SigningKey::from_seed(&[7; 32]).verifying_key())),
                "/weird" => Some(secret().into()),
                "/left" => Some(Resolved::nobody(&provider::STANDARD_WEBHOOKS).unwrap()),
                "/down" => return Err(std::io::Error::other("the database hunter2 is down")),
                _ => None,
            })
        }
    });
    SignatureLayer::resolving(provider::STANDARD_WEBHOOKS, resolver).unwrap().clock(At(Some(NOW)))
}

fn shared(path: &str, body: ScriptedBody) -> Request<ScriptedBody> {
    let (mut head, body) = Request::post(path).header("webhook-id", "msg_1").body(body).unwrap().into_parts();
    let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    Signer::new(provider::STANDARD_WEBHOOKS, secret).unwrap().sign(&mut head, &Bytes::from_static(TEXT), NOW).unwrap();
    Request::from_parts(head, body)
}

fn public(path: &str, body: ScriptedBody) -> Request<ScriptedBody> {
    let (mut head, body) = Request::post(path).header("webhook-id", "msg_1").body(body).unwrap().into_parts();
    let signer = Signer::ed25519(provider::STANDARD_WEBHOOKS, SigningKey::from_seed(&[7; 32])).unwrap();
    signer.sign(&mut head, &Bytes::from_static(TEXT), NOW).unwrap();
    Request::from_parts(head, body)
}

#[tokio::test]
async fn a_tenant_is_verified_under_its_own_keys_and_named() {
    for (request, tenant) in
        [(shared("/acme", ScriptedBody::whole(TEXT)), "acme"), (public("/public", ScriptedBody::whole(TEXT)), "public")]
    {
        let handler = tower::service_fn(async |request: Request<VerifiedBody>| {
            let delivery = request.extensions().get::<Delivery>().unwrap();
            Ok::<_, std::convert::Infallible>(Response::new(delivery.tenant().unwrap().to_owned()))
        });
        let stack = ServiceBuilder::new().layer(RawBodyLayer::new()).layer(layer(&Arc::default()));
        let answer = stack.service(handler).oneshot(request).await.unwrap();
        assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), tenant);
    }
}

#[tokio::test]
async fn an_unknown_tenant_and_a_wrong_signature_are_answered_alike() {
    let mut answers = Vec::new();
    let all = [("/acme", Reason::SignatureMismatch), ("/nobody", Reason::UnknownKey), ("/left", Reason::UnknownKey)];
    for (path, expected) in all {
        let refused =
            answer(RawBodyLayer::new(), layer(&Arc::default()), shared(path, ScriptedBody::whole(b"forged"))).await;
        assert_eq!(reason(&refused), Some(expected));
        let (head, body) = refused.into_parts();
        answers.push((head.status, head.headers, body.collect().await.unwrap().to_bytes()));
    }
    assert_eq!(answers[0].0, 401);
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0], answers[2]);
    // Not even with what would be right for another tenant.
    for path in ["/nobody", "/left"] {
        let refused =
            answer(RawBodyLayer::new(), layer(&Arc::default()), shared(path, ScriptedBody::whole(TEXT))).await;
        assert_eq!(reason(&refused), Some(Reason::UnknownKey));
    }
}

/// Keys of nobody are keys, too, for a sender whose secrets are hex or base64.
#[tokio::test]
async fn who_does_not_exist_is_refused_as_a_forgery_however_secrets_are_written() {
    for (scheme, text) in [
        (provider::GITHUB, "a secret of at least sixteen bytes"),
        (provider::SQUARESPACE, "000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f"),
        (provider::MS_TEAMS_OUTGOING, "AAECAwQFBgcICQoLDA0ODwABAgMEBQYHCAkKCwwNDg8="),
        (provider::STANDARD_WEBHOOKS, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
    ] {
        let secret = Secret::new(text).unwrap();
        let known = secret.clone();
        let resolver = resolver_fn(move |head: &Parts| {
            let found = (head.uri.path() == "/acme").then(|| Resolved::for_tenant("acme", known.clone()));
            async move { Ok::<_, std::io::Error>(found) }
        });
        let layer = SignatureLayer::resolving(scheme, resolver).unwrap().clock(At(Some(NOW)));
        for (path, expected) in [("/acme", Reason::SignatureMismatch), ("/nobody", Reason::UnknownKey)] {
            let request = Request::post(path).header("webhook-id", "msg_1").body(ScriptedBody::whole(b"forged"));
            let (mut head, body) = request.unwrap().into_parts();
            Signer::new(scheme, secret.clone()).unwrap().sign(&mut head, &Bytes::from_static(TEXT), NOW).unwrap();
            let refused = answer(RawBodyLayer::new(), layer.clone(), Request::from_parts(head, body)).await;
            assert_eq!((reason(&refused), refused.status().as_u16()), (Some(expected), 401), "{}", scheme.name());
        }
    }
}

/// An answer before the body is there would tell who exists, so all tenants wait for it, whatever their keys.
#[tokio::test]
async fn who_exists_cannot_be_told_from_when_the_answer_comes() {
    for sign in [shared, public] {
        for path in ["/acme", "/public", "/nobody", "/left"] {
            let body = ScriptedBody::of([Step::Data(Bytes::from_static(b"forged"))]).then_for_ever(Step::Never);
            let polled = body.polled();
            let mut future =
                tokio_test::task::spawn(answer(RawBodyLayer::new(), layer(&Arc::default()), sign(path, body)));
            for _ in 0..4 {
                assert!(future.poll().is_pending(), "{path}");
            }
            assert!(polled.load(Ordering::SeqCst) > 0, "{path}: the body is read");
            drop(future);

            let body = ScriptedBody::whole(b"forged");
            let refused = answer(RawBodyLayer::new(), layer(&Arc::default()), sign(path, body)).await;
            assert_eq!(refused.status(), 401, "{path}");
        }
    }
}

#[tokio::test]
async fn what_is_wrong_with_our_keys_is_our_fault() {
    for (path, expected) in
        [("/down", Reason::KeyUnavailable), ("/expired", Reason::NotConfigured), ("/weird", Reason::NotConfigured)]
    {
        let request = shared(path, ScriptedBody::untouchable());
        let refused = answer(RawBodyLayer::new(), layer(&Arc::default()), request).await;
        assert_eq!((reason(&refused), refused.status().as_u16()), (Some(expected), 503), "{path}");
        assert!(refused.headers().contains_key("retry-after"));
        let rejection = refused.extensions().get::<Rejection>().unwrap().clone();
        assert!(rejection.detail().is_some(), "the operator is told");
        let body = refused.into_body().collect().await.unwrap().to_bytes();
        assert!(!String::from_utf8_lossy(&body).contains("hunter2"), "the sender is not");
    }
}

#[tokio::test]
async fn keys_are_asked_for_once_and_only_for_a_head_that_can_pass() {
    let asked = Arc::new(AtomicUsize::new(0));
    let mut stale = shared("/acme", ScriptedBody::untouchable());
    stale.headers_mut().insert("webhook-timestamp", "1".parse().unwrap());
    let mut bare = shared("/acme", ScriptedBody::untouchable());
    bare.headers_mut().remove("webhook-signature");
    let mut announced = shared("/acme", ScriptedBody::untouchable());
    announced.headers_mut().insert("content-length", "9999999".parse().unwrap());
    for request in [stale, bare, announced] {
        assert!(reason(&answer(RawBodyLayer::new(), layer(&asked), request).await).is_some());
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    let taken = answer(RawBodyLayer::new(), layer(&asked), shared("/acme", ScriptedBody::whole(TEXT))).await;
    assert_eq!((taken.status().as_u16(), asked.load(Ordering::SeqCst)), (200, 1));
}

#[tokio::test]
async fn a_tenant_s_key_is_no_key_of_another() {
    let resolver = resolver_fn(|head: &Parts| {
        let key = Secret::new(format!("the signing secret of {}", head.uri.path()));
        async move { Ok::<_, std::io::Error>(key.ok()) }
    });
    let layer = SignatureLayer::resolving(provider::GITHUB, resolver).unwrap();
    for (signed_for, sent_to, accepted) in [("/a", "/a", true), ("/a", "/b", false), ("/b", "/b", true)] {
        let secret = format!("the signing secret of {signed_for}");
        let mut request = signed_under(&secret, provider::GITHUB, TEXT, ScriptedBody::whole(TEXT));
        *request.uri_mut() = sent_to.parse().unwrap();
        let answer = answer(RawBodyLayer::new(), layer.clone(), request).await;
        assert_eq!(answer.status() == 200, accepted, "{signed_for} {sent_to}");
    }
}
