//! Acknowledge first, work later: a server that may be killed at any moment and loses nothing that it acknowledged.
//!
//! ```text
//! cargo run --features postgres,sqlite --example durable_inbox
//! ```
//!
//! `POST /webhooks/standard` takes Standard Webhooks and answers 202 once the delivery is on the disk. Two subscribers
//! work on it: `billing`, and `crm`, which fails each event's first attempt. `PORT` (default 3000, 0 for any);
//! `INBOX`: a file (default `inbox.db`) or a database (`postgres://…`, with feature `postgres`); `EVENTS_LOG`: a file to which each run that succeeded appends
//! `<subscriber> <delivery id>`; `HANDLER_MS`: how long a run takes (default 0); `STANDARD_WEBHOOK_SECRET`.

#![allow(clippy::print_stdout, reason = "an example that shows something")]

use std::env::{self, VarError};
use std::error::Error;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::handler::HandlerWithoutStateExt;
use axum::http::StatusCode;
use tower::Layer;
use tower_webhook::inbox::{Inbox, InboxOptions, RetrySchedule, Subscriber};
use tower_webhook::serve::Server;
use tower_webhook::{ConfigError, Delivery, Secret, SignatureLayer, WebhookLayer, provider};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// What both subscribers do; a real one would send an invoice or update a customer.
#[derive(Clone, Debug)]
struct Work {
    subscriber: &'static str,
    takes: Duration,
    log: Option<Arc<File>>,
}

impl Work {
    async fn run(self, delivery: Delivery) -> Result<StatusCode, (StatusCode, String)> {
        tokio::time::sleep(self.takes).await;
        // The attempt was stored before this began, so it counts on after a crash.
        let attempt = delivery.idempotency().and_then(|run| run.attempt()).unwrap_or(1);
        if self.subscriber == "crm" && attempt == 1 {
            return Err((StatusCode::SERVICE_UNAVAILABLE, "come again".to_owned()));
        }
        let id = delivery.id().unwrap_or_default().into_owned();
        // One write to a file that is appended to: lines of several runs never mix.
        let line = format!("{} {id}\n", self.subscriber);
        let written = self.log.as_deref().map_or(Ok(()), |mut log| log.write_all(line.as_bytes()));
        written.map(|()| StatusCode::OK).map_err(|error| (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
    }
}

fn subscriber(work: Work) -> Result<Subscriber, ConfigError> {
    let name = work.subscriber;
    let handler = async move |delivery: Delivery| work.clone().run(delivery).await;
    let seconds = [1, 1, 1, 5, 30, 120].map(Duration::from_secs);
    let schedule = RetrySchedule::custom(seconds.into_iter().chain([Duration::from_secs(600); 20]))?;
    Ok(Subscriber::new(name, handler.into_service()).schedule(schedule).concurrency(32))
}

/// An inbox with both subscribers.
async fn open(place: &str, log: Option<File>, takes: Duration) -> Result<Inbox, Box<dyn Error>> {
    let log = log.map(Arc::new);
    let work = |subscriber| Work { subscriber, takes, log: log.clone() };
    let inbox = options(place)?.subscriber(subscriber(work("billing"))?).subscriber(subscriber(work("crm"))?);
    Ok(inbox.open().await?)
}

fn options(place: &str) -> Result<InboxOptions, Box<dyn Error>> {
    if place.starts_with("postgres://") || place.starts_with("postgresql://") {
        #[cfg(feature = "postgres")]
        return Ok(Inbox::postgres(place));
        #[cfg(not(feature = "postgres"))]
        return Err("this build knows inboxes in SQLite files only: build it with `--features postgres,sqlite`".into());
    }
    Ok(Inbox::sqlite(place))
}

fn app(inbox: &Inbox, secret: Secret) -> Result<Router, Box<dyn Error>> {
    let signature = SignatureLayer::new(provider::STANDARD_WEBHOOKS, secret)?;
    Ok(Router::new().route_service("/webhooks/standard", WebhookLayer::of(signature).layer(inbox.endpoint())))
}

fn setting(name: &str) -> Result<Option<String>, VarError> {
    match env::var(name) {
        Ok(value) => Ok(Some(value)),
        Err(VarError::NotPresent) => Ok(None),
        Err(error) => Err(error),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let secret = Secret::new(setting("STANDARD_WEBHOOK_SECRET")?.unwrap_or_else(|| SECRET.to_owned()))?;
    let takes = Duration::from_millis(setting("HANDLER_MS")?.map_or(Ok(0), |text| text.parse())?);
    let append = |path| OpenOptions::new().create(true).append(true).open(path);
    let log: Option<File> = setting("EVENTS_LOG")?.map(append).transpose()?;
    let inbox = open(&setting("INBOX")?.unwrap_or_else(|| "inbox.db".to_owned()), log, takes).await?;
    inbox.start();

    let port: u16 = setting("PORT")?.map_or(Ok(3000), |port| port.parse())?;
    let server = Server::bind(SocketAddr::from(([127, 0, 0, 1], port))).await?;
    println!("Serving on http://{}/webhooks/standard. Ctrl-C ends.", server.local_addr()?);
    io::stdout().flush()?;
    server.shutdown_on(async { drop(tokio::signal::ctrl_c().await) }).serve(app(&inbox, secret)?).await?;
    println!("Drained: {:?}", inbox.drain(Duration::from_secs(10)).await?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use tower_webhook::Reason;
    use tower_webhook::testing::{self, Endpoint};

    use super::*;

    #[tokio::test]
    async fn what_is_acknowledged_reaches_both_subscribers_once() {
        let folder = env::temp_dir().join(format!("tower-webhook-example-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (path, log) = (folder.join("inbox.db"), folder.join("events.log"));
        let file = OpenOptions::new().create(true).append(true).open(&log).unwrap();
        let inbox = open(path.to_str().unwrap(), Some(file), Duration::ZERO).await.unwrap();
        let endpoint = Endpoint::new(app(&inbox, Secret::new(SECRET).unwrap()).unwrap());
        let delivery =
            testing::delivery(provider::STANDARD_WEBHOOKS, SECRET).to("/webhooks/standard").id("msg_1").json("{}");
        assert_eq!(endpoint.send(&delivery).await.status(), 202);
        endpoint.send(&delivery).await.assert_duplicate();
        endpoint.send(&delivery.tampered()).await.assert_rejected(Reason::SignatureMismatch);
        inbox.start();
        while inbox.counts().await.unwrap().iter().any(|one| one.pending > 0) {
            tokio::task::yield_now().await;
        }
        let mut lines: Vec<_> = std::fs::read_to_string(&log).unwrap().lines().map(str::to_owned).collect();
        lines.sort();
        assert_eq!(lines, ["billing msg_1", "crm msg_1"]);
        inbox.drain(Duration::from_secs(1)).await.unwrap();
        std::fs::remove_dir_all(folder).unwrap();
    }
}
