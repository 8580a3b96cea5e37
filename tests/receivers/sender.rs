//! A sender: three copies at once, and again until one is acknowledged.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::time::{Instant, sleep};
use tower_webhook::{provider, testing};

use crate::RECEIVERS;
use crate::fleet::Fleet;
use crate::ledger::{Answer, Ledger};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// Between two rounds of one delivery.
const PAUSE: Duration = Duration::from_millis(100);

pub(crate) struct Sender {
    number: usize,
    fleet: Arc<Fleet>,
    ledger: Arc<Ledger>,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Sender {
    pub(crate) fn new(number: usize, fleet: Arc<Fleet>, ledger: Arc<Ledger>) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { number, fleet, ledger, client }
    }

    /// One copy to the receiver in this place.
    async fn send(&self, id: &str, place: usize) -> Answer {
        let (incarnation, url) = self.fleet.at(place);
        let uri = format!("{url}/webhooks/standard");
        let delivery = testing::delivery(provider::STANDARD_WEBHOOKS, SECRET).to(&uri).id(id).json("{}");
        let answer = async {
            let (head, body) = self.client.request(delivery.to_request()).await.ok()?.into_parts();
            // To its end, so that the connection is used again.
            body.collect().await.ok()?;
            Some(match head.status {
                status if status.is_success() => {
                    Answer::Acknowledged { replayed: head.headers.contains_key("idempotent-replayed") }
                }
                StatusCode::SERVICE_UNAVAILABLE => Answer::Unavailable,
                other => panic!("{id} was answered with {other}"),
            })
        };
        let answer = answer.await.unwrap_or(Answer::Broken);
        self.ledger.note(id, incarnation, answer);
        answer
    }

    /// Three copies at once.
    async fn round(&self, id: &str, place: usize) -> bool {
        let answers = tokio::join!(self.send(id, place), self.send(id, place + 1), self.send(id, place + 2));
        [answers.0, answers.1, answers.2].iter().any(|answer| matches!(answer, Answer::Acknowledged { .. }))
    }

    /// One delivery after the other until `end`; each until it is acknowledged.
    pub(crate) async fn deliver_until(self, end: Instant, patience: Duration) {
        for count in 0_usize.. {
            let begin = Instant::now();
            if begin >= end {
                return;
            }
            let id = format!("msg_{}_{count}", self.number);
            let mut place = (self.number + count) % RECEIVERS;
            while !self.round(&id, place).await {
                assert!(begin.elapsed() < patience, "{id} was never acknowledged");
                sleep(PAUSE).await;
                place += 1;
            }
        }
    }

    /// Each once more, until it is answered from its record.
    pub(crate) async fn ask_again(&self, ids: &[String], patience: Duration) {
        for id in ids {
            let begin = Instant::now();
            while self.send(id, self.number).await != (Answer::Acknowledged { replayed: true }) {
                assert!(begin.elapsed() < patience, "{id} is no duplicate");
                sleep(PAUSE).await;
            }
        }
    }
}
