//! The bytes of a verified delivery.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// The body behind a signature: all of it, in memory, byte for byte as it was sent.
///
/// Made by [`SignatureLayer`](crate::SignatureLayer) only, so that whoever takes a
/// `Request<VerifiedBody>` has a verified delivery. As an [`http_body::Body`] it is one frame; trailers
/// of the request are not signed and thus dropped. `Debug` shows the length alone.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifiedBody(Bytes);

impl VerifiedBody {
    pub(crate) const fn new(bytes: Bytes) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.0
    }

    /// The bytes.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.0
    }
}

impl Body for VerifiedBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let bytes = std::mem::take(&mut self.0);
        Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.len() as u64)
    }
}

impl fmt::Debug for VerifiedBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedBody").field("len", &self.0.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_byte_of_it() {
        let body = VerifiedBody::new(Bytes::from_static(b"card 4242"));
        assert_eq!(format!("{body:?}"), "VerifiedBody { len: 9 }");
    }
}
