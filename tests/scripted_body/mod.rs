//! A request body that does what a test tells it to.
#![allow(dead_code)] // each test file that includes this uses its part of it

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use tokio::time::Sleep;
use tower_webhook::body::BoxError;

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Data(Bytes),
    Error(io::ErrorKind),
    Never,
    Panic,
    Trailers,
    Wait(Duration),
}

/// Does one step after the other, and then, if it is told to, one of them for ever.
#[derive(Debug)]
pub(crate) struct ScriptedBody {
    steps: VecDeque<Step>,
    at_the_end: Option<Step>,
    sleep: Option<Pin<Box<Sleep>>>,
    polled: Arc<AtomicUsize>,
    dropped: Arc<AtomicUsize>,
}

impl ScriptedBody {
    pub(crate) fn of(steps: impl IntoIterator<Item = Step>) -> Self {
        Self {
            steps: steps.into_iter().collect(),
            at_the_end: None,
            sleep: None,
            polled: Arc::default(),
            dropped: Arc::default(),
        }
    }

    pub(crate) fn frames<'a>(frames: impl IntoIterator<Item = &'a [u8]>) -> Self {
        Self::of(frames.into_iter().map(|frame| Step::Data(Bytes::copy_from_slice(frame))))
    }

    pub(crate) fn whole(bytes: &'static [u8]) -> Self {
        Self::of([Step::Data(Bytes::from_static(bytes))])
    }

    /// Nobody may look at it.
    pub(crate) fn untouchable() -> Self {
        Self::of([Step::Panic])
    }

    pub(crate) fn endless(step: Step) -> Self {
        Self::of([]).then_for_ever(step)
    }

    pub(crate) fn then_for_ever(mut self, step: Step) -> Self {
        self.at_the_end = Some(step);
        self
    }

    /// How often it was polled.
    pub(crate) fn polled(&self) -> Arc<AtomicUsize> {
        self.polled.clone()
    }

    /// Whether it was dropped.
    pub(crate) fn dropped(&self) -> Arc<AtomicUsize> {
        self.dropped.clone()
    }
}

impl Drop for ScriptedBody {
    fn drop(&mut self) {
        self.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

impl Body for ScriptedBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let polled = self.polled.fetch_add(1, Ordering::SeqCst);
        assert!(polled < 1_000_000, "somebody spins");
        loop {
            if let Some(sleep) = &mut self.sleep {
                if sleep.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
                self.sleep = None;
            }
            let Some(step) = self.steps.pop_front().or_else(|| self.at_the_end.clone()) else {
                return Poll::Ready(None);
            };
            return Poll::Ready(Some(match step {
                Step::Data(bytes) => Ok(Frame::data(bytes)),
                Step::Error(kind) => Err(io::Error::new(kind, "the body fails").into()),
                Step::Never => {
                    self.steps.push_front(Step::Never);
                    return Poll::Pending;
                }
                Step::Panic => panic!("this body must not be polled"),
                Step::Trailers => Ok(Frame::trailers(HeaderMap::new())),
                Step::Wait(time) => {
                    self.sleep = Some(Box::pin(tokio::time::sleep(time)));
                    continue;
                }
            }));
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
