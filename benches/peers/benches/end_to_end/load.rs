//! The load: one thread that goes round its connections, each with one request under way.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use tower_webhook::{provider, testing};

use crate::requests::SECRET;

/// Signed requests as they go over the wire, each with a body and an id of its own.
pub(crate) struct Deliveries {
    size: usize,
    made: usize,
}

impl Deliveries {
    pub(crate) fn new(size: usize) -> Self {
        Self { size, made: 0 }
    }

    fn one(&mut self) -> testing::TestDelivery {
        self.made += 1;
        let mut body = format!(r#"{{"action":"opened","number":{},"title":""#, self.made);
        body.extend(std::iter::repeat_n('x', self.size - body.len() - 2));
        body.push_str("\"}");
        testing::delivery(provider::GITHUB, SECRET)
            .event_type("pull_request")
            .json(body)
            .header("host", "hooks.example.com")
            .header("user-agent", "GitHub-Hookshot/044aadd")
            .header("x-forwarded-for", "192.30.252.44")
            .header("x-forwarded-proto", "https")
            .header("content-length", &self.size.to_string())
    }

    pub(crate) fn next(&mut self, count: usize) -> Vec<Bytes> {
        (0..count).map(|_| wire(&self.one().to_request())).collect()
    }

    pub(crate) fn forged(&mut self) -> Bytes {
        wire(&self.one().tampered().to_request())
    }
}

fn wire(request: &Request<Bytes>) -> Bytes {
    let mut bytes = format!("{} {} HTTP/1.1\r\n", request.method(), request.uri()).into_bytes();
    for (name, value) in request.headers() {
        bytes.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    bytes.extend(b"\r\n");
    bytes.extend(request.body());
    bytes.into()
}

/// What the requests took.
pub(crate) struct Taken {
    pub(crate) total: Duration,
    each: Vec<Duration>,
}

impl Taken {
    /// So large a part of them took at most this.
    pub(crate) fn at(&self, part: f64) -> Duration {
        self.each[((self.each.len() - 1) as f64 * part) as usize]
    }
}

struct Connection {
    stream: TcpStream,
    answer: Vec<u8>,
    /// The request under way, how much of it is written, and since when.
    under_way: Option<(Bytes, usize, Instant)>,
}

/// Connections to one server.
pub(crate) struct Load {
    connections: Vec<Connection>,
}

impl Load {
    /// # Errors
    /// This process may not have so many sockets.
    pub(crate) fn connect(address: SocketAddr, count: usize) -> io::Result<Self> {
        let connect = || {
            let stream = TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            Ok(Connection { stream, answer: Vec::with_capacity(1024), under_way: None })
        };
        Ok(Self { connections: (0..count).map(|_| connect()).collect::<io::Result<_>>()? })
    }

    /// One request, and the status of its answer.
    pub(crate) fn status(&mut self, request: &Bytes) -> u16 {
        let connection = &mut self.connections[0];
        connection.under_way = Some((request.clone(), 0, Instant::now()));
        loop {
            if let Some((status, _)) = connection.turn() {
                return status;
            }
        }
    }

    /// All of them, each answered with 200, within this time.
    ///
    /// # Panics
    /// With another answer, or when it takes longer.
    pub(crate) fn send(&mut self, requests: &[Bytes], at_most: Duration) -> Taken {
        let (begin, mut each, mut next) = (Instant::now(), Vec::with_capacity(requests.len()), requests.iter());
        while each.len() < requests.len() {
            assert!(begin.elapsed() < at_most, "it takes too long");
            for connection in &mut self.connections {
                if connection.under_way.is_none()
                    && let Some(request) = next.next()
                {
                    connection.under_way = Some((request.clone(), 0, Instant::now()));
                }
                if let Some((status, time)) = connection.turn() {
                    assert_eq!(status, 200);
                    each.push(time);
                }
            }
        }
        let total = begin.elapsed();
        each.sort_unstable();
        Taken { total, each }
    }
}

impl Connection {
    /// Writes what the socket takes, reads what there is: the status of a whole answer, and how long it took.
    fn turn(&mut self) -> Option<(u16, Duration)> {
        let (request, written, since) = self.under_way.as_mut()?;
        while *written < request.len() {
            match self.stream.write(&request[*written..]) {
                Ok(count) => *written += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => panic!("{error}"),
            }
        }
        let mut bytes = [0; 4096];
        match self.stream.read(&mut bytes) {
            Ok(0) => panic!("the server hung up"),
            Ok(count) => self.answer.extend(&bytes[..count]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return None,
            Err(error) => panic!("{error}"),
        }
        let status = whole(&self.answer)?;
        let time = since.elapsed();
        self.answer.clear();
        self.under_way = None;
        Some((status, time))
    }
}

/// The status, once head and body are there.
fn whole(answer: &[u8]) -> Option<u16> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&answer[..end]).unwrap();
    let length =
        head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |text| text.parse().unwrap());
    (answer.len() >= end + length).then(|| head[9..12].parse().unwrap())
}
