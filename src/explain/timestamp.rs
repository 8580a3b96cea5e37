//! Timestamps out of their time, in another unit, not signed, missing.

use std::time::Duration;

use super::cause::Cause;
use super::explanation::Explanation;
use super::search::Search;
use crate::clock::UnixTime;
use crate::rejection::Reason;
use crate::scheme::{Part, TimestampFormat};

/// How the time is written elsewhere, and what that is called.
const FORMATS: [(TimestampFormat, &str); 5] = [
    (TimestampFormat::UnixMillis, "milliseconds"),
    (TimestampFormat::UnixSeconds, "seconds"),
    (TimestampFormat::Rfc3339, "a date of RFC 3339"),
    (TimestampFormat::Iso8601Utc, "a date without offset"),
    (TimestampFormat::HttpDate, "a date of HTTP"),
];

/// So near to now a time is one that was meant.
const NEAR: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The timestamp is wrong, and the signature is right.
pub(super) fn prove(search: &mut Search<'_>) -> Option<Explanation> {
    search.body?;
    let scheme = *search.scheme();
    for (format, what) in other_formats(search) {
        let Some(other) = scheme.with_timestamp_format(format) else { continue };
        let sender = search.route.sender().signing_as(other);
        if search.at_any_time(&sender).is_some() {
            let sentence = format!("the timestamp is written as {what}; the signature over it is right");
            return Some(Explanation::proven(Cause::TimestampUnit, sentence));
        }
    }
    let sender = search.route.sender().clone();
    let sent = search.at_any_time(&sender)?.sent_at()?;
    let (cause, skew) = skew(search, sent)?;
    Some(Explanation::proven(cause, format!("the signature is right, and its timestamp lies {skew}")))
}

/// The other formats in which what came is a time near to now.
fn other_formats(search: &Search<'_>) -> Vec<(TimestampFormat, &'static str)> {
    let (Some(text), Some(now)) = (search.scheme().shown_timestamp(search.head), search.now) else { return Vec::new() };
    let own = search.scheme().timestamp_format();
    let near = |time: UnixTime| now.saturating_since(time) <= NEAR && time.saturating_since(now) <= NEAR;
    if own.and_then(|format| format.parse(&text)).is_some_and(near) {
        // It was read as it was meant.
        return Vec::new();
    }
    let other = FORMATS.into_iter().filter(|(format, _)| Some(*format) != own);
    other.filter(|(format, _)| format.parse(&text).is_some_and(near)).collect()
}

/// How far a time lies from now, in words.
fn skew(search: &Search<'_>, sent: UnixTime) -> Option<(Cause, String)> {
    let now = search.now?;
    let allowed = search.route.allowed().as_secs();
    let (past, ahead) = (now.saturating_since(sent), sent.saturating_since(now));
    if past > search.route.allowed() {
        return Some((Cause::TimestampOld, format!("{} s in the past; tolerance {allowed} s", past.as_secs())));
    }
    (ahead > search.route.allowed())
        .then(|| (Cause::TimestampAhead, format!("{} s ahead; tolerance {allowed} s", ahead.as_secs())))
}

/// The timestamp alone is wrong.
pub(super) fn likely(search: &Search<'_>) -> Option<Explanation> {
    if search.reason == Reason::MissingTimestamp {
        return Some(Explanation::likely(
            Cause::TimestampMissing,
            "there is no timestamp where the scheme looks for it",
        ));
    }
    if let Some((_, what)) = other_formats(search).first() {
        return Some(Explanation::likely(Cause::TimestampUnit, format!("the timestamp is written as {what}")));
    }
    let text = search.scheme().shown_timestamp(search.head);
    let sent = text.as_deref().and_then(|text| search.scheme().timestamp_format()?.parse(text));
    if let Some((cause, skew)) = sent.and_then(|sent| skew(search, sent)) {
        return Some(Explanation::likely(cause, format!("the timestamp lies {skew}")));
    }
    match search.reason {
        Reason::MalformedTimestamp => Some(Explanation::likely(
            Cause::TimestampUnit,
            "the timestamp is written in a way that the scheme does not know",
        )),
        Reason::TimestampTooOld => {
            Some(Explanation::likely(Cause::TimestampOld, "the timestamp lies too far in the past"))
        }
        Reason::TimestampInFuture => {
            Some(Explanation::likely(Cause::TimestampAhead, "the timestamp lies too far ahead"))
        }
        _ => None,
    }
}

/// The body was signed without the timestamp, or the timestamp without what else belongs there.
pub(super) fn prove_unsigned(search: &mut Search<'_>) -> Option<Explanation> {
    const BODY: &[Part] = &[Part::Body];
    const OTHERS: [(&[Part], &str); 4] = [
        (BODY, "the body alone"),
        (&[Part::Timestamp, Part::Lit("."), Part::Body], "`<timestamp>.<body>`"),
        (&[Part::Timestamp, Part::Body], "`<timestamp><body>`"),
        (&[Part::Body, Part::Timestamp], "`<body><timestamp>`"),
    ];
    let scheme = *search.scheme();
    let parts = scheme.parts().filter(|parts| scheme.computes_tag() && !parts.contains(&Part::Secret))?;
    for (other, what) in OTHERS {
        let signs_time = other.contains(&Part::Timestamp);
        if other == parts || (signs_time && scheme.timestamp_format().is_none()) {
            continue;
        }
        let signed = scheme.signed(other);
        let signed = if signs_time { signed } else { signed.without_timestamp() };
        if search.fits(&search.route.sender().signing_as(signed), search.route.keys()) {
            let sentence = format!("the signature covers {what}, not all that the scheme says");
            return Some(Explanation::proven(Cause::TimestampNotSigned, sentence));
        }
    }
    None
}
