//! Why a captured delivery was refused.

use serde::{Serialize, Serializer};

use super::delivery::CapturedDelivery;
use super::judge::{Judge, Judgement};
use crate::explain::{Explanation, Refused, Route, explain};

/// The keys of so many earlier lines are tried.
const MOST_ROUTES: usize = 64;

/// The verdict over one line, and why. As JSON it is the judgement's line with `cause`, `confidence`, `sentence`, `fix`
/// and `docs`, which are `null` for what was not refused.
#[derive(Clone, Debug)]
pub struct Explained {
    judgement: Judgement,
    explanation: Option<Explanation>,
}

impl Judge {
    /// Judges one line of JSON, and says why it would have been refused. The keys of earlier lines are tried too.
    /// Whatever stands in it, this does not panic.
    pub fn explain_line(&mut self, line: &[u8]) -> Explained {
        let Ok(delivery) = CapturedDelivery::from_line(line) else {
            return Explained { judgement: self.judge_line(line), explanation: None };
        };
        self.explain(delivery)
    }

    /// As [`Judge::explain_line`], of one delivery.
    pub fn explain(&mut self, delivery: CapturedDelivery) -> Explained {
        let (head, body, received_at) = (delivery.head.clone(), delivery.body.clone(), delivery.received_at);
        let route = self.route(&delivery);
        let judgement = self.judge(delivery);
        let explanation = judgement.reason().zip(route.as_ref()).map(|(reason, route)| {
            explain(route, &self.seen, &Refused::new(&head, reason).body(&body).at(received_at))
        });
        if let Some(route) = route.filter(|_| self.seen.len() < MOST_ROUTES)
            && self.seen.iter().all(|seen| seen.name() != route.name())
        {
            self.seen.push(route);
        }
        Explained { judgement, explanation }
    }

    /// How the receiver of a delivery is set up; `None` where it cannot be.
    fn route(&self, delivery: &CapturedDelivery) -> Option<Route> {
        let (scheme, settings) = self.settings(delivery).ok()?;
        let (sender, keys) = (settings.sender(&scheme).ok()?, settings.ring(&scheme).ok()?);
        let route = Route::new(&format!("{} ({})", scheme.name(), delivery.url), sender, keys);
        Some(match settings.tolerance {
            Some(tolerance) => route.tolerance(tolerance),
            None => route,
        })
    }
}

impl Explained {
    /// The verdict.
    #[must_use]
    pub const fn judgement(&self) -> &Judgement {
        &self.judgement
    }

    /// Why it would have been refused; `None` where it would not, or could not be judged.
    #[must_use]
    pub const fn explanation(&self) -> Option<&Explanation> {
        self.explanation.as_ref()
    }
}

impl Serialize for Explained {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Line<'a> {
            #[serde(flatten)]
            judgement: &'a Judgement,
            cause: Option<&'static str>,
            confidence: Option<&'static str>,
            sentence: Option<&'a str>,
            fix: Option<&'static str>,
            docs: Option<&'static str>,
        }
        let explanation = self.explanation();
        Line {
            judgement: &self.judgement,
            cause: explanation.map(|explanation| explanation.cause().code()),
            confidence: explanation.map(|explanation| explanation.confidence().code()),
            sentence: explanation.map(Explanation::sentence),
            fix: explanation.map(Explanation::fix),
            docs: explanation.map(Explanation::docs),
        }
        .serialize(serializer)
    }
}
