//! The example `durable_inbox` as a process of its own, and a client that signs.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::Full;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_webhook::provider;
use tower_webhook::testing;

use crate::site::{SECRET, Site};

/// A running example. It is killed with this.
pub(crate) struct Example {
    child: Child,
    pub(crate) address: SocketAddr,
}

/// The example, built as it stands now: `cargo test` builds it only to be tested itself.
fn binary() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let built = BUILT.get_or_init(|| {
        let tests = std::env::current_exe().unwrap();
        let folder = tests.parent().and_then(Path::parent).unwrap();
        let profile = match folder.file_name().unwrap().to_str().unwrap() {
            "debug" => "dev",
            other => other,
        };
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--all-features", "--example", "durable_inbox", "--profile", profile]);
        assert!(cargo.current_dir(env!("CARGO_MANIFEST_DIR")).status().unwrap().success());
        folder.join("examples/durable_inbox")
    });
    built.clone()
}

impl Example {
    /// `blocks`: of 512 bytes, how large a file may become; a write beyond it fails.
    pub(crate) fn limited(site: &Site, handler_ms: u32, blocks: u32) -> Self {
        // A signal would end it: ignored, the write fails instead.
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\"")).arg(binary());
        Self::run(shell, site, handler_ms)
    }

    pub(crate) fn start(site: &Site, handler_ms: u32) -> Self {
        Self::run(Command::new(binary()), site, handler_ms)
    }

    /// With a library that is loaded before all others, and reads this variable.
    pub(crate) fn preloaded(site: &Site, handler_ms: u32, library: &Path, variable: (&str, &Path)) -> Self {
        let mut command = Command::new(binary());
        command.env("LD_PRELOAD", library).env(variable.0, variable.1);
        Self::run(command, site, handler_ms)
    }

    fn run(mut command: Command, site: &Site, handler_ms: u32) -> Self {
        command.env("PORT", "0").env("INBOX", site.place()).env("EVENTS_LOG", site.folder.join("events.log"));
        command.env("HANDLER_MS", handler_ms.to_string()).env_remove("STANDARD_WEBHOOK_SECRET");
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.split('/').nth(2).unwrap_or_else(|| panic!("it did not begin: {line:?}")).parse().unwrap();
        Self { child, address }
    }

    /// kill -9.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One connection.
pub(crate) struct Client(hyper::client::conn::http1::SendRequest<Full<Bytes>>);

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Option<Self> {
        let stream = TcpStream::connect(address).await.ok()?;
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.ok()?;
        tokio::spawn(connection);
        Some(Self(sender))
    }

    /// The status and the headers of the answer; `None` where there was none.
    pub(crate) async fn send(&mut self, id: &str, body: &str) -> Option<(u16, HeaderMap)> {
        let delivery = testing::delivery(provider::STANDARD_WEBHOOKS, SECRET).to("/webhooks/standard").id(id);
        let mut request: Request<Full<Bytes>> = delivery.json(body.to_owned()).to_request();
        request.headers_mut().insert("host", "localhost".parse().unwrap());
        self.0.ready().await.ok()?;
        let response = self.0.send_request(request).await.ok()?;
        let answer = (response.status().as_u16(), response.headers().clone());
        http_body_util::BodyExt::collect(response.into_body()).await.ok()?;
        Some(answer)
    }
}
