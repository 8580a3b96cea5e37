//! Against a server that answers when it is told to.

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

fn get(name: u64) -> Cmd {
    let mut get = redis::cmd("GET");
    get.arg(name);
    get
}

/// A call in a task of its own, that has begun.
async fn call(pipelines: &Arc<Pipelines>, name: u64) -> JoinHandle<Option<Answer>> {
    let pipelines = Arc::clone(pipelines);
    let call = tokio::spawn(async move { pipelines.ask(vec![get(name)]).await });
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
    for name in 0..13 {
        calls.push(call(&pipelines, name).await);
    }
    // The first by its caller, five one by one, then each time a quarter of those before.
    peer.hears_each(0..13).await;
    calls.push(call(&pipelines, 13).await);
    calls.push(call(&pipelines, 14).await);
    peer.hears_nothing().await;
    calls.push(call(&pipelines, 15).await);
    peer.hears_each(13..16).await;
    calls.push(call(&pipelines, 16).await);
    for name in 0..13 {
        peer.hears_nothing().await;
        peer.says(name).await;
    }
    // No more than four times as many are under way.
    peer.hears_each([16]).await;
    for name in 13..17 {
        peer.says(name).await;
    }
    for (name, call) in (0..).zip(calls) {
        assert_eq!(answered(call).await, name);
    }
    assert_eq!(pipelines.queue().under_way, 0);
}

#[tokio::test(start_paused = true)]
async fn callers_that_stand_still_or_go_away_hold_nobody_up() {
    let (pipelines, mut peer) = connected(0).await;
    let mut still = Vec::new();
    for name in 0..8 {
        let mut call = tokio_test::task::spawn(pipelines.ask(vec![get(name)]));
        tokio_test::assert_pending!(call.poll());
        still.push(call);
    }
    peer.hears_each(0..8).await;
    for name in 0..8 {
        peer.says(name).await;
    }
    for name in 8..10 {
        let other = call(&pipelines, name).await;
        peer.hears_each([name]).await;
        peer.says(name).await;
        assert_eq!(answered(other).await, name);
        still.clear();
    }
}

#[tokio::test(start_paused = true)]
async fn with_replicas_one_pipeline_goes_out_at_a_time_without_those_who_went_away() {
    let (pipelines, mut peer) = connected(1).await;
    let (first, gone, last) = (call(&pipelines, 1).await, call(&pipelines, 2).await, call(&pipelines, 3).await);
    assert_eq!((peer.hears().await, peer.hears().await), (String::from("GET 1"), String::from("WAIT 1 90")));
    gone.abort();
    assert!(gone.await.is_err());
    peer.hears_nothing().await;
    peer.says(1).await;
    peer.says(1).await;
    assert_eq!((peer.hears().await, peer.hears().await), (String::from("GET 3"), String::from("WAIT 1 90")));
    peer.says(3).await;
    peer.says(2).await;
    assert_eq!((answered(first).await, answered(last).await), (1, 3));
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
    for name in 0..6 {
        sent.push(call(&pipelines, name).await);
    }
    let waits = call(&pipelines, 6).await;
    peer.hears_each(0..6).await;
    drop(peer);
    for call in sent {
        assert!(call.await.unwrap().unwrap().is_err());
    }
    assert!(waits.await.unwrap().is_none());
    assert!(pipelines.ask(vec![redis::cmd("PING")]).await.is_none());
}
