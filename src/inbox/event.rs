//! A delivery as it is stored, and the request that is made of it again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use serde_json::{Map, Value as Json, json};

use crate::body::VerifiedBody;
use crate::clock::UnixTime;
use crate::coverage::Coverage;
use crate::delivery::{Delivery, Facts, Value};
use crate::delivery_key::Key;
use crate::run_context::{IdempotencyContext, Token};

/// One row of the table of events. It never changes.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) key: [u8; 32],
    pub(super) route: String,
    pub(super) provider: String,
    pub(super) event_type: Option<String>,
    pub(super) delivery_id: Option<String>,
    pub(super) order_key: Option<String>,
    /// JSON: method, path, tenant, account, the sender's attempt, when it was sent, key id, what is covered.
    pub(super) meta: String,
    /// `name: value`, a line each.
    pub(super) headers: Vec<u8>,
    pub(super) body: Bytes,
    pub(super) received_at: i64,
    pub(super) key_until: i64,
}

/// What of a request goes into the inbox beside its delivery.
pub(super) struct Kept {
    pub(super) key: Key,
    pub(super) order_key: Option<String>,
    pub(super) headers: Vec<u8>,
    pub(super) now: UnixTime,
    pub(super) retain: Duration,
    /// Of the trace that the request belongs to.
    pub(super) traceparent: Option<String>,
}

/// Milliseconds, as they are stored.
pub(super) fn millis(time: UnixTime) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// From milliseconds, as they are stored.
pub(super) fn time(millis: i64) -> UnixTime {
    UnixTime::from_millis(u64::try_from(millis).unwrap_or_default())
}

impl Event {
    pub(super) fn new(method: &Method, uri: &Uri, delivery: &Delivery, kept: Kept) -> Self {
        let covers = match delivery.facts.covers {
            Coverage::Body => json!("body"),
            Coverage::Fields(fields) => json!(fields),
            Coverage::Nothing => json!("nothing"),
        };
        let account = delivery.account.as_ref().and_then(|account| account.to_str().ok());
        let meta = [
            ("method", json!(method.as_str())),
            ("path", json!(uri.path())),
            ("tenant", json!(delivery.tenant())),
            ("account", json!(account)),
            ("attempt", json!(delivery.attempt)),
            ("sent_at", json!(delivery.sent_at.map(millis))),
            ("key_id", json!(delivery.key_id())),
            ("covers", covers),
            ("id_is_signed", json!(delivery.facts.id_is_signed)),
            ("traceparent", json!(kept.traceparent)),
        ];
        let meta: Map<String, Json> = meta
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        Self {
            key: *kept.key.as_bytes(),
            route: delivery.route().to_owned(),
            provider: delivery.provider().to_owned(),
            event_type: delivery.event_type().map(std::borrow::Cow::into_owned),
            delivery_id: delivery.id().map(std::borrow::Cow::into_owned),
            order_key: kept.order_key,
            meta: Json::Object(meta).to_string(),
            headers: kept.headers,
            body: delivery.body().clone(),
            received_at: millis(kept.now),
            key_until: millis(kept.now.saturating_add(kept.retain)),
        }
    }

    /// The request, as it stood behind the signature layer.
    pub(super) fn request(&self, token: Token, attempt: u32) -> Request<VerifiedBody> {
        let meta: Map<String, Json> = serde_json::from_str(&self.meta).unwrap_or_default();
        let text = |name: &str| meta.get(name).and_then(Json::as_str);
        let value = |text: &Option<String>| match text {
            Some(text) => HeaderValue::from_bytes(text.as_bytes()).map_or(Value::Malformed, Value::Header),
            None => Value::None,
        };
        let facts = Facts {
            provider: interned(&self.provider),
            covers: covers(meta.get("covers")),
            // None of them was stored.
            credentials: crate::delivery::Credentials::default(),
            id_is_signed: meta.get("id_is_signed").and_then(Json::as_bool).unwrap_or_default(),
            bodies_are_unique: false,
            retry_horizon: None,
            deadline: None,
            success_answer: None,
            takes_202: false,
        };
        let delivery = Delivery {
            facts: Arc::new(facts),
            route: self.route.as_str().into(),
            tenant: text("tenant").map(Arc::from),
            id: value(&self.delivery_id),
            event_type: value(&self.event_type),
            account: text("account").and_then(|account| HeaderValue::from_str(account).ok()),
            attempt: meta.get("attempt").and_then(Json::as_u64).and_then(|attempt| u32::try_from(attempt).ok()),
            sent_at: meta.get("sent_at").and_then(Json::as_i64).map(time),
            // Only what was verified is ever stored.
            key_id: Some(text("key_id").unwrap_or_default().into()),
            proof: None,
            run: Some(IdempotencyContext::new(Key::from_bytes(self.key), token).with_attempt(Some(attempt))),
            body: self.body.clone(),
        };
        let mut request = Request::new(VerifiedBody::new(self.body.clone()));
        *request.method_mut() = text("method").and_then(|method| method.parse().ok()).unwrap_or(Method::POST);
        *request.uri_mut() = text("path").and_then(|path| path.parse().ok()).unwrap_or_default();
        *request.headers_mut() = read_headers(&self.headers);
        if let Some(Ok(parent)) = text("traceparent").map(HeaderValue::from_str) {
            request.headers_mut().insert("traceparent", parent);
        }
        request.extensions_mut().insert(delivery);
        request
    }
}

fn covers(meta: Option<&Json>) -> Coverage {
    match meta {
        Some(Json::String(text)) if text == "body" => Coverage::Body,
        Some(Json::Array(fields)) => {
            let all = Json::Array(fields.clone()).to_string();
            let mut known = FIELDS.lock().unwrap_or_else(PoisonError::into_inner);
            Coverage::Fields(known.entry(all).or_insert_with(|| {
                let fields: Vec<&'static str> = fields.iter().filter_map(Json::as_str).map(interned).collect();
                Box::leak(fields.into_boxed_slice())
            }))
        }
        _ => Coverage::Nothing,
    }
}

static NAMES: Mutex<BTreeMap<String, &'static str>> = Mutex::new(BTreeMap::new());
static FIELDS: Mutex<BTreeMap<String, &'static [&'static str]>> = Mutex::new(BTreeMap::new());

/// A name that lives as long as the process: there are as many as senders were configured.
fn interned(name: &str) -> &'static str {
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    names.entry(name.to_owned()).or_insert_with(|| Box::leak(name.to_owned().into_boxed_str()))
}

/// The headers that are to be kept, as they are stored. A value holds no line end.
pub(super) fn write_headers(headers: &HeaderMap, kept: &[HeaderName]) -> Vec<u8> {
    let mut written = Vec::new();
    for name in kept {
        for value in headers.get_all(name) {
            written.extend_from_slice(name.as_str().as_bytes());
            written.extend_from_slice(b": ");
            written.extend_from_slice(value.as_bytes());
            written.push(b'\n');
        }
    }
    written
}

fn read_headers(written: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in written.split(|byte| *byte == b'\n') {
        let Some(at) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = line.split_at(at);
        let value = value.strip_prefix(b": ").unwrap_or_default();
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value)) {
            headers.append(name, value);
        }
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_come_back_as_they_were_and_only_those_that_are_kept() {
        let mut headers = HeaderMap::new();
        headers.append("x-topic", HeaderValue::from_static("a: b"));
        headers.append("x-topic", HeaderValue::from_bytes(b"\xff").unwrap());
        headers.append("authorization", HeaderValue::from_static("Bearer x"));
        let written = write_headers(&headers, &[HeaderName::from_static("x-topic")]);
        let read = read_headers(&written);
        assert_eq!(read.len(), 2);
        assert_eq!(
            read.get_all("x-topic").iter().map(HeaderValue::as_bytes).collect::<Vec<_>>(),
            [&b"a: b"[..], b"\xff"]
        );
    }
}
