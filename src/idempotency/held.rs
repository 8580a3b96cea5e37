//! Takes the answer's body into memory, as far as it is stored.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body::{Body, Frame};
use pin_project_lite::pin_project;

/// How much of a gRPC answer is held back until its trailers tell how the call went: as much as tonic
/// takes for one message by default.
const MAX_GRPC: usize = 4 * 1024 * 1024;

pin_project! {
    /// A body that is being read.
    #[project = SourceProj]
    pub(super) enum Source<R> {
        /// Its length is known, and small.
        Known { #[pin] body: R, length: u64 },
        /// gRPC, boxed so that it can be handed on half-read.
        Grpc { body: Option<Pin<Box<R>>> },
    }
}

/// What was read so far: one frame is never copied.
#[derive(Default)]
pub(super) struct Held {
    only: Bytes,
    more: BytesMut,
    trailers: Option<HeaderMap>,
}

/// How reading has ended.
pub(super) enum Read<R> {
    /// The body broke off, or did not keep to the length it had named.
    Broken { first: Bytes, length: u64 },
    /// All of a body of known length.
    Known { bytes: Bytes },
    /// All of a gRPC answer.
    Grpc { bytes: Bytes, trailers: Option<HeaderMap> },
    /// A gRPC answer that is too large to be held back, or broke off: to be handed on as it is.
    GrpcOpen { first: Bytes, rest: Pin<Box<R>> },
}

impl Held {
    fn len(&self) -> usize {
        self.only.len() + self.more.len()
    }

    fn push(&mut self, data: Bytes) {
        if self.len() == 0 {
            self.only = data;
            return;
        }
        if self.more.is_empty() {
            let only = std::mem::take(&mut self.only);
            self.more.extend_from_slice(&only);
        }
        self.more.extend_from_slice(&data);
    }

    fn take(&mut self) -> Bytes {
        if self.more.is_empty() { std::mem::take(&mut self.only) } else { std::mem::take(&mut self.more).freeze() }
    }

    /// Reads on.
    pub(super) fn poll<R>(&mut self, mut source: Pin<&mut Source<R>>, cx: &mut Context<'_>) -> Poll<Read<R>>
    where
        R: Body<Data = Bytes>,
    {
        loop {
            let frame = match source.as_mut().project() {
                SourceProj::Known { body, .. } => body.poll_frame(cx),
                SourceProj::Grpc { body } => match body {
                    Some(body) => body.as_mut().poll_frame(cx),
                    None => Poll::Pending,
                },
            };
            let Poll::Ready(frame) = frame else { return Poll::Pending };
            let more = match frame {
                Some(Ok(frame)) => self.take_frame(frame),
                Some(Err(_)) => return self.ended(source, End::Broken),
                None => return self.ended(source, End::Whole),
            };
            let limit = match source.as_mut().project() {
                SourceProj::Known { length, .. } => usize::try_from(*length).unwrap_or(usize::MAX),
                SourceProj::Grpc { .. } => MAX_GRPC,
            };
            if more && self.len() > limit {
                return self.ended(source, End::Broken);
            }
        }
    }

    /// `true` if it was data.
    fn take_frame(&mut self, frame: Frame<Bytes>) -> bool {
        match frame.into_data() {
            Ok(data) => {
                self.push(data);
                true
            }
            Err(frame) => {
                self.trailers = frame.into_trailers().ok();
                false
            }
        }
    }

    fn ended<R>(&mut self, source: Pin<&mut Source<R>>, end: End) -> Poll<Read<R>> {
        let bytes = self.take();
        Poll::Ready(match source.project() {
            SourceProj::Known { length, .. } if end == End::Whole && bytes.len() as u64 == *length => {
                Read::Known { bytes }
            }
            SourceProj::Known { length, .. } => Read::Broken { first: bytes, length: *length },
            SourceProj::Grpc { body } => match (end, body.take()) {
                (End::Broken, Some(rest)) => Read::GrpcOpen { first: bytes, rest },
                (End::Broken | End::Whole, _) => Read::Grpc { bytes, trailers: self.trailers.take() },
            },
        })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Broken,
    Whole,
}
