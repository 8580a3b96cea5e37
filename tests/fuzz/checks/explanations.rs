//! What is said of a refusal, whatever came.

use bytes::Bytes;
use http::{HeaderValue, Request};
use tower_webhook::explain::{Confidence, Refused, Route, explain};
use tower_webhook::{Reason, Secret, provider};

use super::signing::NOW;

/// A forgery is never explained with high confidence, and nothing of it stands in the sentence.
pub fn explanation(data: &[u8]) {
    let secret = Secret::new("nobody who forges knows this").expect("a secret");
    let route = Route::new("route", provider::GITHUB, secret);
    let (line, body) = data.split_at(data.iter().position(|byte| *byte == b'\n').unwrap_or(0));
    let mut request = Request::post("/").body(()).expect("a request");
    if let Ok(value) = HeaderValue::from_bytes(line) {
        request.headers_mut().insert("x-hub-signature-256", value);
    }
    let head = request.into_parts().0;
    let body = Bytes::copy_from_slice(body.strip_prefix(b"\n").unwrap_or(body));
    for reason in [Reason::SignatureMismatch, Reason::MalformedSignature] {
        let explanation = explain(&route, &[], &Refused::new(&head, reason).body(&body).at(NOW));
        assert_ne!(explanation.confidence(), Confidence::High, "{explanation}");
        assert!(!explanation.to_string().contains("nobody who"), "{explanation}");
    }
}
