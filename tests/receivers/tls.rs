//! Redis over TLS: the receiver talks to a server whose certificate it trusts, and to no other.

use std::process::{Command, Stdio};

use crate::fleet::example;
use crate::server::{Server, free_port};

fn file(name: &str) -> String {
    format!("{}/tests/receivers/tls/{name}", env!("CARGO_MANIFEST_DIR"))
}

async fn server() -> (Server, u16) {
    let (port, certificate, key) = (free_port(), file("server.pem"), file("server.key"));
    let port_text = port.to_string();
    let options = ["--tls-port", &port_text, "--tls-cert-file", &certificate, "--tls-key-file", &key];
    let server = Server::start(&[&options[..], &["--tls-auth-clients", "no"]].concat()).await;
    (server, port)
}

fn receiver(port: u16) -> Command {
    let mut command = Command::new(example());
    command.env("PORT", "0").env("REDIS_URL", format!("rediss://127.0.0.1:{port}/")).env_remove("EVENTS_LOG");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[tokio::test]
async fn a_server_with_a_certificate_of_a_known_authority_is_talked_to() {
    let (_server, port) = server().await;
    let mut receiver = receiver(port).env("SSL_CERT_FILE", file("ca.pem")).spawn().unwrap();
    let said = crate::fleet::first_line(receiver.stdout.take().unwrap()).await;
    receiver.kill().unwrap();
    receiver.wait().unwrap();
    assert!(said.starts_with("Serving on"), "{said:?}");
}

#[tokio::test]
async fn a_certificate_of_nobody_known_ends_the_receiver_at_once() {
    let (_server, port) = server().await;
    let ended = tokio::task::spawn_blocking(move || receiver(port).output().unwrap()).await.unwrap();
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(!ended.status.success() && said.contains("certificate") && !said.contains("trying again"), "{said}");
}
