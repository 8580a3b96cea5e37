//! The service.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use tower_service::Service;

use super::check::Health;

/// Answers probes. Made by [`Health::ready`] and [`Health::live`].
#[derive(Clone, Debug)]
pub struct HealthService(Option<Health>);

impl HealthService {
    pub(super) const fn ready(health: Health) -> Self {
        Self(Some(health))
    }

    pub(super) const fn live() -> Self {
        Self(None)
    }
}

type Answer = Result<Response<Full<Bytes>>, Infallible>;

impl<B> Service<Request<B>> for HealthService {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let mut refusal = answer(StatusCode::METHOD_NOT_ALLOWED, "method not allowed\n");
            refusal.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return at_once(refusal);
        }
        match self.0.clone() {
            None => at_once(answer(StatusCode::OK, "ok\n")),
            Some(health) => Box::pin(async move {
                Ok(match health.is_ready().await {
                    true => answer(StatusCode::OK, "ok\n"),
                    false => answer(StatusCode::SERVICE_UNAVAILABLE, "unavailable\n"),
                })
            }),
        }
    }
}

fn at_once(response: Response<Full<Bytes>>) -> Pin<Box<Ready<Answer>>> {
    Box::pin(ready(Ok(response)))
}

fn answer(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
