//! The configuration.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::Body;
use tower_layer::Layer;

use super::RawBodyService;
use crate::body::{BodyBudget, BodyLimits, RawBody, RawBodyCaptured};
use crate::config_error::{ConfigError, ConfigErrorKind};
use crate::rejection::{Dialect, Reason, Refusals, Rejection, RenderRejection};
use crate::scheme::DEFAULT_BODY_LIMIT;

/// Sets limits on the body of a request. See the [module docs](super).
///
/// Defaults: 1 MiB, 5 s between two frames, 10 s in all, the process-wide [`BodyBudget::global`],
/// compressed bodies refused.
#[derive(Clone, Debug)]
#[must_use]
pub struct RawBodyLayer {
    limits: Arc<BodyLimits>,
    compressed: Compressed,
    refusals: Refusals,
}

/// What is done with a `Content-Encoding`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compressed {
    Passed,
    Refused,
}

impl RawBodyLayer {
    /// The defaults.
    pub fn new() -> Self {
        Self {
            limits: Arc::new(BodyLimits {
                bytes: DEFAULT_BODY_LIMIT,
                idle: Duration::from_secs(5),
                total: Duration::from_secs(10),
                budget: BodyBudget::global(),
            }),
            compressed: Compressed::Refused,
            refusals: Refusals::default(),
        }
    }

    /// The largest body, in bytes.
    ///
    /// # Errors
    /// 0 or `usize::MAX`: that would be no limit, or no body.
    pub fn limit(mut self, bytes: usize) -> Result<Self, ConfigError> {
        if bytes == 0 || bytes == usize::MAX {
            return Err(ConfigError::new(ConfigErrorKind::Limit, format!("a body limit of {bytes} bytes is none")));
        }
        Arc::make_mut(&mut self.limits).bytes = bytes;
        Ok(self)
    }

    /// The longest time from the first look at the body to its end.
    ///
    /// # Errors
    /// Zero, or more than an hour.
    pub fn deadline(mut self, total: Duration) -> Result<Self, ConfigError> {
        Arc::make_mut(&mut self.limits).total = sensible(total)?;
        Ok(self)
    }

    /// The longest time between two frames.
    ///
    /// # Errors
    /// Zero, or more than an hour.
    pub fn idle_timeout(mut self, idle: Duration) -> Result<Self, ConfigError> {
        Arc::make_mut(&mut self.limits).idle = sensible(idle)?;
        Ok(self)
    }

    /// Another budget of not yet authenticated bytes than [`BodyBudget::global`].
    pub fn budget(mut self, budget: BodyBudget) -> Self {
        Arc::make_mut(&mut self.limits).budget = budget;
        self
    }

    /// Lets bodies with a `Content-Encoding` pass, compressed as they are: for senders that sign the
    /// compressed bytes.
    pub fn take_compressed(mut self) -> Self {
        self.compressed = Compressed::Passed;
        self
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

    /// The answer to a request whose head is enough to refuse it.
    pub(crate) fn refusal<B: Body>(&self, request: &Request<B>) -> Option<Response<Bytes>> {
        let rejection = self.check(request.headers(), request.body().size_hint().lower()).err()?;
        Some(self.refusals.respond(rejection, Dialect::of(request.headers())))
    }

    fn check(&self, headers: &HeaderMap, at_least: u64) -> Result<(), Rejection> {
        let limit = u64::try_from(self.limits.bytes).unwrap_or(u64::MAX);
        let mut declared = at_least;
        for line in headers.get_all(CONTENT_LENGTH) {
            let Some(length) = content_length(line) else {
                return Err(Rejection::new(Reason::BodyMalformed).with_detail("content-length is no number"));
            };
            declared = declared.max(length);
        }
        if declared > limit {
            return Err(Rejection::new(Reason::BodyTooLarge)
                .with_detail(format!("{declared} bytes are announced, the limit is {limit}")));
        }
        let plain = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
        if self.compressed == Compressed::Refused && !headers.get_all(CONTENT_ENCODING).iter().all(plain) {
            return Err(Reason::ContentEncoding.into());
        }
        Ok(())
    }

    /// The request with the limits of its body set.
    pub(crate) fn limit_body<B>(&self, request: Request<B>) -> Request<RawBody<B>> {
        request.map(|body| RawBody::new(body, self.limits.clone()))
    }

    /// The same, with a mark for extractors that read the body themselves.
    pub(super) fn capture<B>(&self, request: Request<B>) -> Request<RawBody<B>> {
        let mut request = self.limit_body(request);
        request.extensions_mut().insert(RawBodyCaptured);
        if !self.limits.budget.is_global() {
            request.extensions_mut().insert(self.limits.budget.clone());
        }
        request
    }
}

/// Digits and nothing else ([RFC 9110 §8.6](https://www.rfc-editor.org/rfc/rfc9110#section-8.6)); a number that is
/// too large to be written is the largest.
fn content_length(line: &HeaderValue) -> Option<u64> {
    let digits =
        line.to_str().ok().filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))?;
    Some(digits.parse().unwrap_or(u64::MAX))
}

fn sensible(time: Duration) -> Result<Duration, ConfigError> {
    if time.is_zero() || time > Duration::from_secs(3600) {
        return Err(ConfigError::new(ConfigErrorKind::Limit, format!("a deadline of {time:?} is none")));
    }
    Ok(time)
}

impl Default for RawBodyLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for RawBodyLayer {
    type Service = RawBodyService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RawBodyService::new(inner, self.clone())
    }
}
