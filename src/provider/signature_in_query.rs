//! Senders that put the signature into the query: keep query strings out of access logs.

use super::entry;
use crate::scheme::{Confidence, Encoding, Place, Scheme, query};

/// PandaDoc: the query parameter `signature`, HMAC-SHA-256 over the body, which is a batch of events.
pub const PANDADOC: Scheme = entry(
    Scheme::hmac_sha256("pandadoc")
        .signature(query("signature"), Encoding::Hex)
        .id(Place::Header("x-pandadoc-webhook-event-id"))
        .source("developers.pandadoc.com webhook verification and deduplication pages", Confidence::Verified),
);
