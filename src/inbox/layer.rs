//! How the layer is set up.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tower_layer::Layer;

use super::service::{InboxService, Intake};
use crate::acknowledgement::Acknowledgement;
use crate::config_error::ConfigError;
use crate::rejection::{Refusals, RenderRejection};

/// Stores verified deliveries and acknowledges them once they are on the disk, see the [module](super). Made by
/// [`Inbox::layer`](super::Inbox::layer).
#[derive(Clone)]
#[must_use]
pub struct InboxLayer {
    pub(super) intake: Arc<Intake>,
    pub(super) answering: Answering,
}

/// What a stored delivery is answered with.
#[derive(Clone, Debug, Default)]
pub(super) struct Answering {
    pub(super) acknowledgement: Acknowledgement,
    pub(super) retain: Option<Duration>,
    pub(super) refusals: Refusals,
}

impl InboxLayer {
    /// The status of what is stored. Default: 200 with the sender's exact answer where it asks for one; else
    /// 202 where the sender is known to take that for success, and 200 where it is not.
    ///
    /// # Errors
    /// One that is no 2xx: the sender would deliver again what is stored.
    pub fn status(mut self, status: u16) -> Result<Self, ConfigError> {
        self.answering.acknowledgement = self.answering.acknowledgement.with_status(status)?;
        Ok(self)
    }

    /// The body of the answer, where the sender asks for one that the catalogue does not know.
    pub fn answer(mut self, body: impl Into<Bytes>) -> Self {
        self.answering.acknowledgement = self.answering.acknowledgement.with_body(body.into());
        self
    }

    /// How long copies are recognised. Default: as long as the sender goes on with retries plus a day, and a day where
    /// that is not known.
    pub const fn retain_for(mut self, time: Duration) -> Self {
        self.answering.retain = Some(time);
        self
    }

    /// Another way to write refusals down.
    pub fn render_with(mut self, renderer: impl RenderRejection) -> Self {
        self.answering.refusals = self.answering.refusals.rendered_by(Arc::new(renderer));
        self
    }
}

impl fmt::Debug for InboxLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InboxLayer").field("acknowledgement", &self.answering.acknowledgement).finish_non_exhaustive()
    }
}

impl<S> Layer<S> for InboxLayer {
    type Service = InboxService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        InboxService::new(inner, Arc::clone(&self.intake), Arc::new(self.answering.clone()))
    }
}
