//! What goes on while nothing comes: retention, and gauges.

use std::sync::Arc;
use std::time::Duration;

use super::event::millis;
use super::retention::{AT_ONCE, Retention};
use super::service::Intake;
use super::worker::Phase;
use crate::telemetry::Standing;

/// How often what need not be kept is looked for.
const SWEEP: Duration = Duration::from_secs(60);
/// The pause between two sweeps where there is more than one takes.
const AGAIN: Duration = Duration::from_millis(500);
/// How often the gauges are set, where the inbox is counted.
const GAUGES: Duration = Duration::from_secs(10);

/// Until the inbox is closed.
pub(super) async fn housekeeping(intake: Arc<Intake>, retention: Retention) {
    let shop = &intake.shop;
    let mut phase = shop.phase.subscribe();
    let (mut until_sweep, mut until_gauges) = (Duration::ZERO, Duration::ZERO);
    loop {
        if let Some(now) = shop.clock.now() {
            if until_sweep.is_zero() {
                let swept = shop.engine.sweep(retention, millis(now)).await;
                // One takes a part: where more has come than that in a minute, the next one follows soon.
                until_sweep =
                    if swept.as_ref().is_ok_and(|touched| *touched >= AT_ONCE.into()) { AGAIN } else { SWEEP };
                if let Err(error) = swept {
                    super::log::failed("sweep", "", &error);
                }
            }
            if until_gauges.is_zero() {
                until_gauges = GAUGES;
                if let (Some(metrics), Ok(counts)) = (&shop.metrics, intake.counts().await) {
                    for one in counts {
                        let oldest =
                            one.oldest_pending.map(|received| now.saturating_since(received)).unwrap_or_default();
                        let standing = Standing { pending: one.pending, oldest, dead: one.dead };
                        metrics.stands(&one.subscriber, standing);
                    }
                }
            }
        }
        let pause = until_sweep.min(until_gauges).max(AGAIN);
        tokio::select! {
            () = tokio::time::sleep(pause) => {
                until_sweep = until_sweep.saturating_sub(pause);
                until_gauges = until_gauges.saturating_sub(pause);
            }
            _ = phase.wait_for(|phase| *phase != Phase::Serving) => return,
        }
    }
}
