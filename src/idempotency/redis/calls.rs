//! What is asked of the server, and how often.

use std::time::Duration;

use bytes::Bytes;
use redis::{Cmd, ErrorKind, FromRedisValue, RedisResult, ServerErrorKind, Value};

use tokio::time::timeout;

use super::RedisStore;
use super::kept::{self, Kept};
use super::scripts::{self, Script};
use super::value::{State, decode, encode};
use crate::clock::CENTURY;
use crate::delivery_key::Key;
use crate::encoding::Encoding;
use crate::idempotency::store::{Claim, Claimed, Fenced, Guarded};

/// How long a claim whose answer is known waits for what is left of the other one's time.
const LEFT_WITHIN: Duration = Duration::from_millis(25);

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
    async fn ask<T: FromRedisValue>(&self, reach: Reach, commands: impl Fn() -> Vec<Cmd>) -> RedisResult<T> {
        // The same one both times: where it was to blame it has been made anew by then.
        let replicated = self.replicas.as_ref().filter(|_| reach == Reach::Replicas).map(|all| all.connection());
        match self.ask_once(replicated, &commands).await {
            Err(error) if kept::is_passing(&error) => self.ask_once(replicated, &commands).await,
            answer => answer,
        }
    }

    async fn ask_once<T: FromRedisValue>(
        &self,
        replicated: Option<&Kept>,
        commands: impl Fn() -> Vec<Cmd>,
    ) -> RedisResult<T> {
        let values = match replicated {
            Some(connection) => connection.run(commands).await,
            None => self.connection.run(commands).await,
        };
        Ok(redis::from_redis_value(Value::Array(values?))?)
    }

    /// Runs a script by its name. Where the server does not know it (any more), its text is sent, which teaches it.
    async fn run(&self, script: &Script, key: &Key, args: &[&[u8]], reach: Reach) -> RedisResult<u8> {
        let name = self.name(key);
        let verdict: RedisResult<(u8,)> = match self.ask(reach, || vec![script.by_name(&name, args)]).await {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                self.ask(reach, || vec![script.by_text(&name, args)]).await
            }
            answer => answer,
        };
        Ok(verdict?.0)
    }

    /// What stands under a key, and how much of its time is left.
    async fn find(&self, key: &Key) -> RedisResult<(Option<Bytes>, Duration)> {
        let name = self.name(key);
        let both = || vec![command("GET", &name), command("PTTL", &name)];
        let (found, left): (Option<Bytes>, i64) = self.ask(Reach::Master, both).await?;
        // Redis says less than nothing where a key has gone or has no end.
        Ok((found, Duration::from_millis(u64::try_from(left).unwrap_or(0))))
    }

    /// Writes a value where there is none; else the server says what there is.
    fn write_new(&self, key: &Key, value: &[u8], time: Duration) -> Cmd {
        let mut set = command("SET", &self.name(key));
        set.arg(value).arg("NX").arg("GET").arg("PX").arg(as_millis(time));
        set
    }

    fn claiming(&self, claimed: &Claimed, lease: Duration) -> Cmd {
        self.write_new(&claimed.key, &encode(State::Pending, claimed, b""), lease)
    }

    pub(super) async fn take(&self, claimed: &Claimed, lease: Duration) -> RedisResult<Claim> {
        let (found,): (Option<Bytes>,) = self.ask(Reach::Replicas, || vec![self.claiming(claimed, lease)]).await?;
        self.answer(claimed, found, lease).await
    }

    /// What is answered to a claim that found this. What is left of another's lease, or of a record that is to be kept in
    /// memory, is asked for in a second round trip: a first run, and each other duplicate, does without.
    async fn answer(&self, claimed: &Claimed, found: Option<Bytes>, lease: Duration) -> RedisResult<Claim> {
        let Some(value) = found else { return Ok(Claim::Owned { attempt: None }) };
        let found = decode(&value);
        let mut left = lease;
        if found.is_own(claimed) && self.replicas.is_some() {
            // A call that was lost has claimed it. This one wrote nothing, and on servers newer than 7.0 `WAIT` is only about
            // what its own connection has written.
            return Ok(match self.begin_anew(claimed, lease, Reach::Replicas).await? {
                1 => Claim::Owned { attempt: None },
                _ => Claim::InFlight { retry_in: lease, same_fingerprint: true },
            });
        }
        if found.is_anothers(claimed) || found.state == State::Done && self.recent.keeps() {
            // It is known who has the delivery, whatever becomes of this.
            if let Ok(Ok((now, time))) = timeout(LEFT_WITHIN, self.find(&claimed.key)).await {
                left = time;
                if found.state == State::Done && now.as_ref() == Some(&value) {
                    self.recent.keep(claimed.key, || value, left);
                }
            }
        }
        Ok(found.answer(claimed, left))
    }

    pub(super) async fn claim_guarded(&self, claimed: &Claimed, guard: &Key, lease: Duration) -> RedisResult<Claim> {
        // The claim arrives before the guard, so whoever sees the guard also sees the claim.
        let both = || vec![self.claiming(claimed, lease), self.write_new(guard, claimed.key.as_bytes(), lease)];
        let (found, known): (Option<Bytes>, Option<Bytes>) = self.ask(Reach::Replicas, both).await?;
        let claim = self.answer(claimed, found, lease).await?;
        let known = known.and_then(|known| <[u8; 32]>::try_from(&*known).ok()).map(Key::from_bytes);
        let (Claim::Owned { .. }, Some(of)) = (&claim, known.filter(|known| *known != claimed.key)) else {
            return Ok(claim);
        };
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

    /// Lets the lease begin anew: 0 where another's stands there, 2 where it is done.
    async fn begin_anew(&self, claimed: &Claimed, lease: Duration, reach: Reach) -> RedisResult<u8> {
        let (value, time) = (encode(State::Pending, claimed, b""), as_millis(lease));
        let args: [&[u8]; 3] = [claimed.token.as_bytes(), &value, time.as_bytes()];
        self.run(&scripts::EXTEND, &claimed.key, &args, reach).await
    }

    /// Lets the lease of a claim and of its guard begin anew.
    pub(super) async fn prolong(&self, claimed: &Claimed, lease: Duration) -> RedisResult<Fenced> {
        let verdict = self.begin_anew(claimed, lease, Reach::Master).await?;
        // The guard of what is done lasts for as long as that does.
        if verdict == 1 {
            self.keep_guard(claimed, lease).await?;
        }
        Ok(fenced(verdict))
    }

    /// Removes what stands under a key.
    pub(super) async fn remove(&self, key: &Key) -> RedisResult<bool> {
        let name = self.name(key);
        let (removed,): (u64,) = self.ask(Reach::Replicas, || vec![command("DEL", &name)]).await?;
        Ok(removed > 0)
    }
}

const fn fenced(verdict: u8) -> Fenced {
    if verdict == 0 { Fenced::Lost } else { Fenced::Ok }
}

fn as_millis(time: Duration) -> String {
    time.min(CENTURY).as_millis().max(1).to_string()
}

fn command(command: &str, name: &str) -> Cmd {
    let mut command = redis::cmd(command);
    command.arg(name);
    command
}
