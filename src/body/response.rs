//! Answers: those of the inner service, and our own.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

pin_project! {
    /// The body of an answer: the inner service's, untouched, or one of our own.
    #[derive(Debug)]
    pub struct ResponseBody<B> {
        #[pin]
        kind: Kind<B>,
    }
}

pin_project! {
    #[project = KindProj]
    #[derive(Debug)]
    enum Kind<B> {
        Inner { #[pin] body: B },
        Own { bytes: Bytes },
        Held { held: Held<B> },
    }
}

/// Bytes that were taken out of the inner body, and what comes after them.
#[derive(Debug)]
struct Held<B> {
    first: Bytes,
    /// What the inner body had promised but did not keep: the answer then breaks off, as it did.
    missing: u64,
    rest: Option<Pin<Box<B>>>,
    trailers: Option<Box<HeaderMap>>,
}

impl<B> ResponseBody<B> {
    pub(crate) const fn inner(body: B) -> Self {
        Self { kind: Kind::Inner { body } }
    }

    pub(crate) const fn own(bytes: Bytes) -> Self {
        Self { kind: Kind::Own { bytes } }
    }

    /// Bytes, then trailers.
    pub(crate) fn held(first: Bytes, trailers: Option<HeaderMap>) -> Self {
        let Some(trailers) = trailers else { return Self::own(first) };
        let held = Held { first, missing: 0, rest: None, trailers: Some(Box::new(trailers)) };
        Self { kind: Kind::Held { held } }
    }

    /// Bytes, then the end, although `promised` bytes were to come in all: the connection ends in an
    /// error, as it would have without us.
    pub(crate) fn broken(first: Bytes, promised: u64) -> Self {
        let missing = promised.saturating_sub(first.len() as u64);
        Self { kind: Kind::Held { held: Held { first, missing, rest: None, trailers: None } } }
    }

    /// Bytes, then the rest of the body they were taken from.
    pub(crate) const fn resumed(first: Bytes, rest: Pin<Box<B>>) -> Self {
        Self { kind: Kind::Held { held: Held { first, missing: 0, rest: Some(rest), trailers: None } } }
    }
}

impl<B: Body<Data = Bytes>> Body for ResponseBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match self.project().kind.project() {
            KindProj::Inner { body } => body.poll_frame(cx),
            KindProj::Own { bytes } => {
                let bytes = std::mem::take(bytes);
                Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
            }
            KindProj::Held { held } => {
                if !held.first.is_empty() {
                    return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut held.first)))));
                }
                match &mut held.rest {
                    Some(rest) => rest.as_mut().poll_frame(cx),
                    None => Poll::Ready(held.trailers.take().map(|trailers| Ok(Frame::trailers(*trailers)))),
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Inner { body } => body.is_end_stream(),
            Kind::Own { bytes } => bytes.is_empty(),
            Kind::Held { held } => {
                let ended = held.first.is_empty() && held.missing == 0 && held.trailers.is_none();
                ended && held.rest.as_ref().is_none_or(|rest| rest.is_end_stream())
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Inner { body } => body.size_hint(),
            Kind::Own { bytes } => SizeHint::with_exact(bytes.len() as u64),
            Kind::Held { held } => {
                let first = held.first.len() as u64;
                let Some(rest) = &held.rest else { return SizeHint::with_exact(first.saturating_add(held.missing)) };
                let (rest, mut hint) = (rest.size_hint(), SizeHint::new());
                hint.set_lower(rest.lower().saturating_add(first));
                if let Some(upper) = rest.upper().and_then(|upper| upper.checked_add(first)) {
                    hint.set_upper(upper);
                }
                hint
            }
        }
    }
}

pin_project! {
    /// The future of the layers that decide on the head of a request: the inner service's, or an
    /// answer that is there already.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct HeadFuture<F> {
        #[pin]
        state: HeadState<F>,
    }
}

pin_project! {
    #[project = HeadStateProj]
    #[derive(Debug)]
    enum HeadState<F> {
        Inner { #[pin] future: F },
        Answered { response: Option<Response<Bytes>> },
    }
}

impl<F> HeadFuture<F> {
    pub(crate) const fn inner(future: F) -> Self {
        Self { state: HeadState::Inner { future } }
    }

    pub(crate) const fn answered(response: Response<Bytes>) -> Self {
        Self { state: HeadState::Answered { response: Some(response) } }
    }
}

impl<F, B, E> Future for HeadFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            HeadStateProj::Inner { future } => {
                Poll::Ready(ready!(future.poll(cx)).map(|response| response.map(ResponseBody::inner)))
            }
            // Polled again after it was ready: never wakes, as futures may do then.
            HeadStateProj::Answered { response } => match response.take() {
                Some(response) => Poll::Ready(Ok(response.map(ResponseBody::own))),
                None => Poll::Pending,
            },
        }
    }
}
