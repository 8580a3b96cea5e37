//! What a sender does with an answer, and how long it waits for one, as data.

use std::time::Duration;

use super::description::Scheme;
use crate::rejection::ErrorStatus;

/// What a sender does when it is answered with a certain status, by its own documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reaction {
    /// It delivers nothing more to this endpoint until somebody switches it on again.
    Disable,
    /// It does not deliver this delivery again: what was not handled is lost.
    GiveUp,
    /// It delivers this delivery again, later.
    Retry,
    /// It takes the delivery for handled.
    Success,
}

/// Statuses, and what the sender does when it gets one of them.
#[derive(Clone, Copy, Debug)]
pub struct Answered {
    pub(super) first: u16,
    pub(super) last: u16,
    pub(super) reaction: Reaction,
}

/// The sender does this upon the statuses from `first` to `last`, both included.
#[must_use]
pub const fn answered(first: u16, last: u16, reaction: Reaction) -> Answered {
    Answered { first, last, reaction }
}

/// All of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Conduct {
    pub(super) deadline: Option<Duration>,
    pub(super) retry_horizon: Option<Duration>,
    pub(super) answered: &'static [Answered],
    pub(super) unauthorized: u16,
    pub(super) answer: Option<&'static str>,
    pub(super) ip_list: Option<&'static str>,
}

impl Conduct {
    pub(super) const UNKNOWN: Self =
        Self { deadline: None, retry_horizon: None, answered: &[], unauthorized: 401, answer: None, ip_list: None };

    /// What contradicts itself.
    pub(super) const fn problem(&self) -> Option<&'static str> {
        let mut rest = self.answered;
        while let [Answered { first, last, .. }, others @ ..] = rest {
            if *first < 100 || *last > 599 || *first > *last {
                return Some("statuses are a range within 100 to 599");
            }
            rest = others;
        }
        if self.unauthorized < 400 || self.unauthorized > 499 {
            return Some("a delivery that cannot be verified is refused with 400 to 499");
        }
        match self.ip_list {
            Some(url) if !starts_with_https(url) => Some("a list of addresses has an https URL"),
            _ => None,
        }
    }
}

const fn starts_with_https(url: &str) -> bool {
    matches!(url.as_bytes(), [b'h', b't', b't', b'p', b's', b':', b'/', b'/', _, ..])
}

impl Scheme {
    /// How long the sender waits for an answer.
    #[must_use]
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.conduct.deadline = Some(deadline);
        self
    }

    /// How long the sender goes on with retries of one delivery, or lets somebody have it sent again where it does nothing by
    /// itself (GitHub).
    #[must_use]
    pub const fn retries_for(mut self, horizon: Duration) -> Self {
        self.conduct.retry_horizon = Some(horizon);
        self
    }

    /// What the sender does upon which status; of ranges that overlap, the first counts.
    #[must_use]
    pub const fn answered(mut self, answered: &'static [Answered]) -> Self {
        self.conduct.answered = answered;
        self
    }

    /// The status that the sender wants for a delivery that cannot be verified: 400 to 499. Default: 401.
    #[must_use]
    pub const fn unauthorized_as(mut self, status: u16) -> Self {
        self.conduct.unauthorized = status;
        self
    }

    /// The exact body that the sender takes for success; empty where it wants none.
    #[must_use]
    pub const fn answer(mut self, body: &'static str) -> Self {
        self.conduct.answer = Some(body);
        self
    }

    /// Where the sender publishes the addresses that it calls from. They change: fetch them, and refresh them by an
    /// [`AllowlistSource`](crate::allowlist::AllowlistSource).
    #[must_use]
    pub const fn ip_list(mut self, url: &'static str) -> Self {
        self.conduct.ip_list = Some(url);
        self
    }

    /// How long the sender waits for an answer, where that is known.
    #[must_use]
    pub const fn answer_within(&self) -> Option<Duration> {
        self.conduct.deadline
    }

    /// How long the sender goes on with retries of one delivery, where that is known.
    #[must_use]
    pub const fn retry_horizon(&self) -> Option<Duration> {
        self.conduct.retry_horizon
    }

    /// What the sender does upon this status, where that is known.
    ///
    /// ```
    /// use tower_webhook::provider;
    /// use tower_webhook::scheme::Reaction;
    ///
    /// assert_eq!(provider::STANDARD_WEBHOOKS.reaction_to(410), Some(Reaction::Disable));
    /// assert_eq!(provider::UBER_EATS.reaction_to(404), Some(Reaction::GiveUp));
    /// ```
    #[must_use]
    pub fn reaction_to(&self, status: u16) -> Option<Reaction> {
        let range = self.conduct.answered.iter().find(|range| (range.first..=range.last).contains(&status));
        range.map(|range| range.reaction)
    }

    /// All that is known of what the sender does upon a status: first, last, reaction.
    pub fn reactions(&self) -> impl Iterator<Item = (u16, u16, Reaction)> {
        self.conduct.answered.iter().map(|range| (range.first, range.last, range.reaction))
    }

    /// The exact body that the sender takes for success, where it asks for one.
    #[must_use]
    pub const fn success_answer(&self) -> Option<&'static str> {
        self.conduct.answer
    }

    /// Where the sender publishes the addresses that it calls from.
    #[must_use]
    pub const fn published_ips(&self) -> Option<&'static str> {
        self.conduct.ip_list
    }

    /// The status that the sender wants for a delivery that cannot be verified.
    #[must_use]
    pub const fn unverified_status(&self) -> u16 {
        self.conduct.unauthorized
    }

    pub(crate) const fn unauthorized_status(&self) -> Option<ErrorStatus> {
        ErrorStatus::new(self.conduct.unauthorized)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::Encoding;
    use crate::scheme::header;

    const ACME: Scheme = Scheme::hmac_sha256("acme").signature(header("x-acme"), Encoding::Hex);

    #[test]
    fn of_ranges_that_overlap_the_first_counts() {
        const ANSWERED: &[Answered] = &[answered(410, 410, Reaction::Disable), answered(300, 599, Reaction::Retry)];
        let scheme = ACME.answered(ANSWERED);
        assert_eq!(scheme.problem(), None);
        for (status, reaction) in [(410, Some(Reaction::Disable)), (411, Some(Reaction::Retry)), (204, None)] {
            assert_eq!(scheme.reaction_to(status), reaction, "{status}");
        }
    }

    #[test]
    fn the_first_and_the_last_status_are_within() {
        const ALL: &[Answered] = &[answered(100, 599, Reaction::Retry)];
        assert_eq!(ACME.answered(ALL).problem(), None);
        assert_eq!(ACME.unauthorized_as(400).problem(), None);
        assert_eq!(ACME.unauthorized_as(499).problem(), None);
    }

    #[test]
    fn what_cannot_be_is_a_problem() {
        const TOO_LOW: &[Answered] = &[answered(99, 200, Reaction::Success)];
        const TOO_HIGH: &[Answered] = &[answered(200, 299, Reaction::Success), answered(500, 600, Reaction::Retry)];
        const TURNED: &[Answered] = &[answered(299, 200, Reaction::Success)];
        for wrong in [
            ACME.answered(TOO_LOW),
            ACME.answered(TOO_HIGH),
            ACME.answered(TURNED),
            ACME.ip_list("http://example.com/ips"),
            ACME.ip_list("https://"),
            ACME.unauthorized_as(200),
            ACME.unauthorized_as(500),
        ] {
            assert!(wrong.problem().is_some(), "{wrong:?}");
        }
    }
}
