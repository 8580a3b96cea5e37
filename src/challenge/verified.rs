//! Signed questions, answered once they are verified.

use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use tower_layer::Layer;
use tower_service::Service;

use super::{answer, harmless};
use crate::body::{HeadFuture, Judged, ResponseBody};
use crate::delivery::Delivery;
use crate::json_pointer;
use crate::rejection::{Dialect, Reason, Refusals, Rejection, RenderRejection};
use crate::scheme::{Answer, Challenge, Question, Sender};

/// Answers the sender's signed questions. See the [module docs](super).
#[derive(Clone, Debug)]
#[must_use]
pub struct ChallengeLayer {
    questions: &'static [Question],
    refusals: Refusals,
}

impl ChallengeLayer {
    /// Answers what this sender asks; a sender that asks nothing is passed on.
    pub fn new(sender: impl Into<Sender>) -> Self {
        let questions = match sender.into().scheme().challenges() {
            Challenge::Verified(questions) => questions,
            Challenge::None | Challenge::Subscribe => &[],
        };
        Self { questions, refusals: Refusals::default() }
    }

    /// The name of the route, for the log.
    pub fn route(mut self, name: &str) -> Self {
        self.refusals = self.refusals.for_route(name.into());
        self
    }

    /// How refusals are written; default: `application/problem+json`.
    pub fn render_with(mut self, renderer: impl RenderRejection) -> Self {
        self.refusals = self.refusals.rendered_by(std::sync::Arc::new(renderer));
        self
    }

    fn judge(&self, body: &[u8]) -> Option<Result<Response<Bytes>, Rejection>> {
        let asked = |question: &&Question| json_pointer::text_at(body, question.at).as_deref() == Some(question.is);
        Some(match self.questions.iter().find(asked)?.answer {
            Answer::Fixed(status, json) => match StatusCode::from_u16(status) {
                Ok(status) => Ok(answer(status, "application/json", json)),
                Err(_) => Err(Reason::Misconfigured.into()),
            },
            Answer::Repeat(at) => match json_pointer::text_at(body, at) {
                Some(text) if harmless(&text) => {
                    Ok(answer(StatusCode::OK, "application/json", format!(r#"{{"challenge":"{text}"}}"#)))
                }
                _ => Err(Reason::ChallengeMalformed.into()),
            },
        })
    }
}

impl<S> Layer<S> for ChallengeLayer {
    type Service = ChallengeService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ChallengeService { inner, layer: self.clone() }
    }
}

/// Answers questions, hands on all else. See the [module docs](super).
#[derive(Clone, Debug)]
pub struct ChallengeService<S> {
    inner: S,
    layer: ChallengeLayer,
}

impl<S, B, ResBody> Service<Request<B>> for ChallengeService<S>
where
    B: Judged,
    S: Service<Request<B>, Response = Response<ResBody>>,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = HeadFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        if self.layer.questions.is_empty() {
            return HeadFuture::inner(self.inner.call(request));
        }
        let verdict = match request.extensions().get::<Delivery>() {
            // Nobody proved to be the sender, so nobody is answered.
            Some(delivery) if !delivery.is_verified() => None,
            Some(delivery) => self.layer.judge(delivery.body()),
            None => {
                Some(Err(Rejection::new(Reason::Misconfigured).with_detail("the delivery is not in the extensions")))
            }
        };
        match verdict {
            None => HeadFuture::inner(self.inner.call(request)),
            Some(Ok(response)) => HeadFuture::answered(response),
            Some(Err(rejection)) => {
                HeadFuture::answered(self.layer.refusals.respond(rejection, Dialect::of(request.headers())))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider;

    fn judge(layer: &ChallengeLayer, body: &str) -> Option<Result<(u16, String), Reason>> {
        layer.judge(body.as_bytes()).map(|verdict| match verdict {
            Ok(response) => Ok((response.status().as_u16(), String::from_utf8(response.body().to_vec()).unwrap())),
            Err(rejection) => Err(rejection.reason()),
        })
    }

    #[test]
    fn slack_gets_its_challenge_back() {
        let layer = ChallengeLayer::new(provider::SLACK);
        let body = r#"{"token":"t","challenge":"3eZbrw1aBm2","type":"url_verification"}"#;
        assert_eq!(judge(&layer, body), Some(Ok((200, r#"{"challenge":"3eZbrw1aBm2"}"#.to_owned()))));
        assert_eq!(judge(&layer, r#"{"type":"event_callback","challenge":"x"}"#), None);
        assert_eq!(judge(&layer, r#"{"type":"url_verification"}"#), Some(Err(Reason::ChallengeMalformed)));
        let hostile = r#"{"type":"url_verification","challenge":"\"},{"}"#;
        assert_eq!(judge(&layer, hostile), Some(Err(Reason::ChallengeMalformed)));
    }

    #[test]
    fn both_kinds_of_discord_ping_are_answered() {
        let layer = ChallengeLayer::new(provider::DISCORD);
        assert_eq!(judge(&layer, r#"{"type":1}"#), Some(Ok((200, r#"{"type":1}"#.to_owned()))));
        assert_eq!(judge(&layer, r#"{"version":1,"type":0}"#), Some(Ok((204, String::new()))));
        assert_eq!(judge(&layer, r#"{"type":2}"#), None);
    }

    #[test]
    fn a_sender_that_asks_nothing_gets_no_answer() {
        assert!(judge(&ChallengeLayer::new(provider::GITHUB), r#"{"type":"url_verification"}"#).is_none());
    }
}
