//! Answers of the store that are lost, or late.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tower_webhook::idempotency::RedisStore;
use tower_webhook::{IdempotencyLayer, Reason};

use super::proxy::Proxy;
use super::server::Server;
use super::{Receiver, Runs, counting, delivery, receiver, retry_until_run, status};

/// A server, and the network before it.
pub(crate) async fn behind_a_network() -> (Server, Arc<Proxy>, RedisStore) {
    let server = Server::start(&[]).await;
    let port = server.url().trim_end_matches('/').rsplit(':').next().unwrap().parse().unwrap();
    let proxy = Arc::new(Proxy::to(port));
    let store = RedisStore::connect(&proxy.url()).await.unwrap();
    (server, proxy, store)
}

/// How often scripts were run on the server.
async fn scripts(server: &Server) -> u64 {
    let stats: String = server.ask(&["INFO", "commandstats"]).await;
    let line = stats.lines().find(|line| line.starts_with("cmdstat_evalsha:"));
    line.map_or(0, |line| line.split(['=', ',']).nth(1).unwrap().parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_15_a_claim_whose_answer_is_lost_is_repeated_under_its_token_and_owned() {
    let (_server, proxy, store) = behind_a_network().await;
    // Reconnecting takes a moment: the budget is not what is tested here.
    let layer = IdempotencyLayer::new(store).store_budget(Duration::from_secs(5));
    let runs = Runs::default();
    let receiver = counting(layer, &runs);
    proxy.lose_next_answer();
    receiver.send(&delivery("e1")).await.assert_accepted();
    assert_eq!((proxy.lost_answers(), runs.count()), (1, 1));
    receiver.send(&delivery("e1")).await.assert_duplicate();
    assert_eq!(runs.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_16_a_completion_whose_answer_is_lost_is_repeated_and_there_is_one_record() {
    let (server, proxy, store) = behind_a_network().await;
    let layer = IdempotencyLayer::new(store).store_budget(Duration::from_secs(5));
    let (runs, network) = (Runs::default(), Arc::clone(&proxy));
    let receiver: Receiver = receiver(layer, {
        let runs = runs.clone();
        move |_| {
            // The next answer is that to `complete`.
            if runs.add() == 2 {
                network.lose_next_answer();
            }
            async { status(200) }
        }
    });
    // The script is known to the server from its first use on.
    receiver.send(&delivery("e0")).await.assert_accepted();
    let before = scripts(&server).await;
    receiver.send(&delivery("e1")).await.assert_accepted();
    assert_eq!((proxy.lost_answers(), scripts(&server).await - before), (1, 2), "it was written, and once more");
    receiver.send(&delivery("e1")).await.assert_duplicate();
    let keys: Vec<String> = server.ask(&["KEYS", "*"]).await;
    assert_eq!((runs.count(), keys.len()), (2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_19_a_store_that_takes_two_seconds_has_failed_after_a_quarter_and_nothing_piles_up() {
    let (_server, proxy, store) = behind_a_network().await;
    let runs = Runs::default();
    let receiver = counting(IdempotencyLayer::new(store), &runs);
    receiver.send(&delivery("e0")).await.assert_accepted();
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    proxy.delay_answers(Duration::from_secs(2));
    let mut deliveries = tokio::task::JoinSet::new();
    for number in 0..100 {
        let receiver = receiver.clone();
        deliveries.spawn(async move {
            let begun = Instant::now();
            let answer = receiver.send(&delivery(&format!("e{}", 1 + number))).await;
            (answer, begun.elapsed())
        });
    }
    for (answer, took) in deliveries.join_all().await {
        assert_eq!(answer.status(), 503);
        answer.assert_rejected(Reason::IdempotencyUnavailable);
        assert!(took >= Duration::from_millis(100) && took < Duration::from_secs(1), "{took:?}");
    }
    assert_eq!(runs.count(), 1);
    let begun = Instant::now();
    while tasks() > before + 1 {
        assert!(begun.elapsed() < Duration::from_millis(1500), "{} tasks, {before} before", tasks());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    proxy.mend();
    retry_until_run(&receiver, &delivery("after")).await.assert_accepted();
}
