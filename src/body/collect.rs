//! Reads a captured body into memory, frame by frame, within the budget.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http_body::Body;

use super::budget::Held;
use super::{BodyBudget, BoxError, RawBodyError};
use crate::rejection::{Reason, Rejection};

/// The smallest buffer, in bytes, for a body of more than one frame.
const SMALLEST: usize = 8 * 1024;
/// How many frames are taken in one turn before other tasks get theirs.
const FRAMES_A_TURN: usize = 128;

/// The bytes so far. A body of one frame is never copied; the second frame makes a buffer, which then
/// grows by doubling and never by what the sender merely announced.
#[derive(Debug)]
pub(crate) struct Collect {
    only: Bytes,
    buffer: BytesMut,
    held: Held,
}

impl Collect {
    pub(crate) fn new(budget: &BodyBudget) -> Self {
        Self { only: Bytes::new(), buffer: BytesMut::new(), held: budget.hold() }
    }

    /// Drives `body` to its end; each frame is shown to `hash` while it is hot.
    ///
    /// Ready with `Err` once a limit is passed or the body breaks off. Not to be polled after that.
    pub(crate) fn poll<B>(
        &mut self,
        mut body: Pin<&mut B>,
        cx: &mut Context<'_>,
        mut hash: impl FnMut(&[u8]),
    ) -> Poll<Result<Bytes, Rejection>>
    where
        B: Body<Data = Bytes, Error: Into<BoxError>>,
    {
        for _ in 0..FRAMES_A_TURN {
            match ready!(body.as_mut().poll_frame(cx)) {
                None => return Poll::Ready(Ok(self.take())),
                Some(Err(error)) => return Poll::Ready(Err(RawBodyError::from_source(error.into()).into_rejection())),
                Some(Ok(frame)) => {
                    // Trailers are no part of the body; no sender signs them.
                    let Ok(data) = frame.into_data() else { continue };
                    hash(&data);
                    if !self.push(data) {
                        return Poll::Ready(Err(Reason::OverCapacity.into()));
                    }
                }
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    #[must_use]
    fn push(&mut self, data: Bytes) -> bool {
        if data.is_empty() {
            return true;
        }
        let before = self.only.len() + self.buffer.len();
        if before == 0 {
            self.only = data;
            return self.held.resize(self.only.len());
        }
        let needed = before + data.len();
        if needed > self.buffer.capacity() {
            let capacity = needed.next_power_of_two().max(SMALLEST);
            // Old and new buffer stand side by side while bytes are moved.
            if !self.held.resize(capacity + before) {
                return false;
            }
            let mut grown = BytesMut::with_capacity(capacity);
            grown.extend_from_slice(&self.only);
            grown.extend_from_slice(&self.buffer);
            self.only = Bytes::new();
            self.buffer = grown;
            let fits = self.held.resize(capacity);
            debug_assert!(fits, "less than before always fits");
        }
        self.buffer.extend_from_slice(&data);
        true
    }

    fn take(&mut self) -> Bytes {
        if self.buffer.is_empty() { std::mem::take(&mut self.only) } else { std::mem::take(&mut self.buffer).freeze() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collected(frames: &[&'static [u8]]) -> Bytes {
        let mut collect = Collect::new(&BodyBudget::new(1 << 20));
        for frame in frames {
            assert!(collect.push(Bytes::from_static(frame)));
        }
        collect.take()
    }

    #[test]
    fn one_frame_is_handed_on_without_a_copy() {
        static FRAME: &[u8] = b"payload";
        assert_eq!(collected(&[b"", FRAME, b""]).as_ptr(), FRAME.as_ptr());
    }

    #[test]
    fn frames_come_out_in_order() {
        assert_eq!(&collected(&[b"a", b"", b"bc", b"d"])[..], b"abcd");
        assert!(collected(&[]).is_empty());
    }

    #[test]
    fn the_budget_counts_capacity_and_is_given_back() {
        let budget = BodyBudget::new(SMALLEST + 2);
        let mut collect = Collect::new(&budget);
        assert!(collect.push(Bytes::from_static(b"a")));
        assert_eq!(budget.used(), 1);
        assert!(collect.push(Bytes::from_static(b"b")));
        assert_eq!(budget.used(), SMALLEST);
        assert!(!collect.push(Bytes::from(vec![0; SMALLEST])));
        drop(collect);
        assert_eq!(budget.used(), 0);
    }
}
