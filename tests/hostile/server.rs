//! The reference receiver, what it counts, and what it answers.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Mutex, MutexGuard, oneshot};
use tokio::task::JoinHandle;
use tower_webhook::serve::Server;

use crate::message::Message;
use crate::receiver;

/// Longer than anything here takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);

/// A running receiver. There is one at a time: what is counted is counted for the whole process.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<std::io::Result<()>>,
    _alone: MutexGuard<'static, ()>,
}

/// What `/runs` and `/metrics` say, without zeros.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) runs: BTreeMap<String, u64>,
    pub(crate) reasons: BTreeMap<String, u64>,
    pub(crate) series: usize,
}

/// What came back. Status 0: nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
    /// Everything, as it came over HTTP/1.
    pub(crate) raw: Vec<u8>,
}

fn prometheus() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| receiver::recorder().unwrap()).clone()
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        static ALONE: Mutex<()> = Mutex::const_new(());
        let alone = ALONE.lock().await;
        let server = Server::bind("127.0.0.1:0").await.unwrap();
        let address = server.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let app = receiver::app(prometheus()).unwrap();
        Self { address, stop, serving: tokio::spawn(receiver::serve(server, app, stopped)), _alone: alone }
    }

    /// No handler and no layer panicked, or this would.
    pub(crate) async fn stop(self) {
        drop(self.stop);
        tokio::time::timeout(PATIENCE, self.serving).await.expect("an end in time").unwrap().unwrap();
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends these bytes and reads until the server closes.
    pub(crate) async fn bytes(&self, bytes: &[u8]) -> Answer {
        let talking = async {
            let (mut read, mut write) = self.connect().await.into_split();
            // A server that has seen enough does not read the rest.
            let writing = async {
                let _ = write.write_all(bytes).await;
                write
            };
            let mut raw = Vec::new();
            let reading = async {
                let _ = read.read_to_end(&mut raw).await;
            };
            tokio::join!(writing, reading);
            Answer::of_http1(raw)
        };
        tokio::time::timeout(PATIENCE, talking)
            .await
            .unwrap_or_else(|_| panic!("no end of {:?}", Bytes::copy_from_slice(bytes)))
    }

    /// Sends the message over h2c, on a connection of its own.
    pub(crate) async fn h2(&self, message: &Message) -> Answer {
        let talking = async {
            let stream = TokioIo::new(self.connect().await);
            let (mut sender, connection) =
                hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.unwrap();
            let connection = tokio::spawn(connection);
            let mut request = Request::builder()
                .method(message.method.as_str())
                .uri(format!("http://hooks.example{}", message.target));
            for (name, value) in &message.lines {
                request = request.header(name.as_str(), value.as_slice());
            }
            let request = request.body(Full::new(Bytes::from(message.body.clone()))).unwrap();
            let answer = match sender.send_request(request).await {
                Ok(response) => {
                    let (head, body) = response.into_parts();
                    let body = body.collect().await.map(|body| body.to_bytes().to_vec()).unwrap_or_default();
                    let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
                        (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
                    };
                    let headers = head.headers.iter().map(header).collect();
                    Answer { status: head.status.as_u16(), headers, body, raw: Vec::new() }
                }
                Err(_) => Answer::default(),
            };
            connection.abort();
            answer
        };
        tokio::time::timeout(PATIENCE, talking).await.expect("an answer in time")
    }

    async fn get(&self, target: &str) -> String {
        let answer =
            self.bytes(format!("GET {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes()).await;
        assert_eq!(answer.status, 200, "{target}");
        String::from_utf8(answer.body).unwrap()
    }

    pub(crate) async fn metrics(&self) -> String {
        self.get("/metrics").await
    }

    pub(crate) async fn counts(&self) -> Counts {
        let mut runs: BTreeMap<String, u64> = serde_json::from_str(&self.get("/runs").await).unwrap();
        runs.retain(|_, count| *count > 0);
        let (mut reasons, mut series) = (BTreeMap::new(), 0);
        for line in self.metrics().await.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            series += 1;
            let Some(labels) = line.strip_prefix("webhook_requests_total{") else { continue };
            let (labels, count) = labels.rsplit_once("} ").unwrap();
            let reason = labels.split_once("reason=\"").unwrap().1.split('"').next().unwrap();
            let count = count.parse::<f64>().unwrap() as u64;
            if !reason.is_empty() && reason != "none" && count > 0 {
                *reasons.entry(reason.to_owned()).or_default() += count;
            }
        }
        Counts { runs, reasons, series }
    }

    /// Whether it still serves.
    pub(crate) async fn is_well(&self) {
        let answer = self.bytes(&crate::message::github("{}").http1()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}

impl Counts {
    fn since(now: &BTreeMap<String, u64>, before: &BTreeMap<String, u64>) -> Vec<(String, u64)> {
        let more =
            |(name, count): (&String, &u64)| (name.clone(), count - before.get(name).copied().unwrap_or_default());
        now.iter().map(more).filter(|(_, count)| *count > 0).collect()
    }

    pub(crate) fn runs_since(&self, before: &Self) -> Vec<(String, u64)> {
        Self::since(&self.runs, &before.runs)
    }

    pub(crate) fn reasons_since(&self, before: &Self) -> Vec<(String, u64)> {
        Self::since(&self.reasons, &before.reasons)
    }
}

impl Answer {
    fn of_http1(raw: Vec<u8>) -> Self {
        let text = String::from_utf8_lossy(&raw);
        let Some(end) = raw.windows(4).position(|window| window == b"\r\n\r\n") else {
            return Self { raw, ..Self::default() };
        };
        let mut lines = text[..end].lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers =
            lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self { status, headers: headers.collect(), body: raw[end + 4..].to_vec(), raw: raw.clone() }
    }

    /// What of it a sender can tell apart: all but the date and what HTTP/1 alone says of its connection.
    pub(crate) fn seen(mut self) -> String {
        for name in ["date", "connection"] {
            self.headers.remove(name);
        }
        format!("{:?} {}", self.headers, String::from_utf8_lossy(&self.body))
    }

    pub(crate) fn is_a_refusal_of_ours(&self) -> Result<(), String> {
        for (name, value) in [
            ("content-type", "application/problem+json"),
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
        ] {
            if self.headers.get(name).map(String::as_str) != Some(value) {
                return Err(format!("{name} is {:?}", self.headers.get(name)));
            }
        }
        let problem: serde_json::Value =
            serde_json::from_slice(&self.body).map_err(|error| format!("the problem is no JSON: {error}"))?;
        if problem["status"] != self.status {
            return Err(format!("another status in {problem}"));
        }
        let comes_back = matches!(self.status, 409 | 503);
        if self.headers.contains_key("retry-after") != comes_back {
            return Err(format!("retry-after: {:?}", self.headers.get("retry-after")));
        }
        Ok(())
    }

    /// A refusal has at most 512 bytes, and is never an error of ours, but for the one that says come back.
    pub(crate) fn is_small(&self) -> Result<(), String> {
        if self.status >= 400 && self.body.len() > 512 {
            return Err(format!("{} bytes", self.body.len()));
        }
        if self.status >= 500 && self.status != 503 {
            return Err("an error of ours".to_owned());
        }
        Ok(())
    }
}
