//! What is asked of the database, and how its answers are read.

use std::time::Duration;

use bytes::Bytes;
use deadpool_postgres::Object;
use tokio_postgres::{Row, Transaction};

use super::{PostgresError, PostgresStore};
use crate::clock::CENTURY;
use crate::delivery_key::{Fingerprint, Key};
use crate::idempotency::store::{Claim, Claimed, Fenced, Guarded};

/// How often a claim is tried that finds neither room nor an owner, since a lease ended in between.
const TRIES: usize = 4;
/// Rows that are deleted at a time.
const BATCH: i64 = 1000;

fn seconds(time: Duration) -> f64 {
    time.min(CENTURY).as_secs_f64()
}

/// What stands under a key.
struct Found {
    done: bool,
    fp: Option<Vec<u8>>,
    record: Bytes,
    left: Duration,
}

impl Found {
    fn read(row: &Row) -> Result<Self, PostgresError> {
        let record: Option<Vec<u8>> = row.try_get(2)?;
        Ok(Self {
            done: row.try_get(0)?,
            fp: row.try_get(1)?,
            record: record.unwrap_or_default().into(),
            left: Duration::try_from_secs_f64(row.try_get(3)?).unwrap_or_default(),
        })
    }

    fn is_like(&self, fp: Option<&Fingerprint>) -> bool {
        match (&self.fp, fp) {
            (Some(found), Some(fp)) => **found == fp.as_bytes()[..],
            _ => true,
        }
    }
}

fn owned(row: &Row) -> Result<Claim, PostgresError> {
    let attempt: i32 = row.try_get(0)?;
    Ok(Claim::Owned { attempt: u32::try_from(attempt).ok() })
}

impl PostgresStore {
    async fn client(&self) -> Result<Object, PostgresError> {
        Ok(self.pool.get().await?)
    }

    /// Claims the key alone. Both questions go out at once: one round trip.
    pub(super) async fn take(&self, claimed: &Claimed, lease: Duration) -> Result<Claim, PostgresError> {
        let client = self.client().await?;
        let claim = client.prepare_cached(&self.statements.claim).await?;
        let find = client.prepare_cached(&self.statements.find).await?;
        let (key, token) = (&claimed.key.as_bytes()[..], &claimed.token.as_bytes()[..]);
        let (fp, lease) = (claimed.fingerprint.as_ref().map(|fp| &fp.as_bytes()[..]), seconds(lease));
        for _ in 0..TRIES {
            let (mine, found) =
                tokio::try_join!(async { client.query_opt(&claim, &[&key, &fp, &token, &lease]).await }, async {
                    client.query_opt(&find, &[&key]).await
                },)?;
            if let Some(row) = mine {
                return owned(&row);
            }
            if let Some(row) = found {
                let found = Found::read(&row)?;
                let same_fingerprint = found.is_like(claimed.fingerprint.as_ref());
                return Ok(match found.done {
                    true => Claim::Done { record: found.record, same_fingerprint },
                    false => Claim::InFlight { retry_in: found.left, same_fingerprint },
                });
            }
        }
        Ok(Claim::InFlight { retry_in: Duration::ZERO, same_fingerprint: true })
    }

    /// Writes the guard of a fresh claim. Where another key that is pending or done has it, the claim is given back.
    pub(super) async fn guard(
        &self,
        claimed: &Claimed,
        guard: &Key,
        lease: Duration,
    ) -> Result<Option<Claim>, PostgresError> {
        let mut client = self.client().await?;
        let (guard, key, lease) = (&guard.as_bytes()[..], &claimed.key.as_bytes()[..], seconds(lease));
        let write = client.prepare_cached(&self.statements.guard).await?;
        if client.query_opt(&write, &[&guard, &key, &lease]).await?.is_some() {
            return Ok(None);
        }
        let [lock, find, take] = [&self.statements.lock_guard, &self.statements.find, &self.statements.take_guard];
        let (lock, find) = (client.prepare_cached(lock).await?, client.prepare_cached(find).await?);
        let take = client.prepare_cached(take).await?;
        // Whoever else has these bytes waits for what is decided here.
        let transaction = client.transaction().await?;
        let row = transaction.query_opt(&lock, &[&guard]).await?;
        let of: Option<Vec<u8>> = row.map(|row| row.try_get(0)).transpose()?;
        let of = of.and_then(|of| <[u8; 32]>::try_from(of).ok()).filter(|of| of[..] != *key);
        if let Some(of) = of
            && let Some(row) = transaction.query_opt(&find, &[&&of[..]]).await?
        {
            let found = Found::read(&row)?;
            let state = match found.done {
                true => Guarded::Done { record: found.record },
                false => Guarded::InFlight { retry_in: found.left },
            };
            transaction.commit().await?;
            drop(client);
            // Another's by now, or gone: either way it is no longer ours.
            let _: Fenced = self.give_back(&Claimed { guard: None, ..*claimed }).await?;
            return Ok(Some(Claim::Replayed { of: Key::from_bytes(of), state }));
        }
        transaction.execute(&take, &[&guard, &key, &lease]).await?;
        transaction.commit().await?;
        Ok(None)
    }

    pub(super) async fn write_record(
        &self,
        transaction: &Transaction<'_>,
        claimed: &Claimed,
        record: &[u8],
        retain_for: Duration,
    ) -> Result<Fenced, PostgresError> {
        let (key, token) = (&claimed.key.as_bytes()[..], &claimed.token.as_bytes()[..]);
        let fp = claimed.fingerprint.as_ref().map(|fp| &fp.as_bytes()[..]);
        let row = transaction
            .query_opt(&self.statements.complete, &[&key, &fp, &token, &record, &seconds(retain_for)])
            .await?;
        Ok(if row.is_some() { Fenced::Ok } else { Fenced::Lost })
    }

    /// Writes the record, and lets the guard last as long.
    pub(super) async fn finish(
        &self,
        claimed: &Claimed,
        record: &[u8],
        retain_for: Duration,
    ) -> Result<Fenced, PostgresError> {
        let client = self.client().await?;
        let complete = client.prepare_cached(&self.statements.complete).await?;
        let keep = client.prepare_cached(&self.statements.keep_guard).await?;
        let (key, token) = (&claimed.key.as_bytes()[..], &claimed.token.as_bytes()[..]);
        let (fp, time) = (claimed.fingerprint.as_ref().map(|fp| &fp.as_bytes()[..]), seconds(retain_for));
        let guard = claimed.guard.as_ref().map(|guard| &guard.as_bytes()[..]);
        let (row, _) = tokio::try_join!(
            async { client.query_opt(&complete, &[&key, &fp, &token, &record, &time]).await },
            async {
                match guard {
                    Some(guard) => client.execute(&keep, &[&guard, &key, &time]).await,
                    None => Ok(0),
                }
            },
        )?;
        Ok(if row.is_some() { Fenced::Ok } else { Fenced::Lost })
    }

    /// Removes the claim, and its guard.
    pub(super) async fn give_back(&self, claimed: &Claimed) -> Result<Fenced, PostgresError> {
        let client = self.client().await?;
        let release = client.prepare_cached(&self.statements.release).await?;
        let (key, token) = (&claimed.key.as_bytes()[..], &claimed.token.as_bytes()[..]);
        let row = client.query_opt(&release, &[&key, &token]).await?;
        let is_mine: Option<bool> = row.map(|row| row.try_get(0)).transpose()?;
        if is_mine == Some(false) {
            return Ok(Fenced::Lost);
        }
        if let Some(guard) = &claimed.guard {
            let drop_guard = client.prepare_cached(&self.statements.drop_guard).await?;
            client.execute(&drop_guard, &[&&guard.as_bytes()[..], &key]).await?;
        }
        Ok(Fenced::Ok)
    }

    /// Lets the lease begin anew.
    pub(super) async fn prolong(&self, claimed: &Claimed, lease: Duration) -> Result<Fenced, PostgresError> {
        let client = self.client().await?;
        let extend = client.prepare_cached(&self.statements.extend).await?;
        let (key, token) = (&claimed.key.as_bytes()[..], &claimed.token.as_bytes()[..]);
        let fp = claimed.fingerprint.as_ref().map(|fp| &fp.as_bytes()[..]);
        let row = client.query_opt(&extend, &[&key, &fp, &token, &seconds(lease)]).await?;
        let Some(row) = row else { return Ok(Fenced::Lost) };
        // The guard of what is done lasts for as long as that does.
        if let (false, Some(guard)) = (row.try_get(0)?, &claimed.guard) {
            let keep = client.prepare_cached(&self.statements.keep_guard).await?;
            client.execute(&keep, &[&&guard.as_bytes()[..], &key, &seconds(lease)]).await?;
        }
        Ok(Fenced::Ok)
    }

    pub(super) async fn remove(&self, key: &Key) -> Result<bool, PostgresError> {
        let client = self.client().await?;
        let row = client.query_opt(&self.statements.forget, &[&&key.as_bytes()[..]]).await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?.unwrap_or(false))
    }

    pub(super) async fn delete_what_has_ended(&self) -> Result<u64, PostgresError> {
        let client = self.client().await?;
        let deliveries = client.execute(&self.statements.purge_deliveries, &[&BATCH]).await?;
        Ok(deliveries + client.execute(&self.statements.purge_guards, &[&BATCH]).await?)
    }
}
