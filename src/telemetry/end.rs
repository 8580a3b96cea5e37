//! How a request ended: the closed list behind the labels `outcome` and `reason`.

use http::{Response, StatusCode};

use crate::outcome::Outcome;
use crate::rejection::{Reason, Rejection};

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The handler answered 2xx.
    Accepted,
    /// The sender went away before there was an answer.
    Aborted,
    Challenge,
    Duplicate,
    /// The handler's answer puts the blame on the sender, or is a redirect, which senders do not follow.
    Handler4xx,
    /// The handler's answer is 5xx, or there was none but an error.
    Handler5xx,
    HandlerPanic,
    HandlerTimeout,
    /// A layer refused it.
    Refused(Reason),
}

impl End {
    /// Those that are no refusals, in the order of [`Self::index`].
    const UNREFUSED: [Self; 8] = [
        Self::Accepted,
        Self::Aborted,
        Self::Challenge,
        Self::Duplicate,
        Self::Handler4xx,
        Self::Handler5xx,
        Self::HandlerPanic,
        Self::HandlerTimeout,
    ];

    /// The values of the label `outcome`, in the order of [`Self::outcome_index`].
    pub(crate) const OUTCOMES: [&'static str; 7] =
        ["aborted", "accepted", "challenge", "duplicate", "failed", "in_flight", "rejected"];

    /// Every end there is, in the order of [`Self::index`].
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        Reason::ALL.iter().copied().map(Self::Refused).chain(Self::UNREFUSED)
    }

    /// Where it stands in [`Self::all`].
    pub(crate) const fn index(self) -> usize {
        let refusals = Reason::ALL.len();
        match self {
            // The variants are numbered as `ALL` lists them: one macro makes both.
            Self::Refused(reason) => reason as usize,
            Self::Accepted => refusals,
            Self::Aborted => refusals + 1,
            Self::Challenge => refusals + 2,
            Self::Duplicate => refusals + 3,
            Self::Handler4xx => refusals + 4,
            Self::Handler5xx => refusals + 5,
            Self::HandlerPanic => refusals + 6,
            Self::HandlerTimeout => refusals + 7,
        }
    }

    /// Where the outcome stands in [`Self::OUTCOMES`].
    ///
    /// A refusal is judged by its reason, not by the status that a provider asks for: a flood of forged
    /// requests spends no error budget, and an unreachable store does, whatever the sender is told.
    pub(crate) const fn outcome_index(self) -> usize {
        match self {
            Self::Aborted => 0,
            Self::Accepted => 1,
            Self::Challenge => 2,
            Self::Duplicate => 3,
            Self::Handler4xx | Self::Handler5xx | Self::HandlerPanic | Self::HandlerTimeout => 4,
            Self::Refused(Reason::IdempotencyInFlight) => 5,
            // Somebody shuts the service down: no failure, and the sender comes back.
            Self::Refused(Reason::Draining) => 6,
            Self::Refused(reason) => {
                if reason.status().is_server_error() {
                    4
                } else {
                    6
                }
            }
        }
    }

    /// The label `outcome`.
    pub(crate) fn outcome(self) -> &'static str {
        Self::OUTCOMES.get(self.outcome_index()).copied().unwrap_or_default()
    }

    /// The label `reason`; empty where the outcome says it all.
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::Accepted | Self::Challenge | Self::Duplicate => "",
            Self::Aborted => "client_disconnected",
            Self::Handler4xx => "handler_4xx",
            Self::Handler5xx => "handler_5xx",
            Self::HandlerPanic => "handler_panic",
            Self::HandlerTimeout => "handler_timeout",
            Self::Refused(reason) => reason.code(),
        }
    }

    /// What an answer says: by its [`Outcome`], else its [`Rejection`], else the status of the handler.
    pub(crate) fn of<B>(response: &Response<B>) -> Self {
        let extensions = response.extensions();
        match extensions.get::<Outcome>() {
            Some(Outcome::Challenge) => return Self::Challenge,
            Some(Outcome::Duplicate) => return Self::Duplicate,
            Some(Outcome::HandlerPanic) => return Self::HandlerPanic,
            Some(Outcome::HandlerTimeout) => return Self::HandlerTimeout,
            Some(Outcome::InFlight) => return Self::Refused(Reason::IdempotencyInFlight),
            // The handler ran, and its answer says how that went.
            Some(Outcome::Bypassed | Outcome::Fenced | Outcome::Local | Outcome::ReplayCounted) | None => {}
        }
        if let Some(rejection) = extensions.get::<Rejection>() {
            return Self::Refused(rejection.reason());
        }
        match response.status() {
            status if status.is_success() => response.headers().get("grpc-status").map_or(Self::Accepted, |status| {
                // <https://grpc.github.io/grpc/core/md_doc_statuscodes.html>: invalid argument, not found,
                // already exists, permission denied, failed precondition, out of range, unauthenticated.
                match status.as_bytes() {
                    b"0" => Self::Accepted,
                    b"3" | b"5" | b"6" | b"7" | b"9" | b"11" | b"16" => Self::Handler4xx,
                    _ => Self::Handler5xx,
                }
            }),
            status if status >= StatusCode::INTERNAL_SERVER_ERROR => Self::Handler5xx,
            _ => Self::Handler4xx,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_end_stands_where_its_index_says() {
        for (position, end) in End::all().enumerate() {
            assert_eq!(end.index(), position, "{end:?}");
        }
    }

    #[test]
    fn no_two_ends_have_the_same_labels() {
        let mut labels: Vec<_> = End::all().map(|end| (end.outcome(), end.reason())).collect();
        let count = labels.len();
        labels.sort_unstable();
        labels.dedup();
        assert_eq!(labels.len(), count);
    }

    #[test]
    fn refusals_are_no_failures_unless_they_are_ours() {
        for reason in Reason::ALL {
            let outcome = match reason {
                Reason::Draining => "rejected",
                Reason::IdempotencyInFlight => "in_flight",
                reason if reason.status().is_server_error() => "failed",
                _ => "rejected",
            };
            assert_eq!(End::Refused(*reason).outcome(), outcome, "{reason}");
        }
    }

    #[test]
    fn a_redirect_of_the_handler_is_a_failed_delivery() {
        for (status, end) in [
            (200, End::Accepted),
            (204, End::Accepted),
            (302, End::Handler4xx),
            (404, End::Handler4xx),
            (500, End::Handler5xx),
            (599, End::Handler5xx),
            (999, End::Handler5xx),
        ] {
            let response = Response::builder().status(status).body(()).unwrap();
            assert_eq!(End::of(&response), end, "{status}");
        }
    }

    #[test]
    fn the_status_of_grpc_counts_where_http_says_200() {
        for (status, end) in [
            ("0", End::Accepted),
            ("3", End::Handler4xx),
            ("13", End::Handler5xx),
            ("00", End::Handler5xx),
            ("", End::Handler5xx),
        ] {
            let response = Response::builder().header("grpc-status", status).body(()).unwrap();
            assert_eq!(End::of(&response), end, "{status:?}");
        }
    }

    #[test]
    fn an_outcome_wins_over_a_rejection_and_a_rejection_over_the_status() {
        let mut response = Response::builder().status(500).body(()).unwrap();
        response.extensions_mut().insert(Rejection::new(Reason::SignatureMismatch));
        assert_eq!(End::of(&response), End::Refused(Reason::SignatureMismatch));
        response.extensions_mut().insert(Outcome::Duplicate);
        assert_eq!(End::of(&response), End::Duplicate);
    }
}
