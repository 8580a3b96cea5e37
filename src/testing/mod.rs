//! Signed deliveries, a driver for your endpoint and a clock to turn by hand: for your tests.
//!
//! What [`delivery`] signs, your endpoint verifies for real: nothing is mocked. Everything here panics with a
//! sentence where it is misused, as tests should. Caveat: keep the feature `testing` to `[dev-dependencies]`.
//!
//! ```
//! use std::time::Duration;
//!
//! use axum::{Router, routing::post};
//! use tower_webhook::testing::{self, Endpoint};
//! use tower_webhook::{Reason, Secret, WebhookLayer, provider};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_webhook::ConfigError> {
//! let stripe = WebhookLayer::new(provider::STRIPE, Secret::short("whsec_test")?)?;
//! let endpoint = Endpoint::new(Router::new().route("/", post(async || "thank you").layer(stripe)));
//!
//! let delivery = testing::delivery(provider::STRIPE, "whsec_test").json(r#"{"id":"evt_1","type":"invoice.paid"}"#);
//! endpoint.send(&delivery).await.assert_accepted();
//! endpoint.send(&delivery).await.assert_duplicate();
//! endpoint.send(&delivery.tampered()).await.assert_rejected(Reason::SignatureMismatch);
//! endpoint.send(&delivery.aged(Duration::from_secs(601))).await.assert_rejected(Reason::TimestampTooOld);
//! # Ok(()) }
//! ```

#![allow(clippy::panic, clippy::expect_used, reason = "a test that is set up wrongly has to stop")]

mod clock;
mod delivery;
mod endpoint;
pub mod store_suite;

pub use clock::FakeClock;
pub use delivery::{DeliveryBuilder, TestDelivery, TestKey, delivery};
pub use endpoint::{Answer, Endpoint};
