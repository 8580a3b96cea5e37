//! Signed deliveries, and a service that takes them.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tower::{ServiceBuilder, ServiceExt};
use tower_webhook::body::{BodyBudget, ResponseBody};
use tower_webhook::clock::{Clock, UnixTime};
use tower_webhook::scheme::{Scheme, Signer};
use tower_webhook::{Delivery, RawBodyLayer, Reason, Rejection, Secret, SignatureLayer, VerifiedBody, provider};

use crate::scripted_body::ScriptedBody;

pub(crate) const SECRET: &str = "hunter2 hunter2 hunter2";
pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);
pub(crate) const TEXT: &[u8] = br#"{"id":"evt_1","type":"paid"}"#;

/// A clock that stands still; `None` stands before 1970.
#[derive(Debug)]
pub(crate) struct At(pub(crate) Option<UnixTime>);

impl Clock for At {
    fn now(&self) -> Option<UnixTime> {
        self.0
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

pub(crate) fn secret() -> Secret {
    Secret::new(SECRET).unwrap()
}

/// A request of `scheme` that is signed over `text`, whatever its body then is.
pub(crate) fn signed<B>(scheme: Scheme, text: &[u8], body: B) -> Request<B> {
    signed_under(SECRET, scheme, text, body)
}

pub(crate) fn signed_under<B>(secret: &str, scheme: Scheme, text: &[u8], body: B) -> Request<B> {
    let (mut head, body) = Request::post("/").body(body).unwrap().into_parts();
    let signer = Signer::new(scheme, Secret::new(secret).unwrap()).unwrap();
    signer.sign(&mut head, &Bytes::copy_from_slice(text), NOW).unwrap();
    Request::from_parts(head, body)
}

pub(crate) fn github(body: ScriptedBody) -> Request<ScriptedBody> {
    signed(provider::GITHUB, TEXT, body)
}

pub(crate) fn stripe() -> SignatureLayer {
    SignatureLayer::new(provider::STRIPE, secret()).unwrap().clock(At(Some(NOW)))
}

pub(crate) type Answer = Response<ResponseBody<ResponseBody<Full<Bytes>>>>;

/// Answers with the bytes, if they are the verified ones.
pub(crate) async fn echo(request: Request<VerifiedBody>) -> Result<Response<Full<Bytes>>, Infallible> {
    let delivery = request.extensions().get::<Delivery>().expect("behind a signature there is a delivery");
    assert_eq!(delivery.body(), request.body().bytes());
    assert_eq!(delivery.body().as_ptr(), request.body().bytes().as_ptr());
    Ok(Response::new(Full::new(request.into_body().into_bytes())))
}

pub(crate) async fn answer(raw: RawBodyLayer, layer: SignatureLayer, request: Request<ScriptedBody>) -> Answer {
    ServiceBuilder::new().layer(raw).layer(layer).service_fn(echo).oneshot(request).await.unwrap()
}

/// Through the defaults, under GitHub's scheme.
pub(crate) async fn verdict(request: Request<ScriptedBody>) -> Result<Bytes, Reason> {
    let budget = BodyBudget::new(1 << 20);
    let raw = RawBodyLayer::new().budget(budget.clone());
    let answer = answer(raw, SignatureLayer::new(provider::GITHUB, secret()).unwrap(), request).await;
    assert_eq!(budget.used(), 0, "the budget is given back");
    read(answer).await
}

pub(crate) fn reason(answer: &Answer) -> Option<Reason> {
    answer.extensions().get::<Rejection>().map(Rejection::reason)
}

pub(crate) async fn read(answer: Answer) -> Result<Bytes, Reason> {
    match reason(&answer) {
        Some(reason) => Err(reason),
        None => Ok(answer.into_body().collect().await.unwrap().to_bytes()),
    }
}
