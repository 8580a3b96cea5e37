//! The one place where the order stands.

use tower_layer::Layer;

use super::layer::WebhookLayer;
use super::optional::OptionalService;
use crate::allowlist::AllowlistService;
use crate::body::ResponseBody;
use crate::challenge::{ChallengeService, SubscribeService};
use crate::https_only::HttpsOnlyService;
use crate::idempotency::IdempotencyService;
use crate::raw_body::RawBodyService;
use crate::signature::SignatureService;

/// Outermost first; metrics go around all of it, so that every end is counted.
///
/// 1. HTTPS only: a secret that came in clear is not worth looking at.
/// 2. Allowlist: costs nothing and reads nothing.
/// 3. Raw body: the limits stand before anybody reads.
/// 4. Subscription: a `GET` that is not signed and has no body to verify.
/// 5. Signature: from here on we know who it is.
/// 6. Challenge: a signed question is answered to the sender alone, and is no event to remember.
/// 7. Idempotency: only who is verified may claim an id.
pub(super) type Ordered<S> = Opt<HttpsOnlyService<Listed<S>>, Listed<S>>;
type Listed<S> = Opt<AllowlistService<Limited<S>>, Limited<S>>;
type Limited<S> = RawBodyService<Asked<S>>;
type Asked<S> = Opt<SubscribeService<Signed<S>>, Signed<S>>;
type Signed<S> = SignatureService<ChallengeService<Once<S>>>;
type Once<S> = Opt<IdempotencyService<S>, S>;

type Opt<A, S> = OptionalService<A, S>;

/// What each layer in turn makes of the handler's body.
pub(super) type OrderedBody<B> = Layered<Layered<Layered<Layered<Layered<Layered<Layered<B>>>>>>>;
type Layered<B> = ResponseBody<B>;

pub(super) fn ordered<S: Clone>(layer: &WebhookLayer, handler: S) -> Ordered<S> {
    let once = OptionalService::new(layer.idempotency.as_ref(), handler);
    let signed = layer.signature.layer(layer.challenge.layer(once));
    let asked = OptionalService::new(layer.subscribe.as_ref(), signed);
    let limited = layer.raw_body.layer(asked);
    let listed = OptionalService::new(layer.allowlist.as_ref(), limited);
    OptionalService::new(layer.https_only.as_ref(), listed)
}
