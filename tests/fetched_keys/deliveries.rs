//! A sender that names its key in a header, and a source that counts.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tower::{ServiceBuilder, ServiceExt};
use tower_webhook::body::BodyBudget;
use tower_webhook::clock::UnixTime;
use tower_webhook::crypto::SigningKey;
use tower_webhook::scheme::{Encoding, KeyName, KeyPlace, KeyRule, Scheme, Signer, Unverified, VerifyError, header};
use tower_webhook::signature::{KeySource, key_source_fn};
use tower_webhook::testing::FakeClock;
use tower_webhook::{KeyDocument, RawBodyLayer, Reason, Rejection, SignatureLayer, VerifiedBody};

use crate::scripted_body::ScriptedBody;

pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);
pub(crate) const TEXT: &[u8] = br#"{"id":"evt_1"}"#;

/// Ed25519 over the body, the id of the key in `x-key-id`.
pub(crate) const ACME: Scheme = Scheme::ed25519("acme")
    .signature(header("x-acme-signature"), Encoding::Hex)
    .fetched_key(KeyPlace::IdInHeader("x-key-id"))
    .checked();

/// The same, the key in a set.
pub(crate) const OF_A_SET: Scheme = ACME.fetched_key(KeyPlace::Rule(&InSet)).checked();

#[derive(Debug)]
struct InSet;

impl KeyRule for InSet {
    fn key(&self, request: &Unverified<'_>) -> Result<KeyName, VerifyError> {
        let kid = request.head.headers.get("x-key-id").and_then(|kid| kid.to_str().ok());
        KeyName::in_set("https://acme.example/jwks.json", kid)
    }
}

pub(crate) fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

pub(crate) fn document(seed: u8) -> KeyDocument {
    key(seed).verifying_key().into()
}

/// A delivery that is signed with the key of this seed and names this id.
pub(crate) fn delivery(seed: u8, id: &str, body: ScriptedBody) -> Request<ScriptedBody> {
    let (mut head, body) = Request::post("/").header("x-key-id", id).body(body).unwrap().into_parts();
    Signer::ed25519(ACME, key(seed)).unwrap().sign(&mut head, &Bytes::from_static(TEXT), NOW).unwrap();
    Request::from_parts(head, body)
}

pub(crate) fn whole() -> ScriptedBody {
    ScriptedBody::whole(TEXT)
}

/// A layer with its clock, and how often its source was asked.
#[derive(Clone)]
pub(crate) struct Route {
    pub(crate) layer: SignatureLayer,
    pub(crate) clock: FakeClock,
    asked: Arc<AtomicUsize>,
}

impl Route {
    pub(crate) fn new<F, Fut>(scheme: Scheme, answer: F) -> Self
    where
        F: Fn(&KeyName) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Option<KeyDocument>, std::io::Error>> + Send + 'static,
    {
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = asked.clone();
        let source = key_source_fn(move |name: &KeyName| {
            counted.fetch_add(1, Ordering::SeqCst);
            answer(name)
        });
        Self { asked, ..Self::of(SignatureLayer::fetching(scheme, source).unwrap()) }
    }

    pub(crate) fn of(layer: SignatureLayer) -> Self {
        let clock = FakeClock::at(NOW);
        Self { layer: layer.clock(clock.clone()), clock, asked: Arc::default() }
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    pub(crate) fn later(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// The id of the key that matched, or the refusal.
    pub(crate) async fn judge(&self, request: Request<ScriptedBody>) -> Result<String, Rejection> {
        let budget = BodyBudget::new(1 << 20);
        let raw = RawBodyLayer::new().budget(budget.clone());
        let service = ServiceBuilder::new().layer(raw).layer(self.layer.clone()).service_fn(key_id);
        let answer = service.oneshot(request).await.unwrap();
        assert_eq!(budget.used(), 0, "the budget is given back");
        if let Some(rejection) = answer.extensions().get::<Rejection>().cloned() {
            return Err(rejection);
        }
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        Ok(String::from_utf8(body.to_vec()).unwrap())
    }

    pub(crate) async fn reason(&self, request: Request<ScriptedBody>) -> Option<Reason> {
        self.judge(request).await.err().map(|rejection| rejection.reason())
    }
}

async fn key_id(request: Request<VerifiedBody>) -> Result<Response<Full<Bytes>>, Infallible> {
    let delivery = request.extensions().get::<tower_webhook::Delivery>().unwrap();
    assert_eq!(delivery.body(), request.body().bytes());
    Ok(Response::new(Full::new(delivery.key_id().unwrap().to_owned().into())))
}

/// Says at compile time that a source can be made of it.
pub(crate) fn is_source(_: &impl KeySource) {}
