//! What verifying costs: ours, by hand, and by other crates, beside the least that the processor needs.
//!
//! ```text
//! cargo bench --bench verify              # in benches/peers; all tables
//! cargo bench --bench verify -- SHA-256   # those with this word in their title
//! ```
//!
//! Each row is one call with head and body at hand, over and over. All of them first accept the delivery and refuse it
//! with a bit of its body turned.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair,
};
use axum::extract::FromRequest;
use axum_github_webhook_extract::{GithubEvent, GithubToken};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use ed25519_dalek::VerifyingKey as DalekKey;
use hmac::{Hmac, KeyInit, Mac};
use http::request::Parts;
use http::{HeaderValue, Request};
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use tower_webhook::clock::{Clock, SystemClock};
use tower_webhook::crypto::SigningKey;
use tower_webhook::scheme::{Scheme, Verifier};
use tower_webhook::{Secret, Secrets, VerifyingKey, provider, testing};
use tower_webhook_peers::allocations::Counting;
use tower_webhook_peers::limit;
use tower_webhook_peers::rows::{Row, asked_for, table, time};
use webhook_verify::{CustomScheme, Encoding, HashAlg, Provider, VerifyOptions, VerifyingKeyMaterial};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const SECRET: &str = "It's a Secret to Everybody";
const OTHER_SECRET: &str = "the secret that comes after it";
/// The example of the Standard Webhooks specification.
const STANDARD_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const SIZES: [(&str, usize); 4] = [("256 B", 256), ("1 KiB", 1 << 10), ("64 KiB", 1 << 16), ("1 MiB", 1 << 20)];

type Delivery = (Parts, Bytes);
type Verify<'a> = dyn Fn(&Parts, &Bytes) -> bool + 'a;

/// Somebody who verifies.
struct Contender<'a> {
    name: &'static str,
    verify: Box<Verify<'a>>,
}

fn by<'a>(name: &'static str, verify: impl Fn(&Parts, &Bytes) -> bool + 'a) -> Contender<'a> {
    Contender { name, verify: Box::new(verify) }
}

impl<'a> Contender<'a> {
    /// The row, once it has been seen to accept what is right and to refuse what is not.
    fn row(self, delivery: &'a Delivery, calls: usize) -> Row<'a> {
        let (head, body) = delivery;
        let mut forged = body.to_vec();
        *forged.last_mut().unwrap() ^= 1;
        assert!((self.verify)(head, body), "{} accepts a delivery", self.name);
        assert!(!(self.verify)(head, &forged.into()), "{} refuses a forged one", self.name);
        Row::calling(self.name, calls, move || (self.verify)(head, body))
    }
}

/// About so much time for each batch, and fewer rounds of what is long.
const fn calls(size: usize) -> (usize, usize) {
    match size {
        0..4_096 => (50, 501),
        4_096..500_000 => (4, 201),
        _ => (1, 101),
    }
}

fn body(size: usize) -> String {
    format!(r#"{{"action":"{}"}}"#, "x".repeat(size - r#"{"action":""}"#.len()))
}

fn ours(verifier: Verifier) -> impl Fn(&Parts, &Bytes) -> bool {
    move |head, body| verifier.verify(head, body, SystemClock::default().now()).is_ok()
}

/// As it is written by hand: a key that is scheduled at each call, the signature decoded to the heap.
fn by_hand<M: Mac + KeyInit>(header: &'static str, prefix: &'static str) -> impl Fn(&Parts, &Bytes) -> bool {
    move |head, body| {
        let Some(value) = head.headers.get(header).and_then(|value| value.to_str().ok()) else { return false };
        let Some(signature) = value.strip_prefix(prefix).and_then(|text| hex::decode(text).ok()) else { return false };
        let mut mac = <M as KeyInit>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.update(body);
        mac.verify_slice(&signature).is_ok()
    }
}

fn webhook_verify(provider: Provider, secret: String) -> impl Fn(&Parts, &Bytes) -> bool {
    let secret = webhook_verify::Secret::new(secret);
    move |head, body| webhook_verify::verify(provider, &head.headers, body, &secret, VerifyOptions::default()).is_ok()
}

#[derive(serde::Deserialize)]
struct Event {
    #[allow(dead_code, reason = "it is what is read")]
    action: String,
}

/// It takes whole requests, so a copy of one is in it, and it reads the JSON.
fn axum_github_webhook_extract(head: &Parts, body: &Bytes) -> bool {
    thread_local!(static TOKEN: GithubToken = GithubToken(std::sync::Arc::new(SECRET.to_owned())));
    let request = Request::from_parts(head.clone(), axum::body::Body::from(body.clone()));
    TOKEN.with(|token| {
        let event = pin!(GithubEvent::<Event>::from_request(request, token));
        matches!(event.poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(Ok(_)))
    })
}

fn secret(text: &str) -> Secret {
    Secret::new(text).unwrap()
}

fn hmac_sha256(name: &str, size: usize) {
    let title = format!("HMAC-SHA-256, {name}");
    if !asked_for(&title) {
        return;
    }
    let (calls, rounds) = calls(size);
    let blocks = limit::blocks_of_hmac(size as u64);
    let github = testing::delivery(provider::GITHUB, SECRET).json(body(size)).to_request::<Bytes>().into_parts();
    let standard = secret(STANDARD_SECRET);
    let standard = testing::delivery(provider::STANDARD_WEBHOOKS, standard).json(body(size));
    let standard = standard.to_request::<Bytes>().into_parts();
    let scheduled = <Hmac<Sha256> as KeyInit>::new_from_slice(SECRET.as_bytes()).unwrap();
    let two = Secrets::rotating(secret(OTHER_SECRET), secret(SECRET));
    let two_of_them = [OTHER_SECRET, SECRET].map(webhook_verify::Secret::new);
    let webhook = standardwebhooks::Webhook::new(STANDARD_SECRET).unwrap();
    let key = &standard.1;
    let mut rows = vec![
        Row::calling("the limit of the processor", calls, || limit::run(blocks)),
        Row::calling("`hmac` alone, key scheduled before", calls, || {
            scheduled.clone().chain_update(&github.1).finalize().into_bytes()
        }),
    ];
    let on_github = [
        by("**GitHub: ours**", ours(Verifier::new(provider::GITHUB, secret(SECRET)).unwrap())),
        by("**GitHub: ours, two secrets, the older one matches**", ours(Verifier::new(provider::GITHUB, two).unwrap())),
        by("GitHub: by hand", by_hand::<Hmac<Sha256>>("x-hub-signature-256", "sha256=")),
        by("GitHub: `webhook-verify`", webhook_verify(Provider::GitHub, SECRET.to_owned())),
        by("GitHub: `webhook-verify`, two secrets, the second matches", |head, body| {
            let options = VerifyOptions::default();
            webhook_verify::verify_any(Provider::GitHub, &head.headers, body, &two_of_them, options).is_ok()
        }),
        by("GitHub: `axum-github-webhook-extract`", axum_github_webhook_extract),
    ];
    let on_standard = [
        by(
            "**Standard Webhooks: ours**",
            ours(Verifier::new(provider::STANDARD_WEBHOOKS, secret(STANDARD_SECRET)).unwrap()),
        ),
        by("Standard Webhooks: `standardwebhooks`", |head, body| webhook.verify(body, &head.headers).is_ok()),
        by(
            "Standard Webhooks: `webhook-verify`",
            webhook_verify(Provider::StandardWebhooks, STANDARD_SECRET.to_owned()),
        ),
    ];
    assert_eq!(key.len(), size);
    rows.extend(on_github.into_iter().map(|contender| contender.row(&github, calls)));
    rows.extend(on_standard.into_iter().map(|contender| contender.row(&standard, calls)));
    let measured = table(&title, rounds, &mut rows);
    if limit::run(1) {
        println!(
            "\n{name}: `hmac` runs at {:.1} % of the limit, ours at {:.1} %; two secrets cost {:.3} × one; beside the HMAC \
             ours takes {}.",
            100.0 * measured[0].ns / measured[1].ns,
            100.0 * measured[0].ns / measured[2].ns,
            measured[3].ns / measured[2].ns,
            time(measured[2].ns - measured[1].ns),
        );
    } else {
        println!("\nThis processor has no SHA instructions: the first row says nothing.");
    }
}

fn other_hmac<M: Mac + KeyInit>(
    (algorithm, hash): (&str, HashAlg),
    scheme: Scheme,
    header: &'static str,
    (name, size): (&str, usize),
) {
    let title = format!("{algorithm}, {name}");
    if !asked_for(&title) {
        return;
    }
    let (calls, rounds) = calls(size);
    let delivery = testing::delivery(scheme, SECRET).json(body(size)).to_request::<Bytes>().into_parts();
    let custom = CustomScheme {
        hash,
        signature_header: header,
        timestamp_header: None,
        encoding: Encoding::Hex,
        prefix: None,
        signed_string: |_, body| body.to_vec(),
    };
    let contenders = [
        by("by hand", by_hand::<M>(header, "")),
        by("**ours**", ours(Verifier::new(scheme, secret(SECRET)).unwrap())),
        by("`webhook-verify`", webhook_verify(Provider::Custom(custom), SECRET.to_owned())),
    ];
    let mut rows: Vec<_> = contenders.into_iter().map(|contender| contender.row(&delivery, calls)).collect();
    table(&title, rounds, &mut rows);
}

fn header<'a>(head: &'a Parts, name: &str) -> &'a [u8] {
    head.headers.get(name).map_or(b"", HeaderValue::as_bytes)
}

/// As Discord signs: over the timestamp and the body.
fn ed25519(name: &str, size: usize) {
    let title = format!("Ed25519, {name}");
    if !asked_for(&title) {
        return;
    }
    let key = SigningKey::from_seed(&[7; 32]);
    let public = ed25519_dalek::SigningKey::from_bytes(&[7; 32]).verifying_key();
    let delivery =
        testing::delivery(provider::DISCORD, key.clone()).json(body(size)).to_request::<Bytes>().into_parts();
    let by_hand = |key: DalekKey| {
        move |head: &Parts, body: &Bytes| {
            let Ok(signature) = hex::decode(header(head, "x-signature-ed25519")) else { return false };
            let Ok(signature) = ed25519_dalek::Signature::from_slice(&signature) else { return false };
            let message = [header(head, "x-signature-timestamp"), body].concat();
            key.verify_strict(&message, &signature).is_ok()
        }
    };
    let contenders = [
        by("`ed25519-dalek` by hand", by_hand(public)),
        by("**ours**", ours(Verifier::new(provider::DISCORD, key.verifying_key()).unwrap())),
        by("`webhook-verify`", webhook_verify(Provider::Discord, hex::encode(public.to_bytes()))),
    ];
    let (calls, rounds) = if size < 500_000 { (2, 61) } else { (1, 31) };
    let mut rows: Vec<_> = contenders.into_iter().map(|contender| contender.row(&delivery, calls)).collect();
    table(&title, rounds, &mut rows);
}

/// As SendGrid signs: over the timestamp and the body.
fn ecdsa(name: &str, size: usize) {
    let title = format!("ECDSA P-256, {name}");
    if !asked_for(&title) {
        return;
    }
    let (time, signature) = ("x-twilio-email-event-webhook-timestamp", "x-twilio-email-event-webhook-signature");
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
    let public = AsDer::<aws_lc_rs::encoding::PublicKeyX509Der<'_>>::as_der(key.public_key()).unwrap();
    let body = Bytes::from(body(size));
    let now = SystemClock::default().now().unwrap().as_secs().to_string();
    let signed = key.sign(&SystemRandom::new(), &[now.as_bytes(), &body].concat()).unwrap();
    let request = Request::post("/").header(time, now).header(signature, BASE64.encode(signed));
    let delivery = request.body(body).unwrap().into_parts();
    let raw = ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key.public_key().as_ref()).unwrap();
    let material = VerifyingKeyMaterial::EcdsaP256PublicKey(public.as_ref().to_vec());
    let unused = webhook_verify::Secret::new("there is none");
    let contenders = [
        by("`aws-lc-rs` by hand", |head, body| {
            let Ok(signature) = BASE64.decode(header(head, signature)) else { return false };
            raw.verify_sig(&[header(head, time), body].concat(), &signature).is_ok()
        }),
        by(
            "**ours**",
            ours(Verifier::new(provider::SENDGRID, VerifyingKey::from_der(public.as_ref()).unwrap()).unwrap()),
        ),
        by("`webhook-verify`", |head, body| {
            let options = VerifyOptions::default().with_verifying_material(material.clone());
            webhook_verify::verify(Provider::SendGrid, &head.headers, body, &unused, options).is_ok()
        }),
    ];
    let (calls, rounds) = if size < 500_000 { (2, 61) } else { (1, 31) };
    let mut rows: Vec<_> = contenders.into_iter().map(|contender| contender.row(&delivery, calls)).collect();
    table(&title, rounds, &mut rows);
}

/// As Wise signs: over the body.
fn rsa(name: &str, size: usize) {
    let title = format!("RSA of 2048 bits, {name}");
    if !asked_for(&title) {
        return;
    }
    let key = RsaKeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
    let public = AsDer::<aws_lc_rs::encoding::PublicKeyX509Der<'_>>::as_der(key.public_key()).unwrap();
    let body = Bytes::from(body(size));
    let mut signed = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &body, &mut signed).unwrap();
    let request = Request::post("/").header("x-signature-sha256", BASE64.encode(signed)).header("x-delivery-id", "1");
    let delivery = request.body(body).unwrap().into_parts();
    let raw = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public_key().as_ref()).unwrap();
    let contenders = [
        by("`aws-lc-rs` by hand", |head, body| {
            let Ok(signature) = BASE64.decode(header(head, "x-signature-sha256")) else { return false };
            raw.verify_sig(body, &signature).is_ok()
        }),
        by("**ours**", ours(Verifier::new(provider::WISE, VerifyingKey::from_der(public.as_ref()).unwrap()).unwrap())),
    ];
    let (calls, rounds) = if size < 500_000 { (2, 61) } else { (1, 31) };
    let mut rows: Vec<_> = contenders.into_iter().map(|contender| contender.row(&delivery, calls)).collect();
    table(&title, rounds, &mut rows);
}

fn main() {
    for (name, size) in SIZES {
        hmac_sha256(name, size);
    }
    for size in SIZES {
        let sha1 = ("HMAC-SHA-1", HashAlg::Sha1);
        other_hmac::<Hmac<Sha1>>(sha1, provider::VERCEL, "x-vercel-signature", size);
        let sha512 = ("HMAC-SHA-512", HashAlg::Sha512);
        other_hmac::<Hmac<Sha512>>(sha512, provider::PAYSTACK, "x-paystack-signature", size);
    }
    for (name, size) in SIZES {
        ed25519(name, size);
        ecdsa(name, size);
        rsa(name, size);
    }
}
