//! A delivery as it is stored, and the request that is made of it again.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};

use super::meta::{Meta, interned};
use crate::body::VerifiedBody;
use crate::clock::UnixTime;
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
    /// [`Meta`], as JSON.
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
        let meta = Meta {
            method: method.as_str().into(),
            path: uri.path().into(),
            tenant: delivery.tenant().map(Into::into),
            account: delivery.account.as_ref().and_then(|account| account.to_str().ok()).map(Into::into),
            attempt: delivery.attempt,
            sent_at: delivery.sent_at.map(millis),
            key_id: delivery.key_id().map(Into::into),
            covers: delivery.facts.covers.into(),
            id_is_signed: delivery.facts.id_is_signed,
            traceparent: kept.traceparent.map(Into::into),
        };
        Self {
            key: *kept.key.as_bytes(),
            route: delivery.route().to_owned(),
            provider: delivery.provider().to_owned(),
            event_type: delivery.event_type().map(std::borrow::Cow::into_owned),
            delivery_id: delivery.id().map(std::borrow::Cow::into_owned),
            order_key: kept.order_key,
            meta: meta.write(),
            headers: kept.headers,
            body: delivery.body().clone(),
            received_at: millis(kept.now),
            key_until: millis(kept.now.saturating_add(kept.retain)),
        }
    }

    /// The request, as it stood behind the signature layer.
    pub(super) fn request(&self, token: Token, attempt: u32) -> Request<VerifiedBody> {
        let meta = Meta::read(&self.meta);
        let value = |text: &Option<String>| match text {
            Some(text) => HeaderValue::from_bytes(text.as_bytes()).map_or(Value::Malformed, Value::Header),
            None => Value::None,
        };
        let facts = Facts {
            provider: interned(&self.provider),
            covers: meta.covers.into(),
            // None of them was stored.
            credentials: crate::delivery::Credentials::default(),
            id_is_signed: meta.id_is_signed,
            bodies_are_unique: false,
            retry_horizon: None,
            deadline: None,
            success_answer: None,
            takes_202: false,
        };
        let delivery = Delivery {
            facts: Arc::new(facts),
            route: self.route.as_str().into(),
            tenant: meta.tenant.as_deref().map(Arc::from),
            id: value(&self.delivery_id),
            event_type: value(&self.event_type),
            account: meta.account.and_then(|account| HeaderValue::from_str(&account).ok()),
            attempt: meta.attempt,
            sent_at: meta.sent_at.map(time),
            // Only what was verified is ever stored.
            key_id: Some(meta.key_id.unwrap_or_default().into()),
            proof: None,
            run: Some(IdempotencyContext::new(Key::from_bytes(self.key), token).with_attempt(Some(attempt))),
            body: self.body.clone(),
        };
        let mut request = Request::new(VerifiedBody::new(self.body.clone()));
        *request.method_mut() = meta.method.parse().unwrap_or(Method::POST);
        *request.uri_mut() = meta.path.parse().unwrap_or_default();
        *request.headers_mut() = read_headers(&self.headers);
        if let Some(Ok(parent)) = meta.traceparent.as_deref().map(HeaderValue::from_str) {
            request.headers_mut().insert("traceparent", parent);
        }
        request.extensions_mut().insert(delivery);
        request
    }
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
