//! What is written down of a delivery.

use http::HeaderMap;
use http::header::HOST;
use http::request::Parts;
use serde_json::{Map, Value};

use crate::capture::{CaptureError, CapturedDelivery, Extra};
use crate::clock::UnixTime;
use crate::delivery::Delivery;

/// Headers with such a word in their name hold something that lets somebody in, whoever sends them.
const CREDENTIALS: &[&str] = &[
    "access-key",
    "api-key",
    "apikey",
    "api_key",
    "auth",
    "cookie",
    "credential",
    "digest",
    "hmac",
    "passw",
    "secret",
    "sign",
    "token",
];

/// Whether signatures and credentials are written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Credentials {
    Kept,
    LeftOut,
}

/// A delivery on its way to the writer.
pub(super) struct Record {
    pub(super) head: Parts,
    pub(super) delivery: Delivery,
    pub(super) received_at: UnixTime,
    pub(super) credentials: Credentials,
    pub(super) public_url: Option<String>,
}

impl Record {
    /// The line, without its end.
    pub(super) fn line(self) -> Result<String, CaptureError> {
        let Self { mut head, delivery, received_at, credentials, public_url } = self;
        let mut redacted = Vec::new();
        let mut url = full_url(&head);
        if credentials == Credentials::LeftOut {
            let own = &delivery.facts.credentials;
            // Made anew, as taking one out would change the order of the others.
            let mut kept = HeaderMap::with_capacity(head.headers.len());
            for (name, value) in &head.headers {
                if !is_credential(name.as_str(), &own.headers) {
                    kept.append(name, value.clone());
                } else if !redacted.iter().any(|known| known == name.as_str()) {
                    redacted.push(name.as_str().to_owned());
                }
            }
            head.headers = kept;
            url = without_parameters(&url, &own.parameters, &mut redacted);
        }
        let id = delivery.id().map_or_else(|| format!("{}", received_at.as_millis()), std::borrow::Cow::into_owned);
        let extra = Extra { public_url, ..Extra::default() };
        let body = delivery.body().clone();
        CapturedDelivery::new(id, delivery.provider(), received_at, url, head, body)?
            .with_extra(extra)
            .with_redacted(redacted)
            .with_field("verified", Value::Object(verified(&delivery)))
            .to_line()
    }
}

/// What the signature layer found out, for those who replay.
fn verified(delivery: &Delivery) -> Map<String, Value> {
    let account = delivery.account.as_ref().and_then(|value| value.to_str().ok());
    let fields = [
        ("route", Some(Value::from(delivery.route()))),
        ("tenant", delivery.tenant().map(Value::from)),
        ("id", delivery.id().map(|id| Value::from(id.as_ref()))),
        ("event_type", delivery.event_type().map(|name| Value::from(name.as_ref()))),
        ("account", account.map(Value::from)),
        ("attempt", delivery.attempt().map(Value::from)),
        ("sent_at", delivery.sent_at().map(|at| Value::from(at.as_secs()))),
        ("key_id", delivery.key_id().map(Value::from)),
    ];
    fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// The request's own URL; where it has no host, the one of its head, over TLS.
fn full_url(head: &Parts) -> String {
    if head.uri.authority().is_some() {
        return head.uri.to_string();
    }
    let host = head.headers.get(HOST).and_then(|host| host.to_str().ok()).filter(|host| !host.is_empty());
    format!("https://{}{}", host.unwrap_or("unknown.invalid"), head.uri)
}

fn is_credential(name: &str, own: &[&str]) -> bool {
    own.contains(&name) || CREDENTIALS.iter().any(|word| name.contains(word))
}

fn without_parameters(url: &str, names: &[&'static str], redacted: &mut Vec<String>) -> String {
    let Some((base, query)) = url.split_once('?') else { return url.to_owned() };
    let mut kept = Vec::new();
    for pair in query.split('&') {
        let name = pair.split('=').next().unwrap_or_default();
        if names.contains(&name) || CREDENTIALS.iter().any(|word| name.to_ascii_lowercase().contains(word)) {
            redacted.push(format!("?{name}"));
        } else {
            kept.push(pair);
        }
    }
    if kept.is_empty() { base.to_owned() } else { format!("{base}?{}", kept.join("&")) }
}
