//! What a delivery tells of itself besides its signature: id, type, account, attempt.

use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::conduct::Reaction;
use super::description::Scheme;
use super::field::Source;
use super::plan::{Examined, Plan};
use super::reader::single_line;
use super::terms::{Content, Part, Place};
use crate::delivery::{Credentials, Delivery, Facts, Value};
use crate::rejection::Reason;

impl Plan {
    /// A delivery that nobody vouches for, whatever it tells of itself.
    pub(crate) fn unverified_delivery(&self, head: &Parts, body: Bytes) -> Delivery {
        let examined = self.unexamined(head);
        Delivery {
            facts: Arc::clone(self.facts()),
            route: self.route().clone(),
            tenant: None,
            id: self.id(&examined, &head.headers),
            event_type: self.event_type(&examined, &head.headers),
            account: self.account(&examined, &head.headers),
            attempt: self.attempt(&examined, &head.headers),
            sent_at: None,
            key_id: None,
            proof: None,
            run: None,
            body,
        }
    }

    pub(super) fn id(&self, examined: &Examined, headers: &HeaderMap) -> Value {
        value(self.scheme().id, self.names(examined).id.as_ref(), headers)
    }

    pub(super) fn event_type(&self, examined: &Examined, headers: &HeaderMap) -> Value {
        value(self.scheme().event_type, self.names(examined).event_type.as_ref(), headers)
    }

    pub(super) fn account(&self, examined: &Examined, headers: &HeaderMap) -> Option<HeaderValue> {
        let mut lines = headers.get_all(self.names(examined).account.as_ref()?).iter();
        lines.next().filter(|_| lines.next().is_none()).cloned()
    }

    pub(super) fn attempt(&self, examined: &Examined, headers: &HeaderMap) -> Option<u32> {
        let name = self.names(examined).attempt.as_ref()?;
        let text = single_line(headers, name, Reason::MalformedSignature).ok()??;
        text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
    }
}

/// What each delivery of this sender has in common.
pub(super) fn facts(scheme: &Scheme) -> Facts {
    let covers = scheme.coverage();
    let id_is_signed = match (scheme.id, scheme.content) {
        (Place::Json(pointer), _) => covers.has(pointer),
        (Place::Header(name), Content::Parts(parts)) => {
            parts.iter().any(|part| *part == Part::Id || *part == Part::Header(name))
        }
        _ => false,
    };
    Facts {
        provider: scheme.name,
        covers,
        credentials: credentials(scheme),
        id_is_signed,
        bodies_are_unique: scheme.bodies_are_unique,
        retry_horizon: scheme.retry_horizon(),
        deadline: scheme.answer_within(),
        success_answer: scheme.success_answer(),
        takes_202: scheme.reaction_to(202) == Some(Reaction::Success),
    }
}

/// Where the signature stands, by all names that it goes by.
fn credentials(scheme: &Scheme) -> Credentials {
    let mut found = Credentials::default();
    for (field, _) in scheme.signature.iter().chain(&scheme.ed25519) {
        let names = [field.header].into_iter().chain(field.more.iter().copied());
        match field.source {
            Source::Header => {
                let other = scheme.other_names.iter().filter(|(own, _)| *own == field.header).map(|(_, other)| *other);
                found.headers.extend(names.chain(other));
            }
            Source::Query => found.parameters.extend(names),
            _ => {}
        }
    }
    let of = |place: Place| match place {
        Place::Header(name) => Some(name),
        Place::Json(_) | Place::Nowhere => None,
    };
    let time = scheme.timestamp.map(|(field, _)| field.header).filter(|name| !found.headers.contains(name));
    let told = [of(scheme.id), of(scheme.event_type), scheme.attempt, scheme.account, time];
    for name in told.into_iter().flatten() {
        let other = scheme.other_names.iter().filter(|(own, _)| *own == name).map(|(_, other)| *other);
        found.told.extend([name].into_iter().chain(other));
    }
    found
}

fn value(place: Place, name: Option<&HeaderName>, headers: &HeaderMap) -> Value {
    match (place, name) {
        (Place::Json(pointer), _) => Value::Body(pointer),
        (_, Some(name)) => {
            let mut lines = headers.get_all(name).iter();
            match (lines.next(), lines.next()) {
                (Some(line), None) if line.to_str().is_ok() => Value::Header(line.clone()),
                (None, _) => Value::None,
                _ => Value::Malformed,
            }
        }
        (_, None) => Value::None,
    }
}
