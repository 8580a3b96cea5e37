//! How a run ends: what the handler's answer means for the claim, and the call that says so.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http_body::Body;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep_until};
use tower_service::Service;

use super::{RunProj, Stage, StageProj};
use crate::body::ResponseBody;
use crate::idempotency::answer;
use crate::idempotency::config::{ClientErrors, Plan};
use crate::idempotency::drain::Tracked;
use crate::idempotency::erased::{StoreCall, StoreError};
use crate::idempotency::flights::Ended;
use crate::idempotency::future::Answer;
use crate::idempotency::held::{Held, Read, Source};
use crate::idempotency::record::StoredBody;
use crate::idempotency::store::Fenced;
use crate::idempotency::verdict::{self, Verdict};
use crate::outcome::Outcome;

/// How often a record is tried to be written, and the pause before the second time; the next is four
/// times as long.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(50);

impl<S, B, R> RunProj<'_, S, S::Future, B, R, S::Error>
where
    S: Service<http::Request<B>, Response = Response<R>>,
    R: Body<Data = Bytes>,
{
    pub(super) fn handled(&mut self, response: Response<R>) -> Option<Answer<R, S::Error>> {
        if matches!(self.case.plan, Plan::Open) {
            return self.over(Some(Ok(response.map(ResponseBody::inner))));
        }
        let config = &self.case.config;
        match verdict::of(&response, config.client_errors == ClientErrors::Record) {
            Verdict::Release => self.release(Some(Ok(response.map(ResponseBody::inner)))),
            Verdict::TrailersTell => {
                let (head, body) = response.into_parts();
                let body = Source::Grpc { body: Some(Box::pin(body)) };
                self.hold(Response::from_parts(head, ()), body)
            }
            Verdict::Complete => match response.body().size_hint().exact() {
                Some(0) => {
                    let record = self.case.record(&response, None, &StoredBody::Bytes(Bytes::new()));
                    self.complete(record, response.map(ResponseBody::inner))
                }
                Some(length) if length <= config.max_stored_body as u64 => {
                    let (head, body) = response.into_parts();
                    self.hold(Response::from_parts(head, ()), Source::Known { body, length })
                }
                // Too large, or a stream: never held back.
                _ => {
                    let record = self.case.record(&response, None, &StoredBody::Omitted);
                    self.complete(record, response.map(ResponseBody::inner))
                }
            },
        }
    }

    fn hold(&mut self, head: Response<()>, body: Source<R>) -> Option<Answer<R, S::Error>> {
        self.set_stage(Stage::Body { head: Some(head), body, held: Held::default() });
        None
    }

    pub(super) fn read(&mut self, head: Response<()>, read: Read<R>) -> Option<Answer<R, S::Error>> {
        match read {
            Read::Known { bytes } => {
                let record = self.case.record(&head, None, &StoredBody::Bytes(bytes.clone()));
                self.complete(record, head.map(|()| ResponseBody::own(bytes)))
            }
            Read::Broken { first, length } => {
                let record = self.case.record(&head, None, &StoredBody::Omitted);
                self.complete(record, head.map(|()| ResponseBody::broken(first, length)))
            }
            Read::Grpc { bytes, trailers } => {
                let verdict = verdict::of_grpc(trailers.as_ref());
                let stored = StoredBody::Bytes(bytes.clone());
                let record = || self.case.record(&head, trailers.as_ref(), &stored);
                let record = (verdict == Verdict::Complete).then(record);
                let response = head.map(|()| ResponseBody::held(bytes, trailers));
                match record {
                    Some(record) => self.complete(record, response),
                    None => self.release(Some(Ok(response))),
                }
            }
            Read::GrpcOpen { first, rest } => self.release(Some(Ok(head.map(|()| ResponseBody::resumed(first, rest))))),
        }
    }

    pub(super) fn panicked(&mut self) -> Option<Answer<R, S::Error>> {
        self.case.mark(Outcome::HandlerPanic);
        let response = answer::panicked(self.case.dialect).map(ResponseBody::own);
        self.release(Some(Ok(response)))
    }

    fn complete(&mut self, record: Bytes, response: Response<ResponseBody<R>>) -> Option<Answer<R, S::Error>> {
        self.finish(Ended::Completed(record), Some(Ok(response)))
    }

    pub(super) fn release(&mut self, answer: Answer<R, S::Error>) -> Option<Answer<R, S::Error>> {
        self.finish(Ended::Released, answer)
    }

    fn finish(&mut self, ended: Ended, answer: Answer<R, S::Error>) -> Option<Answer<R, S::Error>> {
        self.timer.set(None);
        let config = &self.case.config;
        let call = match (self.case.claimed(), &ended) {
            (None, _) => {
                self.case.ended(&ended);
                return self.over(answer);
            }
            (Some(claimed), Ended::Completed(record)) => {
                config.complete(claimed, record.clone(), self.case.retention())
            }
            (Some(claimed), Ended::Released) => match self.case.tracked.as_ref().and_then(Tracked::hush) {
                None => config.release(claimed),
                // A claim that is extended after it was given back would stand there until it lapses.
                Some(quiet) => {
                    let (config, claimed) = (Arc::clone(config), *claimed);
                    StoreCall::Boxed(Box::pin(async move {
                        quiet.await;
                        config.release(&claimed).await
                    }))
                }
            },
        };
        self.set_stage(Stage::End { call, ended, tries: 1, answer });
        None
    }

    /// The store was told how the run has ended.
    pub(super) fn ended(
        &mut self,
        result: Result<Fenced, StoreError>,
        ended: &Ended,
        tries: u32,
    ) -> Option<Answer<R, S::Error>> {
        match (result, ended) {
            (Ok(Fenced::Lost), Ended::Completed(_)) => self.case.mark(Outcome::Fenced),
            (Ok(_), _) => {}
            (Err(error), Ended::Completed(record)) => {
                self.case.store_failed("complete", &error);
                if let (true, Ok(_), Some(claimed)) = (tries < TRIES, Handle::try_current(), self.case.claimed()) {
                    let again = self.case.config.complete(claimed, record.clone(), self.case.retention());
                    self.timer.set(Some(sleep_until(Instant::now() + PAUSE * 4_u32.pow(tries - 1))));
                    if let StageProj::End { call, tries, .. } = self.stage.as_mut().project() {
                        *call = again;
                        *tries += 1;
                    }
                    return None;
                }
            }
            // The lease lapses.
            (Err(error), Ended::Released) => self.case.store_failed("release", &error),
        }
        self.case.ended(ended);
        let answer = match self.stage.as_mut().project() {
            StageProj::End { answer, .. } => answer.take(),
            _ => None,
        };
        self.over(answer)
    }
}
