//! What failed for good: seen, mended, tried again.
//!
//! ```text
//! cargo run --features sqlite --example dead_letters
//! ```
//!
//! The tool does the same beside a server that runs: `tower-webhook dead-letters list --inbox inbox.db`.

#![allow(clippy::print_stdout, reason = "an example that shows something")]

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::handler::HandlerWithoutStateExt;
use axum::http::StatusCode;
use tower::Layer;
use tower_webhook::inbox::{DeadLetterFilter, Inbox, RetrySchedule, Subscriber};
use tower_webhook::testing::{self, Endpoint};
use tower_webhook::{Delivery, Secret, SignatureLayer, WebhookLayer, provider};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

async fn settled(inbox: &Inbox) -> Result<(), Box<dyn Error>> {
    while inbox.counts().await?.iter().any(|one| one.pending > 0) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}

async fn show(path: &Path) -> Result<usize, Box<dyn Error>> {
    let mended = Arc::new(AtomicBool::new(false));
    let works = Arc::clone(&mended);
    let handler = async move |_: Delivery| {
        if works.load(Ordering::SeqCst) { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY }
    };
    let subscriber = Subscriber::new("billing", handler.into_service()).schedule(RetrySchedule::svix());
    let inbox = Inbox::sqlite(path).subscriber(subscriber).open().await?;
    inbox.start();
    let signature = SignatureLayer::new(provider::STANDARD_WEBHOOKS, Secret::new(SECRET)?)?;
    let endpoint = Endpoint::new(WebhookLayer::of(signature).layer(inbox.endpoint()));
    for id in ["msg_1", "msg_2", "msg_3"] {
        let delivery = testing::delivery(provider::STANDARD_WEBHOOKS, SECRET).id(id).json(r#"{"type":"invoice.paid"}"#);
        endpoint.send(&delivery).await.assert_accepted();
    }
    settled(&inbox).await?;

    let letters = inbox.dead_letters(DeadLetterFilter::all(), 100).await?;
    for letter in &letters {
        let (id, error) = (letter.delivery_id.as_deref().unwrap_or_default(), letter.last_error.as_deref());
        println!("{} {id}: {} (attempt {})", letter.subscriber, error.unwrap_or_default(), letter.attempts);
    }
    // One is not wanted any more, the others are tried again once the handler is mended.
    if let Some(first) = letters.first() {
        println!("{} discarded", inbox.discard(DeadLetterFilter::all().seq(first.seq)).await?);
    }
    mended.store(true, Ordering::SeqCst);
    println!("{} requeued", inbox.requeue(DeadLetterFilter::all().subscriber("billing")).await?);
    settled(&inbox).await?;
    let left = inbox.dead_letters(DeadLetterFilter::all(), 100).await?.len();
    println!("{left} left");
    inbox.drain(Duration::from_secs(5)).await?;
    Ok(left)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::temp_dir().join(format!("tower-webhook-dead-letters-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let shown = show(&folder.join("inbox.db")).await;
    std::fs::remove_dir_all(folder)?;
    if shown? == 0 { Ok(()) } else { Err("what was requeued failed again".into()) }
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_was_requeued_is_handled() {
        super::main().unwrap();
    }
}
