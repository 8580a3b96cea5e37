//! The rows of a database.

use std::str::FromStr;
use std::time::Duration;

use deadpool_postgres::{Manager, Pool};
use tokio::runtime::Runtime;
use tokio_postgres::{Config, NoTls};
use tower_webhook::inbox::Inbox;

use crate::server::Server;
use crate::{IN_FLIGHT, Measured, Row, Work, acknowledging, drive};

/// As many as an inbox has.
const CONNECTIONS: usize = 16;
const INSERT: &str = "
    WITH event AS (
        INSERT INTO webhook_inbox_events (key, route, provider, delivery_id, meta, headers, body, size, received_at, key_until)
        VALUES ($1, 'standard', 'standard', $2, '{}', '', $3, 1024, 1, 1) ON CONFLICT (key) DO NOTHING RETURNING seq
    )
    INSERT INTO webhook_inbox_deliveries (subscriber, seq, state, attempt, due_at)
    SELECT name, seq, 0, 0, 1 FROM event, (VALUES ('billing'), ('crm')) AS subscribers (name)";

pub(crate) fn rows(runtime: &Runtime, time: Duration, turns: usize) {
    let server = runtime.block_on(Server::start());
    for in_flight in IN_FLIGHT {
        let (mut by_hand, mut stored) = (Row::new("pg plain", in_flight), Row::new("pg inbox", in_flight));
        for turn in 0..turns {
            let (plain_url, inbox_url) = runtime.block_on(databases(&server, &format!("{in_flight}_{turn}")));
            by_hand.measured(plain(runtime, &plain_url, in_flight, time));
            stored.measured(acknowledging(runtime, Inbox::postgres(&inbox_url), Work::Waits, in_flight, time));
        }
        by_hand.print(None);
        stored.print(Some(&by_hand));
    }
}

/// One for each, so that both begin empty.
async fn databases(server: &Server, turn: &str) -> (String, String) {
    let client = server.client().await;
    let mut urls = ["plain", "inbox"].map(|name| format!("{name}_{turn}"));
    for name in &mut urls {
        client.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
        *name = server.url_of(name);
    }
    let [plain, inbox] = urls;
    (plain, inbox)
}

fn plain(runtime: &Runtime, url: &str, in_flight: usize, time: Duration) -> Measured {
    // The tables are those of an inbox.
    let none = tower::service_fn(async |_| Ok::<_, std::convert::Infallible>(http::Response::new(())));
    let tables = Inbox::postgres(url).subscriber(tower_webhook::inbox::Subscriber::new("none", none));
    let tables = runtime.block_on(tables.open()).unwrap();
    runtime.block_on(tables.drain(Duration::ZERO)).unwrap();
    let manager = Manager::new(Config::from_str(url).unwrap(), NoTls);
    let pool = Pool::builder(manager).max_size(CONNECTIONS).build().unwrap();
    drive(runtime, in_flight, time, move |n| {
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
