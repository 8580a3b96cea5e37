//! Dropbox Sign, which signs time and type of an event and nothing else of it.

use std::borrow::Cow;
use std::ops::ControlFlow;

use super::entry;
use super::json_object::Objects;
use super::multipart;
use crate::rejection::Reason;
use crate::scheme::{
    Confidence, Coverage, Emit, Encoding, Place, Scheme, SignatureRule, TimestampFormat, Unverified, VerifyError,
    by_rule, days,
};

/// Dropbox Sign (`HelloSign`): `event.event_hash`, HMAC-SHA-256 under the API key over `event.event_time` and
/// `event.event_type`. The body is JSON, in the field `json` of a multipart form or as it is. What happened to which
/// document is not signed: fetch the signature request by its id. Two events of one second and type are signed alike, so
/// there is no delivery id. The time is that of the event, and retries go on for three days, so old is what is older than
/// four. A delivery counts as received by the answer `Hello API Event Received`.
/// <https://developers.hellosign.com/docs/events/walkthrough/>
pub const DROPBOX_SIGN: Scheme = entry(
    Scheme::hmac_sha256("dropbox-sign")
        .signature(by_rule(), Encoding::Hex)
        .timestamp(by_rule(), TimestampFormat::UnixSeconds)
        .tolerance(days(4))
        .signed_by(&DropboxSignRule)
        .event_type(Place::Json("/event/event_type"))
        .retries_for(days(3))
        .answer("Hello API Event Received")
        .source("npm @dropbox/sign 1.11.0; hellosign/dropbox-sign-python test_fixtures", Confidence::Verified),
);

#[derive(Debug)]
struct DropboxSignRule;

fn text_at<'a>(request: &Unverified<'a>, pointer: &'static str) -> Result<Option<Cow<'a, str>>, VerifyError> {
    let json = match multipart::boundary(&request.head.headers) {
        Some(boundary) => multipart::field(request.body, boundary, "json")?,
        None => request.body,
    };
    Objects::of(json).text_at(pointer)
}

impl SignatureRule for DropboxSignRule {
    fn covers(&self) -> Coverage {
        Coverage::Fields(&["/event/event_time", "/event/event_type"])
    }

    fn signature<'a>(&self, request: &Unverified<'a>) -> Result<Cow<'a, str>, VerifyError> {
        text_at(request, "/event/event_hash")?
            .ok_or(VerifyError::new(Reason::MissingSignature, "there is no signature in the body"))
    }

    fn timestamp<'a>(&self, request: &Unverified<'a>) -> Result<Cow<'a, str>, VerifyError> {
        text_at(request, "/event/event_time")?
            .ok_or(VerifyError::new(Reason::MissingTimestamp, "there is no timestamp in the body"))
    }

    fn contents(&self, request: &Unverified<'_>, emit: &mut Emit<'_>) -> Result<(), VerifyError> {
        let missing = || VerifyError::new(Reason::SignatureMismatch, "a signed field is missing");
        let time = text_at(request, "/event/event_time")?.ok_or_else(missing)?;
        let kind = text_at(request, "/event/event_type")?.ok_or_else(missing)?;
        let _: ControlFlow<()> = emit(&[time.as_bytes(), kind.as_bytes()]);
        Ok(())
    }
}
