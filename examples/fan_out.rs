//! One event, several subscribers: each with its own events, order and pace.
//!
//! ```text
//! cargo run --features sqlite --example fan_out
//! ```

#![allow(clippy::print_stdout, reason = "an example that shows something")]

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use axum::handler::HandlerWithoutStateExt;
use axum::http::StatusCode;
use tower::Layer;
use tower_webhook::inbox::{HeadOfLine, Inbox, RetrySchedule, Subscriber};
use tower_webhook::testing::{self, Endpoint};
use tower_webhook::{Delivery, Secret, SignatureLayer, WebhookLayer, provider};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

async fn bill(delivery: Delivery) -> StatusCode {
    println!("billing  {} {}", delivery.id().unwrap_or_default(), delivery.event_type().unwrap_or_default());
    StatusCode::OK
}

async fn update_customer(delivery: Delivery) -> StatusCode {
    println!("crm      {} {}", delivery.id().unwrap_or_default(), delivery.event_type().unwrap_or_default());
    StatusCode::OK
}

/// Never works; nobody else notices.
async fn report(delivery: Delivery) -> StatusCode {
    let attempt = delivery.idempotency().and_then(|run| run.attempt()).unwrap_or_default();
    println!("reports  {} fails (attempt {attempt})", delivery.id().unwrap_or_default());
    StatusCode::SERVICE_UNAVAILABLE
}

async fn show(path: &Path) -> Result<(u64, u64), Box<dyn Error>> {
    let inbox = Inbox::sqlite(path)
        // What tells which deliveries are of one line; a real one would take the id of the customer.
        .order_by(|delivery| delivery.event_type().map(|text| text.into_owned()))
        .subscriber(Subscriber::new("billing", bill.into_service()).events(["invoice.*"]).ordered(HeadOfLine::Block))
        .subscriber(Subscriber::new("crm", update_customer.into_service()).schedule(RetrySchedule::svix()))
        .subscriber(Subscriber::new("reports", report.into_service()).schedule(RetrySchedule::none()))
        .open()
        .await?;
    inbox.start();
    let signature = SignatureLayer::new(provider::STANDARD_WEBHOOKS, Secret::new(SECRET)?)?;
    let endpoint = Endpoint::new(WebhookLayer::of(signature).layer(inbox.endpoint()));
    for (n, event_type) in ["invoice.created", "user.created", "invoice.paid"].into_iter().enumerate() {
        let delivery = testing::delivery(provider::STANDARD_WEBHOOKS, SECRET).id(&format!("msg_{n}"));
        endpoint.send(&delivery.json(format!(r#"{{"type":"{event_type}"}}"#))).await.assert_accepted();
    }
    while inbox.counts().await?.iter().any(|one| one.pending > 0) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut dead = (0, 0);
    for one in inbox.counts().await? {
        println!("{:<8} {} pending, {} dead", one.subscriber, one.pending, one.dead);
        dead = (dead.0 + one.pending, dead.1 + one.dead);
    }
    inbox.drain(Duration::from_secs(5)).await?;
    Ok(dead)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::temp_dir().join(format!("tower-webhook-fan-out-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let shown = show(&folder.join("inbox.db")).await;
    std::fs::remove_dir_all(folder)?;
    shown.map(drop)
}

#[cfg(test)]
mod tests {
    #[test]
    fn only_what_fails_is_dead() {
        super::main().unwrap();
    }
}
