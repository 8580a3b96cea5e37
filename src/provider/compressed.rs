//! Senders that sign the body and compress it if they are told to.

use std::time::Duration;

use super::{challenges, entry};
use crate::scheme::{Confidence, Encoding, Place, Scheme, header};

/// Stream (chat, feeds, video): `X-Signature`, HMAC-SHA-256 over the body under the API secret. Where compression is
/// turned on, Stream signs what it compressed and not what it sends, so those deliveries are refused: leave it off.
pub const GETSTREAM: Scheme = entry(
    Scheme::hmac_sha256("getstream")
        .signature(header("x-signature"), Encoding::Hex)
        .id(Place::Header("x-webhook-id"))
        .event_type(Place::Json("/type"))
        .attempt("x-webhook-attempt")
        .source("npm stream-chat 9.53.0; GetStream/stream-chat-python docs", Confidence::Verified),
);

/// Nylas v3: `x-nylas-signature`, HMAC-SHA-256 over the body. Where `compressed_delivery` is turned on, the compressed
/// bytes are signed: no layer that decompresses may stand before this one, and id and event type are not found.
pub const NYLAS: Scheme = entry(
    Scheme::hmac_sha256("nylas")
        .signature(header("x-nylas-signature"), Encoding::Hex)
        .id(Place::Json("/id"))
        .event_type(Place::Json("/type"))
        .deadline(Duration::from_secs(10))
        .challenge(challenges::NYLAS)
        .source("developer.nylas.com; SlopMaster2/webhook-verify src/providers/mod.rs", Confidence::ThirdParty),
);
