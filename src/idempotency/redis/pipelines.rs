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
    /// How many calls tasks have sent that are not answered. Nothing waits where there are none.
    under_way: usize,
    /// Whether there is one whose caller sent it.
    is_alone: bool,
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
            Begun::Alone(alone, commands) => {
                let exchanged = alone.0.exchange(together(commands)).await;
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
        if queue.under_way == 0 && !queue.is_alone && self.replicas == 0 {
            queue.is_alone = true;
            return Some(Begun::Alone(Alone(Arc::clone(self)), commands));
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

    /// In a task of its own, so that no caller who goes away, or stands still, holds the calls of others up.
    fn send(self: &Arc<Self>, calls: Vec<Call>) {
        if calls.is_empty() {
            return;
        }
        let under_way = UnderWay { on: Arc::clone(self), calls: calls.len() };
        if let Ok(runtime) = Handle::try_current() {
            drop(runtime.spawn(under_way.carry(calls)));
        }
    }

    /// One round trip: what each command is answered, and whether enough replicas have it. Too few are an error, that
    /// leaves the outcome open.
    async fn exchange(&self, mut pipeline: Pipeline) -> RedisResult<(Vec<Value>, RedisResult<()>)> {
        let replicas = self.replicas;
        if replicas > 0 {
            pipeline.cmd("WAIT").arg(replicas).arg(REPLICATED_WITHIN);
        }
        let answer = self.connection.clone().send_packed_commands(&pipeline, 0, pipeline.len()).await;
        if answer.is_err() {
            self.give_up();
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
    /// Nothing is under way, so its caller sends it: a task would cost more than it shares.
    Alone(Alone, Vec<Cmd>),
    Waiting(oneshot::Receiver<Answer>),
}

struct Alone(Arc<Pipelines>);

impl Drop for Alone {
    fn drop(&mut self) {
        self.0.queue().is_alone = false;
    }
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

/// Calls that a task has sent. Where they are answered, or the task ends, the next ones are sent.
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
        let mut exchanged =
            self.on.exchange(pipeline).await.map(|(values, replicated)| (values.into_iter(), replicated));
        for (commands, tell) in callers {
            let share = match &mut exchanged {
                Ok((values, replicated)) => answer(values.take(commands), replicated),
                Err(error) => Err(error.clone()),
            };
            // Nobody may wait for it any more.
            let _: Result<(), Answer> = tell.send(share);
        }
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
mod tests;
