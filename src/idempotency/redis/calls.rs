//! What is asked of the server, and how often.

use std::time::Duration;

use bytes::Bytes;
use redis::{ErrorKind, FromRedisValue, Pipeline, RedisResult, ServerErrorKind};

use super::scripts::{self, Script};
use super::value::{State, decode, encode};
use super::{RedisStore, kept};
use crate::delivery_key::Key;
use crate::encoding::Encoding;
use crate::idempotency::store::{Claim, Claimed, Fenced, Guarded};

/// Where a claim or a record must be before it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Master,
    /// So many replicas as well as the options ask for.
    Replicas,
}

impl RedisStore {
    fn name(&self, key: &Key) -> String {
        format!("{}{}", self.prefix, Encoding::Base64Url.encode(key.as_bytes()))
    }

    /// One round trip. One more where the answer may have been lost or the server is the master no more: each call can
    /// be repeated under its token.
    async fn ask<T: FromRedisValue>(&self, pipeline: &Pipeline, reach: Reach) -> RedisResult<T> {
        match self.ask_once(pipeline, reach).await {
            Err(error) if kept::is_passing(&error) => self.ask_once(pipeline, reach).await,
            answer => answer,
        }
    }

    async fn ask_once<T: FromRedisValue>(&self, pipeline: &Pipeline, reach: Reach) -> RedisResult<T> {
        match &self.replicas {
            Some(replicas) if reach == Reach::Replicas => replicas.ask(pipeline).await,
            _ => self.connection.clone().run(pipeline).await,
        }
    }

    /// Runs a script by its name. Where the server does not know it (any more), its text is sent, which teaches it.
    async fn run(&self, script: &Script, key: &Key, args: &[&[u8]], reach: Reach) -> RedisResult<u8> {
        let name = self.name(key);
        let verdict: RedisResult<(u8,)> = match self.ask(&script.by_name(&name, args), reach).await {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                self.ask(&script.by_text(&name, args), reach).await
            }
            answer => answer,
        };
        Ok(verdict?.0)
    }

    /// What stands under a key, and how much of its time is left.
    async fn find(&self, key: &Key) -> RedisResult<(Option<Bytes>, Duration)> {
        let name = self.name(key);
        let mut pipe = redis::pipe();
        pipe.get(&name).pttl(&name);
        let (found, left): (Option<Bytes>, i64) = self.ask(&pipe, Reach::Master).await?;
        Ok((found, millis(left)))
    }

    pub(super) async fn take(&self, claimed: &Claimed, lease: Duration) -> RedisResult<Claim> {
        let (name, value) = (self.name(&claimed.key), encode(State::Pending, claimed, b""));
        let mut pipe = redis::pipe();
        pipe.cmd("SET").arg(&name).arg(value).arg("NX").arg("GET").arg("PX").arg(as_millis(lease)).pttl(&name);
        let (found, left): (Option<Bytes>, i64) = self.ask(&pipe, Reach::Replicas).await?;
        Ok(match found {
            None => Claim::Owned { attempt: None },
            Some(value) => {
                let (found, left) = (decode(&value), millis(left));
                if found.state == State::Done {
                    self.recent.keep(claimed.key, || value.clone(), left);
                }
                found.answer(claimed, left)
            }
        })
    }

    /// Writes the guard, where there is none; else says which key it names.
    async fn guard(&self, guard: &Key, key: &Key, lease: Duration) -> RedisResult<Option<Key>> {
        let mut pipe = redis::pipe();
        pipe.cmd("SET").arg(self.name(guard)).arg(key.as_bytes());
        pipe.arg("NX").arg("GET").arg("PX").arg(as_millis(lease));
        let (found,): (Option<Bytes>,) = self.ask(&pipe, Reach::Replicas).await?;
        let known = found.and_then(|found| <[u8; 32]>::try_from(&*found).ok()).map(Key::from_bytes);
        Ok(known.filter(|known| known != key))
    }

    pub(super) async fn claim_guarded(&self, claimed: &Claimed, guard: &Key, lease: Duration) -> RedisResult<Claim> {
        // The claim arrives before the guard, so whoever sees the guard also sees the claim.
        let (claim, known) = if self.connection.keeps_order() && self.replicas.is_none() {
            let (claim, known) = tokio::join!(self.take(claimed, lease), self.guard(guard, &claimed.key, lease));
            (claim?, known?)
        } else {
            let claim = self.take(claimed, lease).await?;
            (claim, self.guard(guard, &claimed.key, lease).await?)
        };
        let (Claim::Owned { .. }, Some(of)) = (&claim, known) else { return Ok(claim) };
        let (found, left) = self.find(&of).await?;
        let state = match found.as_ref().map(decode) {
            Some(found) if found.state == State::Done => Guarded::Done { record: found.record },
            Some(_) => Guarded::InFlight { retry_in: left },
            None => match self.take_guard(guard, &of, &claimed.key, lease).await? {
                Fenced::Ok => return Ok(claim),
                // A third one has taken it over in between, and is at work.
                Fenced::Lost => Guarded::InFlight { retry_in: lease },
            },
        };
        // Another's by now, or gone: either way it is no longer ours.
        let _: Fenced = self.give_back(claimed).await?;
        Ok(Claim::Replayed { of, state })
    }

    async fn take_guard(&self, guard: &Key, from: &Key, to: &Key, time: Duration) -> RedisResult<Fenced> {
        let time = as_millis(time);
        let args: [&[u8]; 3] = [from.as_bytes(), to.as_bytes(), time.as_bytes()];
        self.run(&scripts::TAKE_GUARD, guard, &args, Reach::Replicas).await.map(fenced)
    }

    async fn keep_guard(&self, claimed: &Claimed, time: Duration) -> RedisResult<()> {
        let Some(guard) = &claimed.guard else { return Ok(()) };
        self.take_guard(guard, &claimed.key, &claimed.key, time).await.map(drop)
    }

    /// Writes the record, and lets the guard last as long.
    pub(super) async fn finish(&self, claimed: &Claimed, record: &[u8], retain_for: Duration) -> RedisResult<Fenced> {
        let (value, time) = (encode(State::Done, claimed, record), as_millis(retain_for));
        let args: [&[u8]; 3] = [claimed.token.as_bytes(), &value, time.as_bytes()];
        let complete = self.run(&scripts::COMPLETE, &claimed.key, &args, Reach::Replicas);
        let (verdict, guard) = tokio::join!(complete, self.keep_guard(claimed, retain_for));
        guard?;
        verdict.map(fenced)
    }

    /// Removes the claim.
    pub(super) async fn give_back(&self, claimed: &Claimed) -> RedisResult<Fenced> {
        let args: [&[u8]; 1] = [claimed.token.as_bytes()];
        self.run(&scripts::RELEASE, &claimed.key, &args, Reach::Master).await.map(fenced)
    }

    /// Removes its guard, where nothing stands under its key any more.
    pub(super) async fn drop_guard(&self, claimed: &Claimed) -> RedisResult<()> {
        if let Some(guard) = &claimed.guard
            && self.find(&claimed.key).await?.0.is_none()
        {
            self.run(&scripts::DROP_GUARD, guard, &[claimed.key.as_bytes()], Reach::Master).await?;
        }
        Ok(())
    }

    /// Lets the lease begin anew.
    pub(super) async fn prolong(&self, claimed: &Claimed, lease: Duration) -> RedisResult<Fenced> {
        let (value, time) = (encode(State::Pending, claimed, b""), as_millis(lease));
        let args: [&[u8]; 3] = [claimed.token.as_bytes(), &value, time.as_bytes()];
        let verdict = self.run(&scripts::EXTEND, &claimed.key, &args, Reach::Master).await?;
        // The guard of what is done lasts for as long as that does.
        if verdict == 1 {
            self.keep_guard(claimed, lease).await?;
        }
        Ok(fenced(verdict))
    }

    /// Removes what stands under a key.
    pub(super) async fn remove(&self, key: &Key) -> RedisResult<bool> {
        let mut pipe = redis::pipe();
        pipe.del(self.name(key));
        let (removed,): (u64,) = self.ask(&pipe, Reach::Replicas).await?;
        Ok(removed > 0)
    }
}

const fn fenced(verdict: u8) -> Fenced {
    if verdict == 0 { Fenced::Lost } else { Fenced::Ok }
}

/// The longest time to live that is asked for: a hundred years, well within what Redis can count.
const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

fn as_millis(time: Duration) -> String {
    time.min(CENTURY).as_millis().max(1).to_string()
}

/// Redis says less than nothing where a key has gone or has no end.
fn millis(left: i64) -> Duration {
    Duration::from_millis(u64::try_from(left).unwrap_or(0))
}
