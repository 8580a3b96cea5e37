//! Senders that sign in more than one way, by how the receiver's account is set up.

use crate::provider;
use crate::scheme::Scheme;

/// The name that a captured delivery gives, and the other ways in which that sender signs.
const WAYS: &[(&str, &[&Scheme])] = &[
    (provider::AWS_SNS.name(), &[&provider::AWS_SNS_SHA1]),
    (provider::CLOUDINARY.name(), &[&provider::CLOUDINARY_SHA256]),
    (provider::CONVOY.name(), &[&provider::CONVOY_SIMPLE]),
    (provider::HOOK0.name(), &[&provider::HOOK0_V0]),
    (provider::VONAGE_SMS.name(), &[&provider::VONAGE_SMS_MD5, &provider::VONAGE_SMS_SHA512]),
];

/// What else is tried where a delivery is not written as `scheme` writes it. No layer does so: of two ways it would
/// take the weaker one. The tool judges what a sender sends.
pub(super) fn other_ways(scheme: &Scheme) -> impl Iterator<Item = &'static Scheme> {
    let ways = WAYS.iter().find(|(name, _)| *name == scheme.name());
    ways.into_iter().flat_map(|(_, ways)| ways.iter().copied())
}
