//! How a refusal is written down for the sender.

use std::fmt;
use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, LINK, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

use super::{ErrorStatus, Reason, Rejection, log};

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const DOCS: &str = "https://docs.rs/tower-webhook/latest/tower_webhook/rejection/index.html#";

/// Which language the sender speaks, told from the content type of the request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// gRPC: the answer is 200 with `grpc-status` and no body.
    Grpc,
    /// Anything else.
    #[default]
    Http,
}

impl Dialect {
    /// gRPC where the content type is `application/grpc` or begins with `application/grpc+`.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let grpc = headers.get(CONTENT_TYPE).and_then(|value| value.as_bytes().strip_prefix(b"application/grpc"));
        match grpc.map(<[u8]>::first) {
            Some(None | Some(b'+' | b';')) => Self::Grpc,
            _ => Self::Http,
        }
    }
}

/// Writes the body of a refusal. Status, `Retry-After`, `cache-control` and the [`Rejection`] in the
/// extensions are set around it, so a renderer cannot turn a refusal into a success.
///
/// ```
/// use bytes::Bytes;
/// use http::{HeaderMap, HeaderValue, header::CONTENT_TYPE};
/// use tower_webhook::rejection::{RenderRejection, Rejection};
///
/// #[derive(Debug)]
/// struct PlainText;
///
/// impl RenderRejection for PlainText {
///     fn render(&self, rejection: &Rejection, headers: &mut HeaderMap) -> Bytes {
///         headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
///         Bytes::from_static(rejection.reason().public_code().as_bytes())
///     }
/// }
/// ```
pub trait RenderRejection: fmt::Debug + Send + Sync + 'static {
    /// The body; headers that belong to it are added to `headers`. Echo nothing of the request.
    fn render(&self, rejection: &Rejection, headers: &mut HeaderMap) -> Bytes;
}

impl<R: RenderRejection + ?Sized> RenderRejection for Arc<R> {
    fn render(&self, rejection: &Rejection, headers: &mut HeaderMap) -> Bytes {
        (**self).render(rejection, headers)
    }
}

/// `application/problem+json` ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)): the default.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "there is nothing in it and never will be")]
pub struct ProblemJson;

impl RenderRejection for ProblemJson {
    fn render(&self, rejection: &Rejection, headers: &mut HeaderMap) -> Bytes {
        headers.insert(CONTENT_TYPE, PROBLEM_JSON);
        problem(rejection)
    }
}

const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

fn problem(rejection: &Rejection) -> Bytes {
    let (reason, status) = (rejection.reason(), rejection.status());
    if status == reason.status() {
        return Bytes::from_static(reason.problem().as_bytes());
    }
    let (code, title) = (reason.public_code(), reason.title());
    Bytes::from(format!(r#"{{"type":"{DOCS}{code}","title":"{title}","status":{},"code":"{code}"}}"#, status.as_u16()))
}

/// The head of a problem: copied for each, which takes a fraction of putting it together.
static PROBLEM_HEAD: LazyLock<HeaderMap> = LazyLock::new(|| {
    let mut headers = HeaderMap::with_capacity(3);
    headers.insert(CONTENT_TYPE, PROBLEM_JSON);
    say_always(&mut headers);
    headers
});

fn say_always(headers: &mut HeaderMap) {
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

/// No body at all.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "there is nothing in it and never will be")]
pub struct EmptyBody;

impl RenderRejection for EmptyBody {
    fn render(&self, _: &Rejection, _: &mut HeaderMap) -> Bytes {
        Bytes::new()
    }
}

/// What every layer needs to refuse: how to write it, and the name of the route for the log.
#[derive(Clone, Debug, Default)]
pub(crate) struct Refusals {
    renderer: Option<Arc<dyn RenderRejection>>,
    route: Option<Arc<str>>,
    unauthorized: Option<ErrorStatus>,
}

impl Refusals {
    pub(crate) fn for_route(mut self, route: Arc<str>) -> Self {
        self.route = Some(route);
        self
    }

    /// The status that stands for 401.
    pub(crate) fn unauthorized_as(mut self, status: Option<ErrorStatus>) -> Self {
        self.unauthorized = status;
        self
    }

    pub(crate) fn rendered_by(mut self, renderer: Arc<dyn RenderRejection>) -> Self {
        self.renderer = Some(renderer);
        self
    }

    pub(crate) fn respond(&self, rejection: Rejection, dialect: Dialect) -> Response<Bytes> {
        let rejection = match self.unauthorized {
            Some(status) if rejection.status().as_u16() == StatusCode::UNAUTHORIZED.as_u16() => {
                rejection.with_status(status)
            }
            _ => rejection,
        };
        log::refused(&rejection, self.route.as_deref());
        let mut response = match dialect {
            Dialect::Http => self.http(&rejection),
            Dialect::Grpc => grpc(&rejection),
        };
        response.extensions_mut().insert(rejection);
        response
    }

    /// What would be a refusal, for the operator.
    pub(super) fn tell_report(&self, rejection: &Rejection) {
        log::reported(rejection, self.route.as_deref());
    }

    fn http(&self, rejection: &Rejection) -> Response<Bytes> {
        let (mut headers, body) = match &self.renderer {
            Some(renderer) => {
                let mut headers = HeaderMap::with_capacity(6);
                let body = renderer.render(rejection, &mut headers);
                say_always(&mut headers);
                (headers, body)
            }
            None => (PROBLEM_HEAD.clone(), problem(rejection)),
        };
        if let Some(seconds) = rejection.retry_after() {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if closes(rejection.reason()) {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        if rejection.linked {
            let link = format!("<{DOCS}{}>; rel=\"describedby\"", rejection.reason().public_code());
            if let Ok(link) = HeaderValue::try_from(link) {
                headers.insert(LINK, link);
            }
        }
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::from(rejection.status());
        *response.headers_mut() = headers;
        response
    }
}

/// A connection on which a body stands half-read is of no more use; one that drains should end.
const fn closes(reason: Reason) -> bool {
    matches!(reason, Reason::BodyTimeout | Reason::BodyTooLarge | Reason::BodyMalformed | Reason::Draining)
}

/// A trailers-only answer, see
/// [gRPC over HTTP/2](https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses).
fn grpc(rejection: &Rejection) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(GRPC_STATUS, HeaderValue::from(rejection.reason().grpc_code() as u16));
    headers.insert(GRPC_MESSAGE, HeaderValue::from_static(rejection.reason().public_code()));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dialect(content_type: &'static str) -> Dialect {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        Dialect::of(&headers)
    }

    #[test]
    fn grpc_is_told_by_its_content_type_alone() {
        assert_eq!(dialect("application/grpc"), Dialect::Grpc);
        assert_eq!(dialect("application/grpc+proto"), Dialect::Grpc);
        assert_eq!(dialect("application/grpc-web"), Dialect::Http);
        assert_eq!(dialect("application/json"), Dialect::Http);
        assert_eq!(Dialect::of(&HeaderMap::new()), Dialect::Http);
    }

    #[test]
    fn a_grpc_refusal_is_trailers_only() {
        let response = Refusals::default().respond(Reason::SignatureMismatch.into(), Dialect::Grpc);
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["grpc-status"], "16");
        assert!(response.body().is_empty());
        assert!(response.extensions().get::<Rejection>().is_some());
    }

    #[test]
    fn a_problem_and_a_body_of_ones_own_have_the_same_head() {
        let own = Refusals::default().rendered_by(Arc::new(ProblemJson));
        for reason in Reason::ALL {
            let refused = |refusals: &Refusals| refusals.respond((*reason).into(), Dialect::Http).into_parts();
            let ((head, body), (expected, same)) = (refused(&Refusals::default()), refused(&own));
            assert_eq!((head.headers, head.status, body), (expected.headers, expected.status, same), "{reason}");
        }
    }

    #[test]
    fn a_renderer_changes_the_body_but_not_the_status() {
        let refusals = Refusals::default().rendered_by(Arc::new(EmptyBody));
        let response = refusals.respond(Reason::NotHttps.into(), Dialect::Http);
        assert_eq!(response.status(), 403);
        assert!(response.body().is_empty());
    }
}
