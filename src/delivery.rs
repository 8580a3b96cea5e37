//! What is known of one delivery once its signature was checked.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;

use crate::clock::UnixTime;
use crate::coverage::Coverage;
use crate::json_pointer;
use crate::run_context::IdempotencyContext;

/// One verified delivery: who sent it, its id, its type, its bytes.
///
/// It is in the extensions of the request behind a [`SignatureLayer`](crate::SignatureLayer), and only
/// this crate makes one. Cheap to clone. `Debug` shows neither body nor signature.
#[derive(Clone)]
pub struct Delivery {
    pub(crate) facts: Arc<Facts>,
    pub(crate) route: Arc<str>,
    pub(crate) tenant: Option<Arc<str>>,
    pub(crate) id: Value,
    pub(crate) event_type: Value,
    /// Within which delivery ids are unique.
    pub(crate) account: Option<HeaderValue>,
    pub(crate) attempt: Option<u32>,
    pub(crate) sent_at: Option<UnixTime>,
    pub(crate) key_id: Option<Arc<str>>,
    pub(crate) proof: Option<SignedMaterial>,
    pub(crate) run: Option<IdempotencyContext>,
    pub(crate) body: Bytes,
}

/// What the catalogue knows of the sender and what layers behind the signature need.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) provider: &'static str,
    /// What of the body is covered by the signature.
    pub(crate) covers: Coverage,
    /// Headers that hold a signature or a token, and query parameters likewise.
    #[cfg_attr(not(feature = "journal"), allow(dead_code))]
    pub(crate) credentials: Credentials,
    /// The id is covered by the signature.
    pub(crate) id_is_signed: bool,
    /// Two deliveries with the same body are one.
    pub(crate) bodies_are_unique: bool,
    /// How long the sender goes on with retries of one delivery.
    pub(crate) retry_horizon: Option<Duration>,
    /// How long the sender waits for an answer.
    pub(crate) deadline: Option<Duration>,
    /// The body that alone it takes for success, if there is one.
    pub(crate) success_answer: Option<&'static str>,
    /// It is known to take 202 for success.
    pub(crate) takes_202: bool,
}

/// Where a sender's signature or token stands, and where it says what a delivery is.
#[derive(Clone, Debug, Default)]
#[cfg_attr(not(feature = "journal"), allow(dead_code))]
pub(crate) struct Credentials {
    pub(crate) headers: Vec<&'static str>,
    pub(crate) parameters: Vec<&'static str>,
    /// Headers with id, event type, account, attempt and timestamp.
    pub(crate) told: Vec<&'static str>,
}

/// A text that stands in a header, or somewhere in the body and is looked for when asked for.
#[derive(Clone, Debug, Default)]
pub(crate) enum Value {
    Body(&'static str),
    Header(HeaderValue),
    /// The header stands on several lines, or is not ASCII.
    Malformed,
    #[default]
    None,
}

/// The decoded signature that matched: the same for each replay of the same bytes.
#[derive(Clone, Copy)]
pub(crate) struct SignedMaterial {
    pub(crate) bytes: [u8; 64],
    pub(crate) len: u8,
}

impl SignedMaterial {
    pub(crate) fn as_slice(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

impl fmt::Debug for SignedMaterial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignedMaterial(..)")
    }
}

impl Value {
    fn read<'a>(&'a self, body: &'a [u8]) -> Option<Cow<'a, str>> {
        match self {
            Self::Body(pointer) => json_pointer::text_at(body, pointer),
            Self::Header(value) => std::str::from_utf8(value.as_bytes()).ok().map(Cow::Borrowed),
            Self::Malformed | Self::None => None,
        }
        .filter(|text| !text.is_empty())
    }
}

impl Delivery {
    /// The sender, by its name in the catalogue, or as you named your own.
    #[must_use]
    pub fn provider(&self) -> &'static str {
        self.facts.provider
    }

    /// The route, as configured; the provider's name where none was.
    #[must_use]
    pub fn route(&self) -> &str {
        &self.route
    }

    /// The tenant that the key resolver named, if any.
    #[must_use]
    pub fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }

    /// The sender's id of this delivery, as it stands in its header or its JSON body; text as received,
    /// of any length. `None` where the sender has none. The body is read anew at each call.
    #[must_use]
    pub fn id(&self) -> Option<Cow<'_, str>> {
        self.id.read(&self.body)
    }

    /// The sender's name for what happened. The body is read anew at each call.
    #[must_use]
    pub fn event_type(&self) -> Option<Cow<'_, str>> {
        self.event_type.read(&self.body)
    }

    /// Which attempt this is, for senders that say so. Not signed, unless the sender signs its headers.
    #[must_use]
    pub const fn attempt(&self) -> Option<u32> {
        self.attempt
    }

    /// When the sender signed it, for senders that sign a timestamp.
    #[must_use]
    pub const fn sent_at(&self) -> Option<UnixTime> {
        self.sent_at
    }

    /// The id of the key that matched. `None` for a delivery that was let in unsigned.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// The run that this is, behind an [`IdempotencyLayer`](crate::IdempotencyLayer). `None` for a delivery that
    /// was let in unsigned, has no id, or runs without a claim.
    #[must_use]
    pub const fn idempotency(&self) -> Option<&IdempotencyContext> {
        self.run.as_ref()
    }

    /// Whether a signature (or shared token) was checked: `false` only behind
    /// [`danger::accept_unsigned`](crate::danger::accept_unsigned).
    #[must_use]
    pub const fn is_verified(&self) -> bool {
        self.key_id.is_some()
    }

    /// What of the body the sender's signature covers. Where that is not all of it, whoever has seen one delivery can
    /// send another body with the same signature: take the id of the object from the covered fields and fetch the object
    /// from the sender, rather than to believe the rest. [`Coverage::Nothing`] for a delivery that was let in unsigned.
    ///
    /// ```
    /// use tower_webhook::Delivery;
    /// use tower_webhook::scheme::Coverage;
    ///
    /// fn may_be_believed(delivery: &Delivery) -> bool {
    ///     delivery.coverage() == Coverage::Body
    /// }
    /// ```
    #[must_use]
    pub fn coverage(&self) -> Coverage {
        if self.is_verified() { self.facts.covers } else { Coverage::Nothing }
    }

    /// The body, byte for byte as it was sent. What of it is proved is said by [`coverage`](Self::coverage).
    #[must_use]
    pub const fn body(&self) -> &Bytes {
        &self.body
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("provider", &self.provider())
            .field("route", &self.route)
            .field("tenant", &self.tenant)
            .field("id", &self.id())
            .field("event_type", &self.event_type())
            .field("attempt", &self.attempt)
            .field("sent_at", &self.sent_at)
            .field("key_id", &self.key_id)
            .field("body_len", &self.body.len())
            .finish()
    }
}
