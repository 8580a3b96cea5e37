//! Asks an endpoint, and sees what became of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::routing::any;
use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt, Full};
use tower::ServiceExt;
use tower_webhook::clock::UnixTime;
use tower_webhook::scheme::{Sender, Signer};
use tower_webhook::{Outcome, Reason, Rejection, Secret, WebhookLayer};

/// What an endpoint answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    pub(crate) reason: Option<Reason>,
    pub(crate) detail: String,
    pub(crate) outcome: Option<Outcome>,
    /// How often the handler ran.
    pub(crate) runs: usize,
}

impl Answer {
    #[track_caller]
    pub(crate) fn assert_answered(&self, status: u16, body: &str) {
        assert_eq!((self.status, self.body.as_str()), (status, body), "{self:?}");
        assert_eq!((self.outcome, self.runs), (Some(Outcome::Challenge), 0), "{self:?}");
        assert_eq!(self.headers["cache-control"], "no-store");
        assert_eq!(self.headers["x-content-type-options"], "nosniff");
        assert_eq!(self.headers.contains_key("content-type"), !body.is_empty(), "{self:?}");
    }

    #[track_caller]
    pub(crate) fn assert_refused(&self, reason: Reason) {
        assert_eq!((self.reason, self.outcome, self.runs), (Some(reason), None, 0), "{self:?}");
    }
}

/// Sends one request to a router that takes any method.
pub(crate) async fn ask(layer: &WebhookLayer, request: Request<Full<Bytes>>) -> Answer {
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = runs.clone();
    let handler = any(async move || {
        counted.fetch_add(1, Ordering::Relaxed);
        "handled"
    });
    let router: Router = Router::new().fallback_service(handler.layer(layer.clone()).with_state(()));
    let (head, body) = router.oneshot(request).await.unwrap().into_parts();
    let rejection = head.extensions.get::<Rejection>();
    Answer {
        status: head.status.as_u16(),
        headers: head.headers,
        body: String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap(),
        reason: rejection.map(Rejection::reason),
        detail: rejection.and_then(Rejection::detail).unwrap_or_default().to_owned(),
        outcome: head.extensions.get().copied(),
        runs: runs.load(Ordering::Relaxed),
    }
}

pub(crate) fn request(method: Method, uri: &str, headers: &[(&str, &str)], body: &str) -> Request<Full<Bytes>> {
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Full::from(body.to_owned())).unwrap()
}

pub(crate) fn get(uri: &str) -> Request<Full<Bytes>> {
    request(Method::GET, uri, &[], "")
}

/// A delivery that is signed as the sender signs, now.
pub(crate) fn signed(
    sender: impl Into<Sender>,
    secret: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Request<Full<Bytes>> {
    let (mut head, _) = request(Method::POST, "/", headers, body).into_parts();
    let signer = Signer::new(sender, Secret::short(secret).unwrap()).unwrap();
    signer.sign(&mut head, &Bytes::from(body.to_owned()), UnixTime::from_secs(now())).unwrap();
    Request::from_parts(head, Full::from(body.to_owned()))
}

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}
