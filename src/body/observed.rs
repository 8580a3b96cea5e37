//! The bytes of a delivery that was looked at, and let pass whatever came out.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;

/// The body behind a signature layer in report-only mode: all of it, in memory, byte for byte as it was sent, by whomever.
///
/// [`Delivery::is_verified`](crate::Delivery::is_verified) says whether a signature matched. A service that takes
/// `Request<VerifiedBody>` does not fit behind report-only mode, so nobody takes one for the other. `Debug` shows the length
/// alone.
#[derive(Clone)]
pub struct ObservedBody {
    bytes: Bytes,
    unread: Full<Bytes>,
}

impl ObservedBody {
    pub(crate) fn new(bytes: Bytes) -> Self {
        Self { unread: Full::new(bytes.clone()), bytes }
    }

    /// The bytes.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The bytes.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.bytes
    }
}

impl Body for ObservedBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Pin::new(&mut self.unread).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.unread.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.unread.size_hint()
    }
}

impl fmt::Debug for ObservedBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObservedBody").field("len", &self.bytes.len()).finish()
    }
}
