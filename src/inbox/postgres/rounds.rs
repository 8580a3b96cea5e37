//! What goes on beside the calls: leases are kept alive, and other processes told that there is something to do.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio_postgres::{AsyncMessage, Config, NoTls};

use super::{BUDGET, Shared, deliveries};
use crate::inbox::engine::Lease;
use crate::inbox::log;
use crate::run_context::Token;

/// One for all inboxes of a database: what is not for us costs a look.
const CHANNEL: &str = "webhook_inbox";
/// Others are told this often at most: PostgreSQL commits transactions that notify one after another, so the one that
/// stores does not.
const TELL_EVERY: Duration = Duration::from_millis(50);
const RECONNECT: Duration = Duration::from_secs(1);

/// They end when they are aborted.
pub(super) fn start(shared: &Arc<Shared>, listen: Option<Config>, wake: Vec<Arc<Notify>>) -> Vec<AbortHandle> {
    let me: String = Token::fresh().as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let mut rounds = vec![
        tokio::spawn(keep_alive(Arc::clone(shared))).abort_handle(),
        tokio::spawn(tell(Arc::clone(shared), me.clone())).abort_handle(),
    ];
    if let Some(config) = listen {
        rounds.push(tokio::spawn(hear(config, me, wake)).abort_handle());
    }
    rounds
}

/// Three times in each lease, so that one that fails is not the end of it.
async fn keep_alive(shared: Arc<Shared>) {
    loop {
        tokio::time::sleep(shared.lease / 3).await;
        let (held, time) = (shared.held().iter().cloned().collect::<Vec<Lease>>(), shared.lease);
        if !held.is_empty() {
            let extended = shared.call(BUDGET.min(time / 3), move |client| {
                Box::pin(async move { deliveries::extend(client, &held, time).await })
            });
            if let Err(error) = extended.await {
                log::failed("extend", "", &error);
            }
        }
        if let Err(error) = shared.give_back().await {
            log::failed("give back", "", &error);
        }
    }
}

async fn tell(shared: Arc<Shared>, me: String) {
    loop {
        shared.stored.notified().await;
        let me = me.clone();
        let told = shared.call(BUDGET, move |client| {
            Box::pin(async move {
                let tell = client.prepare_cached("SELECT pg_notify($1, $2)").await?;
                client.execute(&tell, &[&CHANNEL, &me]).await
            })
        });
        // Untold, they see it within a second.
        let _ = told.await;
        tokio::time::sleep(TELL_EVERY).await;
    }
}

/// On a connection of its own. Without it, workers look once a second.
async fn hear(config: Config, me: String, wake: Vec<Arc<Notify>>) {
    loop {
        if let Ok((client, mut connection)) = config.connect(NoTls).await {
            let listen = format!("LISTEN {CHANNEL}");
            let mut listening = Box::pin(client.batch_execute(&listen));
            let mut listens = false;
            loop {
                tokio::select! {
                    done = &mut listening, if !listens => {
                        if done.is_err() {
                            break;
                        }
                        listens = true;
                        // Something may have come before.
                        wake.iter().for_each(|one| one.notify_one());
                    }
                    message = poll_fn(|cx| connection.poll_message(cx)) => match message {
                        Some(Ok(AsyncMessage::Notification(told))) if told.payload() != me => {
                            wake.iter().for_each(|one| one.notify_one());
                        }
                        Some(Ok(_)) => {}
                        Some(Err(_)) | None => break,
                    }
                }
            }
        }
        tokio::time::sleep(RECONNECT).await;
    }
}
