//! The configuration.

use std::sync::Arc;

use http::Extensions;
use tower_layer::Layer;

use super::TraceService;
use crate::telemetry::ReceiveSpan;

/// Makes a span of each request. Outermost; see the [module](super).
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it is given to a service"]
pub struct TraceLayer {
    route: Arc<str>,
    provider: Arc<str>,
}

impl TraceLayer {
    /// For the route of this name. It is the field `webhook.route`, and `webhook.provider` too unless
    /// [`provider`](Self::provider) says otherwise.
    pub fn new(route: &str) -> Self {
        Self { route: route.into(), provider: route.into() }
    }

    /// The field `webhook.provider`: the sender. By default the name of the route.
    pub fn provider(self, provider: &str) -> Self {
        Self { provider: provider.into(), ..self }
    }

    /// `None` where nobody listens.
    pub(crate) fn begin(&self, extensions: &mut Extensions) -> Option<ReceiveSpan> {
        ReceiveSpan::begin(&self.route, &self.provider, extensions)
    }
}

impl<S> Layer<S> for TraceLayer {
    type Service = TraceService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        TraceService::new(inner, self.clone())
    }
}
