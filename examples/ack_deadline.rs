//! A handler that runs in the request, and is slow at times: its sender is answered in time, and nothing is lost.
//!
//! ```text
//! cargo run --features sqlite --example ack_deadline
//! ```
//!
//! `POST /webhooks/standard` takes Standard Webhooks and runs the handler at once. Where it has not finished shortly before
//! the deadline, the delivery is stored, answered with 202, and the handler goes on; if it fails then, or the process
//! dies, the inbox runs it again. `PORT` (default 3000, 0 for any); `DEADLINE_MS` (default 5000); `HANDLER_MS`: how long
//! a run takes (default 0); `INBOX`: the file (default `inbox.db`); `EVENTS_LOG`: a file to which each run that succeeded
//! appends the delivery id; `STANDARD_WEBHOOK_SECRET`.

#![allow(clippy::print_stdout, reason = "an example that shows something")]

use std::env::{self, VarError};
use std::error::Error;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::handler::HandlerWithoutStateExt;
use axum::http::StatusCode;
use tower::Layer;
use tower_webhook::inbox::{Inbox, Subscriber};
use tower_webhook::serve::Server;
use tower_webhook::{AckDeadlineLayer, Delivery, Secret, WebhookLayer, provider};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// What is done with a delivery; a real one would call somebody else, who is slow.
#[derive(Clone, Debug)]
struct Work {
    takes: Duration,
    log: Option<Arc<File>>,
}

impl Work {
    async fn run(self, delivery: Delivery) -> Result<StatusCode, (StatusCode, String)> {
        tokio::time::sleep(self.takes).await;
        let line = format!("{}\n", delivery.id().unwrap_or_default());
        let written = self.log.as_deref().map_or(Ok(()), |mut log| log.write_all(line.as_bytes()));
        written.map(|()| StatusCode::OK).map_err(|error| (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
    }
}

/// The same handler twice: in the request, and for what is left of it.
async fn app(inbox: &Path, work: Work, deadline: Duration, secret: Secret) -> Result<(Router, Inbox), Box<dyn Error>> {
    let handler = async move |delivery: Delivery| work.clone().run(delivery).await;
    let inbox =
        Inbox::sqlite(inbox).subscriber(Subscriber::new("orders", handler.clone().into_service())).open().await?;
    let in_time = AckDeadlineLayer::new(inbox.takeover("orders")?).deadline(deadline)?;
    let webhook = WebhookLayer::new(provider::STANDARD_WEBHOOKS, secret)?;
    let service = webhook.layer(in_time.layer(handler.into_service()));
    Ok((Router::new().route_service("/webhooks/standard", service), inbox))
}

fn setting(name: &str) -> Result<Option<String>, VarError> {
    match env::var(name) {
        Ok(value) => Ok(Some(value)),
        Err(VarError::NotPresent) => Ok(None),
        Err(error) => Err(error),
    }
}

fn milliseconds(name: &str, default: u64) -> Result<Duration, Box<dyn Error>> {
    Ok(Duration::from_millis(setting(name)?.map_or(Ok(default), |text| text.parse())?))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let secret = Secret::new(setting("STANDARD_WEBHOOK_SECRET")?.unwrap_or_else(|| SECRET.to_owned()))?;
    let append = |path| OpenOptions::new().create(true).append(true).open(path);
    let log = setting("EVENTS_LOG")?.map(append).transpose()?.map(Arc::new);
    let work = Work { takes: milliseconds("HANDLER_MS", 0)?, log };
    let path = setting("INBOX")?.unwrap_or_else(|| "inbox.db".to_owned());
    let (app, inbox) = app(path.as_ref(), work, milliseconds("DEADLINE_MS", 5000)?, secret).await?;
    inbox.start();

    let port: u16 = setting("PORT")?.map_or(Ok(3000), |port| port.parse())?;
    let server = Server::bind(SocketAddr::from(([127, 0, 0, 1], port))).await?;
    println!("Serving on http://{}/webhooks/standard. Ctrl-C ends.", server.local_addr()?);
    io::stdout().flush()?;
    server.shutdown_on(async { drop(tokio::signal::ctrl_c().await) }).serve(app).await?;
    // Runs that go on after their answer may end.
    println!("Drained: {:?}", inbox.drain(Duration::from_secs(10)).await?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use tower_webhook::Reason;
    use tower_webhook::testing::{self, Endpoint};

    use super::*;

    #[tokio::test]
    async fn a_slow_run_is_acknowledged_and_finished_once() {
        let folder = env::temp_dir().join(format!("tower-webhook-deadline-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (path, log) = (folder.join("inbox.db"), folder.join("events.log"));
        let file = OpenOptions::new().create(true).append(true).open(&log).unwrap();
        let work = Work { takes: Duration::from_millis(300), log: Some(Arc::new(file)) };
        let secret = Secret::new(SECRET).unwrap();
        let (app, inbox) = app(&path, work, Duration::from_millis(50), secret).await.unwrap();
        inbox.start();
        let endpoint = Endpoint::new(app);
        let delivery =
            testing::delivery(provider::STANDARD_WEBHOOKS, SECRET).to("/webhooks/standard").id("msg_1").json("{}");
        assert_eq!(endpoint.send(&delivery).await.status(), 202);
        assert_eq!(std::fs::read_to_string(&log).unwrap(), "", "it is not finished");
        endpoint.send(&delivery).await.assert_duplicate();
        endpoint.send(&delivery.tampered()).await.assert_rejected(Reason::SignatureMismatch);
        inbox.drain(Duration::from_secs(10)).await.unwrap();
        assert_eq!(std::fs::read_to_string(&log).unwrap(), "msg_1\n");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
