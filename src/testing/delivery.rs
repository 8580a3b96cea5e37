//! Deliveries as a sender would make them, and what becomes of them on a bad day.

use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::clock::{Clock, SystemClock, UnixTime};
use crate::connection::{OverTls, PeerAddr};
use crate::scheme::{Place, Sender, Signer};
use crate::secret::Secret;

/// Begins a delivery of `sender`, signed with `key`: a secret as text, a [`Secret`], or a
/// `crypto::SigningKey` for senders with public keys.
///
/// # Panics
/// If the key is none that this sender signs with.
pub fn delivery(sender: impl Into<Sender>, key: impl Into<TestKey>) -> DeliveryBuilder {
    DeliveryBuilder {
        sender: sender.into(),
        key: key.into(),
        uri: Uri::from_static("/"),
        id: None,
        event_type: None,
        headers: Vec::new(),
    }
}

/// What a test signs with.
#[derive(Clone, Debug)]
pub struct TestKey(Kind);

#[derive(Clone, Debug)]
enum Kind {
    #[cfg(feature = "ed25519")]
    Private(Box<crate::crypto::SigningKey>),
    Shared(Secret),
}

impl From<&str> for TestKey {
    fn from(secret: &str) -> Self {
        Self(Kind::Shared(Secret::short(secret).expect("a secret that protects something")))
    }
}

impl From<Secret> for TestKey {
    fn from(secret: Secret) -> Self {
        Self(Kind::Shared(secret))
    }
}

#[cfg(feature = "ed25519")]
impl From<crate::crypto::SigningKey> for TestKey {
    fn from(key: crate::crypto::SigningKey) -> Self {
        Self(Kind::Private(Box::new(key)))
    }
}

/// A delivery without its body yet. See [`delivery`].
#[derive(Clone)]
#[must_use]
pub struct DeliveryBuilder {
    sender: Sender,
    key: TestKey,
    uri: Uri,
    id: Option<String>,
    event_type: Option<String>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl DeliveryBuilder {
    /// Path and query that are called. Default: `/`.
    ///
    /// # Panics
    /// If it is no URI.
    pub fn to(mut self, uri: &str) -> Self {
        self.uri = uri.parse().expect("a URI");
        self
    }

    /// The delivery id, for senders that put it into a header. Default: one that no other delivery of this
    /// process has.
    pub fn id(mut self, id: &str) -> Self {
        self.id = Some(id.to_owned());
        self
    }

    /// The event type, for senders that put it into a header. Default: none.
    pub fn event_type(mut self, event_type: &str) -> Self {
        self.event_type = Some(event_type.to_owned());
        self
    }

    /// With one more header: for senders that sign it. [`TestDelivery::header`] adds others later.
    ///
    /// # Panics
    /// If it is no header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push(parsed(name, value));
        self
    }

    /// With a JSON body, byte for byte as given.
    ///
    /// # Panics
    /// If the sender cannot sign with the key.
    pub fn json(self, body: impl Into<Bytes>) -> TestDelivery {
        self.body("application/json", body)
    }

    /// With a form as its body.
    ///
    /// # Panics
    /// If the sender cannot sign with the key.
    pub fn form<'a>(self, fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> TestDelivery {
        let encode = |text| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let pairs: Vec<_> =
            fields.into_iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        self.body("application/x-www-form-urlencoded", pairs.join("&"))
    }

    /// With any body.
    ///
    /// # Panics
    /// If the sender cannot sign with the key.
    pub fn body(self, content_type: &str, body: impl Into<Bytes>) -> TestDelivery {
        static COUNT: AtomicU64 = AtomicU64::new(1);
        let now = SystemClock.now().expect("a clock after 1970");
        let id = self
            .id
            .unwrap_or_else(|| format!("delivery-{}-{}", now.as_millis(), COUNT.fetch_add(1, Ordering::Relaxed)));
        let mut headers = vec![(CONTENT_TYPE, HeaderValue::try_from(content_type).expect("a content type"))];
        if let Place::Header(name) = self.sender.scheme().id_place() {
            headers.push((HeaderName::from_static(name), HeaderValue::try_from(id).expect("an id that fits a header")));
        }
        if let (Place::Header(name), Some(event_type)) = (self.sender.scheme().event_type_place(), self.event_type) {
            let value = HeaderValue::try_from(event_type).expect("an event type that fits a header");
            headers.push((HeaderName::from_static(name), value));
        }
        headers.extend(self.headers);
        let delivery = TestDelivery {
            sender: self.sender,
            key: self.key,
            method: Method::POST,
            uri: self.uri,
            headers,
            body: body.into(),
            at: now,
            peer: None,
            over_tls: false,
            fate: Fate::Whole,
        };
        // Signs once, so that a wrong set-up is told here and not at the endpoint.
        drop(delivery.to_request::<Bytes>());
        delivery
    }
}

/// A delivery that is ready to be sent, as often as you like.
#[derive(Clone)]
#[must_use]
pub struct TestDelivery {
    sender: Sender,
    key: TestKey,
    method: Method,
    uri: Uri,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
    at: UnixTime,
    peer: Option<SocketAddr>,
    over_tls: bool,
    fate: Fate,
}

/// Of headers the names alone: a test may hold what is real.
fn names(headers: &[(HeaderName, HeaderValue)]) -> Vec<&str> {
    headers.iter().map(|(name, _)| name.as_str()).collect()
}

impl fmt::Debug for DeliveryBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeliveryBuilder")
            .field("path", &self.uri.path())
            .field("id", &self.id)
            .field("event_type", &self.event_type)
            .field("headers", &names(&self.headers))
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for TestDelivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestDelivery")
            .field("method", &self.method)
            .field("path", &self.uri.path())
            .field("headers", &names(&self.headers))
            .field("body_len", &self.body.len())
            .field("at", &self.at)
            .field("fate", &self.fate)
            .finish_non_exhaustive()
    }
}

/// What happens to it after it was signed.
#[derive(Clone, Debug)]
enum Fate {
    Tampered,
    Unsigned,
    Whole,
}

impl TestDelivery {
    /// The same, but one bit of the body is changed after signing; an empty body gets a byte.
    pub fn tampered(&self) -> Self {
        Self { fate: Fate::Tampered, ..self.clone() }
    }

    /// The same, but without its signature and timestamp.
    pub fn unsigned(&self) -> Self {
        Self { fate: Fate::Unsigned, ..self.clone() }
    }

    /// The same, signed with another key.
    pub fn signed_with(&self, key: impl Into<TestKey>) -> Self {
        Self { key: key.into(), ..self.clone() }
    }

    /// The same, signed so long ago.
    pub fn aged(&self, by: Duration) -> Self {
        Self { at: self.at.saturating_sub(by), ..self.clone() }
    }

    /// The same, signed at `time`.
    pub fn at(&self, time: UnixTime) -> Self {
        Self { at: time, ..self.clone() }
    }

    /// The same, with one more header, which is set before signing.
    ///
    /// # Panics
    /// If it is no header.
    pub fn header(&self, name: &str, value: &str) -> Self {
        let mut delivery = self.clone();
        delivery.headers.push(parsed(name, value));
        delivery
    }

    /// The same, by another method.
    pub fn method(&self, method: Method) -> Self {
        Self { method, ..self.clone() }
    }

    /// The same, from this address: as the server would put it into the extensions.
    ///
    /// # Panics
    /// If it is no socket address such as `203.0.113.7:443`.
    pub fn from_peer(&self, address: &str) -> Self {
        Self { peer: Some(address.parse().expect("a socket address")), ..self.clone() }
    }

    /// The same, over a TLS connection.
    pub fn over_tls(&self) -> Self {
        Self { over_tls: true, ..self.clone() }
    }

    /// The request, signed anew with the same time and content: two calls give the same bytes.
    ///
    /// # Panics
    /// If the sender cannot sign with the key.
    #[must_use]
    pub fn to_request<B: From<Bytes>>(&self) -> Request<B> {
        let mut request = Request::new(());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        for (name, value) in &self.headers {
            request.headers_mut().append(name, value.clone());
        }
        let (mut head, ()) = request.into_parts();
        let signer = match &self.key.0 {
            #[cfg(feature = "ed25519")]
            Kind::Private(key) => Signer::ed25519(self.sender.clone(), (**key).clone()),
            Kind::Shared(secret) => Signer::new(self.sender.clone(), secret.clone()),
        };
        let mut body = self.body.clone();
        if !matches!(self.fate, Fate::Unsigned) {
            let signed = signer.and_then(|signer| signer.sign(&mut head, &body, self.at));
            signed.unwrap_or_else(|error| panic!("{error}"));
        }
        if let Fate::Tampered = self.fate {
            let mut bytes = Vec::from(body);
            match bytes.last_mut() {
                Some(last) => *last ^= 1,
                None => bytes.push(b'!'),
            }
            body = bytes.into();
        }
        if let Some(address) = self.peer {
            head.extensions.insert(PeerAddr::new(address));
        }
        if self.over_tls {
            head.extensions.insert(OverTls::new());
        }
        Request::from_parts(head, B::from(body))
    }
}

fn parsed(name: &str, value: &str) -> (HeaderName, HeaderValue) {
    (name.parse().expect("a header name"), HeaderValue::try_from(value).expect("a header value"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::Encoding;
    use crate::scheme::{Part, Scheme, Verifier, header};

    const ACME: Scheme = Scheme::hmac_sha256("acme")
        .signature(header("acme-signature"), Encoding::Hex)
        .signed(&[Part::Header("acme-topic"), Part::Body]);

    #[test]
    fn a_header_that_the_sender_signs_is_there_when_it_signs() {
        let delivery = delivery(ACME, "whsec_test").header("acme-topic", "orders").json("{}");
        let (head, body) = delivery.to_request::<Bytes>().into_parts();
        let verifier = Verifier::new(ACME, Secret::short("whsec_test").unwrap()).unwrap();
        assert!(verifier.verify(&head, &body, SystemClock.now()).is_ok());
    }
}
