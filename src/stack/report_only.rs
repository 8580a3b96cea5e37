//! Checks of the stack that are only tried out.

use std::sync::Arc;

use tower_layer::Layer;

use super::order::signed;
use super::{WebhookLayer, WebhookService};
use crate::allowlist::AllowlistLayer;
use crate::body::ObservedBody;
use crate::https_only::HttpsOnlyLayer;
use crate::metrics::MetricsLayer;

impl WebhookLayer {
    /// Tries HTTPS-only out, see [`HttpsOnlyLayer::report_only`]: before a proxy is known to say what it should. Asks for
    /// [`https_only`](Self::https_only) where that was not done.
    pub fn report_only_https(mut self) -> Self {
        self.https_reported = true;
        self.head.https_only = self.head.https_only.map(HttpsOnlyLayer::report_only);
        if self.head.https_only.is_some() { self } else { self.https_only() }
    }

    /// Tries the allowlist out, see [`AllowlistLayer::report_only`]: before it is known to be complete. To be called after
    /// [`allow`](Self::allow) or [`allowlist`](Self::allowlist).
    pub fn report_only_allowlist(mut self) -> Self {
        self.head.allowlist = self.head.allowlist.map(AllowlistLayer::report_only);
        self
    }

    /// Tries the signature out, see [`SignatureLayer::report_only`](crate::SignatureLayer::report_only): everything passes
    /// that the other checks and the limits let through, judged. The handler takes a request with an [`ObservedBody`];
    /// what is not verified never reaches the store of idempotency.
    ///
    /// To be called last.
    pub const fn report_only_signature(self) -> ReportOnlyWebhookLayer {
        ReportOnlyWebhookLayer(self)
    }
}

/// The finished stack with a signature that is only tried out, see [`WebhookLayer::report_only_signature`].
///
/// ```
/// use axum::{Router, routing::post};
/// use tower_webhook::testing::{self, Endpoint};
/// use tower_webhook::{Delivery, Secret, WebhookLayer, provider};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower_webhook::ConfigError> {
/// let github = WebhookLayer::new(provider::GITHUB, Secret::new("It's a Secret to Everybody")?)?;
/// let handler = async |delivery: Delivery| format!("verified: {}", delivery.is_verified());
/// let app = Router::new().route("/", post(handler).layer(github.report_only_signature()));
///
/// let endpoint = Endpoint::new(app);
/// let delivery = testing::delivery(provider::GITHUB, "It's a Secret to Everybody").json("{}");
/// assert_eq!(endpoint.send(&delivery).await.body(), "verified: true");
/// assert_eq!(endpoint.send(&delivery.unsigned()).await.body(), "verified: false"); // counted, told, and let pass
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct ReportOnlyWebhookLayer(WebhookLayer);

impl<S: Clone> Layer<S> for ReportOnlyWebhookLayer {
    type Service = WebhookService<S, ObservedBody>;

    fn layer(&self, handler: S) -> Self::Service {
        let Self(layer) = self;
        let meter = layer.metrics.as_ref().map(MetricsLayer::meter);
        let signature = layer.signature.clone().report_only();
        WebhookService::new(Arc::new(layer.head.ready()), signed(layer, &signature, handler), meter, layer.trace())
    }
}
