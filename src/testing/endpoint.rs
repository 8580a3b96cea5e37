//! Sends deliveries to a service and looks at what it answers.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use tower_service::Service;

use super::TestDelivery;
use crate::outcome::Outcome;
use crate::rejection::{Reason, Rejection};

/// A service under test: an axum `Router`, or anything else that takes a `Request<Full<Bytes>>`.
#[derive(Clone, Debug)]
pub struct Endpoint<S> {
    service: S,
}

impl<S> Endpoint<S> {
    /// Drives `service`; each delivery goes to a clone of it, as servers do it.
    pub const fn new(service: S) -> Self {
        Self { service }
    }

    /// Sends a delivery, and waits for the whole answer.
    ///
    /// # Panics
    /// If the service fails instead of answering.
    pub async fn send<ResBody>(&self, delivery: &TestDelivery) -> Answer
    where
        S: Service<Request<Full<Bytes>>, Response = Response<ResBody>, Error: fmt::Debug> + Clone,
        ResBody: Body<Error: fmt::Debug>,
    {
        let mut service = self.service.clone();
        std::future::poll_fn(|cx| service.poll_ready(cx)).await.expect("a service that becomes ready");
        let response = service.call(delivery.to_request()).await.expect("a service that answers");
        let (head, body) = response.into_parts();
        let body = body.collect().await.expect("an answer that can be read").to_bytes();
        Answer {
            status: head.status,
            headers: head.headers,
            body,
            rejection: head.extensions.get::<Rejection>().cloned(),
            outcome: head.extensions.get::<Outcome>().copied(),
        }
    }
}

/// What an endpoint answered.
#[derive(Clone, Debug)]
#[must_use]
pub struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    rejection: Option<Rejection>,
    outcome: Option<Outcome>,
}

impl Answer {
    /// The status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers.
    #[must_use]
    pub const fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The body.
    #[must_use]
    pub const fn body(&self) -> &Bytes {
        &self.body
    }

    /// Why it was refused, if it was.
    #[must_use]
    pub const fn rejection(&self) -> Option<&Rejection> {
        self.rejection.as_ref()
    }

    /// What else became of it.
    #[must_use]
    pub const fn outcome(&self) -> Option<Outcome> {
        self.outcome
    }

    /// The handler ran and answered 2xx.
    ///
    /// # Panics
    /// If not.
    #[track_caller]
    pub fn assert_accepted(self) {
        assert!(
            self.status.is_success() && self.rejection.is_none() && self.outcome.is_none(),
            "not accepted: {} {:?} {:?}",
            self.status,
            self.rejection,
            self.outcome
        );
    }

    /// It was known already, and the handler did not run again.
    ///
    /// # Panics
    /// If not.
    #[track_caller]
    pub fn assert_duplicate(self) {
        assert_eq!(self.outcome, Some(Outcome::Duplicate), "not a duplicate: {} {:?}", self.status, self.rejection);
    }

    /// A handshake was answered, and the handler did not run.
    ///
    /// # Panics
    /// If not.
    #[track_caller]
    pub fn assert_challenge_answered(self) {
        assert_eq!(self.outcome, Some(Outcome::Challenge), "no challenge: {} {:?}", self.status, self.rejection);
    }

    /// It was refused, and for this reason.
    ///
    /// # Panics
    /// If not.
    #[track_caller]
    pub fn assert_rejected(self, reason: Reason) {
        let found = self.rejection.as_ref().map(Rejection::reason);
        assert_eq!(found, Some(reason), "refused otherwise, or not at all: {} {:?}", self.status, self.rejection);
    }
}
