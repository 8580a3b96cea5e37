//! The defaults that the guide tells are those of the code, and the statuses of the README those of the reasons.

use std::collections::{BTreeMap, BTreeSet};

use http::Request;
use tower_webhook::bytes::Bytes;
use tower_webhook::clock::UnixTime;
use tower_webhook::idempotency::MemoryStore;
use tower_webhook::scheme::{Signer, Verifier};
use tower_webhook::serve::Server;
use tower_webhook::sink::{Event, Receipt, Sink, SinkLayer};
use tower_webhook::{IdempotencyLayer, RawBodyLayer, Reason, Secret, WebhookLayer, provider};

/// Rows of which a setting says nothing: tests of what happens hold them.
const HELD_ELSEWHERE: &[&str] = &[
    "compressed bodies",
    "method",
    "proxies",
    "HTTPS only, allowlist",
    "metrics",
    "– record kept",
    "– client goes",
    "– handler answers 4xx",
    "early answer at the deadline",
    "sending: addresses",
];

struct Nothing;

impl Sink for Nothing {
    type Error = std::io::Error;

    async fn append(&self, _: Event) -> Result<Receipt, Self::Error> {
        Ok(Receipt::Appended)
    }
}

/// What, and its default, of the table of defaults.
fn table() -> BTreeMap<&'static str, &'static str> {
    let page = include_str!("../../src/guide/order.md").split("# Defaults").nth(1).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| ")).skip(1);
    let cells = rows.map(|row| row.trim_matches('|').split(" | ").collect::<Vec<_>>());
    cells.map(|cells| (cells[0].trim(), cells[1].trim())).collect()
}

/// Row, what the guide says, where the code says it, what it says.
type Told = (&'static str, &'static str, String, &'static str);

async fn told() -> Vec<Told> {
    let body = format!("{:?}", RawBodyLayer::new());
    let once = format!("{:?}", IdempotencyLayer::in_memory());
    let server = format!("{:?}", Server::bind("127.0.0.1:0").await.unwrap());
    let most_in_flight = MemoryStore::DEFAULT_MAX_IN_FLIGHT.to_string();
    let in_memory = tower_webhook::body::BodyBudget::GLOBAL_LIMIT.to_string();
    let mut told = vec![
        ("largest body", "1 MiB", body.clone(), "bytes: 1048576"),
        ("largest body", "GitHub: 25 MiB", provider::GITHUB.max_body().to_string(), "26214400"),
        ("whole body within", "10 s", body.clone(), "total: 10s"),
        ("between two frames", "5 s", body, "idle: 5s"),
        ("unauthenticated bytes, whole process", "256 MiB", in_memory, "268435456"),
        ("tolerance of the signed time", "300 s", format!("{:?}", provider::STRIPE.max_age()), "300s"),
        ("answer to what is not verified", "401", provider::GITHUB.unverified_status().to_string(), "401"),
        ("idempotency", "65,536 deliveries in flight", most_in_flight, "65536"),
        ("– lease", "30 s", once.clone(), "lease: 30s"),
        ("– longest run", "5 min", once.clone(), "max_execution: 300s"),
        ("– a copy waits", "2 s", once.clone(), "max_wait: 2s"),
        ("– a copy waits", "64 a delivery, 4096 in all", once.clone(), "{ per_key: 64, total: 4096 }"),
        ("– stored answer", "16 KiB", once.clone(), "max_stored_body: 16384"),
        ("– store fails", "250 ms", once.clone(), "store_budget: 250ms"),
        ("– store fails", "refuse", once, "FailClosed"),
        ("a sink may take", "2 s", format!("{:?}", SinkLayer::new(Nothing)), "timeout: 2s"),
        ("server: head within, idle, write", "10 s, 75 s, 30 s", server.clone(), "head_timeout: 10s"),
        (
            "server: head within, idle, write",
            "10 s, 75 s, 30 s",
            server.clone(),
            "idle_timeout: 75s, write_timeout: 30s",
        ),
        ("– connections, header fields, head", "8192, 100, 64 KiB", server.clone(), "connections: 8192, fields: 100"),
        ("– connections, header fields, head", "8192, 100, 64 KiB", server.clone(), "head_bytes: 65536"),
        ("– HTTP/2: streams, pings", "100, every 20 s", server.clone(), "streams: 100"),
        ("– HTTP/2: streams, pings", "100, every 20 s", server.clone(), "ping_every: 20s"),
        ("– drain at the end", "30 s", server, "drain_timeout: 30s"),
    ];
    #[cfg(feature = "journal")]
    {
        let journal = format!("{:?}", tower_webhook::journal::Journal::at("nowhere"));
        let says = "256 MiB a file, 4 old ones, 64 MiB waiting";
        told.push(("journal", says, journal.clone(), "largest: 268435456, files: 4"));
        told.push(("journal", says, journal, "queue: 67108864"));
    }
    #[cfg(feature = "redis")]
    {
        let options = format!("{:?}", tower_webhook::idempotency::RedisStore::options());
        told.push(("Redis: key prefix, eviction", "`whk:1:`, refused", options.clone(), "\"whk:1:\""));
        told.push(("Redis: key prefix, eviction", "`whk:1:`, refused", options, "may_evict: false"));
    }
    #[cfg(feature = "send")]
    {
        let policy = format!("{:?}", tower_webhook::send::RetryPolicy::default());
        let sending = tower_webhook::send::SendLayer::new(provider::SVIX, Secret::generate().unwrap()).unwrap();
        told.push(("sending: one attempt", "15 s", format!("{sending:?}"), "attempt_timeout: 15s"));
        told.push(("sending: retries", "five, 1 s doubling to 16 s", policy.clone(), "[1s, 2s, 4s, 8s, 16s]"));
        told.push(("sending: retries", "`Retry-After` up to 10 min", policy, "longest_retry_after: 600s"));
    }
    #[cfg(feature = "sqlite")]
    {
        use std::time::Duration;
        use tower_webhook::inbox::{Inbox, RetrySchedule, Subscriber};

        let handler = tower::service_fn(async |_| Ok::<_, std::convert::Infallible>(http::Response::new(())));
        let subscriber = format!("{:?}", Subscriber::new("any", handler));
        let inbox = format!("{:?}", Inbox::sqlite("nowhere"));
        let schedule = RetrySchedule::default();
        let waits = (1..).map_while(|retry| schedule.nominal(retry)).sum::<Duration>();
        let attempts = format!("{} in {:.1} h", schedule.retries() + 1, waits.as_secs_f64() / 3600.0);
        told.push(("inbox: waiting to be stored", "4096", inbox.clone(), "queue: 4096"));
        told.push(("– attempts", "eleven in 18.7 h", attempts, "11 in 18.7 h"));
        told.push(("– one run, at once", "60 s, 16", subscriber.clone(), "timeout: 60s, concurrency: 16"));
        told.push(("– breaker", "20 failures, 30 s", subscriber, "threshold: 20, pause: 30s"));
        let days = "done: 604800s, dead: 2592000s, max_bytes: 8589934592";
        told.push(("– kept", "done 7 days, dead 30 days, 8 GiB", inbox, days));
    }
    told
}

#[tokio::test]
async fn each_default_of_the_guide_is_the_one_of_the_code() {
    let table = table();
    let told = told().await;
    for (row, says, code, fragment) in &told {
        let default = table.get(row).unwrap_or_else(|| panic!("no row `{row}`"));
        assert!(default.contains(says), "`{row}` says {default}, not {says}");
        assert!(code.contains(fragment), "`{row}`: the guide says {says}, the code {code}");
    }
    let by_hand = ["candidate signatures", "shortest secret"];
    let known: BTreeSet<_> =
        told.iter().map(|told| told.0).chain(HELD_ELSEWHERE.iter().copied()).chain(by_hand).collect();
    if cfg!(all(feature = "journal", feature = "redis", feature = "send", feature = "sqlite")) {
        let rows: BTreeSet<_> = table.keys().copied().collect();
        assert_eq!(rows, known, "a row is compared with nothing");
    }
}

#[test]
fn a_secret_has_as_many_bytes_as_the_guide_says() {
    assert_eq!(table()["shortest secret"], "16 bytes");
    assert!(Secret::new([b'x'; 15]).is_err());
    assert!(Secret::new(*b"0123456789abcdef").is_ok());
}

#[test]
fn as_many_signatures_are_tried_as_the_guide_says() {
    let candidates: usize = table()["candidate signatures"].parse().unwrap();
    let secret = Secret::new("a secret of at least sixteen bytes").unwrap();
    let (now, body) = (UnixTime::from_secs(1_700_000_000), Bytes::from_static(b"{}"));
    let signed = {
        let (mut head, ()) = Request::post("/").body(()).unwrap().into_parts();
        Signer::new(provider::STRIPE, secret.clone()).unwrap().sign(&mut head, &body, now).unwrap();
        head
    };
    let value = signed.headers["stripe-signature"].to_str().unwrap();
    let (time, signature) = value.split_once(',').unwrap();
    let verifier = Verifier::new(provider::STRIPE, secret).unwrap();
    let verdict = |before: usize| {
        let mut head = signed.clone();
        let others = format!(",v1={}", "0".repeat(64)).repeat(before);
        head.headers.insert("stripe-signature", format!("{time}{others},{signature}").parse().unwrap());
        verifier.verify(&head, &body, Some(now)).is_ok()
    };
    assert!(verdict(candidates - 1), "the last one counts");
    assert!(!verdict(candidates), "the next one does not");
}

#[test]
fn the_finished_stack_keeps_to_the_same_defaults() {
    let layer = WebhookLayer::new(provider::STRIPE, Secret::new("a secret of at least sixteen bytes").unwrap());
    let layer = format!("{:?}", layer.unwrap());
    for fragment in ["bytes: 1048576", "total: 10s", "idle: 5s", "lease: 30s", "max_wait: 2s"] {
        assert!(layer.contains(fragment), "{fragment}: {layer}");
    }
}

/// The numbers of a cell.
fn numbers(cell: &str) -> Vec<u16> {
    cell.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect()
}

#[test]
fn the_readme_tells_the_statuses_of_refusals() {
    let readme = include_str!("../../README.md").split("## What the sender is told").nth(1).unwrap();
    let rows = readme.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    let mut told = BTreeSet::new();
    for row in rows.skip(3) {
        let cells: Vec<_> = row.trim_matches('|').split(" | ").collect();
        for status in numbers(cells[0]) {
            told.insert(status);
            let comes_again =
                cells[2].contains("yes") && (!cells[2].contains(':') || numbers(cells[2]).contains(&status));
            for reason in Reason::ALL.iter().filter(|reason| reason.status() == status && status >= 500) {
                assert!(comes_again, "{reason}");
                assert!(reason.retry_after().is_some() || status == 500, "{reason} asks nobody to come again");
            }
        }
    }
    // Given by layers and profiles that have to be asked for, not by the stack as it comes.
    let asked_for = BTreeSet::from([409, 422, 429]);
    let all: BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.status().as_u16()).collect();
    assert_eq!(told, &all - &asked_for);
}

#[test]
fn the_table_of_reasons_has_each_with_its_status() {
    let page = include_str!("../../src/rejection/mod.rs");
    let mut told = BTreeMap::new();
    for row in page.lines().filter_map(|line| line.strip_prefix("//! | ")) {
        let cells: Vec<_> = row.split(" | ").collect();
        for reason in Reason::ALL.iter().filter(|reason| cells[0].contains(&format!("`{reason}`"))) {
            assert_eq!(reason.status(), numbers(cells[1])[0], "{reason}");
            told.insert(reason.code(), cells[2]);
        }
    }
    assert_eq!(told.len(), Reason::ALL.len(), "{told:?}");
}
