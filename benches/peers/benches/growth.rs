//! What happens to the cost as the work grows: routes, secrets, networks, ids that are remembered.
//!
//! ```text
//! cargo bench --bench growth                  # in benches/peers; all tables
//! cargo bench --bench growth -- secrets       # those with this word in their title
//! IDS=10000000 cargo bench --bench growth -- ids
//! ```
//!
//! More and more connections need sockets: see `end_to_end`.

#[allow(dead_code, reason = "other benches use the rest of it")]
#[path = "../../stack/in_place.rs"]
mod in_place;
#[allow(dead_code, reason = "other benches use the rest of it")]
#[path = "../../stack/requests.rs"]
mod requests;

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::post;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Uri};
use ipnet::IpNet;
use sha2::{Digest, Sha256};
use tower_webhook::allowlist::AllowlistSource;
use tower_webhook::client_ip::TrustedProxies;
use tower_webhook::clock::{Clock, SystemClock};
use tower_webhook::idempotency::{Claim, Claimed, Fenced, Key, MemoryStore, Store};
use tower_webhook::scheme::Verifier;
use tower_webhook::{Secret, Secrets, WebhookOptions, provider};
use tower_webhook_peers::allocations::Counting;
use tower_webhook_peers::rows::{Row, asked_for, table, timed};

use in_place::{drive, now};
use requests::{SECRET, accepted, captured};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const CALLS: usize = 50;
const ROUNDS: usize = 201;
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The last of so many routes of axum, each with a layer of its own or bare.
fn routes() {
    let title = "Over axum: one of so many routes, each with a layer of its own";
    if !asked_for(title) {
        return;
    }
    let mut rows = Vec::new();
    for count in [1, 10, 50, 250] {
        for layered in [false, true] {
            let shared = WebhookOptions::without_idempotency();
            let mut router = Router::new();
            for number in 0..count {
                let handler = post(async |body: Bytes| drop(std::hint::black_box(body)));
                let name = format!("route-{number}");
                let secret = Secret::new(SECRET).unwrap();
                router = router.route(
                    &format!("/hooks/{name}"),
                    if layered {
                        handler.layer(shared.layer_for(&name, provider::GITHUB, secret).unwrap())
                    } else {
                        handler
                    },
                );
            }
            let mut router = router.with_state(());
            let path: Uri = format!("/hooks/route-{}", count - 1).parse().unwrap();
            let name = format!("{count}, {}", if layered { "ours" } else { "bare" });
            rows.push(Row::new(name, move || {
                let requests: Vec<Request<Bytes>> = (0..CALLS)
                    .map(|_| {
                        let mut request = accepted();
                        *request.uri_mut() = path.clone();
                        request
                    })
                    .collect();
                timed(requests.iter().collect(), |request: &Request<Bytes>| {
                    assert_eq!(drive(&mut router, request.clone().map(Body::from)).status(), 200);
                })
            }));
        }
    }
    table(title, ROUNDS, &mut rows);
}

/// So many secrets count, and the last of them has signed; at each call, or in turns with the first.
fn secrets() {
    let title = "Verifying 1 KiB with so many secrets";
    if !asked_for(title) {
        return;
    }
    let parts = |request: Request<Bytes>| request.into_parts();
    let mut rows = Vec::new();
    for count in [1, 2, 4, 8, 16] {
        let name = |number: usize| {
            if number == 0 { SECRET.to_owned() } else { format!("the secret before it, number {number}") }
        };
        let mut ring = Secrets::named("0", Secret::new(name(0)).unwrap());
        for number in 1..count {
            ring = ring.and(&number.to_string(), Secret::new(name(number)).unwrap());
        }
        let last = Secret::new(name(count - 1)).unwrap();
        let (first, last) = (captured(), captured().signed_with(last));
        let (forged, last, first) =
            (parts(last.tampered().to_request()), parts(last.to_request()), parts(first.to_request()));
        let rows_of = |what: &str, deliveries: Vec<(Parts, Bytes)>, accepted: bool| {
            let verifier = Verifier::new(provider::GITHUB, ring.clone()).unwrap();
            let mut turn = 0;
            Row::calling(format!("{count}, {what}"), CALLS, move || {
                turn += 1;
                let (head, body) = &deliveries[turn % deliveries.len()];
                let verdict = verifier.verify(head, body, SystemClock::default().now());
                assert_eq!(verdict.is_ok(), accepted);
                verdict.is_ok()
            })
        };
        rows.push(rows_of("the last one signs", vec![last.clone()], true));
        rows.push(rows_of("first and last in turns", vec![first, last], true));
        rows.push(rows_of("forged: all are tried", vec![forged], false));
    }
    table(title, ROUNDS, &mut rows);
}

/// Every other network of 128 addresses, so that none of them touch.
fn cidrs(count: u32) -> impl Iterator<Item = String> {
    (0..count).map(|number| format!("10.{}.{}.0/25", number >> 8, number & 255))
}

/// An address within one of them, in an order that no processor can foresee (xorshift).
fn within(count: u32) -> impl FnMut() -> Ipv4Addr {
    let mut state = 0x9e37_79b9_u32;
    move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        let [.., high, low] = (state % count).to_be_bytes();
        Ipv4Addr::new(10, high, low, 1)
    }
}

fn networks() {
    let title = "Whether an address is in one of so many networks";
    if !asked_for(title) {
        return;
    }
    let rows = [10, 100, 1_000, 10_000].map(|count| {
        let source = AllowlistSource::new(cidrs(count)).unwrap();
        let mut next = within(count);
        Row::calling(count.to_string(), 1_000, move || assert!(source.contains(next().into())))
    });
    table(title, ROUNDS, &mut Vec::from(rows));
}

/// The client behind one proxy, and whether it is in one of 100 networks.
fn client() {
    let title = "Who the client is behind a proxy, and whether it is in one of 100 networks";
    if !asked_for(title) {
        return;
    }
    let mut next = within(100);
    let heads: Vec<HeaderMap> = (0..100)
        .map(|_| HeaderMap::from_iter([(FORWARDED_FOR, HeaderValue::try_from(next().to_string()).unwrap())]))
        .collect();
    let proxies = TrustedProxies::from_cidrs(["192.0.2.0/24"]).unwrap();
    let peer: IpAddr = "192.0.2.1".parse().unwrap();
    let allowed = AllowlistSource::new(cidrs(100)).unwrap();
    let networks: Vec<IpNet> = cidrs(100).map(|network| network.parse().unwrap()).collect();
    let (mut turns, mut turns_by_hand) = (heads.iter().cycle(), heads.iter().cycle());
    let mut rows = [
        Row::calling("by hand: the last entry, the networks one by one", 1_000, || {
            let head = turns_by_hand.next().unwrap();
            let entries = head.get(&FORWARDED_FOR).and_then(|value| value.to_str().ok()).unwrap();
            let client: IpAddr = entries.rsplit(',').next().unwrap().trim().parse().unwrap();
            assert!(networks.iter().any(|network| network.contains(&client)));
        }),
        Row::calling("**ours**", 1_000, || {
            let client = proxies.client_ip(Some(peer), turns.next().unwrap()).unwrap();
            assert!(allowed.contains(client));
        }),
    ];
    table(title, ROUNDS, &mut rows);
}

const LEASE: Duration = Duration::from_secs(30);
const DAY: Duration = Duration::from_secs(86_400);

fn claimed(number: u64) -> Claimed {
    Claimed::new(Key::from_bytes(Sha256::digest(number.to_be_bytes()).into()))
}

fn resident() -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0 kB");
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or(0.0) * 1024.0
}

/// A store in memory that remembers so many.
fn ids() {
    let title = "The store in memory with so many ids";
    if !asked_for(title) {
        return;
    }
    let bench = std::env::args().any(|argument| argument == "--bench");
    let most = std::env::var("IDS").map_or(if bench { 1_000_000 } else { 10_000 }, |text| text.parse().unwrap());
    let mut rows = Vec::new();
    let mut memory = Vec::new();
    let mut count = 1_000_u64;
    while count <= most {
        let store = MemoryStore::new().max_bytes(16 << 30);
        let before = resident();
        for number in 0..count {
            complete(&store, &claimed(number));
        }
        memory.push((count, (resident() - before) / count as f64));
        let mut next = count;
        let (fresh, known) = (store.clone(), store);
        rows.push(Row::new(format!("{count}: claim and complete a new one"), move || {
            let claims = (next..next + CALLS as u64).map(claimed).collect();
            next += CALLS as u64;
            timed(claims, |claimed| complete(&fresh, &claimed))
        }));
        let mut turn = 0;
        rows.push(Row::new(format!("{count}: find a known one"), move || {
            let claims = (0..CALLS as u64).map(|step| claimed((turn + step * 7_919) % count)).collect();
            turn += 104_729;
            timed(claims, |claimed: Claimed| {
                assert!(matches!(now(known.claim(&claimed, LEASE)), Ok(Claim::Done { .. })));
            })
        }));
        count *= 10;
    }
    table(title, ROUNDS, &mut rows);
    println!();
    for (count, each) in memory {
        println!("{count} ids: {each:.0} bytes each.");
    }
}

fn complete(store: &MemoryStore, claimed: &Claimed) {
    assert!(matches!(now(store.claim(claimed, LEASE)), Ok(Claim::Owned { .. })));
    assert_eq!(now(store.complete(claimed, Bytes::from_static(&[0; 32]), DAY)), Ok(Fenced::Ok));
}

fn main() {
    routes();
    secrets();
    networks();
    client();
    ids();
}
