//! Senders that can be signed for, with a delivery of each.

use std::sync::LazyLock;

use bytes::Bytes;
use http::Request;
use http::request::Parts;
use tower_webhook::clock::UnixTime;
use tower_webhook::scheme::{Scheme, Sender, Signer, UrlScheme, Verifier};
use tower_webhook::{Secret, provider};

pub const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);
pub const BODY: &[u8] = br#"{"id":"evt_1","type":"invoice.paid","data":{"amount":3}}"#;

/// The secret that senders sign with, and one that they do not know.
const SECRETS: [&str; 2] = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"];

/// One sender, its signer, and verifiers with the right and with another key.
pub struct Signing {
    pub scheme: Scheme,
    pub signer: Signer,
    pub right: Verifier,
    pub wrong: Verifier,
    /// A head that is signed for [`BODY`].
    pub head: Parts,
    /// The names of the headers that signing added.
    pub signed: Vec<http::HeaderName>,
}

impl Signing {
    fn of(scheme: &Scheme) -> Option<Self> {
        let sender = || -> Option<Sender> {
            let sender: Sender = if scheme.signs_url() {
                UrlScheme::new(*scheme).at("https://hooks.example.com/in").ok()?
            } else {
                (*scheme).into()
            };
            if scheme.needs_key_id() { sender.key_id("app-1").ok() } else { Some(sender) }
        };
        let secret = |index: usize| Secret::short(SECRETS[index]).ok();
        let signer = Signer::new(sender()?, secret(0)?).ok()?;
        let head = unsigned();
        let before: Vec<_> = head.headers.keys().cloned().collect();
        let mut head = head;
        signer.sign(&mut head, &Bytes::from_static(BODY), NOW).ok()?;
        let signed: Vec<_> = head.headers.keys().filter(|name| !before.contains(name)).cloned().collect();
        let right = Verifier::new(sender()?, secret(0)?).ok()?;
        // Its own deliveries pass, and not under another key: else nothing that follows says anything.
        let wrong = Verifier::new(sender()?, secret(1)?).ok()?;
        let body = Bytes::from_static(BODY);
        right.verify(&head, &body, Some(NOW)).ok()?;
        assert!(wrong.verify(&head, &body, Some(NOW)).is_err(), "{}", scheme.name());
        Some(Self { scheme: *scheme, signer, right, wrong, head, signed })
    }
}

/// Every sender of the catalogue that signs with a shared secret and can be signed for.
pub static SIGNINGS: LazyLock<Vec<Signing>> = LazyLock::new(|| {
    let all: Vec<_> = provider::ALL.iter().filter_map(|scheme| Signing::of(scheme)).collect();
    assert!(all.len() > 150, "{}", all.len());
    all
});

/// The sender of this name.
pub fn of(name: &str) -> &'static Signing {
    SIGNINGS.iter().find(|signing| signing.scheme.name() == name).expect("a sender that can be signed for")
}

/// A head as it is before it is signed.
pub fn unsigned() -> Parts {
    let request = Request::post("/in").header("content-type", "application/json").header("webhook-id", "msg_1");
    request.body(()).expect("a request").into_parts().0
}
