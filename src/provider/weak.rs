//! Senders that sign with what no standard allows any more. Their names say so.

use super::entry;
use crate::scheme::{Confidence, Encoding, Place, Scheme, header};

/// Patreon: `X-Patreon-Signature`, HMAC-MD5 over the body. MD5 is broken as a hash, and though nobody has forged an
/// HMAC by that, nobody should have to rely on it: fetch what is worth money from Patreon's API.
pub const PATREON_HMAC_MD5: Scheme = entry(
    Scheme::hmac_md5("patreon")
        .signature(header("x-patreon-signature"), Encoding::Hex)
        .event_type(Place::Header("x-patreon-event"))
        .source(
            "patreondevelopers.com thread that quotes Patreon's documentation; public receiver code",
            Confidence::ThirdParty,
        ),
);
