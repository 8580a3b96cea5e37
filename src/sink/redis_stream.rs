//! A Redis stream.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use redis::RedisError;
use redis::aio::ConnectionLike;

use super::event::{Event, Receipt, Sink};
use crate::encoding::Encoding;

/// Appends the event unless its key was seen, in one step. `KEYS`: the stream, the key; `ARGV`: how long the key is kept, in
/// milliseconds (0: there is none), then fields and values. A key that was seen is kept anew: `WAIT` after it then waits
/// for what came before, too, whoever wrote it. `XADD` comes before any other write: a server that is full refuses only the
/// first one of a script.
const APPEND: &str = "local keep = tonumber(ARGV[1])
if keep > 0 and redis.call('EXISTS', KEYS[2]) == 1 then
  redis.call('PEXPIRE', KEYS[2], keep)
  return 0
end
local id = redis.call('XADD', KEYS[1], '*', unpack(ARGV, 2))
if keep > 0 then redis.call('SET', KEYS[2], id, 'PX', keep) end
return 1";

/// Appends events to a Redis stream (`XADD`), each key once, for as long as its sender may bring copies.
///
/// An entry has the fields `provider`, `route`, `id`, `event_type`, `received_at` (milliseconds since 1970), `method`,
/// `path`, `content_type` and `body`, the last as its exact bytes; those that there are none of are left out. Beside the
/// stream lie the keys that were seen, `<stream>:seen:…`, with a time to live. Nothing is trimmed: that is up to you.
///
/// Durable is what the server makes durable: `appendonly yes` with `appendfsync always`. Give it `maxmemory-policy
/// noeviction`: a server that evicts drops the stream, or what was seen. In a cluster the stream's name needs a hash tag
/// (`{webhooks}`), so that both keys are in one place.
///
/// ```no_run
/// # async fn open() -> Result<(), Box<dyn std::error::Error>> {
/// use tower_webhook::sink::{RedisStreamSink, SinkLayer};
///
/// let connection = redis::Client::open("redis://127.0.0.1/")?.get_multiplexed_async_connection().await?;
/// let layer = SinkLayer::new(RedisStreamSink::new(connection, "{webhooks}"));
/// # let _ = layer; Ok(()) }
/// ```
#[derive(Clone)]
pub struct RedisStreamSink<C> {
    connection: C,
    stream: Arc<str>,
    replicas: Option<(u8, Duration)>,
}

impl<C> RedisStreamSink<C>
where
    C: ConnectionLike + Clone + Send + Sync + 'static,
{
    /// Appends to this stream, over a connection of yours: best one that connects again by itself.
    pub fn new(connection: C, stream: &str) -> Self {
        Self { connection, stream: stream.into(), replicas: None }
    }

    /// How many replicas must have an event, within a time, before it counts as appended (`WAIT`). Fewer are a failure, and
    /// the sender comes back; the event is known then. `WAIT` holds up what else is asked on its connection: give this
    /// sink one of its own, whose time limit for answers (500 ms, unless you set another) is longer than this one. Not for
    /// clusters. Default: none.
    #[must_use]
    pub fn min_replicas(self, least: u8, within: Duration) -> Self {
        Self { replicas: (least > 0).then_some((least, within)), ..self }
    }

    async fn replicated(&self, connection: &mut C) -> Result<(), RedisStreamError> {
        let Some((least, within)) = self.replicas else { return Ok(()) };
        // 0 would wait for ever.
        let within = u64::try_from(within.as_millis()).unwrap_or(u64::MAX).max(1);
        let have: u32 = redis::cmd("WAIT").arg(least).arg(within).query_async(connection).await.map_err(failed)?;
        if have >= u32::from(least) { Ok(()) } else { Err(RedisStreamError(Kind::Replicas { have, least })) }
    }
}

impl<C> Sink for RedisStreamSink<C>
where
    C: ConnectionLike + Clone + Send + Sync + 'static,
{
    type Error = RedisStreamError;

    async fn append(&self, event: Event) -> Result<Receipt, RedisStreamError> {
        let delivery = event.delivery();
        let (seen, keep) = match event.key() {
            Some(key) => (Encoding::Base64Url.encode(key.as_bytes()), event.retain_for().as_millis().max(1)),
            None => (String::new(), 0),
        };
        let (id, event_type) = (delivery.id(), delivery.event_type());
        let content_type = event.headers().get(http::header::CONTENT_TYPE).map(http::HeaderValue::as_bytes);
        let received_at = event.received_at().as_millis().to_string();
        let fields = [
            ("provider", Some(delivery.provider().as_bytes())),
            ("route", Some(delivery.route().as_bytes())),
            ("id", id.as_ref().map(|id| id.as_bytes())),
            ("event_type", event_type.as_ref().map(|name| name.as_bytes())),
            ("received_at", Some(received_at.as_bytes())),
            ("method", Some(event.method().as_str().as_bytes())),
            ("path", Some(event.path().as_bytes())),
            ("content_type", content_type),
            ("body", Some(&event.body()[..])),
        ];
        let mut call = redis::cmd("EVAL");
        call.arg(APPEND).arg(2).arg(&*self.stream).arg(format!("{}:seen:{seen}", self.stream)).arg(keep.to_string());
        for (name, value) in fields {
            if let Some(value) = value {
                call.arg(name).arg(value);
            }
        }
        let mut connection = self.connection.clone();
        let appended: u8 = call.query_async(&mut connection).await.map_err(failed)?;
        // For a copy, too: the first call may have ended here.
        self.replicated(&mut connection).await?;
        Ok(if appended == 1 { Receipt::Appended } else { Receipt::Known })
    }
}

impl<C> fmt::Debug for RedisStreamSink<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStreamSink")
            .field("stream", &self.stream)
            .field("replicas", &self.replicas)
            .finish_non_exhaustive()
    }
}

fn failed(error: RedisError) -> RedisStreamError {
    RedisStreamError(Kind::Server(error))
}

/// Why an event was not appended, or is not known to be.
#[derive(Debug)]
pub struct RedisStreamError(Kind);

#[derive(Debug)]
enum Kind {
    Replicas { have: u32, least: u8 },
    Server(RedisError),
}

impl fmt::Display for RedisStreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Replicas { have, least } => write!(f, "{have} replicas have the event, and {least} are to"),
            // Of the whole error only its kind: an answer of the server may quote what was sent.
            Kind::Server(error) => write!(f, "the server failed: {}", error.category()),
        }
    }
}

impl Error for RedisStreamError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            Kind::Replicas { .. } => None,
            Kind::Server(error) => Some(error),
        }
    }
}
