//! Senders that sign the body, or, where it is a form, what its field `payload` holds.

use std::ops::ControlFlow;

use super::entry;
use super::form::{decoded, is_form};
use crate::rejection::Reason;
use crate::scheme::{Confidence, Emit, Encoding, Place, Scheme, SignatureRule, Unverified, VerifyError, header};

/// Gitea / Forgejo: `X-Gitea-Signature`, HMAC-SHA-256 over the body; of a form, over its decoded field `payload`, which
/// must be its only field.
pub const GITEA: Scheme = entry(
    Scheme::hmac_sha256("gitea")
        .signature(header("x-gitea-signature"), Encoding::Hex)
        .signed_by(&FormPayloadRule)
        .id(Place::Header("x-gitea-delivery"))
        .event_type(Place::Header("x-gitea-event"))
        .source(
            "go-gitea/gitea services/webhook/deliver.go; go-playground/webhooks git 02d182a gitea/gitea.go",
            Confidence::Verified,
        ),
);

/// Gogs: `X-Gogs-Signature`, HMAC-SHA-256 over the body; of a form, over its decoded field `payload`, which must be its
/// only field.
pub const GOGS: Scheme = entry(
    Scheme::hmac_sha256("gogs")
        .signature(header("x-gogs-signature"), Encoding::Hex)
        .signed_by(&FormPayloadRule)
        .id(Place::Header("x-gogs-delivery"))
        .event_type(Place::Header("x-gogs-event"))
        .source(
            "gogs/gogs internal/db/webhook.go; go-playground/webhooks git 02d182a gogs/gogs.go",
            Confidence::Verified,
        ),
);

#[derive(Debug)]
struct FormPayloadRule;

impl SignatureRule for FormPayloadRule {
    fn contents(&self, request: &Unverified<'_>, emit: &mut Emit<'_>) -> Result<(), VerifyError> {
        let _: ControlFlow<()> =
            if is_form(&request.head.headers) { emit(&[&payload(request.body)?]) } else { emit(&[request.body]) };
        Ok(())
    }
}

/// What the one field of a form holds. Another field would not be signed, so it is refused.
fn payload(form: &[u8]) -> Result<Vec<u8>, VerifyError> {
    let Some(text) = form.strip_prefix(b"payload=").filter(|text| !text.contains(&b'&')) else {
        return Err(VerifyError::new(Reason::SignatureMismatch, "the form is not one field `payload`"));
    };
    Ok(decoded(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_one_field() {
        assert_eq!(payload(b"payload=%7B%22a%22%3A+1%7D").unwrap(), br#"{"a": 1}"#);
        for form in
            [&b""[..], b"payload", b"other=1", b"other=1&payload=x", b"payload=x&other=1", b"payload=x&payload=y"]
        {
            assert!(payload(form).is_err());
        }
    }
}
