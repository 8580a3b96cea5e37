//! Under which key a delivery is known, and by which fingerprint its content is told apart.
//!
//! Keys are hashes: of one size whatever the sender writes, free of personal data, and scoped, so
//! that no tenant, route or sender reaches the records of another. Every part is hashed with its
//! length before it, so that no two lists of parts run together.

use std::borrow::Cow;
use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use sha2::{Digest, Sha256};

use crate::delivery::{Delivery, Value};

/// The longest id, in bytes.
const MAX_ID: usize = 255;

/// The key of one delivery: SHA-256 over tenant, route, provider, account and id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key([u8; 32]);

impl Key {
    /// A key as it was written down before.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes. They may be written down anywhere; nothing of the delivery can be read from them.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The key under the sender's id.
    pub(crate) fn of_id(delivery: &Delivery, account: &[u8], id: &[u8]) -> Self {
        let (provider, route, tenant) = (delivery.provider(), delivery.route(), delivery.tenant().unwrap_or_default());
        DeliveryName { provider, route, tenant, account, id }.key()
    }

    /// The key of senders without ids whose bodies are never alike.
    pub(crate) fn of_body(delivery: &Delivery, account: &[u8]) -> Self {
        let [tenant, route, provider] = scope(delivery);
        Self(hash(b"whkb", [tenant, route, provider, account, &delivery.body]))
    }

    /// The key by which copies that come at the same time are joined. Never stored.
    pub(crate) fn of_flight(delivery: &Delivery, account: &[u8]) -> Self {
        let [tenant, route, provider] = scope(delivery);
        Self(hash(b"whkj", [tenant, route, provider, account, &delivery.body]))
    }

    /// The key of what was signed, whatever the id says. `None` where nothing was: a shared token is
    /// the same for all deliveries and tells none apart.
    pub(crate) fn of_signed_material(delivery: &Delivery) -> Option<Self> {
        let proof = delivery.proof.as_ref()?.as_slice();
        let [tenant, route, provider] = scope(delivery);
        (!proof.is_empty()).then(|| Self(hash(b"whkg", [tenant, route, provider, proof])))
    }
}

impl fmt::Debug for Key {
    /// The first eight bytes, in hex: enough to find the others by.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(")?;
        self.0.iter().take(8).try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str("..)")
    }
}

/// All that the key of a delivery with an id is made of: for operators, who know a delivery by its name and want it
/// [forgotten](crate::idempotency::Store::forget).
///
/// ```
/// use tower_webhook::idempotency::DeliveryName;
///
/// let key = DeliveryName::new("stripe", "evt_1").route("payments").tenant("acme").key();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct DeliveryName<'n> {
    provider: &'n str,
    route: &'n str,
    tenant: &'n str,
    account: &'n [u8],
    id: &'n [u8],
}

impl<'n> DeliveryName<'n> {
    /// The delivery that this sender calls `id`, at a route without a name of its own, of no tenant and no account.
    pub const fn new(provider: &'n str, id: &'n str) -> Self {
        Self { provider, route: provider, tenant: "", account: b"", id: id.as_bytes() }
    }

    /// The name of the route. Default: the sender's name, as in the layer.
    pub const fn route(self, route: &'n str) -> Self {
        Self { route, ..self }
    }

    /// The tenant. Default: none.
    pub const fn tenant(self, tenant: &'n str) -> Self {
        Self { tenant, ..self }
    }

    /// What stands in the header that tells the account, where the sender has one or the layer was given
    /// [one](crate::IdempotencyLayer::account_header). Default: nothing.
    pub const fn account(self, account: &'n [u8]) -> Self {
        Self { account, ..self }
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> Key {
        let [tenant, route, provider] = [self.tenant, self.route, self.provider].map(str::as_bytes);
        Key(hash(b"whk1", [tenant, route, provider, self.account, self.id]))
    }
}

/// Tells two deliveries under one id apart: SHA-256 over method, route and body, cut to 128 bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 16]);

impl Fingerprint {
    /// A fingerprint as it was written down before.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    pub(crate) fn of(method: &Method, delivery: &Delivery) -> Self {
        let hash = hash(b"whf1", [method.as_str().as_bytes(), delivery.route().as_bytes(), &delivery.body]);
        let mut cut = [0; 16];
        cut.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
        Self(cut)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprint(..)")
    }
}

/// An id that is longer than 255 bytes, or is not printable ASCII.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MalformedId;

/// The key of a delivery: by its id, or by its body where the sender never sends the same one twice. `None`: its copies
/// cannot be told from new ones.
pub(crate) fn of(delivery: &Delivery) -> Result<Option<Key>, MalformedId> {
    let account = delivery.account.as_ref().map(HeaderValue::as_bytes).unwrap_or_default();
    Ok(match sender_id(delivery)? {
        Some(id) => Some(Key::of_id(delivery, account, &id)),
        None => delivery.facts.bodies_are_unique.then(|| Key::of_body(delivery, account)),
    })
}

/// The sender's id. `None` where there is none.
pub(crate) fn sender_id(delivery: &Delivery) -> Result<Option<Cow<'_, [u8]>>, MalformedId> {
    match &delivery.id {
        // Not by way of text: what is no text would look like no id at all.
        Value::Header(value) if value.is_empty() => Ok(None),
        Value::Header(value) => checked(Cow::Borrowed(value.as_bytes())).map(Some),
        Value::Malformed => Err(MalformedId),
        Value::Body(_) | Value::None => match delivery.id() {
            None => Ok(None),
            Some(Cow::Borrowed(id)) => checked(Cow::Borrowed(id.as_bytes())).map(Some),
            Some(Cow::Owned(id)) => checked(Cow::Owned(id.into_bytes())).map(Some),
        },
    }
}

/// The id in a header: a string as [RFC 8941 §3.3.3](https://www.rfc-editor.org/rfc/rfc8941#section-3.3.3)
/// writes it (`"k-1"`), or bare (`k-1`). `None` where there is none.
pub(crate) fn header_id<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<Cow<'a, [u8]>>, MalformedId> {
    let mut lines = headers.get_all(name).iter();
    let Some(line) = lines.next() else { return Ok(None) };
    if lines.next().is_some() {
        return Err(MalformedId);
    }
    let value = line.as_bytes().trim_ascii();
    match value.strip_prefix(b"\"") {
        None if value.contains(&b'"') => Err(MalformedId),
        None => checked(Cow::Borrowed(value)).map(Some),
        Some(quoted) => checked(unquoted(quoted)?).map(Some),
    }
}

/// What stands between the quotes; the opening one is gone already.
fn unquoted(quoted: &[u8]) -> Result<Cow<'_, [u8]>, MalformedId> {
    let inner = quoted.strip_suffix(b"\"").ok_or(MalformedId)?;
    if !inner.iter().any(|byte| matches!(byte, b'"' | b'\\')) {
        return Ok(Cow::Borrowed(inner));
    }
    let (mut text, mut bytes) = (Vec::with_capacity(inner.len()), inner.iter());
    while let Some(byte) = bytes.next() {
        text.push(match byte {
            b'"' => return Err(MalformedId),
            b'\\' => *bytes.next().filter(|next| matches!(next, b'"' | b'\\')).ok_or(MalformedId)?,
            other => *other,
        });
    }
    Ok(Cow::Owned(text))
}

fn checked(id: Cow<'_, [u8]>) -> Result<Cow<'_, [u8]>, MalformedId> {
    let printable = id.iter().all(|byte| matches!(byte, b' '..=b'~'));
    if printable && (1..=MAX_ID).contains(&id.len()) { Ok(id) } else { Err(MalformedId) }
}

/// The tenant, the route and the provider.
fn scope(delivery: &Delivery) -> [&[u8]; 3] {
    [delivery.tenant().unwrap_or_default(), delivery.route(), delivery.provider()].map(str::as_bytes)
}

/// A hash over parts, each with its length before it.
fn hash<const PARTS: usize>(tag: &[u8; 4], parts: [&[u8]; PARTS]) -> [u8; 32] {
    let mut hash = Sha256::new_with_prefix(tag);
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;
    use crate::coverage::Coverage;
    use crate::delivery::{Facts, SignedMaterial};

    fn delivery(tenant: Option<&str>, route: &str, provider: &'static str, body: &'static str) -> Delivery {
        Delivery {
            facts: Arc::new(Facts {
                credentials: crate::delivery::Credentials::default(),
                provider,
                covers: Coverage::Body,
                id_is_signed: false,
                bodies_are_unique: false,
                retry_horizon: None,
                deadline: None,
                success_answer: None,
                takes_202: false,
            }),
            route: Arc::from(route),
            tenant: tenant.map(Arc::from),
            id: Value::None,
            event_type: Value::None,
            account: None,
            attempt: None,
            sent_at: None,
            key_id: Some(Arc::from("0")),
            proof: Some(SignedMaterial { bytes: [7; 64], len: 32 }),
            run: None,
            body: Bytes::from_static(body.as_bytes()),
        }
    }

    fn with_header(value: &[u8]) -> Delivery {
        let id = Value::Header(HeaderValue::from_bytes(value).unwrap());
        Delivery { id, ..delivery(None, "r", "p", "{}") }
    }

    #[test]
    fn every_part_of_the_scope_makes_another_key() {
        let base = delivery(Some("t"), "r", "p", "{}");
        let keys = [
            Key::of_id(&base, b"a", b"i"),
            Key::of_id(&delivery(None, "r", "p", "{}"), b"a", b"i"),
            Key::of_id(&delivery(Some("t"), "s", "p", "{}"), b"a", b"i"),
            Key::of_id(&delivery(Some("t"), "r", "q", "{}"), b"a", b"i"),
            Key::of_id(&base, b"b", b"i"),
            Key::of_id(&base, b"a", b"j"),
            Key::of_id(&base, b"ai", b""),
            Key::of_id(&base, b"", b"ai"),
            Key::of_body(&base, b"a"),
            Key::of_flight(&base, b"a"),
            Key::of_id(&base, b"a", b"{}"),
            Key::of_signed_material(&base).unwrap(),
        ];
        for (index, key) in keys.iter().enumerate() {
            assert!(!keys[..index].contains(key), "{index}");
        }
        assert_eq!(keys[0], Key::of_id(&delivery(Some("t"), "r", "p", "other"), b"a", b"i"));
    }

    #[test]
    fn the_form_of_a_key_never_changes() {
        // Written down so that records in a store survive a new version of this crate.
        let parts: [&[u8]; 5] = [b"t", b"r", b"p", b"a", b"i"];
        let mut bytes = b"whk1".to_vec();
        for part in parts {
            bytes.extend_from_slice(&1_u64.to_be_bytes());
            bytes.extend_from_slice(part);
        }
        let expected: [u8; 32] = Sha256::digest(&bytes).into();
        let key = Key::of_id(&delivery(Some("t"), "r", "p", ""), b"a", b"i");
        assert_eq!(key.as_bytes(), &expected);
        assert_eq!(Key::from_bytes(expected), key);
        assert_eq!(DeliveryName::new("p", "i").route("r").tenant("t").account(b"a").key(), key);
        let bare = Key::of_id(&delivery(None, "p", "p", ""), b"", b"i");
        assert_eq!(DeliveryName::new("p", "i").key(), bare);
    }

    #[test]
    fn a_shared_token_is_no_signed_material() {
        let token = Delivery { proof: None, ..delivery(None, "r", "p", "{}") };
        assert_eq!(Key::of_signed_material(&token), None);
        let empty = Delivery { proof: Some(SignedMaterial { bytes: [0; 64], len: 0 }), ..token };
        assert_eq!(Key::of_signed_material(&empty), None);
    }

    #[test]
    fn a_fingerprint_covers_method_route_and_body() {
        let (one, other) = (delivery(None, "r", "p", "a"), delivery(None, "r", "p", "b"));
        let base = Fingerprint::of(&Method::POST, &one);
        assert_eq!(base, Fingerprint::of(&Method::POST, &one));
        assert_ne!(base, Fingerprint::of(&Method::PUT, &one));
        assert_ne!(base, Fingerprint::of(&Method::POST, &other));
        assert_ne!(base, Fingerprint::of(&Method::POST, &delivery(None, "s", "p", "a")));
    }

    #[test]
    fn an_id_that_is_no_text_is_malformed_and_not_missing() {
        assert_eq!(sender_id(&with_header(b"\xff\xfe")), Err(MalformedId));
        assert_eq!(sender_id(&with_header("é".as_bytes())), Err(MalformedId));
        assert_eq!(sender_id(&with_header(b"a\tb")), Err(MalformedId));
        assert_eq!(sender_id(&with_header(&[b'x'; 256])), Err(MalformedId));
        assert_eq!(sender_id(&with_header(&[b'x'; 255])).unwrap().unwrap().len(), 255);
        assert_eq!(sender_id(&with_header(b"")), Ok(None));
        let in_body = Delivery { id: Value::Body("/id"), ..delivery(None, "r", "p", r#"{"id":"ü"}"#) };
        assert_eq!(sender_id(&in_body), Err(MalformedId));
    }

    #[test]
    fn a_key_header_is_a_quoted_or_a_bare_string() {
        let name = HeaderName::from_static("idempotency-key");
        let read = |lines: &[&str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(name.clone(), HeaderValue::from_str(line).unwrap());
            }
            header_id(&headers, &name).map(|id| id.map(|id| String::from_utf8(id.into_owned()).unwrap()))
        };
        assert_eq!(read(&[]), Ok(None));
        for (written, id) in [("k-1", "k-1"), ("\"k-1\"", "k-1"), (r#""a\"b\\c""#, r#"a"b\c"#), (" k ", "k")] {
            assert_eq!(read(&[written]), Ok(Some(id.to_owned())), "{written}");
        }
        for written in ["", "\"", "\"\"", "\"a", "a\"", r#""a"b""#, r#""a\""#, r#""a\n""#] {
            assert_eq!(read(&[written]), Err(MalformedId), "{written}");
        }
        assert_eq!(read(&["a", "a"]), Err(MalformedId));
    }

    #[test]
    fn debug_shows_no_whole_key() {
        assert_eq!(format!("{:?}", Key::from_bytes([0xab; 32])), "Key(abababababababab..)");
    }

    proptest! {
        #[test]
        fn no_header_value_panics(value in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                let mut headers = HeaderMap::new();
                let name = HeaderName::from_static("idempotency-key");
                headers.insert(name.clone(), value);
                if let Ok(Some(id)) = header_id(&headers, &name) {
                    prop_assert!((1..=255).contains(&id.len()));
                }
            }
        }
    }
}
