//! The captured deliveries under `tests/vectors`, and that each verifies.

use std::collections::BTreeSet;
use std::path::Path;

use base64ct::{Base64, Encoding as _};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Request, Uri};
use serde_json::Value;
use tower_webhook::clock::UnixTime;
use tower_webhook::crypto::SigningKey;
use tower_webhook::scheme::{Scheme, Sender, Signer, UrlScheme, Verifier, VerifyError};
use tower_webhook::{ConfigError, Delivery, Reason, Secret, Secrets, VerifyingKey, provider};

/// One captured delivery.
#[derive(Clone, Debug)]
pub(crate) struct Vector {
    pub(crate) id: String,
    pub(crate) provider: String,
    pub(crate) head: Parts,
    pub(crate) body: Bytes,
    pub(crate) secrets: Vec<String>,
    pub(crate) public_url: Option<String>,
    pub(crate) received_at: u64,
}

impl Vector {
    pub(crate) fn scheme(&self) -> Scheme {
        **provider::ALL.iter().find(|scheme| scheme.name() == self.provider).expect("a sender of the catalogue")
    }

    pub(crate) fn sender(&self) -> Sender {
        match &self.public_url {
            Some(url) => UrlScheme::new(self.scheme()).at(url).unwrap(),
            None => self.scheme().into(),
        }
    }

    pub(crate) fn is_public_key(&self) -> bool {
        self.provider == "discord" || self.secrets[0].starts_with("whpk_")
    }

    pub(crate) fn keys(&self) -> Secrets {
        let mut ring: Option<Secrets> = None;
        for (at, text) in self.secrets.iter().enumerate() {
            let id = format!("key-{at}");
            let key = match self.provider.as_str() {
                "discord" => VerifyingKey::from_hex(text).unwrap().into(),
                _ if text.starts_with("whpk_") => VerifyingKey::from_base64(text).unwrap().into(),
                _ => tower_webhook::secret::Key::from(Secret::short(text.as_str()).unwrap()),
            };
            ring = Some(match ring {
                None => Secrets::named(&id, key),
                Some(ring) => ring.and(&id, key),
            });
        }
        ring.expect("a secret")
    }

    /// A key of the right kind that is not the sender's.
    pub(crate) fn wrong_keys(&self) -> Secrets {
        if self.is_public_key() {
            SigningKey::from_seed(&[9; 32]).verifying_key().into()
        } else {
            // Base64, so that it is a secret of every scheme.
            Secret::new("d3JvbmcgZm9yIGV2ZXJ5Ym9keSE=").unwrap().into()
        }
    }

    pub(crate) fn verifier(&self) -> Verifier {
        Verifier::new(self.sender(), self.keys()).unwrap()
    }

    pub(crate) fn now(&self) -> UnixTime {
        UnixTime::from_secs(self.received_at)
    }

    pub(crate) fn verify(&self) -> Result<Delivery, VerifyError> {
        self.verifier().verify(&self.head, &self.body, Some(self.now()))
    }

    pub(crate) fn with_header(&self, name: &str, value: &[u8]) -> Self {
        let mut changed = self.clone();
        changed.head.headers.insert(HeaderName::try_from(name).unwrap(), HeaderValue::from_bytes(value).unwrap());
        changed
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.head.headers[name].to_str().unwrap()
    }

    pub(crate) fn with_body(&self, body: impl Into<Bytes>) -> Self {
        Self { body: body.into(), ..self.clone() }
    }

    /// Signs it anew, at the time it came.
    pub(crate) fn sign(&mut self, signer: &Signer) -> Result<(), ConfigError> {
        let now = self.now();
        signer.sign(&mut self.head, &self.body, now)
    }

    /// Refused as not authorized, and for this reason.
    #[track_caller]
    pub(crate) fn assert_refused(&self, reason: Reason) {
        let refused = self.verify().expect_err(&self.id);
        assert_eq!((refused.reason(), reason.status().as_u16()), (reason, 401), "{}", self.id);
    }
}

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors"))
}

fn vector(value: &Value) -> Vector {
    let text = |name: &str| value[name].as_str().unwrap_or_else(|| panic!("`{name}` in {value}")).to_owned();
    let url: Uri = text("url").parse().unwrap();
    // An HTTP/1 server sees the path and the query alone.
    let target = url.path_and_query().map_or("/", |target| target.as_str());
    let mut request = Request::builder().method(text("method").as_str()).uri(target);
    for header in value["headers"].as_array().unwrap() {
        request = request.header(header[0].as_str().unwrap(), header[1].as_str().unwrap());
    }
    assert!(!text("source").is_empty());
    let secrets = match value["secrets"].as_array() {
        Some(secrets) => secrets.iter().map(|secret| secret.as_str().unwrap().to_owned()).collect(),
        None => vec![text("secret")],
    };
    Vector {
        id: text("id"),
        provider: text("provider"),
        head: request.body(()).unwrap().into_parts().0,
        body: Base64::decode_vec(&text("body_b64")).unwrap().into(),
        secrets,
        public_url: value["extra"]["public_url"].as_str().map(str::to_owned),
        received_at: value["received_at"].as_u64().unwrap(),
    }
}

/// The senders whose forms these tests know one by one; `tests/catalogue.rs` goes through all.
const SENDERS: [&str; 12] = [
    "discord",
    "github",
    "gitlab",
    "meta",
    "shopify",
    "slack",
    "square",
    "standard-webhooks",
    "stripe",
    "svix",
    "twilio",
    "twilio-shared-key",
];

/// All captured deliveries of these senders.
pub(crate) fn all() -> Vec<Vector> {
    let of = |scheme: &&Scheme| {
        let path = folder().join(format!("{}.json", scheme.name()));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let values: Vec<Value> = serde_json::from_str(&text).unwrap();
        values.iter().map(vector).collect::<Vec<_>>()
    };
    provider::ALL.iter().filter(|scheme| SENDERS.contains(&scheme.name())).flat_map(of).collect()
}

pub(crate) fn named(id: &str) -> Vector {
    all().into_iter().find(|vector| vector.id == id).expect(id)
}

/// One for each sender, with one signature each.
pub(crate) fn plain() -> Vec<Vector> {
    [
        "discord-ping",
        "github-docs",
        "gitlab-push",
        "meta-page",
        "shopify-orders",
        "slack-docs",
        "square-docs",
        "standard-webhooks-official",
        "standard-webhooks-v1a",
        "stripe-node",
        "svix-rust",
        "twilio-docs",
        "twilio-python-body-hash",
        "twilio-shared-key-made",
    ]
    .map(named)
    .to_vec()
}

#[test]
fn every_sender_has_its_vectors_and_every_vector_its_sender() {
    let senders: BTreeSet<_> = provider::ALL.iter().map(|scheme| format!("{}.json", scheme.name())).collect();
    let files: BTreeSet<_> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "README.md")
        .collect();
    assert_eq!(files, senders);

    let vectors = all();
    let ids: BTreeSet<_> = vectors.iter().map(|vector| &vector.id).collect();
    assert_eq!(ids.len(), vectors.len(), "two vectors share an id");
    for sender in SENDERS {
        assert!(vectors.iter().any(|vector| vector.provider == sender), "{sender}");
        assert!(plain().iter().any(|vector| vector.provider == sender), "{sender}");
    }
}

#[test]
fn a_vector_stands_in_the_file_of_its_sender() {
    for scheme in provider::ALL {
        let text = std::fs::read_to_string(folder().join(format!("{}.json", scheme.name()))).unwrap();
        for value in serde_json::from_str::<Vec<Value>>(&text).unwrap() {
            assert_eq!(value["provider"], scheme.name());
        }
    }
}

#[test]
fn every_vector_verifies() {
    for vector in all() {
        let delivery = vector.verify().unwrap_or_else(|error| panic!("{}: {error}", vector.id));
        assert!(delivery.is_verified());
        assert_eq!(delivery.provider(), vector.provider);
        assert_eq!(delivery.body(), &vector.body);
        let last = format!("key-{}", vector.secrets.len() - 1);
        assert_eq!(delivery.key_id(), Some(last.as_str()), "{}", vector.id);
    }
}

#[test]
fn no_vector_verifies_under_another_key() {
    for vector in all() {
        let verifier = Verifier::new(vector.sender(), vector.wrong_keys()).unwrap();
        let refused = verifier.verify(&vector.head, &vector.body, Some(vector.now())).expect_err(&vector.id);
        assert_eq!(refused.reason(), Reason::SignatureMismatch, "{}", vector.id);
    }
}

#[test]
fn what_is_known_of_a_delivery_is_read_from_where_the_sender_writes_it() {
    for (id, delivery_id, event_type, attempt, sent_at) in [
        ("discord-ping", Some("1"), Some("1"), None, Some(1_700_000_000)),
        ("github-rotation", Some("72d3162e-cc78-11e3-81ab-4c9367dc0958"), Some("ping"), None, None),
        ("gitlab-push", Some("f5e5f430-f57b-4e6e-9fac-d9128cd7232f"), Some("Push Hook"), None, None),
        ("meta-page", None, Some("page"), None, None),
        ("shopify-orders", Some("b54557e4-bdd9-4b37-8a5f-bf7d70bcd043"), Some("orders/create"), None, None),
        ("shopify-events", Some("98880550-7158-44d4-b7cd-2c97c8a091b5"), Some("orders/create"), None, None),
        ("slack-event", Some("Ev1"), Some("app_mention"), Some(1), Some(1_700_000_000)),
        ("square-behind-proxy", Some("6a8f5f28-54a1-4eb0-a98a-3111513fd4fc"), Some("payment.created"), None, None),
        ("standard-webhooks-svix-names", Some("msg_p5jXN8AQM9LWM0D4loKWxJek"), None, None, Some(1_614_265_330)),
        ("stripe-connect", Some("evt_1NG8Du2eZvKYlo2CUI79vXWy"), Some("invoice.paid"), None, Some(1_614_265_330)),
        ("svix-webhook-names", Some("msg_27UH4WbU6Z5A5EzD8u03UvzRbpk"), None, None, Some(1_649_367_553)),
        ("twilio-docs", None, None, None, None),
    ] {
        let delivery = named(id).verify().unwrap();
        assert_eq!(delivery.id().as_deref(), delivery_id, "{id}");
        assert_eq!(delivery.event_type().as_deref(), event_type, "{id}");
        assert_eq!(delivery.attempt(), attempt, "{id}");
        assert_eq!(delivery.sent_at(), sent_at.map(UnixTime::from_secs), "{id}");
    }
}
