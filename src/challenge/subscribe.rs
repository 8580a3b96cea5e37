//! `hub.challenge`, which is not signed.

use std::borrow::Cow;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use percent_encoding::percent_decode_str;
use tower_layer::Layer;
use tower_service::Service;

use super::{answer, harmless};
use crate::body::{HeadFuture, ResponseBody};
use crate::crypto::TokenHash;
use crate::rejection::{Dialect, Reason, Refusals, Rejection, RenderRejection};
use crate::secret::Secret;

/// Answers a `GET` with `hub.challenge` where its verify token is right. See the [module docs](super).
/// <https://developers.facebook.com/docs/graph-api/webhooks/getting-started#verification-requests>
#[derive(Clone, Debug)]
#[must_use]
pub struct SubscribeLayer {
    token: TokenHash,
    refusals: Refusals,
}

impl SubscribeLayer {
    /// `verify_token` is the one that you gave to the sender when you set the endpoint up.
    #[expect(clippy::needless_pass_by_value, reason = "a secret is given away, so that it is not kept twice")]
    pub fn new(verify_token: Secret) -> Self {
        Self { token: TokenHash::of(verify_token.expose()), refusals: Refusals::default() }
    }

    /// The name of the route, for the log.
    pub fn route(mut self, name: &str) -> Self {
        self.refusals = self.refusals.for_route(name.into());
        self
    }

    /// How refusals are written; default: `application/problem+json`.
    pub fn render_with(mut self, renderer: impl RenderRejection) -> Self {
        self.refusals = self.refusals.rendered_by(Arc::new(renderer));
        self
    }

    /// The answer to a subscription; `None` where the request is none.
    pub(crate) fn answer<B>(&self, request: &Request<B>) -> Option<Response<Bytes>> {
        let verdict = self.judge(request.method(), request.uri().query().unwrap_or_default())?;
        Some(verdict.unwrap_or_else(|rejection| self.refusals.respond(rejection, Dialect::of(request.headers()))))
    }

    fn judge(&self, method: &Method, query: &str) -> Option<Result<Response<Bytes>, Rejection>> {
        let value = |name| {
            let mut values = query.split('&').filter_map(|pair| pair.split_once('=')).filter(|(key, _)| *key == name);
            values.next().map(|(_, value)| value)
        };
        if method != Method::GET || value("hub.mode")? != "subscribe" {
            return None;
        }
        let token = value("hub.verify_token").unwrap_or_default().replace('+', " ");
        let token: Cow<'_, [u8]> = percent_decode_str(&token).into();
        if !self.token.matches(&token) {
            return Some(Err(Rejection::new(Reason::UnknownKey).with_detail("the verify token is another one")));
        }
        Some(match value("hub.challenge") {
            Some(challenge) if harmless(challenge) => {
                Ok(answer(StatusCode::OK, "text/plain; charset=utf-8", challenge.to_owned()))
            }
            _ => Err(Reason::ChallengeMalformed.into()),
        })
    }
}

impl<S> Layer<S> for SubscribeLayer {
    type Service = SubscribeService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        SubscribeService { inner, layer: self.clone() }
    }
}

/// Answers subscriptions, hands on all else. See the [module docs](super).
#[derive(Clone, Debug)]
pub struct SubscribeService<S> {
    inner: S,
    layer: SubscribeLayer,
}

impl<S, B, ResBody> Service<Request<B>> for SubscribeService<S>
where
    S: Service<Request<B>, Response = Response<ResBody>>,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = HeadFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        match self.layer.answer(&request) {
            Some(response) => HeadFuture::answered(response),
            None => HeadFuture::inner(self.inner.call(request)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(query: &str) -> Option<Result<Response<Bytes>, Reason>> {
        let layer = SubscribeLayer::new(Secret::short("a token+").unwrap());
        layer.judge(&Method::GET, query).map(|verdict| verdict.map_err(|rejection| rejection.reason()))
    }

    #[test]
    fn the_challenge_is_repeated_for_the_right_token_only() {
        let response = judge("hub.challenge=42&hub.mode=subscribe&hub.verify_token=a+token%2B").unwrap().unwrap();
        assert_eq!(response.body(), "42");
        for query in ["hub.mode=subscribe&hub.challenge=42", "hub.mode=subscribe&hub.challenge=42&hub.verify_token=a"] {
            assert_eq!(judge(query).unwrap().unwrap_err(), Reason::UnknownKey);
        }
        for challenge in ["", "%3Cscript%3E", "a%0d%0ab"] {
            let query = format!("hub.mode=subscribe&hub.verify_token=a%20token%2B&hub.challenge={challenge}");
            assert_eq!(judge(&query).unwrap().unwrap_err(), Reason::ChallengeMalformed);
        }
    }

    #[test]
    fn what_is_no_subscription_passes() {
        assert!(judge("").is_none());
        assert!(judge("hub.mode=unsubscribe&hub.verify_token=a+token%2B&hub.challenge=42").is_none());
        let layer = SubscribeLayer::new(Secret::short("a token+").unwrap());
        assert!(layer.judge(&Method::POST, "hub.mode=subscribe").is_none());
    }
}
