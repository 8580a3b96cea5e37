//! What goes into a sink, and what comes back.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};

use crate::clock::UnixTime;
use crate::delivery::Delivery;
use crate::delivery_key::Key;

/// Where events go. The future resolves once the event is as durable as the sink can make it, not before.
///
/// A call that was dropped, or failed, may have appended the event all the same: the sender brings it again.
pub trait Sink: Send + Sync + 'static {
    /// Why it could not be appended. Told to the operator, never to the sender.
    type Error: Error + Send + Sync + 'static;

    /// Appends this event.
    fn append(&self, event: Event) -> impl Future<Output = Result<Receipt, Self::Error>> + Send;
}

/// What a sink has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Receipt {
    /// It is there now.
    Appended,
    /// It was there already: a copy.
    Known,
}

/// A verified delivery on its way into a sink. `Debug` shows no body.
#[derive(Clone)]
pub struct Event {
    pub(super) delivery: Delivery,
    pub(super) key: Option<Key>,
    pub(super) retain: Duration,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) received_at: UnixTime,
}

impl Event {
    /// Sender, route, id, type and more.
    #[must_use]
    pub const fn delivery(&self) -> &Delivery {
        &self.delivery
    }

    /// The exact bytes that were signed.
    #[must_use]
    pub const fn body(&self) -> &Bytes {
        self.delivery.body()
    }

    /// The same for each copy of a delivery, and for no other. `None` where the sender gives no id: then copies cannot be
    /// told from new deliveries.
    #[must_use]
    pub const fn key(&self) -> Option<&Key> {
        self.key.as_ref()
    }

    /// How long copies may come: as long as the sender goes on with retries plus a day, and a day where that is not known.
    #[must_use]
    pub const fn retain_for(&self) -> Duration {
        self.retain
    }

    /// The method.
    #[must_use]
    pub const fn method(&self) -> &Method {
        &self.method
    }

    /// The path of the URL, without its query, which may hold a token.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// `content-type`, `content-language` and `user-agent`: no other header is handed on.
    #[must_use]
    pub const fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// When it was received.
    #[must_use]
    pub const fn received_at(&self) -> UnixTime {
        self.received_at
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event").field("delivery", &self.delivery).field("path", &self.path).finish_non_exhaustive()
    }
}

/// What a sink answers, without its error type.
pub(super) type Appending = Pin<Box<dyn Future<Output = Result<Receipt, Box<dyn Error + Send + Sync>>> + Send>>;

/// A sink without its types.
pub(super) trait Erased: Send + Sync {
    fn append(self: std::sync::Arc<Self>, event: Event) -> Appending;
}

impl<S: Sink> Erased for S {
    fn append(self: std::sync::Arc<Self>, event: Event) -> Appending {
        Box::pin(async move { Sink::append(&*self, event).await.map_err(Into::into) })
    }
}
