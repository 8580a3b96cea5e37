//! The answer to a delivery that was taken but not handled yet.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode};

use crate::config_error::{ConfigError, ConfigErrorKind};
use crate::delivery::Facts;
use crate::outcome::Outcome;

const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// What a layer says once a delivery is safe. By default 200 with the sender's exact answer where it asks for one; else
/// 202 where the sender is known to take that for success, and 200 where it is not.
#[derive(Clone, Debug, Default)]
pub(crate) struct Acknowledgement {
    status: Option<StatusCode>,
    body: Option<Bytes>,
}

impl Acknowledgement {
    pub(crate) const fn new() -> Self {
        Self { status: None, body: None }
    }

    /// With this status. Refused unless it is a 2xx: the sender would deliver again what is safe.
    pub(crate) fn with_status(self, status: u16) -> Result<Self, ConfigError> {
        match StatusCode::from_u16(status) {
            Ok(code) if code.is_success() => Ok(Self { status: Some(code), ..self }),
            _ => Err(ConfigError::new(ConfigErrorKind::Limit, format!("{status} acknowledges nothing"))),
        }
    }

    pub(crate) fn with_body(self, body: Bytes) -> Self {
        Self { body: Some(body), ..self }
    }

    /// The answer to a delivery of this sender.
    pub(crate) fn first(&self, sender: &Facts) -> Response<Bytes> {
        let exact = sender.success_answer;
        let status = if exact.is_none() && sender.takes_202 { StatusCode::ACCEPTED } else { StatusCode::OK };
        let body = self.body.clone().unwrap_or_else(|| Bytes::from_static(exact.unwrap_or_default().as_bytes()));
        let mut response = Response::new(body);
        *response.status_mut() = self.status.unwrap_or(status);
        response
    }

    /// The answer to a copy: the same, marked.
    pub(crate) fn copy(&self, sender: &Facts) -> Response<Bytes> {
        let mut response = self.first(sender);
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
        response.extensions_mut().insert(Outcome::Duplicate);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider;
    use crate::scheme::{Encoding, Plan, Scheme, header};

    fn first(acknowledgement: &Acknowledgement, sender: Scheme) -> Response<Bytes> {
        acknowledgement.first(Plan::new(sender.into()).unwrap().facts())
    }

    #[test]
    fn a_sender_gets_its_exact_answer_with_200_else_202_where_it_takes_that() {
        let acknowledgement = Acknowledgement::new();
        let adyen = first(&acknowledgement, provider::ADYEN);
        assert_eq!((adyen.status().as_u16(), &adyen.body()[..]), (200, &b"[accepted]"[..]));
        let github = first(&acknowledgement, provider::GITHUB);
        assert_eq!((github.status().as_u16(), github.body().len()), (202, 0));
        let own = Scheme::hmac_sha256("own").signature(header("x-signature"), Encoding::Hex);
        for takes_no_202_that_is_known in [provider::LEMONSQUEEZY, provider::MAILGUN, own] {
            assert_eq!(first(&acknowledgement, takes_no_202_that_is_known).status(), 200);
        }
    }

    #[test]
    fn what_is_configured_stands_for_both_and_only_a_copy_is_marked() {
        let acknowledgement = Acknowledgement::new().with_status(204).unwrap().with_body("ok".into());
        let plan = Plan::new(provider::ADYEN.into()).unwrap();
        let (first, copy) = (acknowledgement.first(plan.facts()), acknowledgement.copy(plan.facts()));
        assert_eq!((first.status(), first.body()), (copy.status(), copy.body()));
        assert_eq!((first.status().as_u16(), &first.body()[..]), (204, &b"ok"[..]));
        assert!(!first.headers().contains_key(REPLAYED));
        assert_eq!(copy.headers()[REPLAYED], "true");
    }

    #[test]
    fn nothing_but_a_2xx_acknowledges() {
        for status in [0, 199, 302, 410, 500, 1000] {
            assert!(Acknowledgement::new().with_status(status).is_err(), "{status}");
        }
    }
}
