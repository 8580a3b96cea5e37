//! The delivery id of what is sent.

use std::task::{Context, Poll};

use http::{HeaderMap, HeaderName, HeaderValue, Request};
use tower_layer::Layer;
use tower_service::Service;

use crate::run_context::Token;
use crate::scheme::{Place, Scheme};

/// Gives each request a delivery id where it has none, for senders whose id stands in a header: `msg_` and 32 random hex
/// digits. Put it outside of the retries: then all attempts of one delivery have one id, and the receiver can tell.
#[derive(Clone, Debug)]
#[must_use]
pub struct DeliveryIdLayer {
    header: Option<HeaderName>,
}

impl DeliveryIdLayer {
    /// For deliveries as this sender makes them. Where its id stands in the body, or there is none, nothing is added.
    pub fn new(scheme: &Scheme) -> Self {
        let header = match scheme.id_place() {
            Place::Header(name) => HeaderName::from_bytes(name.as_bytes()).ok(),
            _ => None,
        };
        Self { header }
    }

    /// Adds the id where there is none.
    pub(super) fn identify(&self, headers: &mut HeaderMap) {
        if let Some(name) = &self.header
            && !headers.contains_key(name)
            && let Ok(id) = HeaderValue::try_from(fresh())
        {
            headers.insert(name.clone(), id);
        }
    }
}

/// An id that no other delivery has.
pub(super) fn fresh() -> String {
    // 128 bits, of a random start: what runs of a handler are told apart by does for deliveries, too.
    format!("msg_{}", base16ct::lower::encode_string(Token::fresh().as_bytes()))
}

impl<S> Layer<S> for DeliveryIdLayer {
    type Service = DeliveryIdService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        DeliveryIdService { inner, layer: self.clone() }
    }
}

/// The service of [`DeliveryIdLayer`].
#[derive(Clone, Debug)]
pub struct DeliveryIdService<S> {
    inner: S,
    layer: DeliveryIdLayer,
}

impl<S, B> Service<Request<B>> for DeliveryIdService<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        self.layer.identify(request.headers_mut());
        self.inner.call(request)
    }
}
