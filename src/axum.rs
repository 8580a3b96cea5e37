//! Extractors for axum: [`Delivery`], [`Verified`], [`RawBytes`].
//!
//! * [`Delivery`]: what is known of the delivery. Behind a [`SignatureLayer`](crate::SignatureLayer).
//! * [`Verified<T>`]: `T` read from the verified bytes, for any extractor `T` of axum that takes a body
//!   (`Json`, `Form`, `Bytes`, `String`). Behind a signature only; axum's own limit of 2 MB does not apply, as
//!   the [raw body](crate::raw_body) has one.
//! * [`RawBytes`]: the bytes behind a bare [`RawBodyLayer`](crate::RawBodyLayer).
//!
//! Refused with 500 `misconfigured`, and a loud log line, where the layer that they need is missing.
//!
//! Caveat: middleware of `axum::middleware::from_fn` takes axum's own body type. Inside the stack, put
//! [`IntoAxumBodyLayer`] before it.
//!
//! ```
//! use axum::{Json, Router, http::StatusCode, routing::post};
//! use serde::Deserialize;
//! use tower_webhook::axum::Verified;
//! use tower_webhook::testing::{self, Endpoint};
//! use tower_webhook::{Delivery, Reason, Secret, WebhookLayer, provider};
//!
//! #[derive(Deserialize)]
//! struct Event {
//!     amount: u32,
//! }
//!
//! async fn paid(delivery: Delivery, Verified(Json(event)): Verified<Json<Event>>) -> StatusCode {
//!     assert_eq!(delivery.event_type().as_deref(), Some("invoice.paid"));
//!     if event.amount > 0 { StatusCode::OK } else { StatusCode::BAD_REQUEST }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_webhook::ConfigError> {
//! let stripe = WebhookLayer::new(provider::STRIPE, Secret::short("whsec_test")?)?;
//! let endpoint = Endpoint::new(Router::new().route("/", post(paid).layer(stripe)));
//!
//! let body = r#"{"id":"evt_1","type":"invoice.paid","amount":3}"#;
//! let delivery = testing::delivery(provider::STRIPE, "whsec_test").json(body);
//! endpoint.send(&delivery).await.assert_accepted();
//! endpoint.send(&delivery.unsigned()).await.assert_rejected(Reason::MissingSignature);
//! # Ok(()) }
//! ```

use std::pin::pin;
use std::task::{Context, Poll};

use ::axum::body::Body;
use ::axum::extract::{DefaultBodyLimit, FromRequest, FromRequestParts};
use ::axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::Request;
use http::request::Parts;
use tower_layer::Layer;
use tower_service::Service;

use crate::body::{BodyBudget, BoxError, Collect, RawBodyCaptured};
use crate::delivery::Delivery;
use crate::rejection::{Dialect, Reason, Refusals, Rejection};

/// `T`, read from bytes that a signature covers. See the [module docs](self).
///
/// It does not exist without a signature: behind
/// [`danger::accept_unsigned`](crate::danger::accept_unsigned) it refuses.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs, reason = "it is there to be taken apart")]
pub struct Verified<T>(pub T);

/// The bytes of a body under the limits of a [`RawBodyLayer`](crate::RawBodyLayer), whether or not they are
/// verified.
#[derive(Clone, Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "it is there to be taken apart")]
pub struct RawBytes(pub Bytes);

/// Why an extractor refused: one of ours, or the extractor inside [`Verified`].
#[derive(Debug)]
#[non_exhaustive]
pub enum VerifiedRejection<R> {
    /// The extractor inside refused the verified bytes.
    Inner(R),
    /// There is no verified delivery.
    Unverified(Rejection),
}

impl<R: IntoResponse> IntoResponse for VerifiedRejection<R> {
    fn into_response(self) -> Response {
        match self {
            Self::Inner(rejection) => rejection.into_response(),
            Self::Unverified(rejection) => rejection.into_response(),
        }
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        self.respond().map(Body::from)
    }
}

fn no_delivery() -> Rejection {
    Rejection::new(Reason::Misconfigured).with_detail("no signature layer stands outside of this handler")
}

impl<S: Sync> FromRequestParts<S> for Delivery {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        parts.extensions.get::<Self>().cloned().ok_or_else(no_delivery)
    }
}

impl<S, T> FromRequest<S> for Verified<T>
where
    S: Send + Sync,
    T: FromRequest<S>,
{
    type Rejection = VerifiedRejection<T::Rejection>;

    async fn from_request(request: Request<Body>, state: &S) -> Result<Self, Self::Rejection> {
        let (parts, _) = request.into_parts();
        let delivery = parts.extensions.get::<Delivery>().filter(|delivery| delivery.is_verified());
        let Some(delivery) = delivery else { return Err(VerifiedRejection::Unverified(no_delivery())) };
        let body = Body::from(delivery.body().clone());
        let mut request = Request::from_parts(parts, body);
        DefaultBodyLimit::disable().apply(&mut request);
        T::from_request(request, state).await.map(Self).map_err(VerifiedRejection::Inner)
    }
}

impl<S: Sync> FromRequest<S> for RawBytes {
    type Rejection = Response;

    async fn from_request(request: Request<Body>, _: &S) -> Result<Self, Response> {
        let dialect = Dialect::of(request.headers());
        collect(request)
            .await
            .map(Self)
            .map_err(|rejection| Refusals::default().respond(rejection, dialect).map(Body::from))
    }
}

async fn collect(request: Request<Body>) -> Result<Bytes, Rejection> {
    let (parts, body) = request.into_parts();
    if let Some(delivery) = parts.extensions.get::<Delivery>() {
        return Ok(delivery.body().clone());
    }
    if parts.extensions.get::<RawBodyCaptured>().is_none() {
        return Err(
            Rejection::new(Reason::Misconfigured).with_detail("no raw body layer stands outside of this handler")
        );
    }
    let budget = parts.extensions.get::<BodyBudget>().cloned().unwrap_or_else(BodyBudget::global);
    let mut bytes = Collect::new(&budget);
    let mut body = pin!(body);
    std::future::poll_fn(|cx| bytes.poll(body.as_mut(), cx, |_| {})).await
}

/// Turns the request's body into axum's own type, for middleware that takes no other:
/// `.layer((webhook, IntoAxumBodyLayer::new(), from_fn(mine)))`.
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
#[non_exhaustive]
pub struct IntoAxumBodyLayer;

impl IntoAxumBodyLayer {
    /// There is nothing to configure.
    pub const fn new() -> Self {
        Self
    }
}

impl<S> Layer<S> for IntoAxumBodyLayer {
    type Service = IntoAxumBodyService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        IntoAxumBodyService { inner }
    }
}

/// See [`IntoAxumBodyLayer`].
#[derive(Clone, Debug)]
pub struct IntoAxumBodyService<S> {
    inner: S,
}

impl<S, B> Service<Request<B>> for IntoAxumBodyService<S>
where
    S: Service<Request<Body>>,
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        self.inner.call(request.map(Body::new))
    }
}
