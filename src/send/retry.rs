//! When a request is sent again.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::header::RETRY_AFTER;
use http::{HeaderMap, Request, Response, StatusCode};
use tokio::time::{Instant, Sleep, sleep};
use tower::retry::Policy;
use tower::retry::budget::Budget;

use super::public_address::RefusedAddress;
use super::public_connector::TlsMissing;
use super::sign::SigningError;
use crate::body::BoxError;
use crate::clock::{Clock, SystemClock, UnixTime};
use crate::retry_schedule::RetrySchedule;

/// What the status of an answer says to the one who sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Answered {
    /// 2xx: it has arrived.
    Delivered,
    /// 410: the receiver wants no more deliveries. Switch the endpoint off.
    Gone,
    /// 408, 425, 429, 5xx: later perhaps.
    Later,
    /// Everything else: the same request will fare no better. Redirects are among them, as they are not followed.
    Refused,
}

impl Answered {
    /// What this status says.
    #[must_use]
    pub fn by(status: StatusCode) -> Self {
        match status.as_u16() {
            200..=299 => Self::Delivered,
            410 => Self::Gone,
            408 | 425 | 429 | 500..=599 => Self::Later,
            _ => Self::Refused,
        }
    }
}

/// Sends again what may fare better later: a policy for [`tower::retry`].
///
/// 408, 425, 429, 5xx and requests that got no answer are sent again; a [`SigningError`], a [`RefusedAddress`] and a
/// [`TlsMissing`] are not.
/// A `Retry-After` (seconds or a date) makes a wait longer, never shorter. Waiting needs a tokio runtime with time
/// enabled.
///
/// Default: 5 retries after 1, 2, 4, 8 and 16 seconds, each varied by a fifth; `Retry-After` up to 10 minutes; no total
/// deadline, no budget. An attempt has no bound of its own: put tower's `TimeoutLayer` inside of the retries.
#[derive(Clone)]
#[must_use]
pub struct RetryPolicy {
    schedule: RetrySchedule,
    longest_retry_after: Duration,
    total: Option<Duration>,
    budget: Option<Arc<dyn Budget + Send + Sync>>,
    clock: Arc<dyn Clock>,
    /// Of the request that this copy is for.
    began: Option<Instant>,
    retries: u32,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        let first = Duration::from_secs(1);
        Self::new(RetrySchedule::exponential(first, first * 16, 5).unwrap_or_default())
    }
}

impl RetryPolicy {
    /// Retries by this schedule.
    pub fn new(schedule: RetrySchedule) -> Self {
        Self {
            schedule,
            longest_retry_after: Duration::from_secs(600),
            total: None,
            budget: None,
            clock: Arc::new(SystemClock),
            began: None,
            retries: 0,
        }
    }

    /// The longest `Retry-After` that is heeded; a longer one is cut to it. Default: 10 minutes.
    pub fn longest_retry_after(self, longest: Duration) -> Self {
        Self { longest_retry_after: longest, ..self }
    }

    /// No attempt begins later than this after the first. An attempt that is under way then may still take its
    /// [own time](super::SendLayer::attempt_timeout). Default: no
    /// bound but the schedule's.
    pub fn total_deadline(self, total: Duration) -> Self {
        Self { total: Some(total), ..self }
    }

    /// Retries only while this budget lasts, such as [`TpsBudget`](tower::retry::budget::TpsBudget): a receiver that is
    /// down is not asked many times as often as one that is up. Clones of the policy share it. Default: none.
    pub fn budget(self, budget: impl Budget + Send + Sync + 'static) -> Self {
        Self { budget: Some(Arc::new(budget)), ..self }
    }

    /// The wall clock that dates in `Retry-After` are compared with. Default: [`SystemClock`].
    pub fn clock(self, clock: impl Clock) -> Self {
        Self { clock: Arc::new(clock), ..self }
    }

    /// How long to wait before the next attempt; `None`: there is none.
    fn next(&mut self, asked: Option<Duration>) -> Option<Duration> {
        let retry = self.retries.saturating_add(1);
        let wait = self.schedule.wait(retry)?.max(asked.unwrap_or_default());
        if let (Some(total), Some(began)) = (self.total, self.began)
            && began.elapsed().saturating_add(wait) > total
        {
            return None;
        }
        if self.budget.as_ref().is_some_and(|budget| !budget.withdraw()) {
            return None;
        }
        self.retries = retry;
        Some(wait)
    }

    /// What the answer asks for, cut to the longest that is heeded.
    fn retry_after(&self, headers: &HeaderMap) -> Option<Duration> {
        let asked = retry_after(headers, self.clock.now())?;
        Some(asked.min(self.longest_retry_after))
    }
}

/// `Retry-After` as [RFC 9110 §10.2.3](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3) has it: seconds, or a date.
fn retry_after(headers: &HeaderMap, now: Option<UnixTime>) -> Option<Duration> {
    let mut lines = headers.get_all(RETRY_AFTER).iter();
    let (line, None) = (lines.next()?, lines.next()) else { return None };
    let text = line.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than a number has are still a long time.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    let date = date.duration_since(std::time::SystemTime::UNIX_EPOCH).ok()?;
    Some(UnixTime::from_secs(date.as_secs()).saturating_since(now?))
}

/// Whether another attempt cannot end otherwise.
fn is_final<E: 'static>(error: &E) -> bool {
    let error: &dyn Any = error;
    let mut next: Option<&(dyn Error + 'static)> = match error.downcast_ref::<BoxError>() {
        Some(boxed) => Some(&**boxed),
        None => error.downcast_ref::<hyper_util::client::legacy::Error>().map(|error| error as &(dyn Error + 'static)),
    };
    while let Some(error) = next {
        if error.is::<RefusedAddress>() || error.is::<TlsMissing>() || error.is::<SigningError>() {
            return true;
        }
        next = error.source();
    }
    false
}

impl<B, R, E> Policy<Request<B>, Response<R>, E> for RetryPolicy
where
    B: Clone,
    E: 'static,
{
    type Future = Sleep;

    fn retry(&mut self, _: &mut Request<B>, result: &mut Result<Response<R>, E>) -> Option<Sleep> {
        let asked = match result {
            Ok(response) if Answered::by(response.status()) == Answered::Later => self.retry_after(response.headers()),
            Err(error) if !is_final(error) => None,
            Ok(_) => {
                if let Some(budget) = &self.budget {
                    budget.deposit();
                }
                return None;
            }
            Err(_) => return None,
        };
        self.next(asked).map(sleep)
    }

    fn clone_request(&mut self, request: &Request<B>) -> Option<Request<B>> {
        self.began.get_or_insert_with(Instant::now);
        Some(request.clone())
    }
}

impl fmt::Debug for RetryPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryPolicy")
            .field("schedule", &self.schedule)
            .field("longest_retry_after", &self.longest_retry_after)
            .field("total", &self.total)
            .field("budget", &self.budget.is_some())
            .field("retries", &self.retries)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_says_one_thing() {
        for status in 200..600 {
            let said = Answered::by(StatusCode::from_u16(status).unwrap());
            let expected = match status {
                200..=299 => Answered::Delivered,
                410 => Answered::Gone,
                408 | 425 | 429 | 500.. => Answered::Later,
                _ => Answered::Refused,
            };
            assert_eq!(said, expected, "{status}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_and_nothing_else() {
        let now = Some(UnixTime::from_secs(784_111_777));
        let asked = |lines: &[&str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(RETRY_AFTER, line.parse().unwrap());
            }
            retry_after(&headers, now).map(|wait| wait.as_secs())
        };
        assert_eq!(asked(&["120"]), Some(120));
        assert_eq!(asked(&["0"]), Some(0));
        assert_eq!(asked(&["99999999999999999999999999"]), Some(u64::MAX));
        // The date of RFC 9110 §5.6.7 lies 30 s after 08:49:07.
        assert_eq!(asked(&["Sun, 06 Nov 1994 08:50:07 GMT"]), Some(30));
        assert_eq!(asked(&["Sun, 06 Nov 1994 08:49:00 GMT"]), Some(0), "a date that is past");
        for wrong in [&[][..], &[""], &["-1"], &["1.5"], &["soon"], &["5", "5"], &["5, 5"]] {
            assert_eq!(asked(wrong), None, "{wrong:?}");
        }
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, "Sun, 06 Nov 1994 08:50:07 GMT".parse().unwrap());
        assert_eq!(retry_after(&headers, None), None, "a clock that is wrong compares nothing");
    }
}
