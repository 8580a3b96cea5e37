//! What a signature layer hands on: only what it verified, or everything, judged.

use bytes::Bytes;

use crate::body::{ObservedBody, VerifiedBody};
use crate::delivery::Delivery;
use crate::rejection::Rejection;

/// The body behind a signature layer. It alone decides whether a refusal is one: [`VerifiedBody`] exists for what is
/// verified, [`ObservedBody`] for all that the limits let through.
#[allow(unnameable_types, reason = "nobody else makes bodies that are judged")]
pub trait Handed: Sized {
    /// Whether anything passes that is refused otherwise.
    const LETS_PASS: bool;

    /// The body of a delivery that was verified (or let in unsigned, by name).
    fn verified(delivery: &Delivery) -> Self;

    /// The body of a delivery that is refused, where such a one passes.
    fn refused(rejection: Rejection, body: &Bytes) -> Result<(Rejection, Self), Rejection>;
}

impl Handed for VerifiedBody {
    const LETS_PASS: bool = false;

    fn verified(delivery: &Delivery) -> Self {
        Self::new(delivery.body().clone())
    }

    fn refused(rejection: Rejection, _: &Bytes) -> Result<(Rejection, Self), Rejection> {
        Err(rejection)
    }
}

impl Handed for ObservedBody {
    const LETS_PASS: bool = true;

    fn verified(delivery: &Delivery) -> Self {
        Self::new(delivery.body().clone())
    }

    fn refused(rejection: Rejection, body: &Bytes) -> Result<(Rejection, Self), Rejection> {
        Ok((rejection, Self::new(body.clone())))
    }
}
