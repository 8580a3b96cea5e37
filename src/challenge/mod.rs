//! Answers the handshakes by which senders make sure that an endpoint is the right one.
//!
//! * [`ChallengeLayer`], behind the signature: a signed `POST` that asks a question (Slack's
//!   `url_verification`, Discord's PING) is answered, and the handler does not run. All else passes.
//! * [`SubscribeLayer`], in front of the signature: a `GET` with `hub.mode=subscribe` (Meta) is answered
//!   with its `hub.challenge` where `hub.verify_token` is the one configured. All else passes.
//! * Refused: a wrong verify token (401), a challenge that is missing, longer than 256 characters or made
//!   of others than `A-Z a-z 0-9 . _ -` (400 `challenge_malformed`): an endpoint that repeats any text is a
//!   tool for somebody.
//!
//! [`WebhookLayer`](crate::WebhookLayer) has both in their places. Deployment caveat: the `GET` must reach the
//! layer, so route it there (`any(handler)` or `get(..)` in axum, where `post(..)` alone answers 405).
//!
//! ```
//! use bytes::Bytes;
//! use http::{Request, Response};
//! use http_body_util::{BodyExt, Full};
//! use tower::{ServiceBuilder, ServiceExt};
//! use tower_webhook::Secret;
//! use tower_webhook::challenge::SubscribeLayer;
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let service = ServiceBuilder::new().layer(SubscribeLayer::new(Secret::new("a verify token of ours")?)).service_fn(
//!     async |_: Request<Full<Bytes>>| Ok::<_, std::convert::Infallible>(Response::new(Full::from("handled"))),
//! );
//! let ask = |token| {
//!     Request::get(format!("/?hub.mode=subscribe&hub.verify_token={token}&hub.challenge=1158201444"))
//!         .body(Full::<Bytes>::default())
//! };
//! let answer = service.clone().oneshot(ask("a+verify+token+of+ours")?).await?;
//! assert_eq!(answer.into_body().collect().await?.to_bytes(), "1158201444");
//! assert_eq!(service.oneshot(ask("guessed")?).await?.status(), 401);
//! # Ok(()) }
//! ```

mod subscribe;
mod verified;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, Response, StatusCode};

pub use subscribe::{SubscribeLayer, SubscribeService};
pub use verified::{ChallengeLayer, ChallengeService};

use crate::outcome::Outcome;

/// The longest text that is repeated.
const LONGEST: usize = 256;

/// Whether `text` may be repeated: short, and of characters that mean nothing to anybody.
fn harmless(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    !text.is_empty() && text.len() <= LONGEST && text.bytes().all(plain)
}

fn answer(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Response<Bytes> {
    let body = body.into();
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    if !body.is_empty() {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response.extensions_mut().insert(Outcome::Challenge);
    *response.body_mut() = body;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_short_and_plain_text_is_repeated() {
        assert!(harmless("3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"));
        for text in ["", "<script>", "a b", "a\r\nb", "é", "a\"b", &"a".repeat(257)] {
            assert!(!harmless(text), "{text}");
        }
    }
}
