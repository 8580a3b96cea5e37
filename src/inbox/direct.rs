//! Deliveries whose handler runs in its request, and that are stored only when it has not finished at the deadline.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http::Request;

use super::engine::{Appended, Ending};
use super::event::{millis, time};
use super::outcome::InboxOutcome;
use super::service::Intake;
use super::subscriber::{Ran, Subscriber};
use super::worker::{self, Attempt, Phase};
use crate::delivery::Delivery;
use crate::takeover::{CutOff, Doing, Ended, NotTaken, Runs, Taken, TakesOver, Taking};

/// How long after it was stored a delivery is left to the process that runs it, before it has said so.
const HELD: Duration = Duration::from_secs(10);

/// Takes deliveries over for one subscriber.
pub(super) struct Direct {
    pub(super) intake: Arc<Intake>,
    pub(super) subscriber: Subscriber,
}

impl TakesOver for Direct {
    fn is_durable(&self) -> bool {
        true
    }

    fn take(&self, request: Request<()>, delivery: Delivery) -> Taking {
        let (intake, subscriber) = (Arc::clone(&self.intake), self.subscriber.clone());
        Box::pin(async move {
            let shop = &intake.shop;
            if shop.phase() != Phase::Serving {
                return Err(NotTaken(String::from("the inbox is shutting down")));
            }
            let mut event = intake
                .event(&request, &delivery, None)
                .map_err(|reason| NotTaken(format!("the inbox cannot take it: {}", reason.code())))?;
            // No worker, of this process or another, looks for it before the run is under way.
            event.due_at = event.due_at.saturating_add(i64::try_from(HELD.as_millis()).unwrap_or_default());
            let (route, received_at, began) = (event.route.clone(), time(event.received_at), shop.clock.monotonic());
            let failed = |error: super::error::InboxError| NotTaken(error.to_string());
            let name = Arc::clone(&subscriber.name);
            let attempt = match shop.engine.append(event, vec![Arc::clone(&name)]).await.map_err(failed)? {
                // An earlier copy is stored: it is run, or was, whatever becomes of this one.
                Appended::Duplicate => Whose::AnEarlierCopys,
                Appended::New { seq } => match shop.engine.begin(name, seq).await.map_err(failed)? {
                    Some(count) => Whose::Ours(Attempt { seq, count, route, received_at, began }),
                    None => Whose::AWorkers,
                },
            };
            let taken: Box<dyn Taken> = Box::new(Stored { intake: Arc::clone(&intake), subscriber, attempt });
            Ok(taken)
        })
    }

    fn runs(&self) -> &Runs {
        &self.intake.shop.direct
    }
}

/// A delivery that is stored as running.
struct Stored {
    intake: Arc<Intake>,
    subscriber: Subscriber,
    attempt: Whose,
}

/// Whose it is to write down how the run ends.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Whose {
    /// Storing took so long that a worker has begun.
    AWorkers,
    /// It is stored already, and may be done.
    AnEarlierCopys,
    Ours(Attempt),
}

impl Taken for Stored {
    fn is_kept(&self) -> bool {
        self.attempt != Whose::AnEarlierCopys
    }

    fn cut_off(&mut self) -> Pin<Box<dyn Future<Output = CutOff> + Send>> {
        let mut phase = self.intake.shop.phase.subscribe();
        let limit = self.subscriber.timeout;
        Box::pin(async move {
            tokio::select! {
                () = worker::stopped(&mut phase) => CutOff::Stopping,
                () = tokio::time::sleep(limit) => CutOff::TooLong(limit),
            }
        })
    }

    fn end(self: Box<Self>, ended: Ended) -> Doing {
        Box::pin(async move {
            let Whose::Ours(attempt) = &self.attempt else { return };
            let shop = &self.intake.shop;
            let ran = match ended {
                Ended::Answered(head) => {
                    let (status, outcome) = (head.status().as_u16(), InboxOutcome::of(&head));
                    let error = match &outcome {
                        InboxOutcome::Permanent(why) => why.clone(),
                        InboxOutcome::Done | InboxOutcome::Retry { .. } => format!("the handler answered {status}"),
                    };
                    Ran { outcome, status: Some(status), error }
                }
                Ended::CutOff(CutOff::Stopping) => {
                    let due = millis(shop.clock.now().unwrap_or_default());
                    return worker::finish(shop, &self.subscriber.name, attempt.seq, Ending::Returned { due }).await;
                }
                Ended::CutOff(CutOff::TooLong(limit)) => Ran::failed(format!("the handler took longer than {limit:?}")),
                Ended::Failed(error) => Ran::failed(error),
            };
            worker::end(shop, &self.subscriber, attempt, ran).await;
            self.intake.wake();
        })
    }
}
