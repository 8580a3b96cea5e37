//! The configuration.

use std::sync::{Arc, OnceLock};

use tower_layer::Layer;

use super::{Meter, MetricsService};
use crate::clock::{Clock, SystemClock};
use crate::telemetry::RequestMetrics;

/// Counts how the deliveries of one route end. Outermost; see the [module](crate::metrics).
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it is given to a service"]
pub struct MetricsLayer {
    route: Arc<str>,
    provider: Arc<str>,
    /// Resolved at the first service, when the labels are settled.
    metrics: Arc<OnceLock<RequestMetrics>>,
    clock: Arc<dyn Clock>,
}

impl MetricsLayer {
    /// For the route of this name. The name becomes the label `route`, and `provider` too unless
    /// [`provider`](Self::provider) says otherwise: take one that does not change.
    ///
    /// The handles are resolved when the layer is given to its first service. Install the recorder before:
    /// what is built without one never counts.
    pub fn new(route: &str) -> Self {
        Self { route: route.into(), provider: route.into(), metrics: Arc::default(), clock: Arc::new(SystemClock) }
    }

    /// The label `provider`: the sender. By default the name of the route.
    pub fn provider(mut self, provider: &str) -> Self {
        self.provider = provider.into();
        self.metrics = Arc::default();
        self
    }

    /// Another clock for the durations.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// The handles, resolved at the first call.
    pub(crate) fn meter(&self) -> Meter {
        let metrics = self.metrics.get_or_init(|| RequestMetrics::new(&self.route, &self.provider));
        Meter::new(metrics.clone(), Arc::clone(&self.clock))
    }
}

impl<S> Layer<S> for MetricsLayer {
    type Service = MetricsService<S>;

    fn layer(&self, inner: S) -> MetricsService<S> {
        MetricsService::new(inner, self.meter())
    }
}
