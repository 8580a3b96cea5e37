//! Answers the challenges by which senders make sure that an endpoint is the right one.
//!
//! * [`HandshakeLayer`], in front of the signature: what comes before anything is signed. A `GET`, `HEAD` or
//!   `OPTIONS`; or a `POST` without the header of a signature. Its body is read only where the sender's challenge is
//!   told by it, and only up to 4 KiB.
//! * [`ChallengeLayer`], behind the signature: a signed `POST` that asks a question (Slack's `url_verification`,
//!   Discord's PING).
//! * Passes: all else. A challenge never reaches the handler, is no delivery to remember, and its end is
//!   [`Outcome::Challenge`](crate::Outcome::Challenge).
//! * Refused: a text that is missing, stands twice, is too long or has others than its few [characters](crate::scheme::Chars)
//!   (400 `challenge_malformed`), for an endpoint that repeats any text is a tool for somebody; a wrong verify token or
//!   origin, a secret where there is one already (401); what needs something that is not configured (503
//!   `not_configured`, and the log says what).
//!
//! [`WebhookLayer`](crate::WebhookLayer) has both in their places and gives them its keys. The table says what else a
//! sender needs: [`verify_token`](crate::WebhookLayer::verify_token),
//! [`allow_origin`](crate::WebhookLayer::allow_origin), [`on_handshake`](crate::WebhookLayer::on_handshake).
//!
//! Deployment caveat: the request must reach the layer, by whatever method it comes. In axum, layers of a method router
//! or a router (`post(handler).layer(..)`, `any(handler).layer(..)`) see every method; with `post(handler.layer(..))` or
//! `route_layer(..)` axum answers 405 to a `GET` by itself: there say `any(..)`, or
//! `on(MethodFilter::GET.or(MethodFilter::POST), ..)`. The handler gets deliveries only, in any case.
//!
//! ```
//! use axum::{Router, routing::any};
//! use http::Method;
//! use tower_webhook::testing::{self, Endpoint};
//! use tower_webhook::{Reason, Secret, WebhookLayer, provider};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_webhook::ConfigError> {
//! let meta = WebhookLayer::new(provider::META, Secret::new("the secret of the app")?)?
//!     .verify_token(Secret::new("a verify token of ours")?);
//! let endpoint = Endpoint::new(Router::new().route("/", any(async || "handled").layer(meta)));
//!
//! let ask = |token| {
//!     let query = format!("/?hub.mode=subscribe&hub.verify_token={token}&hub.challenge=1158201444");
//!     let delivery = testing::delivery(provider::META, "the secret of the app").to(&query);
//!     delivery.body("text/plain", "").unsigned().method(Method::GET)
//! };
//! assert_eq!(endpoint.send(&ask("a+verify+token+of+ours")).await.body(), "1158201444");
//! endpoint.send(&ask("guessed")).await.assert_rejected(Reason::UnknownKey);
//! # Ok(()) }
//! ```
//!
//! # Never a signing oracle
//!
//! Braintree, X, LinkedIn, Zoom and Smartcar want an HMAC, under the very secret that deliveries are signed with, over a text that
//! anybody may send. Where a delivery's body alone is signed, such an answer is the signature of a delivery with this
//! text for a body. So:
//!
//! * the text is a token, a UUID or hex digits: never `{`, a blank or a separator, and never JSON (a number is);
//! * a delivery whose body is such a text is refused, although its signature matches: no sender sends one;
//! * a [`Scheme`](crate::scheme::Scheme) that signs more than the body is checked, when it is compiled, for a character
//!   in what is signed that no such text has.
//!
//! Caveats: the second is [`ChallengeLayer`]'s, so who verifies by hand has to refuse bodies that are no JSON object.
//! Where keys depend on the request, an unsigned challenge shows which tenants there are: it is answered for them alone.
//!
//! # Trust on first use
//!
//! Asana, Clio and Notion send the secret that they sign with on their first request, which nobody can verify. It is
//! handed to your callback only while there are no keys for this head, and the callback says whether it kept it:
//!
//! ```
//! use std::sync::{Arc, OnceLock};
//! use tower_webhook::challenge::{Handshake, Taken};
//! use tower_webhook::signature::resolver_fn;
//! use tower_webhook::{Secret, WebhookLayer, provider};
//!
//! // Yours is a database, with one row for each path.
//! let stored: Arc<OnceLock<Secret>> = Arc::default();
//! let (found, kept) = (stored.clone(), stored.clone());
//! let keys = resolver_fn(move |_: &http::request::Parts| {
//!     let found = found.get().cloned();
//!     async move { Ok::<_, std::io::Error>(found) }
//! });
//! let layer = WebhookLayer::resolving(provider::ASANA, keys)?.on_handshake(move |handshake, _: &http::request::Parts| {
//!     let kept = kept.clone();
//!     async move {
//!         Ok::<_, std::io::Error>(match handshake {
//!             Handshake::Secret(secret) => match kept.set(secret) {
//!                 Ok(()) => Taken::Stored,
//!                 Err(_) => Taken::Refused,
//!             },
//!             _ => Taken::Refused,
//!         })
//!     }
//! });
//! # Ok::<(), tower_webhook::ConfigError>(())
//! ```
//!
//! Whoever is first is believed: make the path one that cannot be guessed, and take handshakes only while you wait for
//! one. Notion wants its token typed into its settings as well: show it to whoever does that, and write it into no log.
//!
//! # The senders
//!
#![doc = include_str!("senders.md")]
//!
//! Not answered: Exact Online's empty `POST` when a hook is made; Lark's challenge under an encrypt key, which is encrypted; Vercel's, which wants a text of its
//! dashboard in the header `x-vercel-verify` of any answer (set it by a layer around this one). Pings that are signed
//! as any delivery (GitHub, Figma, Snyk, Google) are deliveries.

mod future;
mod handshake;
mod reading;
mod settings;
mod unsigned;
mod verified;

pub use future::{ChallengeFuture, HandshakeFuture};
pub(crate) use handshake::Taker;
pub use handshake::{Handshake, Taken};
pub use unsigned::{HandshakeLayer, HandshakeService};
pub use verified::{ChallengeLayer, ChallengeService};
