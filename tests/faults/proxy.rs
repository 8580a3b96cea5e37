//! The network between a receiver and its store: it can be cut, slowed down, and lose an answer.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// A TCP proxy on a loopback port of its own. It runs on threads, so that it takes no part in the runtime under test.
pub(crate) struct Proxy {
    port: u16,
    weather: Arc<Weather>,
}

#[derive(Default)]
struct Weather {
    /// Nobody gets through, and what was there is gone.
    cut: AtomicBool,
    /// Nothing arrives, but nobody is told.
    silent: AtomicBool,
    /// How long answers take, in milliseconds.
    delay: AtomicU64,
    /// So many answers are lost, each with its connection.
    lose: AtomicUsize,
    lost: AtomicUsize,
    connections: Mutex<Vec<TcpStream>>,
}

impl Proxy {
    pub(crate) fn to(upstream: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let weather = Arc::new(Weather::default());
        let seen = Arc::clone(&weather);
        thread::spawn(move || {
            for client in listener.incoming() {
                let Ok(client) = client else { return };
                if seen.cut.load(Ordering::SeqCst) {
                    continue;
                }
                let Ok(server) = TcpStream::connect(("127.0.0.1", upstream)) else { continue };
                seen.connect(client, server);
            }
        });
        Self { port, weather }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// Ends all connections, and takes no new ones until [`mend`](Self::mend).
    pub(crate) fn cut(&self) {
        self.weather.cut.store(true, Ordering::SeqCst);
        for connection in self.weather.connections.lock().unwrap().drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }

    /// From now on nothing arrives, in either direction, and nobody is told.
    pub(crate) fn silence(&self) {
        self.weather.silent.store(true, Ordering::SeqCst);
    }

    pub(crate) fn delay_answers(&self, by: Duration) {
        self.weather.delay.store(u64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }

    /// The next request arrives, and its answer does not: the connection ends instead.
    pub(crate) fn lose_next_answer(&self) {
        self.weather.lose.store(1, Ordering::SeqCst);
    }

    pub(crate) fn lost_answers(&self) -> usize {
        self.weather.lost.load(Ordering::SeqCst)
    }

    /// All is well again. What was under way when the network failed never arrives.
    pub(crate) fn mend(&self) {
        self.cut();
        self.weather.delay.store(0, Ordering::SeqCst);
        self.weather.silent.store(false, Ordering::SeqCst);
        self.weather.cut.store(false, Ordering::SeqCst);
    }
}

impl Weather {
    fn connect(self: &Arc<Self>, client: TcpStream, server: TcpStream) {
        let mut connections = self.connections.lock().unwrap();
        connections.push(client.try_clone().unwrap());
        connections.push(server.try_clone().unwrap());
        drop(connections);
        let (there, back) = (Arc::clone(self), Arc::clone(self));
        let (client_too, server_too) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        thread::spawn(move || there.carry(client_too, server_too, false));
        thread::spawn(move || back.carry(server, client, true));
    }

    /// Carries bytes until one side ends, or the network fails.
    fn carry(&self, mut from: TcpStream, mut to: TcpStream, answers: bool) {
        let mut bytes = [0; 16 * 1024];
        while let Ok(count @ 1..) = from.read(&mut bytes) {
            if answers {
                thread::sleep(Duration::from_millis(self.delay.load(Ordering::SeqCst)));
                let one_less = |left: usize| left.checked_sub(1);
                if self.lose.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok() {
                    self.lost.fetch_add(1, Ordering::SeqCst);
                    break;
                }
            }
            if self.silent.load(Ordering::SeqCst) {
                // Read and thrown away: the other side believes that it was sent.
                continue;
            }
            if to.write_all(&bytes[..count]).is_err() {
                break;
            }
        }
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.cut();
    }
}
