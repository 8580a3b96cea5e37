//! One HTTP message, and how senders sign theirs.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use base64ct::{Base64, Encoding as _};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::receiver::{GITHUB, SLACK, STANDARD, STRIPE};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http1,
    H2,
}

#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) lines: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
    only: Option<Protocol>,
}

impl Message {
    pub(crate) fn post(target: &str) -> Self {
        Self { method: "POST".into(), target: target.into(), lines: Vec::new(), body: b"{ }".to_vec(), only: None }
    }

    pub(crate) fn method(mut self, method: &str) -> Self {
        self.method = method.into();
        self
    }

    pub(crate) fn target(mut self, target: &str) -> Self {
        self.target = target.into();
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// One line more.
    pub(crate) fn line(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.lines.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// One line more, in front of the others.
    pub(crate) fn line_first(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.lines.insert(0, (name.to_owned(), value.as_ref().to_vec()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        let before = self.lines.len();
        self.lines.retain(|(line, _)| line != name);
        assert!(self.lines.len() < before, "there is no {name}");
        self
    }

    /// That header with another value.
    pub(crate) fn with(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.without(name).line(name, value)
    }

    /// The value as text.
    pub(crate) fn value(&self, name: &str) -> String {
        let (_, value) = self.lines.iter().find(|(line, _)| line == name).unwrap();
        String::from_utf8(value.clone()).unwrap()
    }

    /// Where the other protocol has no such thing.
    pub(crate) fn only(mut self, protocol: Protocol) -> Self {
        self.only = Some(protocol);
        self
    }

    pub(crate) fn protocols(&self) -> Vec<Protocol> {
        self.only.map_or_else(|| vec![Protocol::Http1, Protocol::H2], |only| vec![only])
    }

    pub(crate) fn head(&self) -> Vec<u8> {
        let mut head =
            format!("{} {} HTTP/1.1\r\nhost: hooks.example\r\nconnection: close\r\n", self.method, self.target)
                .into_bytes();
        for (name, value) in &self.lines {
            head.extend_from_slice(name.as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value);
            head.extend_from_slice(b"\r\n");
        }
        head
    }

    pub(crate) fn http1(&self) -> Vec<u8> {
        let mut bytes = self.head();
        bytes.extend_from_slice(format!("content-length: {}\r\n\r\n", self.body.len()).as_bytes());
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// An id that nobody had before.
pub(crate) fn fresh(prefix: &str) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("{prefix}{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

pub(crate) fn mac(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    base16ct::lower::encode_string(bytes)
}

pub(crate) fn github(body: impl Into<Vec<u8>>) -> Message {
    let body = body.into();
    let signature = format!("sha256={}", hex(&mac(GITHUB.as_bytes(), &[&body])));
    Message::post("/github").line("x-github-delivery", fresh("gh-")).line("x-hub-signature-256", signature).body(body)
}

pub(crate) fn stripe(timestamp: &str, body: impl Into<Vec<u8>>) -> Message {
    let body = body.into();
    let v1 = stripe_v1(timestamp.as_bytes(), &body);
    Message::post("/stripe").line("stripe-signature", format!("t={timestamp},v1={v1}")).body(body)
}

pub(crate) fn stripe_v1(timestamp: &[u8], body: &[u8]) -> String {
    hex(&mac(STRIPE.as_bytes(), &[timestamp, b".", body]))
}

pub(crate) fn slack(timestamp: &str, body: impl Into<Vec<u8>>) -> Message {
    let body = body.into();
    let signature = format!("v0={}", hex(&mac(SLACK.as_bytes(), &[b"v0:", timestamp.as_bytes(), b":", &body])));
    Message::post("/slack").line("x-slack-request-timestamp", timestamp).line("x-slack-signature", signature).body(body)
}

pub(crate) fn standard_key() -> Vec<u8> {
    Base64::decode_vec(STANDARD.strip_prefix("whsec_").unwrap()).unwrap()
}

pub(crate) fn standard_signature(id: &[u8], timestamp: &[u8], body: &[u8]) -> String {
    format!("v1,{}", Base64::encode_string(&mac(&standard_key(), &[id, b".", timestamp, b".", body])))
}

/// Standard Webhooks, to any of its routes.
pub(crate) fn standard(route: &str, id: &str, timestamp: &str, body: impl Into<Vec<u8>>) -> Message {
    let body = body.into();
    let signature = standard_signature(id.as_bytes(), timestamp.as_bytes(), &body);
    Message::post(route)
        .line("webhook-id", id)
        .line("webhook-timestamp", timestamp)
        .line("webhook-signature", signature)
        .body(body)
}

/// The same, new and of now.
pub(crate) fn standard_now(route: &str) -> Message {
    standard(route, &fresh("msg_"), &now().to_string(), r#"{"type":"a"}"#)
}
