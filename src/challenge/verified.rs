//! Challenges that were signed, answered once they are verified.

use std::sync::Arc;
use std::task::{Context, Poll};

use http::request::Parts;
use http::{Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use super::future::ChallengeFuture;
use super::handshake::{Handshake, Taken, Taker};
use super::reading::is_marked;
use super::settings::{Answered, Finding, Settings};
use crate::body::{BoxError, Judged, ResponseBody};
use crate::config_error::ConfigError;
use crate::delivery::Delivery;
use crate::rejection::{Dialect, Reason, Rejection, RenderRejection};
use crate::scheme::{Challenge, Sender};
use crate::secret::Secrets;

/// Answers the sender's signed challenges. See the [module docs](super).
#[derive(Clone, Debug)]
#[must_use]
pub struct ChallengeLayer {
    settings: Arc<Settings>,
}

impl ChallengeLayer {
    /// Answers what this sender asks; a sender that asks nothing is passed on.
    pub fn new(sender: impl Into<Sender>) -> Self {
        Self { settings: Arc::new(Settings::new(sender.into())) }
    }

    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.settings));
        self
    }

    /// The secret, for answers that are computed with it (Zoom, Smartcar). The key that verified the challenge answers.
    ///
    /// # Errors
    /// A key that the sender's scheme cannot use.
    pub fn keys(self, keys: impl Into<Secrets>) -> Result<Self, ConfigError> {
        let (keys, mut result) = (keys.into(), Ok(()));
        let layer = self.with(|settings| result = settings.set_keys(&keys));
        result.map(|()| layer)
    }

    /// Where the keys come from, by the head.
    pub(crate) fn keys_from<F>(self, find: F) -> Self
    where
        F: Fn(&Parts) -> Finding + Send + Sync + 'static,
    {
        self.with(|settings| settings.keys = Some(Arc::new(find)))
    }

    /// Takes what a handshake brings: an URL that is to be called (Amazon SNS).
    pub fn on_handshake<F, Fut, E>(self, take: F) -> Self
    where
        F: Fn(Handshake, &Parts) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Taken, E>> + Send + 'static,
        E: Into<BoxError>,
    {
        self.taken_by(Taker::new(take))
    }

    pub(crate) fn taken_by(self, taker: Taker) -> Self {
        self.with(|settings| settings.taker = Some(taker))
    }

    /// The name of the route, for the log.
    pub fn route(self, name: &str) -> Self {
        self.with(|settings| settings.refusals = std::mem::take(&mut settings.refusals).for_route(name.into()))
    }

    /// How refusals are written; default: `application/problem+json`.
    pub fn render_with(self, renderer: impl RenderRejection) -> Self {
        self.with(|settings| {
            settings.refusals = std::mem::take(&mut settings.refusals).rendered_by(Arc::new(renderer));
        })
    }
}

impl<S> Layer<S> for ChallengeLayer {
    type Service = ChallengeService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ChallengeService { inner, settings: self.settings.clone() }
    }
}

/// Answers challenges, hands on all else. See the [module docs](super).
#[derive(Clone, Debug)]
pub struct ChallengeService<S> {
    inner: S,
    settings: Arc<Settings>,
}

impl<S, B, ResBody> Service<Request<B>> for ChallengeService<S>
where
    B: Judged,
    S: Service<Request<B>, Response = Response<ResBody>>,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = ChallengeFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        if self.settings.scheme().challenges().is_empty() {
            return ChallengeFuture::inner(self.inner.call(request));
        }
        let (head, body) = request.into_parts();
        let answered = match head.extensions.get::<Delivery>() {
            // Nobody proved to be the sender, so nobody is answered.
            Some(delivery) if !delivery.is_verified() => None,
            Some(delivery) => judge(&self.settings, &head, delivery),
            None => {
                Some(Err(Rejection::new(Reason::Misconfigured).with_detail("the delivery is not in the extensions")))
            }
        };
        match answered {
            None => ChallengeFuture::inner(self.inner.call(Request::from_parts(head, body))),
            Some(answered) => ChallengeFuture::answered(&self.settings, Dialect::of(&head.headers), answered),
        }
    }
}

fn judge(settings: &Settings, head: &Parts, delivery: &Delivery) -> Option<Result<Answered, Rejection>> {
    let challenges = settings.scheme().challenges();
    // The answer to a challenge is our own HMAC over a text that anybody may choose, so it must not pass as the
    // signature of a delivery which has that text for a body. No sender sends such a body.
    let answerable = |challenge: &&Challenge| {
        challenge.is_computed() && challenge.text.is_some_and(|(_, chars)| chars.allow(delivery.body()))
    };
    if challenges.iter().any(|challenge| answerable(&challenge)) {
        let refusal = Rejection::new(Reason::SignatureMismatch);
        return Some(Err(
            refusal.with_detail("its body is a text to which a challenge has the signature as its answer")
        ));
    }
    let mut signed = challenges.iter().filter(|challenge| !challenge.is_unsigned());
    signed.find_map(|challenge| match is_marked(challenge, head, delivery.body()) {
        Ok(false) => None,
        Ok(true) => Some(settings.answer(challenge, head, delivery.body(), delivery.key_id())),
        Err(rejection) => Some(Err(rejection)),
    })
}
