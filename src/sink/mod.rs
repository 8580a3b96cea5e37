//! Acknowledges what your broker has: verified deliveries go into Kafka, RabbitMQ, NATS, Redis Streams, and the answer
//! goes out once it is there.
//!
//! A [`Sink`] appends one event and resolves only when the broker says that it is durable; a [`SinkLayer`] answers 2xx
//! only then. [`RedisStreamSink`] (feature `redis`) is one; others are some ten lines around the client that you have.
//! Without a broker, take an `Inbox` (feature `sqlite`).
//!
//! **What passes**: a verified delivery is appended and answered: with 200 and the sender's exact answer where it asks
//! for one; else with 202 where the sender is known to take that, and with 200 where it is not. One that the sink [knows](Receipt::Known) gets the same with `Idempotent-Replayed: true`. What
//! was let in unsigned goes to the service behind the layer, and to no sink.
//!
//! **What is refused**: 503 `inbox_unavailable` with `Retry-After` where the sink failed or took too long; whether the
//! event is there is not known then, and the sender brings it again: consumers, or the sink, must know copies by the
//! [key](Event::key). An id that is none: 400 `malformed_event_id`.
//!
//! # What an acknowledgement means
//!
//! A receipt is worth what the broker's acknowledgement is worth on its disks:
//!
//! | broker | ask for | what it says | what it does not |
//! |---|---|---|---|
//! | Kafka | `acks=all`, `min.insync.replicas=2`, idempotent producer | at least as many replicas have it, in memory | on a disk: the log is flushed later, so replicas on machines that do not fail together are what keeps it |
//! | RabbitMQ | a quorum queue, persistent messages, publisher confirms, `mandatory` | a majority has written and flushed it | anything without confirms; a message that no queue is bound for is confirmed, and gone |
//! | NATS JetStream | the publish acknowledgement, 3 replicas | a majority has it | on a disk: `sync_interval` is 2 minutes by default; `always` flushes first |
//! | Redis Streams | `appendonly yes`, `appendfsync always`, `min_replicas` | written and flushed, and so many replicas have it, in memory | `everysec` loses the last second or two with the server; a failover may choose a replica without it |
//! | Amazon SQS | `SendMessage` returned | stored on several machines | order, and single delivery, but in FIFO queues, which know copies for 5 minutes only |
//!
//! Sources: [Kafka](https://kafka.apache.org/documentation/#producerconfigs_acks),
//! [RabbitMQ](https://www.rabbitmq.com/docs/confirms) and [its log](https://github.com/rabbitmq/ra/blob/main/docs/internals/LOG.md),
//! [NATS](https://docs.nats.io/nats-concepts/jetstream),
//! [Redis](https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/) and its
//! [`WAIT`](https://redis.io/docs/latest/commands/wait/),
//! [SQS](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-exactly-once-processing.html).
//!
//! # Example
//!
//! ```
//! use std::convert::Infallible;
//! use std::sync::{Arc, Mutex};
//!
//! use tower::Layer;
//! use tower_webhook::sink::{Event, Receipt, Sink, SinkLayer};
//! use tower_webhook::testing::{self, Endpoint};
//! use tower_webhook::{Reason, Secret, SignatureLayer, WebhookLayer, provider};
//!
//! /// A broker client stands here.
//! #[derive(Clone, Default)]
//! struct Topic(Arc<Mutex<Vec<Event>>>);
//!
//! impl Sink for Topic {
//!     type Error = Infallible;
//!
//!     async fn append(&self, event: Event) -> Result<Receipt, Infallible> {
//!         self.0.lock().unwrap().push(event);
//!         Ok(Receipt::Appended)
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let topic = Topic::default();
//! let signature = SignatureLayer::new(provider::STRIPE, Secret::short("whsec_test")?)?;
//! let endpoint = Endpoint::new(WebhookLayer::of(signature).layer(SinkLayer::new(topic.clone()).endpoint()));
//!
//! let delivery = testing::delivery(provider::STRIPE, "whsec_test").json(r#"{"id":"evt_1"}"#);
//! endpoint.send(&delivery).await.assert_accepted(); // the topic has it
//! assert_eq!(topic.0.lock().unwrap()[0].delivery().id().as_deref(), Some("evt_1"));
//! endpoint.send(&delivery.tampered()).await.assert_rejected(Reason::SignatureMismatch);
//! # Ok(()) }
//! ```

mod event;
mod layer;
mod log;
#[cfg(feature = "redis")]
mod redis_stream;
mod service;

pub use event::{Event, Receipt, Sink};
pub use layer::SinkLayer;
#[cfg(feature = "redis")]
#[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
pub use redis_stream::{RedisStreamError, RedisStreamSink};
pub use service::{NoSink, SinkEndpoint, SinkFuture, SinkService};
