//! An inbox that other processes may be serving: its dead letters alone.

use deadpool_postgres::{Object, Pool};
use tokio::runtime::Builder;

use super::{BUDGET, Work, dead, events, failed, schema, unreachable, wrong};
use crate::inbox::dead_letter::{DeadLetter, DeadLetterContent, DeadLetterFilter};
use crate::inbox::error::{InboxError, InboxErrorKind};
use crate::postgres;

pub(in crate::inbox) struct Beside(String);

impl Beside {
    pub(in crate::inbox) fn open(url: &str) -> Result<Self, InboxError> {
        let beside = Self(url.to_owned());
        beside.ask(|_| Box::pin(async { Ok(()) }))?;
        Ok(beside)
    }

    pub(in crate::inbox) fn list(&self, filter: &DeadLetterFilter, limit: u32) -> Result<Vec<DeadLetter>, InboxError> {
        let filter = filter.clone();
        self.ask(move |client| Box::pin(async move { dead::list(client, &filter, limit).await }))
    }

    pub(in crate::inbox) fn body(&self, seq: i64) -> Result<Option<DeadLetterContent>, InboxError> {
        self.ask(move |client| Box::pin(async move { events::content(client, seq).await }))
    }

    pub(in crate::inbox) fn requeue(&self, filter: &DeadLetterFilter, now: i64) -> Result<u64, InboxError> {
        let filter = filter.clone();
        self.ask(move |client| Box::pin(async move { dead::requeue(client, &filter, now).await }))
    }

    pub(in crate::inbox) fn discard(&self, filter: &DeadLetterFilter, now: i64) -> Result<u64, InboxError> {
        let filter = filter.clone();
        self.ask(move |client| Box::pin(async move { dead::discard(client, &filter, now).await }))
    }

    /// On a thread of its own, since the caller may stand in a runtime, and a connection of its own.
    fn ask<T: Send>(&self, work: impl for<'a> FnOnce(&'a mut Object) -> Work<'a, T> + Send) -> Result<T, InboxError> {
        let lost = || InboxError::new(InboxErrorKind::Unavailable, "the database could not be asked");
        std::thread::scope(|scope| {
            let asked = scope.spawn(move || {
                let runtime =
                    Builder::new_current_thread().enable_all().build().map_err(|error| lost().because(error))?;
                runtime.block_on(async {
                    let config = postgres::config(&self.0).map_err(wrong)?;
                    let pool: Pool = postgres::pool(config, 1, BUDGET).map_err(wrong)?;
                    let mut client = pool.get().await.map_err(|error| unreachable(&error))?;
                    let look = client.transaction().await.map_err(|error| failed(error, InboxErrorKind::Open))?;
                    if schema::version(&look).await?.is_none() {
                        return Err(InboxError::new(InboxErrorKind::Open, "there is no inbox in this database"));
                    }
                    drop(look);
                    work(&mut client).await.map_err(|error| failed(error, InboxErrorKind::Unavailable))
                })
            });
            asked.join().map_err(|_| lost())?
        })
    }
}
