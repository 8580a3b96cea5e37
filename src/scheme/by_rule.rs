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
    /// Whether some of it is for a rule to find: then what a rule sees is worth putting together.
    pub(super) const fn has_rule(&self) -> bool {
        matches!(self.sender.scheme.content, Content::Rule(_))
    }

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

    /// What the rule finds in `request`: the signature, where that is the rule's to find.
    pub(super) fn text_by_rule<'a>(&self, request: &Unverified<'a>) -> Result<Option<Cow<'a, str>>, VerifyError> {
        match (self.scheme().signature, self.scheme().content) {
            (Some((Field { source: Source::Rule, .. }, _)), Content::Rule(rule)) => rule.signature(request).map(Some),
            _ => Ok(None),
        }
    }

    /// As [`text_by_rule`](Self::text_by_rule), decoded, where it is a MAC or a digest.
    pub(super) fn signature_by_rule(&self, request: &Unverified<'_>) -> Result<Option<Tag>, VerifyError> {
        let Some(text) = self.text_by_rule(request)? else { return Ok(None) };
        let malformed = || VerifyError::new(Reason::MalformedSignature, "the signature cannot be decoded");
        match self.scheme().method {
            Method::Public(_) => self.decode_public(&text, false).map(|_| None).ok_or_else(malformed),
            _ => self.decode(&text).map(Some).ok_or_else(malformed),
        }
    }

    /// The time that the rule finds in `request`, which is verified by now.
    pub(super) fn time_by_rule(
        &self,
        request: &Unverified<'_>,
        now: Option<UnixTime>,
    ) -> Result<Option<UnixTime>, VerifyError> {
        match (self.scheme().timestamp, self.scheme().content) {
            (Some((Field { source: Source::Rule, .. }, format)), Content::Rule(rule)) => {
                self.check_time(&rule.timestamp(request)?, format, now).map(Some)
            }
            _ => Ok(None),
        }
    }
}
