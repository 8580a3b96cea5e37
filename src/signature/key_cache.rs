//! Asks a source of keys once for each name, and keeps what it says for a while.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tokio::time::timeout;

use super::key_source::{ErasedSource, KeySource};
use super::key_table::{Answer, Flight, Step, Table};
use crate::clock::Clock;
use crate::rejection::{Reason, Rejection};
use crate::scheme::{KeyName, no_such_key};
use crate::verifying_key::KeyDocument;

/// The documents of one route.
pub(super) struct KeyCache {
    source: Box<dyn ErasedSource>,
    table: Mutex<Table>,
}

/// A document that is looked for.
pub(super) type Finding = Pin<Box<dyn Future<Output = Result<Arc<KeyDocument>, Rejection>> + Send>>;

impl KeyCache {
    pub(super) fn new(source: impl KeySource) -> Arc<Self> {
        Arc::new(Self { source: Box::new(source), table: Mutex::default() })
    }

    /// The document with this key: at once where it is known, else once it is fetched.
    pub(super) fn find(self: &Arc<Self>, name: KeyName, clock: &Arc<dyn Clock>) -> Finding {
        // Not in the head of the `match`: the lock would be held to its end.
        let step = self.table().step(&name, clock.monotonic());
        let flight = match step {
            Step::Answer(answer) => return Box::pin(std::future::ready(verdict(&name, answer))),
            Step::Wait(flight) => flight,
            Step::Fetch(sender, flight) => {
                let Ok(runtime) = Handle::try_current() else {
                    let none = Answer::Failed("there is no tokio runtime to fetch keys on".into());
                    self.table().land(&name, &none, self.source.lifetime(), clock.monotonic());
                    return Box::pin(std::future::ready(verdict(&name, none)));
                };
                let (cache, clock, name) = (self.clone(), clock.clone(), name.clone());
                // A task of its own: whoever asked first may be gone before the others have their answer.
                runtime.spawn(async move {
                    let answer = cache.fetch(&name).await;
                    cache.table().land(&name, &answer, cache.source.lifetime(), clock.monotonic());
                    // Nobody may be waiting any more.
                    let _ = sender.send(Some(answer));
                });
                flight
            }
        };
        Box::pin(async move { verdict(&name, landed(flight).await) })
    }

    async fn fetch(&self, name: &KeyName) -> Answer {
        match timeout(self.source.timeout(), self.source.fetch(name)).await {
            Ok(Ok(Some(document))) => Answer::Found(Arc::new(document)),
            Ok(Ok(None)) => Answer::Unknown,
            Ok(Err(error)) => Answer::Failed(error.to_string().into()),
            Err(_) => Answer::Failed("it did not answer in time".into()),
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn landed(mut flight: Flight) -> Answer {
    match flight.wait_for(Option::is_some).await.as_deref() {
        Ok(Some(answer)) => answer.clone(),
        _ => Answer::Failed("it broke off".into()),
    }
}

fn verdict(name: &KeyName, answer: Answer) -> Result<Arc<KeyDocument>, Rejection> {
    match answer {
        Answer::Failed(why) => Err(Rejection::new(Reason::KeyUnavailable).with_detail(format!("key source: {why}"))),
        Answer::Found(document) if name.is_in(&document) => Ok(document),
        Answer::Found(_) | Answer::Unknown => Err(no_such_key().into()),
    }
}
