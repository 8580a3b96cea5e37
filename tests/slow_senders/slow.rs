//! Senders as they should not be.

use std::net::SocketAddr;
use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Longer than anybody may live.
const GIVEN_UP: Duration = Duration::from_secs(30);

#[derive(Debug, Default)]
pub(crate) struct Lives {
    pub(crate) longest_body: Duration,
    pub(crate) longest_head: Duration,
    pub(crate) never_cut: usize,
}

/// From the connection to its end, or to the answer that is the end of the server's patience.
async fn life(address: SocketAddr, beginning: String, drip: Vec<u8>) -> Option<Duration> {
    let stream = TcpStream::connect(address).await.unwrap();
    let began = Instant::now();
    let (mut read, mut write) = stream.into_split();
    let living = async {
        let mut every = tokio::time::interval(Duration::from_secs(1));
        every.tick().await;
        let mut answer = [0; 64];
        if write.write_all(beginning.as_bytes()).await.is_err() {
            return;
        }
        loop {
            tokio::select! {
                _ = read.read(&mut answer) => return,
                _ = every.tick(), if !drip.is_empty() => if write.write_all(&drip).await.is_err() { return },
            }
        }
    };
    tokio::time::timeout(GIVEN_UP, living).await.ok().map(|()| began.elapsed())
}

/// Makes the table of this process's files as large as it will be. The kernel doubles it, and each time whoever opens a
/// file meanwhile waits for some ten milliseconds: that would be in the honest senders' times, who are in this process too.
pub(crate) fn make_room(files: usize) {
    let taken: Vec<UnixDatagram> = (0..files).map(|_| UnixDatagram::unbound().unwrap()).collect();
    drop(taken);
}

/// Bodies of 1 MiB that come by 1 KiB a second, under a signature that may turn out to be right; heads without an end.
pub(crate) async fn all(address: SocketAddr, bodies: usize, heads: usize) -> Lives {
    let signature = "0".repeat(64);
    let body = format!(
        "POST /github HTTP/1.1\r\nhost: x\r\nx-hub-signature-256: sha256={signature}\r\ncontent-length: 1048576\r\n\r\n"
    );
    let head = "POST /github HTTP/1.1\r\nhost: x\r\nx-half: ";
    let (mut dripping, mut waiting) = (JoinSet::new(), JoinSet::new());
    let mut every = tokio::time::interval(Duration::from_millis(1));
    for number in 0..bodies.max(heads) {
        if number < bodies {
            dripping.spawn(life(address, body.clone(), vec![b'x'; 1024]));
        }
        if number < heads {
            waiting.spawn(life(address, head.to_owned(), Vec::new()));
        }
        // A few thousand a second: what is measured is what they cost while they are there.
        if number % 2 == 0 {
            every.tick().await;
        }
    }
    let (bodies, heads) = (dripping.join_all().await, waiting.join_all().await);
    let longest = |lives: &[Option<Duration>]| lives.iter().flatten().max().copied().unwrap_or_default();
    let never_cut = bodies.iter().chain(&heads).filter(|life| life.is_none()).count();
    Lives { longest_body: longest(&bodies), longest_head: longest(&heads), never_cut }
}

/// All at once, each waits to be asked for its body; what each is answered.
pub(crate) async fn announce(address: SocketAddr, senders: usize, bytes: usize) -> Vec<String> {
    let mut all = JoinSet::new();
    for _ in 0..senders {
        all.spawn(async move {
            let head =
                format!("POST /raw HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: {bytes}\r\n\r\n");
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(head.as_bytes()).await.unwrap();
            let mut answer = Vec::new();
            let _ = tokio::time::timeout(GIVEN_UP, stream.read_to_end(&mut answer)).await;
            String::from_utf8(answer).unwrap()
        });
    }
    all.join_all().await
}
