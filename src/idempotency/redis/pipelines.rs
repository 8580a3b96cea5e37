//! Calls that are made at the same time share a round trip.
//!
//! A call goes out at once where nothing is under way. What comes meanwhile waits, and goes out together as soon as it is
//! a quarter of what is under way, or when something of that comes back. So nobody waits for a clock, a call alone costs
//! its round trip and nothing else, and the more there are, the more of them share a write, a read and a timer.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redis::aio::MultiplexedConnection;
use redis::{Cmd, ErrorKind, Pipeline, RedisResult, Value};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// The most calls of one pipeline.
const MOST: usize = 64;
/// What waits goes out as soon as it is this part of what is under way.
const PART: usize = 4;
/// How long replicas have, in milliseconds. Shorter than a call waits for its answer.
const REPLICATED_WITHIN: u64 = 90;

/// What is answered to the commands of one call.
type Answer = RedisResult<Vec<Value>>;

struct Call {
    commands: Vec<Cmd>,
    tell: oneshot::Sender<Answer>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Call>,
    /// How many calls are sent and not answered.
    under_way: usize,
    /// A pipeline was lost: nothing more is sent here.
    is_broken: bool,
}

/// One connection, and the calls on it.
pub(super) struct Pipelines {
    connection: MultiplexedConnection,
    /// How many replicas must have what a pipeline writes.
    replicas: u8,
    queue: Mutex<Queue>,
}

impl Pipelines {
    pub(super) fn new(connection: MultiplexedConnection, replicas: u8) -> Arc<Self> {
        Arc::new(Self { connection, replicas, queue: Mutex::default() })
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answers to these commands, which the server gets one after the other with nothing of this connection's in
    /// between. `None`: the connection broke, or the runtime ended, while they waited for their turn.
    pub(super) async fn ask(self: &Arc<Self>, commands: Vec<Cmd>) -> Option<Answer> {
        match self.begin(commands)? {
            Begun::Alone(under_way, commands) => {
                let exchanged = under_way.exchange(together(commands)).await;
                Some(exchanged.and_then(|(values, replicated)| answer(values, &replicated)))
            }
            Begun::Waiting(answer) => answer.await.ok(),
        }
    }

    fn begin(self: &Arc<Self>, commands: Vec<Cmd>) -> Option<Begun> {
        let mut queue = self.queue();
        if queue.is_broken {
            return None;
        }
        if queue.waiting.is_empty() && self.may_go(&queue, 1) {
            queue.under_way += 1;
            return Some(Begun::Alone(UnderWay { on: Arc::clone(self), calls: 1 }, commands));
        }
        let (tell, answer) = oneshot::channel();
        queue.waiting.push_back(Call { commands, tell });
        let next = self.next(&mut queue);
        drop(queue);
        self.send(next);
        Some(Begun::Waiting(answer))
    }

    /// `WAIT` holds up all that comes after it on its connection, so there it is one pipeline at a time.
    const fn may_go(&self, queue: &Queue, calls: usize) -> bool {
        queue.under_way == 0 || self.replicas == 0 && (calls >= MOST || calls * PART >= queue.under_way)
    }

    /// The calls of the next pipeline, if it is time for one. Those whose callers went away are left out.
    fn next(&self, queue: &mut Queue) -> Vec<Call> {
        let mut calls = Vec::new();
        if self.may_go(queue, queue.waiting.len()) {
            while calls.len() < MOST
                && let Some(call) = queue.waiting.pop_front()
            {
                if !call.tell.is_closed() {
                    calls.push(call);
                }
            }
            queue.under_way += calls.len();
        }
        calls
    }

    /// In a task of its own, so that no caller who goes away takes the calls of others along.
    fn send(self: &Arc<Self>, calls: Vec<Call>) {
        if calls.is_empty() {
            return;
        }
        let under_way = UnderWay { on: Arc::clone(self), calls: calls.len() };
        if let Ok(runtime) = Handle::try_current() {
            drop(runtime.spawn(under_way.carry(calls)));
        }
    }

    fn give_up(&self) {
        let mut queue = self.queue();
        queue.is_broken = true;
        let waiting = std::mem::take(&mut queue.waiting);
        drop(queue);
        // Whoever waits learns of it by this.
        drop(waiting);
    }
}

/// How a call begins.
enum Begun {
    /// Its caller carries it.
    Alone(UnderWay, Vec<Cmd>),
    Waiting(oneshot::Receiver<Answer>),
}

fn together(commands: impl IntoIterator<Item = Cmd>) -> Pipeline {
    let mut pipeline = redis::pipe();
    for command in commands {
        pipeline.add_command(command);
    }
    pipeline
}

/// The answer of one call. Where a command of it failed, that is why, also where `WAIT` failed as well: a server that is
/// the master no more refuses both.
fn answer(values: impl IntoIterator<Item = Value>, replicated: &RedisResult<()>) -> Answer {
    let values = values.into_iter().map(Value::extract_error).collect::<Answer>()?;
    replicated.clone().map(|()| values)
}

/// Calls that are sent and not answered. Where they are, or nobody asks any more, the next ones are sent.
struct UnderWay {
    on: Arc<Pipelines>,
    calls: usize,
}

impl UnderWay {
    async fn carry(self, calls: Vec<Call>) {
        let mut callers = Vec::with_capacity(calls.len());
        let commands = calls.into_iter().flat_map(|call| {
            callers.push((call.commands.len(), call.tell));
            call.commands
        });
        let pipeline = together(commands);
        let mut exchanged = self.exchange(pipeline).await.map(|(values, replicated)| (values.into_iter(), replicated));
        for (commands, tell) in callers {
            let share = match &mut exchanged {
                Ok((values, replicated)) => answer(values.take(commands), replicated),
                Err(error) => Err(error.clone()),
            };
            // Nobody may wait for it any more.
            let _: Result<(), Answer> = tell.send(share);
        }
    }

    /// One round trip: what each command is answered, and whether enough replicas have it. Too few are an error, that
    /// leaves the outcome open.
    async fn exchange(&self, mut pipeline: Pipeline) -> RedisResult<(Vec<Value>, RedisResult<()>)> {
        let replicas = self.on.replicas;
        if replicas > 0 {
            pipeline.cmd("WAIT").arg(replicas).arg(REPLICATED_WITHIN);
        }
        let answer = self.on.connection.clone().send_packed_commands(&pipeline, 0, pipeline.len()).await;
        if answer.is_err() {
            self.on.give_up();
        }
        let mut values = answer?;
        let replicated = match values.pop_if(|_| replicas > 0).map(redis::from_redis_value::<u64>) {
            Some(Ok(reached)) if reached < u64::from(replicas) => {
                Err((ErrorKind::Client, "too few replicas have it").into())
            }
            Some(Err(error)) => Err(error.into()),
            Some(Ok(_)) | None => Ok(()),
        };
        Ok((values, replicated))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let next = {
            let mut queue = self.on.queue();
            queue.under_way -= self.calls;
            self.on.next(&mut queue)
        };
        self.on.send(next);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use redis::{AsyncConnectionConfig, RedisConnectionInfo};
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, duplex};
    use tokio::task::{JoinHandle, yield_now};
    use tokio::time::timeout;

    use super::*;

    /// A server that answers when it is told to.
    struct Peer(BufReader<DuplexStream>);

    impl Peer {
        async fn line(&mut self) -> String {
            let mut line = String::new();
            self.0.read_line(&mut line).await.unwrap();
            String::from(line.trim_end())
        }

        /// The next command.
        async fn hears(&mut self) -> String {
            let words = self.line().await[1..].parse().unwrap();
            let mut command = Vec::new();
            for _ in 0..words {
                self.line().await;
                command.push(self.line().await);
            }
            command.join(" ")
        }

        async fn hears_each(&mut self, names: impl IntoIterator<Item = u64>) {
            for name in names {
                assert_eq!(self.hears().await, format!("GET {name}"));
            }
        }

        async fn hears_nothing(&mut self) {
            assert!(timeout(Duration::from_millis(1), self.line()).await.is_err());
        }

        async fn says(&mut self, answer: u64) {
            self.0.write_all(format!(":{answer}\r\n").as_bytes()).await.unwrap();
        }
    }

    async fn connected(replicas: u8) -> (Arc<Pipelines>, Peer) {
        let (ours, peer) = duplex(1 << 16);
        let login = RedisConnectionInfo::default().set_skip_set_lib_name();
        let config = AsyncConnectionConfig::new();
        let (connection, driver) = MultiplexedConnection::new_with_config(&login, ours, config).await.unwrap();
        drop(tokio::spawn(driver));
        (Pipelines::new(connection, replicas), Peer(BufReader::new(peer)))
    }

    /// A call in a task of its own, that has begun.
    async fn call(pipelines: &Arc<Pipelines>, name: u64) -> JoinHandle<Option<Answer>> {
        let pipelines = Arc::clone(pipelines);
        let mut get = redis::cmd("GET");
        get.arg(name);
        let call = tokio::spawn(async move { pipelines.ask(vec![get]).await });
        yield_now().await;
        call
    }

    async fn answered(call: JoinHandle<Option<Answer>>) -> u64 {
        let values = call.await.unwrap().unwrap().unwrap();
        let (answer,) = redis::from_redis_value(Value::Array(values)).unwrap();
        answer
    }

    #[tokio::test(start_paused = true)]
    async fn what_waits_goes_out_together_and_each_gets_its_own_answer() {
        let (pipelines, mut peer) = connected(0).await;
        let mut calls = Vec::new();
        for name in 0..12 {
            calls.push(call(&pipelines, name).await);
        }
        // Five alone, then each time a quarter of those before.
        peer.hears_each(0..12).await;
        calls.push(call(&pipelines, 12).await);
        calls.push(call(&pipelines, 13).await);
        peer.hears_nothing().await;
        calls.push(call(&pipelines, 14).await);
        peer.hears_each(12..15).await;
        calls.push(call(&pipelines, 15).await);
        for name in 0..12 {
            peer.hears_nothing().await;
            peer.says(name).await;
        }
        // No more than four times as many are under way.
        peer.hears_each([15]).await;
        for name in 12..16 {
            peer.says(name).await;
        }
        for (name, call) in (0..).zip(calls) {
            assert_eq!(answered(call).await, name);
        }
        assert_eq!(pipelines.queue().under_way, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_went_away_does_not_hold_the_others_up() {
        let (pipelines, mut peer) = connected(1).await;
        let (alone, gone, stays) = (call(&pipelines, 1).await, call(&pipelines, 2).await, call(&pipelines, 3).await);
        assert_eq!((peer.hears().await, peer.hears().await), (String::from("GET 1"), String::from("WAIT 1 90")));
        peer.hears_nothing().await;
        gone.abort();
        alone.abort();
        assert!(alone.await.is_err() && gone.await.is_err());
        // The one that is sent before its answer has come; nothing of the one that was not.
        assert_eq!((peer.hears().await, peer.hears().await), (String::from("GET 3"), String::from("WAIT 1 90")));
        for answer in [1, 1, 3, 1] {
            peer.says(answer).await;
        }
        assert_eq!(answered(stays).await, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn too_few_replicas_are_an_error_for_all_who_shared_the_pipeline() {
        let (pipelines, mut peer) = connected(2).await;
        let first = call(&pipelines, 1).await;
        let others = [call(&pipelines, 2).await, call(&pipelines, 3).await];
        peer.says(1).await;
        peer.says(2).await;
        assert_eq!(answered(first).await, 1);
        for answer in [2, 3, 1] {
            peer.says(answer).await;
        }
        for call in others {
            let error = call.await.unwrap().unwrap().unwrap_err();
            assert!(error.to_string().contains("too few replicas"), "{error}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_pipeline_that_is_lost_fails_its_callers_and_sends_the_others_elsewhere() {
        let (pipelines, mut peer) = connected(0).await;
        let mut sent = Vec::new();
        for name in 0..5 {
            sent.push(call(&pipelines, name).await);
        }
        let waits = call(&pipelines, 5).await;
        peer.hears_each(0..5).await;
        drop(peer);
        for call in sent {
            assert!(call.await.unwrap().unwrap().is_err());
        }
        assert!(waits.await.unwrap().is_none());
        assert!(pipelines.ask(vec![redis::cmd("PING")]).await.is_none());
    }
}
