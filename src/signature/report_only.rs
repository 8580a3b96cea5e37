//! The signature, tried out: everything passes, judged.

use tower_layer::Layer;

use super::{SignatureLayer, SignatureService};
use crate::body::ObservedBody;

/// Judges deliveries and lets all of them pass, see [`SignatureLayer::report_only`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ReportOnlySignatureLayer(SignatureLayer);

impl ReportOnlySignatureLayer {
    pub(super) const fn new(layer: SignatureLayer) -> Self {
        Self(layer)
    }
}

impl<S> Layer<S> for ReportOnlySignatureLayer {
    type Service = SignatureService<S, ObservedBody>;

    fn layer(&self, inner: S) -> Self::Service {
        SignatureService::new(inner, self.0.ready())
    }
}
