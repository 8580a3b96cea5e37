//! kill -9 between the early answer and the end of the run.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_webhook::{provider, testing};

use super::{SECRET, Site};

/// The example, built as it stands now.
fn binary() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let folder = tests.parent().and_then(Path::parent).unwrap();
    let profile = if folder.ends_with("debug") { "dev" } else { "release" };
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--all-features", "--example", "ack_deadline", "--profile", profile]);
    assert!(cargo.current_dir(env!("CARGO_MANIFEST_DIR")).status().unwrap().success());
    folder.join("examples/ack_deadline")
}

/// Killed with this.
struct Example(Child);

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(binary: &Path, folder: &Path, handler_ms: &str) -> (Example, String) {
    let mut command = Command::new(binary);
    command.env("PORT", "0").env("INBOX", folder.join("inbox.db")).env("EVENTS_LOG", folder.join("events.log"));
    command.env("HANDLER_MS", handler_ms).env("DEADLINE_MS", "100").env_remove("STANDARD_WEBHOOK_SECRET");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.split('/').nth(2).unwrap_or_else(|| panic!("it did not begin: {line:?}")).to_owned();
    (Example(child), address)
}

async fn send(address: &str, id: &str) -> u16 {
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let delivery = testing::delivery(provider::STANDARD_WEBHOOKS, SECRET).to("/webhooks/standard").id(id).json("{}");
    let mut request: Request<Full<Bytes>> = delivery.to_request();
    request.headers_mut().insert("host", "localhost".parse().unwrap());
    sender.send_request(request).await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_after_the_early_answer_it_runs_again_at_the_next_start() {
    let site = Site::new();
    let binary = tokio::task::spawn_blocking(binary).await.unwrap();
    let (example, address) = start(&binary, &site.folder, "600000");
    for id in ["msg_1", "msg_2", "msg_3"] {
        assert_eq!(send(&address, id).await, 202);
    }
    drop(example);
    let log = site.folder.join("events.log");
    assert_eq!(std::fs::read_to_string(&log).unwrap(), "", "nothing had finished");

    let (_example, address) = start(&binary, &site.folder, "0");
    assert_eq!(send(&address, "msg_4").await, 200, "a run that is fast enough");
    let began = Instant::now();
    loop {
        let mut lines: Vec<_> = std::fs::read_to_string(&log).unwrap().lines().map(str::to_owned).collect();
        lines.sort();
        if lines == ["msg_1", "msg_2", "msg_3", "msg_4"] {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "{lines:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
