//! Deliveries whose handler runs in its request, and that are stored only when it has not finished at the deadline.

use std::pin::Pin;
use std::sync::Arc;

use http::Request;

use super::engine::Ending;
use super::error::{InboxError, InboxErrorKind};
use super::event::{millis, time};
use super::handle::Inbox;
use super::outcome::InboxOutcome;
use super::service::Intake;
use super::subscriber::{Ran, Subscriber};
use super::worker::{self, Attempt, Phase};
use crate::delivery::Delivery;
use crate::run_context::Token;
use crate::takeover::{CutOff, Doing, Ended, NotTaken, Runs, Taken, Takeover, TakesOver, Taking};

impl Inbox {
    /// Takes over what this subscriber's service, run in the request behind an
    /// [`AckDeadlineLayer`](crate::AckDeadlineLayer), has not finished at the sender's deadline: it is stored before the
    /// answer goes out, as a first attempt that is under way, and the subscriber goes on with it where that fails or the
    /// process dies. No other subscriber gets it, and filters are not asked. What began in a request is not held to
    /// [`concurrency`](Subscriber::concurrency) or [`ordered`](Subscriber::ordered).
    ///
    /// # Errors
    /// There is no subscriber by this name.
    pub fn takeover(&self, subscriber: &str) -> Result<Takeover, InboxError> {
        let found = self.intake.subscribers.iter().find(|(one, _)| *one.name == *subscriber);
        let unknown = || InboxError::new(InboxErrorKind::Config, format!("there is no subscriber `{subscriber}`"));
        let (subscriber, _) = found.ok_or_else(unknown)?;
        Ok(Takeover(Arc::new(Direct { intake: Arc::clone(&self.intake), subscriber: subscriber.clone() })))
    }
}

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
            let event = intake
                .event(&request, &delivery, None)
                .map_err(|reason| NotTaken(format!("the inbox cannot take it: {}", reason.code())))?;
            let (route, received_at, began) = (event.route.clone(), time(event.received_at), shop.clock.monotonic());
            let lease = shop.engine.append_begun(event, Arc::clone(&subscriber.name), Token::fresh()).await;
            let lease = lease.map_err(|error| NotTaken(error.to_string()))?;
            let attempt = lease.map(|lease| Attempt { lease, count: 1, route, received_at, began });
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
    /// `None`: an earlier copy was stored already, and may be done. How this run ends is written down by nobody.
    attempt: Option<Attempt>,
}

impl Taken for Stored {
    fn is_kept(&self) -> bool {
        self.attempt.is_some()
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
            let Some(attempt) = &self.attempt else { return };
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
                    return worker::finish(shop, &attempt.lease, Ending::Returned { due }).await;
                }
                Ended::CutOff(CutOff::TooLong(limit)) => Ran::failed(format!("the handler took longer than {limit:?}")),
                Ended::Failed(error) => Ran::failed(error),
            };
            worker::end(shop, &self.subscriber, attempt, ran).await;
            shop.engine.let_go(&attempt.lease);
            self.intake.wake();
        })
    }
}
