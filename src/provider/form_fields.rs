//! The fields of a form, each of which may stand there once.

use std::str::from_utf8;

use http::HeaderMap;

use super::form::{decoded, is_form};
use crate::rejection::Reason;
use crate::scheme::VerifyError;

/// Fields that are looked at: far more than a sender sends.
const MAX_FIELDS: usize = 1000;

/// Names and values, decoded and in their order.
#[derive(Debug)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Those of a body that says that it is a form.
    pub(super) fn of_body(headers: &HeaderMap, body: &[u8]) -> Result<Self, VerifyError> {
        if is_form(headers) { Self::read(body) } else { Err(error("the body is no form")) }
    }

    /// Those of a form or a query. One that stands there twice is refused: which of them was signed and which one the
    /// handler would read is anybody's guess.
    pub(super) fn read(text: &[u8]) -> Result<Self, VerifyError> {
        let mut fields = Vec::new();
        for pair in text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            if fields.len() == MAX_FIELDS {
                return Err(error("there are too many fields"));
            }
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            fields.push((field_text(halves.next())?, field_text(halves.next())?));
        }
        let mut names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| matches!(pair, [one, other] if one == other)) {
            return Err(error("a field stands there twice"));
        }
        Ok(Self(fields))
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn into_vec(self) -> Vec<(String, String)> {
        self.0
    }
}

/// What is no UTF-8 is refused rather than replaced: two forms would then have one signature.
fn field_text(half: Option<&[u8]>) -> Result<String, VerifyError> {
    let bytes = decoded(half.unwrap_or_default());
    from_utf8(&bytes).map(str::to_owned).map_err(|_| error("a field is not UTF-8"))
}

const fn error(what: &'static str) -> VerifyError {
    VerifyError::new(Reason::SignatureMismatch, what)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_field_stands_there_once_however_it_is_written() {
        let fields = Fields::read(b"a=1+2&b=%2B&&c").unwrap();
        assert_eq!((fields.get("a"), fields.get("b"), fields.get("c")), (Some("1 2"), Some("+"), Some("")));
        assert_eq!(fields.get("d"), None);
        for form in [&b"a=1&a=1"[..], b"a=1&%61=2", b"a=%ff", b"%ff=1"] {
            assert!(Fields::read(form).is_err());
        }
        assert!(Fields::read("a&".repeat(1001).as_bytes()).is_err());
        assert!(Fields::of_body(&HeaderMap::new(), b"a=1").is_err());
    }

    proptest! {
        #[test]
        fn no_form_panics(form in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(fields) = Fields::read(&form) {
                prop_assert!(fields.into_vec().len() <= MAX_FIELDS);
            }
        }
    }
}
