//! Signs requests on their way out.

use std::error::Error;
use std::fmt;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Request;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::delivery_id::DeliveryIdLayer;
use super::whole_body::WholeBody;
use crate::body::BoxError;
use crate::clock::{Clock, SystemClock};
use crate::config_error::ConfigError;
use crate::scheme::{Sender, Signer};
use crate::secret::Secret;

/// Signs each request as a sender does: timestamp, signature, and a delivery id where it stands in a header and is
/// missing. Headers that the sender signs must be there already.
///
/// Put it inside of the retries: each attempt is then signed at its own time. Outside of them belongs
/// [`DeliveryIdLayer`], so that the id stays the same; [`SendLayer`](super::SendLayer) does both.
///
/// The error of the service is a [`BoxError`]: the client's own, or a [`SigningError`] before anything is sent.
#[derive(Clone, Debug)]
#[must_use]
pub struct SignRequestLayer {
    signer: Arc<Signer>,
    id: DeliveryIdLayer,
    clock: Arc<dyn Clock>,
}

impl SignRequestLayer {
    /// Signs as `sender`, with a shared secret.
    ///
    /// # Errors
    /// A scheme that contradicts itself or signs with a private key, a secret that it cannot decode.
    pub fn new(sender: impl Into<Sender>, secret: Secret) -> Result<Self, ConfigError> {
        let sender = sender.into();
        let id = DeliveryIdLayer::new(sender.scheme());
        Ok(Self::of(Signer::new(sender, secret)?, id))
    }

    /// Signs as `sender`, with an Ed25519 key.
    ///
    /// # Errors
    /// A scheme that contradicts itself, or that has no such signature.
    #[cfg(feature = "ed25519")]
    pub fn ed25519(sender: impl Into<Sender>, key: crate::crypto::SigningKey) -> Result<Self, ConfigError> {
        let sender = sender.into();
        let id = DeliveryIdLayer::new(sender.scheme());
        Ok(Self::of(Signer::ed25519(sender, key)?, id))
    }

    fn of(signer: Signer, id: DeliveryIdLayer) -> Self {
        Self { signer: Arc::new(signer), id, clock: Arc::new(SystemClock) }
    }

    /// Where the time comes from. Default: [`SystemClock`].
    pub fn clock(self, clock: impl Clock) -> Self {
        Self { clock: Arc::new(clock), ..self }
    }

    /// What gives a delivery its id, for outside of the retries.
    pub(super) const fn id(&self) -> &DeliveryIdLayer {
        &self.id
    }

    /// The same request, signed now.
    ///
    /// # Errors
    /// A request that this sender cannot have made, a clock before 1970.
    pub fn sign<B: WholeBody>(&self, request: Request<B>) -> Result<Request<B>, SigningError> {
        let now = self.clock.now().ok_or_else(|| SigningError(String::from("the clock stands before 1970")))?;
        let (mut head, body) = request.into_parts();
        self.id.identify(&mut head.headers);
        let origin = (head.uri.scheme().cloned(), head.uri.authority().cloned());
        self.signer.sign(&mut head, &body.whole(), now).map_err(|error| SigningError(error.to_string()))?;
        if head.uri.authority() != origin.1.as_ref() {
            // A signature in the query was written to what stands in the request line.
            let mut uri = std::mem::take(&mut head.uri).into_parts();
            (uri.scheme, uri.authority) = origin;
            head.uri = uri.try_into().map_err(|_| SigningError(String::from("the URL is none any more")))?;
        }
        Ok(Request::from_parts(head, body))
    }
}

/// A request that could not be signed. It was not sent, and will not be by trying again.
#[derive(Clone, Debug)]
pub struct SigningError(String);

impl fmt::Display for SigningError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for SigningError {}

impl<S> Layer<S> for SignRequestLayer {
    type Service = SignRequestService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        SignRequestService { inner, layer: self.clone() }
    }
}

/// The service of [`SignRequestLayer`].
#[derive(Clone, Debug)]
pub struct SignRequestService<S> {
    inner: S,
    layer: SignRequestLayer,
}

impl<S, B> Service<Request<B>> for SignRequestService<S>
where
    S: Service<Request<B>, Error: Into<BoxError>>,
    B: WholeBody,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = SignRequestFuture<S::Future, S::Response>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        match self.layer.sign(request) {
            Ok(request) => SignRequestFuture::Sent { future: self.inner.call(request) },
            Err(error) => SignRequestFuture::Unsigned { error: ready(Err(error.into())) },
        }
    }
}

pin_project! {
    /// The future of [`SignRequestService`].
    #[project = SignRequestProj]
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    #[allow(clippy::exhaustive_enums, unnameable_types, reason = "named by nobody")]
    pub enum SignRequestFuture<F, R> {
        /// On its way.
        Sent { #[pin] future: F },
        /// Not sent.
        Unsigned { error: Ready<Result<R, BoxError>> },
    }
}

impl<F, R, E> Future for SignRequestFuture<F, R>
where
    F: Future<Output = Result<R, E>>,
    E: Into<BoxError>,
{
    type Output = Result<R, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            SignRequestProj::Sent { future } => future.poll(cx).map_err(Into::into),
            SignRequestProj::Unsigned { error } => Pin::new(error).poll(cx),
        }
    }
}
