//! Senders that sign what the one field of a form holds; two of them a body that is no form as well.

use std::ops::ControlFlow;

use super::form::{decoded, is_form};
use super::{challenges, entry, url_entry};
use crate::rejection::Reason;
use crate::scheme::{
    Confidence, Emit, Encoding, Place, Scheme, SignatureRule, Unverified, UrlScheme, VerifyError, header,
};

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

/// Mailchimp Transactional (Mandrill): `X-Mandrill-Signature: <base64>`, HMAC-SHA-1 over `<URL>mandrill_events<value>`:
/// the decoded field `mandrill_events` of a form, which must be its only field. Each delivery is a batch. The request
/// that checks a new URL is signed with the key `test-webhook` and thus refused; Mandrill asks for its status by `HEAD`.
pub const MANDRILL: UrlScheme = url_entry(
    Scheme::hmac_sha1("mandrill")
        .signature(header("x-mandrill-signature"), Encoding::Base64)
        .signed_by(&MandrillRule)
        .challenge(challenges::ANY_HEAD)
        .source("SlopMaster2/webhook-verify src/providers/mod.rs; public receiver code", Confidence::ThirdParty),
);

#[derive(Debug)]
struct MandrillRule;

impl SignatureRule for MandrillRule {
    fn signs_url(&self) -> bool {
        true
    }

    fn contents(&self, request: &Unverified<'_>, emit: &mut Emit<'_>) -> Result<(), VerifyError> {
        let events = field(request.body, "mandrill_events")?;
        let _: ControlFlow<()> = emit(&[request.public_url.as_bytes(), b"mandrill_events", &events]);
        Ok(())
    }
}

#[derive(Debug)]
struct FormPayloadRule;

impl SignatureRule for FormPayloadRule {
    fn contents(&self, request: &Unverified<'_>, emit: &mut Emit<'_>) -> Result<(), VerifyError> {
        let _: ControlFlow<()> = if is_form(&request.head.headers) {
            emit(&[&field(request.body, "payload")?])
        } else {
            emit(&[request.body])
        };
        Ok(())
    }
}

/// What the one field of a form holds. Another field would not be signed, so it is refused.
fn field(form: &[u8], name: &str) -> Result<Vec<u8>, VerifyError> {
    let Some(text) = form
        .strip_prefix(name.as_bytes())
        .and_then(|rest| rest.strip_prefix(b"="))
        .filter(|text| !text.contains(&b'&'))
    else {
        return Err(VerifyError::new(Reason::SignatureMismatch, "the form is not the one field that is signed"));
    };
    Ok(decoded(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_one_field() {
        let payload = |form| field(form, "payload");
        assert_eq!(payload(b"payload=%7B%22a%22%3A+1%7D").unwrap(), br#"{"a": 1}"#);
        for form in
            [&b""[..], b"payload", b"other=1", b"other=1&payload=x", b"payload=x&other=1", b"payload=x&payload=y"]
        {
            assert!(payload(form).is_err());
        }
    }
}
