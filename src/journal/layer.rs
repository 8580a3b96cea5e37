//! Writes deliveries down on their way to the handler.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::{HeaderName, Request, Response};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::record::{Record, Shown};
use super::writer::Journal;
use crate::body::Judged;
use crate::clock::{Clock, SystemClock};
use crate::delivery::Delivery;
use crate::redact::{Redaction, is_credential};

/// Writes each verified delivery into a [`Journal`]. See the [module docs](super).
#[derive(Clone, Debug)]
#[must_use]
pub struct JournalLayer {
    journal: Journal,
    shown: Arc<Shown>,
    full: WhenFull,
    public_url: Option<String>,
    clock: Arc<dyn Clock>,
}

/// What becomes of a delivery for which the queue has no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WhenFull {
    Drop,
    Wait,
}

impl JournalLayer {
    /// Writes into this journal. Several layers may share one.
    pub fn new(journal: &Journal) -> Self {
        Self {
            journal: journal.clone(),
            shown: Arc::new(Shown::Named { redaction: Redaction::new(), parameters: Vec::new() }),
            full: WhenFull::Drop,
            public_url: None,
            clock: Arc::new(SystemClock),
        }
    }

    /// Writes every header and query parameter down, with signatures, tokens, keys and cookies: whoever reads the file can
    /// then send what is in it again, where the sender signs no time. Default: of those that nobody named, the names alone.
    pub fn keep_credentials(self) -> Self {
        Self { shown: Arc::new(Shown::All), ..self }
    }

    /// Writes one more header down with its value, besides those that say what the body is and those by which the sender
    /// tells id, type and time. A [credential](is_credential) stays out all the same.
    pub fn keep_header(mut self, name: &HeaderName) -> Self {
        if let Shown::Named { redaction, .. } = Arc::make_mut(&mut self.shown) {
            *redaction = std::mem::take(redaction).show_header(name);
        }
        self
    }

    /// Writes one query parameter down with its value. Default: none. A [credential](is_credential) stays out all the same.
    pub fn keep_parameter(mut self, name: &str) -> Self {
        if let Shown::Named { parameters, .. } = Arc::make_mut(&mut self.shown)
            && !is_credential(name)
        {
            parameters.push(name.to_owned());
        }
        self
    }

    /// Lets a delivery wait for room in the queue: a slow disk makes slow answers. Default: it goes on, and is counted
    /// as dropped.
    pub fn wait_for_room(self) -> Self {
        Self { full: WhenFull::Wait, ..self }
    }

    /// The URL as the sender knows it, written down as `extra.public_url`: for senders that sign it.
    pub fn public_url(self, url: &str) -> Self {
        Self { public_url: Some(url.to_owned()), ..self }
    }

    /// Where the time of receipt comes from. Default: [`SystemClock`].
    pub fn clock(self, clock: impl Clock) -> Self {
        Self { clock: Arc::new(clock), ..self }
    }

    fn record<B: Judged>(&self, request: Request<B>) -> (Request<B>, Option<Record>) {
        let (head, body) = request.into_parts();
        let record = head.extensions.get::<Delivery>().cloned().map(|delivery| {
            let mut copy = Request::new(()).into_parts().0;
            copy.method = head.method.clone();
            copy.uri = head.uri.clone();
            copy.headers = head.headers.clone();
            Record {
                head: copy,
                delivery,
                received_at: self.clock.now().unwrap_or_default(),
                shown: self.shown.clone(),
                public_url: self.public_url.clone(),
            }
        });
        (Request::from_parts(head, body), record)
    }
}

impl<S> Layer<S> for JournalLayer {
    type Service = JournalService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        JournalService { inner, layer: self.clone() }
    }
}

/// The service of [`JournalLayer`].
#[derive(Clone, Debug)]
pub struct JournalService<S> {
    inner: S,
    layer: JournalLayer,
}

impl<S, B, ResBody> Service<Request<B>> for JournalService<S>
where
    S: Service<Request<B>, Response = Response<ResBody>> + Clone,
    B: Judged,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = JournalFuture<S, B, S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (request, record) = self.layer.record(request);
        let state = match (record, self.layer.full) {
            (Some(record), WhenFull::Wait) => {
                // The one that is ready goes along, another one stays.
                let clone = self.inner.clone();
                let inner = std::mem::replace(&mut self.inner, clone);
                let writing: Writing = Box::pin(self.layer.journal.clone().write(record));
                State::Writing { writing, next: Some((inner, request)) }
            }
            (record, _) => {
                if let Some(record) = record {
                    self.layer.journal.offer(record);
                }
                State::Running { future: self.inner.call(request) }
            }
        };
        JournalFuture { state }
    }
}

/// A record that waits for room.
type Writing = Pin<Box<dyn Future<Output = ()> + Send>>;

pin_project! {
    /// The future of [`JournalService`].
    #[must_use = "futures do nothing unless polled"]
    #[allow(unnameable_types, reason = "named by nobody")]
    pub struct JournalFuture<S, B, F> {
        #[pin]
        state: State<S, B, F>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<S, B, F> {
        Running { #[pin] future: F },
        Writing { writing: Writing, next: Option<(S, Request<B>)> },
    }
}

impl<S, B> Future for JournalFuture<S, B, S::Future>
where
    S: Service<Request<B>>,
{
    type Output = Result<S::Response, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            match state.as_mut().project() {
                StateProj::Running { future } => return future.poll(cx),
                StateProj::Writing { writing, next } => {
                    ready!(writing.as_mut().poll(cx));
                    let Some((mut inner, request)) = next.take() else { return Poll::Pending };
                    let future = inner.call(request);
                    state.set(State::Running { future });
                }
            }
        }
    }
}

impl<S, B, F> std::fmt::Debug for JournalFuture<S, B, F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JournalFuture").finish_non_exhaustive()
    }
}
