//! How the layer is set up.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use tower_layer::Layer;

use super::service::AckDeadlineService;
use crate::acknowledgement::Acknowledgement;
use crate::config_error::{ConfigError, ConfigErrorKind};
use crate::delivery::Delivery;
use crate::takeover::Takeover;
use crate::telemetry::UnfinishedMetrics;

/// The deadline of a sender that states none.
const DEADLINE: Duration = Duration::from_secs(5);
/// The longest margin that is taken off by default.
const MARGIN: Duration = Duration::from_secs(1);

/// Answers at the sender's deadline, whether or not the handler has finished. See the [module docs](super).
#[derive(Clone, Debug)]
#[must_use]
pub struct AckDeadlineLayer {
    pub(super) takeover: Takeover,
    deadline: Option<Duration>,
    margin: Option<Duration>,
    acknowledgement: Acknowledgement,
    pub(super) metrics: Option<UnfinishedMetrics>,
}

impl AckDeadlineLayer {
    /// At the deadline of the sender, as the catalogue knows it; what has not finished by then is left to `takeover`.
    pub const fn new(takeover: Takeover) -> Self {
        Self { takeover, deadline: None, margin: None, acknowledgement: Acknowledgement::new(), metrics: None }
    }

    /// How long the sender waits for an answer, from its request on. Default: what the catalogue says of the sender,
    /// 5 s where it says nothing.
    ///
    /// # Errors
    /// Zero.
    pub fn deadline(self, deadline: Duration) -> Result<Self, ConfigError> {
        if deadline.is_zero() {
            return Err(ConfigError::new(ConfigErrorKind::Limit, "a deadline of zero leaves the handler no time"));
        }
        Ok(Self { deadline: Some(deadline), ..self })
    }

    /// How long before the deadline the answer goes out: time for the way of the request, for storing it and for the way
    /// back. Default: a fifth of the deadline, at most 1 s. Never more than nine tenths of the deadline.
    pub const fn margin(mut self, margin: Duration) -> Self {
        self.margin = Some(margin);
        self
    }

    /// The status of an early answer. Default: 200 with the sender's exact answer where it asks for one; else
    /// 202 where the sender is known to take that for success, and 200 where it is not.
    ///
    /// # Errors
    /// One that is no 2xx: the sender would deliver again what goes on.
    pub fn status(mut self, status: u16) -> Result<Self, ConfigError> {
        self.acknowledgement = self.acknowledgement.with_status(status)?;
        Ok(self)
    }

    /// The body of an early answer, where the sender asks for one that the catalogue does not know.
    pub fn answer(mut self, body: impl Into<Bytes>) -> Self {
        self.acknowledgement = self.acknowledgement.with_body(body.into());
        self
    }

    /// Counts what was acknowledged before it was finished, and how it ended. Install the recorder first.
    #[cfg(any(feature = "metrics", feature = "otel"))]
    pub fn metrics(mut self) -> Self {
        self.metrics = Some(UnfinishedMetrics::new());
        self
    }

    /// How many runs go on after their answer at this moment, of all layers with this takeover.
    #[must_use]
    pub fn running(&self) -> usize {
        self.takeover.0.runs().count()
    }

    /// Waits at most `grace` for the runs that go on after their answer, and returns how many are left: for the end of a
    /// program, once the server takes no more requests. [`Inbox::drain`](crate::inbox::Inbox::drain) does so by itself.
    #[cfg_attr(not(feature = "sqlite"), allow(rustdoc::broken_intra_doc_links))]
    pub async fn drain(&self, grace: Duration) -> usize {
        let runs = self.takeover.0.runs();
        // What is left is counted.
        drop(tokio::time::timeout(grace, runs.idle()).await);
        runs.count()
    }

    /// How long after the request's arrival the answer goes out.
    pub(super) fn limit(&self, delivery: &Delivery) -> Duration {
        let deadline = self.deadline.or(delivery.facts.deadline).unwrap_or(DEADLINE);
        let margin = self.margin.unwrap_or_else(|| (deadline / 5).min(MARGIN));
        deadline.saturating_sub(margin.min(deadline / 10 * 9))
    }

    /// What an early answer says.
    pub(super) fn early(&self, delivery: &Delivery) -> Response<Bytes> {
        self.acknowledgement.first(&delivery.facts)
    }
}

impl<S> Layer<S> for AckDeadlineLayer {
    type Service = AckDeadlineService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        AckDeadlineService { inner, layer: Arc::new(self.clone()) }
    }
}
