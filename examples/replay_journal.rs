//! Writes deliveries into a journal, and has them run again: those that a handler with a fault answered wrongly, say.
//!
//! ```text
//! cargo run --example replay_journal --features journal
//! ```
//!
//! It receives three deliveries of its own making, writes them down without their signatures, and replays them behind the
//! signature layer: once as they are, which idempotency knows, and once by force. `JOURNAL`: the file (default: one in
//! the folder for temporary files, which is removed). Over the network the tool does the same:
//! `tower-webhook replay FILE --to URL --secrets FILE`.

#![allow(clippy::print_stdout, reason = "an example that shows something")]

use std::convert::Infallible;
use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::http::{Request, Response};
use http_body_util::Full;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_webhook::bytes::Bytes;
use tower_webhook::capture::CapturedDelivery;
use tower_webhook::danger::{Again, replay_journaled};
use tower_webhook::journal::{Journal, JournalLayer, JournalReplay};
use tower_webhook::testing::{self, Endpoint};
use tower_webhook::{
    Delivery, IdempotencyLayer, Outcome, RawBodyLayer, Secret, SignatureLayer, VerifiedBody, provider,
};

const SECRET: &str = "a secret of at least sixteen bytes";

/// What stands behind the signature, for senders and replays alike.
fn handler(
    runs: Arc<AtomicU32>,
) -> impl Service<Request<VerifiedBody>, Response = Response<Full<Bytes>>, Error = Infallible, Future: Send>
+ Clone
+ Send
+ Sync {
    service_fn(move |request: Request<VerifiedBody>| {
        let run = runs.fetch_add(1, Ordering::Relaxed) + 1;
        let from = if request.extensions().get::<JournalReplay>().is_some() { "the journal" } else { "its sender" };
        let id = request.extensions().get::<Delivery>().and_then(|delivery| delivery.id().map(|id| id.into_owned()));
        println!("  run {run}: {} from {from}", id.unwrap_or_default());
        async { Ok(Response::new(Full::default())) }
    })
}

/// Replays a journal into a service, and returns how many of its deliveries ran. A line that is none, such as the last
/// one of a process that was killed, is said and left out.
async fn replay<S, B>(file: &Path, service: &S, again: Again) -> Result<usize, Box<dyn Error>>
where
    S: Service<Request<VerifiedBody>, Response = Response<B>, Error = Infallible> + Clone,
{
    let mut ran = 0;
    for line in BufReader::new(File::open(file)?).lines() {
        let captured = match CapturedDelivery::from_line(line?.as_bytes()) {
            Ok(captured) => captured,
            Err(error) => {
                println!("  left out: {error}");
                continue;
            }
        };
        let answer = service.clone().oneshot(replay_journaled(&captured, provider::STRIPE, again)?).await?;
        ran += usize::from(answer.extensions().get::<Outcome>() != Some(&Outcome::Duplicate));
    }
    Ok(ran)
}

/// Three deliveries of Stripe, into a journal and a handler; then the journal, twice.
async fn app(file: &Path) -> Result<(u32, [usize; 2]), Box<dyn Error>> {
    let runs = Arc::new(AtomicU32::new(0));
    let behind = IdempotencyLayer::in_memory().layer(handler(Arc::clone(&runs)));
    let journal = Journal::at(file).open()?;
    let signature = SignatureLayer::new(provider::STRIPE, Secret::new(SECRET)?)?;
    let layers = (RawBodyLayer::new(), signature, JournalLayer::new(&journal));
    let endpoint = Endpoint::new(ServiceBuilder::new().layer(layers).service(behind.clone()));
    for number in 1..=3 {
        let event = format!(r#"{{"id":"evt_{number}","type":"invoice.paid"}}"#);
        endpoint.send(&testing::delivery(provider::STRIPE, SECRET).json(event)).await.assert_accepted();
    }
    journal.flush().await;
    println!("Replayed as they are:");
    let known = replay(file, &behind, Again::IfNew).await?;
    println!("Replayed by force:");
    let forced = replay(file, &behind, Again::Forced).await?;
    Ok((runs.load(Ordering::Relaxed), [known, forced]))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let own = std::env::temp_dir().join(format!("tower-webhook-journal-{}.jsonl", std::process::id()));
    let given = std::env::var_os("JOURNAL").map(PathBuf::from);
    let (runs, replayed) = app(given.as_deref().unwrap_or(&own)).await?;
    if given.is_none() {
        std::fs::remove_file(own)?;
    }
    println!("{runs} runs; {} by a replay as they are, {} by force.", replayed[0], replayed[1]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_replay_runs_what_is_new_or_forced_and_leaves_out_a_broken_line() {
        let file = std::env::temp_dir().join(format!("tower-webhook-replayed-{}.jsonl", std::process::id()));
        std::fs::write(&file, r#"{"id":"evt_0","provi"#).unwrap();
        assert_eq!(app(&file).await.unwrap(), (6, [0, 3]));
        std::fs::remove_file(&file).unwrap();
    }
}
