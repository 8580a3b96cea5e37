//! How the layer is set up.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tower_layer::Layer;

use super::event::{Erased, Sink};
use super::service::{NoSink, SinkEndpoint, SinkService};
use crate::acknowledgement::Acknowledgement;
use crate::clock::{Clock, SystemClock};
use crate::config_error::ConfigError;
use crate::rejection::{Refusals, RenderRejection};

/// Appends verified deliveries to a [`Sink`] and acknowledges them once they are there. See the [module docs](super).
#[derive(Clone)]
#[must_use]
pub struct SinkLayer {
    pub(super) sink: Arc<dyn Erased>,
    pub(super) timeout: Duration,
    pub(super) acknowledgement: Acknowledgement,
    pub(super) refusals: Refusals,
    pub(super) clock: Arc<dyn Clock>,
}

impl SinkLayer {
    /// Appends to this sink.
    pub fn new(sink: impl Sink) -> Self {
        Self {
            sink: Arc::new(sink),
            timeout: Duration::from_secs(2),
            acknowledgement: Acknowledgement::new(),
            refusals: Refusals::default(),
            clock: Arc::new(SystemClock),
        }
    }

    /// How long the sink may take; then the delivery is refused with 503. Keep it below the sender's deadline. Default 2 s.
    pub const fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// The status of what is appended. Default: 200 with the sender's exact answer where it asks for one; else
    /// 202 where the sender is known to take that for success, and 200 where it is not.
    ///
    /// # Errors
    /// One that is no 2xx: the sender would deliver again what is appended.
    pub fn status(mut self, status: u16) -> Result<Self, ConfigError> {
        self.acknowledgement = self.acknowledgement.with_status(status)?;
        Ok(self)
    }

    /// The body of the answer, where the sender asks for one that the catalogue does not know.
    pub fn answer(mut self, body: impl Into<Bytes>) -> Self {
        self.acknowledgement = self.acknowledgement.with_body(body.into());
        self
    }

    /// Another way to write refusals down.
    pub fn render_with(mut self, renderer: impl RenderRejection) -> Self {
        self.refusals = self.refusals.rendered_by(Arc::new(renderer));
        self
    }

    /// Where the time of receipt comes from. Default: [`SystemClock`].
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// The same as the last service of a stack: what was let in unsigned is refused with 500 `misconfigured`.
    #[must_use]
    pub fn endpoint(&self) -> SinkEndpoint {
        self.layer(NoSink)
    }
}

impl fmt::Debug for SinkLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SinkLayer").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

impl<S> Layer<S> for SinkLayer {
    type Service = SinkService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        SinkService { inner, layer: Arc::new(self.clone()) }
    }
}
