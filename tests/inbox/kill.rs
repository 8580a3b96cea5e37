//! kill -9 under load: what was acknowledged is handled, by each subscriber.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::example::{Client, Example};
use crate::site::{Site, over_both};

over_both!(fault_29_killed_at_random_moments_it_loses_nothing_and_repeats_only_what_it_was_killed_in);

/// When a delivery was acknowledged, in kills before it.
type Acknowledged = Arc<Mutex<HashMap<String, u32>>>;

pub(crate) fn finished(folder: &Path) -> HashMap<String, u32> {
    let mut runs = HashMap::new();
    for line in std::fs::read_to_string(folder.join("events.log")).unwrap_or_default().lines() {
        *runs.entry(line.to_owned()).or_default() += 1;
    }
    runs
}

async fn fault_29_killed_at_random_moments_it_loses_nothing_and_repeats_only_what_it_was_killed_in(site: Site) {
    let kills: u32 = std::env::var("INBOX_KILLS").map_or(20, |text| text.parse().unwrap());
    let acknowledged = Acknowledged::default();
    let sent = Arc::new(AtomicU32::new(0));
    for killed in 0..=kills {
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
                    acknowledged.lock().unwrap().insert(id, killed);
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
    }

    let _example = Example::start(&site, 2);
    let acknowledged = acknowledged.lock().unwrap().clone();
    assert!(acknowledged.len() > 20, "there was load: {}", acknowledged.len());
    let began = Instant::now();
    let runs = loop {
        let runs = finished(&site.folder);
        let all = acknowledged
            .keys()
            .all(|id| ["billing", "crm"].iter().all(|name| runs.contains_key(&format!("{name} {id}"))));
        if all {
            break runs;
        }
        let missing = acknowledged.keys().filter(|id| !runs.contains_key(&format!("crm {id}"))).count();
        assert!(began.elapsed() < Duration::from_secs(120), "{missing} of {} are missing", acknowledged.len());
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let repeated = runs.values().filter(|runs| **runs > 1).count();
    for (line, runs) in &runs {
        // Kills since it was acknowledged are at least those during its run.
        let id = line.split_once(' ').unwrap().1;
        let since = acknowledged.get(id).map_or(kills + 1, |killed| kills + 1 - killed);
        assert!(*runs <= 1 + since, "{line}: {runs} runs");
    }
    // Each kill interrupts at most what ran at once: 32 of each subscriber.
    assert!(repeated <= kills as usize * 64 + 64, "{repeated}");
    eprintln!("{} acknowledged, {kills} kills, {repeated} finished more than once", acknowledged.len());
}
