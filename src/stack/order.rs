//! The one place where the order stands.

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower_layer::Layer;

use super::layer::WebhookLayer;
use super::optional::OptionalService;
use crate::allowlist::AllowlistLayer;
use crate::body::{RawBody, VerifiedBody};
use crate::challenge::{ChallengeService, HandshakeService};
use crate::https_only::HttpsOnlyLayer;
use crate::idempotency::IdempotencyService;
use crate::raw_body::RawBodyLayer;
use crate::signature::SignatureService;

/// What is decided on the head alone. Metrics go around it, so that every end is counted.
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub(super) https_only: Option<HttpsOnlyLayer>,
    pub(super) allowlist: Option<AllowlistLayer>,
    pub(super) raw_body: RawBodyLayer,
}

impl Head {
    /// The same with its handles resolved, for a service.
    pub(super) fn ready(&self) -> Self {
        Self {
            https_only: self.https_only.as_ref().map(HttpsOnlyLayer::ready),
            allowlist: self.allowlist.as_ref().map(AllowlistLayer::ready),
            ..self.clone()
        }
    }

    /// A refusal that needs no body; else the request, with the limits of its body set.
    #[allow(clippy::result_large_err, reason = "the answer is handed on at once; a box would be an allocation")]
    pub(super) fn judge<B: Body>(&self, mut request: Request<B>) -> Result<Request<RawBody<B>>, Response<Bytes>> {
        // A secret that came in clear is not worth looking at.
        let refusal = self.https_only.as_ref().and_then(|layer| layer.refusal(&mut request));
        // Costs little and reads nothing.
        let refusal = refusal.or_else(|| self.allowlist.as_ref()?.refusal(&mut request));
        // The limits stand before anybody reads.
        let refusal = refusal.or_else(|| self.raw_body.refusal(&request));
        match refusal {
            Some(refusal) => Err(refusal),
            // Who is behind the signature reads its bytes, so the request needs no mark.
            None => Ok(self.raw_body.limit_body(request)),
        }
    }
}

/// What needs the body, outermost first: the handshake, which comes before anything is signed; the signature, since from here on we know who it is; the challenge, since a
/// signed question is answered to the sender alone and is no event to remember; idempotency, since only who is
/// verified may claim an id.
pub(super) type Signed<S, O = VerifiedBody> =
    HandshakeService<SignatureService<ChallengeService<OptionalService<IdempotencyService<S>, S>>, O>>;

/// What is put around the handler; `signature` is the signature layer as it is, or in report-only mode.
pub(super) fn signed<S, O, L>(layer: &WebhookLayer, signature: &L, handler: S) -> Signed<S, O>
where
    S: Clone,
    L: Layer<
            ChallengeService<OptionalService<IdempotencyService<S>, S>>,
            Service = SignatureService<ChallengeService<OptionalService<IdempotencyService<S>, S>>, O>,
        >,
{
    let once = OptionalService::new(layer.idempotency.as_ref(), handler);
    if layer.signature.scheme().challenges().is_empty() {
        return layer.handshake.layer(signature.layer(layer.challenge.layer(once)));
    }
    let (for_unsigned, for_signed) = (layer.signature.clone(), layer.signature.clone());
    let handshake = layer.handshake.clone().keys_from(move |head| for_unsigned.keys_for(head));
    let challenge = layer.challenge.clone().keys_from(move |head| for_signed.keys_for(head));
    handshake.layer(signature.layer(challenge.layer(once)))
}
