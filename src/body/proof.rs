//! What a layer may ask of the body that reaches it.

use bytes::Bytes;
use http_body::Body;

use super::{BodyBudget, BoxError, ObservedBody, RawBody, RawBodyError, VerifiedBody};

/// Supertraits that nobody outside can name, so nobody outside can implement what follows.
#[allow(unnameable_types)]
mod sealed {
    use super::{BodyBudget, Bytes};

    #[diagnostic::on_unimplemented(
        message = "`{Self}` proves nothing: only `RawBodyLayer` makes a captured body",
        label = "not a `RawBody`"
    )]
    pub trait Captured {
        fn budget(&self) -> &BodyBudget;
    }

    #[diagnostic::on_unimplemented(
        message = "`{Self}` proves nothing: only `SignatureLayer` makes a judged body",
        label = "not a `VerifiedBody`"
    )]
    pub trait Judged {
        fn bytes(&self) -> &Bytes;
    }
}

/// A body whose limits are set and of which nothing has been read: [`RawBody`]. Sealed.
#[diagnostic::on_unimplemented(
    message = "this layer needs the raw bytes of the body, but it gets `{Self}`",
    label = "no `RawBodyLayer` stands outside of this layer",
    note = "put `RawBodyLayer` before it: `.layer((RawBodyLayer::new(), SignatureLayer::new(..)?))`, or use `WebhookLayer`, which orders everything itself",
    note = "axum erases body types between two separate `.layer()` calls: give it all layers of the stack in one call, as a tuple"
)]
pub trait Captured: Body<Data = Bytes, Error = RawBodyError> + sealed::Captured {}

impl<B> sealed::Captured for RawBody<B>
where
    B: Body<Error: Into<BoxError>>,
{
    fn budget(&self) -> &BodyBudget {
        self.budget()
    }
}

impl<B> Captured for RawBody<B> where B: Body<Error: Into<BoxError>> {}

/// A body that a signature layer has judged: [`VerifiedBody`], or [`ObservedBody`] where it is only tried out. Layers that
/// take it ask the [`Delivery`](crate::Delivery) whether it is verified. Sealed.
#[diagnostic::on_unimplemented(
    message = "this layer works on verified deliveries only, but it gets `{Self}`",
    label = "no `SignatureLayer` stands outside of this layer",
    note = "put `RawBodyLayer` and `SignatureLayer` before it: `.layer((RawBodyLayer::new(), SignatureLayer::new(..)?, IdempotencyLayer::in_memory()))`, or use `WebhookLayer`, which orders everything itself",
    note = "axum erases body types between two separate `.layer()` calls: give it all layers of the stack in one call, as a tuple"
)]
pub trait Judged: Body<Data = Bytes> + sealed::Judged {}

impl sealed::Judged for VerifiedBody {
    fn bytes(&self) -> &Bytes {
        self.bytes()
    }
}

impl Judged for VerifiedBody {}

impl sealed::Judged for ObservedBody {
    fn bytes(&self) -> &Bytes {
        self.bytes()
    }
}

impl Judged for ObservedBody {}
