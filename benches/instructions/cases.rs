//! What is counted.

use std::convert::Infallible;
use std::hint::black_box;
use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::Full;
use sha2::{Digest, Sha256};
use tower::{Layer, Service};
use tower_webhook::allowlist::AllowlistSource;
use tower_webhook::client_ip::TrustedProxies;
use tower_webhook::clock::{Clock, SystemClock};
use tower_webhook::idempotency::{Claim, Claimed, Fenced, Key, MemoryStore, Store};
use tower_webhook::scheme::Verifier;
use tower_webhook::{Secret, WebhookOptions, provider, testing};

use crate::callgrind::counted_by_callgrind;
use crate::in_place::{Handler, drive, now};
use crate::requests::{NETWORKS, PROXIES, SECRET, accepted, captured, not_allowed, unsigned};

/// How often a case is called while it is counted.
pub(crate) const CALLS: u32 = 200;
/// Those that fill a store in memory: it works for sixteen deliveries at a time, so there chance needs more of them.
pub(crate) const FILLING: u32 = 2_000;

/// What stands before the names of those that have a service to call.
pub(crate) const STACK: &str = "stack/";
/// A service that does nothing, and frees the request: what it costs is taken off the others of these.
pub(crate) const NOTHING: &str = "stack/nothing";

/// A name, how often it is called, and what calls it so often.
type Case = (&'static str, u32, fn(u32));

pub(crate) const CASES: &[Case] = &[
    ("verify_github", CALLS, verify_github),
    ("verify_standard_webhooks", CALLS, verify_standard_webhooks),
    (NOTHING, CALLS, nothing),
    ("stack/accepted", FILLING, whole_stack),
    ("stack/accepted_without_idempotency", CALLS, whole_stack_without_idempotency),
    ("stack/duplicate", CALLS, duplicate),
    ("stack/refused_by_allowlist", CALLS, refused_by_allowlist),
    ("stack/refused_unsigned", CALLS, refused_unsigned),
    ("client_ip", CALLS, client_ip),
    ("allowlist_of_100", CALLS, allowlist_of_100),
    ("claim_and_complete", 10 * FILLING, claim_and_complete),
];

/// Calls `each`, before and while it is counted, with inputs that were made beforehand.
fn repeat<I>(calls: u32, input: impl Fn() -> I, mut each: impl FnMut(&I)) {
    for _ in 0..calls {
        each(&input());
    }
    let inputs: Vec<I> = (0..calls).map(|_| input()).collect();
    counted_by_callgrind(|| inputs.iter().for_each(&mut each));
}

fn secret() -> Secret {
    Secret::new(SECRET).unwrap()
}

fn verify(calls: u32, verifier: &Verifier, delivery: &testing::TestDelivery) {
    let now = SystemClock::default().now();
    let wrong = delivery.tampered().to_request::<Bytes>().into_parts();
    assert!(verifier.verify(&wrong.0, &wrong.1, now).is_err());
    repeat(
        calls,
        || delivery.to_request::<Bytes>().into_parts(),
        |(head, body): &(Parts, Bytes)| drop(black_box(verifier.verify(head, body, now).unwrap())),
    );
}

fn verify_github(calls: u32) {
    verify(calls, &Verifier::new(provider::GITHUB, secret()).unwrap(), &captured());
}

fn verify_standard_webhooks(calls: u32) {
    let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let delivery = testing::delivery(provider::STANDARD_WEBHOOKS, secret.clone()).json("x".repeat(1024));
    verify(calls, &Verifier::new(provider::STANDARD_WEBHOOKS, secret).unwrap(), &delivery);
}

fn call<S, R>(calls: u32, mut service: S, status: u16, request: impl Fn() -> Request<Bytes>)
where
    S: Service<Request<Full<Bytes>>, Response = Response<R>, Error = Infallible>,
{
    // Copied while it is counted, so that memory comes and goes as in a server: what was made beforehand and all freed at
    // once has glibc put its heap in order.
    repeat(
        calls,
        || request().map(Full::from),
        |request| assert_eq!(drive(&mut service, request.clone()).status(), status),
    );
}

fn nothing(calls: u32) {
    call(calls, Handler, 200, accepted);
}

/// The whole stack behind a proxy, as a server has it.
fn stack(calls: u32, options: WebhookOptions, status: u16, request: impl Fn() -> Request<Bytes>) {
    let options = options.behind(TrustedProxies::from_cidrs([PROXIES]).unwrap()).https_only();
    let layer = options.layer(provider::GITHUB, secret()).unwrap().allow(NETWORKS).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _entered = runtime.enter();
    call(calls, layer.layer(Handler), status, request);
}

fn whole_stack(calls: u32) {
    stack(calls, WebhookOptions::new(), 200, accepted);
}

fn whole_stack_without_idempotency(calls: u32) {
    stack(calls, WebhookOptions::without_idempotency(), 200, accepted);
}

fn duplicate(calls: u32) {
    let delivery = captured();
    stack(calls, WebhookOptions::new(), 200, || delivery.to_request());
}

fn refused_by_allowlist(calls: u32) {
    stack(calls, WebhookOptions::new(), 403, not_allowed);
}

fn refused_unsigned(calls: u32) {
    stack(calls, WebhookOptions::new(), 401, unsigned);
}

/// Two hops, the second of them a proxy of ours.
fn client_ip(calls: u32) {
    let proxies = TrustedProxies::from_cidrs([PROXIES]).unwrap();
    let mut headers = HeaderMap::new();
    headers.insert("x-forwarded-for", HeaderValue::from_static("192.30.252.44, 10.0.0.9"));
    let peer = "10.0.0.1".parse().ok();
    repeat(
        calls,
        || (),
        |&()| {
            black_box(proxies.client_ip(black_box(peer), black_box(&headers)).unwrap());
        },
    );
}

fn allowlist_of_100(calls: u32) {
    let source = AllowlistSource::new((0..100).map(|number| format!("198.51.{number}.0/25"))).unwrap();
    let inside: IpAddr = "198.51.77.1".parse().unwrap();
    repeat(calls, || (), |&()| assert!(source.contains(black_box(inside))));
}

fn claim_and_complete(calls: u32) {
    let store = MemoryStore::new();
    let count = std::cell::Cell::new(0_u64);
    let key = |what: u8| Key::from_bytes(Sha256::digest([&[what][..], &count.get().to_be_bytes()].concat()).into());
    repeat(
        calls,
        || {
            count.set(count.get() + 1);
            Claimed::new(key(0)).guarded_by(key(1))
        },
        |claimed| {
            let claim = now(store.claim(claimed, Duration::from_secs(30))).unwrap();
            assert!(matches!(claim, Claim::Owned { .. }));
            let done = now(store.complete(claimed, Bytes::from_static(&[0; 32]), Duration::from_secs(3600)));
            assert_eq!(done.unwrap(), Fenced::Ok);
        },
    );
}
