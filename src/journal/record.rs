//! What is written down of a delivery.

use std::sync::Arc;

use http::HeaderMap;
use http::header::HOST;
use http::request::Parts;
use serde_json::{Map, Value};

use crate::capture::{CaptureError, CapturedDelivery, Extra};
use crate::clock::UnixTime;
use crate::delivery::Delivery;
use crate::redact::Redaction;

/// Which headers and query parameters are written down with their values.
#[derive(Clone, Debug)]
pub(super) enum Shown {
    All,
    /// What the sender says its id and type by, what says what a body is, and what was named.
    Named {
        redaction: Redaction,
        parameters: Vec<String>,
    },
}

/// A delivery on its way to the writer.
pub(super) struct Record {
    pub(super) head: Parts,
    pub(super) delivery: Delivery,
    pub(super) received_at: UnixTime,
    pub(super) shown: Arc<Shown>,
    pub(super) public_url: Option<String>,
}

impl Record {
    /// The line, without its end.
    pub(super) fn line(self) -> Result<String, CaptureError> {
        let Self { mut head, delivery, received_at, shown, public_url } = self;
        let mut redacted = Vec::new();
        let mut url = full_url(&head);
        if let Shown::Named { redaction, parameters } = &*shown {
            let own = &delivery.facts.credentials;
            // Made anew, as taking one out would change the order of the others.
            let mut kept = HeaderMap::with_capacity(head.headers.len());
            for (name, value) in &head.headers {
                let told = own.told.contains(&name.as_str()) || redaction.shows_header(name.as_str());
                if told && !own.headers.contains(&name.as_str()) {
                    kept.append(name, value.clone());
                } else if !redacted.iter().any(|known| known == name.as_str()) {
                    redacted.push(name.as_str().to_owned());
                }
            }
            head.headers = kept;
            url = with_parameters(&url, parameters, &own.parameters, &mut redacted);
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

fn with_parameters(url: &str, named: &[String], own: &[&'static str], redacted: &mut Vec<String>) -> String {
    let Some((base, query)) = url.split_once('?') else { return url.to_owned() };
    let mut kept = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some((name, _)) if !own.contains(&name) && named.iter().any(|known| known == name) => kept.push(pair),
            Some((name, _)) => redacted.push(format!("?{name}")),
            // Without a name, what stands there is the value.
            None => redacted.push("?".to_owned()),
        }
    }
    if kept.is_empty() { base.to_owned() } else { format!("{base}?{}", kept.join("&")) }
}
