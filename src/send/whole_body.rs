//! Bodies that can be signed.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body::Body;
use http_body_util::{Empty, Full};

use crate::body::VerifiedBody;

/// A body that is in memory as a whole, so that it can be signed before it is sent.
pub trait WholeBody {
    /// All of its bytes. They are shared, not copied, where the type can share them.
    fn whole(&self) -> Bytes;
}

impl WholeBody for Bytes {
    fn whole(&self) -> Bytes {
        self.clone()
    }
}

impl WholeBody for Empty<Bytes> {
    fn whole(&self) -> Bytes {
        Bytes::new()
    }
}

impl WholeBody for Full<Bytes> {
    fn whole(&self) -> Bytes {
        // It is one frame, or none, and there at once.
        match Pin::new(&mut self.clone()).poll_frame(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
            _ => Bytes::new(),
        }
    }
}

impl WholeBody for String {
    fn whole(&self) -> Bytes {
        Bytes::copy_from_slice(self.as_bytes())
    }
}

impl WholeBody for Vec<u8> {
    fn whole(&self) -> Bytes {
        Bytes::copy_from_slice(self)
    }
}

/// For those who send on what they have received.
impl WholeBody for VerifiedBody {
    fn whole(&self) -> Bytes {
        self.bytes().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_of_a_body_is_signed() {
        assert_eq!(Full::new(Bytes::from_static(b"event")).whole(), "event");
        assert_eq!(Full::new(Bytes::new()).whole(), "");
        assert_eq!(Full::<Bytes>::default().whole(), "");
        assert_eq!(Empty::<Bytes>::new().whole(), "");
        assert_eq!(Bytes::from_static(b"event").whole(), "event");
        assert_eq!(String::from("event").whole(), "event");
        assert_eq!(b"event".to_vec().whole(), "event");
    }
}
