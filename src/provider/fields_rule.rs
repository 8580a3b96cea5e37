//! Senders that sign some fields, one after the other.

use std::borrow::Cow;
use std::ops::ControlFlow;

use zeroize::Zeroizing;

use super::form_fields::Fields;
use super::json_object::Objects;
use crate::rejection::Reason;
use crate::scheme::{Coverage, Emit, SignatureRule, Unverified, VerifyError};

/// What is signed: fields of a JSON body by their pointers, or of a form by their names.
///
/// Where nothing stands between them, whoever has seen one delivery can send it again with text moved from one field to
/// its neighbour.
#[derive(Debug)]
pub(super) struct FieldsRule {
    pub(super) content: &'static [Item],
    pub(super) between: &'static str,
    /// The fields of `content`.
    pub(super) covered: &'static [&'static str],
    /// The field of the signature, where it is no header.
    pub(super) signature: &'static str,
    /// The field of the timestamp, in a form.
    pub(super) time: &'static str,
}

/// A part of what is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item {
    Field(&'static str),
    /// Empty text where it is missing or `null`.
    Optional(&'static str),
    PublicUrl,
    Secret,
    /// Its last byte first.
    SecretReversed,
}

impl FieldsRule {
    pub(super) const fn of(content: &'static [Item], covered: &'static [&'static str]) -> Self {
        Self { content, between: "", covered, signature: "", time: "" }
    }

    pub(super) const fn between(mut self, text: &'static str) -> Self {
        self.between = text;
        self
    }

    pub(super) const fn signature_at(mut self, field: &'static str) -> Self {
        self.signature = field;
        self
    }

    pub(super) const fn time_at(mut self, field: &'static str) -> Self {
        self.time = field;
        self
    }
}

/// The body, read as the fields are named.
enum Source<'a> {
    Form(Fields),
    Json(Objects<'a>),
}

impl<'a> Source<'a> {
    fn of(request: &Unverified<'a>, field: &str) -> Result<Self, VerifyError> {
        Ok(match field.starts_with('/') {
            true => Self::Json(Objects::of(request.body)),
            false => Self::Form(Fields::of_body(&request.head.headers, request.body)?),
        })
    }

    fn text_at(&mut self, field: &'static str) -> Result<Option<Cow<'a, str>>, VerifyError> {
        match self {
            Self::Form(fields) => Ok(fields.get(field).map(|text| Cow::Owned(text.to_owned()))),
            Self::Json(objects) => objects.text_at(field),
        }
    }
}

impl SignatureRule for FieldsRule {
    fn covers(&self) -> Coverage {
        Coverage::Fields(self.covered)
    }

    fn signs_url(&self) -> bool {
        self.content.contains(&Item::PublicUrl)
    }

    fn signature<'a>(&self, request: &Unverified<'a>) -> Result<Cow<'a, str>, VerifyError> {
        let found = Source::of(request, self.signature)?.text_at(self.signature)?;
        found.ok_or(VerifyError::new(Reason::MissingSignature, "there is no signature in the body"))
    }

    fn timestamp<'a>(&self, request: &Unverified<'a>) -> Result<Cow<'a, str>, VerifyError> {
        let found = Source::of(request, self.time)?.text_at(self.time)?;
        found.ok_or(VerifyError::new(Reason::MissingTimestamp, "there is no timestamp in the body"))
    }

    fn contents(&self, request: &Unverified<'_>, emit: &mut Emit<'_>) -> Result<(), VerifyError> {
        let mut source = Source::of(request, self.covered.first().copied().unwrap_or_default())?;
        // A secret may be in it.
        let mut content = Zeroizing::new(Vec::with_capacity(request.body.len() + 2 * request.secret.len()));
        for (at, item) in self.content.iter().enumerate() {
            if at > 0 {
                content.extend_from_slice(self.between.as_bytes());
            }
            match item {
                Item::Field(field) => {
                    let missing = VerifyError::new(Reason::SignatureMismatch, "a signed field is missing");
                    let text = source.text_at(field)?.ok_or(missing)?;
                    // Two contents would be signed alike.
                    if !self.between.is_empty() && text.contains(self.between) {
                        return Err(VerifyError::new(
                            Reason::SignatureMismatch,
                            "a signed field contains the separator",
                        ));
                    }
                    content.extend_from_slice(text.as_bytes());
                }
                Item::Optional(field) => {
                    content.extend_from_slice(source.text_at(field)?.unwrap_or_default().as_bytes());
                }
                Item::PublicUrl => content.extend_from_slice(request.public_url.as_bytes()),
                Item::Secret => content.extend_from_slice(request.secret),
                Item::SecretReversed => content.extend(request.secret.iter().rev()),
            }
        }
        let _: ControlFlow<()> = emit(&[&content]);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::Request;

    use super::*;

    fn content(rule: &FieldsRule, body: &'static str) -> Option<String> {
        let (head, ()) = Request::post("/").body(()).unwrap().into_parts();
        let (body, mut content) = (Bytes::from(body), None);
        let request =
            Unverified { head: &head, body: &body, public_url: "", key_id: "", timestamp: "", secret: b"key" };
        rule.contents(&request, &mut |slices| {
            content = String::from_utf8(slices.concat()).ok();
            ControlFlow::Break(())
        })
        .ok()?;
        content
    }

    #[test]
    fn fields_and_secret_stand_in_their_order() {
        const RULE: FieldsRule = FieldsRule::of(
            &[Item::Field("/a"), Item::Optional("/b"), Item::Secret, Item::SecretReversed],
            &["/a", "/b"],
        );
        assert_eq!(content(&RULE, r#"{"b":"2","a":1}"#).as_deref(), Some("12keyyek"));
        assert_eq!(content(&RULE, r#"{"a":1,"b":null}"#).as_deref(), Some("1keyyek"));
        for body in [r#"{"b":2}"#, r#"{"a":null}"#, r#"{"a":1,"a":1}"#, r#"{"a":{}}"#, ""] {
            assert_eq!(content(&RULE, body), None, "{body}");
        }
    }

    #[test]
    fn no_field_contains_what_stands_between_them() {
        const RULE: FieldsRule = FieldsRule::of(&[Item::Field("/a"), Item::Field("/b")], &["/a", "/b"]).between(",");
        assert_eq!(content(&RULE, r#"{"a":"1","b":"2"}"#).as_deref(), Some("1,2"));
        assert_eq!(content(&RULE, r#"{"a":"1,","b":"2"}"#), None);
    }
}
