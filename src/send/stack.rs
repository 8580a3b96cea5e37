//! Id, retries, signature and time limit in their order.

use http::{Request, Response};
use tower::retry::Retry;
use tower::timeout::Timeout;
use tower_layer::Layer;
use tower_service::Service;

use std::task::{Context, Poll};
use std::time::Duration;

use super::delivery_id::{DeliveryIdLayer, DeliveryIdService};
use super::retry::RetryPolicy;
use super::sign::{SignRequestLayer, SignRequestService};
use super::whole_body::WholeBody;
use crate::body::BoxError;
use crate::clock::Clock;
use crate::config_error::ConfigError;
use crate::scheme::Sender;
use crate::secret::Secret;

/// Sends deliveries as one sender does: the id once a delivery, the signature once an attempt, the retries between them,
/// and a time limit for each attempt.
#[derive(Clone, Debug)]
#[must_use]
pub struct SendLayer {
    sign: SignRequestLayer,
    policy: RetryPolicy,
    attempt_timeout: Duration,
}

impl SendLayer {
    /// Sends as `sender`, signed with a shared secret, by the default [`RetryPolicy`].
    ///
    /// # Errors
    /// A scheme that contradicts itself or signs with a private key, a secret that it cannot decode.
    pub fn new(sender: impl Into<Sender>, secret: Secret) -> Result<Self, ConfigError> {
        Ok(Self::of(SignRequestLayer::new(sender, secret)?))
    }

    /// Sends what this layer signs: for senders with private keys.
    pub fn of(sign: SignRequestLayer) -> Self {
        Self { sign, policy: RetryPolicy::default(), attempt_timeout: Duration::from_secs(15) }
    }

    /// When a delivery is sent again. Default: [`RetryPolicy::default`].
    pub fn retry(self, policy: RetryPolicy) -> Self {
        Self { policy, ..self }
    }

    /// The longest that one attempt may take, from connecting to the head of the answer; what takes longer is an error that
    /// is tried again. Default: 15 s. The body of the answer is read by whoever asks for it, and not counted.
    pub fn attempt_timeout(self, longest: Duration) -> Self {
        Self { attempt_timeout: longest, ..self }
    }

    /// Where the time of signatures comes from. Default: [`SystemClock`](crate::clock::SystemClock).
    pub fn clock(self, clock: impl Clock) -> Self {
        Self { sign: self.sign.clock(clock), ..self }
    }
}

impl<S: Clone> Layer<S> for SendLayer {
    type Service = SendService<S>;

    fn layer(&self, client: S) -> Self::Service {
        let id: &DeliveryIdLayer = self.sign.id();
        let client = Timeout::new(client, self.attempt_timeout);
        SendService { stack: id.layer(Retry::new(self.policy.clone(), self.sign.layer(client))) }
    }
}

type Retried<S> = Retry<RetryPolicy, SignRequestService<Timeout<S>>>;

/// The service of [`SendLayer`].
#[derive(Clone, Debug)]
pub struct SendService<S> {
    stack: DeliveryIdService<Retried<S>>,
}

impl<S, B, ResBody> Service<Request<B>> for SendService<S>
where
    S: Service<Request<B>, Response = Response<ResBody>, Error: Into<BoxError>> + Clone,
    B: WholeBody + Clone,
{
    type Response = Response<ResBody>;
    type Error = BoxError;
    type Future = <Retried<S> as Service<Request<B>>>::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.stack.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        self.stack.call(request)
    }
}
