//! A body under limits, not read yet.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};

use super::{BodyBudget, BoxError};
use crate::rejection::{Reason, Rejection};

/// How many empty frames (or trailers) one body may have before it is taken for an attack.
const MAX_EMPTY_FRAMES: u16 = 1024;

/// What a body may take, see [`RawBodyLayer`](crate::RawBodyLayer).
#[derive(Clone, Debug)]
pub(crate) struct BodyLimits {
    pub(crate) bytes: usize,
    pub(crate) idle: Duration,
    pub(crate) total: Duration,
    pub(crate) budget: BodyBudget,
}

/// In the extensions of a request whose body is a [`RawBody`], so that an extractor knows it even where
/// the type of the body has been erased.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RawBodyCaptured;

pin_project! {
    /// A body with limits: of bytes, of time between two frames, of time in all.
    ///
    /// Made by [`RawBodyLayer`](crate::RawBodyLayer). Nothing has been read yet; whoever polls it gets
    /// the sender's frames as they are, or the [`Rejection`] as an error. Trailers are passed on.
    /// The deadlines need a tokio runtime with time enabled, and only where a frame is not there at once.
    pub struct RawBody<B> {
        #[pin]
        inner: B,
        limits: Arc<BodyLimits>,
        left: usize,
        empty_frames: u16,
        timer: Option<Timer>,
    }
}

struct Timer {
    sleep: Pin<Box<Sleep>>,
    total: Instant,
    /// A frame has come since the timer was set.
    stale: bool,
}

impl<B> RawBody<B> {
    pub(crate) fn new(inner: B, limits: Arc<BodyLimits>) -> Self {
        let left = limits.bytes;
        Self { inner, limits, left, empty_frames: 0, timer: None }
    }
}

impl<B> RawBody<B> {
    pub(super) fn budget(&self) -> &BodyBudget {
        &self.limits.budget
    }
}

impl<B> Body for RawBody<B>
where
    B: Body<Error: Into<BoxError>>,
{
    type Data = Bytes;
    type Error = RawBodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, RawBodyError>>> {
        let this = self.project();
        let Poll::Ready(frame) = this.inner.poll_frame(cx) else {
            ready!(Timer::poll(this.timer, this.limits, cx));
            return Poll::Ready(Some(Err(Reason::BodyTimeout.into())));
        };
        if let Some(timer) = this.timer {
            timer.stale = true;
        }
        Poll::Ready(match frame {
            None => None,
            Some(Err(error)) => Some(Err(RawBodyError::from_source(error.into()))),
            Some(Ok(frame)) => {
                if frame.data_ref().is_none_or(|data| !data.has_remaining()) {
                    *this.empty_frames = this.empty_frames.saturating_add(1);
                    if *this.empty_frames >= MAX_EMPTY_FRAMES {
                        return Poll::Ready(Some(Err(Reason::BodyMalformed.into())));
                    }
                }
                match frame.into_data() {
                    Ok(mut data) => {
                        let length = data.remaining();
                        match this.left.checked_sub(length) {
                            Some(left) => {
                                *this.left = left;
                                Some(Ok(Frame::data(data.copy_to_bytes(length))))
                            }
                            None => Some(Err(Reason::BodyTooLarge.into())),
                        }
                    }
                    Err(frame) => Some(Ok(frame.map_data(|_| Bytes::new()))),
                }
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Timer {
    /// Ready when a deadline has passed. Set only now that a frame is awaited: most bodies never need it.
    fn poll(timer: &mut Option<Self>, limits: &BodyLimits, cx: &mut Context<'_>) -> Poll<()> {
        let timer = timer.get_or_insert_with(|| {
            let now = Instant::now();
            let total = now + limits.total;
            Self { sleep: Box::pin(tokio::time::sleep_until(total.min(now + limits.idle))), total, stale: false }
        });
        if timer.stale {
            timer.stale = false;
            timer.sleep.as_mut().reset(timer.total.min(Instant::now() + limits.idle));
        }
        timer.sleep.as_mut().poll(cx)
    }
}

/// Shows how many bytes may still come, and nothing of those that are there.
impl<B> fmt::Debug for RawBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawBody").field("bytes_left", &self.left).finish_non_exhaustive()
    }
}

/// Why a [`RawBody`] could not be read to its end. It carries the [`Rejection`].
#[derive(Debug)]
pub struct RawBodyError {
    rejection: Rejection,
    source: Option<BoxError>,
}

impl RawBodyError {
    /// What the sender should be answered.
    #[must_use]
    pub const fn rejection(&self) -> &Rejection {
        &self.rejection
    }

    /// What the sender should be answered.
    #[must_use]
    pub fn into_rejection(self) -> Rejection {
        match self.source {
            Some(source) => self.rejection.with_detail(source.to_string()),
            None => self.rejection,
        }
    }

    /// A body that fails either broke off or is not framed as its protocol demands. Servers do not
    /// say which in a type of their own, but the standard library's kinds of I/O errors do.
    pub(super) fn from_source(source: BoxError) -> Self {
        let mut cause: Option<&(dyn Error + 'static)> = Some(source.as_ref());
        let mut reason = Reason::BodyIncomplete;
        while let Some(error) = cause {
            if let Some(nested) = error.downcast_ref::<Self>() {
                let rejection = nested.rejection.clone();
                let detail = nested.source.as_ref().map(ToString::to_string);
                return Self { rejection: detail.into_iter().fold(rejection, Rejection::with_detail), source: None };
            }
            match error.downcast_ref::<std::io::Error>().map(std::io::Error::kind) {
                Some(std::io::ErrorKind::InvalidData | std::io::ErrorKind::InvalidInput) => {
                    reason = Reason::BodyMalformed;
                }
                Some(std::io::ErrorKind::TimedOut) => reason = Reason::BodyTimeout,
                _ => {}
            }
            cause = error.source();
        }
        Self { rejection: reason.into(), source: Some(source) }
    }
}

impl From<Reason> for RawBodyError {
    fn from(reason: Reason) -> Self {
        Self { rejection: reason.into(), source: None }
    }
}

impl From<Rejection> for RawBodyError {
    fn from(rejection: Rejection) -> Self {
        Self { rejection, source: None }
    }
}

impl fmt::Display for RawBodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.rejection, f)
    }
}

impl Error for RawBodyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| -> &(dyn Error + 'static) { source.as_ref() })
    }
}
