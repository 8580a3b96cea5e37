//! Writes that count once replicas have them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use redis::{ErrorKind, FromRedisValue, Pipeline, RedisResult, Value};

use super::kept::{Kept, Source};

/// `WAIT` holds up all that comes after it on its connection, so these are connections of their own, and several.
const CONNECTIONS: usize = 8;
/// How long replicas have, in milliseconds. Shorter than a call waits for its answer.
const WITHIN: u64 = 90;

pub(super) struct Replicas {
    least: u8,
    connections: [Kept; CONNECTIONS],
    next: AtomicUsize,
}

impl Replicas {
    pub(super) fn new(least: u8, source: &Arc<Source>) -> Self {
        let connections = std::array::from_fn(|_| Kept::new(Arc::clone(source)));
        Self { least, connections, next: AtomicUsize::new(0) }
    }

    /// As one connection would, and then waits for the replicas: in the same round trip, and on the same connection,
    /// since `WAIT` is about what came before it there. Too few of them are an error, that leaves the outcome open.
    pub(super) async fn ask<T: FromRedisValue>(&self, pipeline: &Pipeline) -> RedisResult<T> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % CONNECTIONS;
        let Some(kept) = self.connections.get(turn) else { return Err(too_few()) };
        let mut pipeline = pipeline.clone();
        pipeline.cmd("WAIT").arg(self.least).arg(WITHIN);
        let (mut connection, attempt) = kept.connection().await?;
        let answer: RedisResult<Vec<Value>> = pipeline.query_async(&mut connection).await;
        kept.judge(&answer, &attempt);
        let mut values = answer?;
        let reached: u64 = values.pop().map(redis::from_redis_value).transpose()?.unwrap_or(0);
        if reached < u64::from(self.least) {
            return Err(too_few());
        }
        Ok(redis::from_redis_value(Value::Array(values))?)
    }
}

fn too_few() -> redis::RedisError {
    (ErrorKind::Client, "too few replicas have it").into()
}
