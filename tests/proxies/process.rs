//! A proxy as a process of its own: a folder, a port, in the foreground, gone with the test.

use std::net::IpAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) struct Proxy {
    command: &'static str,
    arguments: fn(&str) -> Vec<String>,
    around: (&'static str, &'static str),
}

pub(crate) const NGINX: Proxy = Proxy {
    command: "nginx",
    arguments: |folder| ["-p", folder, "-c", "conf", "-e", "stderr"].map(str::to_owned).to_vec(),
    around: (
        "daemon off; master_process off; pid pid; events {} http { access_log off; keepalive_requests 100000000; \
         client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; \
         scgi_temp_path scgi; ",
        " }",
    ),
};

pub(crate) const HAPROXY: Proxy = Proxy {
    command: "haproxy",
    arguments: |folder| vec!["-db".to_owned(), "-f".to_owned(), format!("{folder}/conf")],
    around: ("defaults\n  mode http\n  timeout client 60s\n  timeout server 60s\n  timeout connect 5s\n", ""),
};

pub(crate) struct Running {
    child: Child,
    folder: PathBuf,
    pub(crate) port: u16,
}

impl Proxy {
    /// With what `configure` writes for this port.
    pub(crate) fn start(&self, configure: impl FnOnce(u16) -> String) -> Running {
        static FOLDERS: AtomicUsize = AtomicUsize::new(0);
        let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("tower-webhook-proxies-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let configuration = format!("{}{}{}", self.around.0, configure(port), self.around.1);
        std::fs::write(folder.join("conf"), configuration).unwrap();
        let mut command = Command::new(self.command);
        command.args((self.arguments)(folder.to_str().unwrap())).stdin(Stdio::null()).stdout(Stdio::null());
        let child = command.spawn().unwrap_or_else(|error| panic!("{} is not there: {error}", self.command));
        Running { child, folder, port }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Connects, also while the proxy is still starting; from that address, where there is one.
pub(crate) async fn connect(port: u16, from: Option<[u8; 4]>) -> TcpStream {
    for _ in 0..200 {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        if let Some(from) = from {
            socket.bind((from, 0).into()).unwrap();
        }
        if let Ok(stream) = socket.connect(([127, 0, 0, 1], port).into()).await {
            return stream;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("nobody listens");
}

/// A connection to a proxy that says who it takes the client for.
pub(crate) struct Oracle {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Oracle {
    pub(crate) async fn connect(port: u16) -> Self {
        Self { stream: connect(port, None).await, buffer: Vec::new() }
    }

    pub(crate) async fn client(&mut self, name: &str, lines: &[String]) -> Option<IpAddr> {
        let lines: String = lines.iter().map(|line| format!("{name}: {line}\r\n")).collect();
        self.stream.write_all(format!("GET / HTTP/1.1\r\nhost: x\r\n{lines}\r\n").as_bytes()).await.unwrap();
        loop {
            if let Some(end) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                let head: Vec<_> = self.buffer.drain(..end + 4).collect();
                let head = String::from_utf8(head).unwrap();
                assert!(head.starts_with("HTTP/1.1 20"), "{head} to {lines:?}");
                return head.lines().find_map(|line| line.strip_prefix("x-client: "))?.trim().parse().ok();
            }
            let read = tokio::time::timeout(Duration::from_secs(10), self.stream.read_buf(&mut self.buffer));
            assert!(read.await.expect("an answer in time").unwrap() > 0, "closed upon {lines:?}");
        }
    }
}
