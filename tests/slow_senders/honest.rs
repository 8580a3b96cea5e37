//! Senders as they should be.

use std::fmt;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Signed with the secret of GitHub's documentation.
const DELIVERY: &str = "POST /github HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-hub-signature-256: sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17\r\ncontent-length: 13\r\n\r\nHello, World!";

#[derive(Debug, Default)]
pub(crate) struct Latencies {
    took: Vec<Duration>,
    pub(crate) failed: usize,
}

impl Latencies {
    fn quantile(&self, of_a_thousand: usize) -> Duration {
        self.took[(self.took.len() * of_a_thousand / 1_000).min(self.took.len() - 1)]
    }

    pub(crate) fn p99(&self) -> Duration {
        self.quantile(990)
    }
}

impl fmt::Display for Latencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (half, most) = (self.quantile(500), self.p99());
        write!(f, "{} delivered, {} failed, p50 {half:?}, p99 {most:?}", self.took.len(), self.failed)
    }
}

/// A delivery every ten milliseconds, each on a connection of its own, whether or not those before it are answered.
pub(crate) async fn deliver(address: SocketAddr, how_long: Duration) -> Latencies {
    let (began, mut all) = (Instant::now(), JoinSet::new());
    let mut every = tokio::time::interval(Duration::from_millis(10));
    while began.elapsed() < how_long {
        every.tick().await;
        all.spawn(async move {
            let began = Instant::now();
            let talk = async {
                let mut stream = TcpStream::connect(address).await?;
                stream.write_all(DELIVERY.as_bytes()).await?;
                let mut answer = Vec::new();
                stream.read_to_end(&mut answer).await?;
                Ok::<_, std::io::Error>(answer)
            };
            let answer = tokio::time::timeout(Duration::from_secs(20), talk).await;
            let is_accepted = matches!(answer, Ok(Ok(answer)) if answer.starts_with(b"HTTP/1.1 200"));
            is_accepted.then(|| began.elapsed())
        });
    }
    let mut latencies = Latencies::default();
    for ended in all.join_all().await {
        match ended {
            Some(took) => latencies.took.push(took),
            None => latencies.failed += 1,
        }
    }
    latencies.took.sort();
    latencies
}
