//! What the handler does and the record that it was done, in one transaction: the effect of a delivery happens once, also
//! where a receiver is killed at any moment.
//!
//! `PORT` (default 3000, 0 for any); `DATABASE_URL` (default `postgres://postgres@127.0.0.1/postgres`);
//! `STANDARD_WEBHOOK_SECRET` (default: the published one of the Standard Webhooks specification, not for your own use).
//!
//! The handler counts deliveries by type in the table `webhook_example_counts`. Without the transaction, a receiver that
//! dies between the count and the record of the delivery would count it again when the sender comes back.
//!
//! ```text
//! DATABASE_URL=postgres://postgres@127.0.0.1/postgres cargo run --features postgres --example postgres_transaction
//! ```

#![allow(clippy::print_stdout, reason = "an example that shows something")]

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use deadpool_postgres::{Manager, Pool, PoolError, Runtime};
use tokio_postgres::NoTls;
use tower_webhook::idempotency::{Fenced, PostgresError, PostgresStore};
use tower_webhook::serve::Server;
use tower_webhook::{ConfigError, Delivery, IdempotencyLayer, Secret, WebhookOptions, provider};

/// How long a delivery is remembered: longer than its sender tries.
const RETAIN_FOR: Duration = Duration::from_secs(4 * 24 * 60 * 60);

/// The application's own pool, which the store shares.
#[derive(Clone)]
struct Shop {
    pool: Pool,
    store: PostgresStore,
}

/// Why a delivery was not counted. The answer is 500, the claim is given back, the sender comes again.
#[derive(Debug)]
enum Failure {
    Database,
    /// Another run has this delivery by now.
    Overtaken,
}

impl axum::response::IntoResponse for Failure {
    fn into_response(self) -> axum::response::Response {
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    }
}

impl From<PoolError> for Failure {
    fn from(_: PoolError) -> Self {
        Self::Database
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(_: tokio_postgres::Error) -> Self {
        Self::Database
    }
}

impl From<PostgresError> for Failure {
    fn from(_: PostgresError) -> Self {
        Self::Database
    }
}

/// Your code: all of it in one transaction, which ends with the record.
async fn handle(State(shop): State<Shop>, delivery: Delivery) -> Result<StatusCode, Failure> {
    let kind = delivery.event_type().unwrap_or_default().into_owned();
    let mut client = shop.pool.get().await?;
    let transaction = client.transaction().await?;
    transaction
        .execute(
            "INSERT INTO webhook_example_counts AS old VALUES ($1, 1)
             ON CONFLICT (kind) DO UPDATE SET count = old.count + 1",
            &[&kind],
        )
        .await?;
    // A delivery without an id runs without a claim, and each time.
    if let Some(run) = delivery.idempotency()
        && shop.store.finish_in(&transaction, run, RETAIN_FOR).await? == Fenced::Lost
    {
        // Dropped without a commit, the transaction has done nothing.
        return Err(Failure::Overtaken);
    }
    transaction.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

fn app(shop: Shop, secret: Secret) -> Result<Router, ConfigError> {
    let options = WebhookOptions::new().idempotency(IdempotencyLayer::new(shop.store.clone()).require_id());
    let layer = options.layer(provider::STANDARD_WEBHOOKS, secret)?.route("standard");
    Ok(Router::new().route("/webhooks/standard", post(handle).layer(layer)).with_state(shop))
}

async fn open(url: &str) -> Result<Shop, Box<dyn Error>> {
    let manager = Manager::new(url.parse()?, NoTls);
    let wait = Some(Duration::from_millis(250));
    let pool = Pool::builder(manager).runtime(Runtime::Tokio1).wait_timeout(wait).create_timeout(wait).build()?;
    let store = PostgresStore::options().with_pool(pool.clone()).await?;
    let table = "CREATE TABLE IF NOT EXISTS webhook_example_counts (kind text PRIMARY KEY, count bigint NOT NULL)";
    pool.get().await?.batch_execute(table).await?;
    Ok(Shop { pool, store })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let port = std::env::var("PORT").map_or(Ok(3000), |port| port.parse())?;
    let url = std::env::var("DATABASE_URL").unwrap_or_else(|_| "postgres://postgres@127.0.0.1/postgres".to_owned());
    let secret = std::env::var("STANDARD_WEBHOOK_SECRET");
    let secret = Secret::new(secret.unwrap_or_else(|_| "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned()))?;
    let shop = open(&url).await?;
    for warning in shop.store.warnings() {
        println!("warning: {warning}");
    }
    let server = Server::bind(SocketAddr::from(([127, 0, 0, 1], port))).await?;
    println!("listening on http://{}/webhooks/standard", server.local_addr()?);
    server.serve(app(shop, secret)?).await?;
    Ok(())
}

#[cfg(test)]
#[path = "../tests/postgres/server.rs"]
#[allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a server for tests")]
mod server;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use tower_webhook::testing::{self, Endpoint};

    use super::*;

    #[tokio::test]
    async fn a_delivery_counts_once_however_often_it_comes() {
        let server = server::Server::start().await;
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let shop = open(&server.url()).await.unwrap();
        let endpoint = Endpoint::new(app(shop, Secret::new(secret).unwrap()).unwrap());
        let delivery = testing::delivery(provider::STANDARD_WEBHOOKS, secret)
            .to("/webhooks/standard")
            .json(r#"{"type":"user.created"}"#);
        endpoint.send(&delivery).await.assert_accepted();
        for _ in 0..3 {
            endpoint.send(&delivery).await.assert_duplicate();
        }
        let count: i64 = server
            .client()
            .await
            .query_one("SELECT count FROM webhook_example_counts WHERE kind = 'user.created'", &[])
            .await
            .unwrap()
            .get(0);
        assert_eq!(count, 1);
    }
}
