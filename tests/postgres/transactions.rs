//! Effects and the record of them in one transaction.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use tower::ServiceBuilder;
use tower_webhook::idempotency::{Fenced, IdempotencyContext, PostgresStore};
use tower_webhook::testing::{self, Endpoint};
use tower_webhook::{Delivery, IdempotencyLayer, RawBodyLayer, Secret, SignatureLayer, VerifiedBody, provider};

use super::KEPT;
use super::server::Server;

/// What the handler does between its effect and its answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    Answer,
    /// As a process does that dies right after the commit.
    Vanish,
    /// As a process does that dies before it.
    VanishBefore,
}

/// Pays, in a transaction; `None` where it must not.
async fn pay(server: &Server, store: &PostgresStore, run: &IdempotencyContext, then: Then) -> Option<()> {
    let mut client = server.client().await;
    let transaction = client.transaction().await.unwrap();
    transaction.execute("INSERT INTO payments VALUES (1)", &[]).await.unwrap();
    if store.finish_in(&transaction, run, KEPT).await.unwrap() == Fenced::Lost {
        transaction.rollback().await.unwrap();
        return None;
    }
    if then == Then::VanishBefore {
        return None;
    }
    transaction.commit().await.unwrap();
    Some(())
}

async fn payments(server: &Server) -> i64 {
    server.client().await.query_one("SELECT count(*) FROM payments", &[]).await.unwrap().get(0)
}

struct Shop {
    server: std::sync::Arc<Server>,
    store: PostgresStore,
}

impl Shop {
    async fn open() -> Self {
        let server = Server::start().await;
        server.client().await.execute("CREATE TABLE payments (amount integer)", &[]).await.unwrap();
        let store = server.store().await;
        Self { server: server.into(), store }
    }

    /// Sends one delivery to a process of its own, whose lease is short, and again while that of an earlier one has
    /// not lapsed. 0 where the process died instead of answering.
    async fn receive(&self, then: Then) -> u16 {
        let gone = std::sync::Arc::new(tokio::sync::Notify::new());
        let (server, store, dies) = (self.server.clone(), self.store.clone(), gone.clone());
        let handler = tower::service_fn(move |request: Request<VerifiedBody>| {
            let (server, store, dies) = (server.clone(), store.clone(), dies.clone());
            async move {
                let run = request.extensions().get::<Delivery>().unwrap().idempotency().unwrap().clone();
                let paid = pay(&server, &store, &run, then).await;
                if then != Then::Answer {
                    dies.notify_one();
                    std::future::pending::<()>().await;
                }
                let status = if paid.is_some() { StatusCode::OK } else { StatusCode::CONFLICT };
                Ok::<_, std::convert::Infallible>(answer(status))
            }
        });
        let service = ServiceBuilder::new()
            .layer(RawBodyLayer::new())
            .layer(SignatureLayer::new(provider::STRIPE, Secret::short("whsec_test").unwrap()).unwrap())
            .layer(IdempotencyLayer::new(self.store.clone()).lease(Duration::from_secs(1)))
            .service(handler);
        let delivery = testing::delivery(provider::STRIPE, "whsec_test").json(r#"{"id":"evt_1"}"#);
        let endpoint = Endpoint::new(service);
        for _ in 0..200 {
            // The runtime of the process ends with it, and with that its heartbeats.
            let status = tokio::select! {
                answer = endpoint.send(&delivery) => answer.status().as_u16(),
                () = gone.notified() => 0,
            };
            if status != 503 {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the claim did not lapse");
    }
}

fn answer(status: StatusCode) -> Response<Full<Bytes>> {
    Response::builder().status(status).body(Full::default()).unwrap()
}

/// Runs in a runtime of its own, which is dropped with all that runs in it: what a killed process leaves behind.
fn in_a_process_that_dies(work: impl Future<Output = u16> + Send) -> u16 {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let status = runtime.block_on(work);
            runtime.shutdown_background();
            status
        });
        thread.join().unwrap()
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_05_effects_in_the_transaction_of_the_record_happen_once() {
    let shop = Shop::open().await;
    assert_eq!(tokio::task::block_in_place(|| in_a_process_that_dies(shop.receive(Then::VanishBefore))), 0);
    assert_eq!(payments(&shop.server).await, 0, "what was not committed did not happen");
    assert_eq!(tokio::task::block_in_place(|| in_a_process_that_dies(shop.receive(Then::Vanish))), 0);
    for _ in 0..3 {
        assert_eq!(shop.receive(Then::Answer).await, 200);
    }
    assert_eq!(payments(&shop.server).await, 1);
}

#[tokio::test]
async fn who_was_overtaken_does_not_commit() {
    use tower_webhook::idempotency::{Claimed, Key, Store};

    let shop = Shop::open().await;
    let (slow, quick) = (Claimed::new(Key::from_bytes([7; 32])), Claimed::new(Key::from_bytes([7; 32])));
    let short = Duration::from_millis(30);
    let _ = shop.store.claim(&slow, short).await.unwrap();
    tokio::time::sleep(short * 2).await;
    let _ = shop.store.claim(&quick, KEPT).await.unwrap();
    let run = |claimed: &Claimed| IdempotencyContext::new(claimed.key, claimed.token);
    assert_eq!(pay(&shop.server, &shop.store, &run(&slow), Then::Answer).await, None);
    assert_eq!(pay(&shop.server, &shop.store, &run(&quick), Then::Answer).await, Some(()));
    assert_eq!(pay(&shop.server, &shop.store, &run(&slow), Then::Answer).await, None);
    assert_eq!(payments(&shop.server).await, 1);
}
