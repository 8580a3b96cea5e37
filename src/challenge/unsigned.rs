//! Challenges that nobody signed, answered in front of the signature.

use std::sync::Arc;
use std::task::{Context, Poll};

use http::request::Parts;
use http::{Method, Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use super::future::{ChallengeFuture, HandshakeFuture};
use super::handshake::{Handshake, Taken, Taker};
use super::reading::is_marked;
use super::settings::{Answered, Finding, Settings};
use crate::body::{BoxError, Captured, ResponseBody};
use crate::config_error::ConfigError;
use crate::rejection::{Dialect, Rejection, RenderRejection};
use crate::scheme::{Challenge, Come, Mark, Sender};
use crate::secret::{Secret, Secrets};

/// The largest body that is read without a signature, in bytes.
const LARGEST: u64 = 4096;

/// Answers the sender's unsigned challenges. See the [module docs](super).
#[derive(Clone, Debug)]
#[must_use]
pub struct HandshakeLayer {
    settings: Arc<Settings>,
}

impl HandshakeLayer {
    /// Answers what this sender asks before anything is signed; all else is passed on.
    pub fn new(sender: impl Into<Sender>) -> Self {
        Self { settings: Arc::new(Settings::new(sender.into())) }
    }

    pub(super) fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.settings));
        self
    }

    /// The secret, for answers that are computed with it (X, LinkedIn).
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

    /// The token that you gave to the sender when you set the endpoint up, which it shows (Meta, `WhatsApp`).
    pub fn verify_token(self, token: Secret) -> Self {
        self.with(|settings| settings.verify_token = Some(token))
    }

    /// An origin that may send (`CloudEvents`), such as `eventgrid.azure.net`. Default: none.
    pub fn allow_origin(self, origin: &str) -> Self {
        self.with(|settings| settings.origins.push(origin.to_owned()))
    }

    /// Takes what a handshake brings: the secret of Asana, Clio and Notion.
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

impl<S> Layer<S> for HandshakeLayer {
    type Service = HandshakeService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        HandshakeService { inner, settings: self.settings.clone() }
    }
}

/// Answers unsigned challenges, hands on all else. See the [module docs](super).
#[derive(Clone, Debug)]
pub struct HandshakeService<S> {
    inner: S,
    settings: Arc<Settings>,
}

impl<S, B, ResBody> Service<Request<B>> for HandshakeService<S>
where
    B: Captured,
    S: Service<Request<B>, Response = Response<ResBody>>,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = HandshakeFuture<B, S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        if !self.settings.scheme().challenges().iter().any(Challenge::is_unsigned) {
            return HandshakeFuture::rest(ChallengeFuture::inner(self.inner.call(request)));
        }
        let (head, body) = request.into_parts();
        if let Some(answered) = judge_head(&self.settings, &head, body.size_hint().exact() == Some(0)) {
            let answered = ChallengeFuture::answered(&self.settings, Dialect::of(&head.headers), answered);
            return HandshakeFuture::rest(answered);
        }
        let small = body.size_hint().upper().is_some_and(|most| most <= LARGEST);
        if small && candidates(&self.settings, &head).any(Challenge::reads_unsigned_body) {
            return HandshakeFuture::reading(self.settings.clone(), head, body);
        }
        HandshakeFuture::rest(ChallengeFuture::inner(self.inner.call(Request::from_parts(head, body))))
    }
}

/// The unsigned challenges that this head could be.
fn candidates<'s>(settings: &'s Settings, head: &Parts) -> impl Iterator<Item = &'static Challenge> + use<'s> {
    let come = match head.method {
        Method::GET => Some(Come::Get),
        Method::HEAD => Some(Come::Head),
        Method::OPTIONS => Some(Come::Options),
        // What is signed is a delivery, whatever else it has.
        Method::POST if !settings.scheme().shows_signature(head) => Some(Come::Post),
        _ => None,
    };
    settings.scheme().challenges().iter().filter(move |challenge| Some(challenge.come) == come)
}

fn judge_head(settings: &Settings, head: &Parts, is_empty: bool) -> Option<Result<Answered, Rejection>> {
    let told = |one: &&Challenge| !one.reads_unsigned_body() && (is_empty || !matches!(one.mark, Mark::Empty));
    let mut by_head = candidates(settings, head).filter(told);
    by_head.find_map(|challenge| judge(settings, challenge, head, b""))
}

pub(super) fn judge_body(settings: &Settings, head: &Parts, body: &[u8]) -> Option<Result<Answered, Rejection>> {
    let mut by_body = candidates(settings, head).filter(|challenge| challenge.reads_unsigned_body());
    by_body.find_map(|challenge| judge(settings, challenge, head, body))
}

fn judge(settings: &Settings, challenge: &Challenge, head: &Parts, body: &[u8]) -> Option<Result<Answered, Rejection>> {
    match is_marked(challenge, head, body) {
        Ok(false) => None,
        Ok(true) => Some(settings.answer(challenge, head, body, None)),
        Err(rejection) => Some(Err(rejection)),
    }
}
