//! What a handler's answer means to the inbox.

use std::time::Duration;

use http::Response;
use http::StatusCode;

/// How a handler's run ended, as the inbox sees it.
///
/// It is told by the status: 2xx is [`Done`](Self::Done); 5xx, 408, 425 and 429 are [`Retry`](Self::Retry), as are a
/// timeout, a panic and an error of the service; all others are [`Permanent`](Self::Permanent). A handler that knows
/// better puts one into the extensions of its response. The body of the answer is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InboxOutcome {
    /// It is handled.
    Done,
    /// It never will be: a dead letter at once, with this reason.
    Permanent(String),
    /// It is tried again: after this time, else by the schedule.
    Retry {
        /// The least time to wait; the schedule still says how often it is tried.
        after: Option<Duration>,
    },
}

impl InboxOutcome {
    pub(super) fn of<B>(response: &Response<B>) -> Self {
        if let Some(own) = response.extensions().get::<Self>() {
            return own.clone();
        }
        match response.status() {
            status if status.is_success() => Self::Done,
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
                Self::Retry { after: None }
            }
            status if status.is_server_error() => Self::Retry { after: None },
            status => Self::Permanent(format!("the handler answered {}", status.as_u16())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_says_it_unless_the_handler_says_otherwise() {
        let of = |status: u16| InboxOutcome::of(&Response::builder().status(status).body(()).unwrap());
        for status in [200, 202, 204] {
            assert_eq!(of(status), InboxOutcome::Done);
        }
        for status in [408, 425, 429, 500, 503] {
            assert_eq!(of(status), InboxOutcome::Retry { after: None });
        }
        for status in [302, 400, 404, 410] {
            assert!(matches!(of(status), InboxOutcome::Permanent(_)));
        }
        let own = Response::builder().status(400).extension(InboxOutcome::Done).body(()).unwrap();
        assert_eq!(InboxOutcome::of(&own), InboxOutcome::Done);
    }
}
