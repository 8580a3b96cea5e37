//! kill -9 under load: what was acknowledged is handled, by each subscriber.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::example::{Client, Example};
use crate::site::{Running, Site, over_both};

over_both!(fault_29_killed_at_random_moments_it_loses_nothing_and_repeats_only_what_it_was_killed_in);

/// How long nothing may be handled while something waits: twice the lease of a run that was killed.
const STANDSTILL: Duration = Duration::from_secs(30);

pub(crate) fn finished(folder: &Path) -> HashMap<String, u32> {
    let mut runs = HashMap::new();
    for line in std::fs::read_to_string(folder.join("events.log")).unwrap_or_default().lines() {
        *runs.entry(line.to_owned()).or_default() += 1;
    }
    runs
}

async fn fault_29_killed_at_random_moments_it_loses_nothing_and_repeats_only_what_it_was_killed_in(site: Site) {
    let kills: u32 = std::env::var("INBOX_KILLS").map_or(20, |text| text.parse().unwrap());
    let acknowledged = Arc::new(Mutex::new(HashSet::new()));
    let sent = Arc::new(AtomicU32::new(0));
    // Attempts that had begun, and whose end was not written down, at a kill.
    let mut killed: HashSet<Running> = HashSet::new();
    for _ in 0..kills {
        let mut example = Example::start(&site, 2);
        let mut clients = Vec::new();
        for _ in 0..4 {
            let (acknowledged, sent, address) = (Arc::clone(&acknowledged), Arc::clone(&sent), example.address);
            clients.push(tokio::spawn(async move {
                let Some(mut client) = Client::connect(address).await else { return };
                loop {
                    let id = format!("msg_{}", sent.fetch_add(1, Ordering::Relaxed));
                    let Some((status, _)) = client.send(&id, r#"{"type":"load"}"#).await else { return };
                    assert_eq!(status, 202, "{id}");
                    acknowledged.lock().unwrap().insert(id);
                    // As fast as the subscribers are, so that what runs is killed, and not only what waits.
                    tokio::time::sleep(Duration::from_millis(8)).await;
                }
            }));
        }
        let moment = u64::from(getrandom::u32().unwrap() % 250);
        tokio::time::sleep(Duration::from_millis(moment)).await;
        example.kill();
        for client in clients {
            client.await.unwrap();
        }
        killed.extend(site.running().await);
    }

    let _example = Example::start(&site, 2);
    let acknowledged = std::mem::take(&mut *acknowledged.lock().unwrap());
    assert!(acknowledged.len() > 20, "there was load: {}", acknowledged.len());
    let (mut seen, mut since) = (0, Instant::now());
    let runs = loop {
        let runs = finished(&site.folder);
        let waits = |id: &&String| ["billing", "crm"].iter().any(|name| !runs.contains_key(&format!("{name} {id}")));
        let missing = acknowledged.iter().filter(waits).count();
        if missing == 0 {
            break runs;
        }
        if runs.len() > seen {
            (seen, since) = (runs.len(), Instant::now());
        }
        assert!(since.elapsed() < STANDSTILL, "{missing} of {} are missing", acknowledged.len());
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let mut interrupted: HashMap<String, u32> = HashMap::new();
    for (subscriber, id, _) in &killed {
        *interrupted.entry(format!("{subscriber} {id}")).or_default() += 1;
    }
    for (line, runs) in &runs {
        let during = interrupted.get(line).copied().unwrap_or_default();
        assert!(*runs <= 1 + during, "{line}: {runs} finished runs, {during} kills during one");
    }
    let repeated = runs.values().filter(|runs| **runs > 1).count();
    let (acknowledged, killed) = (acknowledged.len(), killed.len());
    eprintln!("{acknowledged} acknowledged, {kills} kills in {killed} runs, {repeated} finished more than once");
}
