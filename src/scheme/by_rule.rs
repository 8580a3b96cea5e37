//! What a scheme leaves to a rule of its own, and what that rule finds.

use std::borrow::Cow;

use bytes::Bytes;
use http::request::Parts;

use super::VerifyError;
use super::field::{Field, Source};
use super::plan::{Examined, Plan};
use super::rule::Unverified;
use super::terms::{Content, Method};
use crate::clock::UnixTime;
use crate::crypto::Tag;
use crate::rejection::Reason;

impl Plan {
    /// What a rule sees; `secret` is that of a digest.
    pub(super) fn unverified<'a>(
        &'a self,
        examined: &Examined,
        head: &'a Parts,
        body: &'a Bytes,
        secret: &'a [u8],
    ) -> Unverified<'a> {
        self.sender.unverified(head, body, self.timestamp(examined, head), secret)
    }

    /// The signature, where that is the rule's to find.
    pub(super) fn text_by_rule<'a>(
        &'a self,
        examined: &Examined,
        head: &'a Parts,
        body: &'a Bytes,
    ) -> Result<Option<Cow<'a, str>>, VerifyError> {
        match (self.scheme().signature, self.scheme().content) {
            (Some((Field { source: Source::Rule, .. }, _)), Content::Rule(rule)) => {
                rule.signature(&self.unverified(examined, head, body, &[])).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// As [`text_by_rule`](Self::text_by_rule), decoded, where it is a MAC or a digest.
    pub(super) fn signature_by_rule(
        &self,
        examined: &Examined,
        head: &Parts,
        body: &Bytes,
    ) -> Result<Option<Tag>, VerifyError> {
        let Some(text) = self.text_by_rule(examined, head, body)? else { return Ok(None) };
        let malformed = || VerifyError::new(Reason::MalformedSignature, "the signature cannot be decoded");
        match self.scheme().method {
            Method::Public(_) => self.decode_public(&text, false).map(|_| None).ok_or_else(malformed),
            _ => self.decode(&text).map(Some).ok_or_else(malformed),
        }
    }

    /// The time that the rule finds in a request, which is verified by now.
    pub(super) fn time_by_rule(
        &self,
        examined: &Examined,
        (head, body): (&Parts, &Bytes),
        now: Option<UnixTime>,
    ) -> Result<Option<UnixTime>, VerifyError> {
        match (self.scheme().timestamp, self.scheme().content) {
            (Some((Field { source: Source::Rule, .. }, format)), Content::Rule(rule)) => {
                let text = rule.timestamp(&self.unverified(examined, head, body, &[]))?;
                self.check_time(&text, format, now).map(Some)
            }
            _ => Ok(None),
        }
    }
}
