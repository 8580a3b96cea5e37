//! What the layers cost: time and allocations of one delivery, a GitHub one of 1 KiB, in this process.
//!
//! `cargo bench --bench stack`. Each row drives one service in place, without a socket, and the same request goes
//! through all of them, so what a layer costs is the difference to the row without it. Every delivery has an id and
//! a body of its own. `benches/README.md` has the newest numbers and what limits them.
#![allow(missing_docs, clippy::expect_used, clippy::needless_pass_by_value, clippy::panic, clippy::unwrap_used)]

mod stack {
    pub(crate) mod by_hand;
    pub(crate) mod in_place;
    pub(crate) mod requests;
}

use std::convert::Infallible;
use std::fmt::Debug;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use axum::{Router, routing::post};
use bytes::Bytes;
use divan::{AllocProfiler, Bencher, black_box};
use hmac::{Hmac, KeyInit, Mac};
use http::{Request, Response};
use http_body_util::Full;
use sha2::{Digest, Sha256};
use tokio::runtime::Runtime;
use tower::{Layer, Service, layer::util::Identity};
use tower_webhook::client_ip::TrustedProxies;
use tower_webhook::idempotency::{Claim, Claimed, Key, MemoryStore, Store};
use tower_webhook::{
    AllowlistLayer, HttpsOnlyLayer, IdempotencyLayer, MetricsLayer, RawBodyLayer, Secret, Secrets, SignatureLayer,
    WebhookLayer, WebhookOptions, provider,
};

use stack::in_place::{Handler, drive, now};
use stack::requests::{NETWORKS, OTHER_SECRET, PROXIES, SECRET, accepted, captured, forged, not_allowed, unsigned};

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

thread_local! {
    /// As a server has one. Nothing here waits for a turn of it.
    static RUNTIME: Runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
}

fn main() {
    metrics_exporter_prometheus::PrometheusBuilder::new().install_recorder().unwrap();
    divan::main();
}

/// Sends requests, and makes sure that the answer is the one that the row is about. Each is copied while the time is
/// taken, so that its memory comes and goes as in a server: that much is in every row, see `a_none` and `a_bare`.
fn send<B, S, ResBody>(bencher: Bencher<'_, '_>, mut service: S, status: u16, request: impl Fn() -> Request<Bytes>)
where
    B: From<Bytes>,
    S: Service<Request<B>, Response = Response<ResBody>, Error: Debug>,
{
    RUNTIME.with(|runtime| {
        bencher.with_inputs(request).bench_local_values(|request| {
            let _entered = runtime.enter();
            let answer = drive(&mut service, request.clone().map(B::from));
            assert_eq!(answer.status(), status);
            request
        });
    });
}

fn secret() -> Secret {
    Secret::new(SECRET).unwrap()
}

fn signature() -> SignatureLayer {
    SignatureLayer::new(provider::GITHUB, secret()).unwrap()
}

fn proxies() -> TrustedProxies {
    TrustedProxies::from_cidrs([PROXIES]).unwrap()
}

/// All layers, as [`WebhookLayer`] has them.
fn whole(options: WebhookOptions, keys: impl Into<Secrets>) -> WebhookLayer {
    let options = options.behind(proxies()).https_only();
    options.layer(provider::GITHUB, keys).unwrap().allow(NETWORKS).unwrap()
}

fn router<L>(layer: L) -> Router
where
    L: Layer<axum::routing::Route> + Clone + Send + Sync + 'static,
    L::Service: Service<Request<axum::body::Body>, Error = Infallible> + Clone + Send + Sync + 'static,
    <L::Service as Service<Request<axum::body::Body>>>::Response: axum::response::IntoResponse + 'static,
    <L::Service as Service<Request<axum::body::Body>>>::Future: Send + 'static,
{
    // As servers do it, so that the layers are put on once and not at each request.
    Router::new().route("/", post(async |body: Bytes| drop(black_box(body))).layer(layer)).with_state(())
}

/// One layer each, around a service that does nothing.
mod a_layer {
    use super::*;

    #[divan::bench]
    fn a_none(bencher: Bencher<'_, '_>) {
        send::<Full<Bytes>, _, _>(bencher, Handler, 200, accepted);
    }

    /// No layer: the least that any verification of it costs.
    #[divan::bench]
    fn a_no_layer_but_the_hmac(bencher: Bencher<'_, '_>) {
        let (mac, body) = (Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap(), [b'x'; 1024]);
        bencher.bench_local(|| mac.clone().chain_update(black_box(&body)).finalize().into_bytes());
    }

    #[divan::bench]
    fn b_metrics(bencher: Bencher<'_, '_>) {
        send::<Full<Bytes>, _, _>(bencher, MetricsLayer::new("bench").layer(Handler), 200, accepted);
    }

    #[divan::bench]
    fn c_https_only(bencher: Bencher<'_, '_>) {
        send::<Full<Bytes>, _, _>(bencher, HttpsOnlyLayer::new(proxies()).layer(Handler), 200, accepted);
    }

    #[divan::bench]
    fn d_allowlist(bencher: Bencher<'_, '_>) {
        let layer = AllowlistLayer::new(NETWORKS).unwrap().behind(proxies());
        send::<Full<Bytes>, _, _>(bencher, layer.layer(Handler), 200, accepted);
    }

    #[divan::bench]
    fn e_raw_body(bencher: Bencher<'_, '_>) {
        send::<Full<Bytes>, _, _>(bencher, RawBodyLayer::new().layer(Handler), 200, accepted);
    }

    #[divan::bench]
    fn f_raw_body_and_signature(bencher: Bencher<'_, '_>) {
        send::<Full<Bytes>, _, _>(bencher, (RawBodyLayer::new(), signature()).layer(Handler), 200, accepted);
    }

    #[divan::bench]
    fn g_raw_body_signature_and_idempotency(bencher: Bencher<'_, '_>) {
        let layers = (RawBodyLayer::new(), signature(), IdempotencyLayer::in_memory());
        send::<Full<Bytes>, _, _>(bencher, layers.layer(Handler), 200, accepted);
    }
}

/// The whole stack around a service that does nothing.
mod the_stack {
    use super::*;

    #[divan::bench]
    fn a_none(bencher: Bencher<'_, '_>) {
        send::<Full<Bytes>, _, _>(bencher, Handler, 200, accepted);
    }

    #[divan::bench]
    fn b_whole(bencher: Bencher<'_, '_>) {
        let layer = whole(WebhookOptions::new().metrics(), secret());
        send::<Full<Bytes>, _, _>(bencher, layer.layer(Handler), 200, accepted);
    }

    #[divan::bench]
    fn c_without_metrics(bencher: Bencher<'_, '_>) {
        send::<Full<Bytes>, _, _>(bencher, whole(WebhookOptions::new(), secret()).layer(Handler), 200, accepted);
    }

    #[divan::bench]
    fn d_without_metrics_and_idempotency(bencher: Bencher<'_, '_>) {
        let layer = whole(WebhookOptions::without_idempotency(), secret());
        send::<Full<Bytes>, _, _>(bencher, layer.layer(Handler), 200, accepted);
    }

    #[divan::bench]
    fn e_the_same_with_two_secrets(bencher: Bencher<'_, '_>) {
        let keys = Secrets::rotating(Secret::new(OTHER_SECRET).unwrap(), secret());
        let layer = whole(WebhookOptions::without_idempotency(), keys);
        send::<Full<Bytes>, _, _>(bencher, layer.layer(Handler), 200, accepted);
    }

    #[divan::bench]
    fn f_a_duplicate(bencher: Bencher<'_, '_>) {
        let mut service = whole(WebhookOptions::new(), secret()).layer(Handler);
        let delivery = captured();
        let first =
            pin!(service.call(delivery.to_request::<Full<Bytes>>())).poll(&mut Context::from_waker(Waker::noop()));
        assert!(first.is_ready());
        send::<Full<Bytes>, _, _>(bencher, service, 200, || delivery.to_request());
    }
}

/// The whole stack, as one layer of an axum route.
mod with_axum {
    use super::*;

    #[divan::bench]
    fn a_bare(bencher: Bencher<'_, '_>) {
        let app = Router::new().route("/", post(async |body: Bytes| drop(black_box(body))));
        send::<axum::body::Body, _, _>(bencher, app.with_state(()), 200, accepted);
    }

    #[divan::bench]
    fn b_a_layer_that_does_nothing(bencher: Bencher<'_, '_>) {
        send::<axum::body::Body, _, _>(bencher, router(Identity::new()), 200, accepted);
    }

    #[divan::bench]
    fn c_whole(bencher: Bencher<'_, '_>) {
        let layer = whole(WebhookOptions::new().metrics(), secret());
        send::<axum::body::Body, _, _>(bencher, router(layer), 200, accepted);
    }

    #[divan::bench]
    fn d_without_metrics(bencher: Bencher<'_, '_>) {
        send::<axum::body::Body, _, _>(bencher, router(whole(WebhookOptions::new(), secret())), 200, accepted);
    }

    #[divan::bench]
    fn e_without_metrics_and_idempotency(bencher: Bencher<'_, '_>) {
        let layer = whole(WebhookOptions::without_idempotency(), secret());
        send::<axum::body::Body, _, _>(bencher, router(layer), 200, accepted);
    }

    #[divan::bench]
    fn f_by_hand(bencher: Bencher<'_, '_>) {
        send::<axum::body::Body, _, _>(bencher, stack::by_hand::app(), 200, accepted);
    }

    #[divan::bench]
    fn g_by_hand_refused(bencher: Bencher<'_, '_>) {
        send::<axum::body::Body, _, _>(bencher, stack::by_hand::app(), 401, unsigned);
    }
}

/// Refusals of the whole stack, without metrics and with.
mod refused {
    use super::*;

    fn by(
        options: WebhookOptions,
    ) -> impl Service<Request<Full<Bytes>>, Response = Response<impl Sized>, Error = Infallible> {
        whole(options, secret()).layer(Handler)
    }

    #[divan::bench]
    fn a_not_on_the_allowlist(bencher: Bencher<'_, '_>) {
        send::<Full<Bytes>, _, _>(bencher, by(WebhookOptions::new()), 403, not_allowed);
    }

    #[divan::bench]
    fn b_unsigned(bencher: Bencher<'_, '_>) {
        send::<Full<Bytes>, _, _>(bencher, by(WebhookOptions::new()), 401, unsigned);
    }

    #[divan::bench]
    fn c_unsigned_and_counted(bencher: Bencher<'_, '_>) {
        send::<Full<Bytes>, _, _>(bencher, by(WebhookOptions::new().metrics()), 401, unsigned);
    }

    #[divan::bench]
    fn d_forged(bencher: Bencher<'_, '_>) {
        send::<Full<Bytes>, _, _>(bencher, by(WebhookOptions::new()), 401, forged);
    }
}

/// The store in memory, without the layer.
mod the_store {
    use super::*;

    /// A claim of a key that no other has, with a guard on what was signed, as for GitHub.
    fn fresh() -> Claimed {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let hash = |what: &[u8]| {
            Key::from_bytes(Sha256::new().chain_update(what).chain_update(count.to_be_bytes()).finalize().into())
        };
        Claimed::new(hash(b"id")).guarded_by(hash(b"guard"))
    }

    /// About as long as the one of a handler's `200` without a body.
    const RECORD: &[u8] = &[0; 32];
    const LEASE: Duration = Duration::from_secs(30);
    const DAY: Duration = Duration::from_secs(86_400);

    fn complete(store: &MemoryStore, claimed: &Claimed) {
        let claim = now(store.claim(claimed, LEASE)).unwrap();
        assert!(matches!(claim, Claim::Owned { .. }), "{claim:?}");
        let _ = black_box(now(store.complete(claimed, Bytes::from_static(RECORD), DAY)).unwrap());
    }

    #[divan::bench]
    fn a_claim_and_release(bencher: Bencher<'_, '_>) {
        let store = MemoryStore::new();
        bencher.with_inputs(fresh).bench_local_values(|claimed| {
            black_box(now(store.claim(&claimed, LEASE)).unwrap());
            now(store.release(&claimed)).unwrap()
        });
    }

    #[divan::bench]
    fn b_claim_and_complete(bencher: Bencher<'_, '_>) {
        let store = MemoryStore::new();
        bencher.with_inputs(fresh).bench_local_values(|claimed| complete(&store, &claimed));
    }

    /// For each one that comes, one has to go.
    #[divan::bench]
    fn c_claim_and_complete_in_a_full_store(bencher: Bencher<'_, '_>) {
        let store = MemoryStore::new();
        while store.early_evictions() == 0 {
            complete(&store, &fresh());
        }
        bencher.with_inputs(fresh).bench_local_values(|claimed| complete(&store, &claimed));
    }
}
