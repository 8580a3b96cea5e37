//! Which key a token names.

use std::str;

use serde_json::Value;

use super::signed_header::one;
use crate::rejection::Reason;
use crate::scheme::{KeyName, KeyRule, Unverified, VerifyError, token_header};

/// The `kid` in a token's header: one key of a set whose URL is known beforehand, or else the id of a key that is a
/// document of its own, where the receiver's source knows where the keys of its account are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kid {
    /// Header and what stands before the token there; `None` where the token is the body.
    header: Option<(&'static str, &'static str)>,
    set: Option<&'static str>,
}

impl Kid {
    pub(super) const fn in_header(name: &'static str, prefix: &'static str) -> Self {
        Self { header: Some((name, prefix)), set: None }
    }

    pub(super) const fn in_body() -> Self {
        Self { header: None, set: None }
    }

    pub(super) const fn of_set(self, url: &'static str) -> Self {
        Self { set: Some(url), ..self }
    }
}

impl KeyRule for Kid {
    fn key(&self, request: &Unverified<'_>) -> Result<KeyName, VerifyError> {
        let token = match self.header {
            Some((name, prefix)) => one(request.head, name)?.strip_prefix(prefix),
            None => str::from_utf8(request.body).ok(),
        };
        let fields = token.and_then(token_header);
        let kid = fields.as_ref().and_then(|fields| fields.get("kid")).and_then(Value::as_str);
        match (self.set, kid) {
            (Some(url), kid) => KeyName::in_set(url, kid),
            (None, Some(kid)) => KeyName::id(kid),
            (None, None) => Err(VerifyError::new(Reason::UnknownKey, "the token does not name its key")),
        }
    }

    fn reads_body(&self) -> bool {
        self.header.is_none()
    }
}
