//! Headers as rules read them.

use http::request::Parts;

use crate::rejection::Reason;
use crate::scheme::VerifyError;

pub(super) const fn malformed(what: &'static str) -> VerifyError {
    VerifyError::new(Reason::MalformedSignature, what)
}

/// The one value of a header.
pub(super) fn one<'a>(head: &'a Parts, name: &str) -> Result<&'a str, VerifyError> {
    let mut lines = head.headers.get_all(name).iter();
    match (lines.next(), lines.next()) {
        (Some(line), None) => line.to_str().map_err(|_| malformed("a signed header is not ASCII")),
        (None, _) => Err(VerifyError::new(Reason::MissingSignature, "a signed header is missing")),
        (Some(_), Some(_)) => Err(malformed("a signed header stands on several lines")),
    }
}
