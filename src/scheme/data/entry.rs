//! One scheme as a file says it.

use std::time::Duration;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};

use super::super::conduct::Conduct;
use super::super::description::Scheme;
use super::super::field::Field;
use super::super::terms::{self, Content, Method};
use super::challenge::Question;
use super::conduct::Statuses;
use super::place::{FieldText, is_false};
use super::words::{Algorithm, Confidence, Part, Place, SecretText, TimestampFormat};
use crate::encoding;
use crate::provider;

/// Characters of a name: it is a label of metrics, too.
const LONGEST_NAME: usize = 64;
/// Parts of what is signed.
const MOST_PARTS: usize = 64;
/// Any duration.
const LONGEST_DURATION: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// One scheme.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    #[serde(rename = "id", alias = "name")]
    name: String,
    algorithm: Algorithm,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<FieldText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ed25519: Option<FieldText>,
    #[serde(default, deserialize_with = "SecretText::read", skip_serializing_if = "Option::is_none")]
    secret_text: Option<SecretText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signed: Option<Vec<Part>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<FieldText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp_in_body: Option<TimeInBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tolerance_s: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery_id: Option<Place>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_type: Option<Place>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    other_names: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "is_false")]
    bodies_are_unique: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    body_limit: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deadline_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retries_for_s: Option<u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    answered: Vec<Statuses>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unauthorized_as: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip_list: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    challenge: Vec<Question>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<Confidence>,
    /// Written only.
    #[serde(default, deserialize_with = "not_read", skip_serializing_if = "Option::is_none")]
    facts: Option<Facts>,
}

/// A timestamp in the JSON body.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct TimeInBody {
    json: String,
    format: TimestampFormat,
}

/// What follows from the rest, and what no file can say.
#[derive(Debug, Serialize)]
struct Facts {
    signs: String,
    covers: String,
    signs_time: bool,
    signs_url: bool,
}

fn not_read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Facts>, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| None)
}

impl Entry {
    pub(super) fn of(scheme: &Scheme) -> Self {
        // Each field by its name: one that is forgotten does not compile.
        let Scheme {
            name,
            method,
            signature,
            ed25519,
            secret_text,
            content,
            timestamp,
            time_in_body,
            tolerance,
            id,
            event_type,
            attempt,
            account,
            other_names,
            bodies_are_unique,
            body_limit,
            conduct: Conduct { deadline, retry_horizon, answered, unauthorized, answer, ip_list },
            challenges,
            source,
            confidence,
            key_place,
        } = *scheme;
        let algorithm = Algorithm::of(method);
        let (signed, rule) = match content {
            _ if matches!(method, Method::Jwt(_)) || key_place.is_some() => (None, Some(name.to_owned())),
            Content::Parts([]) => (None, None),
            Content::Parts(parts) => (Some(parts.iter().map(|part| Part::of(*part)).collect()), None),
            Content::Rule(_) => (None, Some(name.to_owned())),
        };
        let decoded = |(field, encoding): (Field, encoding::Encoding)| FieldText::of(&field).encoded(encoding);
        Self {
            name: name.to_owned(),
            algorithm,
            signature: signature.map(|signature| match algorithm.shows_text() {
                true => FieldText::of(&signature.0),
                false => decoded(signature),
            }),
            ed25519: ed25519.map(decoded),
            secret_text: SecretText::of(secret_text),
            signed,
            rule,
            timestamp: timestamp.map(|(field, format)| FieldText::of(&field).written(format)),
            timestamp_in_body: time_in_body
                .map(|(json, format)| TimeInBody { json: json.to_owned(), format: TimestampFormat::of(format) }),
            tolerance_s: scheme.signs_time().then_some(tolerance.as_secs()),
            delivery_id: Place::of(id),
            event_type: Place::of(event_type),
            attempt: attempt.map(str::to_owned),
            account: account.map(str::to_owned),
            other_names: other_names.iter().map(|&(own, other)| (own.to_owned(), other.to_owned())).collect(),
            bodies_are_unique,
            body_limit: Some(body_limit),
            deadline_ms: deadline.map(|deadline| u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX)),
            retries_for_s: retry_horizon.map(|horizon| horizon.as_secs()),
            answered: answered.iter().map(Statuses::of).collect(),
            unauthorized_as: (unauthorized != Conduct::UNKNOWN.unauthorized).then_some(unauthorized),
            answer: answer.map(str::to_owned),
            ip_list: ip_list.map(str::to_owned),
            challenge: challenges.iter().map(Question::of).collect(),
            source: (!source.is_empty()).then(|| source.to_owned()),
            confidence: (!source.is_empty() || confidence != terms::Confidence::Documented)
                .then(|| Confidence::of(confidence)),
            facts: Some(Facts {
                signs: scheme.summary(),
                covers: scheme.coverage().to_string(),
                signs_time: scheme.signs_time(),
                signs_url: scheme.signs_url(),
            }),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// What the texts themselves show to be wrong, before any of them is leaked.
    pub(super) fn problem(&self) -> Option<String> {
        if self.name.len() > LONGEST_NAME {
            return Some(format!("a name has at most {LONGEST_NAME} characters"));
        }
        if let Some(rule) = &self.rule {
            return Some(match provider::find(rule) {
                Some(_) => format!(
                    "what is signed is worked out by code, which no file can say: use `provider::{}`",
                    rule.to_ascii_uppercase().replace('-', "_")
                ),
                None => {
                    String::from("what is signed is worked out by code, which no file can say: write a `SignatureRule`")
                }
            });
        }
        if self.signed.as_ref().is_some_and(|parts| parts.len() > MOST_PARTS) {
            return Some(format!("more than {MOST_PARTS} parts are signed"));
        }
        for (name, value, duration) in [
            ("tolerance_s", self.tolerance_s, self.tolerance_s.map(Duration::from_secs)),
            ("deadline_ms", self.deadline_ms, self.deadline_ms.map(Duration::from_millis)),
            ("retries_for_s", self.retries_for_s, self.retries_for_s.map(Duration::from_secs)),
        ] {
            if let Some(value) = value.filter(|_| duration > Some(LONGEST_DURATION)) {
                return Some(format!("`{name}` of {value} is more than a year"));
            }
        }
        None
    }

    /// The scheme, its texts leaked.
    pub(super) fn keep(self) -> Result<Scheme, String> {
        let algorithm = self.algorithm;
        let mut scheme = algorithm.scheme(self.name.leak())?;
        if let Some(text) = self.signature {
            scheme.signature = Some(match (text.encoding, scheme.signature) {
                (Some(_), _) if algorithm.shows_text() => {
                    return Err(String::from("a token is text and not decoded: leave its `encoding` out"));
                }
                (None, Some((_, encoding))) => (without_format(text, "signature")?, encoding),
                (_, _) => decoded(text, "signature")?,
            });
        } else if algorithm == Algorithm::Token {
            return Err(String::from("it is not said where the token stands: say `signature`"));
        }
        if let Some(text) = self.ed25519 {
            scheme.ed25519 = Some(decoded(text, "ed25519")?);
        }
        if let Some(text) = self.secret_text {
            scheme.secret_text = text.keep();
        }
        if let Some(parts) = self.signed {
            let parts: Vec<terms::Part> = parts.into_iter().map(Part::keep).collect();
            scheme = scheme.signed(parts.leak());
        }
        if let Some(text) = self.timestamp {
            scheme.timestamp = Some(match (text.format, text.encoding) {
                (Some(format), None) => (text.keep("timestamp")?, format.value()),
                (None, _) => return Err(String::from("`timestamp` needs a `format`")),
                (_, Some(_)) => return Err(String::from("`timestamp` has a `format` and no `encoding`")),
            });
        }
        if let Some(TimeInBody { json, format }) = self.timestamp_in_body {
            scheme = scheme.timestamp_in_body(json.leak(), format.value());
        }
        if let Some(seconds) = self.tolerance_s {
            scheme = scheme.tolerance(Duration::from_secs(seconds));
        }
        scheme.id = Place::keep(self.delivery_id);
        scheme.event_type = Place::keep(self.event_type);
        scheme.attempt = self.attempt.map(|name| &*name.leak());
        scheme.account = self.account.map(|name| &*name.leak());
        let pairs = self.other_names.into_iter();
        let pairs: Vec<(&'static str, &'static str)> =
            pairs.map(|(own, other)| (&*own.leak(), &*other.leak())).collect();
        scheme = scheme.other_names(pairs.leak());
        let challenges: Result<Vec<_>, _> = self.challenge.into_iter().map(Question::keep).collect();
        scheme = scheme.challenge(challenges?.leak());
        scheme.bodies_are_unique = self.bodies_are_unique;
        if let Some(bytes) = self.body_limit {
            scheme = scheme.body_limit(bytes);
        }
        let answered: Vec<_> = self.answered.iter().map(Statuses::value).collect();
        scheme.conduct = Conduct {
            deadline: self.deadline_ms.map(Duration::from_millis),
            retry_horizon: self.retries_for_s.map(Duration::from_secs),
            answered: answered.leak(),
            unauthorized: self.unauthorized_as.unwrap_or(Conduct::UNKNOWN.unauthorized),
            answer: self.answer.map(|body| &*body.leak()),
            ip_list: self.ip_list.map(|url| &*url.leak()),
        };
        if let Some(source) = self.source {
            scheme.source = source.leak();
        }
        if let Some(confidence) = self.confidence {
            scheme.confidence = confidence.value();
        }
        match scheme.problem() {
            None => Ok(scheme),
            Some(problem) => Err(problem.to_owned()),
        }
    }
}

/// A signature and how it is written.
fn decoded(text: FieldText, what: &str) -> Result<(Field, encoding::Encoding), String> {
    let Some(encoding) = text.encoding else {
        return Err(format!("`{what}` needs an `encoding`: `hex`, `base64` or `base64url`"));
    };
    Ok((without_format(text, what)?, encoding.value()))
}

fn without_format(text: FieldText, what: &str) -> Result<Field, String> {
    if text.format.is_some() {
        return Err(format!("`{what}` has no `format`: that is of a timestamp"));
    }
    text.keep(what)
}
