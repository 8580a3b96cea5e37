//! The rows of a database.

use std::str::FromStr;
use std::time::Duration;

use deadpool_postgres::{Manager, Pool};
use tokio::runtime::Runtime;
use tokio_postgres::{Config, NoTls};
use tower_webhook::inbox::Inbox;

use crate::server::Server;
use crate::{IN_FLIGHT, Work, acknowledging, drive};

/// As many as an inbox has.
const CONNECTIONS: usize = 16;
const INSERT: &str = "
    WITH event AS (
        INSERT INTO webhook_inbox_events (key, route, provider, delivery_id, meta, headers, body, size, received_at, key_until)
        VALUES ($1, 'standard', 'standard', $2, '{}', '', $3, 1024, 1, 1) ON CONFLICT (key) DO NOTHING RETURNING seq
    )
    INSERT INTO webhook_inbox_deliveries (subscriber, seq, state, attempt, due_at)
    SELECT name, seq, 0, 0, 1 FROM event, (VALUES ('billing'), ('crm')) AS subscribers (name)";

pub(crate) fn rows(runtime: &Runtime, time: Duration) {
    let server = runtime.block_on(Server::start());
    for in_flight in IN_FLIGHT {
        let (plain_url, inbox_url) = runtime.block_on(databases(&server, in_flight));
        let plain = plain(runtime, &plain_url, in_flight, time);
        let inbox = acknowledging(runtime, "pg inbox", Inbox::postgres(&inbox_url), Work::Waits, in_flight, time);
        println!("{:<12}{in_flight:>10}{:>13.0}%", "  of plain", inbox / plain * 100.0);
    }
}

/// One for each, so that both begin empty.
async fn databases(server: &Server, in_flight: usize) -> (String, String) {
    let client = server.client().await;
    let mut urls = ["plain", "inbox"].map(|name| format!("{name}_{in_flight}"));
    for name in &mut urls {
        client.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
        *name = server.url_of(name);
    }
    let [plain, inbox] = urls;
    (plain, inbox)
}

fn plain(runtime: &Runtime, url: &str, in_flight: usize, time: Duration) -> f64 {
    // The tables are those of an inbox.
    let none = tower::service_fn(async |_| Ok::<_, std::convert::Infallible>(http::Response::new(())));
    let tables = Inbox::postgres(url).subscriber(tower_webhook::inbox::Subscriber::new("none", none));
    let tables = runtime.block_on(tables.open()).unwrap();
    runtime.block_on(tables.drain(Duration::ZERO)).unwrap();
    let manager = Manager::new(Config::from_str(url).unwrap(), NoTls);
    let pool = Pool::builder(manager).max_size(CONNECTIONS).build().unwrap();
    drive(runtime, "pg plain", in_flight, time, move |n| {
        let pool = pool.clone();
        async move {
            let key = [n.to_be_bytes(), n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes()].concat();
            let client = pool.get().await.unwrap();
            let insert = client.prepare_cached(INSERT).await.unwrap();
            let done = client.execute(&insert, &[&key, &format!("msg_{n}"), &[7_u8; 1024].as_slice()]).await;
            assert_eq!(done.unwrap(), 2);
        }
    })
}
