//! Requests over sockets: a server on one core, the load on another, ours beside the bare servers and what is written by
//! hand.
//!
//! ```text
//! cargo bench --bench end_to_end                  # in benches/peers; all tables, about three minutes
//! cargo bench --bench end_to_end -- '1 KiB'       # those with this word in their title
//! ```
//!
//! Every server is a process of its own, which stays for all turns. In each turn every one gets the same load one after
//! another: so many connections, each with one request under way. All requests are signed before the clock runs, each has
//! a body and an id of its own. Needs Linux, for `/proc`.

#[path = "../../stack/by_hand.rs"]
mod by_hand;
#[path = "end_to_end/load.rs"]
mod load;
#[allow(dead_code, reason = "other benches use the rest of it")]
#[path = "../../stack/requests.rs"]
mod requests;
#[path = "end_to_end/server.rs"]
mod server;

use std::time::Duration;

use bytes::Bytes;
use load::{Deliveries, Load};
use server::{Kind, Server};
use tower_webhook_peers::rows::asked_for;

/// All of one table, with what is compared with what.
const SERVERS: [Kind; 7] = [
    Kind::Axum,
    Kind::AxumByHand,
    Kind::AxumWithoutIdempotency,
    Kind::AxumWhole,
    Kind::AxumCounted,
    Kind::Hyper,
    Kind::HyperWhole,
];
const CONNECTIONS: usize = 32;

/// What one turn gave.
#[derive(Clone, Copy)]
struct Turn {
    cpu: f64,
    rate: f64,
    half: Duration,
    slowest: Duration,
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn turn(server: &Server, load: &mut Load, deliveries: &[Bytes]) -> Turn {
    let before = server.cpu();
    let taken = load.send(deliveries, Duration::from_secs(60));
    let cpu = (server.cpu() - before).as_secs_f64() * 1e6 / deliveries.len() as f64;
    let rate = deliveries.len() as f64 / taken.total.as_secs_f64();
    Turn { cpu, rate, half: taken.at(0.5), slowest: taken.at(0.99) }
}

fn sizes(turns: usize, name: &str, size: usize, per_turn: usize) {
    let title = format!("One core, {CONNECTIONS} connections, {name}");
    if !asked_for(&title) {
        return;
    }
    let mut deliveries = Deliveries::new(size);
    let servers: Vec<Server> = SERVERS.iter().map(|kind| Server::start(*kind)).collect();
    let mut loads: Vec<Load> =
        servers.iter().map(|server| Load::connect(server.address, CONNECTIONS).unwrap()).collect();
    for (server, load) in servers.iter().zip(&mut loads) {
        if server.kind.verifies() {
            assert_eq!(load.status(&deliveries.forged()), 401, "{:?} refuses what is forged", server.kind);
        }
        load.send(&deliveries.next(per_turn / 10), Duration::from_secs(60));
    }
    let mut all: Vec<Vec<Turn>> = vec![Vec::new(); servers.len()];
    for number in 0..turns {
        let deliveries = deliveries.next(per_turn);
        for step in 0..servers.len() {
            // Each turn begins with another one.
            let at = (number + step) % servers.len();
            all[at].push(turn(&servers[at], &mut loads[at], &deliveries));
        }
    }
    println!("\n### {title}\n");
    println!("{turns} turns of {per_turn} requests; medians.\n");
    println!("| server | CPU a request | of bare | requests/s | of bare | p50 | p99 | of bare | peak memory |");
    println!("|---|---|---|---|---|---|---|---|---|");
    for (server, own) in servers.iter().zip(&all) {
        let bare = &all[SERVERS.iter().position(|kind| *kind == server.kind.bare()).unwrap()];
        // Within each turn, so that what the machine does else is in both.
        let of_bare =
            |value: fn(&Turn) -> f64| median(own.iter().zip(bare).map(|(own, bare)| value(own) / value(bare)));
        println!(
            "| {} | {:.1} µs | {:.2} × | {:.0} | {:.2} × | {:.0} µs | {:.0} µs | {:.2} × | {:.1} MiB |",
            server.kind.name(),
            median(own.iter().map(|turn| turn.cpu)),
            of_bare(|turn| turn.cpu),
            median(own.iter().map(|turn| turn.rate)),
            of_bare(|turn| turn.rate),
            median(own.iter().map(|turn| turn.half.as_secs_f64() * 1e6)),
            median(own.iter().map(|turn| turn.slowest.as_secs_f64() * 1e6)),
            of_bare(|turn| turn.slowest.as_secs_f64()),
            server.peak_memory(),
        );
    }
}

/// More and more connections, each with one request under way.
fn connections(turns: usize, per_turn: usize) {
    let title = "One core, 1 KiB, 1 to 10,000 connections";
    if !asked_for(title) {
        return;
    }
    println!("\n### {title}\n");
    println!("| connections | bare: CPU a request | ours without idempotency | of bare | bare: memory | ours |");
    println!("|---|---|---|---|---|---|");
    for count in [1, 10, 100, 1_000, 10_000] {
        let mut deliveries = Deliveries::new(1024);
        let deliveries: Vec<_> = (0..turns).map(|_| deliveries.next(per_turn.max(2 * count))).collect();
        // One after the other: a process may not have sockets without end.
        let measured = [Kind::Axum, Kind::AxumWithoutIdempotency].map(|kind| {
            let server = Server::start(kind);
            let idle = server.memory();
            let mut load = Load::connect(server.address, count)?;
            let cpu = median(deliveries.iter().map(|deliveries| turn(&server, &mut load, deliveries).cpu));
            Ok::<_, std::io::Error>((cpu, (server.peak_memory() - idle) * 1024.0 / count as f64))
        });
        match measured {
            [Ok((bare, of_bare)), Ok((ours, of_ours))] => println!(
                "| {count} | {bare:.1} µs | {ours:.1} µs | {:.2} × | {of_bare:.0} KiB each | {of_ours:.0} KiB each |",
                ours / bare
            ),
            [Err(error), _] | [_, Err(error)] => println!("\n{count} connections: {error} (`ulimit -n`)"),
        }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--serve") {
        return server::run(&arguments[at + 1]);
    }
    let bench = arguments.iter().any(|argument| argument == "--bench");
    server::pin(server::LOAD_CORE);
    let (turns, factor) = if bench { (9, 1) } else { (1, 100) };
    sizes(turns, "1 KiB", 1 << 10, 11_000 / factor);
    sizes(turns, "64 KiB", 1 << 16, 1_500 / factor);
    connections(turns, 4_000 / factor);
}
